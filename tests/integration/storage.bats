#!/usr/bin/env bats
# Storage that fails under a node.
load lib

node=us-oh-dayton

setup() { place; }
teardown() {
  show_logs
  leave
}

# The node that is started from here on loses a sync when $PLACE/run/fail is there.
failing_disk() {
  mkdir "$PLACE/failing"
  cc -shared -fPIC -O2 -o "$PLACE/failing/sync.so" "$BATS_TEST_DIRNAME/failing_sync.c"
  {
    echo '#!/bin/sh'
    echo "FAIL_SYNC=$PLACE/run/fail ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0 LD_PRELOAD=$PLACE/failing/sync.so exec $BIN/noded \"\$@\""
  } >"$PLACE/failing/noded"
  chmod +x "$PLACE/failing/noded"
  PATH=$PLACE/failing:$PATH
}

@test "storage: a node ends at a failed sync, says so once, and goes on when it is started again" {
  make_node $node
  failing_disk
  start $node
  add $node "Before it"
  next=$(field $node .feed.next)
  touch "$PLACE/run/fail"
  run --separate-stderr add $node "Lost"
  same "$status" 1
  wait_until has_ended $node
  same "$(exit_of $node)" 1
  same "$(grep -c 'level=error.*the store failed' "$PLACE/log/$node")" 1
  grep -q '^noded: the store failed: ' "$PLACE/log/$node"

  start $node
  [ "$(field $node .feed.next)" -ge "$next" ]
  add $node "After it"
  no_reports
}
