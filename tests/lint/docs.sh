#!/usr/bin/env bash
# Every path in backticks in a document that looks like a file of the tree is one. Paths may leave lib/ out, and a
# bare name may stand for any file of that name; patterns match something. Prints each that is not there, exits 1
# when there is one. Not asked: names in capitals (NAME.json stands for any), headers that protoc makes, and the
# documents of tests/data, which are others'.
set -u
cd "${1:-.}" || exit 2
files=$({ git ls-files -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -printf '%P\n'; } | sort)
roots='lib|base|core|store|net|app|registry|daemon|hubd|nodectl|proto|tests|packaging|doc|cmake'
endings='c|h|sh|md|proto|bats|bash|cmake|txt'
bad=0

# A pattern over paths, from the path as it is written: x/*.c, x/{a,b}.c, x.[ch], a folder.
is_there() {
  local path=${1%/} pattern
  pattern=$(sed -E 's/[.+]/\\&/g; s/\\\.\[ch\]/\\.[ch]/; s/\*/[^\/]*/g' <<<"$path")
  grep -qE "^(lib/|proto/|.*/)?$pattern(\.[ch])?(/|$)" <<<"$files"
}

while IFS=: read -r file line quoted; do
  path=${quoted//\`/}
  [[ $path =~ ^[A-Za-z0-9_./*-]+(\.\[ch\])?$ ]] || continue
  [[ $path =~ ^($roots)/ || $path =~ \.($endings)$ || $path =~ \.\[ch\]$ ]] || continue
  [[ $path =~ [A-Z]{3,}\.json$ || $path == *.pb-c.h ]] && continue
  is_there "$path" || { echo "$file:$line: no $path"; bad=1; }
done < <(grep -onHE '`[^` ]+`' $(grep -E '\.md$' <<<"$files" | grep -v '^tests/data/'))
exit $bad
