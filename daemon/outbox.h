/* outbox: which of one's own records a hub holds durably, and how much is still waiting.
 *
 * A mark is kept for each hub (by its store id, not its address). What no hub has acknowledged is the outbox.
 * Marks are a memory, not a promise: losing the latest costs one frontier exchange, for the hub's own
 * frontier is what a link resumes from. Bytes are counted as entry + salt + payload. Not thread-safe: the
 * node's lock guards it. */
#pragma once

#include "store/store.h"

#define OUTBOX_HUBS 8

struct outbox_mark {
    uint8_t store_id[16];
    uint64_t next;
    struct hash head;
    uint64_t bytes; /* of 0 .. next-1 */
    bool dirty;     /* not on disk yet */
};

/* A batch on its way: it ends before next, and 0 .. next-1 take bytes. */
struct outbox_batch {
    uint64_t next, bytes;
};

struct outbox {
    struct hash author;
    uint64_t next, bytes; /* of one's own feed: 0 .. next-1 */
    struct outbox_mark marks[OUTBOX_HUBS];
    size_t n_marks;
    struct outbox_batch *sent; /* a ring, oldest first */
    size_t sent_first, sent_count, sent_cap;
};

/* Reads marks and totals. Work grows with what was written since the totals were last kept: nothing as a
 * rule. */
enum err outbox_load(struct store_view *view, const struct hash *author, struct outbox *out);
void outbox_clear(struct outbox *outbox);

/* Keeps the totals of one's own feed with the transaction that appends to it. */
void outbox_keep_total(struct store_txn *txn, uint64_t next, uint64_t bytes);
/* That transaction is durable. */
void outbox_grown(struct outbox *outbox, uint64_t next, uint64_t bytes);

/* Forgets what was under way: a link is gone. */
void outbox_lost(struct outbox *outbox);
/* A batch of records from .. next-1 leaves; bytes are its records'. */
void outbox_sent(struct outbox *outbox, uint64_t from, uint64_t next, uint64_t bytes);
/* Batches on their way that nobody has acknowledged. */
size_t outbox_under_way(const struct outbox *outbox);

/* The hub with that store holds 0 .. next-1. It may be less than before: its word counts. view: to count the
 * bytes of what this process did not send; E_NOT_FOUND when next lies beyond one's own feed (then nothing
 * changes). */
enum err outbox_acked(struct outbox *outbox, struct store_view *view, const uint8_t store_id[static 16],
                      uint64_t next, const struct hash *head);
bool outbox_is_dirty(const struct outbox *outbox);
/* Writes the marks that changed since. outbox_kept when that is durable. */
void outbox_keep(const struct outbox *outbox, struct store_txn *txn);
void outbox_kept(struct outbox *outbox);

/* The most that any hub holds: 0 .. result-1 are acknowledged. */
uint64_t outbox_acknowledged(const struct outbox *outbox);
uint64_t outbox_records(const struct outbox *outbox);
uint64_t outbox_bytes(const struct outbox *outbox);
