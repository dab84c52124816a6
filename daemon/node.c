#include "daemon/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/run.h"
#include "daemon/uplink.h"

struct node_options node_defaults(void)
{
    return (struct node_options){
        .map_bytes = 64ULL << 30,
        .heartbeat_ms = 15000,
        .missed_heartbeats = 4,
        .redial_min_ms = 1000,
        .redial_max_ms = 300000,
        .steady_ms = 60000,
        .greeting_timeout_ms = 15000,
        .mark_ms = 1000,
        .clock_skew_ms = 300000,
        .outbox_age_ms = 86400000,
        .full_ms = 10000,
        .credit_bytes = 1048576,
        .batch_bytes = MAX_BATCH_BYTES,
        .run_records = MAX_RUN_RECORDS,
        .watch = true,
        .follow = FOLLOW_OFFICE,
    };
}

/* ---- opening */

static enum err begin_feed(struct node *node, struct bytes packed)
{
    struct record record;
    size_t accepted = 0;
    TRY(run_next(&packed, &record));
    feed_init(&node->feed, &node->home.author);
    TRY(feed_take(&node->feed, &record, 1, &accepted));

    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(node->store, &txn));
    store_append(txn, &node->feed, &record, 1);
    outbox_keep_total(txn, node->feed.next, ENTRY_BYTES + SALT_BYTES + record.payload.len);
    return store_commit(&txn);
}

static enum err load_feed(struct node *node, struct bytes inception)
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    if (!store_feed(view, &node->home.author, &node->feed)) {
        if (inception.len == 0)
            return fail(E_CORRUPT, "%s does not hold the feed of %s; was it made for another home?",
                        node->home.store, node->home.inception.name);
        TRY(begin_feed(node, inception));
        store_done(&view);
        TRY(store_read(node->store, &view));
    }
    struct peer_row rows[PEERS_MAX];
    size_t count;
    TRY(peers_load(view, rows, &count));
    node->peers_changed = count > 0;
    return outbox_load(view, &node->home.author, &node->outbox);
}

enum err node_open(const struct node_options *options, const struct home *home, struct bytes inception,
                   struct node **out)
{
    struct node *node = mem_alloc(sizeof *node);
    node->options = *options;
    node->home = *home;
    node->started_ms = clock_mono_ms();
    pthread_mutex_init(&node->writing, NULL);
    pthread_mutex_init(&node->lock, NULL);
    *out = node;

    struct store_options store = {
        .folder = node->home.store,
        .map_bytes = options->map_bytes,
        .create = inception.len > 0,
    };
    enum err err = store_open(&store, &node->store);
    if (err == E_OK)
        room_look(&node->watch, store_db(node->store), node->started_ms);
    if (err == E_OK)
        err = load_feed(node, inception);
    if (err != E_OK)
        node_close(out);
    return err;
}

/* ---- what becomes of commits */

static void note_full(struct node *node, const char *text)
{
    pthread_mutex_lock(&node->lock);
    bool is_news = !node->full;
    node->full = true;
    pthread_mutex_unlock(&node->lock);
    if (!is_news)
        return;
    log_error("node=%s msg=\"the store is full: nothing is recorded until there is room\" detail=\"%s\"",
              node->home.inception.name, text);
    node_poke(node);
}

static void note_failure(struct node *node, enum err err, const char *text)
{
    pthread_mutex_lock(&node->lock);
    bool is_news = node->failure == E_OK;
    if (is_news) {
        node->failure = err;
        snprintf(node->failure_text, sizeof node->failure_text, "%s", text);
    }
    pthread_mutex_unlock(&node->lock);
    if (!is_news)
        return;
    log_error("node=%s msg=\"the store failed\" error=\"%s\" detail=\"%s\"", node->home.inception.name,
              err_name(err), text);
    node_poke(node);
}

enum err node_wrote(struct node *node, enum err err)
{
    if (err == E_FULL)
        note_full(node, err_message());
    if (err == E_IO || err == E_CORRUPT)
        note_failure(node, err, err_message());
    return err;
}

