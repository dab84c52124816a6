/* hash: SHA-256 as this project uses it. The one door to hashing: its maker can be changed here. */
#pragma once

#include <string.h>

#include "base/buf.h"

#define HASH_BYTES 32

/* A digest: a record id, an author, a Merkle node, a commitment. */
struct hash {
    uint8_t b[HASH_BYTES];
};

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_BYTES) == 0;
}
static inline bool hash_is_zero(const struct hash *h)
{
    static const struct hash zero = { { 0 } };
    return hash_equal(h, &zero);
}

/* SHA-256 over the parts, in order. */
struct hash hash_parts(const struct bytes *parts, size_t count);
struct hash hash_bytes(struct bytes bytes);

/* SHA-256(0x00 || entry): record id, chain link and Merkle leaf in one (RFC 6962 section 2.1). */
struct hash hash_leaf(struct bytes leaf);
/* SHA-256(0x01 || left || right). */
struct hash hash_node(const struct hash *left, const struct hash *right);

/* CRC-32C (Castagnoli) of the frame headers; not a cryptographic sum. */
uint32_t crc32c(struct bytes bytes);
