# What the facts of this folder stand on: a place of their own, daemons started, awaited and ended there, every
# wait of theirs in milliseconds, and no sanitizer's report left unread.
#
#   place              makes $PLACE; once a test (setup) or once a file (setup_file)
#   make_hub [SET...]  the hub's home, on a port of its own          make_node NAME [SET...]
#   start NAME...      runs the daemon of $PLACE/NAME and waits until it answers
#   enrol NAME...      invites and joins                             network NAME...   all of it
#   at NAME ...        nodectl there                                 field NAME PATH   of its status
#   wait_until CMD...  looks again every 20 ms, at most $PATIENCE seconds
#   stop, kill9 NAME   ends a daemon and waits for its end           leave             ends all, reads reports
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=${CHANCERY_BIN:-$ROOT/build/asan/bin}
PATH=$BIN:$PATH
PATIENCE=${PATIENCE:-20}
NODE_WAITS=(redial_min=5ms redial_max=60ms steady=1s greeting_timeout=2s heartbeat=250ms mark_interval=10ms store_map=256MiB)
HUB_WAITS=(heartbeat=250ms greeting_timeout=2s retry_after=20ms pending_retry=50ms full_retry=50ms herd_window=20ms
  ban=200ms ban_max=400ms linger=50ms max_peers=64 store_map=1GiB view_map=1GiB)
unset CHANCERY_HOME NO_COLOR CLICOLOR_FORCE
export TERM=dumb LC_ALL=C.UTF-8 TZ=UTC

place() {
  export PLACE=${1:-$BATS_TEST_TMPDIR}
  mkdir -p "$PLACE/log" "$PLACE/run"
  export SAN=$PLACE/log/sanitizer
  export ASAN_OPTIONS=halt_on_error=1:abort_on_error=0:exitcode=99:detect_leaks=1:log_path=$SAN
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99:log_path=$SAN
  # Libraries that were not built for it keep an order that it cannot see: what they do is not ours to report.
  export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:ignore_noninstrumented_modules=1:exitcode=99:log_path=$SAN
}

at() {
  local name=$1
  shift
  nodectl --home "$PLACE/$name" "$@"
}

field() { at "$1" status --json | jq -r "$2"; }

# True once the command is; $PATIENCE seconds are for slow machines, nobody waits for them otherwise.
wait_until() {
  local end=$((SECONDS + PATIENCE))
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      printf 'waited %s s in vain: %s\n' "$PATIENCE" "$*" >&2
      "$@" >&2 || true
      return 1
    fi
    sleep 0.02
  done
}

# wait_field NAME PATH VALUE
is_field() { [ "$(field "$1" "$2")" = "$3" ]; }
wait_field() { wait_until is_field "$@"; }

# ---- homes

settings() { printf -- '--set\n%s\n' "$@"; }

# Outside the range from which outgoing connections take theirs: the hub must get it again after a restart.
free_port() {
  local port
  while :; do
    port=$((10000 + RANDOM % 20000))
    (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

make_hub() {
  local args
  mapfile -t args < <(settings "endpoint=tcp://127.0.0.1:$(free_port)" "${HUB_WAITS[@]}" "$@")
  at hub init hub --origin chancery.test/national --title "Office of City and State Diplomacy" "${args[@]}" \
    >"$PLACE/log/init-hub" 2>&1
}

make_node() { # NAME [SET...]
  local name=$1 args
  shift
  mapfile -t args < <(settings "${NODE_WAITS[@]}" "$@")
  at "$name" init node --name "$name" --geoid "$(geoid_of "$name")" "${args[@]}" >"$PLACE/log/init-$name" 2>&1
}

geoid_of() {
  case "$1" in
    *dayton) echo 3921000 ;;
    *akron) echo 3901000 ;;
    *) echo 3916000 ;;
  esac
}

# ---- daemons

# bats waits for all who hold a descriptor of its own.
close_all() {
  local fd
  for fd in "/proc/$BASHPID/fd"/*; do
    fd=${fd##*/}
    [ "$fd" -le 2 ] || eval "exec $fd>&-"
  done
}

