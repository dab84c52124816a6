#include "core/sync_private.h"

#include <inttypes.h>
#include <stdio.h>

/* While answers are under way, less than this part of a full batch is not worth a run and its signature:
 * wait for more credit (the silly window of TCP). */
#define CRUMB 16
/* So often a refused batch is offered again at once because there is more behind it; then only with backoff.
 */
#define EAGER_TRIES 3

void sync_flow_credit(struct sync *sync, uint64_t bytes)
{
    int64_t room = SYNC_CREDIT_MAX - sync->send_credit;
    sync->under_way -= bytes < sync->under_way ? bytes : sync->under_way;
    sync->send_credit += bytes < (uint64_t)room ? (int64_t)bytes : room;
}

/* ---- the queue of feeds that have something to send, served in turn */

static bool may_send(const struct sync_feed *feed)
{
    return feed->met && feed->offers && feed->peer_wants && !feed->stopped && !feed->fetching &&
           feed->retry_at_ms == 0 && feed->sent < feed->next;
}

void sync_flow_queue(struct sync *sync, struct sync_feed *feed)
{
    if (feed->ready || !may_send(feed))
        return;
    uint32_t place = (uint32_t)(feed - sync->feeds) + 1;
    feed->ready = true;
    feed->ready_next = 0;
    if (sync->ready_last != 0)
        sync->feeds[sync->ready_last - 1].ready_next = place;
    else
        sync->ready_first = place;
    sync->ready_last = place;
}

static struct sync_feed *take_ready(struct sync *sync)
{
    if (sync->ready_first == 0)
        return NULL;
    struct sync_feed *feed = &sync->feeds[sync->ready_first - 1];
    sync->ready_first = feed->ready_next;
    if (sync->ready_first == 0)
        sync->ready_last = 0;
    feed->ready = false;
    return feed;
}

static void fetch(struct sync *sync, struct sync_feed *feed, int64_t room)
{
    feed->reserved = room < sync->batch_bytes ? (uint32_t)room : sync->batch_bytes;
    feed->fetching = true;
    sync->reserved += feed->reserved;
    sync->fetching++;
    sync->host.fetch(sync->host.context, &feed->author, feed->sent, feed->reserved);
}

void sync_flow_pump(struct sync *sync)
{
    while (sync->state == SYNC_UP && sync->ready_first != 0) {
        int64_t room = sync->send_credit - (int64_t)sync->reserved;
        /* A receiver may keep records whose voucher is yet to come: it gives their credit back, and
         * acknowledges them no sooner than more has come. */
        bool is_idle = (sync->unacked == 0 || sync->under_way == 0) && sync->fetching == 0;
        if (room <= 0 || (room < sync->batch_bytes / CRUMB && !is_idle))
            return;
        struct sync_feed *feed = take_ready(sync);
        if (may_send(feed))
            fetch(sync, feed, room);
    }
}

static void note_unacked(struct sync *sync, struct sync_feed *feed, bool unacked)
{
    if (feed->unacked == unacked)
        return;
    feed->unacked = unacked;
    if (unacked)
        sync->unacked++;
    else
        sync->unacked--;
}

/* ---- sending */

static void wait_a_while(struct sync *sync, struct sync_feed *feed, uint64_t now_ms)
{
    uint64_t wait = sync->options.retry_min_ms;
    for (unsigned i = 1; i < feed->tries && wait < sync->options.retry_max_ms; i++)
        wait *= 2;
    if (wait > sync->options.retry_max_ms)
        wait = sync->options.retry_max_ms;
    feed->retry_at_ms = now_ms + wait;
    if (feed->retry_at_ms < sync->next_retry_ms)
        sync->next_retry_ms = feed->retry_at_ms;
}

static void count_try(struct sync_feed *feed)
{
    if (feed->tries < UINT8_MAX)
        feed->tries++;
}

