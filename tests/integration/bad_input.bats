#!/usr/bin/env bats
# Bad input: a named error, the peer and not the daemon suffers, nothing acknowledged is lost, and work goes on when
# the cause is gone. One hub for the file, where dayton is honest; rogue and brute are played by `hostile`.
load bad

rogue=us-oh-rogue brute=us-oh-brute

setup_file() {
  place "$BATS_FILE_TMPDIR"
  make_hub strikes=25 ban_max=200ms credit_window=64KiB
  start hub
  export ENDPOINT
  ENDPOINT=$(field hub .endpoint)
  make_node $dayton
  start $dayton
  enrol $dayton
  export SINCE
  SINCE=$(field $dayton '.peers[0].since')
  for name in $rogue $brute; do
    make_node $name
    at hub invite --for $name -q | misdeed $name enrol
  done
}
teardown_file() { leave; }

# ---- words

misdeed() { hostile "$PLACE/hub" "$ENDPOINT" "$PLACE/$1" "$2"; } # HOME WHAT
counter() { field hub ".counters.$1 // 0"; }

# does COUNTER MORE HOME MISDEED [LOG]: the counter grows by so much, the log says LOG; then, when it behaves
# itself, it is taken again
does() {
  local counter=$1 more=$2 home=$3 misdeed=$4 before
  echo "== $misdeed"
  before=$(counter "$counter")
  misdeed "$home" "$misdeed"
  same "$(counter "$counter")" $((before + more))
  [ -z "${5:-}" ] || logged hub "$5"
  misdeed "$home" good
}

# ---- records

@test "bad input: records that no version makes are refused for good, named, counted and struck for" {
  while read -r misdeed code log; do
    before=$(counter strikes)
    does "refused.$code" 1 $rogue "$misdeed" "$log"
    same "$(counter strikes)" $((before + 1))
  done <<'EOF'
wrong-kind malformed code="malformed" detail="record kind 9"
wrong-flags malformed detail="flags 0x3"
wrong-version malformed detail="record version 2"
wrong-epoch epoch_not_open code="epoch not open"
wrong-prev broken_chain code="broken chain"
wrong-author malformed detail="a run of other records than it says"
truncated malformed detail="a payload cut short"
trailing malformed detail="1 records were announced, others came"
lying-count malformed detail="record version 0"
oversized-length malformed detail="a payload of 262145 bytes
greatest-length malformed detail="a payload of 4294967295 bytes
empty-identity malformed is not in canonical form
EOF
  life_goes_on
}

@test "bad input: what may still come right is refused for now, and taken when it comes right" {
  strikes=$(counter strikes)
  does refused.bad_signature 1 $rogue flipped-header
  does refused.bad_signature 1 $rogue flipped-signature
  does refused.bad_signature 1 $rogue mended
  does refused.gap 1 $rogue gapped
  does refused.gap 1 $rogue out-of-order
  same "$(counter strikes)" "$strikes"
  life_goes_on
}

@test "bad input: a record that comes twice is acknowledged twice and held once" {
  size=$(field hub .log.size)
  does duplicate 1 $rogue duplicated
  same "$(field hub .log.size)" $((size + 2)) # it, and the good one
  life_goes_on
}

@test "bad input: a flipped payload counts as absent, and its record is taken" {
  does accepted 1 $rogue flipped-payload
  next=$(at hub peer show $rogue --json | jq .held_records)
  at hub record verify "$rogue/$((next - 2))" --json | jq -e '.valid and .payload == "absent"'
  life_goes_on
}

