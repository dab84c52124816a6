/* store: what a peer holds, on disk: feeds, their entries in the order of arrival, payloads apart, peers and
 * marks.
 *
 * The order of arrival (position 0, 1, 2 ...) is the primary key of entries and payloads, so both are
 * append-only writes. Runs (feed, first seq) -> position are the index. With options.log the positions are
 * the leaves of the Merkle tree, whose nodes are written in the same transaction. One writer at a time;
 * readers are snapshots. */
#pragma once

#include "core/feed.h"
#include "core/merkle.h"
#include "core/run.h"
#include "store/db.h"

struct store;
struct store_txn;  /* a write transaction, sticky as in db.h */
struct store_view; /* a read snapshot */

struct store_options {
    const char *folder;
    uint64_t map_bytes;
    bool create; /* false: E_NOT_FOUND when there is none */
    bool log;    /* keep the Merkle tree */
    bool read_only;
};

/* E_VERSION when a later version made it. */
enum err store_open(const struct store_options *options, struct store **out);
void store_close(struct store **store);
const uint8_t *store_id(const struct store *store); /* 16 random bytes, made with the store */
uint64_t store_incarnation(const struct store *store);
struct db *store_db(struct store *store);

/* ---- writing */
enum err store_begin(struct store *store, struct store_txn **out);
void store_abort(struct store_txn **txn);
/* Durable when E_OK. */
enum err store_commit(struct store_txn **txn);
enum err store_error(const struct store_txn *txn);

/* Appends accepted records of one feed (feed_take has taken them), consecutive, all of them continuing what
 * is held. feed: its state after them. Returns the position of the first. */
uint64_t store_append(struct store_txn *txn, const struct feed *feed, const struct record *records,
                      size_t count);
uint64_t store_size_in(struct store_txn *txn); /* positions, those of this transaction included */
bool store_feed_in(struct store_txn *txn, const struct hash *author, struct feed *out);

/* Small things a program keeps, in tables of its own (keys are that table's business). */
enum store_table {
    STORE_META,     /* text -> anything */
    STORE_PEERS,    /* peer's author -> daemon/peers.c, hubd/members.c */
    STORE_KEYS,     /* transport key -> author, or invite */
    STORE_NAMES,    /* admitted name -> author */
    STORE_MARKS,    /* store id of a peer, author -> acknowledged next; at a hub: author -> when last heard */
    STORE_SUBJECTS, /* engagement id -> seq of one's own latest statement about it */
    STORE_QUARANTINE, /* at a node: author, seq; at a hub: author -> code, text, raw */
};
void store_put(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value);
void store_delete(struct store_txn *txn, enum store_table table, struct bytes key);
bool store_get_in(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes *value);

/* ---- reading. A view is one snapshot; keep it short. Usable by the thread that opened it. */
enum err store_read(struct store *store, struct store_view **out);
void store_done(struct store_view **view);
/* Why a lookup that found nothing found nothing: E_OK (it is not there), E_CORRUPT, E_IO ... */
enum err store_view_error(const struct store_view *view);
bool store_get(struct store_view *view, enum store_table table, struct bytes key, struct bytes *value);
/* Calls each() for keys that begin with prefix, in order, until it returns false. E_OK: those were all, or
 * each() ended it. E_CORRUPT, E_IO: there may be more of them, and nobody can tell. */
enum err store_each(struct store_view *view, enum store_table table, struct bytes prefix,
                    bool (*each)(void *context, struct bytes key, struct bytes value), void *context);
uint64_t store_size(struct store_view *view); /* positions: the log size on a hub */
bool store_feed(struct store_view *view, const struct hash *author,
                struct feed *out); /* its state at the head */
/* Likewise. */
enum err store_each_feed(struct store_view *view, bool (*each)(void *context, const struct feed *feed),
                         void *context);
/* Borrowed entry and salted payload (empty when absent) at a position. E_NOT_FOUND. */
enum err store_at(struct store_view *view, uint64_t position, struct bytes *entry,
                  struct bytes *salted_payload);
/* Position of a record. E_NOT_FOUND. */
enum err store_locate(struct store_view *view, const struct hash *author, uint64_t seq, uint64_t *position);
/* Packs consecutive records of a feed from `from` into out (run.h): at most max_bytes and max_count, but at
 * least one record; an identity event stands alone. *count how many; 0 when there is none. Where a limit
 * cuts, it cuts behind a record whose own signature verifies, if there is one among the last MAX_RUN_RECORDS
 * that fit. */
enum err store_pack(struct store_view *view, const struct hash *author, uint64_t from, size_t max_bytes,
                    size_t max_count, struct buf *out, size_t *count);
/* The record key that was open at seq. E_NOT_FOUND. */
enum err store_record_key(struct store_view *view, const struct hash *author, uint64_t seq, struct key *key);

/* ---- the tree (log = true). E_NOT_FOUND when size is beyond the log, E_USAGE as in merkle.h or without a
 * tree. */
struct hash store_root(struct store_view *view); /* of store_size() */
enum err store_root_at(struct store_view *view, uint64_t size, struct hash *root);
enum err store_inclusion(struct store_view *view, uint64_t index, uint64_t size, struct merkle_path *path);
enum err store_consistency(struct store_view *view, uint64_t old, uint64_t size, struct merkle_path *path);
