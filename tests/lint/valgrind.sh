#!/usr/bin/env bash
# The unit tests under valgrind's memcheck, for what AddressSanitizer does not see: uses of what nobody wrote.
# Leaks are AddressSanitizer's; what is tested with sockets and threads runs under it and ThreadSanitizer.
set -u
cd "${1:?build folder}" || exit 2

one() { # test
  valgrind --quiet --leak-check=no --error-exitcode=9 "$1" >"$1.valgrind" 2>&1
  local status=$?
  [ $status -ne 9 ] && [ $status -lt 124 ] && return 0
  echo "valgrind: $1: exit status $status"
  grep -v -E '^\[ +(RUN|OK) ' "$1.valgrind" | head -40
  return 1
}
export -f one
find bin -name 'test_*' -type f -executable ! -name '*.valgrind' \
  ! -name test_peer ! -name test_zap ! -name test_hub ! -name test_node ! -name test_control_socket |
  sort | xargs -P "$(nproc)" -I{} bash -c 'one {}'
