/* The commands about the hub itself: status, doctor. */
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "hubd/checks.h"
#include "hubd/cmd.h"
#include "hubd/front.h"
#include "hubd/projector.h"
#include "hubd/verify.h"
#include "hubd/writer.h"
#include "registry/check.h"

static json_t *feed_json(struct hub *hub, struct store_view *view)
{
    struct feed feed = { 0 };
    store_feed(view, &hub->home.author, &feed);
    return json_pack("{s:o,s:o,s:i}", "next", json_count(feed.next), "head",
                     json_hex(feed.head.b, HASH_BYTES), "epoch", (int)feed.epoch);
}

static json_t *log_json(struct store_view *view, uint64_t size)
{
    struct hash root = store_root(view);
    return json_pack("{s:o,s:o}", "size", json_count(size), "root", json_hex(root.b, HASH_BYTES));
}

static json_t *view_json(struct hub *hub, uint64_t size)
{
    json_t *stats = NULL;
    uint64_t cursor = view_cursor(hub->view);
    json_t *engagements = json_null();
    if (view_stats(hub->view, &stats) == E_OK)
        engagements = json_incref(json_object_get(stats, "engagements"));
    json_t *out = json_pack("{s:o,s:o,s:o,s:o}", "cursor", json_count(cursor), "lag_records",
                            json_count(size > cursor ? size - cursor : 0), "lag_seconds",
                            json_count(projector_lag_ms(hub->projector) / 1000), "engagements", engagements);
    json_decref(stats);
    return out;
}

static json_t *sessions_json(struct hub *hub)
{
    return json_pack("{s:o,s:o,s:o}", "connected", json_count(front_sessions(hub->front)), "admitted",
                     json_count(members_count(hub->members, MEMBER_ACTIVE)), "pending",
                     json_count(members_count(hub->members, MEMBER_PENDING)));
}

static json_t *refused_json(struct counters *counters)
{
    json_t *out = json_object();
    for (int code = E_OK + 1; code < E_COUNT; code++) {
        uint64_t count = atomic_load(&counters->refused[code]);
        if (count == 0)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%s", err_name((enum err)code));
        for (char *c = name; *c != 0; c++)
            if (*c == ' ')
                *c = '_';
        json_object_set_new(out, name, json_count(count));
    }
    return out;
}

static json_t *counters_json(struct hub *hub)
{
    struct counters *c = &hub->counters;
    uint64_t let_in = 0, turned_away = 0;
    zap_counts(hub->zap, &let_in, &turned_away);
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "accepted",
                     json_count(c->accepted), "duplicate", json_count(c->duplicate), "refused",
                     refused_json(c), "strikes", json_count(c->strikes), "bans", json_count(c->bans),
                     "batches", json_count(c->batches), "commits", json_count(c->commits), "stale_frames",
                     json_count(c->stale), "ignored_frames", json_count(c->ignored), "enrolled",
                     json_count(c->enrolled), "superseded", json_count(c->superseded), "handshakes_accepted",
                     json_count(let_in), "handshakes_refused", json_count(turned_away), "credit_bytes",
                     json_count(front_credit(hub->front)));
}

enum err cmd_status(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    (void)request;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    uint64_t size = store_size(view);
    json_t *checks = checks_run(hub, view);
    answer->body = json_pack(
        "{s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:s,s:{s:o,s:o}}", "program",
        "hubd", "version", CHANCERY_VERSION, "name", hub->home.inception.name, "author",
        json_hex(hub->home.author.b, HASH_BYTES), "title", hub->home.inception.title, "origin",
        hub->home.inception.origin, "home", hub->home.path, "store", check_store_json(hub->store, size),
        "feed", feed_json(hub, view), "uptime_seconds",
        json_count((clock_mono_ms() - hub->started_ms) / 1000), "alarms", check_alarms(checks), "state",
        check_worst(checks), "log", log_json(view, size), "view", view_json(hub, size), "sessions",
        sessions_json(hub), "counters", counters_json(hub), "endpoint", front_endpoint(hub->front), "queues",
        "verify", json_count(verify_waiting(hub->verify)), "write", json_count(writer_waiting(hub->writer)));
    json_decref(checks);
    return answer->body != NULL ? E_OK : fail(E_CORRUPT, "the status cannot be put into words");
}

enum err cmd_doctor(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    (void)request;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    answer->body = json_pack("{s:o}", "checks", checks_run(hub, view));
    return E_OK;
}