# Its exit code is left in run/NAME.exit.
launch() { # NAME
  local name=$1 program=noded code=0
  [ "$name" = hub ] && program=hubd
  [ -e "$PLACE/$name/hub.conf" ] && program=hubd
  rm -f "$PLACE/run/$name.exit"
  (
    close_all
    sh -c 'echo $$ >"$1"; shift; exec "$@"' - "$PLACE/run/$name.pid" "$program" --home "$PLACE/$name" || code=$?
    echo $code >"$PLACE/run/$name.exit.new"
    mv "$PLACE/run/$name.exit.new" "$PLACE/run/$name.exit"
  ) </dev/null >>"$PLACE/log/$name" 2>&1 &
}

has_answered() { [ -e "$PLACE/run/$1.exit" ] || at "$1" status --json; }
has_ended() { [ -e "$PLACE/run/$1.exit" ]; }

start() {
  local name
  for name in "$@"; do launch "$name"; done
  for name in "$@"; do
    wait_until has_answered "$name" || return
    if has_ended "$name"; then
      echo "$name ended with $(cat "$PLACE/run/$name.exit"):" >&2
      tail -5 "$PLACE/log/$name" >&2
      return 1
    fi
  done
}

pid_of() { cat "$PLACE/run/$1.pid"; }
signal() { kill "-$1" "$(pid_of "$2")"; } # SIGNAL NAME
exit_of() { cat "$PLACE/run/$1.exit"; }

stop() {
  local name
  for name in "$@"; do signal TERM "$name"; done
  for name in "$@"; do
    wait_until has_ended "$name" || return
    [ "$(exit_of "$name")" -eq 0 ] || {
      echo "$name ended with $(exit_of "$name")" >&2
      return 1
    }
  done
}

kill9() {
  local name
  for name in "$@"; do signal KILL "$name"; done
  for name in "$@"; do wait_until has_ended "$name" || return; done
}

enrol() {
  local name
  for name in "$@"; do
    at hub invite --for "$name" -q >"$PLACE/run/$name.token" || return
    at "$name" join <"$PLACE/run/$name.token" >"$PLACE/log/join-$name" 2>&1 || {
      cat "$PLACE/log/join-$name" >&2
      return 1
    }
  done
}

network() {
  local name
  make_hub
  for name in "$@"; do make_node "$name"; done
  start hub "$@"
  enrol "$@"
}

# True when the hub and its view hold all that these nodes have.
is_all_there() {
  local name
  for name in "$@"; do is_field "$name" .outbox.records 0 || return; done
  is_field hub .view.lag_records 0
}
all_there() { wait_until is_all_there "$@"; }

# ---- the end

leave() {
  local file name
  for file in "$PLACE"/run/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    has_ended "$name" && continue
    signal CONT "$name" 2>/dev/null || true
    signal TERM "$name" 2>/dev/null || true
  done
  for file in "$PLACE"/run/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    PATIENCE=8 wait_until has_ended "$name" || {
      echo "$name does not stop" >&2
      signal KILL "$name"
      return 1
    }
  done
  no_reports
}

# A daemon that was told to stop leaves with 0; a sanitizer's report fails whatever else was right.
no_reports() {
  local file bad=0
  for file in "$SAN".*; do
    [ -s "$file" ] || continue
    head -60 "$file" >&2
    bad=1
  done
  return $bad
}

# What a failing test shows of its daemons.
show_logs() {
  local file
  [ -n "${BATS_TEST_COMPLETED:-}" ] && return
  for file in "$PLACE"/log/*; do
    [ -s "$file" ] || continue
    echo "== $(basename "$file")"
    tail -15 "$file"
  done
}

# ---- what facts say

same() { # got, wanted
  [ "$1" = "$2" ] || {
    printf 'got:    %s\nwanted: %s\n' "$1" "$2" >&2
    return 1
  }
}

# fails CODE WORDS CMD...: exit code, nothing on stdout, WORDS (a pattern) on stderr
fails() {
  local code=$1 words=$2
  shift 2
  run --separate-stderr "$@"
  same "$status" "$code" || {
    echo "$stderr" >&2
    return 1
  }
  same "$output" "" || return
  grep -qE -- "$words" <<<"$stderr" || {
    printf 'stderr: %s\nwanted: %s\n' "$stderr" "$words" >&2
    return 1
  }
}

add() { # NAME TITLE [OPTIONS...]: the ref of a new record
  local name=$1 title=$2
  shift 2
  at "$name" record add --kind mission_outbound --title "$title" --country JP --partner Kyoto "$@" -o name
}

count() { at hub query "$@" --json --limit 1 | jq .total; }
