#include "daemon/peers.h"

#include <stdio.h>
#include <string.h>

#define ROW_VERSION 1

void peer_from_token(const struct token *token, uint64_t now_ms, struct peer_row *out)
{
    *out = (struct peer_row){
        .author = token->hub_author,
        .key = token->hub_key,
        .state = PEER_JOINING,
        .expires_ms = token->expires_ms,
        .since_ms = now_ms,
    };
    snprintf(out->name, sizeof out->name, "hub");
    snprintf(out->endpoint, sizeof out->endpoint, "%s", token->endpoint);
    memcpy(out->invite_secret, token->invite_secret, sizeof out->invite_secret);
}

static void put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text); /* each is below 256 */
    buf_u8(out, (uint8_t)len);
    buf_append(out, text, len);
}

static void get_text(struct reader *reader, char *out, size_t size)
{
    uint8_t len = read_u8(reader);
    struct bytes text = read_bytes(reader, len);
    if (text.len >= size) {
        reader->bad = true;
        text.len = 0;
    }
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = 0;
}

void peer_encode(const struct peer_row *row, struct buf *out)
{
    buf_u8(out, ROW_VERSION);
    buf_u8(out, (uint8_t)row->state);
    buf_u64(out, row->since_ms);
    buf_u64(out, row->expires_ms);
    buf_append(out, row->key.b, KEY_BYTES);
    buf_append(out, row->invite_secret, sizeof row->invite_secret);
    put_text(out, row->name);
    put_text(out, row->endpoint);
    put_text(out, row->reason);
}

enum err peer_decode(struct bytes key, struct bytes value, struct peer_row *out)
{
    *out = (struct peer_row){ 0 };
    if (key.len != HASH_BYTES)
        return fail(E_CORRUPT, "a peer's row is kept under %zu bytes", key.len);
    memcpy(out->author.b, key.data, HASH_BYTES);

    struct reader reader = reader_of(value);
    uint8_t version = read_u8(&reader);
    if (version > ROW_VERSION)
        return fail(E_VERSION, "a peer's row has version %u, this program knows %u", version, ROW_VERSION);
    out->state = (enum peer_state)read_u8(&reader);
    out->since_ms = read_u64(&reader);
    out->expires_ms = read_u64(&reader);
    read_into(&reader, out->key.b, KEY_BYTES);
    read_into(&reader, out->invite_secret, sizeof out->invite_secret);
    get_text(&reader, out->name, sizeof out->name);
    get_text(&reader, out->endpoint, sizeof out->endpoint);
    get_text(&reader, out->reason, sizeof out->reason);
    if (reader.bad || reader.left > 0 || version == 0 || out->state < PEER_JOINING ||
        out->state > PEER_REFUSED)
        return fail(E_CORRUPT, "a peer's row of %zu bytes cannot be read", value.len);
    return E_OK;
}

void peer_put(struct store_txn *txn, const struct peer_row *row)
{
    AUTO(buf_clear) struct buf value = { 0 };
    peer_encode(row, &value);
    store_put(txn, STORE_PEERS, BYTES(row->author.b), buf_view(&value));
}

bool peer_change(struct store_txn *txn, const struct peer_row *before, const struct peer_row *changed)
{
    struct bytes value;
    struct peer_row held;
    if (!store_get_in(txn, STORE_PEERS, BYTES(before->author.b), &value) ||
        peer_decode(BYTES(before->author.b), value, &held) != E_OK || held.since_ms != before->since_ms ||
        memcmp(held.invite_secret, before->invite_secret, sizeof held.invite_secret) != 0)
        return false;
    peer_put(txn, changed);
    return true;
}

void peer_remove(struct store_txn *txn, const struct hash *author)
{
    store_delete(txn, STORE_PEERS, BYTES(author->b));
}

struct collecting {
    struct peer_row *rows;
    size_t count;
    enum err err;
};

static bool collect(void *context, struct bytes key, struct bytes value)
{
    struct collecting *c = context;
    if (c->count == PEERS_MAX)
        return false;
    c->err = peer_decode(key, value, &c->rows[c->count]);
    if (c->err != E_OK)
        return false;
    c->count++;
    return true;
}

enum err peers_load(struct store_view *view, struct peer_row out[static PEERS_MAX], size_t *count)
{
    struct collecting c = { .rows = out };
    *count = 0;
    TRY(store_each(view, STORE_PEERS, (struct bytes){ NULL, 0 }, collect, &c));
    *count = c.count;
    return c.err;
}
