/* net: the network between simulated processes. A road joins a dialer and a listener and has a weather; a
 * connection on it is TCP under ZeroMQ: messages arrive in order or the connection breaks, and what was under
 * way is lost then, or arrives late. A direction that is cut holds everything back until it is mended. */
#pragma once

#include "core/sync.h"
#include "net/wire.h"

struct process;
struct world;
struct link;

struct road {
    struct world *world;
    struct process *end[2]; /* 0 dials, 1 listens */
    struct link *session;   /* the listener's link with this dialer */
    uint64_t latency_ms, jitter_ms;
    uint64_t bytes_a_second; /* 0: any */
    unsigned cut[2];         /* how many faults hold the direction from end i */
    struct conn *conns;
};

struct frame {
    uint64_t at_ms;
    bool is_bytes;
    struct buf bytes; /* the frame, or what the message points to */
    struct sync_message message;
};

/* One direction: a ring of frames. */
struct pipe {
    struct frame *frames;
    size_t first, count, cap;
    uint64_t free_at_ms; /* the last byte has left */
    uint64_t last_at_ms; /* the last frame arrives */
    bool is_due;         /* an event waits for the first frame */
};

struct conn {
    struct road *road;
    struct conn *next;
    struct link *dialer; /* NULL when the dialer has left it */
    struct pipe pipe[2]; /* from end i */
    bool closed[2];      /* end i is gone: nothing reaches it, and it says no more */
    bool broken;         /* nothing new goes through */
};

struct conn *conn_new(struct road *road);
/* Puts a message on its way from an end. False when that end can tell that nobody hears it. */
bool conn_send(struct conn *conn, int end, const struct sync_message *message);
/* An end hangs up. What it said before may arrive yet (lingers) or not. */
void conn_close(struct conn *conn, int end, bool lingers);
/* The connection breaks between the two. */
void conn_break(struct conn *conn);
/* A road's weather has become better: what was held back goes on. */
void road_mend(struct road *road, int end);
void road_clear(struct road *road);
