/* feeds: a verifier's memory of the feeds that it verifies.
 *
 * A feed in here may be ahead of the store, by the records that the writer has not committed yet; their ids
 * are kept until it has, so that records which come twice can be compared at any time. When a commit fails
 * the hub's generation goes up, and every feed is read from the store anew. Belongs to one verifier, but for
 * `durable` and `users`. */
#pragma once

#include <stdatomic.h>

#include "hubd/table.h"
#include "hubd/tail.h"
#include "store/store.h"

struct cached {
    struct feed feed;
    unsigned generation;
    _Atomic uint64_t durable; /* 0 .. durable-1 are committed; set by the writer */
    _Atomic unsigned users;   /* jobs that point here */
    struct hash *ids;         /* of ids_from .. feed.next-1 */
    uint64_t ids_from;
    size_t ids_cap;
    struct tail tail;
    bool is_touched; /* since the last trim */
    uint64_t idle_since_ms;
    bool refused; /* a record was refused in this generation: which, so that the same one is kept but once */
    struct hash refused_id;
    uint64_t refused_seq;
};

struct feeds {
    struct store *store;
    struct table by_author; /* -> cached, owned */
    size_t max;
    size_t tail_bytes; /* of all tails */
};

void feeds_clear(struct feeds *feeds);
/* The feed, from memory or from the store. E_UNKNOWN_AUTHOR; or what reading gave. Valid until feeds_trim. */
enum err feeds_get(struct feeds *feeds, const struct hash *author, unsigned generation, struct cached **out);
/* The feed has taken records and is now as given: they are on their way to the writer. */
void feeds_took(struct cached *cached, const struct feed *feed, const struct record *records, size_t count);
/* The first of count records lies before feed.next: E_OK when it is the one that is held; else E_FORK, or
 * E_BAD_SIGNATURE when neither its own signature nor one behind it vouches for it. */
enum err feeds_compare(struct feeds *feeds, const struct cached *cached, const struct record *records,
                       size_t count);
/* Lets go of what is not in use: all but `max` feeds, and tails that nobody has added to for five minutes.
 * Monotonic. */
void feeds_trim(struct feeds *feeds, uint64_t now_ms);
