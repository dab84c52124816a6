#include "daemon/carry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/outgoing.h"

enum err carry_init(struct carry *carry, struct node *node, struct face *face,
                    void (*send)(void *context, const struct sync_message *message), void *send_context)
{
    *carry = (struct carry){
        .node = node, .face = face, .hub = face->author, .send = send, .send_context = send_context
    };
    carry->follows = node->options.follow == FOLLOW_OFFICE;
    carry->kept_back = node_room(node) >= ROOM_TIGHT ? node->options.credit_bytes / 2 : 0;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    if (!store_feed(view, &carry->hub, &carry->hub_feed))
        feed_init(&carry->hub_feed, &carry->hub);
    return E_OK;
}

void carry_clear(struct carry *carry)
{
    for (size_t i = 0; i < carry->n_stores; i++)
        accept_batch_clear(&carry->stores[i]);
    free(carry->stores);
    free(carry->fetches);
    *carry = (struct carry){ 0 };
}

static bool is_own(const struct carry *carry, const struct hash *author)
{
    return hash_equal(author, &carry->node->home.author);
}

/* ---- what the machine calls */

static void on_send(void *context, const struct sync_message *message)
{
    struct carry *carry = context;
    carry->send(carry->send_context, message);
}

static void on_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct carry *carry = context;
    if (carry->n_fetches == carry->cap_fetches) {
        carry->cap_fetches = carry->cap_fetches > 0 ? 2 * carry->cap_fetches : 2;
        carry->fetches = mem_resize(carry->fetches, carry->cap_fetches * sizeof *carry->fetches);
    }
    carry->fetches[carry->n_fetches++] = (struct carry_fetch){ *author, from, max_bytes };
}

static void on_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                     struct bytes records)
{
    struct carry *carry = context;
    if (carry->n_stores == carry->cap_stores) {
        carry->cap_stores = carry->cap_stores > 0 ? 2 * carry->cap_stores : 2;
        carry->stores = mem_resize(carry->stores, carry->cap_stores * sizeof *carry->stores);
    }
    struct accept_batch *batch = &carry->stores[carry->n_stores++];
    *batch = (struct accept_batch){ .author = *author, .first_seq = first_seq, .count = count };
    buf_bytes(&batch->records, records);
}

static bool on_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    struct carry *carry = context;
    *mark = (struct sync_mark){ .author = *author };
    if (is_own(carry, author)) {
        pthread_mutex_lock(&carry->node->lock);
        mark->next = carry->node->feed.next;
        mark->head = carry->node->feed.head;
        pthread_mutex_unlock(&carry->node->lock);
        mark->offers = true;
        return true;
    }
    if (!carry->follows || !hash_equal(author, &carry->hub))
        return false;
    mark->next = carry->hub_feed.next;
    mark->head = carry->hub_feed.head;
    mark->wants = true;
    return true;
}

static void on_up(void *context, const struct sync_peer *peer)
{
    struct carry *carry = context;
    carry->up = true;
    carry->peer = *peer;
}

/* The hub's last record of our feed must be ours: else this home is a copy that went its own way, or an old
 * state. */
static enum err check_own(struct carry *carry, struct store_view *view, uint64_t next,
                          const struct hash *head)
{
    if (carry->own_checked || next == 0)
        return E_OK;
    uint64_t position;
    struct bytes entry, salted;
    TRY(store_locate(view, &carry->node->home.author, next - 1, &position));
    TRY(store_at(view, position, &entry, &salted));
    struct hash id = hash_leaf(entry);
    if (!hash_equal(&id, head))
        return fail(E_FORK, "the hub holds another record %" PRIu64 " of this node", next - 1);
    carry->own_checked = true;
    return E_OK;
}

