/* uplink: one link to a hub: dials, enrols when it has an invite, greets, carries, and dials again when it is
 * over.
 *
 * Every dial takes a fresh socket; waits are full jitter. Belongs to the thread that turns the node; only the
 * face is for others, under the node's lock. */
#pragma once

#include "daemon/face.h"

struct uplink;

struct uplink *uplink_new(struct node *node, const struct peer_row *row);
/* Says BYE when the link is up. */
void uplink_free(struct uplink **uplink);

/* Takes over what the row says now (joined again, another endpoint). */
void uplink_update(struct uplink *uplink, const struct peer_row *row);
uint64_t uplink_turn(struct uplink *uplink, uint64_t now_ms); /* when it wants to be turned next */

const struct peer_row *uplink_row(const struct uplink *uplink); /* as this link knows it */
/* The edge-triggered descriptor of its socket, to be polled between turns; -1 when there is none now. */
int uplink_fd(struct uplink *uplink);
/* Under the node's lock. */
const struct face *uplink_face(const struct uplink *uplink);
