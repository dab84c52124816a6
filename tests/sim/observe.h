/* observe: what must hold after every step (doc/ARCHITECTURE.md, "The simulator"). The observer sees
 * every message as it leaves and as it arrives, and every disk as it is; it knows all and helps nobody. Where
 * something does not hold it says so through world_broken, which ends the history. */
#pragma once

#include "core/sync.h"

struct link;
struct process;
struct world;

/* What the observer knows of one feed on one link. */
struct tally_feed {
    struct hash author;
    uint64_t acked; /* the peer said here that it holds so many */
};

struct tally {
    int64_t credit;   /* what this end may send */
    uint64_t granted; /* what it gave at the greeting */
    uint64_t waiting; /* bytes that it took and has not answered */
    struct tally_feed *feeds;
    size_t count, cap;
};

/* A message leaves; it arrived, and the machine had no complaint. */
void observe_sent(struct link *link, const struct sync_message *message);
void observe_heard(struct link *link, const struct sync_message *message);
/* A batch was handed to the store of this end. */
void observe_taken(struct link *link, uint64_t bytes);
/* A process has come back: what it promised is there. */
void observe_restart(struct process *process);
/* All is quiet: does everybody who follows a feed hold it as its author made it? explain: says what lacks. */
bool observe_agreed(struct world *world, bool explain);
/* ... and does every author know so from those whom it told? */
void observe_known(struct world *world);
/* What no quiet is needed for, at the end of a history: every store verifies. */
void observe_stores(struct world *world);
