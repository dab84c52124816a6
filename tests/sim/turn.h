/* turn: a process's transactions, one at a time, each of all that waits: batches that came, records of its
 * own. A transaction begins, is synced, is told of: the process may die between any two of these. */
#pragma once

#include "link.h"

/* A batch to store. */
void turn_store(struct process *process, struct link *link, const struct hash *author, uint64_t first_seq,
                struct bytes records);
/* Makes so many records of its own. */
void turn_append(struct process *process, unsigned count);
/* Something may be waiting. */
void turn_wake(struct process *process);
/* What waited is gone with the process. */
void turn_forget(struct process *process);
