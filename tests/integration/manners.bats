#!/usr/bin/env bats
# How nodectl speaks: exit codes, streams, errors with hints, shapes of JSON, terminals and pipes.
# UPDATE_GOLDEN=1 writes the shapes in golden/ anew.
load lib

dayton=us-oh-dayton

setup_file() {
  place "$BATS_FILE_TMPDIR"
  network $dayton
  at $dayton record add --kind sister_relation --title Sarajevo --partner Sarajevo --country BA --start 1999 -q
  ref=$(add $dayton "Trade mission" --theme trade-investment --start 2024-06 --end 2024-07 --status completed)
  at $dayton record amend "$ref" --status ended --change update -q
  all_there $dayton
}
teardown_file() { leave; }
teardown() {
  show_logs
  [ "$PLACE" = "$BATS_FILE_TMPDIR" ] || leave
}

# Keys and types, not values: what scripts rely on.
shape() {
  jq -S 'def shape: if type == "object" then with_entries(.value |= shape)
    elif type == "array" then (map(shape) | unique) else type end; shape'
}

looks_like() { # GOLDEN, JSON on stdin
  local golden=$BATS_TEST_DIRNAME/golden/$1.json
  shape >"$BATS_TEST_TMPDIR/shape"
  [ -z "${UPDATE_GOLDEN:-}" ] || cp "$BATS_TEST_TMPDIR/shape" "$golden"
  diff -u "$golden" "$BATS_TEST_TMPDIR/shape"
}

on_terminal() { script -qec "nodectl --home $PLACE/$dayton $1" /dev/null; }

# ---- exit codes

@test "manners: 1 when something failed" {
  jq -n '{kind: "agreement", title: "Long", summary: ("x" * 300000)}' >"$BATS_TEST_TMPDIR/long.json"
  fails 1 "the statement has [0-9]+ bytes, at most 262144 fit" at $dayton record add -f "$BATS_TEST_TMPDIR/long.json"
}

@test "manners: 2 when the words are off, with what was meant" {
  fails 2 "unknown command.*" at hub statsu
  grep -q "hint: did you mean 'nodectl status'" <<<"$stderr"
  fails 2 "unknown option --limt of query" at hub query --limt 3
  grep -q "hint: did you mean --limit" <<<"$stderr"
  fails 2 '"sister_relaton" is not one of its words' at $dayton record add --kind sister_relaton --title X
  grep -q "hint: did you mean sister_relation" <<<"$stderr"
  fails 2 "is not a date" at $dayton record add --kind agreement --title X --start 06/15/2024
  grep -q "2024-MM-DD" <<<"$stderr"
  echo '{"kind": ' >"$BATS_TEST_TMPDIR/broken.json"
  fails 2 "broken.json:[12]:" at $dayton record add -f "$BATS_TEST_TMPDIR/broken.json"
  fails 2 "needs" at $dayton record show
  fails 2 "not a whole command" at $dayton record
  fails 2 "is for a hub" at $dayton invite
  fails 2 "is for a node" at hub join
  fails 2 "which home" env -u CHANCERY_HOME nodectl status
  fails 2 "no terminal to ask at" at hub peer rm $dayton </dev/null
}

@test "manners: 3 when it is not there, with a name that is near" {
  fails 3 "us-oh-daytn" at hub peer show us-oh-daytn
  grep -q "us-oh-dayton" <<<"$stderr"
  fails 3 "there is no file" at $dayton import "$BATS_TEST_TMPDIR/nothing.csv" --map x
  fails 3 "no home" at nowhere status
  fails 3 "no record 4711 in this feed" at $dayton record show $dayton/4711
  fails 3 "no invite has the id 0123456789abcdef" at hub invite revoke 0123456789abcdef
}

@test "manners: 4 when it is not allowed" {
  at hub invite --for us-oh-akron -q >"$BATS_TEST_TMPDIR/token"
  fails 4 "is for us-oh-akron, and this node is us-oh-dayton" at $dayton join - <"$BATS_TEST_TMPDIR/token"
}

