/* Proof that an author has two records at one seq. */
#include "core/feed.h"

void fork_proof(struct bytes branch_a, struct bytes branch_b, struct buf *out)
{
    struct hash a = hash_leaf(bytes_of(branch_a.data, ENTRY_BYTES)),
                b = hash_leaf(bytes_of(branch_b.data, ENTRY_BYTES));
    bool a_first = memcmp(a.b, b.b, HASH_BYTES) < 0;
    buf_bytes(out, a_first ? branch_a : branch_b);
    buf_bytes(out, a_first ? branch_b : branch_a);
}

/* Whether r, `i` behind first, can vouch for it. An identity event vouches for itself alone. */
static bool continues(const struct record *r, const struct record *first, size_t i, const struct hash *before)
{
    return hash_equal(&r->header.author, &first->header.author) && hash_equal(&r->header.prev, before) &&
           r->header.epoch == first->header.epoch && r->header.seq == first->header.seq + i &&
           r->header.kind != KIND_IDENTITY && first->header.kind != KIND_IDENTITY;
}

bool fork_is_vouched(const struct record *records, size_t count, const struct key *key)
{
    for (size_t i = 0; i < count && i < MAX_RUN_RECORDS; i++) {
        if (i > 0 && !continues(&records[i], records, i, &records[i - 1].id))
            return false;
        if (record_verify(&records[i], key))
            return true;
    }
    return false;
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
        if (i == 0) {
            *first = r;
            if (!hash_equal(&r.header.author, author))
                return fail(E_MALFORMED, "a fork proof about another author");
        } else if (!continues(&r, first, i, &before)) {
            return fail(E_BAD_SIGNATURE, "a branch of the fork proof ends without a valid signature");
        }
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
    if (!hash_equal(&a.header.prev, &b.header.prev))
        return fail(E_MALFORMED, "the branches of a fork proof do not begin where they part");
    if (a.header.seq != b.header.seq || memcmp(a.id.b, b.id.b, HASH_BYTES) >= 0)
        return fail(E_MALFORMED, "a fork proof shows two different records at one seq, the smaller id first");
    return E_OK;
}
