/* names: which ordinal an engagement's id has.
 *
 * Ids are hashes, so that a table of them is written all over. New ones therefore wait in a table of their
 * own, by their first byte, and move into the large one a byte at a time: neighbours together, some pages for
 * hundreds of ids. As many wait as make that worth it, a sixteenth of all; the writing thread has those in
 * memory. */
#pragma once

#include "store/db.h"

#define NAMES_WAITING_MIN 65536U

struct names;

/* E_CORRUPT. */
enum err names_load(struct db_txn *txn, struct names **out);
void names_free(struct names **names);

/* False when nobody has it. A row that does not decode makes the transaction fail (E_CORRUPT). */
bool names_find(const struct names *names, struct db_txn *txn, const uint8_t id[static 16],
                uint32_t *ordinal);
/* A new one, whose ordinal is higher than all before. */
void names_add(struct names *names, struct db_txn *txn, const uint8_t id[static 16], uint32_t ordinal);
/* Moves as many as are too many; engagements: how many there are in all. */
void names_settle(struct names *names, struct db_txn *txn, uint32_t engagements);

/* Calls each() for the ordinals of ids from low to high, until it returns false. For readers: looks at txn
 * only. */
void names_range(struct db_txn *txn, const uint8_t low[static 16], const uint8_t high[static 16],
                 bool (*each)(void *context, uint32_t ordinal), void *context);
