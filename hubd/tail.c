#include "hubd/tail.h"

#include "core/run.h"

void tail_clear(struct tail *tail, size_t *bytes)
{
    *bytes -= tail->packed.len;
    buf_clear(&tail->packed);
    tail->count = 0;
}

void tail_join(struct tail *tail, uint64_t next, struct job *job, size_t *bytes)
{
    if (tail->count == 0)
        return;
    if (tail->first == next && job->seq == next + tail->count) {
        job->held = tail->packed;
        job->n_held = tail->count;
        job->seq = next;
        *bytes -= tail->packed.len;
        tail->packed = (struct buf){ 0 };
        tail->count = 0;
        return;
    }
    tail_clear(tail, bytes);
}

/* They came before, and not one more: a batch does not reach to what vouches for them. */
static bool is_no_more(const struct tail *tail, uint64_t seq, size_t count)
{
    return tail->refused_count > 0 && tail->refused_seq == seq && count <= tail->refused_count;
}

bool tail_keep(struct tail *tail, const struct record *records, size_t count, bool again, size_t *bytes)
{
    uint64_t seq = records->header.seq;
    bool keep = again || is_no_more(tail, seq, count);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += run_record_bytes(&records[i]);
    tail->refused_seq = seq;
    tail->refused_count = count;
    if (!keep || *bytes + size > TAILS_BYTES)
        return false;
    tail_clear(tail, bytes);
    for (size_t i = 0; i < count; i++)
        run_append(&tail->packed, &records[i]);
    tail->first = seq;
    tail->count = count;
    *bytes += tail->packed.len;
    return true;
}
