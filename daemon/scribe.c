#include "daemon/scribe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define CHANGE_OF_UPSERT 4U /* Change: a source was read again */

/* Records being written, until they are durable. */
struct draft {
    struct node *node;
    struct store_view *view; /* as it was before */
    struct store_txn *txn;
    struct feed feed; /* with the records so far */
    uint64_t first;   /* seq of the first of them */
    uint64_t bytes;   /* of the whole feed, with them */
    struct buf packed;
    size_t *offsets; /* of each record in packed */
};

static enum err draft_open(struct node *node, size_t max_records, struct draft *out)
{
    pthread_mutex_lock(&node->writing);
    pthread_mutex_lock(&node->lock);
    *out = (struct draft){ .node = node, .feed = node->feed, .bytes = node->outbox.bytes };
    pthread_mutex_unlock(&node->lock);
    out->first = out->feed.next;
    out->offsets = mem_alloc(max_records * sizeof *out->offsets);
    TRY(store_read(node->store, &out->view));
    return store_begin(node->store, &out->txn);
}

static void draft_clear(struct draft *draft)
{
    store_abort(&draft->txn);
    store_done(&draft->view);
    buf_clear(&draft->packed);
    free(draft->offsets);
    if (draft->node != NULL)
        pthread_mutex_unlock(&draft->node->writing);
    draft->node = NULL;
}

/* The record at seq, held or drafted. It borrows: valid until the next one is drafted. */
static enum err own_record(struct draft *draft, uint64_t seq, struct record *out)
{
    if (seq >= draft->first && seq < draft->feed.next) {
        size_t offset = draft->offsets[seq - draft->first];
        struct bytes rest = bytes_of(draft->packed.data + offset, draft->packed.len - offset);
        return run_next(&rest, out);
    }
    uint64_t position;
    struct bytes entry, salted;
    TRY(store_locate(draft->view, &draft->feed.author, seq, &position));
    TRY(store_at(draft->view, position, &entry, &salted));
    TRY(record_parse(entry, out));
    record_open(out, salted);
    return E_OK;
}

/* The latest statement about an engagement; false when there is none. */
static bool latest(struct draft *draft, const uint8_t engagement[static 16], uint64_t *seq)
{
    struct bytes value;
    if (!store_get_in(draft->txn, STORE_SUBJECTS, bytes_of(engagement, 16), &value) || value.len != 8)
        return false;
    *seq = get_u64(value.data);
    return true;
}

/* Only engagements and their retractions take turns; an attestation of the same subject stands beside them.
 */
static bool takes_turns(uint32_t type)
{
    return type == TYPE_ENGAGEMENT || type == TYPE_RETRACTION;
}

static enum err append(struct draft *draft, uint32_t type, enum visibility visibility, struct bytes payload,
                       struct scribe_result *result)
{
    uint8_t salt[SALT_BYTES];
    random_bytes(salt, sizeof salt);
    size_t offset = draft->packed.len;
    result->seq = draft->feed.next;
    TRY(feed_append(&draft->feed, &draft->node->home.record, KIND_STATEMENT, (uint16_t)visibility, type,
                    clock_wall_ms(), salt, payload, &draft->packed));
    draft->offsets[result->seq - draft->first] = offset;
    draft->bytes += ENTRY_BYTES + SALT_BYTES + payload.len;
    result->id = draft->feed.head;
    if (takes_turns(type)) {
        uint8_t value[8];
        put_u64(value, result->seq);
        store_put(draft->txn, STORE_SUBJECTS, BYTES(result->engagement), BYTES(value));
    }
    return E_OK;
}

static enum err put_records(struct draft *draft)
{
    size_t count = (size_t)(draft->feed.next - draft->first);
    AUTO(free_ptr) struct record *records = mem_alloc(count * sizeof *records);
    struct bytes rest = buf_view(&draft->packed);
    for (size_t i = 0; i < count; i++)
        TRY(run_next(&rest, &records[i]));
    store_append(draft->txn, &draft->feed, records, count);
    outbox_keep_total(draft->txn, draft->feed.next, draft->bytes);
    return store_commit(&draft->txn);
}

