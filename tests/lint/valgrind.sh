#!/usr/bin/env bash
# The unit tests under valgrind's memcheck, for what AddressSanitizer does not see: uses of what nobody wrote.
# Leaks are AddressSanitizer's; what is tested with sockets and threads runs under it and ThreadSanitizer.
set -u
tests=$PWD/tests/unit
cd "${1:?build folder}" || exit 2

one() { # test
  timeout -k 10 900 valgrind --quiet --leak-check=no --error-exitcode=9 "$1" >"$1.valgrind" 2>&1
  local status=$?
  [ $status -ne 9 ] && [ $status -lt 124 ] && return 0
  echo "valgrind: $1: exit status $status"
  grep -v -E '^\[ +(RUN|OK) ' "$1.valgrind" | head -40
  return 1
}
export -f one

# Those with sockets: they make them, or include a helper that does, at one remove or more.
with_sockets() {
  local files more
  cd "$tests" || exit 2
  files=$(grep -lE '(net_init|control_serve|zmq_ctx_new|zsock_new[a-z_]*)\(' -- *.h *.c)
  while more=$(sort -u <<<"$files"$'\n'"$(grep -lE "#include \"($(grep -E '\.h$' <<<"$files" | paste -sd '|'))\"" -- *.h *.c)") &&
    [ "$more" != "$files" ]; do
    files=$more
  done
  sed -nE 's/^(test_.*)\.c$/\1/p' <<<"$files"
}
(with_sockets) >with-sockets
find bin -name 'test_*' -type f -executable ! -name '*.valgrind' |
  grep -vFx -f <(sed 's|^|bin/|' with-sockets) |
  sort | xargs -P "$(nproc)" -I{} bash -c 'one {}'
