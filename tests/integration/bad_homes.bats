#!/usr/bin/env bats
# Homes that cannot be opened: each daemon names the file and what to do, and starts when the cause is gone.
load bad

setup_file() {
  place "$BATS_FILE_TMPDIR"
  network $dayton
}
teardown_file() { leave; }

@test "bad homes: a corrupt configuration is named with file, line and what was expected" {
  place "$BATS_TEST_TMPDIR"
  make_hub
  make_node $dayton
  while IFS='|' read -r line expected; do
    for name in hub $dayton; do
      conf=$(conf_of $name)
      cp "$conf" "$PLACE/kept"
      printf '%b\n' "$line" >>"$conf"
      refuses_home 2 "$conf:$(wc -l <"$conf"): $expected" $name
      cp "$PLACE/kept" "$conf"
    done
  done <<'EOF'
heartbeat = "soon"|heartbeat = "soon": expected a duration like 250ms
hartbeat = "1s"|unknown option "hartbeat", did you mean heartbeat\?
heartbeat "5s"|missing equal sign after option 'heartbeat', expected name = value
store_map = "1"|store_map = "1": expected a size like .* from 1048576 to
log_level = "loud"|log_level = "loud": expected one of error, warn, info, debug
endpoint = "\xff"|(endpoint: expected UTF-8|unknown option "endpoint")
}{|unexpected closing brace, expected name = value
\x00|a NUL byte, expected text
EOF
  printf 'redial_max = "1ms"\nredial_min = "1s"\n' >>"$(conf_of $dayton)"
  refuses_home 2 "redial_max is shorter than redial_min" $dayton
  cp "$PLACE/kept" "$(conf_of $dayton)"
  start hub $dayton
  enrol $dayton
}

@test "bad homes: a second daemon in one home is refused with the pid of the first" {
  refuses_home 6 "held by process $(pid_of hub)" hub
  refuses_home 6 "held by process $(pid_of $dayton)" $dayton
  life_goes_on
}

@test "bad homes: a copied home with keys that others can read is refused, and so is one of the other kind" {
  place "$BATS_TEST_TMPDIR"
  make_hub
  make_node $dayton
  for name in hub $dayton; do
    cp -r "$PLACE/$name" "$PLACE/copy"
    mv "$PLACE/$name" "$PLACE/original"
    mv "$PLACE/copy" "$PLACE/$name"
    chmod -R go+rX "$PLACE/$name"
    refuses_home 4 "keys/record.key can be read by others \(mode 644\): run chmod 600" $name
    chmod 600 "$PLACE/$name"/keys/*
    start $name
    stop $name
    rm -r "$PLACE/original"
  done
  fails 2 "home of a hub" noded --home "$PLACE/hub"
  fails 2 "home of a node" hubd --home "$PLACE/$dayton"
  fails 3 "there is no home" noded --home "$PLACE/nowhere"
}

@test "bad homes: a home on read-only storage is refused, and taken when it can be written" {
  needs_mounts
  place "$BATS_TEST_TMPDIR"
  make_hub
  make_node $dayton
  for name in hub $dayton; do
    for part in "$name" "$name/store"; do
      mount --bind "$PLACE/$part" "$PLACE/$part"
      mount -o remount,ro,bind "$PLACE/$part"
      refuses_home 4 "$PLACE/$part.*Read-only file system" $name
      umount "$PLACE/$part"
    done
  done
  start hub $dayton
  enrol $dayton
}

@test "bad homes: no sanitizer had anything to say, and all daemons stop with 0" {
  stop hub $dayton
  no_reports
}
