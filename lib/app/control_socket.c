/* The sockets of control.h: the client's DEALER and the server's ROUTER with its thread. */
#include <czmq.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control.h"
#include "base/clock.h"
#include "base/limits.h"

#define BEAT_MS 1000
#define PENDING_MAX 16    /* requests taken off the socket, of which the urgent ones go first */
#define URGENT_BYTES 4096 /* a request that is larger asks for work */

struct control_client {
    void *socket;
    uint64_t timeout_ms;
    char path[120];
};

static void set_int(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

static void set_limit(void *socket, int64_t bytes)
{
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes, sizeof bytes);
}

/* libzmq connects to a socket that nobody listens on without a word: ask the kernel first. */
static enum err probe(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path)
        return fail(E_USAGE, "the socket path %s is too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_errno(E_IO, "cannot make a socket");
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    int saved = errno;
    close(fd);
    if (result == 0)
        return E_OK;
    if (saved == EACCES || saved == EPERM)
        return fail(E_DENIED, "you may not talk to the daemon at %s", path);
    return fail(E_UNREACHABLE, "no daemon answers at %s", path);
}

enum err control_connect(const char *path, uint64_t timeout_ms, struct control_client **out)
{
    TRY(probe(path));
    struct control_client *client = mem_alloc(sizeof *client);
    snprintf(client->path, sizeof client->path, "%s", path);
    client->timeout_ms = timeout_ms;
    client->socket = zmq_socket(zsys_init(), ZMQ_DEALER);
    if (client->socket == NULL) {
        free(client);
        return fail(E_IO, "cannot make a zmq socket: %s", zmq_strerror(errno));
    }
    set_int(client->socket, ZMQ_LINGER, 0);
    set_limit(client->socket, 8 * (int64_t)MAX_CONTROL_BYTES);
    char endpoint[140];
    snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    if (zmq_connect(client->socket, endpoint) != 0) {
        control_disconnect(&client);
        return fail(E_UNREACHABLE, "cannot connect to %s: %s", path, zmq_strerror(errno));
    }
    *out = client;
    return E_OK;
}

void control_disconnect(struct control_client **client)
{
    if (*client == NULL)
        return;
    zmq_close((*client)->socket);
    free(*client);
    *client = NULL;
}

/* Waits in short steps, to notice a daemon that goes away while it owes an answer. */
static enum err await_answer(struct control_client *client, zmq_msg_t *frame)
{
    uint64_t until = clock_mono_ms() + client->timeout_ms;
    for (;;) {
        zmq_pollitem_t item = { client->socket, 0, ZMQ_POLLIN, 0 };
        int ready = zmq_poll(&item, 1, 500);
        if (ready > 0)
            return zmq_msg_recv(frame, client->socket, ZMQ_DONTWAIT) >= 0
                       ? E_OK
                       : fail(E_IO, "cannot read the daemon's answer");
        if (ready < 0)
            return fail(E_TIMEOUT, "interrupted while waiting for the daemon");
        if (probe(client->path) == E_UNREACHABLE)
            return fail(E_UNREACHABLE, "the daemon at %s went away before it answered", client->path);
        if (clock_mono_ms() >= until)
            return fail(E_TIMEOUT,
                        "the daemon at %s did not answer within %llu s; the request may still be carried out",
                        client->path, (unsigned long long)(client->timeout_ms / 1000));
    }
}

enum err control_call(struct control_client *client, const struct control_request *request,
                      struct control_answer *answer)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    control_encode_request(request, &frame);
    if (frame.len > MAX_CONTROL_BYTES)
        return fail(E_TOO_BIG, "the request has %zu bytes, at most %u are taken", frame.len,
                    MAX_CONTROL_BYTES);
    if (zmq_send(client->socket, frame.data, frame.len, 0) < 0)
        return fail(E_UNREACHABLE, "cannot send to the daemon: %s", zmq_strerror(errno));

    zmq_msg_t reply;
    zmq_msg_init(&reply);
    enum err err = await_answer(client, &reply);
    if (err == E_OK)
        err = control_decode_answer(bytes_of(zmq_msg_data(&reply), zmq_msg_size(&reply)), answer);
    zmq_msg_close(&reply);
    return err;
}

