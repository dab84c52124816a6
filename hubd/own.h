/* own: the hub's own feed: admissions, suspensions, the office's statements, and the ticks that carry the
 * time.
 *
 * Appended to by the writer alone, in the transaction of what it belongs to. A tick goes before the first
 * record after tick_interval without one, and nowhere else: what logs nothing brings no tick. Its time never
 * decreases, whatever the clock does. */
#pragma once

#include "app/home.h"
#include "store/store.h"

struct own {
    const struct home *home;
    uint64_t tick_ms;         /* interval */
    struct feed feed;         /* as the open transaction sees it */
    uint64_t last_tick_ms;    /* wall clock, as in the log; 0: none yet */
    uint64_t ticked_at_ms;    /* monotonic */
    bool due;                 /* the first record of all asks for a tick */
    bool full;                /* no more statements: what room there is is kept for decisions */
    uint64_t now_ms, mono_ms; /* wall clock and monotonic: the time of the open transaction */
};

/* As the store has it: at the start, and after a transaction that failed. E_NOT_FOUND without an inception.
 */
enum err own_load(struct own *own, struct store *store, uint64_t now_ms, uint64_t mono_ms);
/* A transaction begins: all that is appended in it has this time. */
void own_begin(struct own *own, uint64_t now_ms, uint64_t mono_ms);

/* One record more, behind a tick if one is due. Its seq and id; either may be NULL. E_FULL, with nothing
 * written, for a statement while `full`. */
enum err own_append(struct own *own, struct store_txn *txn, uint8_t kind, uint16_t flags, uint32_t type,
                    struct bytes payload, uint64_t *seq, struct hash *id);
/* The seq that own_append would give now: what refers to one another is made before it is appended. */
uint64_t own_next(const struct own *own);
/* Appends a tick if one is due: before records of other feeds go into the log. */
enum err own_tick(struct own *own, struct store_txn *txn);
