/* quarantine: the latest record of each feed that was refused for good, with its reason, for an operator to
 * look at.
 *
 * One row an author, so it is bounded by the membership. A row whose seq the feed has passed since is
 * history, but for a fork: that there are two records with one number stays true. */
#pragma once

#include "hubd/job.h"

struct quarantined {
    struct hash author;
    uint64_t seq, time_ms;
    enum err code;
    char text[200];
    struct bytes entry; /* 192 bytes, borrowed; empty when it could not be parsed */
};

/* Whether a refusal is worth a row: one that no repetition changes, about a record that we saw. */
bool quarantine_wants(const struct job *job);
/* job: refused, with keep_refusal. The first fork of a feed is kept for good. */
void quarantine_put(struct store_txn *txn, const struct job *job, uint64_t now_ms);
/* E_NOT_FOUND: none, or the feed has passed it. E_CORRUPT. */
enum err quarantine_get(struct store_view *view, const struct hash *author, struct quarantined *out);
