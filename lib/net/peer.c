#include "net/peer.h"

#include <czmq.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

/* A CURVE frame is so much longer on the wire than what it carries. */
#define CURVE_OVERHEAD 64
/* ZMQ_ZAP_ENFORCE_DOMAIN: its name is hidden in libzmq 4.3.4's draft section, its number works. */
#define ZAP_ENFORCE_DOMAIN 93

#define BACKLOG 4096
#define HANDSHAKE_MS 10000
#define ROUTER_RCVHWM 8 /* a peer */
#define ROUTER_SNDHWM 64
#define DEALER_HWM 16

enum err net_init(size_t max_sockets, int io_threads)
{
    setenv("ZSYS_SIGHANDLER", "false", 1);
    if (zsys_init() == NULL)
        return fail_errno(E_IO, "cannot start czmq");
    zsys_handler_set(NULL);
    zsys_set_io_threads((size_t)io_threads); /* makes the context anew: before anything is set in it */
    if (max_sockets > zsys_socket_limit())
        return fail(E_USAGE, "%zu sockets are more than libzmq's %zu", max_sockets, zsys_socket_limit());
    zsys_set_max_sockets(max_sockets);
    unsigned seed;
    random_bytes(&seed, sizeof seed);
    srandom(seed);
    return E_OK;
}

void net_term(void)
{
    zsys_shutdown();
}

/* ---- options */

struct option {
    int name;
    int value;
};

