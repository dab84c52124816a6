#include "hubd/quarantine.h"

#include <stdio.h>

#define URGENT_MS (7 * 86400000ULL)

bool quarantine_wants(const struct job *job)
{
    return job->refused && job->final && job->code != E_GAP && job->code != E_DENIED;
}

/* ---- a row: seq u64, time u64, code u32, text len u8, text; then the entry, if it is known, and when it was
 * acknowledged u64, if it was; of a fork, behind both, what was refused later, if anything was: seq u64, time
 * u64, code u32, id */

static void encode(const struct quarantined *row, struct buf *out)
{
    struct bytes text = bytes_text(row->text);
    buf_u64(out, row->seq);
    buf_u64(out, row->time_ms);
    buf_u32(out, row->code);
    buf_u8(out, (uint8_t)text.len);
    buf_bytes(out, text);
    buf_bytes(out, row->entry);
    if (row->acknowledged_ms != 0 || row->later_ms != 0)
        buf_u64(out, row->acknowledged_ms);
    if (row->later_ms == 0)
        return;
    buf_u64(out, row->later_seq);
    buf_u64(out, row->later_ms);
    buf_u32(out, row->later_code);
    buf_append(out, row->later_id.b, HASH_BYTES);
}

static void decode_later(struct reader *in, struct quarantined *out)
{
    out->later_seq = read_u64(in);
    out->later_ms = read_u64(in);
    out->later_code = (enum err)read_u32(in);
    read_into(in, out->later_id.b, HASH_BYTES);
}

static enum err decode(const struct hash *author, struct bytes value, struct quarantined *out)
{
    struct reader in = reader_of(value);
    *out = (struct quarantined){ .author = *author };
    out->seq = read_u64(&in);
    out->time_ms = read_u64(&in);
    out->code = (enum err)read_u32(&in);
    struct bytes text = read_bytes(&in, read_u8(&in));
    if (in.left >= ENTRY_BYTES)
        out->entry = read_bytes(&in, ENTRY_BYTES);
    if (in.left > 0)
        out->acknowledged_ms = read_u64(&in);
    if (in.left > 0 && out->entry.len > 0)
        decode_later(&in, out);
    if (in.bad || in.left > 0 || text.len >= sizeof out->text)
        return fail(E_CORRUPT, "a row of the quarantine cannot be read");
    snprintf(out->text, sizeof out->text, "%.*s", (int)text.len, (const char *)text.data);
    return E_OK;
}

static void put(struct store_txn *txn, const struct quarantined *row)
{
    AUTO(buf_clear) struct buf value = { 0 };
    encode(row, &value);
    store_put(txn, STORE_QUARANTINE, BYTES(row->author.b), buf_view(&value));
}

static enum err held(struct store_txn *txn, const struct hash *author, struct quarantined *out)
{
    struct bytes value;
    if (!store_get_in(txn, STORE_QUARANTINE, BYTES(author->b), &value))
        return fail(E_NOT_FOUND, "nothing of this feed was refused");
    return decode(author, value, out);
}

/* A fork is evidence: what the author does later does not cover it up. But it is news. */
static void note_later(struct store_txn *txn, struct quarantined *fork, const struct quarantined *later)
{
    struct hash id = { { 0 } };
    if (later->entry.len > 0)
        id = hash_leaf(later->entry);
    if (fork->later_ms != 0 && fork->later_seq == later->seq && fork->later_code == later->code &&
        hash_equal(&fork->later_id, &id))
        return;
    fork->later_seq = later->seq;
    fork->later_ms = later->time_ms;
    fork->later_code = later->code;
    fork->later_id = id;
    fork->acknowledged_ms = 0;
    put(txn, fork);
}

void quarantine_put(struct store_txn *txn, const struct job *job, uint64_t now_ms)
{
    struct quarantined before;
    struct quarantined row = {
        .author = job->author, .seq = job->refused_seq, .time_ms = now_ms, .code = job->code
    };
    snprintf(row.text, sizeof row.text, "%s", job->text);
    if (job->refused_record != NULL)
        row.entry = bytes_of(job->refused_record->entry, ENTRY_BYTES);
    if (held(txn, &job->author, &before) == E_OK) {
        bool is_same =
            before.seq == row.seq && before.code == row.code && bytes_equal(before.entry, row.entry);
        if (is_same)
            return;
        if (before.code == E_FORK && before.entry.len > 0) {
            note_later(txn, &before, &row);
            return;
        }
    }
    put(txn, &row);
}

enum err quarantine_get(struct store_view *view, const struct hash *author, struct quarantined *out)
{
    struct bytes value;
    struct feed feed;
    if (!store_get(view, STORE_QUARANTINE, BYTES(author->b), &value))
        return fail(E_NOT_FOUND, "nothing of this feed was refused");
    TRY(decode(author, value, out));
    if (out->code != E_FORK && store_feed(view, author, &feed) && feed.next > out->seq)
        return fail(E_NOT_FOUND, "the feed has gone on since");
    return E_OK;
}

enum err quarantine_acknowledge(struct store_txn *txn, const struct hash *author, uint64_t now_ms)
{
    struct quarantined row;
    struct feed feed;
    TRY(held(txn, author, &row));
    if (row.code != E_FORK && store_feed_in(txn, author, &feed) && feed.next > row.seq)
        return fail(E_NOT_FOUND, "the feed has gone on since");
    if (row.acknowledged_ms != 0)
        return fail(E_EXISTS, "what was refused at record %llu is acknowledged already",
                    (unsigned long long)row.seq);
    uint8_t entry[ENTRY_BYTES]; /* the row that it lies in is written over */
    if (row.entry.len == ENTRY_BYTES) {
        memcpy(entry, row.entry.data, ENTRY_BYTES);
        row.entry = BYTES(entry);
    }
    row.acknowledged_ms = now_ms;
    put(txn, &row);
    return store_error(txn);
}

bool quarantine_is_urgent(const struct quarantined *row, uint64_t now_ms)
{
    uint64_t since_ms = row->later_code == E_FORK ? row->later_ms : row->time_ms;
    return row->code == E_FORK && row->acknowledged_ms == 0 &&
           (now_ms < since_ms || now_ms - since_ms < URGENT_MS);
}
