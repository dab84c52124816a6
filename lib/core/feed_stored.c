/* The stored form of struct feed, and fork proofs. */
#include "core/feed.h"

#define FEED_FORMAT 1

void feed_encode(const struct feed *feed, struct buf *out)
{
    buf_u8(out, FEED_FORMAT);
    buf_append(out, feed->author.b, HASH_BYTES);
    buf_u64(out, feed->next);
    buf_append(out, feed->head.b, HASH_BYTES);
    buf_u32(out, feed->epoch);
    buf_append(out, feed->record_key.b, KEY_BYTES);
    buf_append(out, feed->next_commit.b, HASH_BYTES);
    buf_append(out, feed->transport_key.b, KEY_BYTES);
    buf_append(out, feed->witness_key.b, KEY_BYTES);
    buf_append(out, feed->mirror_key.b, KEY_BYTES);
    buf_append(out, feed->seal_key.b, KEY_BYTES);
    buf_u8(out, feed->retired);
    buf_u8(out, feed->recovery.k);
    buf_u8(out, feed->recovery.count);
    for (unsigned i = 0; i < feed->recovery.count; i++)
        buf_append(out, feed->recovery.keys[i].b, KEY_BYTES);
}

enum err feed_decode(struct bytes bytes, struct feed *out)
{
    struct reader reader = reader_of(bytes);
    *out = (struct feed){ 0 };
    if (bytes.len > 0 && bytes.data[0] != FEED_FORMAT)
        return fail(E_VERSION, "a stored feed of format %u, this version knows %u", bytes.data[0],
                    FEED_FORMAT);
    read_u8(&reader);
    read_into(&reader, out->author.b, HASH_BYTES);
    out->next = read_u64(&reader);
    read_into(&reader, out->head.b, HASH_BYTES);
    out->epoch = read_u32(&reader);
    read_into(&reader, out->record_key.b, KEY_BYTES);
    read_into(&reader, out->next_commit.b, HASH_BYTES);
    read_into(&reader, out->transport_key.b, KEY_BYTES);
    read_into(&reader, out->witness_key.b, KEY_BYTES);
    read_into(&reader, out->mirror_key.b, KEY_BYTES);
    read_into(&reader, out->seal_key.b, KEY_BYTES);
    out->retired = read_u8(&reader) != 0;
    out->recovery.k = read_u8(&reader);
    uint8_t count = read_u8(&reader);
    if (count > RECOVERY_KEYS_MAX)
        return fail(E_CORRUPT, "a stored feed has %u recovery keys", count);
    out->recovery.count = count;
    for (unsigned i = 0; i < count; i++)
        read_into(&reader, out->recovery.keys[i].b, KEY_BYTES);
    if (reader.bad || reader.left > 0)
        return fail(E_CORRUPT, "a stored feed of %zu bytes is cut short or too long", bytes.len);
    return E_OK;
}

void fork_proof(struct bytes branch_a, struct bytes branch_b, struct buf *out)
{
    struct hash a = hash_leaf(bytes_of(branch_a.data, ENTRY_BYTES)),
                b = hash_leaf(bytes_of(branch_b.data, ENTRY_BYTES));
    bool a_first = memcmp(a.b, b.b, HASH_BYTES) < 0;
    buf_bytes(out, a_first ? branch_a : branch_b);
    buf_bytes(out, a_first ? branch_b : branch_a);
}

/* One branch of a proof: consecutive entries of one epoch up to the first whose own signature verifies. */
static enum err read_branch(struct bytes *rest, const struct hash *author, const struct key *key,
                            struct record *first)
{
    struct hash before;
    for (size_t i = 0; i < MAX_RUN_RECORDS; i++) {
        struct record r;
        if (rest->len < ENTRY_BYTES)
            return fail(E_BAD_SIGNATURE, "a branch of the fork proof ends without a valid signature");
        TRY(record_parse(bytes_of(rest->data, ENTRY_BYTES), &r));
        if (i == 0)
            *first = r;
        if (!hash_equal(&r.header.author, author) || r.header.epoch != first->header.epoch ||
            r.header.seq != first->header.seq + i || (i > 0 && !hash_equal(&r.header.prev, &before)))
            return fail(E_MALFORMED, "a branch of the fork proof is no chain of its author");
        *rest = bytes_of(rest->data + ENTRY_BYTES, rest->len - ENTRY_BYTES);
        if (record_verify(&r, key))
            return E_OK;
        before = r.id;
    }
    return fail(E_BAD_SIGNATURE, "256 records of a fork proof vouch for nothing");
}

enum err fork_verify(struct bytes proof, const struct hash *author, const struct key *key)
{
    struct record a, b;
    TRY(read_branch(&proof, author, key, &a));
    TRY(read_branch(&proof, author, key, &b));
    if (proof.len > 0)
        return fail(E_MALFORMED, "a fork proof with %zu bytes behind it", proof.len);
    if (a.header.seq != b.header.seq || memcmp(a.id.b, b.id.b, HASH_BYTES) >= 0)
        return fail(E_MALFORMED, "a fork proof shows two different records at one seq, the smaller id first");
    return E_OK;
}
