#!/usr/bin/env bats
# What a clerk does twice, too late or with a slip must not undo what was said since, nor publish what was held back.
load lib

dayton=us-oh-dayton

setup() { place "$BATS_TEST_TMPDIR"; }
teardown() {
  show_logs
  leave
}

alone() { # a node that nobody else is needed for
  make_node $dayton "$@"
  start $dayton
}
now() { at $dayton export | jq -r "$1"; }

@test "clerk: an amendment builds on what is said now, whichever record names it" {
  alone
  first=$(add $dayton "Trade mission")
  at $dayton record amend "$first" --set visit.size:=12
  run --separate-stderr at $dayton record amend "$first" --summary "Well received"
  same "$status" 0
  grep -q "is not what is said now: that is us-oh-dayton/2@" <<<"$stderr"
  same "$(now '"\(.statement.visit.size) \(.statement.summary)"')" "12 Well received"
  fails 2 "there is no field \"foo\" to take out" at $dayton record amend 3 --unset foo
  at $dayton record amend 1 --unset visit.size
  same "$(now .statement.visit.size)" null

  before=$(field $dayton .feed.next)
  for title in "" "   "; do
    fails 2 "needs a title" at $dayton record amend 1 --set title="$title"
    fails 2 "title is empty" at $dayton record add --kind agreement --title "$title"
  done
  fails 2 "needs a title" at $dayton record amend 1 --set "title=$(printf '\033[31mred')"
  same "$(field $dayton .feed.next)" "$before"
  at $dayton record retract 1 --reason error
  fails 8 "is retracted, by us-oh-dayton/" at $dayton record amend 1 --summary "Again"
}

@test "clerk: an old export of one's own changes nothing that was said since" {
  alone
  add $dayton "Trade mission" --visibility federal
  add $dayton "Taken back later"
  at $dayton export >"$PLACE/run/old.jsonl"
  at $dayton record amend 1 --title "Trade mission to Kyoto"
  at $dayton record retract 2 --reason error
  before=$(field $dayton .feed.next)
  same "$(at $dayton import "$PLACE/run/old.jsonl" --json | jq -c '[.accepted, .unchanged, .retracted]')" "[2,1,1]"
  same "$(field $dayton .feed.next)" "$before"
  same "$(now '"\(.statement.title) \(.visibility)"')" "Trade mission to Kyoto federal"
}

@test "clerk: what was held back stays so when its table is read again" {
  alone
  table() { printf '{"key":"1","kind":"agreement","title":"%s"}\n' "$1" >"$PLACE/run/own.jsonl"; }
  table "Draft"
  at $dayton import "$PLACE/run/own.jsonl" --visibility local
  at $dayton import "$PLACE/run/own.jsonl"
  same "$(now '"\(.statement.title) \(.visibility)"')" "Draft local"
  table "Second draft"
  at $dayton import "$PLACE/run/own.jsonl"
  same "$(now '"\(.statement.title) \(.visibility)"')" "Second draft local"
  at $dayton import "$PLACE/run/own.jsonl" --visibility public
  same "$(now .visibility)" public
}

@test "clerk: an import that finds the store full ends with what is in, and leaks nothing" {
  alone store_map=8MiB
  for i in $(seq 1300); do printf '{"key":"%d","kind":"agreement","title":"No %d","summary":"%09000d"}\n' "$i" "$i" 0; done \
    >"$PLACE/run/many.jsonl"
  fails 1 "full" at $dayton import "$PLACE/run/many.jsonl"
}

@test "clerk: a home is not made with a title or a setting that does not fit a line" {
  fails 2 "--title" at $dayton init node --name $dayton --geoid 3921000 --title "$(printf '\033[31mX')"
  fails 2 "--title" at $dayton init node --name $dayton --geoid 3921000 --title "  "
  fails 2 "is no setting" at $dayton init node --name $dayton --geoid 3921000 --set "$(printf 'heartbeat=5s\nx=1')"
  fails 2 "is no setting" at $dayton init node --name $dayton --geoid 3921000 --set "=5s"
  fails 2 "heartbeat" at $dayton init node --name $dayton --geoid 3921000 --set heartbeat=bad
  fails 2 "hartbeat" at $dayton init node --name $dayton --geoid 3921000 --set hartbeat=5s
  [ ! -e "$PLACE/$dayton" ]
}

@test "clerk: invites name what nodes can dial, for a time that can be" {
  make_hub
  make_node $dayton
  start hub $dayton
  for endpoint in http://foo tcp://foo tcp://foo:0 tcp://foo:65536 tcp://:7443 tcp://foo/x:7443 "tcp://a b:7443"; do
    fails 2 "expected tcp://HOST:PORT" at hub invite --for $dayton --endpoint "$endpoint"
  done
  for time in 0s 99999999999h 87601h; do
    run --separate-stderr at hub invite --for $dayton --expires $time
    same "$status $output" "2 "
    [[ $stderr != *expires_ms* ]]
  done
  at hub invite --for $dayton --expires 87600h --endpoint "tcp://[2001:db8::1]:7443" -q >"$PLACE/run/token"
  { printf '\n \t\r\n  ' && cat "$PLACE/run/token" && printf '\n\n'; } | at $dayton join --dry-run
}

@test "clerk: who joins with a revoked invite is told so, and does not wait" {
  make_hub
  make_node $dayton
  start hub $dayton
  token=$(at hub invite --for $dayton -q)
  at hub invite revoke "$(at hub invite ls --json | jq -r '.invites[0].id')"
  fails 4 "refuses this node: the hub does not let the invite in" at $dayton join --timeout 10m <<<"$token"
  enrol $dayton
  fails 3 "nothing of this feed was refused" at hub peer acknowledge $dayton --dry-run
}
