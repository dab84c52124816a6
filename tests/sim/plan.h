/* plan: what one simulated history is to be like, drawn from its seed: who there is, what they say, what goes
 * wrong how often. A scenario is a plan with some things set by hand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mutant.h"

enum shape {
    SHAPE_STAR, /* nodes and a hub */
    SHAPE_MESH, /* nodes that list each other; no hub */
    SHAPE_TREE, /* nodes, relays, a hub */
    SHAPE_COUNT
};

enum fault {
    FAULT_KILL,      /* a process dies at any point, and comes back */
    FAULT_STOP,      /* ... says goodbye first */
    FAULT_BREAK,     /* a connection breaks */
    FAULT_CUT,       /* a road is cut, one way or both */
    FAULT_PARTITION, /* every road between two groups is */
    FAULT_SLOW,      /* a road becomes slow */
    FAULT_FULL,      /* a disk is full for a while */
    FAULT_SYNC,      /* the next sync of a disk fails: the process dies */
    FAULT_CLOCK,     /* a clock is stepped */
    FAULT_HUB,       /* the hub dies, and is away for long */
    FAULT_COUNT
};

struct plan {
    uint64_t seed;
    enum mutant mutant;
    enum shape shape;
    unsigned nodes, relays, hostile;
    bool bytes;     /* messages go through lib/net/wire */
    unsigned rough; /* of a thousand messages so many are lost, come twice or change places within a
                       connection, which TCP does not do */

    uint64_t busy_ms;        /* how long records are made and things go wrong */
    uint64_t settle_ms;      /* how long nothing may move after that, although not all agree */
    uint64_t append_ms;      /* mean time between two appends of a node */
    unsigned burst;          /* records of one append, at most */
    unsigned payload;        /* bytes, at most, as a rule */
    unsigned huge;           /* of a thousand payloads, so many are as large as any may be */
    unsigned federal, local; /* of a thousand records */
    unsigned rekeyed;        /* and so many identity events among them */
    unsigned sloppy;         /* and so many that only a later one vouches for */

    uint32_t heartbeat_ms, batch_bytes;
    uint64_t credit_bytes;
    unsigned stingy; /* of a thousand answers, so many give their credit back later */
    uint64_t redial_min_ms, redial_max_ms;
    uint64_t latency_ms, jitter_ms;
    uint64_t bytes_a_second;        /* of every line, always; 0: any */
    uint64_t fault_ms[FAULT_COUNT]; /* mean time between two of that kind; 0: none */
};

void plan_draw(uint64_t seed, struct plan *out);

/* A history that once went wrong, or that must be seen whatever the seeds are. */
struct scenario {
    const char *name;
    const char *what;
    uint64_t seed;
    void (*set)(struct plan *plan);
};
/* NULL past the last. */
const struct scenario *scenario_at(unsigned index);
const struct scenario *scenario_find(const char *name);
