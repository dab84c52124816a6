/* accept: records of the office's feed that come down: verified, made durable, and only then acknowledged.
 *
 * What structure refuses is put into quarantine with its reason and stops that feed only. */
#pragma once

#include "store/store.h"

/* One batch, and what became of it. */
struct accept_batch {
    struct hash author;
    uint64_t first_seq;
    uint32_t count;
    struct buf records; /* owned; packed */
    enum err code;      /* E_OK: all of it is held */
    bool final;         /* of a refusal: nothing that follows could change it */
    uint64_t refused_seq;
    uint64_t next; /* the feed's state with what was taken */
    struct hash head;
    char text[200];
};
void accept_batch_clear(struct accept_batch *batch);

/* Takes batches of one feed, in order, in one durable commit, and advances feed. Failures of the disk come
 * back (feed is then unchanged, nothing is held, and each batch can be offered again); refusals are in the
 * batches. */
enum err accept_batches(struct store *store, struct feed *feed, struct accept_batch *batches, size_t count);

/* Opens a feed with its packed inception, within a transaction: nothing happens when it is held already.
 * E_DENIED when it is not the inception of author; what feed_take refuses. */
enum err accept_inception(struct store_txn *txn, const struct hash *author, struct bytes packed);

/* The author that a name was admitted for in a feed that this node follows. */
bool accept_name(struct store_view *view, const char *name, struct hash *author);
