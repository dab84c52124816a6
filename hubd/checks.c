#include "hubd/checks.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "hubd/front.h"
#include "hubd/projector.h"
#include "hubd/quarantine.h"
#include "hubd/writer.h"
#include "registry/check.h"

#define LAG_WARN_MS 60000

/* A hub grows faster than a node, and more depends on it. */
static const struct check_limits limits = {
    .disk_warn_bytes = 4ULL << 30,
    .disk_crit_bytes = 256ULL << 20,
    .conf = "hub.conf",
};

struct checking {
    struct hub *hub;
    struct store_view *view;
    json_t *out;
};

static void check_store(struct checking *c)
{
    if (writer_is_full(c->hub->writer))
        check_say(c->out, "store", "crit",
                  "make room on the disk, or raise store_map: nodes keep their records meanwhile",
                  "full: nothing is accepted");
    else
        check_say(c->out, "store", "ok", "", "%" PRIu64 " records", store_size(c->view));
}

static void check_view(struct checking *c)
{
    uint64_t lag_ms = projector_lag_ms(c->hub->projector);
    enum err err = projector_error(c->hub->projector);
    const char *state = check_grade(err != E_OK, lag_ms > LAG_WARN_MS);
    if (err != E_OK)
        check_say(c->out, "view", state, "make room on the disk, or raise view_map in hub.conf",
                  "stands still: %s", err_name(err));
    else
        check_say(c->out, "view", state, "queries answer from older records until it has caught up",
                  "%" PRIu64 " s behind the log", lag_ms / 1000);
}

static void check_descriptors(struct checking *c)
{
    struct rlimit limit = { 0 };
    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t wanted = (uint64_t)c->hub->asked_peers + HUB_SPARE_DESCRIPTORS;
    const char *state = check_grade(false, limit.rlim_cur < wanted);
    check_say(c->out, "descriptors", state,
              "raise LimitNOFILE of the service, or lower max_peers in hub.conf",
              "%" PRIu64 " allowed, %" PRIu64 " for %zu peers", (uint64_t)limit.rlim_cur, wanted,
              c->hub->asked_peers);
}

static void check_endpoint(struct checking *c)
{
    bool set = c->hub->options.public_endpoint[0] != 0;
    check_say(c->out, "endpoint", check_grade(false, !set),
              "set public_endpoint in hub.conf to where nodes reach this hub: invites carry it", "%s",
              set ? c->hub->options.public_endpoint : front_endpoint(c->hub->front));
}

static void check_waiting(struct checking *c)
{
    size_t pending = members_count(c->hub->members, MEMBER_PENDING);
    check_say(c->out, "pending", check_grade(false, pending > 0),
              "look at them with `nodectl peer ls`, then `nodectl peer admit` or `nodectl peer rm`",
              "%zu wait for admission", pending);
}

struct counting {
    struct store_view *view;
    uint64_t now_ms;
    size_t refused, forked, acknowledged;
    bool urgent;
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
    counting->acknowledged += row.acknowledged_ms != 0;
    counting->urgent = counting->urgent || quarantine_is_urgent(&row, counting->now_ms);
    return true;
}

static void check_refused(struct checking *c)
{
    struct counting counting = { .view = c->view, .now_ms = clock_wall_ms() };
    if (store_each(c->view, STORE_QUARANTINE, bytes_of(NULL, 0), count_refused, &counting) != E_OK) {
        check_say(c->out, "feeds", "crit", "look at the storage of the home", "the store cannot be read: %s",
                  err_message());
        return;
    }
    const char *state = check_grade(counting.urgent, counting.refused > counting.acknowledged);
    check_say(c->out, "feeds", state,
              "`nodectl peer show` says what was refused; tell that node's operator, then `nodectl peer "
              "acknowledge`",
              "a record of %zu was refused, of %zu of them a fork; %zu are acknowledged", counting.refused,
              counting.forked, counting.acknowledged);
}

json_t *checks_run(struct hub *hub, struct store_view *view)
{
    struct checking c = { hub, view, json_array() };
    check_usage(c.out, hub->store, &limits);
    check_store(&c);
    check_view(&c);
    check_clock(c.out);
    check_descriptors(&c);
    check_endpoint(&c);
    check_waiting(&c);
    check_refused(&c);
    return c.out;
}
