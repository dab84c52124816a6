#!/usr/bin/env bash
# The unit tests of the pure layers and of the store under valgrind's memcheck.
set -u
cd "${1:?build folder}" || exit 2
bad=0
for test in bin/test_*; do
  case "$test" in
    *test_peer | *test_zap | *test_hub | *test_node | *test_control_socket) continue ;; # sockets: under ASan and TSan
  esac
  valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$test" >/dev/null 2>"$test.valgrind"
  [ $? -ne 9 ] || { echo "valgrind: $test"; tail -30 "$test.valgrind"; bad=1; }
done
exit $bad
