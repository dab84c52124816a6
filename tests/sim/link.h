/* link: one end of a connection: the sync machine of lib/core, and the host that it asks. */
#pragma once

#include "actor.h"
#include "net.h"
#include "observe.h"

struct fetch {
    struct hash author;
    uint64_t from;
    uint32_t max_bytes;
};

struct link {
    struct link *after; /* among all that ever were */
    struct process *self, *peer;
    struct conn *conn;
    int end; /* 0 dialed, 1 listens */
    struct actor_peer who;
    struct sync *sync; /* NULL when it is over */
    size_t place;      /* among its process's links */
    bool is_up;
    bool is_dead; /* to be dropped as soon as the machine returns */
    unsigned strikes;
    uint64_t tick_at_ms; /* an event waits for it */
    uint64_t up_ms, asked_ms;
    char why[100];
    struct fetch *fetches; /* asked for, first first */
    size_t n_fetches, cap_fetches;
    uint64_t owed;         /* credit that is given back later */
    struct buf last_batch; /* for a mutant that says it twice */
    struct sync_message last;
    struct tally tally;
};

/* A link of the process over a new connection: the dialer's greets at once. */
struct link *link_dial(struct process *process, struct road *road);
/* The listener's, which takes this HELLO. */
struct link *link_listen(struct process *process, struct conn *conn, const struct sync_message *hello);

/* What came over its connection; bad: it could not be decoded. */
void link_hear(struct link *link, enum err bad, const struct sync_message *message);
/* A feed has grown, durably. */
void link_grown(struct link *link, const struct feed *feed);
/* A batch of this link was judged, and what it says of is durable. */
void link_answer(struct link *link, const struct hash *author, const struct verdict *verdict, uint64_t bytes);
/* The dialer sees that it has no connection any more. */
void link_lost(struct link *link);
/* Says goodbye, and is over. */
void link_bye(struct link *link, uint64_t retry_after_ms);
/* Ends it without a word; lingers: what was said before may still arrive. */
void link_drop(struct link *link, bool lingers);
void link_free(struct link *link);