void sync_flow_retry(struct sync *sync, uint64_t now_ms)
{
    sync->next_retry_ms = SYNC_NEVER;
    for (uint32_t i = 0; i < sync->count; i++) {
        struct sync_feed *feed = &sync->feeds[i];
        if (feed->retry_at_ms == 0)
            continue;
        if (feed->retry_at_ms <= now_ms) {
            feed->retry_at_ms = 0;
            feed->later = false;
            sync_flow_queue(sync, feed);
        } else if (feed->retry_at_ms < sync->next_retry_ms) {
            sync->next_retry_ms = feed->retry_at_ms;
        }
    }
    sync_flow_pump(sync);
}

static void send_batch(struct sync *sync, struct sync_feed *feed, uint32_t count, struct bytes records)
{
    struct sync_message m = { .type = SYNC_BATCH };
    m.batch.author = feed->author;
    m.batch.first_seq = feed->sent;
    m.batch.count = count;
    m.batch.records = records;
    feed->last_first = feed->sent;
    feed->sent += count;
    note_unacked(sync, feed, true);
    sync->send_credit -= (int64_t)records.len;
    sync->under_way += records.len;
    sync_send(sync, &m);
}

void sync_fetched(struct sync *sync, const struct hash *author, uint64_t from, uint32_t count,
                  struct bytes records, uint64_t now_ms)
{
    struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL || !feed->fetching)
        return;
    feed->fetching = false;
    sync->fetching--;
    sync->reserved -= feed->reserved;
    if (sync->state != SYNC_UP)
        return;
    /* Another feed's fetch may have overrun the credit meanwhile: then these are fetched again when there is
     * some. */
    bool fits = sync->send_credit > 0 && (count == 1 || (int64_t)records.len <= sync->send_credit);
    bool is_due = from == feed->sent && may_send(feed);
    if (is_due && count == 0) {
        count_try(feed);
        wait_a_while(sync, feed, now_ms);
    } else if (is_due && fits) {
        send_batch(sync, feed, count, records);
    }
    sync_flow_queue(sync, feed);
    sync_flow_pump(sync);
}

/* ---- where the peer stands */

static uint64_t head_start(const struct hash *head)
{
    return get_u64(head->b);
}

static void stop(struct sync *sync, struct sync_feed *feed)
{
    feed->stopped = true;
    feed->retry_at_ms = 0;
    note_unacked(sync, feed, false);
}

static void stop_forked(struct sync *sync, struct sync_feed *feed)
{
    char text[96];
    snprintf(text, sizeof text, "the peer holds another record at %" PRIu64, feed->next - 1);
    stop(sync, feed);
    sync->host.nacked(sync->host.context, &feed->author, feed->next - 1, E_FORK, text);
}

static void tell_behind(struct sync *sync, struct sync_feed *feed)
{
    feed->behind = true;
    if (feed->wants && feed->peer_offers)
        return; /* it will send what we lack */
    char text[128];
    snprintf(text, sizeof text, "the peer holds %" PRIu64 " records, we hold %" PRIu64 ": nothing is sent",
             feed->peer_next, feed->next);
    sync->host.nacked(sync->host.context, &feed->author, feed->next, E_GAP, text);
}

/* The peer holds 0 .. next-1, ending in head. */
static void peer_holds(struct sync *sync, struct sync_feed *feed, uint64_t next, const struct hash *head)
{
    if (next <= feed->peer_next)
        return;
    /* A fetch may have seen records that sync_grown has yet to tell of. */
    uint64_t ours = feed->sent > feed->next ? feed->sent : feed->next;
    feed->peer_next = next;
    feed->peer_head = head_start(head);
    if (feed->sent < next)
        feed->sent = next;
    if (feed->sent == next)
        note_unacked(sync, feed, false);
    if (!feed->offers)
        return;
    if (next > ours)
        tell_behind(sync, feed);
    else if (next == feed->next && !hash_equal(head, &feed->head))
        stop_forked(sync, feed);
    else
        sync->host.acked(sync->host.context, &feed->author, next, head);
}

void sync_flow_met(struct sync *sync, struct sync_feed *feed, const struct sync_mark *mark)
{
    feed->met = true;
    feed->peer_offers = mark->offers;
    feed->peer_wants = mark->wants;
    if (feed->stopped && mark->wants) { /* it asks anew */
        feed->stopped = false;
        feed->tries = 0;
        feed->sent = feed->peer_next;
    }
    peer_holds(sync, feed, mark->next, &mark->head);
    sync_flow_queue(sync, feed);
}

