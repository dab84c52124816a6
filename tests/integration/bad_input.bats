#!/usr/bin/env bats
# Bad input: a named error, the peer and not the daemon suffers, nothing acknowledged is lost, work goes on after it.
load lib

setup_file() {
  place "$BATS_FILE_TMPDIR"
  network us-oh-dayton
}
teardown_file() { leave; }
teardown() {
  show_logs
  [ "$PLACE" = "$BATS_FILE_TMPDIR" ] || leave
}