@test "bad input: a fork is refused, kept as evidence, and shown until somebody has looked at it" {
  does refused.fork 1 $rogue forked "level=error .*msg=\"a fork: two records with one number\""
  at hub peer show $rogue --json | jq -e '.refused.code == "fork"'
  run -8 at hub doctor
  at hub status --json | jq -e '.alarms[] | select(.text | startswith("feeds")) | .state == "crit"'
  life_goes_on

  at hub peer acknowledge $rogue | grep -E "^refused for: +fork"
  at hub status --json | jq -e '[.alarms[] | select(.text | startswith("feeds"))] == []'
  at hub peer show $rogue --json | jq -e '.refused | .code == "fork" and .acknowledged != null and .waiting_records > 0
    and (.entry | length == 384)'
  fails 6 "acknowledged already" at hub peer acknowledge $rogue
  seq=$(at hub peer show $rogue --json | jq .refused.seq)
  does refused.fork 1 $rogue forked # another one: news, but the first stays the evidence
  at hub status --json | jq -e '.alarms[] | select(.text | startswith("feeds")) | .state == "crit"'
  at hub peer show $rogue --json | jq -e --argjson seq "$seq" '.refused | .acknowledged == null and .seq == $seq and
    .later.code == "fork"'
  at hub peer acknowledge $rogue | grep -E "^refused later for: +fork"
  fails 3 "nothing of this feed was refused" at hub peer acknowledge $dayton
}

@test "bad input: a clock years off is taken and flagged" {
  before=$(count flag:clock)
  for misdeed in clock-at-the-beginning clock-years-ahead clock-at-the-end; do
    does accepted 1 $rogue $misdeed
  done
  same "$(count flag:clock)" $((before + 3))
  for ref in $(at hub query flag:clock --fields ref -o tsv --limit 0 | sed 1d); do
    at hub record show "$ref" --json | jq -e '.time | type == "string"'
  done
  at hub export flag:clock >/dev/null
  at hub query flag:clock --group-by year --json
  life_goes_on
}

# ---- frames

@test "bad input: what is no frame of ours leads to a ban that is told, and that ends" {
  while read -r misdeed text; do
    does bans 1 $brute "$misdeed" "peer=$brute last=\"$text"
  done <<'EOF'
garbage a frame without our header
empty a frame without our header
bad-checksum a frame header with a wrong sum
bad-length a frame whose length is not its header's
oversize a frame of 524289 bytes
multipart a message of several frames
EOF
  [ "$(counter ignored_frames)" -gt 0 ]
  life_goes_on
}

@test "bad input: what must not be said now leads to a ban" {
  while read -r misdeed text; do
    does bans 1 $brute "$misdeed" "peer=$brute last=\"$text"
  done <<'EOF'
before-hello a message before hello
second-hello a second hello on one connection
no-version (a second hello on one connection|greeting with protocol versions 7 to 1)
another-feed records of a feed that was not asked for
runt a batch of 1 records in 100 bytes
last-seq a batch past the last sequence number
over-credit a batch of 120460 bytes with 65536 of credit left
over-batch a batch of 400460 bytes where 262144 are allowed
EOF
  life_goes_on
}

@test "bad input: longer than any frame: the connection is cut" {
  does bans 0 $brute huge
  life_goes_on
}