enum err node_may_record(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    enum err err = room_look(&node->watch, store_db(node->store), clock_mono_ms());
    pthread_mutex_unlock(&node->lock);
    return node_wrote(node, err);
}

void node_recorded(struct node *node, uint64_t bytes)
{
    pthread_mutex_lock(&node->lock);
    node->watch.written += bytes;
    pthread_mutex_unlock(&node->lock);
}

enum room node_room(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    enum room room = node->watch.room;
    pthread_mutex_unlock(&node->lock);
    return room;
}

enum err node_failure(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    enum err err = node->failure;
    if (err != E_OK)
        fail(err, "the store failed: %s", node->failure_text);
    pthread_mutex_unlock(&node->lock);
    return err;
}

static bool is_full(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    bool full = node->full;
    pthread_mutex_unlock(&node->lock);
    return full;
}

static bool has_space(struct node *node)
{
    struct db_usage usage;
    return db_usage(store_db(node->store), &usage) == E_OK && room_is_back(&usage);
}

static enum err write_probe(struct node *node)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    uint8_t now[8];
    put_u64(now, clock_wall_ms());
    TRY(store_begin(node->store, &txn));
    store_put(txn, STORE_META, bytes_text("node/probe"), BYTES(now));
    return store_commit(&txn);
}

/* When a store that is full is to be tried again. */
static uint64_t probe(struct node *node, uint64_t now_ms)
{
    if (!is_full(node))
        return UINT64_MAX;
    if (now_ms < node->probe_at_ms)
        return node->probe_at_ms;
    node->probe_at_ms = now_ms + node->options.full_ms;
    if (!has_space(node) || node_wrote(node, write_probe(node)) != E_OK)
        return node->probe_at_ms;
    pthread_mutex_lock(&node->lock);
    node->full = false;
    pthread_mutex_unlock(&node->lock);
    log_info("node=%s msg=\"the store takes records again\"", node->home.inception.name);
    return UINT64_MAX;
}

/* ---- marks */

static enum err write_marks(struct node *node)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(node->store, &txn));
    pthread_mutex_lock(&node->lock);
    outbox_keep(&node->outbox, txn);
    pthread_mutex_unlock(&node->lock);
    TRY(store_commit(&txn));
    pthread_mutex_lock(&node->lock);
    outbox_kept(&node->outbox);
    pthread_mutex_unlock(&node->lock);
    return E_OK;
}

/* The marks that changed, in one small commit. On a full disk they cost nothing but a longer frontier
 * exchange. */
static void keep_marks(struct node *node)
{
    node_wrote(node, write_marks(node));
}

static bool has_marks(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    bool dirty = outbox_is_dirty(&node->outbox);
    pthread_mutex_unlock(&node->lock);
    return dirty;
}

void node_close(struct node **out)
{
    struct node *node = *out;
    if (node == NULL)
        return;
    for (size_t i = 0; i < node->n_uplinks; i++)
        uplink_free(&node->uplinks[i]);
    if (node->store != NULL && node->failure == E_OK && has_marks(node))
        keep_marks(node);
    outbox_clear(&node->outbox);
    store_close(&node->store);
    pthread_mutex_destroy(&node->lock);
    pthread_mutex_destroy(&node->writing);
    home_clear(&node->home);
    free(node);
    *out = NULL;
}

/* ---- peers */

static size_t find_row(const struct peer_row *rows, size_t count, const struct hash *author)
{
    size_t i = 0;
    while (i < count && !hash_equal(&rows[i].author, author))
        i++;
    return i;
}

static void drop_uplink(struct node *node, size_t i)
{
    struct uplink *gone = node->uplinks[i];
    pthread_mutex_lock(&node->lock);
    node->uplinks[i] = node->uplinks[--node->n_uplinks];
    pthread_mutex_unlock(&node->lock);
    uplink_free(&gone);
}

/* Was it joined anew, since the link took its row? What the link itself wrote, it knows. */
static bool differs(const struct peer_row *a, const struct peer_row *b)
{
    return a->since_ms != b->since_ms || a->state != b->state || strcmp(a->endpoint, b->endpoint) != 0 ||
           !key_equal(&a->key, &b->key);
}

