# What the files of facts about bad input, bad homes and full disks share.
load lib

dayton=us-oh-dayton

# Of a file with one network in $BATS_FILE_TMPDIR; a fact with a place of its own leaves it, and unmounts.
teardown() {
  show_logs
  [ "$PLACE" = "$BATS_FILE_TMPDIR" ] && return
  leave || leave_failed=1
  for folder in "$PLACE"/*/; do
    if mountpoint -q "$folder"; then umount -l "$folder"; fi
  done
  [ -z "${leave_failed:-}" ]
}

needs_mounts() {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to mount"
  mkdir -p "$BATS_TEST_TMPDIR/probe"
  mount -t tmpfs -o size=64k none "$BATS_TEST_TMPDIR/probe" 2>/dev/null || skip "cannot mount here"
  umount "$BATS_TEST_TMPDIR/probe"
}

logged() { grep -qE -- "$2" "$PLACE/log/$1"; } # NAME WORDS
refs_of() { at "$1" record ls --author "$2" --limit 0 -o name; } # WHERE AUTHOR

# The honest node's records come through.
life_goes_on() {
  local before
  before=$(count "by:$dayton")
  add $dayton "After $BATS_TEST_NUMBER" >/dev/null
  all_there $dayton
  same "$(count "by:$dayton")" $((before + 1))
}

daemon_of() {
  if [ "$1" = hub ]; then echo hubd; else echo noded; fi
}
conf_of() {
  if [ "$1" = hub ]; then echo "$PLACE/hub/hub.conf"; else echo "$PLACE/$1/node.conf"; fi
}
refuses_home() { fails "$1" "$2" "$(daemon_of "$3")" --home "$PLACE/$3"; } # CODE WORDS NAME
set_option() { sed -i "s/^$2 = .*/$2 = \"$3\"/" "$(conf_of "$1")"; }      # NAME OPTION VALUE
