#include "hubd/own.h"

#include "base/clock.h"

#define TICK_KEY "hub/tick" /* in STORE_META: time_ms u64 of the last one */

enum err own_load(struct own *own, struct store *store, uint64_t now_ms, uint64_t mono_ms)
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(store, &view));
    if (!store_feed(view, &own->home->author, &own->feed) || own->feed.next == 0)
        return fail(E_NOT_FOUND, "the store does not hold the hub's own inception");

    struct bytes value;
    own->last_tick_ms = 0;
    if (store_get(view, STORE_META, bytes_text(TICK_KEY), &value) && value.len == 8)
        own->last_tick_ms = get_u64(value.data);
    uint64_t age = now_ms - own->last_tick_ms;
    own->due = now_ms < own->last_tick_ms || age >= own->tick_ms || age > mono_ms;
    own->ticked_at_ms = own->due ? 0 : mono_ms - age;
    return E_OK;
}

enum err own_append(struct own *own, struct store_txn *txn, uint8_t kind, uint16_t flags, uint32_t type,
                    uint64_t now_ms, struct bytes payload, uint64_t *seq, struct hash *id)
{
    uint8_t salt[SALT_BYTES];
    random_bytes(salt, sizeof salt);
    AUTO(buf_clear) struct buf packed = { 0 };
    TRY(feed_append(&own->feed, &own->home->record, kind, flags, type, now_ms, salt, payload, &packed));

    struct bytes rest = buf_view(&packed);
    struct record record;
    TRY(run_next(&rest, &record));
    store_append(txn, &own->feed, &record, 1);
    if (seq != NULL)
        *seq = record.header.seq;
    if (id != NULL)
        *id = record.id;
    return store_error(txn);
}

enum err own_tick(struct own *own, struct store_txn *txn, uint64_t now_ms, uint64_t mono_ms)
{
    if (!own->due && mono_ms - own->ticked_at_ms < own->tick_ms)
        return E_OK;
    uint64_t time_ms = now_ms > own->last_tick_ms ? now_ms : own->last_tick_ms;
    AUTO(buf_clear) struct buf payload = { 0 };
    tick_write(time_ms, &payload);
    TRY(own_append(own, txn, KIND_FEDERATION, VISIBLE_PUBLIC, TYPE_TICK, now_ms, buf_view(&payload), NULL,
                   NULL));

    uint8_t value[8];
    put_u64(value, time_ms);
    store_put(txn, STORE_META, bytes_text(TICK_KEY), BYTES(value));
    own->last_tick_ms = time_ms;
    own->ticked_at_ms = mono_ms;
    own->due = false;
    return store_error(txn);
}
