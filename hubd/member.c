#include "hubd/member.h"

#include <stdio.h>

#define ROW_VERSION 1

enum row { ROW_MEMBER = 1, ROW_INVITE = 2 }; /* of STORE_KEYS */

const char *member_state_word(enum member_state state)
{
    static const char *const words[] = {
        [MEMBER_PENDING] = "pending",
        [MEMBER_ACTIVE] = "active",
        [MEMBER_SUSPENDED] = "suspended",
        [MEMBER_REMOVED] = "removed",
    };
    return state >= MEMBER_PENDING && state <= MEMBER_REMOVED ? words[state] : "unknown";
}

static void put_text(struct buf *out, const char *text)
{
    struct bytes bytes = bytes_text(text);
    buf_u8(out, (uint8_t)bytes.len);
    buf_bytes(out, bytes);
}

static void take_text(struct reader *in, char *out, size_t size)
{
    struct bytes text = read_bytes(in, read_u8(in));
    if (text.len >= size) {
        in->bad = true;
        return;
    }
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = 0;
}

void member_encode(const struct member *member, struct bytes inception, struct buf *out)
{
    buf_u8(out, ROW_VERSION);
    buf_u8(out, (uint8_t)member->state);
    buf_append(out, member->transport.b, KEY_BYTES);
    put_text(out, member->name);
    put_text(out, member->title);
    put_text(out, member->geoid);
    buf_u32(out, member->level);
    buf_u32(out, member->reason);
    buf_u64(out, member->since_ms);
    buf_append(out, member->invite.b, HASH_BYTES);
    buf_u32(out, (uint32_t)inception.len);
    buf_bytes(out, inception);
}

static enum err check_row(const struct reader *in, uint8_t version, const char *what)
{
    if (!in->bad && version > ROW_VERSION)
        return fail(E_VERSION, "a row of a %s was written by a later version", what);
    if (in->bad || version == 0 || in->left != 0)
        return fail(E_CORRUPT, "a row of a %s cannot be read", what);
    return E_OK;
}

enum err member_decode(struct bytes key, struct bytes value, struct member *out, struct bytes *inception)
{
    struct reader in = reader_of(value);
    *out = (struct member){ 0 };
    uint8_t version = read_u8(&in);
    out->state = (enum member_state)read_u8(&in);
    read_into(&in, out->transport.b, KEY_BYTES);
    take_text(&in, out->name, sizeof out->name);
    take_text(&in, out->title, sizeof out->title);
    take_text(&in, out->geoid, sizeof out->geoid);
    out->level = read_u32(&in);
    out->reason = read_u32(&in);
    out->since_ms = read_u64(&in);
    read_into(&in, out->invite.b, HASH_BYTES);
    struct bytes packed = read_bytes(&in, read_u32(&in));
    if (inception != NULL)
        *inception = packed;
    in.bad |= key.len != HASH_BYTES || out->state < MEMBER_PENDING || out->state > MEMBER_REMOVED;
    TRY(check_row(&in, version, "member"));
    memcpy(out->author.b, key.data, HASH_BYTES);
    return E_OK;
}

void invite_encode(const struct invite *invite, struct buf *out)
{
    buf_u8(out, ROW_VERSION);
    buf_u8(out, ROW_INVITE);
    buf_u8(out, (uint8_t)invite->state);
    buf_u8(out, invite->auto_admit);
    put_text(out, invite->name);
    buf_append(out, invite->author.b, HASH_BYTES);
    buf_u64(out, invite->created_ms);
    buf_u64(out, invite->expires_ms);
}

static void take_invite(struct reader *in, struct bytes key, struct invite *out)
{
    *out = (struct invite){ 0 };
    out->state = (enum invite_state)read_u8(in);
    out->auto_admit = read_u8(in) != 0;
    take_text(in, out->name, sizeof out->name);
    read_into(in, out->author.b, HASH_BYTES);
    out->created_ms = read_u64(in);
    out->expires_ms = read_u64(in);
    in->bad |= out->state < INVITE_OPEN || out->state > INVITE_REVOKED;
    memcpy(out->key.b, key.data, KEY_BYTES);
    out->id = hash_bytes(key);
}

enum err invite_decode(struct bytes key, struct bytes value, struct invite *out, struct hash *author)
{
    struct reader in = reader_of(value);
    uint8_t version = read_u8(&in);
    uint8_t row = read_u8(&in);
    in.bad |= key.len != KEY_BYTES || (row != ROW_MEMBER && row != ROW_INVITE);
    if (!in.bad && row == ROW_MEMBER)
        read_into(&in, author->b, HASH_BYTES);
    else if (!in.bad)
        take_invite(&in, key, out);
    TRY(check_row(&in, version, "key"));
    return row == ROW_MEMBER ? E_EXISTS : E_OK;
}

void member_put_key(struct store_txn *txn, const struct key *key, const struct hash *author)
{
    AUTO(buf_clear) struct buf row = { 0 };
    buf_u8(&row, ROW_VERSION);
    buf_u8(&row, ROW_MEMBER);
    buf_append(&row, author->b, HASH_BYTES);
    store_put(txn, STORE_KEYS, BYTES(key->b), buf_view(&row));
}

void member_put(struct store_txn *txn, const struct member *member, struct bytes inception)
{
    AUTO(buf_clear) struct buf row = { 0 };
    member_encode(member, inception, &row);
    store_put(txn, STORE_PEERS, BYTES(member->author.b), buf_view(&row));
    if (member->state == MEMBER_PENDING)
        return; /* neither its name nor its key is its own yet */
    member_put_key(txn, &member->transport, &member->author);
    store_put(txn, STORE_NAMES, bytes_text(member->name), BYTES(member->author.b));
}

void member_forget(struct store_txn *txn, const struct hash *author)
{
    store_delete(txn, STORE_PEERS, BYTES(author->b));
}

void invite_put(struct store_txn *txn, const struct invite *invite)
{
    AUTO(buf_clear) struct buf row = { 0 };
    invite_encode(invite, &row);
    store_put(txn, STORE_KEYS, BYTES(invite->key.b), buf_view(&row));
}

bool member_in(struct store_txn *txn, const struct hash *author, struct member *out, struct bytes *inception)
{
    struct bytes value;
    struct hash key = *author; /* which may lie in *out */
    return store_get_in(txn, STORE_PEERS, BYTES(key.b), &value) &&
           member_decode(BYTES(key.b), value, out, inception) == E_OK;
}

bool member_named_in(struct store_txn *txn, const char *name, struct hash *author)
{
    struct bytes value;
    if (!store_get_in(txn, STORE_NAMES, bytes_text(name), &value) || value.len != HASH_BYTES)
        return false;
    memcpy(author->b, value.data, HASH_BYTES);
    return true;
}

enum err invite_in(struct store_txn *txn, const struct key *key, struct invite *out, struct hash *author)
{
    struct bytes value;
    struct key copy = *key; /* which may lie in *out */
    if (!store_get_in(txn, STORE_KEYS, BYTES(copy.b), &value))
        return fail(E_NOT_FOUND, "nobody has that key");
    return invite_decode(BYTES(copy.b), value, out, author);
}
