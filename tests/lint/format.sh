#!/usr/bin/env bash
# Every source file of ours is as clang-format would write it.
set -u
cd "${1:-.}" || exit 2
find lib daemon hubd nodectl tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
