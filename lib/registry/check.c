#include "registry/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "store/room.h"

#define YEAR_2020_MS 1577836800000ULL

const char *check_grade(bool crit, bool warn)
{
    return crit ? "crit" : warn ? "warn" : "ok";
}

static bool is_ok(const char *state)
{
    return strcmp(state, "ok") == 0;
}

void check_say(json_t *checks, const char *name, const char *state, const char *advice, const char *format,
               ...)
{
    va_list args;
    va_start(args, format);
    json_t *detail = json_vsprintf(format, args);
    va_end(args);
    json_array_append_new(checks, json_pack("{s:s,s:s,s:o,s:s}", "name", name, "state", state, "detail",
                                            detail, "advice", is_ok(state) ? "" : advice));
}

static const char *state_of(const json_t *check)
{
    return json_string_value(json_object_get(check, "state"));
}

const char *check_worst(const json_t *checks)
{
    const char *worst = "ok";
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const char *state = state_of(check);
        if (strcmp(state, "crit") == 0)
            return "crit";
        if (strcmp(state, "warn") == 0)
            worst = "warn";
    }
    return worst;
}

json_t *check_alarms(const json_t *checks)
{
    json_t *alarms = json_array();
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        if (is_ok(state_of(check)))
            continue;
        json_t *text = json_sprintf("%s: %s", json_string_value(json_object_get(check, "name")),
                                    json_string_value(json_object_get(check, "detail")));
        json_array_append_new(alarms, json_pack("{s:s,s:o,s:O}", "state", state_of(check), "text", text,
                                                "advice", json_object_get(check, "advice")));
    }
    return alarms;
}

/* ---- checks that all have */

void check_usage(json_t *checks, struct store *store, const struct check_limits *limits)
{
    struct db_usage usage;
    if (db_usage(store_db(store), &usage) != E_OK) {
        check_say(checks, "disk", "crit", "look at the storage of the home", "cannot be read: %s",
                  err_message());
        return;
    }
    const char *state = check_grade(usage.disk_free_bytes < limits->disk_crit_bytes,
                                    usage.disk_free_bytes < limits->disk_warn_bytes);
    check_say(checks, "disk", state, "make room: nothing is recorded on a full disk", "%" PRIu64 " MiB free",
              usage.disk_free_bytes >> 20);

    char advice[200];
    snprintf(
        advice, sizeof advice,
        "raise store_map in %s and restart, or make room on the disk: at %u %% peers get half the credit, "
        "at %u %% nothing more is recorded",
        limits->conf, ROOM_TIGHT_PERCENT, ROOM_FULL_PERCENT);
    enum room room = room_of(&usage, ROOM_ENOUGH);
    check_say(checks, "map", check_grade(room >= ROOM_TIGHT, room >= ROOM_TOLD), advice,
              "%u %% of its room: %" PRIu64 " of %" PRIu64 " MiB used", room_percent(&usage),
              usage.used_bytes >> 20, usage.map_bytes >> 20);
}

void check_clock(json_t *checks)
{
    bool off = clock_wall_ms() < YEAR_2020_MS;
    check_say(checks, "clock", check_grade(false, off),
              "set the clock right; records are accepted all the same", "%s",
              off ? "this machine's clock is years off" : "set");
}

json_t *check_store_json(struct store *store, uint64_t records)
{
    struct db_usage usage = { 0 };
    db_usage(store_db(store), &usage);
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "id", json_hex(store_id(store), 16), "incarnation",
                     json_count(store_incarnation(store)), "records", json_count(records), "used_bytes",
                     json_count(usage.used_bytes), "map_bytes", json_count(usage.map_bytes),
                     "disk_free_bytes", json_count(usage.disk_free_bytes));
}