static void match_uplinks(struct node *node, const struct peer_row *rows, size_t count)
{
    bool known[PEERS_MAX] = { false };
    for (size_t i = node->n_uplinks; i-- > 0;) {
        const struct peer_row *has = uplink_row(node->uplinks[i]);
        size_t at = find_row(rows, count, &has->author);
        if (at == count) {
            drop_uplink(node, i);
            continue;
        }
        known[at] = true;
        if (differs(has, &rows[at]))
            uplink_update(node->uplinks[i], &rows[at]);
    }
    for (size_t i = 0; i < count; i++) {
        if (known[i])
            continue;
        struct uplink *uplink = uplink_new(node, &rows[i]);
        pthread_mutex_lock(&node->lock);
        node->uplinks[node->n_uplinks++] = uplink;
        pthread_mutex_unlock(&node->lock);
    }
}

static void reload_peers(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    bool changed = node->peers_changed;
    node->peers_changed = false;
    pthread_mutex_unlock(&node->lock);
    if (!changed)
        return;

    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count = 0;
    if (store_read(node->store, &view) != E_OK || peers_load(view, rows, &count) != E_OK) {
        log_error("node=%s msg=\"cannot read the list of peers: %s\"", node->home.inception.name,
                  err_message());
        return;
    }
    store_done(&view);
    match_uplinks(node, rows, count);
}

static void peers_have_changed(struct node *node)
{
    pthread_mutex_lock(&node->lock);
    node->peers_changed = true;
    pthread_mutex_unlock(&node->lock);
    node_poke(node);
}

static enum err check_token(struct node *node, const struct token *token, uint64_t now_ms)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count = 0;
    if (token->name[0] != 0 && strcmp(token->name, node->home.inception.name) != 0)
        return fail(E_DENIED, "the invite is for %s, this node is %s", token->name,
                    node->home.inception.name);
    if (token->expires_ms != 0 && token->expires_ms <= now_ms)
        return fail(E_DENIED, "the invite has expired");
    TRY(store_read(node->store, &view));
    TRY(peers_load(view, rows, &count));
    size_t at = find_row(rows, count, &token->hub_author);
    if (at < count && rows[at].state == PEER_MEMBER)
        return fail(E_EXISTS, "this node has joined %s already", rows[at].name);
    if (at == count && count == PEERS_MAX)
        return fail(E_BUSY, "this node has %d hubs already", PEERS_MAX);
    return E_OK;
}

enum err node_join(struct node *node, const struct token *token, struct peer_row *out)
{
    uint64_t now_ms = clock_wall_ms();
    TRY(check_token(node, token, now_ms));
    peer_from_token(token, now_ms, out);
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(node->store, &txn));
    peer_put(txn, out);
    TRY(node_wrote(node, store_commit(&txn)));
    peers_have_changed(node);
    return E_OK;
}

enum err node_drop_peer(struct node *node, const struct hash *author)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    struct bytes value;
    TRY(store_begin(node->store, &txn));
    if (!store_get_in(txn, STORE_PEERS, BYTES(author->b), &value))
        return fail(E_NOT_FOUND, "no such peer");
    peer_remove(txn, author);
    TRY(node_wrote(node, store_commit(&txn)));
    peers_have_changed(node);
    return E_OK;
}

/* ---- turning */

void node_poke(struct node *node)
{
    if (node->options.poke != NULL)
        node->options.poke(node->options.poke_context);
}

uint64_t node_turn(struct node *node, uint64_t now_ms)
{
    reload_peers(node);
    uint64_t next = probe(node, now_ms);
    for (size_t i = 0; i < node->n_uplinks; i++) {
        uint64_t wanted = uplink_turn(node->uplinks[i], now_ms);
        next = wanted < next ? wanted : next;
    }
    if (!has_marks(node))
        return next;

    uint64_t due = node->marks_kept_ms + node->options.mark_ms;
    if (now_ms >= due) {
        keep_marks(node);
        node->marks_kept_ms = now_ms;
        return next;
    }
    return due < next ? due : next;
}

int node_fd(struct node *node, size_t i)
{
    return i < node->n_uplinks ? uplink_fd(node->uplinks[i]) : -1;
}
