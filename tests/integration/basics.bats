#!/usr/bin/env bats
# Two nodes and a hub: what a city records is in the national view, and can be proved. One network for the file.
load lib

dayton=us-oh-dayton akron=us-oh-akron

setup_file() {
  place "$BATS_FILE_TMPDIR"
  network $dayton $akron
}
teardown_file() { leave; }
teardown() {
  show_logs
  [ "$PLACE" = "$BATS_FILE_TMPDIR" ] || leave
}

refs_of() { at "$1" record ls --author "$2" --limit 0 -o name; } # WHERE AUTHOR
raw() { at "$1" record show "$2" --raw --json | jq -r ".$3"; }    # WHERE REF PART
unhex() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }
sha256() { unhex "$1" | sha256sum | cut -d ' ' -f 1; } # of bytes in hex
text_hex() { printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n'; }

# RFC 9162, 2.1.3.2: the root that leaf, index, size and path lead to
root_of() { # LEAF INDEX SIZE PATH...
  local r=$1 fn=$2 sn=$(($3 - 1)) p
  shift 3
  for p in "$@"; do
    [ "$sn" -gt 0 ] || return 1
    if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
      r=$(sha256 "01$p$r")
      while [ $((fn & 1)) -eq 0 ] && [ "$fn" -ne 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
    else
      r=$(sha256 "01$r$p")
    fi
    fn=$((fn >> 1)) sn=$((sn >> 1))
  done
  [ "$sn" -eq 0 ] && echo "$r"
}

@test "basics: what init makes is closed to others and holds a commented configuration" {
  same "$(stat -c %a "$PLACE/hub" "$PLACE/hub/keys" "$PLACE/$dayton/keys")" $'700\n700\n700'
  same "$(find "$PLACE/hub/keys" "$PLACE/$dayton/keys" -type f ! -perm 600)" ""
  grep -q '^# Where the hub listens for nodes' "$PLACE/hub/hub.conf"
  grep -q '^#follow = "office"' "$PLACE/$dayton/node.conf"
  diff <(grep -v '^[a-z]' "$PLACE/hub/hub.conf" | grep . | head -40) <(hubd --print-conf | grep . | head -40)
}

@test "basics: a home whose key is open to others, or whose store is damaged, is not sound" {
  local home=$BATS_TEST_TMPDIR/home
  for name in hub $dayton; do
    daemon=noded
    [ $name = hub ] && daemon=hubd
    rm -rf "$home"
    cp -a "$PLACE/$name" "$home"
    chmod 644 "$home/keys/transport.key"
    fails 4 "transport.key" $daemon --home "$home" --check
    chmod 600 "$home/keys/transport.key"
    truncate -s 100 "$home/store/data.mdb"
    fails 9 "data.mdb is no LMDB file" $daemon --home "$home" --check
    rm -rf "$home/store"
    fails 3 "there is no store in" $daemon --home "$home" --check
  done
}

@test "basics: the daemons say whether a home is sound, and why they cannot start" {
  same "$(hubd --home "$PLACE/hub" --check)" "$PLACE/hub: ok"
  same "$(CHANCERY_HOME=$PLACE/$dayton noded --check)" "$PLACE/$dayton: ok"
  run --separate-stderr noded --home "$PLACE/hub" --check
  same "$status" 2
  same "$stderr" "noded: $PLACE/hub is the home of a hub; run hubd there"
  run --separate-stderr noded --home "$BATS_TEST_TMPDIR/none"
  same "$status" 3
  grep -q '^hint: make a home with `nodectl init node ' <<<"$stderr"
  run --separate-stderr noded --home "$PLACE/$dayton"
  [ "$status" -ne 0 ]
  grep -qx 'hint: one daemon a home; stop the other one first' <<<"$stderr"
}

@test "basics: init refuses where a home is, and where a daemon runs" {
  fails 6 "a daemon runs in" at $dayton init node --name $dayton --geoid 3921000
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  fails 6 "holds a home already" at $dayton init node --name $dayton --geoid 3921000
}

@test "basics: on port * the chosen endpoint is told" {
  place "$BATS_TEST_TMPDIR"
  make_hub 'endpoint=tcp://127.0.0.1:*'
  start hub
  field hub .endpoint | grep -E '^tcp://127\.0\.0\.1:[0-9]+$'
}

@test "basics: a record arrives at the hub once, in order, to the bit" {
  for i in 1 2 3; do add $dayton "Mission $i to Kyoto" --start 2024-06 --theme trade-investment; done
  at $akron record add --kind sister_relation --title Chemnitz --partner Chemnitz --country DE --start 1997
  all_there $dayton $akron
  for name in $dayton $akron; do
    same "$(refs_of hub $name)" "$(refs_of "$name" "$name")"
    for ref in $(refs_of "$name" "$name"); do
      same "$(at hub record show "$ref" --raw --json)" "$(at "$name" record show "$ref" --raw --json)"
    done
  done
  same "$(at hub record tail --json -n 1000 | jq '[.records[].ref] | length - (unique | length)')" 0
}

@test "basics: record show --raw --json is exactly id, header, signature, salt and payload, and they fit together" {
  ref=$(add $dayton "Bytes")
  before=$(at $dayton record ls --limit 0 --json | jq -r '.records[-2].id')
  same "$(at $dayton record show "$ref" --raw --json | jq -c 'del(.api_version) | keys_unsorted')" \
    '["id","header","signature","salt","payload"]'
  header=$(raw $dayton "$ref" header) signature=$(raw $dayton "$ref" signature)
  salt=$(raw $dayton "$ref" salt) payload=$(raw $dayton "$ref" payload)
  same "${#header} ${#signature} ${#salt}" "256 128 64"
  same "$(raw $dayton "$ref" id)" "$(sha256 "00$header$signature")"
  same "${header:176:64}" "$(sha256 "$(text_hex 'chancery/payload/v1\n')$salt$payload")"
  same $((16#${header:240:8})) $((${#payload} / 2))
  same "${header:112:64}" "$before"
  same "${header:16:64}" "$(field $dayton .author)"
}

@test "basics: the inception's payload is what the author is the hash of" {
  payload=$(raw $dayton $dayton/0 payload)
  same "$(field $dayton .author)" "$(sha256 "$(text_hex 'chancery/identity/v1\n')$payload")"
}

@test "basics: a record verifies at its node and at the hub, there with a proof that it is in the log" {
  ref=$(add $dayton "To be proved")
  all_there $dayton
  for where in $dayton hub; do
    same "$(at "$where" record verify "$ref" --json | jq -r '"\(.valid) \(.chain) \(.payload)"')" "true ok matches"
  done
  proof=$(at hub record verify "$ref" --json)
  mapfile -t path < <(jq -r '.log.path[]' <<<"$proof")
  same "$(root_of "$(jq -r .id <<<"$proof")" "$(jq .log.index <<<"$proof")" "$(jq .log.size <<<"$proof")" "${path[@]}")" \
    "$(jq -r .log.root <<<"$proof")"
  same "$(jq -r .log.root <<<"$proof")" "$(field hub .log.root)"
  fails 3 "no record|not found|there is no" at hub record verify $dayton/999
}

@test "basics: the hub's view shows it, and amending and retracting change the counts" {
  before=$(count country:JP kind:mission_outbound)
  ref=$(add $dayton "Delegation on semiconductors" --start 2023-05)
  all_there $dayton
  same "$(count country:JP kind:mission_outbound)" $((before + 1))
  same "$(at hub query semiconductors --fields title,by -o tsv | tail -1)" $'Delegation on semiconductors\t'$dayton

  at $dayton record amend "$ref" --country KR --partner Seoul --status ended --change update
  all_there $dayton
  same "$(count country:JP kind:mission_outbound)" "$before"
  same "$(count country:KR status:ended semiconductors)" 1

  at $dayton record retract "$ref" --reason duplicate
  all_there $dayton
  same "$(count semiconductors)" 0
  same "$(at hub record show "$ref" --json | jq -r .statement.title)" "Delegation on semiconductors"
}

@test "basics: queries sort, group, page and choose fields" {
  at $akron record add --kind agreement --title "Twelve towns" --country FR --start 2011 -q
  at $akron record add --kind agreement --title "Another" --country FR --start 2012 -q
  all_there $akron
  same "$(at hub query country:FR --sort -start --fields title -o tsv | sed 1d)" $'Another\nTwelve towns'
  same "$(at hub query 'country:FR,DE' -kind:agreement by:$akron --fields title -o tsv | sed 1d)" Chemnitz
  same "$(at hub query country:FR --group-by country,year --json | jq -c '[.groups[].count] | add')" 2
  at hub query --limit 1 --json | jq -e '.cursor and (.rows | length == 1)'
  same "$(at hub query --limit 0 --json | jq '.rows | length')" "$(count)"
  same "$(at hub query country:FR since:2012 --json | jq .total)" 1
  same "$(at hub query country:FR until:2011-12 --json | jq .total)" 1
  fails 2 "colour" at hub query colour:red
}

@test "basics: what the office says comes down to every node" {
  ref=$(add hub "Notice to all cities")
  for name in $dayton $akron; do
    wait_until at $name record show "$ref"
    same "$(at $name record show "$ref" --raw --json)" "$(at hub record show "$ref" --raw --json)"
    at $name record verify "$ref" --json | jq -e .valid
    same "$(refs_of $name office)" "$(refs_of hub office)"
  done
}

@test "basics: a local record never leaves its node, nor does its text" {
  ref=$(add $dayton "Between ourselves" --visibility local)
  add $dayton "After it"
  all_there $dayton
  same "$(at hub record show "$ref" --raw --json | jq -r '.payload + .salt')" ""
  same "$(at hub record show "$ref" --raw --json | jq -r .id)" "$(raw $dayton "$ref" id)"
  at $dayton record show "$ref" --json | jq -e '.statement.title == "Between ourselves"'
  same "$(count ourselves)" 0
  run grep -rqa "Between ourselves" "$PLACE/hub"
  [ "$status" -eq 1 ]
}

@test "basics: an import counts every row, names the refused ones, and adds nothing the second time" {
  cp "$ROOT/tests/data/sister_relations.tsv" "$BATS_TEST_TMPDIR/"
  run --separate-stderr at $dayton import "$BATS_TEST_TMPDIR/sister_relations.tsv" --skip-others --json
  same "$status" 0
  jq -e '.rows == .accepted + .refused + .skipped and .accepted > 0 and .added == .statements' <<<"$output"
  all_there $dayton
  next=$(field $dayton .feed.next)
  run --separate-stderr at $dayton import "$BATS_TEST_TMPDIR/sister_relations.tsv" --skip-others --json
  same "$(jq -c '[.added, .amended, .unchanged == .statements]' <<<"$output")" '[0,0,true]'
  same "$(field $dayton .feed.next)" "$next"

  # What the city took back stays so, whatever the table says.
  at $dayton record retract "$dayton/$((next - 1))" --reason error
  run --separate-stderr at $dayton import "$BATS_TEST_TMPDIR/sister_relations.tsv" --skip-others
  same "$status" 0
  grep -qx '1 statement was retracted before and stays so.' <<<"$stderr"
  same "$(field $dayton .feed.next)" $((next + 1))
}

@test "basics: without --skip-others the rows of others are refused, each with its line, and the exit says some" {
  run --separate-stderr at $akron import "$ROOT/tests/data/sister_relations.tsv"
  same "$status" 7
  grep -qE 'sister_relations.tsv:[0-9]+: refused: ' <<<"$stderr"
}

@test "basics: a table of one's own is imported through a map" {
  cat >"$BATS_TEST_TMPDIR/visits.csv" <<'EOF'
id,who,country,when
1,Lyon,FR,2019-04
2,Nowhere,XX,2019-05
3,"Quoted, with comma",IT,2020
EOF
  run --separate-stderr at $dayton import "$BATS_TEST_TMPDIR/visits.csv" --map "$BATS_TEST_DIRNAME/visits.map.json" --json
  jq -e '.rows == 3 and .accepted == 3' <<<"$output"
  all_there $dayton
  same "$(at hub query country:IT kind:delegation_inbound --fields title -o tsv | tail -1)" "Visit of Quoted, with comma"
}

@test "basics: an export holds what stands now, whole" {
  at $dayton export >"$BATS_TEST_TMPDIR/all.jsonl"
  same "$(jq -s '[.[].engagement] | length - (unique | length)' "$BATS_TEST_TMPDIR/all.jsonl")" 0
  same "$(wc -l <"$BATS_TEST_TMPDIR/all.jsonl")" "$(at hub query by:$dayton --json --limit 1 | jq '.total + 1')" # and a local one
  at hub export --format csv country:FR >"$BATS_TEST_TMPDIR/fr.csv"
  same "$(wc -l <"$BATS_TEST_TMPDIR/fr.csv")" $(($(count country:FR) + 1))
}

@test "basics: statements that were exported are recorded elsewhere as they were" {
  at $dayton export --limit 3 | jq -c '.statement | del(.nonce, .amends, .change)' >"$BATS_TEST_TMPDIR/some.jsonl"
  run --separate-stderr at $akron record add -f "$BATS_TEST_TMPDIR/some.jsonl" -o name
  same "$status" 0
  same "${#lines[@]}" 3
}

@test "basics: peers are listed and shown at both ends" {
  same "$(at hub peer ls -o name | sort)" "$akron"$'\n'"$dayton"
  same "$(at hub peer show $dayton --json | jq -r '"\(.state) \(.author)"')" "connected $(field $dayton .author)"
  same "$(at $dayton peer ls -o name)" office
  at $dayton peer show office --json | jq -e '.state == "connected" and .behind_records == 0'
  fails 3 "no peer|nobody|unknown" at hub peer show us-oh-nowhere
}

@test "basics: status --check tells ok from warning and critical" {
  at $dayton status --check
  make_node us-oh-xenia outbox_age=10ms
  start us-oh-xenia
  add us-oh-xenia "Nobody takes this"
  wait_until warns us-oh-xenia
  stop us-oh-xenia
}
warns() {
  run at "$1" status --check
  [ "$status" -eq 1 ]
}

@test "basics: doctor says what it found and what to do" {
  rm -f "$PLACE/$dayton"/keys/rotation.key "$PLACE/$dayton"/keys/recovery-*.key
  run --separate-stderr at $dayton doctor --json
  same "$status" 0
  jq -e '[.checks[] | select(.state != "ok" and (.advice | length) == 0)] == []' <<<"$output"
  same "$(jq -c '[.checks[].state] | unique' <<<"$output")" '["ok"]'
}

@test "basics: an invite for nobody waits for an operator" {
  make_node us-oh-kent
  start us-oh-kent
  at hub invite -q >"$BATS_TEST_TMPDIR/token"
  at us-oh-kent join --timeout 100ms <"$BATS_TEST_TMPDIR/token" || true
  wait_field hub .sessions.pending 1
  same "$(at hub peer ls --json | jq -r '.peers[] | select(.state == "pending") | .name')" us-oh-kent
  add us-oh-kent "Not yet"
  at hub peer admit us-oh-kent --yes
  all_there us-oh-kent
  same "$(at hub peer show us-oh-kent --json | jq -r .state)" connected
  stop us-oh-kent
}

@test "basics: who waits for an operator can be turned away, and the alarm ends" {
  make_node us-oh-parma
  start us-oh-parma
  at hub invite -q >"$BATS_TEST_TMPDIR/token"
  at us-oh-parma join --timeout 100ms <"$BATS_TEST_TMPDIR/token" || true
  wait_field hub .sessions.pending 1
  same "$(pending_check)" warn
  same "$(at hub peer rm us-oh-parma --yes --json | jq -r .state)" removed
  same "$(field hub .sessions.pending)" 0
  same "$(pending_check)" ok
  fails 3 'no peer is called "us-oh-parma"' at hub peer show us-oh-parma
  same "$(at hub invite ls --json | jq -r 'last(.invites[] | select(.state == "revoked")) | .name')" ""
  enrol us-oh-parma
  stop us-oh-parma
}
pending_check() { at hub doctor --json | jq -r '.checks[] | select(.name == "pending").state'; }

@test "basics: a node that is removed is cut off, and its records stay" {
  make_node us-oh-lima
  start us-oh-lima
  enrol us-oh-lima
  ref=$(add us-oh-lima "Stays")
  all_there us-oh-lima
  at hub peer rm us-oh-lima --yes
  same "$(at hub peer show us-oh-lima --json | jq -r .state)" removed
  add us-oh-lima "Does not come"
  wait_until is_cut_off us-oh-lima
  at hub record show "$ref" --json | jq -e '.statement.title == "Stays"'
  same "$(refs_of hub us-oh-lima | wc -l)" 2
  stop us-oh-lima
}

is_cut_off() { at "$1" peer ls --json | jq -e '.peers[0].state != "connected"'; }

@test "basics: no sanitizer had anything to say, and all daemons stop with 0" {
  stop hub $dayton $akron
  no_reports
}