/* ---- the server */

/* A slot for a request that waits; 0: free, else the higher the later it came. */
struct pending {
    uint64_t number;
    bool urgent;
    zmq_msg_t route, frame;
};

struct control_server {
    void *socket;
    int stop_fd;
    pthread_t thread;
    _Atomic uint64_t beats;
    struct pending pending[PENDING_MAX];
    uint64_t numbers;
    const struct control_command *commands;
    void *context;
};

static const struct control_command *find_command(const struct control_command *commands, const char *name)
{
    for (; commands->name != NULL; commands++)
        if (strcmp(commands->name, name) == 0)
            return commands;
    return NULL;
}

static void carry_out(const struct control_server *server, struct bytes frame, struct control_answer *answer)
{
    AUTO(control_request_clear) struct control_request request = { 0 };
    enum err err = control_decode_request(frame, &request);
    if (err == E_OK) {
        const struct control_command *command = find_command(server->commands, request.command);
        err = command != NULL
                  ? command->handle(server->context, &request, answer)
                  : fail(E_USAGE, "this daemon does not know the command \"%.60s\"", request.command);
    }
    answer->code = err;
    if (err != E_OK)
        snprintf(answer->message, sizeof answer->message, "%s", err_message());
}

static void answer_too_big(struct control_answer *answer)
{
    control_answer_clear(answer);
    answer->code = E_TOO_BIG;
    snprintf(answer->message, sizeof answer->message, "the answer is too big");
    snprintf(answer->hint, sizeof answer->hint, "ask for fewer with --limit");
}

