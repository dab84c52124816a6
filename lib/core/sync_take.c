#include "core/sync_private.h"

#include <inttypes.h>
#include <stdio.h>

static void restore_credit(struct sync *sync, uint64_t bytes)
{
    int64_t room = SYNC_CREDIT_MAX - sync->take_credit;
    sync->take_credit += bytes < (uint64_t)room ? (int64_t)bytes : room;
}

void sync_grant(struct sync *sync, uint64_t bytes, uint64_t now_ms)
{
    (void)now_ms;
    if (sync->state == SYNC_IDLE || sync->state == SYNC_GREETING) {
        sync->granted_early += bytes;
        return;
    }
    if (sync->state != SYNC_UP || bytes == 0)
        return;
    restore_credit(sync, bytes);
    struct sync_message m = { .type = SYNC_CREDIT };
    m.credit.bytes = bytes;
    sync_send(sync, &m);
}

static void refuse(struct sync *sync, const struct hash *author, uint64_t seq, enum err code, bool final,
                   const char *text, uint64_t bytes)
{
    restore_credit(sync, bytes);
    struct sync_message m = { .type = SYNC_NACK };
    m.nack.author = *author;
    m.nack.seq = seq;
    m.nack.code = code;
    m.nack.final = final;
    m.nack.credit_bytes = bytes;
    snprintf(m.nack.text, sizeof m.nack.text, "%s", text);
    sync_send(sync, &m);
}

/* What can be told without looking into the records. */
static enum err check_shape(uint64_t first_seq, uint32_t count, size_t len)
{
    if (count == 0 || len / (ENTRY_BYTES + 1) < count)
        return fail(E_MALFORMED, "a batch of %" PRIu32 " records in %zu bytes", count, len);
    if (count == 1 && len > SYNC_RECORD_MAX)
        return fail(E_MALFORMED, "a record of %zu bytes", len);
    if (first_seq > UINT64_MAX - count)
        return fail(E_MALFORMED, "a batch past the last sequence number");
    return E_OK;
}

static enum err check_credit(const struct sync *sync, uint32_t count, size_t len)
{
    if (count > 1 && len > sync->options.self.max_batch_bytes)
        return fail(E_DENIED, "a batch of %zu bytes where %" PRIu32 " are allowed", len,
                    sync->options.self.max_batch_bytes);
    if (sync->take_credit <= 0 || (count > 1 && (int64_t)len > sync->take_credit))
        return fail(E_DENIED, "a batch of %zu bytes with %" PRId64 " of credit left", len, sync->take_credit);
    return E_OK;
}

enum err sync_take_batch(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    const struct hash *author = &message->batch.author;
    uint64_t first = message->batch.first_seq;
    uint32_t count = message->batch.count;
    size_t len = message->batch.records.len;
    TRY(check_shape(first, count, len));
    TRY(check_credit(sync, count, len));
    struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL || !feed->announced)
        return fail(E_DENIED, "records of a feed that was not asked for");

    sync->take_credit -= (int64_t)len;
    bool is_ahead = first > feed->expected;
    if (!feed->wants || feed->refused || (is_ahead && feed->skipping)) {
        sync_grant(sync, len, now_ms); /* were under way when we said so */
        return E_OK;
    }
    if (is_ahead) {
        feed->skipping = true;
        refuse(sync, author, feed->expected, E_GAP, false, "records are missing before these", len);
        return E_OK;
    }
    feed->skipping = false;
    if (first + count > feed->expected)
        feed->expected = first + count;
    sync_flow_echo(sync, feed, first + count);
    sync->host.store(sync->host.context, author, first, count, message->batch.records);
    return E_OK;
}

void sync_stored(struct sync *sync, const struct hash *author, uint64_t next, const struct hash *head,
                 uint64_t bytes, uint64_t now_ms)
{
    (void)now_ms;
    struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL)
        return;
    sync_flow_grown(sync, feed, next, head);
    if (sync->state != SYNC_UP)
        return;
    restore_credit(sync, bytes);
    struct sync_message m = { .type = SYNC_ACK };
    m.ack.author = *author;
    m.ack.next = feed->next;
    m.ack.head = feed->head;
    m.ack.credit_bytes = bytes;
    sync_send(sync, &m);
    sync_flow_pump(sync);
}

void sync_refused(struct sync *sync, const struct hash *author, uint64_t seq, enum err code, bool final,
                  const char *text, uint64_t bytes, uint64_t now_ms)
{
    struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL)
        return;
    /* Batches that were handed over before the refusal of the one in front of them: the peer knows, and may
     * have begun anew before that. */
    if (feed->refused || (!final && (feed->skipping || seq > feed->expected))) {
        sync_grant(sync, bytes, now_ms);
        return;
    }
    feed->refused = final;
    if (!final) {
        feed->skipping = true;
        feed->expected = seq > feed->next ? seq : feed->next; /* other links bring records, too */
    }
    if (sync->state == SYNC_UP)
        refuse(sync, author, seq, code, final, text, bytes);
}
