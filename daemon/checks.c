#include "daemon/checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/uplink.h"

#define DISK_WARN_BYTES (1ULL << 30)
#define DISK_CRIT_BYTES (64ULL << 20)
#define MAP_WARN_PERCENT 80
#define MAP_CRIT_PERCENT 95
#define YEAR_2020_MS 1577836800000ULL

struct checking {
    struct node *node;
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

static void check_disk(struct checking *c)
{
    struct db_usage usage;
    if (db_usage(store_db(c->node->store), &usage) != E_OK) {
        say(c, "disk", "crit", "look at the storage of the home", "cannot be read: %s", err_message());
        return;
    }
    const char *state = usage.disk_free_bytes < DISK_CRIT_BYTES   ? "crit"
                        : usage.disk_free_bytes < DISK_WARN_BYTES ? "warn"
                                                                  : "ok";
    say(c, "disk", state, state[0] == 'o' ? "" : "make room: nothing can be recorded on a full disk",
        "%" PRIu64 " MiB free", usage.disk_free_bytes >> 20);

    uint64_t percent = usage.map_bytes > 0 ? usage.used_bytes / (usage.map_bytes / 100 + 1) : 0;
    state = percent >= MAP_CRIT_PERCENT ? "crit" : percent >= MAP_WARN_PERCENT ? "warn" : "ok";
    say(c, "map", state, state[0] == 'o' ? "" : "raise store_map in node.conf and restart",
        "%" PRIu64 " of %" PRIu64 " MiB used", usage.used_bytes >> 20, usage.map_bytes >> 20);
}

static void check_store(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    bool full = node->full, failed = node->failure != E_OK;
    AUTO(free_ptr) char *text = mem_text(node->failure_text);
    pthread_mutex_unlock(&node->lock);

    if (failed)
        say(c, "store", "crit", "look at the storage of the home; this node ends, and is to be started anew",
            "a write failed: %s", text);
    else if (full)
        say(c, "store", "crit", "make room on the disk, or raise store_map in node.conf and restart",
            "full: nothing is recorded");
    else
        say(c, "store", "ok", "", "%" PRIu64 " records", store_size(c->view));
}

static void check_feed(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    bool behind = node->behind_itself;
    uint64_t seq = node->refused_seq, next = node->feed.next;
    AUTO(free_ptr) char *text = mem_text(node->refused_text);
    pthread_mutex_unlock(&node->lock);

    if (behind)
        say(c, "feed", "crit",
            "stop this node: its home is an old copy, and what it records now will fork its feed",
            "a hub holds more records of this node than its own store");
    else if (text[0] != 0)
        say(c, "feed", "crit", "see `nodectl peer show` and the hub's operator",
            "record %" PRIu64 " is refused: %s", seq, text);
    else
        say(c, "feed", "ok", "", "%" PRIu64 " records", next);
}

static void check_outbox(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    uint64_t waiting = outbox_records(&node->outbox), first = outbox_acknowledged(&node->outbox);
    pthread_mutex_unlock(&node->lock);

    uint64_t position, age_ms = 0;
    struct bytes entry, salted;
    struct header header;
    if (waiting > 0 && store_locate(c->view, &node->home.author, first, &position) == E_OK &&
        store_at(c->view, position, &entry, &salted) == E_OK &&
        header_parse(bytes_of(entry.data, HEADER_BYTES), &header) == E_OK && header.time_ms < clock_wall_ms())
        age_ms = clock_wall_ms() - header.time_ms;
    bool is_old = node->options.outbox_age_ms > 0 && age_ms > node->options.outbox_age_ms;
    say(c, "outbox", is_old ? "warn" : "ok",
        is_old ? "look at the peers: no hub has taken these records" : "",
        "%" PRIu64 " records wait, the oldest for %" PRIu64 " s", waiting, age_ms / 1000);
}

static void check_peer(struct checking *c, const struct face *face)
{
    uint64_t since_ms = clock_wall_ms() - face->since_ms;
    if (face->state == FACE_REFUSED)
        say(c, "peer", "crit", "ask the hub's operator for a new invite and join again", "%s refuses: %s",
            face->name, face->last_error);
    else if (face->state != FACE_CONNECTED && since_ms > c->node->options.steady_ms)
        say(c, "peer", "warn", "nothing is lost; check the network and the hub",
            "%s is not reached since %" PRIu64 " s: %s", face->name, since_ms / 1000, face->last_error);
    else
        say(c, "peer", "ok", "", "%s is %s", face->name, face_state_word(face->state));

    if (face->last_contact_ms != 0 && (uint64_t)llabs(face->skew_ms) > c->node->options.clock_skew_ms)
        say(c, "clock", "warn", "set the clock right, here or at the hub; records are accepted all the same",
            "the clock of %s is %" PRId64 " s off ours", face->name, face->skew_ms / 1000);
}

static void check_peers(struct checking *c)
{
    struct node *node = c->node;
    struct face faces[PEERS_MAX];
    pthread_mutex_lock(&node->lock);
    size_t count = node->n_uplinks;
    for (size_t i = 0; i < count; i++)
        faces[i] = *uplink_face(node->uplinks[i]);
    pthread_mutex_unlock(&node->lock);
    for (size_t i = 0; i < count; i++)
        check_peer(c, &faces[i]);
    if (count == 0)
        say(c, "peer", "warn", "ask the hub for an invite, then `nodectl join`",
            "this node has joined no hub");
}

static void check_clock(struct checking *c)
{
    if (clock_wall_ms() < YEAR_2020_MS)
        say(c, "clock", "warn", "set the clock right; records are accepted all the same",
            "this machine's clock is years off");
}

static bool count_rows(void *context, struct bytes key, struct bytes value)
{
    (void)key, (void)value;
    return ++*(size_t *)context < 1000;
}

static void check_quarantine(struct checking *c)
{
    size_t count = 0;
    store_each(c->view, STORE_QUARANTINE, (struct bytes){ NULL, 0 }, count_rows, &count);
    if (count > 0)
        say(c, "quarantine", "warn",
            "tell the hub's operator: its feed does not continue what this node holds",
            "%zu records from a hub were refused", count);
}

json_t *checks_run(struct node *node, struct store_view *view)
{
    struct checking c = { node, view, json_array() };
    check_disk(&c);
    check_store(&c);
    check_clock(&c);
    check_feed(&c);
    check_outbox(&c);
    check_peers(&c);
    check_quarantine(&c);
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
