#!/usr/bin/env bats
# The whole way, on real data: a fleet of every jurisdiction of the tables, the office, the hub, and the national summary.
load lib

# CHANCERY_BIN is set by tests/run; the demo then builds nothing.
demo() { CHANCERY_BIN=$BIN "$ROOT/packaging/demo" "$@"; }

setup() { export TMPDIR=$BATS_TEST_TMPDIR; }

@test "national: the summary of the real tables is the expected one" {
  local tables=$ROOT/tests/data
  [ ! -e "$ROOT/../shared/data/expected_aggregates.json" ] || tables=$(realpath "$ROOT/../shared/data")
  run demo --data "$tables" --out "$BATS_TEST_TMPDIR/summary.json"
  echo "$output" | tail -40
  [ "$status" -eq 0 ]
  diff <(jq -S . "$tables/expected_aggregates.json") <(jq -S . "$BATS_TEST_TMPDIR/summary.json")
  grep -qxF 'sister_relations: 3038 rows read, 3038 accepted (2922 by jurisdictions, 116 by the office), 0 refused' <<<"$output"
  grep -q '5819 rows read, 5819 stand at the hub, 0 refused' <<<"$output"
}

@test "national: a folder with a CSV table, bad rows and a table nobody knows adds up" {
  mkdir "$BATS_TEST_TMPDIR/tables"
  cat >"$BATS_TEST_TMPDIR/tables/sister_relations.csv" <<'CSV'
rel_id,us_geoid,us_name,us_state,partner_name,partner_country,raw_us,raw_partner
s-1,3921000,Dayton,OH,"Oiso, Kanagawa",JP,"Dayton, Ohio",Oiso
s-2,3921000,Dayton,OH,Augsburg,Germany,Dayton,Augsburg
s-3,,Springfield,,Matsuyama,JP,Springfield,Matsuyama
s-4,39x,Akron,OH,Chemnitz,DE,Akron,Chemnitz
CSV
  echo "a,b" >"$BATS_TEST_TMPDIR/tables/weather.csv"
  run demo --data "$BATS_TEST_TMPDIR/tables" --out "$BATS_TEST_TMPDIR/summary.json"
  echo "$output" | tail -40
  [ "$status" -eq 0 ]
  grep -q 'weather.csv is no table that the demo knows' <<<"$output"
  grep -q '4 rows read, 2 stand at the hub, 2 refused' <<<"$output"
  grep -q 'sister_relations.csv:3: refused: ' <<<"$output"
  grep -q 'sister_relations.csv:5: refused: ' <<<"$output"
  [ "$(jq -c '[.rows.sister_relations, .sister_by_partner_country.JP, .sister_unmatched_us]' "$BATS_TEST_TMPDIR/summary.json")" = "[2,2,1]" ]
}

@test "national: an empty folder gives a summary of nothing" {
  mkdir "$BATS_TEST_TMPDIR/tables"
  run demo --data "$BATS_TEST_TMPDIR/tables" --out "$BATS_TEST_TMPDIR/summary.json"
  echo "$output" | tail -40
  [ "$status" -eq 0 ]
  [ "$(jq '[.rows[]] | add // 0' "$BATS_TEST_TMPDIR/summary.json")" = 0 ]
}

@test "national: TSV, CSV and lines of JSON are one folder, and each row is somewhere" {
  local t=$BATS_TEST_TMPDIR/tables
  mkdir "$t"
  printf 'mem_id\tus_geoid\tus_name\tus_state\tus_level\tnetwork_code\tnetwork_label_raw\tlabel_year\tsnapshot\traw_name\n' >"$t/network_memberships.tsv"
  printf 'm-1\t3921000\tDayton\tOH\tplace\tgcom\tGCoM\t2020\t2020-09\tDayton\n' >>"$t/network_memberships.tsv"
  printf 'm-2\t3921000\tDayton\tOH\tplace\tc40\tC40\t2022\t2022-12\tDayton\n' >>"$t/network_memberships.tsv"
  printf 'm-3\t\t\t\t\tc40\tC40\t2022\t2022-12\tSpringfield\n' >>"$t/network_memberships.tsv"
  printf '%s\n' '{"key": "a", "kind": "agreement", "title": "of the office"}' '{"key": "b", "kind": "agrement"}' 'no JSON' \
    >"$t/curated_facts.jsonl"
  run demo --data "$t" --out "$BATS_TEST_TMPDIR/summary.json"
  echo "$output" | tail -40
  [ "$status" -eq 0 ]
  grep -qF 'memberships as of 2020-09' <<<"$output"
  grep -qxF 'network_memberships: 3 rows read, 3 accepted (2 by jurisdictions, 1 by the office), 0 refused' <<<"$output"
  grep -qxF 'curated_facts: 3 rows read, 1 accepted (0 by jurisdictions, 1 by the office), 2 refused' <<<"$output"
  grep -q 'curated_facts.jsonl:2: refused: ' <<<"$output"
  grep -q 'curated_facts.jsonl:3: refused: ' <<<"$output"
  [ "$(jq -c .membership_pairs "$BATS_TEST_TMPDIR/summary.json")" = '{"2020-09":1,"2022-12":1,"gone":1,"kept":0,"new":1}' ]
}

@test "national: a row that is nowhere fails the demo" {
  local t=$BATS_TEST_TMPDIR/tables lossy=$BATS_TEST_TMPDIR/bin
  mkdir "$t" "$lossy"
  printf 'rel_id,us_geoid,us_name,us_state,partner_name,partner_country\ns-1,3921000,Dayton,OH,Oiso,JP\n' >"$t/sister_relations.csv"
  ln -s "$BIN"/{hubd,noded,nodectl} "$lossy"
  printf '#!/bin/sh\n"%s/fleet" "$@" | sed s/\\"rows\\":1,/\\"rows\\":2,/\n' "$BIN" >"$lossy/fleet"
  chmod +x "$lossy/fleet"
  CHANCERY_BIN=$lossy run "$ROOT/packaging/demo" --data "$t"
  echo "$output" | tail -5
  [ "$status" -eq 1 ]
  grep -qF 'demo: sister_relations.csv: the rows do not add up' <<<"$output"
}
