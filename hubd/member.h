/* member: one jurisdiction that belongs to this hub, one invite, and the rows of the store that keep them.
 *
 * STORE_PEERS: author -> member. STORE_KEYS: transport key -> member or invite. STORE_NAMES: name -> author,
 * of those that were admitted. A transaction sees its own changes here, so the rules of admission are decided
 * on these rows; members.h is their copy in memory, brought up to date after the commit. */
#pragma once

#include "core/statement.h"
#include "store/store.h"

enum member_state {
    MEMBER_PENDING = 1, /* presented itself, waits for an operator */
    MEMBER_ACTIVE = 2,
    MEMBER_SUSPENDED = 3,
    MEMBER_REMOVED = 4, /* suspended by peer.rm, until peer.resume */
};

struct member {
    struct hash author;
    struct key transport;
    char name[MAX_NAME_BYTES + 1];
    char title[MAX_TITLE_BYTES + 1];
    char geoid[16];
    uint32_t level; /* PartyType */
    enum member_state state;
    uint32_t reason;    /* of its suspension */
    uint64_t since_ms;  /* in this state, wall clock */
    struct hash invite; /* id of the one that it came with; zero = none */
};

enum invite_state { INVITE_OPEN = 1, INVITE_USED = 2, INVITE_REVOKED = 3 };

struct invite {
    struct key key;                /* the one-time CURVE key, public half */
    struct hash id;                /* SHA-256 of it */
    char name[MAX_NAME_BYTES + 1]; /* whom it is for; "" = anyone, admitted by hand */
    bool auto_admit;
    enum invite_state state;
    struct hash author; /* who used it */
    uint64_t created_ms, expires_ms;
};

/* The word for a state: "pending", "suspended"... */
const char *member_state_word(enum member_state state);

void member_encode(const struct member *member, struct bytes inception, struct buf *out);
/* inception: the packed record of one that is pending, borrowed; may be NULL. E_CORRUPT, E_VERSION. */
enum err member_decode(struct bytes key, struct bytes value, struct member *out, struct bytes *inception);
void invite_encode(const struct invite *invite, struct buf *out);
/* What a row of STORE_KEYS says: an invite (E_OK), or a member's key (E_EXISTS, with *author). E_CORRUPT,
 * E_VERSION. */
enum err invite_decode(struct bytes key, struct bytes value, struct invite *out, struct hash *author);

/* Writes the member's row, its transport key and, once admitted, its name. inception: empty but for pending
 * ones. */
void member_put(struct store_txn *txn, const struct member *member, struct bytes inception);
/* Deletes the row of one that is pending: nothing else is its own. */
void member_forget(struct store_txn *txn, const struct hash *author);
/* One more transport key of a member. */
void member_put_key(struct store_txn *txn, const struct key *key, const struct hash *author);
void invite_put(struct store_txn *txn, const struct invite *invite);

/* As this transaction sees them. inception is borrowed until its next write. False: none. */
bool member_in(struct store_txn *txn, const struct hash *author, struct member *out, struct bytes *inception);
bool member_named_in(struct store_txn *txn, const char *name, struct hash *author);
enum err invite_in(struct store_txn *txn, const struct key *key, struct invite *out,
                   struct hash *author); /* E_NOT_FOUND */
