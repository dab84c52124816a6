/* peers: whom this node dials, as kept in STORE_PEERS: where they are, what they must prove, how far the
 * joining is. */
#pragma once

#include "core/token.h"
#include "store/store.h"

#define PEERS_MAX 8 /* hubs of one node */

enum peer_state {
    PEER_JOINING = 1, /* holds the secret of an invite */
    PEER_MEMBER = 2,  /* admitted: dials with its own transport key */
    PEER_REFUSED = 3, /* the invite was refused: nothing is tried until the operator joins again */
};

struct peer_row {
    struct hash author;
    char name[MAX_NAME_BYTES + 1];
    char endpoint[MAX_ENDPOINT_BYTES + 1];
    struct key key; /* CURVE */
    enum peer_state state;
    uint8_t invite_secret[32]; /* all zero once it is used up */
    uint64_t expires_ms;       /* of the invite */
    uint64_t since_ms;         /* when it came into this state, wall clock */
    char reason[200];          /* why it was refused */
};

/* What a token says, as a row in state joining. name: how we call it ("hub" when the token has none to give).
 */
void peer_from_token(const struct token *token, uint64_t now_ms, struct peer_row *out);

void peer_encode(const struct peer_row *row, struct buf *out);
/* E_CORRUPT, E_VERSION. */
enum err peer_decode(struct bytes key, struct bytes value, struct peer_row *out);

void peer_put(struct store_txn *txn, const struct peer_row *row);
/* Writes changed over what was kept as before, unless the row was removed or joined anew meanwhile: false
 * then. */
bool peer_change(struct store_txn *txn, const struct peer_row *before, const struct peer_row *changed);
void peer_remove(struct store_txn *txn, const struct hash *author);
/* At most PEERS_MAX of them; *count how many. A row that cannot be read is E_CORRUPT. */
enum err peers_load(struct store_view *view, struct peer_row out[static PEERS_MAX], size_t *count);