static const struct option shared_options[] = {
    { ZMQ_LINGER, 0 },
    { ZMQ_IPV6, 1 },
    { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
    { ZMQ_TCP_KEEPALIVE, 1 },
    { ZMQ_TCP_KEEPALIVE_IDLE, 60 },
    { ZMQ_TCP_KEEPALIVE_INTVL, 10 },
    { ZMQ_TCP_KEEPALIVE_CNT, 3 },
    { ZMQ_TCP_MAXRT, 60000 },
};

static const struct option router_options[] = {
    { ZMQ_ROUTER_MANDATORY, 1 },   { ZMQ_BACKLOG, BACKLOG }, { ZMQ_RCVHWM, ROUTER_RCVHWM },
    { ZMQ_SNDHWM, ROUTER_SNDHWM }, { ZMQ_CURVE_SERVER, 1 },  { ZAP_ENFORCE_DOMAIN, 1 },
};

static const struct option dealer_options[] = {
    { ZMQ_IMMEDIATE, 1 },
    { ZMQ_RECONNECT_IVL, -1 },
    { ZMQ_RCVHWM, DEALER_HWM },
    { ZMQ_SNDHWM, DEALER_HWM },
};

static enum err set_option(void *socket, int name, const void *value, size_t len)
{
    if (zmq_setsockopt(socket, name, value, len) != 0)
        return fail(E_IO, "socket option %d: %s", name, zmq_strerror(zmq_errno()));
    return E_OK;
}

static enum err set_options(void *socket, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(set_option(socket, options[i].name, &options[i].value, sizeof options[i].value));
    return E_OK;
}
#define SET_OPTIONS(socket, table) set_options(socket, table, sizeof(table) / sizeof *(table))

static enum err socket_new(int type, void **out)
{
    *out = zmq_socket(zsys_init(), type);
    if (*out == NULL)
        return fail(zmq_errno() == EMFILE ? E_FULL : E_IO, "cannot make a socket: %s",
                    zmq_strerror(zmq_errno()));
    int64_t most = MAX_MESSAGE_BYTES + CURVE_OVERHEAD;
    TRY(set_option(*out, ZMQ_MAXMSGSIZE, &most, sizeof most));
    return SET_OPTIONS(*out, shared_options);
}

static void socket_free(void **socket)
{
    if (*socket != NULL)
        zmq_close(*socket);
    *socket = NULL;
}

static enum err endpoint_error(const char *endpoint, const char *verb)
{
    int code = zmq_errno();
    enum err err = code == EADDRINUSE ? E_EXISTS
                   : code == EINVAL || code == EPROTONOSUPPORT || code == ENODEV || code == ENAMETOOLONG
                       ? E_USAGE
                       : E_IO;
    return fail(err, "cannot %s %s: %s", verb, endpoint, zmq_strerror(code));
}

/* ---- frames */

/* The rest of a message that has more frames than it may. */
static void drop_rest(void *socket)
{
    zmq_msg_t part;
    int more = 1;
    while (more) {
        zmq_msg_init(&part);
        more = zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
}

static enum err receive_error(void)
{
    int code = zmq_errno();
    if (code == EAGAIN || code == EINTR)
        return E_NOT_FOUND; /* the usual case: no sentence */
    return fail(E_IO, "cannot receive: %s", zmq_strerror(code));
}

static enum err send_error(void)
{
    int code = zmq_errno();
    if (code == EAGAIN || code == EINTR)
        return fail(E_BUSY, "the peer's queue is full");
    if (code == EHOSTUNREACH)
        return fail(E_UNREACHABLE, "the peer is gone");
    return fail(E_IO, "cannot send: %s", zmq_strerror(code));
}

static void msg_to_buf(zmq_msg_t *msg, struct buf *out)
{
    out->len = 0;
    buf_append(out, zmq_msg_data(msg), zmq_msg_size(msg));
}

/* ---- dealer */

struct dealer {
    void *socket;
    void *monitor; /* NULL: not watched */
    enum err state;
    bool is_answered; /* somebody took the connection ... */
    bool is_proven;   /* ... and is the one that we want */
};

static enum err set_client_keys(void *socket, const struct key *server_key, const struct secret *own)
{
    TRY(set_option(socket, ZMQ_CURVE_SERVERKEY, server_key->b, KEY_BYTES));
    TRY(set_option(socket, ZMQ_CURVE_PUBLICKEY, own->public_key.b, KEY_BYTES));
    return set_option(socket, ZMQ_CURVE_SECRETKEY, own->seed, sizeof own->seed);
}

/* The monitor's events are sent by libzmq's own thread, which waits for ever when nobody is there to take
 * them: so our end is made first, connected at once, and outlives the monitor. */
static enum err watch_socket(struct dealer *dealer)
{
    uint64_t number;
    random_bytes(&number, sizeof number);
    char name[64];
    snprintf(name, sizeof name, "inproc://dealer-%016" PRIx64, number);
    int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_CLOSED |
                 ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    dealer->monitor = zmq_socket(zsys_init(), ZMQ_PAIR);
    if (dealer->monitor == NULL || zmq_socket_monitor(dealer->socket, name, events) != 0 ||
        zmq_connect(dealer->monitor, name) != 0)
        return fail(E_IO, "cannot watch a connection: %s", zmq_strerror(zmq_errno()));
    return E_OK;
}

static enum err dial(struct dealer *dealer, const char *endpoint, const struct key *server_key,
                     const struct secret *own, bool watch)
{
    TRY(socket_new(ZMQ_DEALER, &dealer->socket));
    TRY(SET_OPTIONS(dealer->socket, dealer_options));
    TRY(set_client_keys(dealer->socket, server_key, own));
    if (watch)
        TRY(watch_socket(dealer));
    if (zmq_connect(dealer->socket, endpoint) != 0)
        return endpoint_error(endpoint, "connect to");
    return E_OK;
}

enum err dealer_new(const char *endpoint, const struct key *server_key, const struct secret *own, bool watch,
                    struct dealer **out)
{
    AUTO(dealer_free) struct dealer *dealer = mem_alloc(sizeof *dealer);
    TRY(dial(dealer, endpoint, server_key, own, watch));
    *out = dealer;
    dealer = NULL;
    return E_OK;
}

void dealer_free(struct dealer **dealer)
{
    if (*dealer == NULL)
        return;
    if ((*dealer)->monitor != NULL)
        zmq_socket_monitor((*dealer)->socket, NULL, 0);
    socket_free(&(*dealer)->monitor);
    socket_free(&(*dealer)->socket);
    free(*dealer);
    *dealer = NULL;
}

void *dealer_socket(struct dealer *dealer)
{
    return dealer->socket;
}

int dealer_fd(struct dealer *dealer)
{
    int fd = -1;
    size_t len = sizeof fd;
    zmq_getsockopt(dealer->socket, ZMQ_FD, &fd, &len);
    return fd;
}

/* zmq_socket_monitor(3): event u16 and value u32 in the machine's order, then a frame with the address. */
static bool next_event(void *monitor, uint16_t *event)
{
    uint8_t frame[6];
    if (zmq_recv(monitor, frame, sizeof frame, ZMQ_DONTWAIT) != (int)sizeof frame)
        return false;
    memcpy(event, frame, sizeof *event);
    drop_rest(monitor);
    return true;
}

static void note_event(struct dealer *dealer, uint16_t event)
{
    if (event == ZMQ_EVENT_CONNECTED)
        dealer->is_answered = true;
    else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        dealer->is_proven = true;
    else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        dealer->state = E_DENIED;
    else if (dealer->state == E_OK)
        dealer->state = E_UNREACHABLE;
}

enum err dealer_state(struct dealer *dealer)
{
    uint16_t event;
    while (dealer->monitor != NULL && next_event(dealer->monitor, &event))
        note_event(dealer, event);
    if (dealer->state == E_OK)
        return E_OK;
    if (dealer->state == E_DENIED)
        return fail(E_DENIED, "the server does not admit our key");
    if (dealer->is_proven)
        return fail(E_UNREACHABLE, "the connection is lost");
    if (dealer->is_answered)
        return fail(E_UNREACHABLE, "the handshake fails: perhaps another answers there than the one we want");
    return fail(E_UNREACHABLE, "nobody answers there");
}

enum err dealer_send(struct dealer *dealer, struct bytes frame)
{
    if (zmq_send(dealer->socket, frame.data, frame.len, ZMQ_DONTWAIT) < 0)
        return send_error();
    return E_OK;
}

enum err dealer_receive(struct dealer *dealer, struct buf *out)
{
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, dealer->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return receive_error();
    }
    bool more = zmq_msg_more(&msg);
    if (!more)
        msg_to_buf(&msg, out);
    zmq_msg_close(&msg);
    if (!more)
        return E_OK;
    drop_rest(dealer->socket);
    return fail(E_MALFORMED, "a message of more than one frame");
}

/* ---- router */

struct router {
    void *socket;
    char endpoint[MAX_ENDPOINT_BYTES + 1];
};

/* tcp://[::ffff:127.0.0.1]:7443 as people write it, and as hosts without IPv6 can dial it. */
static void unmap_address(char *endpoint)
{
    static const char mapped[] = "tcp://[::ffff:";
    size_t len = strlen(mapped);
    char *end = strchr(endpoint, ']');
    if (strncmp(endpoint, mapped, len) != 0 || end == NULL || strchr(endpoint, '.') == NULL)
        return;
    *end = 0; /* the port follows at end + 1 */
    char *at = endpoint + strlen("tcp://");
    size_t address = (size_t)(end - (endpoint + len));
    memmove(at, endpoint + len, address);
    memmove(at + address, end + 1, strlen(end + 1) + 1);
}

static enum err listen_at(struct router *router, const char *endpoint, const char *domain,
                          const struct secret *own)
{
    TRY(socket_new(ZMQ_ROUTER, &router->socket));
    TRY(set_option(router->socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)));
    TRY(SET_OPTIONS(router->socket, router_options));
    TRY(set_option(router->socket, ZMQ_CURVE_SECRETKEY, own->seed, sizeof own->seed));
    if (zmq_bind(router->socket, endpoint) != 0)
        return endpoint_error(endpoint, "listen at");
    size_t len = sizeof router->endpoint;
    if (zmq_getsockopt(router->socket, ZMQ_LAST_ENDPOINT, router->endpoint, &len) != 0)
        return fail(E_USAGE, "the endpoint %s is too long", endpoint);
    unmap_address(router->endpoint);
    return E_OK;
}

