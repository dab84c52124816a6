#include "registry/verdict.h"

static enum err follows_its_predecessor(struct store_view *view, const struct record *record, bool *chained)
{
    *chained = record->header.seq == 0;
    if (*chained)
        return E_OK;
    struct row before;
    TRY(row_find(view, &record->header.author, record->header.seq - 1, &before));
    *chained = hash_equal(&record->header.prev, &before.record.id);
    return E_OK;
}

/* One of the records behind, as far as one signature can vouch, signs for this one. */
static void find_voucher(struct store_view *view, const struct record *record, struct verdict *out)
{
    struct hash id = record->id;
    for (uint64_t seq = record->header.seq + 1; seq < record->header.seq + MAX_RUN_RECORDS; seq++) {
        struct row next;
        if (row_find(view, &record->header.author, seq, &next) != E_OK ||
            next.record.header.epoch != record->header.epoch || next.record.header.kind == KIND_IDENTITY)
            return;
        if (!hash_equal(&next.record.header.prev, &id)) {
            out->chained = false;
            return;
        }
        if (record_verify(&next.record, &out->key)) {
            out->vouched_by = seq;
            out->valid = true;
            return;
        }
        id = next.record.id;
    }
}

enum err verdict_of(struct store_view *view, const struct row *row, struct verdict *out)
{
    const struct record *record = &row->record;
    *out = (struct verdict){ .vouched_by = record->header.seq };
    TRY(store_record_key(view, &record->header.author, record->header.seq, &out->key));
    TRY(follows_its_predecessor(view, record, &out->chained));
    out->own_signature = record_verify(record, &out->key);
    out->valid = out->own_signature;
    if (!out->valid && record->header.kind != KIND_IDENTITY)
        find_voucher(view, record, out);
    out->valid = out->valid && out->chained;
    return E_OK;
}
