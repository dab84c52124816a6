/* chain: a long feed of our own, whose signatures can be spoiled without breaking its chain. */
#pragma once

#include "vectors.h"

#include "base/limits.h"
#include "core/feed.h"
#include "core/run.h"
#include "core/statement.h"

#define LONG 600

struct chain {
    struct buf packed;
    struct record records[LONG];
    struct hash author;
};

/* Non-zero: the same feed, told otherwise from record 1 on. */
static uint64_t forked_time_ms;

static inline struct bytes make_inception(const struct key *record_key, const struct key *rotation_key,
                                          struct buf *out)
{
    struct inception inception = { .name = "us-oh-dayton", .level = 1, .record_key = *record_key };
    inception.next_commit = next_commit(rotation_key);
    inception_write(&inception, out);
    return buf_view(out);
}

/* bad[i]: the signature of record i is nobody's. identity[i]: it is an empty Keys event. */
static inline void make_events(const bool *bad, const bool *identity, size_t count, struct chain *out)
{
    struct secret signers[3]; /* record, rotation, stranger */
    uint8_t seed[32], salt[32] = { 1 };
    for (int i = 0; i < 3; i++) {
        memset(seed, 0x41 + i, sizeof seed);
        secret_from_seed(seed, &signers[i]);
    }
    AUTO(buf_clear) struct buf payload = { 0 };
    make_inception(&signers[0].public_key, &signers[1].public_key, &payload);
    *out = (struct chain){ .author = author_of(buf_view(&payload)) };

    struct hash prev = { { 0 } };
    for (size_t i = 0; i < count; i++) {
        struct bytes said = i == 0 ? buf_view(&payload) : bytes_text(identity[i] ? "" : "x");
        struct header header = { .version = 1, .kind = KIND_STATEMENT, .author = out->author, .seq = i };
        header.kind = i == 0 || identity[i] ? KIND_IDENTITY : KIND_STATEMENT;
        header.time_ms = i == 0 ? 0 : forked_time_ms;
        header.prev = prev;
        header.commit = payload_commit(salt, said);
        header.payload_len = (uint32_t)said.len;
        header.payload_type = i == 0 ? TYPE_INCEPTION : identity[i] ? TYPE_KEYS : 999;
        uint8_t entry[ENTRY_BYTES];
        record_sign(&header, &signers[bad[i] ? 2 : 0], entry);
        AUTO(buf_clear) struct buf salted = { 0 };
        buf_append(&salted, salt, sizeof salt);
        buf_bytes(&salted, said);
        run_append_parts(&out->packed, entry, buf_view(&salted));
        prev = hash_leaf(BYTES(entry));
    }
    struct bytes rest = buf_view(&out->packed);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(run_next(&rest, &out->records[i]), E_OK);
}

static inline void make_chain(const bool *bad, size_t count, struct chain *out)
{
    static const bool none[LONG] = { true };
    make_events(bad, none, count, out);
}
