/* changes: which ordinals enter and leave which terms in one batch, gathered before any posting is touched,
 * so that each piece of each term is read and written once a batch, in the order of the keys. */
#pragma once

#include "hubd/view/postings.h"

struct changes;

struct changes *changes_new(void);
void changes_free(struct changes **changes);

/* An ordinal's terms before and after: begin, then every term of the old and of the new statement (repeats
 * are fine), then end. Ordinals come in ascending order. */
void changes_begin(struct changes *changes, uint32_t ordinal);
void changes_had(struct changes *changes, struct bytes term);
void changes_has(struct changes *changes, struct bytes term);
void changes_end(struct changes *changes);

/* Writes them all. E_CORRUPT; other failures stick to txn. */
enum err changes_write(struct changes *changes, struct db_txn *txn, db_table table);