/* Durable first; only then does anybody see the records. */
static enum err draft_commit(struct draft *draft)
{
    if (draft->feed.next == draft->first)
        return E_OK;
    TRY(node_wrote(draft->node, put_records(draft)));

    struct node *node = draft->node;
    pthread_mutex_lock(&node->lock);
    node->feed = draft->feed;
    outbox_grown(&node->outbox, draft->feed.next, draft->bytes);
    node->counters.written += draft->feed.next - draft->first;
    node->counters.commits++;
    pthread_mutex_unlock(&node->lock);
    node_poke(node);
    return E_OK;
}

/* There is a statement of the same engagement: the same again changes nothing, another amends it. What was
 * retracted stays retracted: a source that is read again does not know of it. */
static enum err upsert(struct draft *draft, const struct scribe_put *put, struct bytes payload, uint64_t seq,
                       struct scribe_result *result)
{
    struct record old;
    TRY(own_record(draft, seq, &old));
    if (old.header.payload_type == TYPE_RETRACTION) {
        result->seq = seq;
        result->id = old.id;
        result->outcome = SCRIBE_RETRACTED;
        return E_OK;
    }
    if (old.header.payload_type != put->type || !old.has_payload)
        return append(draft, put->type, put->visibility, payload, result);

    if (record_visibility(&old) == put->visibility && statement_same(put->type, old.payload, payload)) {
        *result = (struct scribe_result){ .seq = seq, .id = old.id, .outcome = SCRIBE_UNCHANGED };
        return statement_subject(&draft->feed.author, payload, result->engagement);
    }
    AUTO(buf_clear) struct buf amended = { 0 };
    TRY(statement_amend(old.payload, payload, seq, CHANGE_OF_UPSERT, &amended));
    result->outcome = SCRIBE_AMENDED;
    return append(draft, put->type, put->visibility, buf_view(&amended), result);
}

static enum err put_one(struct draft *draft, const struct scribe_put *put, struct bytes payload,
                        struct scribe_result *result)
{
    if (payload.len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes; at most %u", payload.len, MAX_PAYLOAD_BYTES);
    *result = (struct scribe_result){ .outcome = SCRIBE_ADDED };
    enum err err = statement_subject(&draft->feed.author, payload, result->engagement);
    if (err == E_NOT_FOUND)
        return fail(E_MALFORMED, "a statement needs a nonce or a subject of 16 bytes");
    TRY(err);

    uint64_t seq;
    if (!takes_turns(put->type) || !latest(draft, result->engagement, &seq))
        return append(draft, put->type, put->visibility, payload, result);
    if (put->upsert)
        return upsert(draft, put, payload, seq, result);
    char id[ID16_TEXT_LEN + 1];
    id16_encode(result->engagement, id);
    return fail(E_EXISTS, "record %" PRIu64 " speaks about engagement %s already", seq, id);
}

enum err scribe_put(struct node *node, const struct scribe_put *put, struct scribe_result *results)
{
    if (put->type < 1 || put->type > 99 || put->type == TYPE_RETRACTION)
        return fail(E_USAGE, "payload type %u is not a statement that can be added", put->type);
    if (put->count > SCRIBE_MAX_PAYLOADS)
        return fail(E_TOO_BIG, "%zu payloads at once; at most %u", put->count, SCRIBE_MAX_PAYLOADS);

