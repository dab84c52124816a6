/* uplink: one link to a hub: dials, enrols when it has an invite, greets, carries, and dials again when it is
 * over.
 *
 * Every dial takes a fresh socket; waits are full jitter. Belongs to the thread that turns the node; only the
 * face is for others, under the node's lock. */
#pragma once

#include "daemon/node.h"

enum uplink_state { UPLINK_JOINING, UPLINK_CONNECTING, UPLINK_CONNECTED, UPLINK_REFUSED };

/* What a person may know of a link. */
struct uplink_face {
    struct hash author;
    char name[MAX_NAME_BYTES + 1];
    char endpoint[MAX_ENDPOINT_BYTES + 1];
    struct key key;
    enum uplink_state state;
    uint64_t since_ms;        /* in this state, wall clock */
    uint64_t last_contact_ms; /* wall clock; 0 never */
    uint64_t redial_ms;       /* monotonic; 0: not waiting */
    uint64_t acknowledged;    /* own records that this hub holds */
    uint64_t held;            /* records of the hub's feed that we hold */
    int64_t skew_ms;          /* the hub's clock minus ours, at the last greeting */
    char software[64];
    char last_error[256]; /* "" */
};

struct uplink;

struct uplink *uplink_new(struct node *node, const struct peer_row *row);
/* Says BYE when the link is up. */
void uplink_free(struct uplink **uplink);

/* Takes over what the row says now (joined again, another endpoint). */
void uplink_update(struct uplink *uplink, const struct peer_row *row);
uint64_t uplink_turn(struct uplink *uplink, uint64_t now_ms); /* when it wants to be turned next */

const struct peer_row *uplink_row(const struct uplink *uplink); /* as this link knows it */
void *uplink_socket(struct uplink *uplink, short *events);      /* NULL when there is none now */
int uplink_fd(struct uplink *uplink);                           /* -1 */
/* Under the node's lock. */
const struct uplink_face *uplink_face(const struct uplink *uplink);
const char *uplink_state_word(enum uplink_state state);
