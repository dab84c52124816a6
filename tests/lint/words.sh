#!/usr/bin/env bash
# Words that promise more than they keep, and generated files, do not belong in the tree.
set -u
cd "${1:-.}" || exit 2
bad=0
if grep -rnE '(TODO|FIXME|\bXXX\b|\bHACK\b|not implemented|unimplemented)' lib daemon hubd nodectl proto packaging \
  --include='*.[ch]' --include='*.proto' --include='*.sh'; then
  bad=1
fi
if find lib daemon hubd nodectl -name '*.pb-c.[ch]' | grep .; then
  bad=1
fi
exit $bad
