/* feed: the rules of one author's chain. A record either continues the feed, repeats it, or forks it.
 *
 * Plain value, no I/O. One struct feed is all that verifying the next record needs; it is stored beside the
 * head (feed_encode) and copied freely. Rules and their order: doc/PROTOCOL.md, "Feeds". */
#pragma once

#include "base/limits.h"
#include "core/record.h"

#define RECOVERY_KEYS_MAX 16

struct recovery {
    uint8_t count; /* 0: no recovery is possible */
    uint8_t k;
    struct key keys[RECOVERY_KEYS_MAX];
};

struct feed {
    struct hash author;
    uint64_t next;    /* the seq that continues it; 0 = nothing held yet */
    struct hash head; /* id of next - 1 */
    uint32_t epoch;
    struct key record_key; /* of the open epoch */
    struct hash next_commit;
    struct recovery recovery;
    struct key transport_key; /* zero = none */
    struct key witness_key;
    struct key mirror_key;
    struct key seal_key;
    bool retired;
};

/* The empty feed of an author: accepts only that author's inception. */
void feed_init(struct feed *feed, const struct hash *author);

/* Takes consecutive records as far as they continue the feed and are vouched for, and advances feed by
 * *accepted of them. How they are cut into calls makes no difference to what is accepted in the end.
 *   E_OK               all are accepted
 *   E_BAD_SIGNATURE    the last *accepted+1.. are not vouched for by these records. When fewer than
 *                      MAX_RUN_RECORDS follow the head this is not final: offer them again with more behind
 *                      (feed_is_final tells).
 *   E_MALFORMED, E_UNKNOWN_AUTHOR, E_GAP, E_BROKEN_CHAIN, E_EPOCH, E_NOT_AUTHORISED
 *                      record *accepted is the first that cannot be taken; those before it are in
 *                      (as far as vouched).
 *   E_EXISTS           record 0 lies before feed->next: compare it with what is held (feed_compare).
 * Kinds 2, 3 and 4 without their matching payload are E_MALFORMED. */
enum err feed_take(struct feed *feed, const struct record *records, size_t count, size_t *accepted);

/* After feed_take gave code: whether more records behind these could not change it. refused[0 .. offered-1]
 * are the records that were not taken. */
bool feed_is_final(enum err code, size_t offered, const struct record *refused);

/* A record at a seq that is held already: E_OK when it is the same, E_FORK when its id differs. */
enum err feed_compare(const struct record *record, const struct hash *held_id);

/* 384 bytes or more: both branches from the first differing entry up to their vouching signatures, the branch
 * with the smaller first id first. Each branch: entries only, back to back. */
void fork_proof(struct bytes branch_a, struct bytes branch_b, struct buf *out);
/* E_OK when proof shows two vouched branches of author at one seq under key. E_MALFORMED, E_BAD_SIGNATURE. */
enum err fork_verify(struct bytes proof, const struct hash *author, const struct key *key);
/* Whether the first of these records, which differs from what is held at its seq, is vouched for under the
 * key that was open there: by itself, or by one of those behind it. What is not is no fork, only a bad
 * signature. */
bool fork_is_vouched(const struct record *records, size_t count, const struct key *key);

/* Makes and appends a record of one's own: fills seq, prev, epoch, author, commit, signs it, and advances
 * feed by feed_take's own rules (so a feed never holds what it would refuse). salt is 32 random bytes of the
 * caller's. The packed record (run.h) is appended to out. */
enum err feed_append(struct feed *feed, const struct secret *record_secret, uint8_t kind, uint16_t flags,
                     uint32_t payload_type, uint64_t time_ms, const uint8_t salt[static SALT_BYTES],
                     struct bytes payload, struct buf *out);

/* The stored form; E_CORRUPT or E_VERSION when it is not one. */
void feed_encode(const struct feed *feed, struct buf *out);
enum err feed_decode(struct bytes bytes, struct feed *out);
