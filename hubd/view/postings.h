/* postings: which engagements have a term: sets of ordinals, stored in pieces of 65,536.
 *
 * Key: number of the piece u32 (ordinal >> 16) || term. The piece comes first, so that new engagements write
 * into the end of the table only, however many there are (doc/adr/0006-postings-by-piece.md). Value: form u8
 * || count - 1 u16 || checksum u32 || body; the body of form 1 is count ordinals' low halves (u16,
 * ascending), of form 2 a CRoaring bitmap in its portable format. Numbers are big-endian. A value that does
 * not check is E_CORRUPT: it is never taken for an answer. The only module that sees roaring. */
#pragma once

#include "store/db.h"

#define PIECE_ORDINALS 65536U

/* A set of the low halves of one piece's ordinals. NULL is the empty set, everywhere. */
struct piece;

struct piece *piece_of(const uint16_t *ascending, size_t count);
struct piece *piece_copy(const struct piece *piece);
void piece_free(struct piece **piece);
size_t piece_count(const struct piece *piece);
/* How many both have. */
size_t piece_count_both(const struct piece *a, const struct piece *b);
/* Ascending, into out, which has room for piece_count() (at most PIECE_ORDINALS). Returns how many. */
size_t piece_list(const struct piece *piece, uint16_t *out);
/* *a becomes the set; b stays. */
void piece_and(struct piece **a, const struct piece *b);
void piece_or(struct piece **a, const struct piece *b);
void piece_minus(struct piece **a, const struct piece *b);

/* The piece of a term; NULL when it has none there. E_CORRUPT. Caller frees. */
enum err postings_get(struct db_txn *txn, db_table table, struct bytes term, uint32_t number,
                      struct piece **out);

/* Low halves, ascending, without repeats. */
struct ordinals {
    const uint16_t *values;
    size_t count;
};
/* Takes ordinals into a piece and out of it; they have none in common. E_CORRUPT; other failures stick to
 * txn. */
enum err postings_change(struct db_txn *txn, db_table table, struct bytes term, uint32_t number,
                         struct ordinals add, struct ordinals remove);

/* Calls each() for the terms of a piece that begin with prefix and sort at or behind first, in their order,
 * until it returns false. The piece it is given dies with the call. E_CORRUPT. */
enum err postings_scan(struct db_txn *txn, db_table table, uint32_t number, struct bytes prefix,
                       struct bytes first,
                       bool (*each)(void *context, struct bytes term, const struct piece *piece),
                       void *context);
