/* hub: owns every part of the hub and its threads.
 *
 *   front     sole owner of the ROUTER and of the links (front.h)
 *   verifiers check what nodes send, and read what nodes ask for (verify.h)
 *   writer    the only one who writes the store; group commit (writer.h)
 *   projector keeps the view behind the log (projector.h)
 *   control   answers nodectl (commands.h) */
#pragma once

#include <stdatomic.h>

#include "app/control.h"
#include "app/home.h"
#include "hubd/members.h"
#include "hubd/options.h"
#include "hubd/view/view.h"
#include "net/zap.h"

struct front;
struct projector;
struct verify;
struct writer;

#define ZAP_PEERS "peers" /* the domain of the ROUTER */
/* What the hub needs beside one descriptor a peer. Past the limit libzmq spins, so fewer peers are taken
 * then. */
#define HUB_SPARE_DESCRIPTORS 512

/* Since the start. Written by their threads, read by `status`. */
struct counters {
    _Atomic uint64_t accepted, duplicate, refused[E_COUNT];
    _Atomic uint64_t batches, commits, strikes, bans, stale, ignored, enrolled, superseded;
};

struct hub {
    struct options options;
    size_t asked_peers; /* max_peers as configured; options has what descriptors allow */
    struct home home;
    int lock_fd;
    struct store *store;
    struct view *view;
    struct zap *zap;
    struct members *members;
    struct writer *writer;
    struct verify *verify;
    struct projector *projector;
    struct front *front;
    struct control_server *control;
    struct counters counters;
    uint64_t started_ms; /* monotonic */
    int fail_fd;         /* eventfd: readable once a part has failed beyond repair */
    _Atomic int failure; /* enum err */
};

/* The boot order as a list of calls, after net_init. On failure
 * nothing of it is left. E_NOT_FOUND, E_MALFORMED, E_DENIED: no home there, or one that cannot be used;
 * E_USAGE: the home of a node, or an endpoint that is none; E_BUSY when another process has the home;
 * E_EXISTS when somebody listens at the endpoint; E_VERSION, E_CORRUPT: the store or the view; E_FULL, E_IO.
 */
enum err hub_open(const char *path, const struct options *options, struct hub *hub);
/* Stops credit, drains what is under way, commits, says goodbye, closes. */
void hub_close(struct hub *hub);
/* Any thread: this cannot go on (a failed sync, a corrupt store); the supervisor starts us anew. */
void hub_fail(struct hub *hub, enum err code);
/* Reads home, keys and configuration and says what is wrong with them. */
enum err hub_check(const char *path, struct options *options);
