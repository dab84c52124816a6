#!/usr/bin/env bash
# cppcheck over all of ours; its findings are errors.
set -u
cd "${1:-.}" || exit 2
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
  --suppress=missingInclude --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
  -D_GNU_SOURCE -Ilib -I. lib daemon hubd nodectl
