#!/usr/bin/env bats
# Full disks and full maps: the daemon says so, answers, loses nothing, and goes on when there is room.
load bad

setup() { place "$BATS_TEST_TMPDIR"; }

# ---- words

disk_for() { # NAME SIZE
  mkdir "$PLACE/$1"
  mount -t tmpfs -o "size=$2,mode=700" none "$PLACE/$1"
}
fill() {
  head -c 1G /dev/zero >"$PLACE/$1/ballast" 2>/dev/null || true
  [ "$(df --output=avail "$PLACE/$1" | tail -1)" -eq 0 ]
}
make_room() { rm -f "$PLACE/$1"/ballast; }

big=$(printf '%020000d' 0)
add_big() { add "$@" --summary "$big" >/dev/null; } # NAME TITLE
add_many() { # NAME COUNT, in one commit
  local i
  for i in $(seq "$2"); do
    printf '{"kind":"agreement","title":"One of many %d","summary":"%s"}\n' "$i" "$big"
  done | at "$1" record add -f - >/dev/null
}
can_add() { add_big "$1" "Tried"; }
alarm_of() { field "$1" '.alarms[] | select(.state == "crit").text'; }

@test "full: a node on a full disk says so, answers, loses nothing, and goes on by itself" {
  needs_mounts
  disk_for $dayton 4m
  network $dayton
  add $dayton "Before"
  all_there $dayton
  fill $dayton
  fails 1 "No space left on device" at $dayton record add --kind agreement --title Big --country JP --summary "$big"
  grep -q "hint: make room" <<<"$stderr"
  before=$(refs_of $dayton $dayton)
  alarm_of $dayton | grep "disk: 0 MiB free"
  same "$(count by:$dayton)" 1

  kill9 $dayton
  start $dayton
  same "$(refs_of $dayton $dayton)" "$before"
  fails 1 "No space left on device" at $dayton record add --kind agreement --title Big --country JP --summary "$big"

  make_room $dayton
  add_big $dayton "After"
  all_there $dayton
  same "$(count by:$dayton)" 2
  same "$(refs_of hub $dayton)" "$(refs_of $dayton $dayton)"
}

hub_takes_nothing() { # 30 big records of dayton's stay with it
  add_many $dayton 30
  wait_until logged hub "the store is full: nothing is accepted until there is room"
  same "$(count by:$dayton)" 1
  fails 1 "cannot add the record" at hub record add --kind agreement --title Big --country JP --summary "$big"
  [ "$(field $dayton .outbox.records)" -gt 0 ]
  logged $dayton "the hub's store is full|going away"
}

@test "full: a hub on a full disk acknowledges nothing, answers, and takes all when there is room" {
  needs_mounts
  disk_for hub 16m
  network $dayton
  add $dayton "Before"
  all_there $dayton
  fill hub
  hub_takes_nothing
  alarm_of hub | grep "disk: 0 MiB free"

  kill9 hub
  start hub
  same "$(count Before)" 1
  [ "$(field $dayton .outbox.records)" -gt 0 ]

  make_room hub
  all_there $dayton
  same "$(count by:$dayton)" 31
  same "$(refs_of hub $dayton)" "$(refs_of $dayton $dayton)"
  add hub "The office goes on"
}

@test "full: a node with a full map says so, and goes on with a larger one" {
  make_hub
  make_node $dayton store_map=1MiB
  start hub $dayton
  enrol $dayton
  add_many $dayton 20
  added=20
  while can_add $dayton; do added=$((added + 1)); done
  fails 1 "the map is full" at $dayton record add --kind agreement --title Big --country JP --summary "$big"
  grep -q "hint: .*raise store_map" <<<"$stderr"
  all_there $dayton
  same "$(count by:$dayton)" "$added"

  stop $dayton
  set_option $dayton store_map 64MiB
  start $dayton
  add_big $dayton "After"
  all_there $dayton
  same "$(count by:$dayton)" $((added + 1))
}

@test "full: a hub with a full map acknowledges nothing more, and takes all with a larger one" {
  make_hub store_map=1MiB
  make_node $dayton
  start hub $dayton
  enrol $dayton
  add_many $dayton 60
  wait_until logged hub "the store is full: .*the map is full"
  wait_field hub .view.lag_records 0
  held=$(count by:$dayton)
  [ "$held" -lt 60 ]
  [ "$(field $dayton .outbox.records)" -ge $((60 - held)) ]
  alarm_of hub | grep -E "map|store"

  stop hub
  set_option hub store_map 64MiB
  start hub
  all_there $dayton
  same "$(count by:$dayton)" 60
  same "$(refs_of hub $dayton)" "$(refs_of $dayton $dayton)"
}
