/* peer: the sockets. A DEALER that dials, a ROUTER that listens, with every option of doc/ARCHITECTURE.md set
 * once.
 *
 * A socket belongs to the thread that made it. Reconnecting is the owner's job: a dead DEALER is freed and
 * dialed anew. */
#pragma once

#include "base/err.h"
#include "core/id.h"
#include "net/redial.h"

/* Once a process, first thing after id_init and before threads: czmq without its signal handler, libzmq's
 * random numbers seeded from the kernel, room for max_sockets. E_USAGE when libzmq has not that much room. */
enum err net_init(size_t max_sockets, int io_threads);
void net_term(void);

struct dealer;

/* Starts to connect to endpoint, where the server must prove server_key. E_USAGE for an endpoint that zmq
 * will not have. watch lets dealer_state tell a lost connection at once, instead of after the missed
 * heartbeats; it costs two descriptors, so a program of many dealers may do without. */
enum err dealer_new(const char *endpoint, const struct key *server_key, const struct secret *own, bool watch,
                    struct dealer **out);
void dealer_free(struct dealer **dealer);
/* The zmq socket, for zmq_poll. */
void *dealer_socket(struct dealer *dealer);
/* E_OK while it is connected or still trying; E_DENIED when the server refused the key; E_UNREACHABLE when
 * the connection is refused or lost. It never comes back by itself: free it and dial anew. Always E_OK
 * when it is not watched. */
enum err dealer_state(struct dealer *dealer);
/* The edge-triggered descriptor (ZMQ_FD), for epoll: drain dealer_receive until E_NOT_FOUND after every event
 * and send. */
int dealer_fd(struct dealer *dealer);
/* E_BUSY when it would block. */
enum err dealer_send(struct dealer *dealer, struct bytes frame);
/* One frame, in place of what out held. E_NOT_FOUND when there is none now; E_MALFORMED for a multipart
 * message (dropped whole). */
enum err dealer_receive(struct dealer *dealer, struct buf *out);

struct router;

/* Routing id as libzmq gave it: five bytes; never shown to anybody. */
struct route {
    uint8_t id[16];
    uint8_t len;
};
static inline bool route_equal(const struct route *a, const struct route *b)
{
    return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}

/* domain as in zap.h. backlog 4096. On port * the chosen one is in router_endpoint. E_EXISTS when somebody
 * else has the endpoint, E_USAGE, E_IO. */
enum err router_new(const char *endpoint, const char *domain, const struct secret *own, struct router **out);
void router_free(struct router **router);
void *router_socket(struct router *router);
const char *router_endpoint(const struct router *router);
enum err router_send(struct router *router, const struct route *to,
                     struct bytes frame); /* E_BUSY, E_UNREACHABLE */
/* One frame, from whom (its route and its CURVE key, from the body frame's User-Id), in place of what out
 * held. E_NOT_FOUND when there is none now; E_MALFORMED for a message that is not exactly one frame (dropped
 * whole) or comes over a route of a strange length; then key and route are filled in where known. */
enum err router_receive(struct router *router, struct route *from, struct key *key, struct buf *out);
