#!/usr/bin/env bats
# kill -9 of nodes and hub at random moments, under load, on a slow disk. What was answered for is never lost.
#   CHANCERY_KILLS=25  how many            CHANCERY_SEED=N  the same victims and pauses again
load lib
load load

dayton=us-oh-dayton akron=us-oh-akron
kills=${CHANCERY_KILLS:-25}

setup() { place; }
teardown() {
  touch "$PLACE/run/enough"
  show_logs
  leave
}

# The daemons that are started from here on have a slow disk.
slow_disk() {
  local program
  mkdir "$PLACE/slow"
  cc -shared -fPIC -O2 -o "$PLACE/slow/sync.so" "$BATS_TEST_DIRNAME/slow_sync.c"
  for program in noded hubd; do
    {
      echo '#!/bin/sh'
      echo "ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0 LD_PRELOAD=$PLACE/slow/sync.so exec $BIN/$program \"\$@\""
    } >"$PLACE/slow/$program"
    chmod +x "$PLACE/slow/$program"
  done
  PATH=$PLACE/slow:$PATH
}

# At once. A daemon that ended before it was killed is a fault.
crash() { # NAME...
  local name
  for name in "$@"; do wait_until test -s "$PLACE/run/$name.pid"; done
  for name in "$@"; do
    signal KILL "$name" || echo "$name ended by itself" >>"$PLACE/run/odd"
  done
  for name in "$@"; do
    wait_until has_ended "$name"
    rm "$PLACE/run/$name.pid"
  done
}

next_of() { at "$1" record ls --author "$2" --reverse --limit 1 --json | jq '.records[0].seq + 1'; } # WHERE AUTHOR

# What a hub acknowledged it still has when it comes back, before any node can give it again.
hub_remembers() {
  local name held
  local -A told
  for name in $dayton $akron; do told[$name]=$(field $name '.peers[0].acknowledged') || told[$name]=0; done
  for name in $dayton $akron; do signal STOP $name || true; done
  launch hub
  wait_until has_answered hub
  for name in $dayton $akron; do
    held=$(next_of hub $name)
    echo "# hub has $held records of $name, and had acknowledged ${told[$name]}" >>"$PLACE/log/kills"
    [ "$held" -ge "${told[$name]:-0}" ] || echo "the hub forgot $name/$held..${told[$name]}" >>"$PLACE/run/odd"
    signal CONT $name || true
  done
}

# An admission is in the log once, and so is the inception of who was admitted, whenever the hub goes.
keep_enrolling() {
  local n name token code
  for n in 1 2 3 4 5 6 7 8; do
    is_enough && return
    name=us-oh-new-$n
    make_node "$name" && launch "$name" && wait_until has_answered "$name"
    until token=$(at hub invite --for "$name" -q --timeout 1s); do
      unanswered $? invite
      is_enough && return
    done
    until at "$name" join --timeout 3s <<<"$token"; do
      code=$?
      [ $code -ne 6 ] || break # a join that took too long to say so
      unanswered $code "join of $name"
      [ $code -eq 5 ] || [ $code -eq 10 ] || return
    done
    echo "$name" >>"$PLACE/run/newcomers"
  done
}

# One kill in ten is a power cut. Of the others one in two is the hub's; half of those are looked at before the
# nodes go on.
kill_some() { # VICTIM LOOK RARE
  local victim=hub name
  if [ "$3" -eq 0 ]; then
    crash hub $dayton $akron
    for name in hub $dayton $akron; do launch "$name"; done
    return
  fi
  [ "$1" -ne 0 ] || victim=$dayton
  [ "$1" -ne 1 ] || victim=$akron
  crash $victim
  if [ $victim = hub ] && [ "$2" -eq 0 ]; then
    hub_remembers
    return
  fi
  launch $victim
}

rows_of() { # WHERE AUTHOR
  at "$1" record ls --author "$2" --limit 0 --json | jq -r '.records[] | [.ref, .title, .id, .type] | @tsv'
}

