/* standing: what the view keeps of each engagement: its id, whose account stands for it, and where that
 * is.
 *
 * The lead is the author whose nonce gives the id. Its account stands as soon as it has one, withdrawn or
 * not; before, the first author's (in the order of speakers.h) that is not withdrawn. What stands decides the
 * terms; an engagement whose standing account is withdrawn is in no posting, but stays here. */
#pragma once

#include "store/db.h"
#include "store/store.h"

enum row_flag {
    ROW_LEAD = 1,      /* the standing account is the lead's */
    ROW_WITHDRAWN = 2, /* it is withdrawn */
    ROW_CLOCK = 4,     /* its author's clock was far off (FLAG_CLOCK) */
};

struct standing {
    uint8_t id[16];
    uint8_t flags;
    uint32_t author; /* of the standing account */
    uint64_t seq, position;
    uint32_t start;    /* terms_start() of the statement; 0 none */
    uint32_t accounts; /* not withdrawn, the lead's included */
};

static inline bool standing_is_live(const struct standing *row)
{
    return (row->flags & ROW_WITHDRAWN) == 0;
}
/* FLAG_* of terms.h that the log knows. */
unsigned standing_known_flags(const struct standing *row);

/* In what follows a row that does not decode makes the transaction fail (E_CORRUPT), and is not there. */
bool standing_read(struct db_txn *txn, uint32_t ordinal, struct standing *out);
/* fresh: it is the first write of the highest ordinal so far. */
void standing_write(struct db_txn *txn, uint32_t ordinal, const struct standing *row, bool fresh);
/* The account of one who is not the lead. */
struct account {
    uint32_t author;
    uint64_t seq, position;
    uint8_t flags; /* ROW_WITHDRAWN, ROW_CLOCK */
};
bool account_read(struct db_txn *txn, uint32_t ordinal, uint32_t author, struct account *out);
void account_write(struct db_txn *txn, uint32_t ordinal, const struct account *account);
void account_delete(struct db_txn *txn, uint32_t ordinal, uint32_t author);
/* The first that is not withdrawn, else the first. */
bool account_first(struct db_txn *txn, uint32_t ordinal, struct account *out);

/* A statement at a log position. The payload is empty when it is not there. E_CORRUPT, E_NOT_FOUND. */
enum err standing_load(struct store_view *log, uint64_t position, struct header *header,
                       struct bytes *payload);
