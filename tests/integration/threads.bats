#!/usr/bin/env bats
# Everything at once, for the build that watches threads: two nodes that write, and a hub that is asked, invites,
# suspends and resumes meanwhile. On other builds it is one more storm.
#   CHANCERY_STORM=15  seconds
load lib
load load

dayton=us-oh-dayton akron=us-oh-akron

setup() { place; }
teardown() {
  touch "$PLACE/run/enough"
  show_logs
  leave
}

# Exit 1 to 7 may all be the right answer in a storm, but for a wrong command.
ask() {
  at "$@" || case $? in
    2 | 9 | 1??) printf '%s: exit %s\n' "$*" $? >>"$PLACE/run/odd" ;;
  esac
}

# Each runs its commands again and again; what they answer does not matter here, only that all go on.
keep_asking_hub() {
  until is_enough; do
    ask hub query country:JP,FR --group-by country,year --json
    ask hub query Kyoto --sort -start --limit 20
    ask hub status
    ask hub record tail -n 50
    ask hub record ls --author $akron --limit 200
    ask hub record verify $dayton/1
    ask hub export by:$dayton --limit 100
    ask hub doctor
    ask hub summary
  done
}

keep_asking_nodes() {
  until is_enough; do
    ask $dayton status
    ask $akron record tail -n 50
    ask $dayton record ls --limit 200
    ask $akron export
    ask $dayton peer show office
    ask $akron doctor
    ask $dayton record verify $dayton/1
  done
}

keep_managing() {
  local n=0 invite
  until is_enough; do
    n=$((n + 1))
    ask hub invite --for "us-oh-guest-$n" --json
    ask hub invite ls
    invite=$(at hub invite ls --json | jq -r '.invites[-1].id')
    [ -z "$invite" ] || ask hub invite revoke "$invite"
    ask hub peer suspend $akron --reason request --yes
    ask hub peer ls
    ask hub record add --kind promotion --title "Notice $n" -q
    ask hub peer resume $akron
    ask hub peer show $akron
  done
}

@test "threads: a storm of everything, and nothing that one thread does surprises another" {
  network $dayton $akron
  for name in $dayton $akron; do
    work keep_adding $name "$name-a"
    work keep_importing $name "$name-b"
  done
  work keep_asking_hub
  work keep_asking_nodes
  work keep_managing
  sleep "${CHANCERY_STORM:-15}"
  make_node us-oh-kent
  start us-oh-kent
  enrol us-oh-kent
  stop us-oh-kent hub
  start hub
  rest
  at hub peer resume $akron || true # that may have met the hub away
  all_there $dayton $akron
  same "$(cat "$PLACE/run/odd" 2>/dev/null)" ""
  stop hub $dayton $akron
  no_reports
}
