#include "hubd/quarantine.h"

#include <stdio.h>

bool quarantine_wants(const struct job *job)
{
    return job->refused && job->final && job->code != E_GAP && job->code != E_DENIED;
}

/* A fork is evidence: what the author does later does not cover it up. */
static bool holds_fork(struct store_txn *txn, const struct hash *author)
{
    struct bytes value;
    if (!store_get_in(txn, STORE_QUARANTINE, BYTES(author->b), &value))
        return false;
    struct reader in = reader_of(value);
    read_bytes(&in, 16);
    return read_u32(&in) == E_FORK;
}

void quarantine_put(struct store_txn *txn, const struct job *job, uint64_t now_ms)
{
    if (holds_fork(txn, &job->author))
        return;
    AUTO(buf_clear) struct buf row = { 0 };
    struct bytes text = bytes_text(job->text);
    buf_u64(&row, job->refused_seq);
    buf_u64(&row, now_ms);
    buf_u32(&row, job->code);
    buf_u8(&row, (uint8_t)text.len);
    buf_bytes(&row, text);
    if (job->refused_record != NULL)
        buf_append(&row, job->refused_record->entry, ENTRY_BYTES);
    store_put(txn, STORE_QUARANTINE, BYTES(job->author.b), buf_view(&row));
}

enum err quarantine_get(struct store_view *view, const struct hash *author, struct quarantined *out)
{
    struct bytes value;
    struct feed feed;
    if (!store_get(view, STORE_QUARANTINE, BYTES(author->b), &value))
        return fail(E_NOT_FOUND, "nothing of this feed was refused");
    struct reader in = reader_of(value);
    *out = (struct quarantined){ .author = *author };
    out->seq = read_u64(&in);
    out->time_ms = read_u64(&in);
    out->code = (enum err)read_u32(&in);
    struct bytes text = read_bytes(&in, read_u8(&in));
    out->entry = read_bytes(&in, in.left);
    if (in.bad || text.len >= sizeof out->text)
        return fail(E_CORRUPT, "a row of the quarantine cannot be read");
    snprintf(out->text, sizeof out->text, "%.*s", (int)text.len, (const char *)text.data);
    if (out->code != E_FORK && store_feed(view, author, &feed) && feed.next > out->seq)
        return fail(E_NOT_FOUND, "the feed has gone on since");
    return E_OK;
}
