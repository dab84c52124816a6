#!/usr/bin/env bash
# Words that promise more than they keep, paths of somebody's machine, and generated files do not belong in the tree.
# Looks at every text file of it but the data of others (tests/data), the seeds of the fuzzers, and itself.
set -u
cd "${1:-.}" || exit 2
bad=0
files() {
  { git ls-files -z -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -printf '%P\0'; } |
    grep -zvE '^(tests/data/|tests/fuzz/corpus/|tests/lint/words\.sh$)'
}
forbid() { # what it is, pattern
  if files | xargs -0 grep -snHIE -- "$2"; then
    echo "words: $1"
    bad=1
  fi
}
forbid "a promise" '(TODO|FIXME|\bXXX\b|\bHACK\b|[Nn]ot implemented|[Uu]nimplemented|[Pp]laceholder)'
forbid "a path of one machine" '(^|[^A-Za-z0-9_.})/*-])/(work|home|root)/'
if files | tr '\0' '\n' | grep -E '\.pb-c\.[ch]$'; then
  echo "words: a generated file"
  bad=1
fi
exit $bad