@test "manners: 5 when no daemon answers, with how to start it" {
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  fails 5 "no daemon answers at" at $dayton status
  grep -q "hint: start it: 'noded --home $PLACE/$dayton'" <<<"$stderr"
}

@test "manners: 6 when it is there already" {
  fails 6 "belongs to a member" at hub invite --for $dayton
  at hub invite -q >"$BATS_TEST_TMPDIR/token"
  fails 6 "joined office already" at $dayton join - <"$BATS_TEST_TMPDIR/token"
}

@test "manners: 7 when some of many failed, each named" {
  printf '%s\n' '{"key":"1","kind":"agreement","title":"One"}' '{"key":"2","kind":"treaty"}' >"$BATS_TEST_TMPDIR/t.jsonl"
  run --separate-stderr at $dayton import "$BATS_TEST_TMPDIR/t.jsonl" --dry-run
  same "$status" 7
  grep -q 't.jsonl:2: refused: .*treaty' <<<"$stderr"
  grep -q '1 of 2 rows were refused' <<<"$stderr"
}

@test "manners: 8 when a condition is not met" {
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  chmod 644 "$PLACE/$dayton"/keys/*
  run --separate-stderr at $dayton doctor
  same "$status" 8
  grep -qi "crit" <<<"$output$stderr"
}

@test "manners: 9 when something was tampered with" {
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  start $dayton
  ref=$(add $dayton "Altered afterwards")
  signature=$(at $dayton record show "$ref" --raw --json | jq -r '.signature[0:16]')
  stop $dayton
  file=$PLACE/$dayton/store/data.mdb
  offset=$(od -An -v -tx1 "$file" | tr -d ' \n' | grep -ob "$signature" | cut -d : -f 1)
  [ -n "$offset" ]
  printf '\x00' | dd of="$file" bs=1 seek=$((offset / 2)) conv=notrunc status=none
  start $dayton
  fails 9 "does not verify" at $dayton record verify $dayton/1
}

@test "manners: 10 when the answer does not come in time" {
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  start $dayton
  signal STOP $dayton
  fails 10 "did not answer within" at $dayton status --timeout 200ms
  signal CONT $dayton
}

@test "manners: 11 for what another version made" {
  token=$(at hub invite -q)
  body=$(base64 -d <<<"$(tr -- '-_' '+/' <<<"${token#chancery1-}")===" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
  body=02${body:2:-8}
  check=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$body")" | sha256sum | cut -c 1-8)
  newer=chancery1-$(printf '%b' "$(sed 's/../\\x&/g' <<<"$body$check")" | base64 -w 0 | tr '+/' '-_' | tr -d =)
  fails 11 "version" at $dayton join - <<<"$newer"
}

@test "manners: 130 when interrupted" {
  nodectl --home "$PLACE/hub" record tail --follow >"$BATS_TEST_TMPDIR/tail" 2>&1 3>&- &
  pid=$!
  wait_until test -s "$BATS_TEST_TMPDIR/tail"
  kill -INT $pid
  code=0
  wait $pid || code=$?
  same $code 130
}

# ---- errors

@test "manners: with --json an error is one object on standard error" {
  run --separate-stderr at hub peer show us-oh-daytn --json
  same "$status" 3
  same "$output" ""
  looks_like error <<<"$stderr"
  jq -e '.error.exit == 3 and .error.code == "not found" and (.error.message | test("did you mean us-oh-dayton"))' <<<"$stderr"
  for words in "query --limt 3" "query colour:red" "frobnicate" "record show $dayton/4711" "invite revoke x"; do
    run --separate-stderr at hub $words --json
    [ "$status" -ne 0 ]
    same "$output" ""
    same "$(jq -s 'length' <<<"$stderr")" 1
    same "$(jq .error.exit <<<"$stderr")" "$status"
  done
}

@test "manners: who is refused is told what to do next" {
  local ref kept
  ref=$(add $dayton "To be taken back")
  at $dayton record retract "$ref" --reason error -q
  kept=$(at $dayton record ls --json | jq -r '[.records[] | select(.type == "engagement")][0].seq')
  hinted() { # EXIT, WORDS, command...
    run --separate-stderr "${@:3}"
    same "$status" "$1"
    grep -q "^hint: .*$2" <<<"$stderr" || { echo "$stderr"; return 1; }
  }
  hinted 3 "record ls" at $dayton record show 99
  hinted 3 "record ls" at $dayton record verify 99
  hinted 8 "leave out @" at $dayton record show "$kept@ffffffff"
  hinted 8 "record add" at $dayton record amend "$ref" --title Again
  hinted 6 "record add" at $dayton record retract "$ref" --reason error
  hinted 4 "its own node" at hub record amend "$dayton/$kept" --title Ours
  hinted 4 "its own node" at hub record retract "$dayton/$kept" --reason error
  hinted 6 "peer show" at hub invite --for $dayton
  hinted 2 "help query" at hub query contry:JP
  hinted 2 "help query" at hub query --group-by kin
  hinted 3 "peer ls" at hub peer show nobody
}

@test "manners: an invite that no node can use says so, and is made" {
  run --separate-stderr at hub invite --endpoint tcp://0.0.0.0:7443
  same "$status" 0
  [[ "$output" == chancery1-* ]]
  grep -q "^hint: .*tcp://0.0.0.0:7443, which nodes cannot reach: set public_endpoint" <<<"$stderr"
  run --separate-stderr at hub invite
  same "$status" 0
  [[ "$stderr" != *hint:* ]]
}

@test "manners: an error says what failed, on what, and why" {
  fails 3 "^nodectl: cannot show \"?us-oh-daytn\"?.*: ." at hub peer show us-oh-daytn
}

@test "manners: an empty list says so on standard error, and is no failure" {
  for words in "query country:TV" "export country:TV" "export --format csv country:TV" "query country:TV --group-by kind" "peer ls --state suspended"; do
    run --separate-stderr at hub $words
    same "$status" 0
    same "$output" ""
    [ -n "$stderr" ]
  done
  run --separate-stderr at hub query country:TV --json
  jq -e '.rows == [] and .total == 0' <<<"$output"
}

# ---- pipes and terminals

@test "manners: a reader that goes away is no matter" {
  for words in "help --man" "help" "status" "record tail --json"; do
    (
      exec {gone}> >(true) # a pipe whose reader has ended
      wait $!
      at hub $words 2>"$BATS_TEST_TMPDIR/err" >&"$gone" || true
    )
    same "$(cat "$BATS_TEST_TMPDIR/err")" ""
  done
}

@test "manners: colours are for terminals, and can be refused or forced" {
  command -v script >/dev/null || skip "no script(1)"
  esc=$'\e'
  [[ "$(TERM=xterm on_terminal status)" == *"$esc["* ]]
  [[ "$(TERM=xterm NO_COLOR=1 on_terminal status)" != *"$esc["* ]]
  [[ "$(TERM=dumb on_terminal status)" != *"$esc["* ]]
  [[ "$(TERM=xterm at $dayton status)" != *"$esc["* ]]
  [[ "$(TERM=xterm CLICOLOR_FORCE=1 at $dayton status)" == *"$esc["* ]]
}

@test "manners: words carry the state, never colour alone" {
  place "$BATS_TEST_TMPDIR"
  make_node $dayton
  start $dayton
  run --separate-stderr at $dayton doctor
  grep -qE '(^| )(ok|warn|crit|OK|WARN|CRIT) ' <<<"$output"
}

@test "manners: what a peer wrote cannot draw on the terminal" {
  jq -nc '{key: "1", kind: "agreement", title: "evil\u001b[31mred\u0007", partners: [{country: "TR"}]}' \
    >"$BATS_TEST_TMPDIR/evil.jsonl"
  at $dayton import "$BATS_TEST_TMPDIR/evil.jsonl" -q
  all_there $dayton
  for words in "query country:TR" "record tail" "record tail -o csv" "export --format csv country:TR" "query country:TR -o tsv"; do
    at hub $words >"$BATS_TEST_TMPDIR/out"
    grep -q evil "$BATS_TEST_TMPDIR/out"
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f]' "$BATS_TEST_TMPDIR/out"
  done
}

@test "manners: tables are for people, tsv and csv for programs" {
  same "$(at hub query --fields title,country -o tsv | head -1)" $'title\tcountries'
  same "$(at hub query country:BA --fields title,country -o csv | tail -1 | tr -d '\r')" Sarajevo,BA
  same "$(at hub query country:BA -o name | wc -c)" 27
  at hub query --jsonl | jq -es 'length >= 2 and all(type == "object")'
}

# A row of all fields does not fit: what is shown instead is whole where one goes on by it.
@test "manners: on a narrow terminal a query's rows are whole enough to go on by" {
  local out
  out=$(script -qec "stty cols 80; nodectl --home $PLACE/hub query country:BA" /dev/null | tr -d '\r')
  same "$(head -1 <<<"$out" | tr -s ' ')" "TITLE COUNTRIES START REF"
  same "$(awk 'length > 80' <<<"$out")" ""
  at hub record show "$(sed -n 2p <<<"$out" | awk '{ print $NF }')" -q
  script -qec "stty cols 200; nodectl --home $PLACE/hub query country:BA" /dev/null | grep -q 'KIND .* REF'
}

@test "manners: groups of two fields are a row a pair" {
  same "$(at hub query country:BA --group-by kind,country -o tsv)" $'kind\tcountry\tcount\nsister_relation\tBA\t1'
  same "$(at hub query country:BA --group-by kind,country -o csv)" $'kind,country,count\nsister_relation,BA,1'
  at hub query country:BA --group-by kind,country | grep -qx 'sister_relation  BA  *1'
  at hub query country:BA --group-by kind,country --json | jq -e '.groups[0].groups[0] == {"country": "BA", "count": 1}'
  same "$(at hub query --group-by kind,country --limit 1 -q -o tsv | wc -l)" 2
  same "$(at hub query country:TV --group-by kind,country -q -o tsv)" ""
}

# ---- help

@test "manners: the first help screen fits 24 lines and 80 columns, with three examples" {
  run nodectl help
  [ "${#lines[@]}" -le 24 ]
  [ "$(nodectl help | wc -l)" -le 24 ]
  same "$(nodectl help | awk 'length > 80')" ""
  same "$(nodectl help | sed -n '/^Examples:/,/^$/p' | grep -c '^  nodectl ')" 3
  same "$(nodectl)" "$(nodectl help)"
}

@test "manners: every command has a page within 80 columns, and its words are completed" {
  nodectl completion bash >"$BATS_TEST_TMPDIR/bash"
  bash -n "$BATS_TEST_TMPDIR/bash"
  nodectl completion zsh >"$BATS_TEST_TMPDIR/zsh"
  nodectl completion fish >"$BATS_TEST_TMPDIR/fish"
  grep -q compdef "$BATS_TEST_TMPDIR/zsh"
  grep -q 'complete -c nodectl' "$BATS_TEST_TMPDIR/fish"
  nodectl help --man | awk '/^\.SS nodectl/ { print $3 ($4 ~ /^[a-z]+$/ ? " " $4 : "") }' >"$BATS_TEST_TMPDIR/commands"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -ge 25 ]
  while read -r command; do
    nodectl help $command >"$BATS_TEST_TMPDIR/page"
    grep -q "^usage: nodectl $command" "$BATS_TEST_TMPDIR/page"
    nodectl help | sed '/^Examples:/,$d' | grep -qE "\\b${command%% *}\\b.*\\b${command##* }\\b|^ .*\\b$command\\b"
    same "$(awk 'length > 80 || / $/' "$BATS_TEST_TMPDIR/page")" ""
    nodectl $command --help | diff - "$BATS_TEST_TMPDIR/page"
    for shell in bash zsh fish; do grep -qw -- "${command##* }" "$BATS_TEST_TMPDIR/$shell"; done
  done <"$BATS_TEST_TMPDIR/commands"
}

@test "manners: bash completes commands and options" {
  (
    source <(nodectl completion bash)
    spec=$(complete -p nodectl)
    function=$(sed -E 's/.*-F ([^ ]+).*/\1/' <<<"$spec")
    COMP_WORDS=(nodectl re) COMP_CWORD=1 COMPREPLY=()
    "$function" nodectl re nodectl
    [[ " ${COMPREPLY[*]} " == *" record "* ]]
    COMP_WORDS=(nodectl query --fi) COMP_CWORD=2 COMPREPLY=()
    "$function" nodectl --fi query
    [[ " ${COMPREPLY[*]} " == *" --fields "* ]]
  )
}

