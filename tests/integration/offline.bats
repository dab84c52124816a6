#!/usr/bin/env bats
# The hub is away, the node is away, a home moves, a peer is cut off: nothing is lost, nothing is sent twice.
load lib

dayton=us-oh-dayton akron=us-oh-akron

setup() { place; }
teardown() {
  show_logs
  leave
}

table() { # FIRST LAST: rows of visits
  local row
  echo "id,who,country,when"
  for ((row = $1; row <= $2; row++)); do echo "v-$row,guest $row,FR,2024-05"; done
}

import_rows() { # NAME FIRST LAST
  table "$2" "$3" >"$PLACE/run/visits.csv"
  at "$1" import "$PLACE/run/visits.csv" --map "$BATS_TEST_DIRNAME/visits.map.json" -q
}

ids_of() { at "$1" record ls --author "$2" --limit 0 --json | jq -r '.records[].id'; } # WHERE AUTHOR

@test "offline: a node that has never seen a hub takes records, and restarts with them" {
  make_node $dayton
  start $dayton
  import_rows $dayton 1 50
  at $dayton record add --kind agreement --title "MoU" --partner Lyon --country FR
  same "$(at $dayton record ls --limit 0 --json | jq '.records | length')" 52
  kill9 $dayton
  start $dayton
  same "$(at $dayton record ls --limit 0 --json | jq '.records | length')" 52
}

@test "offline: with the hub gone for a whole import all of it arrives exactly once when it is back" {
  network $dayton
  signal STOP hub
  import_rows $dayton 1 300
  kill9 hub
  import_rows $dayton 301 600
  same "$(field $dayton .outbox.records)" 600
  at $dayton record add --kind agreement --title "Signed while nobody listened" --country FR --partner Lyon
  start hub
  all_there $dayton
  same "$(count "by:$dayton")" 601
  diff <(ids_of $dayton $dayton) <(ids_of hub $dayton)
  same "$(field hub .counters.duplicate)" 0
}

@test "offline: a restart sends nothing that was acknowledged" {
  network $dayton
  import_rows $dayton 1 400
  all_there $dayton
  stop hub $dayton
  start hub $dayton
  wait_field $dayton '.peers[0].state' connected
  at $dayton record add --kind agreement --title "One more" --country FR --partner Lyon
  all_there $dayton
  same "$(field hub '[.counters.accepted, .counters.duplicate, .counters.batches] | @csv')" "1,0,1"

  kill9 $dayton
  start $dayton
  at $dayton record add --kind agreement --title "And another" --country FR --partner Lyon
  all_there $dayton
  same "$(field hub '[.counters.accepted, .counters.duplicate, .counters.batches] | @csv')" "2,0,2"
}

@test "offline: a home moved to another place goes on as who it was" {
  network $dayton
  import_rows $dayton 1 20
  all_there $dayton
  author=$(field $dayton .author)
  stop $dayton
  mkdir -p "$PLACE/elsewhere"
  mv "$PLACE/$dayton" "$PLACE/elsewhere/$dayton"
  ln -s "elsewhere/$dayton" "$PLACE/moved"
  start moved
  same "$(field moved .author)" "$author"
  import_rows moved 21 40
  all_there moved
  same "$(count "by:$dayton")" 40
  same "$(field hub .counters.duplicate)" 0
}

@test "offline: two homes of one hub do not run twice, and the second is told who runs" {
  make_hub
  start hub
  pid=$(pid_of hub)
  run -6 --separate-stderr hubd --home "$PLACE/hub"
  grep -q "$pid" <<<"$stderr"
  make_node $dayton
  start $dayton
  run -6 --separate-stderr noded --home "$PLACE/$dayton"
  grep -q "$(pid_of $dayton)" <<<"$stderr"
}

@test "offline: the view is made again from the log when its folder is gone" {
  network $dayton $akron
  import_rows $dayton 1 100
  import_rows $akron 50 120
  at $akron record retract 3 --reason error
  all_there $dayton $akron
  before=$(at hub query --limit 0 --sort id --json | jq -S '[.rows, .total]')
  stop hub
  rm -r "$PLACE/hub/view"
  start hub
  wait_field hub .view.lag_records 0
  same "$(at hub query --limit 0 --sort id --json | jq -S '[.rows, .total]')" "$before"
  same "$(jq '.[1]' <<<"$before")" 170
}

@test "offline: a view written by another boot of the machine is not trusted, and made again" {
  network $dayton
  import_rows $dayton 1 30
  all_there $dayton
  kill9 hub
  test -e "$PLACE/hub/view/unsynced"
  echo "00000000-0000-0000-0000-000000000000" >"$PLACE/hub/view/unsynced"
  start hub
  wait_field hub .view.lag_records 0
  same "$(count "by:$dayton")" 30
}

@test "offline: a suspended peer is cut off at once, keeps recording, and catches up when resumed" {
  network $dayton $akron
  import_rows $dayton 1 10
  all_there $dayton
  at hub peer suspend $dayton --reason abuse --yes
  import_rows $dayton 11 20
  wait_until refused_at $dayton
  import_rows $akron 1 5
  all_there $akron
  same "$(count "by:$dayton")" 10
  same "$(field $dayton .outbox.records)" 10
  at hub peer resume $dayton
  all_there $dayton
  same "$(count "by:$dayton")" 20
  same "$(at hub record tail -n 100 --json | jq '[.records[] | select(.type == "suspension")] | length')" 2
}

# Told so, or, dialing again, not let in.
refused_at() {
  [ "$(field "$1" '.peers[0].state')" != connected ] &&
    field "$1" '.peers[0].last_error' | grep -qE 'suspended|does not admit'
}

@test "offline: told to stop, daemons leave with 0 and what was acknowledged is on the disk" {
  network $dayton
  import_rows $dayton 1 200
  started=$SECONDS
  stop $dayton hub
  [ $((SECONDS - started)) -le 5 ]
  start hub $dayton
  all_there $dayton
  diff <(ids_of $dayton $dayton) <(ids_of hub $dayton)
}
