/* carry: what a link's state machine (core/sync) asks of its node: where feeds stand, records to send,
 * records to keep.
 *
 * The machine must not be called back from within its calls, so what it asks for waits here until
 * carry_serve. Belongs to the thread that turns the node. */
#pragma once

#include "core/sync.h"
#include "daemon/accept.h"
#include "daemon/face.h"

struct carry_fetch {
    struct hash author;
    uint64_t from;
    uint32_t max_bytes;
};

struct carry {
    struct node *node;
    struct face *face; /* of its hub */
    struct hash hub;
    void (*send)(void *context, const struct sync_message *message);
    void *send_context;

    bool follows;         /* takes the hub's feed */
    struct feed hub_feed; /* as we hold it */
    bool up;
    struct sync_peer peer;
    bool ended;
    enum err end_code;
    uint64_t retry_after_ms;
    char end_text[256];

    bool own_checked;      /* the hub's head of our feed was compared with ours */
    bool own_stopped;      /* the hub will not take a record of ours on this link */
    uint64_t own_told;     /* the machine knows that we hold 0 .. own_told-1 */
    uint64_t acknowledged; /* of ours, by this hub */
    uint64_t stale;        /* messages of other sessions on this link, those that were counted */
    uint64_t kept_back;    /* bytes of the hub's credit, while room is tight */

    struct carry_fetch *fetches;
    size_t n_fetches, cap_fetches;
    struct accept_batch *stores;
    size_t n_stores, cap_stores;
};

/* face: the hub's, borrowed; what it refuses is shown there. send gets what the machine says, at once. Reads
 * how far the hub's feed is held. */
enum err carry_init(struct carry *carry, struct node *node, struct face *face,
                    void (*send)(void *context, const struct sync_message *message), void *send_context);
void carry_clear(struct carry *carry);

/* The callbacks for sync_new, with carry as context. */
struct sync_host carry_host(struct carry *carry);

/* Before dialing: the feeds that this link is about. */
void carry_follow(struct carry *carry, struct sync *sync);
/* Tells the machine how far the own feed has grown. */
void carry_push(struct carry *carry, struct sync *sync, uint64_t now_ms);
/* Adds what the machine has dropped since to the node's counters. */
void carry_count(struct carry *carry, const struct sync *sync);
/* Does what the machine asked for: reads and sends, verifies and stores. True when it did anything. */
bool carry_serve(struct carry *carry, struct sync *sync, uint64_t now_ms);