# Exactly once, in order, at both ends, and all that was answered for among it.
is_whole() { # NAME
  local name=$1 rows=$PLACE/run/rows.$1
  rows_of "$name" "$name" >"$rows"
  diff <(rows_of hub "$name") "$rows"
  diff <(cut -d @ -f 1 "$rows") <(seq -f "$name/%.0f" 0 $(($(wc -l <"$rows") - 1)))
  same "$(cut -f 3 "$rows" | sort | uniq -d)" ""
  same "$(cut -f 2 "$rows" | sort | uniq -d)" ""
  diff /dev/null <(comm -13 <(cut -f 1,2 "$rows" | sort) <(sort "$PLACE/run/answered.$name"))
  diff /dev/null <(comm -13 <(cut -f 2 "$rows" | sort) <(sort "$PLACE/run/imported.$name"))
  same "$(count by:"$name")" "$(grep -c $'\tengagement$' "$rows")"
}

found() { at "$1" record verify "$2" --json | jq -r '"\(.valid) \(.chain) \(.payload) \('"$3"')"'; } # WHERE REF MORE

# A sample of every chain verifies to the one root of the log.
is_proved() { # NAME
  local ref root refs=$PLACE/run/refs.$1
  root=$(field hub .log.root)
  cut -f 1 "$PLACE/run/rows.$1" >"$refs"
  for ref in $(shuf -n 12 --random-source=<(yes "$seed") "$refs") $(tail -1 "$refs"); do
    same "$(found hub "$ref" .log.root)" "true ok matches $root"
    same "$(found "$1" "$ref" '""')" "true ok matches "
  done
}

# Every position of the log once, each feed in its own order within it.
log_is_whole() { # NAME...
  local log=$PLACE/run/log.tsv name
  at hub record tail --json -n 10000 | jq -r '.records[] | [.position, .name, .seq] | @tsv' >"$log"
  same "$(field hub .log.size)" "$(wc -l <"$log")"
  diff <(cut -f 1 "$log") <(seq 0 $(($(wc -l <"$log") - 1)))
  for name in "$@"; do
    diff <(awk -F '\t' -v a="$name" '$2 == a { print $3 }' "$log") <(seq 0 $(($(next_of hub $name) - 1)))
  done
}

@test "kills: whatever was answered for is at the hub exactly once and in order" {
  seed=${CHANCERY_SEED:-$(date +%N | sed 's/^0*//')}
  seed=$((seed % 32768))
  echo "# CHANCERY_SEED=$seed" | tee "$PLACE/log/kills"
  make_hub
  make_node $dayton
  make_node $akron
  slow_disk
  start hub $dayton $akron
  enrol $dayton $akron
  for name in $dayton $akron; do
    work keep_adding $name "$name-a"
    work keep_adding $name "$name-b"
    work keep_importing $name "$name-c"
  done
  work keep_enrolling

  RANDOM=$seed
  for ((kill = 1; kill <= kills; kill++)); do
    pause=$((RANDOM % 1000)) victim=$((RANDOM % 4)) look=$((RANDOM % 2)) rare=$((RANDOM % 10))
    sleep "$(printf '0.%03d' $pause)"
    echo "# kill $kill after $pause ms: $victim $look $rare" >>"$PLACE/log/kills"
    kill_some $victim $look $rare
  done

  rest
  wait_until has_answered hub
  mapfile -t newcomers <"$PLACE/run/newcomers"
  all_there $dayton $akron "${newcomers[@]}"
  wc -l "$PLACE"/run/answered.* "$PLACE"/run/imported.*
  same "$(cat "$PLACE/run/odd" 2>/dev/null)" ""
  for name in $dayton $akron; do
    is_whole $name
    is_proved $name
  done
  same "$(rows_of hub office | grep -c $'\tadmission$')" $((2 + ${#newcomers[@]}))
  same "$(field hub .sessions.admitted)" $((2 + ${#newcomers[@]}))
  log_is_whole office $dayton $akron "${newcomers[@]}"

  # The view that was carried through the kills is the one that the log alone makes.
  at hub query --limit 0 --sort id --json | jq -S 'del(.lag, .took_ms)' >"$PLACE/run/view"
  stop hub $dayton $akron "${newcomers[@]}"
  rm -r "$PLACE/hub/view"
  start hub
  wait_field hub .view.lag_records 0
  diff "$PLACE/run/view" <(at hub query --limit 0 --sort id --json | jq -S 'del(.lag, .took_ms)')
  no_reports
}
