/* keys: how the store's tables spell their keys and values. All
 * big-endian, so that keys sort by number. */
#pragma once

#include "base/buf.h"
#include "core/hash.h"
#include "core/id.h"

/* Behind the tables of enum store_table. */
enum table {
    TABLE_ENTRIES = 7, /* position u64 -> entry[192] */
    TABLE_PAYLOADS,    /* position u64 -> salt[32] || payload */
    TABLE_FEEDS,       /* author[32] -> feed index u32, in order of appearance */
    TABLE_HEADS,       /* feed index u32 -> feed_encode */
    TABLE_RUNS,        /* feed index u32, first seq u64 -> first position u64, count u32 */
    TABLE_EPOCHS,      /* feed index u32, first seq u64 -> record key[32] */
    TABLE_TREE,        /* level u8, index u64 -> hash[32], for levels 8, 16, ...; 0xff -> merkle_encode */
    TABLE_COUNT,
};

struct key_position {
    uint8_t b[8];
};
struct key_index {
    uint8_t b[4];
};
struct key_seq {
    uint8_t b[12];
};
struct key_node {
    uint8_t b[9];
};

struct key_position key_of_position(uint64_t position);
struct key_index key_of_index(uint32_t index);
struct key_seq key_of_seq(uint32_t index, uint64_t seq);
struct key_node key_of_node(unsigned level, uint64_t index);
struct bytes key_of_frontier(void);

/* Consecutive records of one feed that also lie one behind the other in the order of arrival. */
struct run_row {
    uint32_t index;    /* feed */
    uint64_t first;    /* seq */
    uint64_t position; /* of first */
    uint32_t count;
};

#define RUN_VALUE_BYTES 12

void run_row_value(const struct run_row *row, uint8_t out[static RUN_VALUE_BYTES]);
/* False when the bytes are none. */
bool run_row_read(struct bytes key, struct bytes value, struct run_row *out);
