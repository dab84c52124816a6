/* authors: feeds made up for tests of the store, which looks at structure only: identity payloads are noise.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "core/feed.h"
#include "core/run.h"
#include "store/store.h"

struct author {
    struct secret secret;
    struct feed feed;
    struct buf packed; /* written, and not appended to a store yet */
    struct buf all;    /* every entry, back to back */
};

enum { SIGNED = 1, WITHHELD = 2 };

static inline void author_key(struct author *author)
{
    uint8_t seed[32] = { 0 };
    memcpy(seed, author->feed.author.b, 24);
    put_u32(seed + 28, author->feed.epoch);
    secret_from_seed(seed, &author->secret);
    author->feed.record_key = author->secret.public_key;
}

/* One more record. A rotation (kind 2 behind seq 0) opens an epoch. */
static inline void author_write(struct author *author, uint8_t kind, size_t payload_len, int flags)
{
    static uint8_t salted[SALT_BYTES + MAX_PAYLOAD_BYTES];
    struct feed *feed = &author->feed;
    if (kind == KIND_IDENTITY && feed->next > 0) {
        feed->epoch++;
        author_key(author);
    }
    for (size_t i = 0; i < 64 && i < SALT_BYTES + payload_len; i++)
        salted[i] = (uint8_t)(rand() >> 4);
    struct header header = { .version = 1, .kind = kind, .epoch = feed->epoch, .author = feed->author };
    header.seq = feed->next;
    header.time_ms = 1700000000000 + feed->next;
    header.prev = feed->head;
    header.commit = payload_commit(salted, bytes_of(salted + SALT_BYTES, payload_len));
    header.payload_len = (uint32_t)payload_len;
    header.payload_type = kind == KIND_IDENTITY ? (feed->next ? 101 : 100) : 1;
    uint8_t entry[ENTRY_BYTES] = { 0 };
    if (flags & SIGNED)
        record_sign(&header, &author->secret, entry);
    else
        header_write(&header, entry);
    struct bytes beside = bytes_of(salted, flags & WITHHELD ? 0 : SALT_BYTES + payload_len);
    run_append_parts(&author->packed, entry, beside);
    buf_append(&author->all, entry, ENTRY_BYTES);
    feed->head = hash_leaf(BYTES(entry));
    feed->next++;
}

/* A feed with its inception written. */
static inline void author_begin(struct author *author, uint64_t number)
{
    *author = (struct author){ 0 };
    struct hash id = hash_bytes(BYTES_OF(number));
    feed_init(&author->feed, &id);
    author_key(author);
    author_write(author, KIND_IDENTITY, 40, SIGNED);
}

static inline void author_end(struct author *author)
{
    buf_clear(&author->packed);
    buf_clear(&author->all);
}

/* Appends what was written, at most MAX_RUN_RECORDS; the position of the first. */
static inline uint64_t author_append(struct author *author, struct store_txn *txn)
{
    static struct record records[MAX_RUN_RECORDS];
    struct bytes rest = buf_view(&author->packed);
    size_t count;
    if (run_parse(&rest, records, MAX_RUN_RECORDS, &count) != E_OK || rest.len > 0)
        abort();
    uint64_t position = store_append(txn, &author->feed, records, count);
    author->packed.len = 0;
    return position;
}
