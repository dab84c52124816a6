#include "daemon/verify.h"

#include <inttypes.h>

static enum err held(struct store_view *view, const struct hash *author, uint64_t seq, struct record *out)
{
    uint64_t position;
    struct bytes entry, salted;
    TRY(store_locate(view, author, seq, &position));
    TRY(store_at(view, position, &entry, &salted));
    if (record_parse(entry, out) != E_OK)
        return fail(E_CORRUPT, "record %" PRIu64 " cannot be read", seq);
    record_open(out, salted);
    return E_OK;
}

static enum err follows_its_predecessor(struct store_view *view, const struct record *record, bool *chained)
{
    *chained = record->header.seq == 0;
    if (*chained)
        return E_OK;
    struct record before;
    TRY(held(view, &record->header.author, record->header.seq - 1, &before));
    *chained = hash_equal(&record->header.prev, &before.id);
    return E_OK;
}

/* One of the records behind, as far as one signature can vouch, signs for this one. */
static void find_voucher(struct store_view *view, const struct record *record, struct verdict *out)
{
    struct hash id = record->id;
    for (uint64_t seq = record->header.seq + 1; seq < record->header.seq + MAX_RUN_RECORDS; seq++) {
        struct record next;
        if (held(view, &record->header.author, seq, &next) != E_OK ||
            next.header.epoch != record->header.epoch || next.header.kind == KIND_IDENTITY)
            return;
        if (!hash_equal(&next.header.prev, &id)) {
            out->chained = false;
            return;
        }
        if (record_verify(&next, &out->key)) {
            out->vouched_by = seq;
            out->valid = true;
            return;
        }
        id = next.id;
    }
}

enum err verify_held(struct store_view *view, const struct hash *author, uint64_t seq, struct verdict *out)
{
    struct record record;
    *out = (struct verdict){ .vouched_by = seq };
    TRY(held(view, author, seq, &record));
    TRY(store_record_key(view, author, seq, &out->key));
    TRY(follows_its_predecessor(view, &record, &out->chained));
    out->epoch = record.header.epoch;
    out->has_payload = record.has_payload;
    out->own_signature = record_verify(&record, &out->key);
    out->valid = out->own_signature;
    if (!out->valid && record.header.kind != KIND_IDENTITY)
        find_voucher(view, &record, out);
    out->valid = out->valid && out->chained;
    return E_OK;
}
