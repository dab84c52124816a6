/* fleet: N nodes in one process, each with its identity, its store and its own CURVE link: the real daemon/
 * code, turned by one epoll loop. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "daemon/node.h"

struct fleet_options {
    size_t nodes, first; /* how many, and the number of the first */
    const char *dir;
    const char *hub_home; /* invites come from its control socket */
    const char *tokens;   /* or from this file, one a line */
    const char *import, *snapshot;
    uint64_t records; /* each node is to write */
    size_t payload;   /* bytes of each */
    double live;      /* records a second over the whole fleet; 0: all before connecting */
    uint64_t timeout_ms;
    unsigned jobs; /* threads that write records before connecting */
    bool quiet, stay, list;
    struct node_options node;
};

/* A record that was written on a live link and is not acknowledged yet. */
struct fleet_sent {
    uint64_t seq, at_us;
};

struct fleet_node {
    char folder[240];
    char geoid[16]; /* of an import */
    struct home home;
    struct node *node; /* NULL: closed */
    uint64_t next_ms;  /* when it wants to be turned */
    int fd;
    uint64_t dials; /* when fd was taken: a new dial has a new one */
    bool settled;   /* connected, and everything acknowledged */
    struct fleet_sent sent[8];
    size_t n_sent;
};

struct fleet {
    struct fleet_options options;
    struct fleet_node *nodes;
    size_t count;
    size_t settled; /* of them */
    int epoll, signal_fd;
    bool stopped;    /* by a signal */
    uint32_t *spans; /* us from writing to acknowledgement */
    size_t n_spans;
    uint64_t written;      /* by this run */
    json_t *import_tables; /* {table, file, rows, accepted, refused, others, flagged}, one a file */
};

/* ---- fleet_identity.c: DIR/NAME holds an identity and a store; what is there is taken up again */
struct fleet_person {
    const char *folder; /* in DIR; NULL: the name */
    const char *name, *level, *geoid, *title;
};
enum err fleet_identity(struct fleet *fleet, const struct fleet_person *person, struct fleet_node *out);
/* us-fleet-00001 ... */
enum err fleet_identities(struct fleet *fleet);
enum err fleet_open(struct fleet *fleet);
void fleet_close(struct fleet *fleet);

/* ---- fleet_enrol.c: those that have joined no hub yet get an invite */
enum err fleet_enrol(struct fleet *fleet, size_t *joined);

/* ---- fleet_load.c: records, durable before anything is sent */
enum err fleet_load(struct fleet *fleet);
/* One more record of node i, now. */
enum err fleet_write(struct fleet *fleet, size_t i);

/* ---- fleet_import.c: one node a jurisdiction of the tables in a folder, and their rows as its records; what
 * the office reports itself goes to the hub; every row is accounted for, E_CORRUPT when one is not */
/* Which files of the folder are such tables, and the snapshots in each: [{table, format, file, snapshots}].
 */
enum err fleet_import_list(const struct fleet *fleet, FILE *to);
enum err fleet_import_identities(struct fleet *fleet);
enum err fleet_load_import(struct fleet *fleet);

/* ---- fleet_run.c */
/* Turns all nodes until all are settled, a signal comes, or the time is over (E_TIMEOUT). */
enum err fleet_settle(struct fleet *fleet);
/* Writes options.records a node at options.live a second, over connected nodes, until all is acknowledged. */
enum err fleet_live(struct fleet *fleet);
/* Turns all nodes until a signal comes. */
enum err fleet_stay(struct fleet *fleet);