    AUTO(draft_clear) struct draft draft = { 0 };
    TRY(draft_open(node, put->count, &draft));
    for (size_t i = 0; i < put->count; i++)
        TRY(put_one(&draft, put, put->payloads[i], &results[i]));
    return draft_commit(&draft);
}

/* The latest own statement about engagement, with its payload. */
static enum err current(struct draft *draft, const uint8_t engagement[static 16], struct record *out)
{
    uint64_t seq;
    char id[ID16_TEXT_LEN + 1];
    id16_encode(engagement, id);
    if (!latest(draft, engagement, &seq))
        return fail(E_NOT_FOUND, "no statement of ours about engagement %s", id);
    TRY(own_record(draft, seq, out));
    if (!out->has_payload)
        return fail(E_NOT_FOUND, "the payload of record %" PRIu64 " is not here any more", seq);
    return E_OK;
}

enum err scribe_amend(struct node *node, const uint8_t engagement[static 16], struct bytes payload,
                      uint32_t change, struct scribe_result *result)
{
    if (payload.len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes; at most %u", payload.len, MAX_PAYLOAD_BYTES);
    AUTO(draft_clear) struct draft draft = { 0 };
    TRY(draft_open(node, 1, &draft));
    struct record old;
    TRY(current(&draft, engagement, &old));
    if (old.header.payload_type != TYPE_ENGAGEMENT)
        return fail(E_UNMET, "record %" PRIu64 " retracted it", old.header.seq);

    AUTO(buf_clear) struct buf amended = { 0 };
    TRY(statement_amend(old.payload, payload, old.header.seq, change, &amended));
    if (amended.len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes; at most %u", amended.len, MAX_PAYLOAD_BYTES);
    *result = (struct scribe_result){ .outcome = SCRIBE_AMENDED };
    memcpy(result->engagement, engagement, 16);
    TRY(append(&draft, TYPE_ENGAGEMENT, record_visibility(&old), buf_view(&amended), result));
    return draft_commit(&draft);
}

enum err scribe_retract(struct node *node, const uint8_t engagement[static 16], uint32_t reason,
                        const char *note, struct scribe_result *result)
{
    AUTO(draft_clear) struct draft draft = { 0 };
    TRY(draft_open(node, 1, &draft));
    struct record old;
    TRY(current(&draft, engagement, &old));
    if (old.header.payload_type == TYPE_RETRACTION)
        return fail(E_EXISTS, "record %" PRIu64 " has retracted it already", old.header.seq);

    AUTO(buf_clear) struct buf payload = { 0 };
    TRY(retraction_write(old.payload, reason, note, &payload));
    *result = (struct scribe_result){ .outcome = SCRIBE_RETRACTED };
    memcpy(result->engagement, engagement, 16);
    TRY(append(&draft, TYPE_RETRACTION, record_visibility(&old), buf_view(&payload), result));
    return draft_commit(&draft);
}

struct finding {
    const uint8_t *low, *high;
    uint8_t *engagement;
    size_t count;
};

static bool find_one(void *context, struct bytes key, struct bytes value)
{
    struct finding *f = context;
    (void)value;
    if (key.len != 16 || memcmp(key.data, f->low, 16) < 0)
        return true;
    if (memcmp(key.data, f->high, 16) > 0)
        return false;
    memcpy(f->engagement, key.data, 16);
    return ++f->count < 2;
}

enum err scribe_find(struct store_view *view, const uint8_t low[static 16], const uint8_t high[static 16],
                     uint8_t engagement[static 16])
{
    /* The bytes that low and high have in common narrow the walk. */
    size_t common = 0;
    while (common < 16 && low[common] == high[common])
        common++;
    struct finding f = { low, high, engagement, 0 };
    store_each(view, STORE_SUBJECTS, bytes_of(low, common), find_one, &f);
    if (f.count == 0)
        return fail(E_NOT_FOUND, "no statement of ours about such an engagement");
    if (f.count > 1)
        return fail(E_UNMET, "several engagements begin so: give more of the id");
    return E_OK;
}

bool scribe_latest(struct store_view *view, const uint8_t engagement[static 16], uint64_t *seq)
{
    struct bytes value;
    if (!store_get(view, STORE_SUBJECTS, bytes_of(engagement, 16), &value) || value.len != 8)
        return false;
    *seq = get_u64(value.data);
    return true;
}

const char *scribe_outcome_word(enum scribe_outcome outcome)
{
    static const char *const words[] = { "added", "amended", "unchanged", "retracted" };
    return words[outcome];
}