@test "bad input: connections that are no ZeroMQ, or say nothing at all, cost nobody anything" {
  local fd address=${ENDPOINT#tcp://}
  for i in $(seq 40); do
    exec {fd}<>"/dev/tcp/${address%:*}/${address#*:}"
    [ $((i % 2)) -eq 0 ] || printf 'GET / HTTP/1.1\r\n\r\n' >&"$fd" 2>/dev/null || true # it may be cut off by then
  done
  life_goes_on
  misdeed $brute good
}

@test "bad input: another version is refused by name" {
  misdeed $brute later-major | grep 'code=1 .*major version 9'
  misdeed $brute later-hello | grep 'code=1 .*versions 2 to 3 offered, 1 to 1 spoken here'
  life_goes_on
}

@test "bad input: frames of another session are dropped, those of none answered with goodbye" {
  does stale_frames 100 $brute stale-session
  wait_until is_away $brute
  does stale_frames 1 $brute no-session
  life_goes_on
}
is_away() { [ "$(at hub peer show "$1" --json | jq -r .state)" = away ]; }

@test "bad input: nobody speaks for another, and the hub for itself" {
  misdeed $brute another-author | grep 'code=6 .*another member'
  before=$(refs_of hub office | wc -l)
  misdeed $brute hubs-feed
  same "$(refs_of hub office | wc -l)" "$before"
  life_goes_on
}

# ---- keys and invites

@test "bad input: an unknown key is told so and counted; a wrong hub key opens nothing" {
  does handshakes_refused 1 $brute unknown-key
  does handshakes_refused 0 $brute wrong-hub-key
  life_goes_on
}

@test "bad input: a revoked key is refused, at once and from then on, until it is resumed" {
  ref=us-oh-elyria
  make_node $ref
  start $ref
  enrol $ref
  add $ref "Before"
  all_there $ref
  at hub peer suspend $ref --reason abuse --yes
  wait_until told $ref "suspended|does not admit our key"
  add $ref "Meanwhile"
  life_goes_on
  same "$(count by:$ref)" 1
  at hub peer resume $ref
  all_there $ref
  same "$(count by:$ref)" 2
  stop $ref
  at hub peer suspend $ref --reason abuse --yes
  before=$(counter handshakes_refused)
  misdeed $ref revoked-key
  same "$(counter handshakes_refused)" $((before + 1))
}
told() { field "$1" '.peers[0].last_error' | grep -qE "$2"; } # NODE WORDS

@test "bad input: invites that are mistyped, for another, expired, revoked or used up let nobody in" {
  node=us-oh-fremont
  make_node $node
  start $node
  token=$(at hub invite --for $node -q)
  fails 2 "mistyped or cut short" at $node join <<<"${token/chancery1-A/chancery1-B}"
  fails 2 "cut short|mistyped|base64url" at $node join <<<"${token:0:70}"
  fails 2 "token" at $node join <<<"chancery9-$token"
  fails 4 "the token is for us-oh-gahanna" at $node join <<<"$(at hub invite --for us-oh-gahanna -q)"
  fails 4 "the token expired at" at $node join <<<"$(at hub invite --for us-oh-hilliard --expires 1ms -q)"
  at hub invite --for us-oh-hilliard --expires 1ms -q | misdeed $rogue enrol-denied
  at twin init node --name $node --geoid 3928826 -q >/dev/null
  at hub invite --for us-oh-ironton -q | misdeed twin enrol-in-vain | grep "for another name"
  at hub invite --for us-oh-ironton -q | misdeed $rogue enrol-spoilt
  at hub invite --for us-oh-ironton -q | misdeed $rogue invite-hello

  revoked=$(at hub invite --for us-oh-jackson -q)
  at hub invite revoke "$(at hub invite ls --json | jq -r '.invites[] | select(.name == "us-oh-jackson").id')"
  misdeed $rogue enrol-denied <<<"$revoked"

  at $node join <<<"$token"
  fails 6 "has joined office already" at $node join <<<"$token"
  misdeed twin enrol-in-vain <<<"$token" | grep "used by another"
  add $node "In the end"
  all_there $node
  stop $node
}

@test "bad input: a node trusts no other hub than the token names" {
  node=us-oh-kettering
  make_node $node
  start $node
  token=$(at hub invite --for $node -q)
  forged=$(misdeed $rogue forge-key <<<"$token")
  fails 10 "has not taken this node within" at $node join --timeout 300ms <<<"$forged"
  field $node '.peers[0].last_error' | grep "perhaps another answers there"
  at $node peer rm "$(at $node peer ls -o name)" --yes
  fails 4 "not the one that the token names" at $node join <<<"$(misdeed $rogue forge-author <<<"$token")"
  at $node peer rm "$(at $node peer ls -o name)" --yes
  at $node join <<<"$token"
  add $node "In the end"
  all_there $node
  stop $node
}

@test "bad input: after all of it the honest node's link is the one it began with, and nothing is lost or changed" {
  same "$(field $dayton '.peers[0].since')" "$SINCE"
  same "$(refs_of hub $dayton)" "$(refs_of $dayton $dayton)"
  for name in $rogue $brute; do
    held=$(at hub peer show $name --json | jq .held_records)
    same "$(refs_of hub $name | wc -l)" "$held"
    at hub record verify "$name/$((held - 1))" --json | jq -e .valid
  done
  root=$(field hub .log.root)
  kill9 hub
  start hub
  same "$(field hub .log.root)" "$root"
  wait_field hub .view.lag_records 0
  wait_field $dayton '.peers[0].state' connected
  life_goes_on
}

@test "bad input: no sanitizer had anything to say, and all daemons stop with 0" {
  stop hub $dayton
  no_reports
}
