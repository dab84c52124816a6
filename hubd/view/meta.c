#include "hubd/view/meta.h"

#include <inttypes.h>

#include "hubd/view/tables.h"

static const char state_key[] = "state";

enum err meta_read(struct db_txn *txn, struct meta *out)
{
    struct bytes value;
    if (!db_get(txn, VIEW_META, bytes_text(state_key), &value)) {
        TRY(db_error(txn));
        return fail(E_NOT_FOUND, "the view is new");
    }
    struct reader in = reader_of(value);
    uint32_t schema = read_u32(&in);
    if (!in.bad && schema != VIEW_SCHEMA)
        return fail(E_VERSION, "the view has schema %" PRIu32 ", not %u", schema, VIEW_SCHEMA);
    read_into(&in, out->store_id, sizeof out->store_id);
    out->cursor = read_u64(&in);
    read_into(&in, out->last.b, HASH_BYTES);
    out->engagements = read_u32(&in);
    read_into(&in, out->hub.b, HASH_BYTES);
    out->tick_ms = read_u64(&in);
    out->statements = read_u64(&in);
    out->retractions = read_u64(&in);
    out->withheld = read_u64(&in);
    out->undecodable = read_u64(&in);
    out->unknown_types = read_u64(&in);
    out->no_effect = read_u64(&in);
    return in.bad || in.left > 0 ? fail(E_CORRUPT, "the view's state does not decode") : E_OK;
}

void meta_write(struct db_txn *txn, const struct meta *meta)
{
    AUTO(buf_clear) struct buf value = { 0 };
    buf_u32(&value, VIEW_SCHEMA);
    buf_append(&value, meta->store_id, sizeof meta->store_id);
    buf_u64(&value, meta->cursor);
    buf_append(&value, meta->last.b, HASH_BYTES);
    buf_u32(&value, meta->engagements);
    buf_append(&value, meta->hub.b, HASH_BYTES);
    buf_u64(&value, meta->tick_ms);
    buf_u64(&value, meta->statements);
    buf_u64(&value, meta->retractions);
    buf_u64(&value, meta->withheld);
    buf_u64(&value, meta->undecodable);
    buf_u64(&value, meta->unknown_types);
    buf_u64(&value, meta->no_effect);
    db_put(txn, VIEW_META, bytes_text(state_key), buf_view(&value));
}
