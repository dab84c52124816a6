/* table: a hash table from 32 bytes (keys, hashes) to pointers.
 *
 * Seeded from the kernel, so that nobody can choose keys that pile up. It owns nothing that it points to, and
 * belongs to one thread, or to whoever holds its owner's lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_KEY_BYTES 32

struct table_slot {
    uint8_t key[TABLE_KEY_BYTES];
    void *value; /* NULL: free */
};

/* { 0 } is the empty table. */
struct table {
    struct table_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    uint64_t seed;
};

void table_clear(struct table *table);
void *table_get(const struct table *table, const uint8_t key[static TABLE_KEY_BYTES]); /* NULL: not there */
/* value is not NULL. Returns what was there before, or NULL. */
void *table_put(struct table *table, const uint8_t key[static TABLE_KEY_BYTES], void *value);
void *table_remove(struct table *table, const uint8_t key[static TABLE_KEY_BYTES]);
/* The values in no order: *at begins with 0; NULL at the end. The table must not change meanwhile. */
void *table_next(const struct table *table, size_t *at);
