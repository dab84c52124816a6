/* enrol: the first conversation with a hub, over the one-time key of an invite: my inception, then the hub's.
 */
#pragma once

#include "core/sync.h"
#include "daemon/node.h"

/* The ENROL frame of this node. */
enum err enrol_ask(struct node *node, uint32_t message_id, struct buf *frame);

/* The hub's ENROLLED: checks that it is the hub of the token (E_DENIED), and in one transaction keeps its
 * inception when the node follows it, makes row a member and forgets the invite. What the store refuses
 * leaves row as it was. */
enum err enrol_finish(struct node *node, struct peer_row *row, struct bytes inception);
/* The invite is good for nothing: keeps that, with the reason. */
enum err enrol_refused(struct node *node, struct peer_row *row, const char *reason);
/* The hub took us with our own key although it never answered the enrolment: the invite has done its work. */
enum err enrol_known(struct node *node, struct peer_row *row);