static void on_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct carry *carry = context;
    struct node *node = carry->node;
    AUTO(store_done) struct store_view *view = NULL;
    if (!is_own(carry, author) || store_read(node->store, &view) != E_OK)
        return;

    pthread_mutex_lock(&node->lock);
    uint64_t held = node->feed.next;
    pthread_mutex_unlock(&node->lock);

    enum err err =
        next <= held
            ? check_own(carry, view, next, head)
            : fail(E_GAP, "the hub holds %" PRIu64 " records of this node, its store %" PRIu64, next, held);
    if (err == E_OK) {
        pthread_mutex_lock(&node->lock);
        err = outbox_acked(&node->outbox, view, carry->peer.store_id, next, head);
        pthread_mutex_unlock(&node->lock);
    }
    if (err == E_OK) {
        face_show_taken(node, carry->face, next);
        carry->acknowledged = next;
        return;
    }
    carry->own_stopped = true;
    face_show_refusal(node, carry->face, next, err_message());
    log_error("node=%s seq=%" PRIu64 " msg=\"own feed stopped: %s\"", node->home.inception.name, next,
              err_message());
}

static void on_nacked(void *context, const struct hash *author, uint64_t seq, enum err code, const char *text)
{
    struct carry *carry = context;
    if (!is_own(carry, author))
        return;
    char words[256];
    snprintf(words, sizeof words, "%s: %s", err_name(code), text);
    face_show_refusal(carry->node, carry->face, seq, words);
    log_warn("node=%s seq=%" PRIu64 " msg=\"the hub does not take it: %s\"", carry->node->home.inception.name,
             seq, words);
}

static void on_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct carry *carry = context;
    carry->ended = true;
    carry->end_code = code;
    carry->retry_after_ms = retry_after_ms;
    snprintf(carry->end_text, sizeof carry->end_text, "%s",
             text != NULL && text[0] != 0 ? text : err_name(code));
}

struct sync_host carry_host(struct carry *carry)
{
    return (struct sync_host){
        .context = carry,
        .send = on_send,
        .fetch = on_fetch,
        .store = on_store,
        .stand = on_stand,
        .up = on_up,
        .acked = on_acked,
        .nacked = on_nacked,
        .down = on_down,
    };
}

/* ---- what the turning thread does */

void carry_follow(struct carry *carry, struct sync *sync)
{
    struct sync_mark mark;
    on_stand(carry, &carry->node->home.author, &mark);
    carry->own_told = mark.next;
    sync_follow(sync, &mark);
    if (on_stand(carry, &carry->hub, &mark))
        sync_follow(sync, &mark);
}

void carry_push(struct carry *carry, struct sync *sync, uint64_t now_ms)
{
    struct sync_mark mark;
    on_stand(carry, &carry->node->home.author, &mark);
    if (!carry->up || carry->own_stopped || mark.next <= carry->own_told)
        return;
    carry->own_told = mark.next;
    sync_grown(sync, &mark.author, mark.next, &mark.head, now_ms);
}

/* How many records from `from` on this node knows that it has. The store may be ahead of it by a commit that
 * its author has not told of yet; an acknowledgement of those would be one of records that nobody knows. */
static size_t known_from(struct node *node, uint64_t from)
{
    pthread_mutex_lock(&node->lock);
    uint64_t next = node->feed.next;
    pthread_mutex_unlock(&node->lock);
    uint64_t known = next > from ? next - from : 0;
    return known < node->options.run_records ? (size_t)known : node->options.run_records;
}

static enum err pack(struct carry *carry, const struct carry_fetch *fetch, struct buf *out, size_t *count)
{
    struct node *node = carry->node;
    uint64_t held = 0;
    *count = 0;
    size_t max_count = known_from(node, fetch->from);
    if (!is_own(carry, &fetch->author) || carry->own_stopped || max_count == 0)
        return E_OK;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    size_t max_bytes =
        fetch->max_bytes < node->options.batch_bytes ? fetch->max_bytes : node->options.batch_bytes;
    TRY(outgoing_pack(view, &fetch->author, fetch->from, max_bytes, max_count, carry->peer.role == SYNC_HUB,
                      out, count, &held));
    pthread_mutex_lock(&node->lock);
    outbox_sent(&node->outbox, fetch->from, fetch->from + *count, held);
    node->counters.batches++;
    node->counters.batch_records += *count;
    pthread_mutex_unlock(&node->lock);
    return E_OK;
}

