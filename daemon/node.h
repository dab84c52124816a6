/* node: one jurisdiction's node: its store, its own feed, its links upward. No globals: thousands fit in one
 * process.
 *
 * One thread turns it (node_turn: the network, what comes down, marks). Any thread may write records
 * (scribe.h), join, drop a peer and look. `writing` lets one author write at a time and is held over the
 * commit; `lock` guards what the threads share and is held over neither a commit nor the network. Order:
 * writing before lock. */
#pragma once

#include <pthread.h>

#include "app/home.h"
#include "daemon/outbox.h"
#include "daemon/peers.h"
#include "store/room.h"
#include "store/store.h"

enum follow { FOLLOW_OFFICE, FOLLOW_OWN };

struct node_options {
    uint64_t map_bytes;
    uint32_t heartbeat_ms;
    uint32_t missed_heartbeats;
    uint64_t redial_min_ms, redial_max_ms;
    uint64_t steady_ms;           /* a link that was up so long begins anew with redial_min */
    uint64_t greeting_timeout_ms; /* from dialing to WELCOME, or to ENROLLED */
    uint64_t mark_ms;             /* acknowledgements are written at most so often */
    uint64_t clock_skew_ms;       /* a hub's clock further off is reported */
    uint64_t outbox_age_ms;       /* records waiting longer are reported; 0: never */
    uint64_t full_ms;             /* how often a full store is tried again */
    uint64_t credit_bytes;        /* what the hub may send before we have stored it */
    uint32_t batch_bytes;         /* the most in one message to the hub */
    uint32_t run_records;         /* records in one batch, 1 to MAX_RUN_RECORDS */
    bool watch;         /* see at once that a hub refuses the key or is not there; costs descriptors */
    enum follow follow; /* the office's feed and one's own, or one's own only */
    /* Called after records became durable and after the list of peers changed, from any thread: makes the
     * thread that turns the node turn it soon. NULL: nobody to be told. */
    void (*poke)(void *context);
    void *poke_context;
};

struct node_counters {
    uint64_t written;  /* own records since the start */
    uint64_t commits;  /* of own records */
    uint64_t received; /* records of the office's feed */
    uint64_t refused;  /* of them, quarantined */
    uint64_t strikes;  /* messages that a hub must not send */
    uint64_t dials;
    uint64_t batches, batch_records; /* to hubs */
    uint64_t stale;                  /* messages of sessions that are over, dropped */
};

struct uplink;

struct node {
    struct node_options options;
    struct home home;
    struct store *store;
    uint64_t started_ms; /* monotonic */

    pthread_mutex_t writing;
    pthread_mutex_t lock;

    /* under lock */
    struct feed feed; /* as it is on disk */
    struct outbox outbox;
    struct uplink *uplinks[PEERS_MAX];
    size_t n_uplinks;
    bool peers_changed;
    struct node_counters counters;
    bool full; /* the last commits found no room, or room.h says so */
    struct room_watch watch;
    enum err failure; /* E_OK, or why this cannot go on: a failed sync, a corrupt store */
    char failure_text[256];

    /* of the turning thread */
    uint64_t marks_kept_ms;
    uint64_t probe_at_ms; /* when a full store is tried again */
};

/* What a node does when nobody configures it. */
struct node_options node_defaults(void);

/* Opens the store at home->store and loads the own feed. inception: the packed seq 0, for a store that is to
 * be made now; empty: the store must hold the feed (E_NOT_FOUND, with a hint to `nodectl init`). home is
 * copied. E_CORRUPT when the store holds another identity's feed; what store_open refuses. */
enum err node_open(const struct node_options *options, const struct home *home, struct bytes inception,
                   struct node **out);
/* Says BYE, keeps the marks, closes the store. */
void node_close(struct node **node);

/* Dials what is due, moves what can be moved, and returns when it wants to be turned next (monotonic ms) if
 * nothing happens on its sockets before. Never blocks but for its own commits. */
uint64_t node_turn(struct node *node, uint64_t now_ms);

/* The descriptor of uplink i, to be polled for reading between turns (edge-triggered, as ZMQ_FD is: a turn
 * leaves nothing behind that it would tell of); -1 when it has none now. i below PEERS_MAX. */
int node_fd(struct node *node, size_t i);

/* Keeps the hub of a token and begins to enrol there. E_EXISTS when that hub is a peer already (joining again
 * is allowed while it has not admitted us), E_BUSY with PEERS_MAX hubs, E_DENIED for an expired token or one
 * for another name. */
enum err node_join(struct node *node, const struct token *token, struct peer_row *out);
/* E_NOT_FOUND. */
enum err node_drop_peer(struct node *node, const struct hash *author);

/* What became of a commit; every one goes through here, from any thread. A store that is full is told of
 * once, and tried again by node_turn until it is over. E_IO and E_CORRUPT are the end: after a failed sync
 * nobody knows what is on the disk but who opens the store anew. Returns err, with its sentence. */
enum err node_wrote(struct node *node, enum err err);
/* Before statements, one's own and those of others, are written: E_FULL when what room is left is kept for
 * the rest (room.h). */
enum err node_may_record(struct node *node);
/* So much was recorded. */
void node_recorded(struct node *node, uint64_t bytes);
enum room node_room(struct node *node);
/* Why the node must be closed, with its sentence; E_OK as a rule. */
enum err node_failure(struct node *node);

/* Another thread changed something that the turning thread must see. */
void node_poke(struct node *node);
