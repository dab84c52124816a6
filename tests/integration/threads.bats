#!/usr/bin/env bats
# Everything at once, for the build that watches threads: two nodes that write, and a hub that is asked, invites,
# suspends and resumes meanwhile. On other builds it is one more storm.
#   CHANCERY_STORM=15  seconds
load lib
load load

dayton=us-oh-dayton akron=us-oh-akron

setup() {
  place
  # Libraries that were not built for it keep their own order: what they do is not ours to report.
  TSAN_OPTIONS+=:ignore_noninstrumented_modules=1
}
teardown() {
  touch "$PLACE/run/enough"
  show_logs
  leave
}

# Each runs its commands again and again; what they answer does not matter here, only that all go on.
keep_asking_hub() {
  until is_enough; do
    at hub query country:JP,FR --group-by country,year --json
    at hub query Kyoto --sort -start --limit 20
    at hub status
    at hub record tail -n 50
    at hub record ls --author $akron --limit 200
    at hub record verify $dayton/1
    at hub export by:$dayton --limit 100
    at hub doctor
    at hub summary
  done
}

keep_asking_nodes() {
  until is_enough; do
    at $dayton status
    at $akron record tail -n 50
    at $dayton record ls --limit 200
    at $akron export
    at $dayton peer show office
    at $akron doctor
    at $dayton record verify $dayton/1
  done
}

keep_managing() {
  local n=0 token
  until is_enough; do
    n=$((n + 1))
    at hub invite --for "us-oh-guest-$n" --json
    at hub invite ls
    at hub invite revoke "$(at hub invite ls --json | jq -r '.invites[-1].id')" --yes
    at hub peer suspend $akron --reason request --yes
    at hub peer ls
    at hub record add --kind promotion --title "Notice $n" -q
    at hub peer resume $akron --yes
    at hub peer show $akron
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
  all_there $dayton $akron
  same "$(cat "$PLACE/run/odd" 2>/dev/null)" ""
  stop hub $dayton $akron
  no_reports
}
