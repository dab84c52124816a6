/* check: what an operator must know, each with what to do about it: the checks of `doctor` and the alarms of
 * `status` (doc/CONTROL.md), and those checks that every keeper of records has alike. */
#pragma once

#include <jansson.h>

#include "store/store.h"

/* "ok", "warn" or "crit". */
const char *check_grade(bool crit, bool warn);
/* Adds one to checks: {name, state, detail, advice}. advice is what to do about it, left out of one that is
 * ok. */
void check_say(json_t *checks, const char *name, const char *state, const char *advice, const char *format,
               ...) __attribute__((format(printf, 5, 6)));

/* The worst state of all: "ok", "warn" or "crit". */
const char *check_worst(const json_t *checks);
/* Those that are not ok, as status shows them: [{state, text, advice}]. New reference. */
json_t *check_alarms(const json_t *checks);

/* ---- checks that all have */

struct check_limits {
    uint64_t disk_warn_bytes, disk_crit_bytes; /* free */
    const char *conf;                          /* the file that store_map stands in */
};
/* "disk" and "map" (store/room.h). */
void check_usage(json_t *checks, struct store *store, const struct check_limits *limits);
/* "clock": a machine that has lost its time. */
void check_clock(json_t *checks);

/* The `store` of status. records: how many it holds. New reference. */
json_t *check_store_json(struct store *store, uint64_t records);
