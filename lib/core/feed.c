#include "core/feed.h"

#include <inttypes.h>

#include "core/run.h"
#include "core/statement.h"

void feed_init(struct feed *feed, const struct hash *author)
{
    *feed = (struct feed){ .author = *author };
}

static enum err check_payload(const struct record *r)
{
    if (r->header.kind != KIND_STATEMENT && !r->has_payload)
        return fail(E_MALFORMED,
                    "seq %" PRIu64
                    ": a record of kind %u needs its payload, and this one's is missing or differs",
                    r->header.seq, r->header.kind);
    return r->header.kind == KIND_IDENTITY ? identity_check(r) : E_OK;
}

static bool opens_epoch(const struct header *h)
{
    return h->kind == KIND_IDENTITY && (h->payload_type == TYPE_ROTATION || h->payload_type == TYPE_RECOVERY);
}

/* All but the signature, in the order of doc/PROTOCOL.md. */
static enum err check_structure(const struct feed *feed, const struct record *r)
{
    const struct header *h = &r->header;
    uint64_t seq = h->seq;
    if (!hash_equal(&h->author, &feed->author))
        return fail(E_MALFORMED, "seq %" PRIu64 " is a record of another author", seq);
    TRY(check_payload(r));
    if (h->seq > 0 && feed->next == 0)
        return fail(E_UNKNOWN_AUTHOR, "seq %" PRIu64 ": no inception of its author is held", seq);
    if (h->seq < feed->next)
        return fail(E_EXISTS, "seq %" PRIu64 " is held already", seq);
    if (h->seq > feed->next)
        return fail(E_GAP, "seq %" PRIu64 " came, %" PRIu64 " is next", seq, feed->next);
    if (!hash_equal(&h->prev, &feed->head))
        return fail(E_BROKEN_CHAIN, "seq %" PRIu64 " does not continue the record before it", seq);
    if (h->epoch != (uint64_t)feed->epoch + opens_epoch(h))
        return fail(E_EPOCH, "seq %" PRIu64 " is of epoch %" PRIu32 ", %" PRIu32 " is open", seq, h->epoch,
                    feed->epoch);
    return E_OK;
}

static void advance(struct feed *feed, const struct record *r)
{
    feed->next = r->header.seq + 1;
    feed->head = r->id;
}

/* A kind-2 record: what it says about the keys is applied first, since a new key signs its own header. */
static enum err take_identity(struct feed *feed, const struct record *r)
{
    struct feed changed = *feed;
    TRY(identity_apply(&changed, r));
    if (!record_verify(r, &changed.record_key))
        return fail(E_BAD_SIGNATURE, "seq %" PRIu64 ": the signature of an identity event is not valid",
                    r->header.seq);
    advance(&changed, r);
    *feed = changed;
    return E_OK;
}

/* The furthest record in [first, end) whose own signature verifies and which vouches for `first`; end when
 * there is none. */
static size_t find_voucher(const struct feed *feed, const struct record *records, size_t first, size_t end)
{
    size_t last = end - first < MAX_RUN_RECORDS ? end : first + MAX_RUN_RECORDS;
    for (size_t i = last; i-- > first;)
        if (record_verify(&records[i], &feed->record_key))
            return i;
    return end;
}

/* Takes records [first, end), whose structure is right, as far as they are vouched for. Returns where it
 * stopped. */
static size_t take_vouched(struct feed *feed, const struct record *records, size_t first, size_t end)
{
    while (first < end) {
        size_t voucher = find_voucher(feed, records, first, end);
        if (voucher == end)
            break;
        advance(feed, &records[voucher]);
        first = voucher + 1;
    }
    return first;
}

/* How many records from `first` are right in structure, none of them of kind 2; *err says why it stopped. */
static size_t walk(const struct feed *feed, const struct record *records, size_t first, size_t count,
                   enum err *err)
{
    struct feed ahead = *feed;
    size_t i = first;
    for (*err = E_OK; i < count; i++) {
        *err = check_structure(&ahead, &records[i]);
        if (*err != E_OK || records[i].header.kind == KIND_IDENTITY)
            break;
        advance(&ahead, &records[i]);
    }
    return i;
}

enum err feed_take(struct feed *feed, const struct record *records, size_t count, size_t *accepted)
{
    *accepted = 0;
    while (*accepted < count) {
        enum err why;
        size_t end = walk(feed, records, *accepted, count, &why);
        *accepted = take_vouched(feed, records, *accepted, end);
        if (*accepted < end)
            return fail(E_BAD_SIGNATURE, "seq %" PRIu64 ": no valid signature vouches for it",
                        records[*accepted].header.seq);
        if (end == count)
            return E_OK;
        if (why != E_OK) {
            /* The walk's sentence may have been spoken over by the signatures' checks: say it again. */
            return check_structure(feed, &records[end]);
        }
        TRY(take_identity(feed, &records[end]));
        *accepted = end + 1;
    }
    return E_OK;
}

bool feed_is_final(enum err code, size_t offered, const struct record *refused)
{
    if (code != E_BAD_SIGNATURE)
        return code != E_OK && code != E_GAP && code != E_UNKNOWN_AUTHOR && code != E_BUSY &&
               code != E_FULL && code != E_IO;
    if (offered >= MAX_RUN_RECORDS)
        return true;
    for (size_t i = 0; i < offered; i++)
        if (refused[i].header.kind == KIND_IDENTITY)
            return true; /* its own is bad, or it stands before any voucher */
    return false;
}

enum err feed_compare(const struct record *record, const struct hash *held_id)
{
    if (hash_equal(&record->id, held_id))
        return E_OK;
    return fail(E_FORK, "another record is held at seq %" PRIu64 " of this feed", record->header.seq);
}

/* What the key that is open has just signed needs no verification, only the rest of the rules. */
static enum err take_own(struct feed *feed, const struct secret *secret, const struct record *r)
{
    size_t accepted;
    if (r->header.kind == KIND_IDENTITY || !key_equal(&secret->public_key, &feed->record_key))
        return feed_take(feed, r, 1, &accepted);
    TRY(check_structure(feed, r));
    advance(feed, r);
    return E_OK;
}

enum err feed_append(struct feed *feed, const struct secret *record_secret, uint8_t kind, uint16_t flags,
                     uint32_t payload_type, uint64_t time_ms, const uint8_t salt[static SALT_BYTES],
                     struct bytes payload, struct buf *out)
{
    struct header header = {
        .version = 1,
        .kind = kind,
        .flags = flags,
        .epoch = feed->epoch,
        .author = feed->author,
        .seq = feed->next,
        .time_ms = time_ms,
        .prev = feed->head,
        .commit = payload_commit(salt, payload),
        .payload_len = (uint32_t)payload.len,
        .payload_type = payload_type,
    };
    if (payload.len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes, at most %u fit", payload.len, MAX_PAYLOAD_BYTES);
    header.epoch += opens_epoch(&header);

    uint8_t entry[ENTRY_BYTES];
    struct record record;
    record_sign(&header, record_secret, entry);
    TRY(record_parse(BYTES(entry), &record));
    record.has_payload = true;
    record.salt = salt;
    record.payload = payload;
    TRY(take_own(feed, record_secret, &record));
    run_append(out, &record);
    return E_OK;
}
