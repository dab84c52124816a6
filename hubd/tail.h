/* tail: records at the end of a feed that nothing vouches for yet, kept until the next batch does.
 *
 * As a rule they are refused for now, and come again with more behind them. But what vouches for them may lie
 * further off than one batch reaches: payloads are large, and of 256 records only the last may be signed
 * well. When they come again and no more of them, they are kept here; the sender is told that nothing of it
 * is durable, gets its credit back, and goes on with the next batch, which is looked at together with them.
 */
#pragma once

#include "core/record.h"
#include "hubd/job.h"

#define TAILS_BYTES (96U << 20) /* of all feeds of one verifier; the longest tail has some 64 MiB */

struct tail {
    struct buf packed;
    uint64_t first; /* seq */
    size_t count;
    uint64_t refused_seq; /* where it was refused last, and how many records were there */
    size_t refused_count;
};

/* Gives back its share of *bytes, the sum over all tails. */
void tail_clear(struct tail *tail, size_t *bytes);
/* The job continues the tail of a feed that holds 0 .. next-1: then it takes it over (job->held, n_held), and
 * begins where the tail does. Otherwise the tail is dropped. */
void tail_join(struct tail *tail, uint64_t next, struct job *job, size_t *bytes);
/* Nothing vouches for these records, the first of which comes next in the feed. True: they are kept; false:
 * they are to be refused for now. again: they are, in part, from a tail. */
bool tail_keep(struct tail *tail, const struct record *records, size_t count, bool again, size_t *bytes);