static void serve_fetch(struct carry *carry, struct sync *sync, uint64_t now_ms)
{
    struct carry_fetch fetch = carry->fetches[0];
    carry->n_fetches--;
    memmove(carry->fetches, carry->fetches + 1, carry->n_fetches * sizeof *carry->fetches);

    AUTO(buf_clear) struct buf records = { 0 };
    size_t count = 0;
    if (pack(carry, &fetch, &records, &count) != E_OK) {
        log_error("node=%s msg=\"cannot read records to send: %s\"", carry->node->home.inception.name,
                  err_message());
        count = 0;
        records.len = 0;
    }
    sync_fetched(sync, &fetch.author, fetch.from, (uint32_t)count, buf_view(&records), now_ms);
}

/* While room is tight half of the credit is kept back, and given again when it is not. */
static uint64_t credit_back(struct carry *carry, uint64_t bytes)
{
    uint64_t half = carry->node->options.credit_bytes / 2;
    if (node_room(carry->node) < ROOM_TIGHT) {
        bytes += carry->kept_back;
        carry->kept_back = 0;
        return bytes;
    }
    uint64_t lacks = carry->kept_back < half ? half - carry->kept_back : 0;
    uint64_t kept = bytes < lacks ? bytes : lacks;
    carry->kept_back += kept;
    return bytes - kept;
}

static void answer_store(struct carry *carry, struct sync *sync, const struct accept_batch *batch,
                         uint64_t before, uint64_t now_ms)
{
    uint64_t bytes = credit_back(carry, batch->records.len);
    node_recorded(carry->node, batch->records.len);
    if (batch->code == E_OK) {
        sync_stored(sync, &batch->author, batch->next, &batch->head, bytes, now_ms);
        return;
    }
    if (batch->next > before)
        sync_stored(sync, &batch->author, batch->next, &batch->head, 0, now_ms);
    sync_refused(sync, &batch->author, batch->refused_seq, batch->code, batch->final, batch->text, bytes,
                 now_ms);
    log_warn("node=%s feed=office seq=%" PRIu64 " code=\"%s\" final=%d msg=\"refused: %s\"",
             carry->node->home.inception.name, batch->refused_seq, err_name(batch->code), batch->final,
             batch->text);
}

static void count_stores(struct node *node, uint64_t before, uint64_t after,
                         const struct accept_batch *batches, size_t count)
{
    pthread_mutex_lock(&node->lock);
    node->counters.received += after - before;
    for (size_t i = 0; i < count; i++)
        node->counters.refused += batches[i].code != E_OK && batches[i].final;
    pthread_mutex_unlock(&node->lock);
}

static void serve_stores(struct carry *carry, struct sync *sync, uint64_t now_ms)
{
    struct accept_batch *batches = carry->stores;
    size_t count = carry->n_stores;
    carry->stores = NULL;
    carry->n_stores = carry->cap_stores = 0;

    uint64_t before = carry->hub_feed.next;
    enum err err = node_may_record(carry->node);
    if (err == E_OK)
        err = node_wrote(carry->node, accept_batches(carry->node->store, &carry->hub_feed, batches, count));
    if (err == E_OK)
        count_stores(carry->node, before, carry->hub_feed.next, batches, count);
    for (size_t i = 0; i < count; i++) {
        if (err == E_OK)
            answer_store(carry, sync, &batches[i], before, now_ms);
        else /* nothing of it is on disk: offer it again later */
            sync_refused(sync, &batches[i].author, batches[i].first_seq, err, false, err_name(err),
                         credit_back(carry, batches[i].records.len), now_ms);
        accept_batch_clear(&batches[i]);
    }
    free(batches);
}

void carry_count(struct carry *carry, const struct sync *sync)
{
    uint64_t stale = sync_stale(sync);
    pthread_mutex_lock(&carry->node->lock);
    carry->node->counters.stale += stale - carry->stale;
    pthread_mutex_unlock(&carry->node->lock);
    carry->stale = stale;
}

bool carry_serve(struct carry *carry, struct sync *sync, uint64_t now_ms)
{
    bool served = false;
    if (carry->n_stores > 0) {
        serve_stores(carry, sync, now_ms);
        served = true;
    }
    while (carry->n_fetches > 0 && !carry->ended) {
        serve_fetch(carry, sync, now_ms);
        served = true;
    }
    return served;
}
