/* quarantine: the latest record of each feed that was refused for good, with its reason, for an operator to
 * look at.
 *
 * One row an author, so it is bounded by the membership. A row whose seq the feed has passed since is
 * history, but for a fork: that there are two records with one number stays true, and the other of the two is
 * kept as evidence, with a note of what was refused last. An operator who has seen a row acknowledges it: it
 * goes on being shown, and alarms nobody until another record of that feed is refused. A fork that nobody
 * acknowledged cries for a week. */
#pragma once

#include "hubd/job.h"

struct quarantined {
    struct hash author;
    uint64_t seq;
    uint64_t time_ms;         /* since when the feed stands there */
    uint64_t acknowledged_ms; /* 0: by nobody */
    enum err code;
    char text[200];
    struct bytes entry; /* 192 bytes, borrowed; empty when it could not be parsed */

    /* the latest that was refused behind a fork: which, why and when; time 0: none */
    uint64_t later_seq, later_ms;
    enum err later_code;
    struct hash later_id; /* zero when it could not be parsed */
};

/* Whether a refusal is worth a row: one that no repetition changes, about a record that we saw. */
bool quarantine_wants(const struct job *job);
/* job: refused, with keep_refusal. The first fork of a feed is kept for good, and what is refused after it is
 * noted with it; the same refusal again is no news. Another is, and takes an acknowledgement back. */
void quarantine_put(struct store_txn *txn, const struct job *job, uint64_t now_ms);
/* E_NOT_FOUND: none, or the feed has passed it. E_CORRUPT. */
enum err quarantine_get(struct store_view *view, const struct hash *author, struct quarantined *out);
/* E_NOT_FOUND: there is nothing. E_EXISTS: it is acknowledged already. Checks first, writes then. */
enum err quarantine_acknowledge(struct store_txn *txn, const struct hash *author, uint64_t now_ms);
/* Is it crying, or only told? */
bool quarantine_is_urgent(const struct quarantined *row, uint64_t now_ms);
