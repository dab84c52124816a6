#include "daemon/status.h"

#include <stdio.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "daemon/checks.h"
#include "daemon/uplink.h"
#include "registry/check.h"
#include "registry/row.h"

static uint64_t oldest_seconds(struct node *node, struct store_view *view, uint64_t first)
{
    struct row row;
    uint64_t now_ms = clock_wall_ms();
    if (row_find(view, &node->home.author, first, &row) != E_OK || row.record.header.time_ms > now_ms)
        return 0;
    return (now_ms - row.record.header.time_ms) / 1000;
}

static json_t *outbox_json(struct node *node, struct store_view *view)
{
    pthread_mutex_lock(&node->lock);
    uint64_t records = outbox_records(&node->outbox), bytes = outbox_bytes(&node->outbox);
    uint64_t first = outbox_acknowledged(&node->outbox);
    pthread_mutex_unlock(&node->lock);
    return json_pack("{s:o,s:o,s:o}", "records", json_count(records), "bytes", json_count(bytes),
                     "oldest_seconds", json_count(records > 0 ? oldest_seconds(node, view, first) : 0));
}

static json_t *peer_json(const struct face *face, uint64_t next)
{
    uint64_t mono_ms = clock_mono_ms();
    json_t *out =
        json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:s}", "name", face->name, "endpoint", face->endpoint, "state",
                  face_state_word(face->state), "since", json_time(face->since_ms), "behind_records",
                  json_count(next - (face->acknowledged < next ? face->acknowledged : next)), "acknowledged",
                  json_count(face->acknowledged), "last_error", face->last_error);
    if (face->closed)
        json_object_set_new(out, "closed", json_true());
    json_object_set_new(out, "last_contact_seconds", json_age(face->last_contact_ms, clock_wall_ms()));
    json_object_set_new(out, "retry_in_seconds",
                        face->redial_ms > mono_ms ? json_real((double)(face->redial_ms - mono_ms) / 1000.0)
                                                  : json_null());
    return out;
}

static json_t *peers_json(struct node *node)
{
    json_t *out = json_array();
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->n_uplinks; i++)
        json_array_append_new(out, peer_json(uplink_face(node->uplinks[i]), node->feed.next));
    pthread_mutex_unlock(&node->lock);
    return out;
}

static json_t *counters_json(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    struct node_counters c = node->counters;
    pthread_mutex_unlock(&node->lock);
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "written", json_count(c.written), "commits",
                     json_count(c.commits), "received", json_count(c.received), "refused",
                     json_count(c.refused), "strikes", json_count(c.strikes), "dials", json_count(c.dials),
                     "batches", json_count(c.batches), "batch_records", json_count(c.batch_records),
                     "stale_frames", json_count(c.stale));
}

enum err status_answer(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    (void)request;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    pthread_mutex_lock(&node->lock);
    struct feed feed = node->feed;
    pthread_mutex_unlock(&node->lock);

    json_t *checks = checks_run(node, view);
    answer->body =
        json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:o,s:{s:o,s:o,s:i},s:o,s:o,s:s,s:o,s:o,s:o}", "program", "noded",
                  "version", CHANCERY_VERSION, "name", node->home.inception.name, "author",
                  json_hex(node->home.author.b, HASH_BYTES), "title", node->home.inception.title, "home",
                  node->home.path, "store", check_store_json(node->store, store_size(view)), "feed", "next",
                  json_count(feed.next), "head", json_hex(feed.head.b, HASH_BYTES), "epoch", (int)feed.epoch,
                  "uptime_seconds", json_count((clock_mono_ms() - node->started_ms) / 1000), "alarms",
                  check_alarms(checks), "state", check_worst(checks), "outbox", outbox_json(node, view),
                  "peers", peers_json(node), "counters", counters_json(node));
    json_decref(checks);
    return E_OK;
}

enum err doctor_answer(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    (void)request;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    answer->body = json_pack("{s:o}", "checks", checks_run(node, view));
    return E_OK;
}