enum err router_new(const char *endpoint, const char *domain, const struct secret *own, struct router **out)
{
    AUTO(router_free) struct router *router = mem_alloc(sizeof *router);
    TRY(listen_at(router, endpoint, domain, own));
    *out = router;
    router = NULL;
    return E_OK;
}

void router_free(struct router **router)
{
    if (*router == NULL)
        return;
    socket_free(&(*router)->socket);
    free(*router);
    *router = NULL;
}

void *router_socket(struct router *router)
{
    return router->socket;
}

const char *router_endpoint(const struct router *router)
{
    return router->endpoint;
}

enum err router_send(struct router *router, const struct route *to, struct bytes frame)
{
    if (zmq_send(router->socket, to->id, to->len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return send_error();
    if (zmq_send(router->socket, frame.data, frame.len, ZMQ_DONTWAIT) < 0)
        return send_error();
    return E_OK;
}

static bool take_route(zmq_msg_t *msg, struct route *from)
{
    size_t len = zmq_msg_size(msg);
    if (len == 0 || len > sizeof from->id)
        return false;
    memcpy(from->id, zmq_msg_data(msg), len);
    from->len = (uint8_t)len;
    return true;
}

/* From the body: libzmq 4.3.4 loses the routing frame's after a poll. */
static bool take_key(zmq_msg_t *msg, struct key *key)
{
    const char *user = zmq_msg_gets(msg, "User-Id");
    return user != NULL && hex_decode(user, key->b, KEY_BYTES) == E_OK;
}

static enum err receive_body(void *socket, bool has_route, struct key *key, struct buf *out)
{
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    bool came = zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) >= 0;
    bool has_key = came && take_key(&msg, key);
    bool more = came && zmq_msg_more(&msg);
    if (has_key && has_route && !more)
        msg_to_buf(&msg, out);
    zmq_msg_close(&msg);
    if (more)
        drop_rest(socket);
    if (!has_key)
        return fail(E_MALFORMED, "a message without a sender");
    if (!has_route)
        return fail(E_MALFORMED, "a message over a route of a strange length");
    if (more)
        return fail(E_MALFORMED, "a message of more than one frame");
    return E_OK;
}

enum err router_receive(struct router *router, struct route *from, struct key *key, struct buf *out)
{
    memset(from, 0, sizeof *from);
    memset(key, 0, sizeof *key);
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, router->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return receive_error();
    }
    bool has_route = take_route(&msg, from);
    bool more = zmq_msg_more(&msg);
    zmq_msg_close(&msg);
    if (!more)
        return fail(E_MALFORMED, "a message without a body");
    return receive_body(router->socket, has_route, key, out);
}
