/* disk: a simulated store that keeps LMDB's promise and no more. A transaction is all or nothing; what was
 * not synced may vanish when the process dies; a commit on a full disk fails and changes nothing.
 *
 * One transaction at a time: drafts are filled, disk_sync makes them durable at one moment of virtual time,
 * and disk_crash decides what becomes of one that was under way. */
#pragma once

#include "book.h"
#include "core/feed.h"
#include "dice.h"
#include "roll.h"

/* One feed as it is durable. */
struct shelf {
    struct feed feed;
    struct copy **records; /* by seq */
    uint64_t count, cap;
    uint64_t promised; /* the observer's: the most that was ever acknowledged of it from here */
};

/* One feed as a transaction will leave it. */
struct draft {
    struct feed feed;
    struct copy **records; /* the new ones, in the order in which they were put */
    size_t count, cap;
};

struct disk {
    struct roll roll;      /* authors ... */
    struct shelf *shelves; /* ... and their feeds */
    size_t shelf_cap;
    struct roll open; /* authors of the transaction ... */
    struct draft *drafts;
    size_t draft_cap;
    bool writing; /* between disk_begin and disk_sync */
    bool is_full;
    bool fails_next; /* the next sync fails */
};

/* NULL when nothing is held of the author. */
struct shelf *disk_shelf(const struct disk *disk, const struct hash *author);

void disk_begin(struct disk *disk);
/* The author's draft, made from its shelf when there is none; until the next disk_draft. */
struct draft *disk_draft(struct disk *disk, const struct hash *author);
/* NULL when the transaction does not touch that feed. */
struct draft *disk_drafted(const struct disk *disk, const struct hash *author);
void disk_put(struct draft *draft, struct copy *copy);
/* Makes the transaction durable. E_CORRUPT when it would put a record where another is, or leave a hole. */
enum err disk_sync(struct disk *disk);
void disk_abort(struct disk *disk);
/* The process dies: what was under way is there as a whole, or not at all; with half, by a bad disk, in part.
 */
enum err disk_crash(struct disk *disk, struct dice *dice, bool half);
void disk_clear(struct disk *disk);
