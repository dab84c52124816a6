#include "hubd/checks.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "hubd/front.h"
#include "hubd/projector.h"
#include "hubd/quarantine.h"
#include "hubd/writer.h"

#define DISK_WARN_BYTES (4ULL << 30)
#define DISK_CRIT_BYTES (256ULL << 20)
#define MAP_WARN_PERCENT 70
#define MAP_CRIT_PERCENT 85
#define LAG_WARN_MS 60000
#define YEAR_2020_MS 1577836800000ULL

struct checking {
    struct hub *hub;
    struct store_view *view;
    json_t *out;
};

static void say(struct checking *c, const char *name, const char *state, const char *advice,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(struct checking *c, const char *name, const char *state, const char *advice,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *detail = json_vsprintf(format, args);
    va_end(args);
    json_array_append_new(c->out, json_pack("{s:s,s:s,s:o,s:s}", "name", name, "state", state, "detail",
                                            detail, "advice", advice));
}

static const char *grade(bool crit, bool warn)
{
    return crit ? "crit" : warn ? "warn" : "ok";
}

static const char *advice_if(const char *state, const char *advice)
{
    return state[0] == 'o' ? "" : advice;
}

static void check_disk(struct checking *c)
{
    struct db_usage usage;
    if (db_usage(store_db(c->hub->store), &usage) != E_OK) {
        say(c, "disk", "crit", "look at the storage of the home", "cannot be read: %s", err_message());
        return;
    }
    const char *state =
        grade(usage.disk_free_bytes < DISK_CRIT_BYTES, usage.disk_free_bytes < DISK_WARN_BYTES);
    say(c, "disk", state, advice_if(state, "make room: nothing is accepted on a full disk"),
        "%" PRIu64 " MiB free", usage.disk_free_bytes >> 20);

    uint64_t percent = usage.used_bytes / (usage.map_bytes / 100 + 1);
    state = grade(percent >= MAP_CRIT_PERCENT, percent >= MAP_WARN_PERCENT);
    say(c, "map", state, advice_if(state, "raise store_map in hub.conf and restart"),
        "%" PRIu64 " of %" PRIu64 " MiB used", usage.used_bytes >> 20, usage.map_bytes >> 20);
}

static void check_store(struct checking *c)
{
    if (writer_is_full(c->hub->writer))
        say(c, "store", "crit",
            "make room on the disk, or raise store_map: nodes keep their records meanwhile",
            "full: nothing is accepted");
    else
        say(c, "store", "ok", "", "%" PRIu64 " records", store_size(c->view));
}

static void check_view(struct checking *c)
{
    uint64_t lag_ms = projector_lag_ms(c->hub->projector);
    enum err err = projector_error(c->hub->projector);
    const char *state = grade(err != E_OK, lag_ms > LAG_WARN_MS);
    if (err != E_OK)
        say(c, "view", state, "make room on the disk, or raise view_map in hub.conf", "stands still: %s",
            err_name(err));
    else
        say(c, "view", state, advice_if(state, "queries answer from older records until it has caught up"),
            "%" PRIu64 " s behind the log", lag_ms / 1000);
}

static void check_clock(struct checking *c)
{
    bool off = clock_wall_ms() < YEAR_2020_MS;
    say(c, "clock", grade(false, off), off ? "set the clock right; records are accepted all the same" : "",
        "%s", off ? "this machine's clock is years off" : "set");
}

static void check_descriptors(struct checking *c)
{
    struct rlimit limit = { 0 };
    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t wanted = (uint64_t)c->hub->asked_peers + HUB_SPARE_DESCRIPTORS;
    const char *state = grade(false, limit.rlim_cur < wanted);
    say(c, "descriptors", state,
        advice_if(state, "raise LimitNOFILE of the service, or lower max_peers in hub.conf"),
        "%" PRIu64 " allowed, %" PRIu64 " for %zu peers", (uint64_t)limit.rlim_cur, wanted,
        c->hub->asked_peers);
}

static void check_endpoint(struct checking *c)
{
    bool set = c->hub->options.public_endpoint[0] != 0;
    say(c, "endpoint", grade(false, !set),
        set ? "" : "set public_endpoint in hub.conf to where nodes reach this hub: invites carry it", "%s",
        set ? c->hub->options.public_endpoint : front_endpoint(c->hub->front));
}

static void check_waiting(struct checking *c)
{
    size_t pending = members_count(c->hub->members, MEMBER_PENDING);
    say(c, "pending", grade(false, pending > 0),
        pending > 0 ? "look at them with `nodectl peer ls`, then `nodectl peer admit`" : "",
        "%zu wait for admission", pending);
}

struct counting {
    struct store_view *view;
    size_t refused, forked;
};

static bool count_refused(void *context, struct bytes key, struct bytes value)
{
    struct counting *counting = context;
    struct quarantined row;
    struct hash author;
    (void)value;
    if (key.len != HASH_BYTES)
        return true;
    memcpy(author.b, key.data, HASH_BYTES);
    if (quarantine_get(counting->view, &author, &row) != E_OK)
        return true;
    counting->refused++;
    counting->forked += row.code == E_FORK;
    return true;
}

static void check_refused(struct checking *c)
{
    struct counting counting = { c->view, 0, 0 };
    store_each(c->view, STORE_QUARANTINE, bytes_of(NULL, 0), count_refused, &counting);
    const char *state = grade(counting.forked > 0, counting.refused > 0);
    say(c, "feeds", state,
        advice_if(state, "`nodectl peer show` says what was refused; tell that node's operator"),
        "%zu stand still at a refused record", counting.refused);
}

json_t *checks_run(struct hub *hub, struct store_view *view)
{
    struct checking c = { hub, view, json_array() };
    check_disk(&c);
    check_store(&c);
    check_view(&c);
    check_clock(&c);
    check_descriptors(&c);
    check_endpoint(&c);
    check_waiting(&c);
    check_refused(&c);
    return c.out;
}

static const char *state_of(const json_t *check)
{
    return json_string_value(json_object_get(check, "state"));
}

const char *checks_worst(const json_t *checks)
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

json_t *checks_alarms(const json_t *checks)
{
    json_t *alarms = json_array();
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        if (strcmp(state_of(check), "ok") == 0)
            continue;
        json_t *text = json_sprintf("%s: %s", json_string_value(json_object_get(check, "name")),
                                    json_string_value(json_object_get(check, "detail")));
        json_array_append_new(alarms, json_pack("{s:s,s:o,s:O}", "state", state_of(check), "text", text,
                                                "advice", json_object_get(check, "advice")));
    }
    return alarms;
}