static void serve_one(struct control_server *server, zmq_msg_t *route, zmq_msg_t *frame)
{
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    carry_out(server, bytes_of(zmq_msg_data(frame), zmq_msg_size(frame)), &answer);
    AUTO(buf_clear) struct buf out = { 0 };
    control_encode_answer(&answer, &out);
    if (out.len > 8 * (size_t)MAX_CONTROL_BYTES) {
        answer_too_big(&answer);
        buf_clear(&out);
        control_encode_answer(&answer, &out);
    }
    /* An asker that has gone is no news. */
    if (zmq_msg_send(route, server->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_send(server->socket, out.data, out.len, ZMQ_DONTWAIT);
}

/* Takes one message off the socket, whole. False when there is none, or it had not exactly two frames. */
static bool take_request(void *socket, zmq_msg_t *route, zmq_msg_t *frame, bool *any)
{
    *any = zmq_msg_recv(route, socket, ZMQ_DONTWAIT) >= 0;
    if (!*any || !zmq_msg_more(route))
        return false;
    if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
        return false;
    bool single = !zmq_msg_more(frame);
    for (bool more = !single; more;) {
        zmq_msg_t extra;
        zmq_msg_init(&extra);
        more = zmq_msg_recv(&extra, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&extra);
        zmq_msg_close(&extra);
    }
    return single;
}

/* How it goes is asked by people and watchdogs: they do not stand in line behind the pages of an export. */
static bool is_urgent(struct bytes frame)
{
    AUTO(control_request_clear) struct control_request request = { 0 };
    return frame.len <= URGENT_BYTES && control_decode_request(frame, &request) == E_OK &&
           (strcmp(request.command, "status") == 0 || strcmp(request.command, "doctor") == 0);
}

static void take_requests(struct control_server *server)
{
    bool any = true;
    for (size_t i = 0; any && i < PENDING_MAX; i++) {
        struct pending *p = &server->pending[i];
        if (p->number != 0)
            continue;
        zmq_msg_init(&p->route);
        zmq_msg_init(&p->frame);
        if (take_request(server->socket, &p->route, &p->frame, &any)) {
            p->urgent = is_urgent(bytes_of(zmq_msg_data(&p->frame), zmq_msg_size(&p->frame)));
            p->number = ++server->numbers;
            continue;
        }
        zmq_msg_close(&p->route);
        zmq_msg_close(&p->frame);
    }
}

/* The first that is urgent, else the first; NULL when none waits. */
static struct pending *choose(struct control_server *server)
{
    struct pending *best = NULL;
    for (struct pending *p = server->pending; p < server->pending + PENDING_MAX; p++) {
        if (p->number == 0)
            continue;
        if (best == NULL || p->urgent > best->urgent ||
            (p->urgent == best->urgent && p->number < best->number))
            best = p;
    }
    return best;
}

static bool serve_next(struct control_server *server)
{
    atomic_fetch_add(&server->beats, 1);
    take_requests(server);
    struct pending *next = choose(server);
    if (next == NULL)
        return false;
    serve_one(server, &next->route, &next->frame);
    zmq_msg_close(&next->route);
    zmq_msg_close(&next->frame);
    next->number = 0;
    return true;
}

/* Those whose turn has not come when it stops: their askers see the daemon go. */
static void drop_pending(struct control_server *server)
{
    for (struct pending *p = server->pending; p < server->pending + PENDING_MAX; p++) {
        if (p->number == 0)
            continue;
        zmq_msg_close(&p->route);
        zmq_msg_close(&p->frame);
    }
}

/* One request a turn: askers without pause do not keep it from stopping. */
static void *serve(void *argument)
{
    struct control_server *server = argument;
    for (bool busy = false;;) {
        zmq_pollitem_t items[] = { { server->socket, 0, ZMQ_POLLIN, 0 },
                                   { NULL, server->stop_fd, ZMQ_POLLIN, 0 } };
        if (zmq_poll(items, 2, busy ? 0 : BEAT_MS) < 0 && errno != EINTR)
            break;
        if (items[1].revents != 0)
            break;
        busy = serve_next(server);
    }
    drop_pending(server);
    zmq_close(server->socket);
    return NULL;
}

static enum err bind_socket(struct control_server *server, const char *path)
{
    server->socket = zmq_socket(zsys_init(), ZMQ_ROUTER);
    if (server->socket == NULL)
        return fail(E_IO, "cannot make the control socket: %s", zmq_strerror(errno));
    set_int(server->socket, ZMQ_LINGER, 1000);
    set_int(server->socket, ZMQ_RCVHWM, 16);
    set_limit(server->socket, MAX_CONTROL_BYTES);
    char endpoint[140];
    snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    if (zmq_bind(server->socket, endpoint) != 0)
        return fail(E_IO, "cannot listen at %s: %s", path, zmq_strerror(errno));
    if (chmod(path, 0600) != 0)
        return fail_errno(E_IO, "cannot protect %s", path);
    return E_OK;
}

enum err control_serve(const char *path, const struct control_command *commands, void *context,
                       struct control_server **out)
{
    struct control_server *server = mem_alloc(sizeof *server);
    server->commands = commands;
    server->context = context;
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    enum err err =
        server->stop_fd >= 0 ? bind_socket(server, path) : fail_errno(E_IO, "cannot make an eventfd");
    if (err == E_OK && pthread_create(&server->thread, NULL, serve, server) != 0)
        err = fail(E_IO, "cannot start the control thread");
    if (err == E_OK) {
        *out = server;
        return E_OK;
    }
    if (server->socket != NULL)
        zmq_close(server->socket);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server);
    return err;
}

uint64_t control_beats(const struct control_server *server)
{
    return atomic_load(&server->beats);
}

void control_stop(struct control_server **server)
{
    if (*server == NULL)
        return;
    uint64_t one = 1;
    ssize_t written = write((*server)->stop_fd, &one, sizeof one);
    (void)written; /* an eventfd takes it, or holds one already */
    pthread_join((*server)->thread, NULL);
    close((*server)->stop_fd);
    free(*server);
    *server = NULL;
}