# ---- shapes

@test "manners: the JSON of every command keeps its shape" {
  ref=$dayton/1
  at hub status --json | jq '.alarms = [] | .counters.refused = {}' | looks_like status-hub
  at $dayton status --json | jq '.alarms = []' | looks_like status-node
  at hub peer ls --json | looks_like peer-ls-hub
  at $dayton peer ls --json | looks_like peer-ls-node
  at hub peer show $dayton --json | looks_like peer-show-hub
  at $dayton peer show office --json | looks_like peer-show-node
  at $dayton record add --kind agreement --title Shape --json | looks_like record-add
  at $dayton record ls --json | looks_like record-ls
  at hub record tail --json | looks_like record-tail
  at hub record show $ref --json | looks_like record-show
  at hub record show $ref --raw --json | looks_like record-show-raw
  at hub record verify $ref --json | looks_like record-verify-hub
  at $dayton record verify $ref --json | looks_like record-verify-node
  at hub query country:BA --json | looks_like query
  at hub query --group-by country,kind --json | looks_like query-groups
  at hub export country:BA | looks_like export
  at hub invite --for us-oh-akron --json 2>/dev/null | looks_like invite
  at hub invite ls --json | looks_like invite-ls
  at hub summary --json | looks_like summary
  at $dayton doctor --json | looks_like doctor
  nodectl version --json | looks_like version
  run --separate-stderr at $dayton import "$ROOT/tests/data/sister_relations.tsv" --skip-others --dry-run --json
  looks_like import <<<"$output"
}