void sync_flow_echo(struct sync *sync, struct sync_feed *feed, uint64_t next)
{
    if (next <= feed->peer_next)
        return;
    feed->peer_next = next;
    feed->peer_head = 0;
    if (feed->sent < next)
        feed->sent = next;
    if (feed->sent == next)
        note_unacked(sync, feed, false);
}

void sync_flow_grown(struct sync *sync, struct sync_feed *feed, uint64_t next, const struct hash *head)
{
    if (next <= feed->next)
        return;
    bool was_behind = feed->next < feed->peer_next;
    feed->next = next;
    feed->head = *head;
    if (feed->expected < next)
        feed->expected = next;
    if (!feed->later)
        feed->retry_at_ms = 0;
    if (was_behind && next >= feed->peer_next) {
        feed->behind = false;
        if (next == feed->peer_next && feed->peer_head != 0 && feed->peer_head != head_start(head) &&
            feed->offers)
            stop_forked(sync, feed);
    }
    sync_flow_queue(sync, feed);
}

void sync_grown(struct sync *sync, const struct hash *author, uint64_t next, const struct hash *head,
                uint64_t now_ms)
{
    (void)now_ms;
    struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL)
        return;
    sync_flow_grown(sync, feed, next, head);
    sync_flow_pump(sync);
}

/* ---- the peer's answers */

static enum err offered_feed(const struct sync *sync, const struct hash *author, struct sync_feed **feed)
{
    *feed = sync_feed_find(sync, author);
    if (*feed == NULL || !(*feed)->announced)
        return fail(E_DENIED, "an answer about a feed that was not offered");
    return E_OK;
}

enum err sync_take_ack(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)now_ms;
    struct sync_feed *feed;
    TRY(offered_feed(sync, &message->ack.author, &feed));
    uint64_t next = message->ack.next;
    if ((next == 0) != hash_is_zero(&message->ack.head))
        return fail(E_MALFORMED, "an acknowledgement whose head does not go with its length");
    sync_flow_credit(sync, message->ack.credit_bytes);
    if (next > feed->peer_next) {
        feed->tries = 0;
        feed->later = false;
        feed->retry_at_ms = 0;
        peer_holds(sync, feed, next, &message->ack.head);
    }
    sync_flow_queue(sync, feed);
    sync_flow_pump(sync);
    return E_OK;
}

/* Refused for now. What is worth offering again at once: a run that was cut too early, with more behind it.
 */
static void offer_again(struct sync *sync, struct sync_feed *feed, uint64_t seq, enum err code,
                        uint64_t now_ms)
{
    bool has_more = seq < feed->last_first || feed->sent < feed->next;
    feed->later = code != E_BAD_SIGNATURE && code != E_GAP;
    feed->sent = seq > feed->peer_next ? seq : feed->peer_next;
    note_unacked(sync, feed, false);
    count_try(feed);
    if (feed->later || !has_more || feed->tries > EAGER_TRIES)
        wait_a_while(sync, feed, now_ms);
}

enum err sync_take_nack(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    struct sync_feed *feed;
    TRY(offered_feed(sync, &message->nack.author, &feed));
    uint64_t seq = message->nack.seq;
    bool is_late = seq > feed->sent && seq <= feed->next && !message->nack.final;
    if (seq > feed->sent && !is_late)
        return fail(E_DENIED, "record %" PRIu64 " is refused, %" PRIu64 " were sent", seq, feed->sent);
    sync_flow_credit(sync, message->nack.credit_bytes);
    /* One about what was sent before we went back to the first that was refused is no news. */
    if (!feed->stopped && !is_late) {
        if (message->nack.final)
            stop(sync, feed);
        else
            offer_again(sync, feed, seq, message->nack.code, now_ms);
        sync->host.nacked(sync->host.context, &feed->author, seq, message->nack.code, message->nack.text);
    }
    sync_flow_queue(sync, feed);
    sync_flow_pump(sync);
    return E_OK;
}

enum err sync_take_credit(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)now_ms;
    sync_flow_credit(sync, message->credit.bytes);
    sync_flow_pump(sync);
    return E_OK;
}
