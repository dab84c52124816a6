#include "daemon/refused.h"

#include <stdio.h>

#define KEY_LEN (HASH_BYTES + 8)

static struct bytes key_of(const struct hash *author, uint64_t seq, uint8_t key[static KEY_LEN])
{
    memcpy(key, author->b, HASH_BYTES);
    put_u64(key + HASH_BYTES, seq);
    return bytes_of(key, KEY_LEN);
}

/* ---- a row: code u32, text len u8, text; then the entry, if it is known, and when it was acknowledged u64,
 * if it was */

static void encode(const struct refused *row, struct buf *out)
{
    struct bytes text = bytes_text(row->text); /* below 200 */
    buf_u32(out, row->code);
    buf_u8(out, (uint8_t)text.len);
    buf_bytes(out, text);
    buf_bytes(out, row->entry);
    if (row->acknowledged_ms != 0)
        buf_u64(out, row->acknowledged_ms);
}

static enum err decode(struct bytes key, struct bytes value, struct refused *out)
{
    struct reader in = reader_of(value);
    *out = (struct refused){ 0 };
    out->code = (enum err)read_u32(&in);
    struct bytes text = read_bytes(&in, read_u8(&in));
    if (in.left >= ENTRY_BYTES)
        out->entry = read_bytes(&in, ENTRY_BYTES);
    if (in.left > 0)
        out->acknowledged_ms = read_u64(&in);
    if (in.bad || in.left > 0 || text.len >= sizeof out->text || key.len != KEY_LEN)
        return fail(E_CORRUPT, "a row of what was refused cannot be read");
    out->seq = get_u64(key.data + HASH_BYTES);
    snprintf(out->text, sizeof out->text, "%.*s", (int)text.len, (const char *)text.data);
    return E_OK;
}

static void put(struct store_txn *txn, struct bytes key, const struct refused *row)
{
    AUTO(buf_clear) struct buf value = { 0 };
    encode(row, &value);
    store_put(txn, STORE_QUARANTINE, key, buf_view(&value));
}

static bool is_news(const struct refused *row, const struct refused *before)
{
    if (before->code == E_FORK && row->code != E_FORK)
        return false;
    return row->code != before->code || !bytes_equal(row->entry, before->entry);
}

void refused_put(struct store_txn *txn, const struct hash *author, const struct refused *row)
{
    uint8_t bytes[KEY_LEN];
    struct bytes key = key_of(author, row->seq, bytes), value;
    struct refused before;
    if (store_get_in(txn, STORE_QUARANTINE, key, &value) && decode(key, value, &before) == E_OK &&
        !is_news(row, &before))
        return;
    put(txn, key, row);
}

void refused_passed(struct store_txn *txn, const struct hash *author, uint64_t first, size_t count)
{
    uint8_t key[KEY_LEN];
    for (size_t i = 0; i < count; i++)
        store_delete(txn, STORE_QUARANTINE, key_of(author, first + i, key));
}

/* ---- looking */

struct looking {
    struct refused *out;
    size_t unseen;
    bool found;
    enum err err;
};

static bool look_at(void *context, struct bytes key, struct bytes value)
{
    struct looking *looking = context;
    struct refused row;
    looking->err = decode(key, value, &row);
    if (looking->err != E_OK)
        return false;
    if (looking->unseen == 0)
        *looking->out = row;
    looking->found = true;
    looking->unseen += row.acknowledged_ms == 0;
    return true;
}

enum err refused_look(struct store_view *view, const struct hash *author, struct refused *out, size_t *unseen)
{
    struct looking looking = { .out = out };
    *unseen = 0;
    TRY(store_each(view, STORE_QUARANTINE, BYTES(author->b), look_at, &looking));
    TRY(looking.err);
    *unseen = looking.unseen;
    return looking.found ? E_OK : fail(E_NOT_FOUND, "nothing of this feed was refused");
}

/* ---- acknowledging */

struct acknowledging {
    struct store_txn *txn;
    uint64_t now_ms;
    bool found;
    size_t count;
    enum err err;
};

/* What the view lends outlives the writes of the transaction. */
static bool acknowledge_one(void *context, struct bytes key, struct bytes value)
{
    struct acknowledging *a = context;
    struct refused row;
    a->err = decode(key, value, &row);
    if (a->err != E_OK)
        return false;
    a->found = true;
    if (row.acknowledged_ms != 0)
        return true;
    row.acknowledged_ms = a->now_ms;
    put(a->txn, key, &row);
    a->count++;
    return true;
}

enum err refused_acknowledge(struct store_view *view, struct store_txn *txn, const struct hash *author,
                             uint64_t now_ms)
{
    struct acknowledging a = { .txn = txn, .now_ms = now_ms };
    TRY(store_each(view, STORE_QUARANTINE, BYTES(author->b), acknowledge_one, &a));
    TRY(a.err);
    if (!a.found)
        return fail(E_NOT_FOUND, "nothing of this feed was refused");
    if (a.count == 0)
        return fail(E_EXISTS, "what was refused of this feed is acknowledged already");
    return store_error(txn);
}
