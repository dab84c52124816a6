#!/usr/bin/env bash
# cppcheck over all of ours; its findings are errors. Not asked: varFuncNullUB, for NULL is a pointer in C.
set -u
cd "${1:-.}" || exit 2
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
  --suppress=missingInclude --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
  --suppress=varFuncNullUB -D_GNU_SOURCE --include=tests/lint/cppcheck.h -Ilib -I. lib daemon hubd nodectl
