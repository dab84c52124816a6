/* inside: what the files of the store share, and nobody else sees. */
#pragma once

#include "store/keys.h"
#include "store/store.h"

struct store {
    struct db *db;
    bool log;
    uint8_t id[16];
    uint64_t incarnation;
};

/* The state of one feed in a write transaction. */
struct head {
    uint32_t index;
    bool dirty; /* written at the commit */
    struct feed feed;
};

/* Feeds that a write transaction has touched, by author. */
struct heads {
    struct head *list;
    size_t count, cap;
    uint16_t *buckets; /* place in list + 1; 0 = free */
};

struct store_txn {
    struct store *store;
    struct db_txn *db;
    bool started; /* what follows is loaded */
    uint64_t size;
    struct run_row tail; /* the run that ends the order of arrival; count 0: none */
    bool tail_dirty;
    struct merkle tree;
    bool tree_dirty;
    struct heads heads;
    struct buf scratch;
};

struct store_view {
    struct store *store;
    struct db_txn *db;
    bool found; /* the feed that was asked for last */
    struct hash author;
    uint32_t index;
};

/* ---- store.c */
/* Makes the transaction fail with E_CORRUPT and this sentence. */
enum err corrupt(struct db_txn *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- rows.c: lookups that reading and writing share. False: not there, or the transaction has failed. */
bool find_index(struct db_txn *db, const struct hash *author, uint32_t *index);
bool find_feed(struct db_txn *db, uint32_t index, struct feed *out);
/* The run that holds seq. */
bool find_run(struct db_txn *db, uint32_t index, uint64_t seq, struct run_row *out);
bool find_entry(struct db_txn *db, uint64_t position, struct bytes *entry);

/* ---- heads.c */
/* The head of an author's feed, NULL when it has none. Valid until the next call. */
struct head *heads_find(struct store_txn *txn, const struct hash *author);
/* As heads_find, but an author without a feed gets an empty one with a new index. NULL on failure only. */
struct head *heads_make(struct store_txn *txn, const struct hash *author);
void heads_write(struct store_txn *txn);
void heads_clear(struct heads *heads);

/* ---- append.c */
void append_start(struct store_txn *txn);
void append_finish(struct store_txn *txn);

/* ---- ledger.c */
void ledger_start(struct store_txn *txn);
void ledger_append(struct store_txn *txn, const struct hash *leaf);
void ledger_finish(struct store_txn *txn);
