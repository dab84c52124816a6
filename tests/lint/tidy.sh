#!/usr/bin/env bash
# clang-tidy over all of ours, by .clang-tidy.
set -u
cd "${1:-.}" || exit 2
cmake --preset dev >/dev/null && cmake --build --preset dev --target proto >/dev/null || exit 2
find lib daemon hubd nodectl -name '*.c' -print0 |
  xargs -0 -n 4 -P 2 clang-tidy --quiet -p build/dev --warnings-as-errors='*'
