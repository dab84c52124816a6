/* projection: one batch of the log taken into the view, inside one write transaction.
 *
 * Records are taken in log order and change engagements in memory; at the end each engagement that was
 * touched is written once, and its terms as they were are held against its terms as they are. So the answer
 * does not depend on how the log was cut into batches. */
#pragma once

#include "hubd/view/meta.h"
#include "hubd/view/names.h"
#include "hubd/view/speakers.h"

struct projection;

/* All are the caller's and outlive it; meta is brought forward, but not written. */
struct projection *projection_new(struct db_txn *txn, struct store_view *log, struct speakers *authors,
                                  struct names *names, struct meta *meta);
void projection_free(struct projection **projection);
/* Takes the record at meta->cursor. How many bytes it read goes to *bytes. E_CORRUPT. */
enum err projection_take(struct projection *projection, size_t *bytes);
/* Writes engagements and postings. E_CORRUPT; other failures stick to the transaction. */
enum err projection_finish(struct projection *projection);
