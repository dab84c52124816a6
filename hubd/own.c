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
    own_begin(own, now_ms, mono_ms);
    own->last_tick_ms = 0;
    if (store_get(view, STORE_META, bytes_text(TICK_KEY), &value) && value.len == 8)
        own->last_tick_ms = get_u64(value.data);
    uint64_t age = now_ms - own->last_tick_ms;
    own->due = now_ms < own->last_tick_ms || age >= own->tick_ms || age > mono_ms;
    own->ticked_at_ms = own->due ? 0 : mono_ms - age;
    return E_OK;
}

void own_begin(struct own *own, uint64_t now_ms, uint64_t mono_ms)
{
    own->now_ms = now_ms;
    own->mono_ms = mono_ms;
}

static enum err append(struct own *own, struct store_txn *txn, uint8_t kind, uint16_t flags, uint32_t type,
                       struct bytes payload, struct record *out)
{
    uint8_t salt[SALT_BYTES];
    random_bytes(salt, sizeof salt);
    AUTO(buf_clear) struct buf packed = { 0 };
    TRY(feed_append(&own->feed, &own->home->record, kind, flags, type, own->now_ms, salt, payload, &packed));

    struct bytes rest = buf_view(&packed);
    TRY(run_next(&rest, out));
    store_append(txn, &own->feed, out, 1);
    return store_error(txn);
}

static bool tick_is_due(const struct own *own)
{
    return own->due || own->mono_ms - own->ticked_at_ms >= own->tick_ms;
}

uint64_t own_next(const struct own *own)
{
    return own->feed.next + tick_is_due(own);
}

enum err own_append(struct own *own, struct store_txn *txn, uint8_t kind, uint16_t flags, uint32_t type,
                    struct bytes payload, uint64_t *seq, struct hash *id)
{
    struct record record;
    if (own->full && kind == KIND_STATEMENT)
        return fail(E_FULL, "the hub's store is full: what room is left is kept for decisions about members");
    TRY(own_tick(own, txn));
    TRY(append(own, txn, kind, flags, type, payload, &record));
    if (seq != NULL)
        *seq = record.header.seq;
    if (id != NULL)
        *id = record.id;
    return E_OK;
}

enum err own_tick(struct own *own, struct store_txn *txn)
{
    if (!tick_is_due(own))
        return E_OK;
    struct record record;
    uint64_t time_ms = own->now_ms > own->last_tick_ms ? own->now_ms : own->last_tick_ms;
    AUTO(buf_clear) struct buf payload = { 0 };
    tick_write(time_ms, &payload);
    TRY(append(own, txn, KIND_FEDERATION, VISIBLE_PUBLIC, TYPE_TICK, buf_view(&payload), &record));

    uint8_t value[8];
    put_u64(value, time_ms);
    store_put(txn, STORE_META, bytes_text(TICK_KEY), BYTES(value));
    own->last_tick_ms = time_ms;
    own->ticked_at_ms = own->mono_ms;
    own->due = false;
    return store_error(txn);
}
