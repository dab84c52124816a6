# Offices at work, in the background, until they are told that it is enough. They go on whatever happens to the
# daemons, and note only what was answered for.
#
#   work FUNCTION ARGS...   runs it in the background          rest      ends all of them and waits
#   keep_adding NAME WHO    single records                     keep_importing NAME WHO   small tables, each until it is in
#
# run/answered.NAME holds REF<tab>TITLE of each record that `record add` answered for, run/imported.NAME the title of
# each row of a table that `import` answered for, run/odd every refusal that a daemon's absence does not explain.

is_enough() { [ -e "$PLACE/run/enough" ]; }

workers=()
work() {
  (
    close_all
    set +eET
    trap - DEBUG ERR EXIT
    "$@"
  ) </dev/null >>"$PLACE/log/work" 2>&1 &
  workers+=($!)
}

rest() {
  touch "$PLACE/run/enough"
  wait "${workers[@]}"
  workers=()
  rm "$PLACE/run/enough"
}

# A daemon that is away (5), or went while it was asked (10), is asked again.
unanswered() { # CODE WHAT
  case $1 in
    5 | 10) ;;
    *) printf '%s: exit %s\n' "$2" "$1" >>"$PLACE/run/odd" ;;
  esac
  sleep 0.02
}

# No two records have the same title: one whose answer was lost is not asked for a second time.
keep_adding() {
  local name=$1 who=$2 n=0 ref
  until is_enough; do
    n=$((n + 1))
    if ref=$(at "$name" record add --kind mission_outbound --title "$who $n" --country JP --partner Kyoto \
      --timeout 1s -o name); then
      printf '%s\t%s\n' "$ref" "$who $n" >>"$PLACE/run/answered.$name"
    else
      unanswered $? "record add at $name"
    fi
  done
}

table_of() { # WHO N: seven rows
  local row
  echo "id,who,country,when"
  for row in 1 2 3 4 5 6 7; do echo "$1-$2-$row,$1 $2.$row,FR,2024-0$row"; done
}

keep_importing() {
  local name=$1 who=$2 n=0 table=$PLACE/run/table.$2.csv
  until is_enough; do
    n=$((n + 1))
    table_of "$who" $n >"$table"
    until at "$name" import "$table" --map "$BATS_TEST_DIRNAME/visits.map.json" --timeout 1s -q; do
      unanswered $? "import at $name"
      is_enough && return
    done
    table_of "$who" $n | awk -F, 'NR > 1 { print "Visit of " $2 }' >>"$PLACE/run/imported.$name"
  done
}