@test "manners: JSON has api_version, times in RFC 3339 UTC and numbers for seconds and bytes" {
  for words in status "peer ls" query "record tail" "peer show $dayton"; do
    at hub $words --json | jq -e '.api_version == 1'
    at hub $words --json | jq -e '[paths(scalars) as $p | select($p[-1] | tostring | test("_(seconds|bytes)$")) |
      getpath($p) | type] | all(. == "number" or . == "null")'
    at hub $words --json | jq -e '[.. | objects | (.time, .since, .last_contact) | strings] |
      all(test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"))'
  done
}

@test "manners: dry runs change nothing" {
  before=$(field $dayton .feed.next)
  at $dayton record add --kind agreement --title X --dry-run
  at $dayton record amend $dayton/1 --title Y --dry-run
  at $dayton record retract $dayton/1 --reason error --dry-run
  at $dayton import "$ROOT/tests/data/sister_relations.tsv" --skip-others --dry-run -q
  at hub peer suspend $dayton --reason request --dry-run
  at hub peer rm $dayton --dry-run
  same "$(field $dayton .feed.next)" "$before"
  same "$(at hub peer show $dayton --json | jq -r .state)" connected
}

@test "manners: secrets are not in arguments, environments or logs" {
  secret=$(od -An -v -tx1 "$PLACE/$dayton/keys/$(ls "$PLACE/$dayton/keys" | head -1)" | tr -d ' \n')
  for pid in $(cat "$PLACE"/run/*.pid); do ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q chancery1-; done
  ! grep -rq chancery1- "$PLACE/log"
  [ -n "$secret" ]
}

@test "manners: no sanitizer had anything to say" {
  stop hub $dayton
  no_reports
}
