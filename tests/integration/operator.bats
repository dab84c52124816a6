#!/usr/bin/env bats
# What an operator must know and may decide while something is not as it should be: little room, forks, invites that are
# good for nothing.
load lib

dayton=us-oh-dayton akron=us-oh-akron

setup() { place "$BATS_TEST_TMPDIR"; }
teardown() {
  show_logs
  leave
}

set_option() { sed -i "s/^$2 = .*/$2 = \"$3\"/" "$PLACE/$1"/*.conf; } # NAME OPTION VALUE
logged() { grep -qE -- "$2" "$PLACE/log/$1"; } # NAME WORDS
alarms_of() { field "$1" '.alarms[] | "\(.state) \(.text)"'; }
has_alarm() { alarms_of "$1" | grep -qE -- "$2"; }

many() { # NAME COUNT, in one commit
  local i
  for i in $(seq "$2"); do
    printf '{"kind":"agreement","title":"One of many %d","summary":"%0900d"}\n' "$i" "$i"
  done | at "$1" record add -f - >/dev/null 2>&1
}

# Up to the mark, in steps that cannot miss it.
fill_hub() {
  while ! logged hub "the store is full: "; do
    many $dayton 40
    wait_until settled
  done
}
settled() { is_field $dayton .outbox.records 0 || logged hub "the store is full: "; }

@test "operator: what room a full hub has left is for decisions about members, not for statements" {
  make_hub store_map=8MiB
  make_node $dayton
  make_node $akron
  start hub $dayton
  enrol $dayton
  revoked=$(at hub invite --for $akron --json | jq -r '.invites[0].id')
  fill_hub
  logged hub "the map is full to 9[5-9] %"
  has_alarm hub "crit map: 9[5-9] % of its room"
  has_alarm hub "crit store: full"
  fails 1 "store is full" at hub record add --kind agreement --title "The office's own" --country JP
  at hub invite revoke "$revoked"
  at hub peer suspend $dayton --reason abuse --yes
  same "$(at hub peer show $dayton --json | jq -r .state)" suspended
  at hub peer resume $dayton
  wait_until has_alarm $dayton "full"
  [ "$(field $dayton .outbox.records)" -gt 0 ]

  stop hub
  set_option hub store_map 64MiB
  start hub
  all_there $dayton
  same "$(count by:$dayton)" "$(field $dayton .feed.next-1)"
}

@test "operator: a node without room keeps what is left for marks, and says so" {
  make_hub
  make_node $dayton store_map=8MiB
  start hub $dayton
  enrol $dayton
  while many $dayton 40; do :; done
  fails 1 "the map is full to 9[5-9] %" add $dayton "One more"
  has_alarm $dayton "crit store: full"
  all_there $dayton # acknowledgements are written all the same
  stop $dayton
  set_option $dayton store_map 64MiB
  start $dayton
  add $dayton "One more"
  all_there $dayton
}

@test "operator: an invite that was revoked is dialed seldom, and the node says what to do" {
  make_hub
  make_node $dayton redial_max=100s
  start hub $dayton
  token=$(at hub invite --for $dayton -q)
  at hub invite revoke "$(at hub invite ls --json | jq -r '.invites[0].id')"
  at $dayton join --no-wait <<<"$token"
  wait_until has_alarm $dayton "crit peer: .*does not let the invite in: it was revoked"
  at $dayton status --json | jq -e '[.alarms[] | select(.advice | test("new invite.*nodectl join"))] | length == 1'
  [ "$(field $dayton '.peers[0].retry_in_seconds | floor')" -gt 20 ]
  same "$(grep -c "the invite is no good: ask the hub's operator for a new one" "$PLACE/log/$dayton")" 1

  enrol $dayton # with a new one
  add $dayton "Joined at last"
  all_there $dayton
  has_alarm $dayton "peer" && return 1
  same "$(count by:$dayton)" 1
}

# account NAME FILE [OPTIONS]: what an import made of it
account() { at "$1" import "${@:2}" --json | jq -r '"\(.rows) \(.accepted) \(.added) \(.amended) \(.unchanged)"'; }
visibilities() { at "$1" export | jq -r .visibility | sort | uniq -c | tr -s ' \n' ' '; }

@test "operator: an export is imported again: one's own stays as it is, another's becomes one's own" {
  network $dayton $akron
  add $dayton "For all" --url https://dayton.example
  add $dayton "For the office" --visibility federal
  add $dayton "For nobody" --visibility local
  gone=$(add $dayton "Taken back")
  add $dayton "To be amended"
  at $dayton export >"$PLACE/run/all.jsonl"
  at $dayton record retract "$gone" --reason error
  before=$(field $dayton .feed.next)

  same "$(account $dayton "$PLACE/run/all.jsonl")" "5 5 0 0 4"
  same "$(field $dayton .feed.next)" "$before"
  same "$(visibilities $dayton)" " 1 federal 1 local 2 public "

  same "$(account $akron "$PLACE/run/all.jsonl")" "5 5 5 0 0"
  same "$(account $akron "$PLACE/run/all.jsonl")" "5 5 0 0 5"
  same "$(visibilities $akron)" " 1 federal 1 local 3 public "
  at $akron export | jq -se --arg name $dayton '[.[].statement.sources[] | select(.dataset == "chancery").key
    | startswith($name + "/")] | length == 5 and all'
  same "$(at $akron export | jq -r '.engagement' | sort | comm -12 - <(jq -r .engagement "$PLACE/run/all.jsonl" | sort))" ""

  all_there $dayton $akron
  at hub export >"$PLACE/run/national.jsonl"
  [ "$(account hub "$PLACE/run/national.jsonl" | cut -d' ' -f3)" -gt 0 ]
  echo '{"engagement":"x","ref":"y","author":"z","statement":null}' >"$PLACE/run/wrong.jsonl"
  run -7 at $dayton import "$PLACE/run/wrong.jsonl" --json
}
