#include "net/zap.h"

#include <czmq.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/text.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define MAX_DOMAINS 8
#define MAX_DOMAIN_BYTES 31
#define FIRST_BUCKETS 64
#define A_TURN 256 /* requests between two looks at stop_fd */

/* ---- the set: chained buckets, seeded so that nobody who chooses keys can choose their bucket */

struct entry {
    struct entry *next;
    struct key key;
    uint64_t expires_ms; /* 0: never */
};

struct domain {
    char name[MAX_DOMAIN_BYTES + 1];
    uint64_t seed[2];
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entries;
};

static size_t bucket_of(const struct domain *d, const struct key *key)
{
    uint64_t mixed = (get_u64(key->b) ^ d->seed[0]) * (get_u64(key->b + 8) ^ d->seed[1]);
    mixed ^= mixed >> 32;
    return (size_t)(mixed * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (d->bucket_count - 1);
}

static struct entry **find_entry(struct domain *d, const struct key *key)
{
    struct entry **at = &d->buckets[bucket_of(d, key)];
    while (*at != NULL && !key_equal(&(*at)->key, key))
        at = &(*at)->next;
    return at;
}

static void grow_buckets(struct domain *d)
{
    struct entry **old = d->buckets;
    size_t old_count = d->bucket_count;
    d->bucket_count = old_count * 2;
    d->buckets = mem_alloc(d->bucket_count * sizeof(*d->buckets));
    for (size_t i = 0; i < old_count; i++) {
        for (struct entry *e = old[i], *next; e != NULL; e = next) {
            next = e->next;
            struct entry **head = &d->buckets[bucket_of(d, &e->key)];
            e->next = *head;
            *head = e;
        }
    }
    free(old);
}

static void put_entry(struct domain *d, const struct key *key, uint64_t expires_ms)
{
    struct entry **at = find_entry(d, key);
    if (*at != NULL) {
        (*at)->expires_ms = expires_ms;
        return;
    }
    struct entry *e = mem_alloc(sizeof *e);
    e->key = *key;
    e->expires_ms = expires_ms;
    *at = e;
    if (++d->entries > d->bucket_count)
        grow_buckets(d);
}

static void drop_entry(struct domain *d, const struct key *key)
{
    struct entry **at = find_entry(d, key);
    struct entry *e = *at;
    if (e == NULL)
        return;
    *at = e->next;
    d->entries--;
    free(e);
}

static void domain_clear(struct domain *d)
{
    for (size_t i = 0; i < d->bucket_count; i++) {
        for (struct entry *e = d->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    }
    free(d->buckets);
}

/* ---- the handler */

struct zap {
    pthread_t thread;
    void *socket; /* the thread's, once it runs */
    int stop_fd;
    bool is_running;
    pthread_mutex_t lock; /* over all below */
    struct domain domains[MAX_DOMAINS];
    size_t domain_count;
    uint64_t accepted;
    uint64_t refused;
};

static struct domain *find_domain(struct zap *zap, const void *name, size_t len)
{
    for (size_t i = 0; i < zap->domain_count; i++) {
        struct domain *d = &zap->domains[i];
        if (strlen(d->name) == len && memcmp(d->name, name, len) == 0)
            return d;
    }
    return NULL;
}

static struct domain *add_domain(struct zap *zap, const char *name)
{
    assert(zap->domain_count < MAX_DOMAINS && strlen(name) <= MAX_DOMAIN_BYTES);
    struct domain *d = &zap->domains[zap->domain_count++];
    snprintf(d->name, sizeof d->name, "%s", name);
    random_bytes(d->seed, sizeof d->seed);
    d->bucket_count = FIRST_BUCKETS;
    d->buckets = mem_alloc(d->bucket_count * sizeof(*d->buckets));
    return d;
}

static bool is_allowed(struct zap *zap, const void *domain, size_t len, const struct key *key)
{
    struct domain *d = find_domain(zap, domain, len);
    struct entry *e = d != NULL ? *find_entry(d, key) : NULL;
    return e != NULL && (e->expires_ms == 0 || e->expires_ms > clock_wall_ms());
}

/* The frames of a request (ZeroMQ RFC 27): version, request id, domain, address, routing id, mechanism,
 * credentials. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIALS, FRAMES };

struct request {
    zmq_msg_t frames[FRAMES];
    zmq_msg_t spare; /* for what comes behind them */
    size_t count;    /* FRAMES + 1 when there were more */
};

static void request_init(struct request *request)
{
    request->count = 0;
    zmq_msg_init(&request->spare);
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_init(&request->frames[i]);
}

static void request_clear(struct request *request)
{
    zmq_msg_close(&request->spare);
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_close(&request->frames[i]);
}

static bool receive_request(void *socket, struct request *request)
{
    for (bool more = true; more;) {
        zmq_msg_t *frame = request->count < FRAMES ? &request->frames[request->count] : &request->spare;
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
            return false;
        more = zmq_msg_more(frame);
        if (request->count <= FRAMES)
            request->count++;
    }
    return true;
}

static bool frame_is(zmq_msg_t *frame, const char *text)
{
    return zmq_msg_size(frame) == strlen(text) && memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

static bool judge(struct zap *zap, struct request *r, struct key *key)
{
    if (r->count != FRAMES || !frame_is(&r->frames[VERSION], "1.0") ||
        !frame_is(&r->frames[MECHANISM], "CURVE") || zmq_msg_size(&r->frames[CREDENTIALS]) != KEY_BYTES)
        return false;
    memcpy(key->b, zmq_msg_data(&r->frames[CREDENTIALS]), KEY_BYTES);
    return is_allowed(zap, zmq_msg_data(&r->frames[DOMAIN]), zmq_msg_size(&r->frames[DOMAIN]), key);
}

static void answer(void *socket, struct request *r, bool accepted, const struct key *key)
{
    char user[2 * KEY_BYTES + 1] = "";
    if (accepted)
        hex_encode(key->b, KEY_BYTES, user);
    const char *code = accepted ? "200" : "400";
    const char *text = accepted ? "OK" : "not admitted";
    bool has_id = r->count > REQUEST_ID;
    int part = ZMQ_SNDMORE | ZMQ_DONTWAIT;
    zmq_send(socket, "1.0", 3, part);
    zmq_send(socket, has_id ? zmq_msg_data(&r->frames[REQUEST_ID]) : "",
             has_id ? zmq_msg_size(&r->frames[REQUEST_ID]) : 0, part);
    zmq_send(socket, code, 3, part);
    zmq_send(socket, text, strlen(text), part);
    zmq_send(socket, user, strlen(user), part);
    zmq_send(socket, "", 0, ZMQ_DONTWAIT);
}

static bool serve_one(struct zap *zap)
{
    AUTO(request_clear) struct request request;
    request_init(&request);
    if (!receive_request(zap->socket, &request))
        return false;
    struct key key = { { 0 } };
    pthread_mutex_lock(&zap->lock);
    bool accepted = judge(zap, &request, &key);
    if (accepted)
        zap->accepted++;
    else
        zap->refused++;
    pthread_mutex_unlock(&zap->lock);
    answer(zap->socket, &request, accepted, &key);
    return true;
}

static void *serve(void *arg)
{
    struct zap *zap = arg;
    zmq_pollitem_t items[2] = { { zap->socket, 0, ZMQ_POLLIN, 0 }, { NULL, zap->stop_fd, ZMQ_POLLIN, 0 } };
    while (items[1].revents == 0) {
        if (zmq_poll(items, 2, -1) < 0 && zmq_errno() != EINTR)
            break;
        for (int i = 0; i < A_TURN && serve_one(zap); i++)
            ;
    }
    zmq_unbind(zap->socket, ENDPOINT); /* at once; closing alone frees the name some time later */
    zmq_close(zap->socket);
    return NULL;
}

static enum err start(struct zap *zap)
{
    zap->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (zap->stop_fd < 0)
        return fail_errno(E_IO, "eventfd");
    zap->socket = zmq_socket(zsys_init(), ZMQ_REP);
    if (zap->socket == NULL)
        return fail(E_IO, "cannot make the handler's socket: %s", zmq_strerror(zmq_errno()));
    int linger = 0;
    zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger);
    if (zmq_bind(zap->socket, ENDPOINT) != 0)
        return fail(zmq_errno() == EADDRINUSE ? E_EXISTS : E_IO, "cannot bind %s: %s", ENDPOINT,
                    zmq_strerror(zmq_errno()));
    if (pthread_create(&zap->thread, NULL, serve, zap) != 0)
        return fail(E_IO, "cannot start the handler's thread");
    zap->is_running = true;
    return E_OK;
}

enum err zap_new(struct zap **out)
{
    AUTO(zap_free) struct zap *zap = mem_alloc(sizeof *zap);
    zap->stop_fd = -1;
    pthread_mutex_init(&zap->lock, NULL);
    TRY(start(zap));
    *out = zap;
    zap = NULL;
    return E_OK;
}

void zap_free(struct zap **zap)
{
    struct zap *z = *zap;
    if (z == NULL)
        return;
    if (z->is_running) {
        eventfd_write(z->stop_fd, 1);
        pthread_join(z->thread, NULL);
    } else if (z->socket != NULL) {
        zmq_close(z->socket);
    }
    if (z->stop_fd >= 0)
        close(z->stop_fd);
    for (size_t i = 0; i < z->domain_count; i++)
        domain_clear(&z->domains[i]);
    pthread_mutex_destroy(&z->lock);
    free(z);
    *zap = NULL;
}

void zap_allow(struct zap *zap, const char *domain, const struct key *key, uint64_t expires_ms)
{
    pthread_mutex_lock(&zap->lock);
    struct domain *d = find_domain(zap, domain, strlen(domain));
    if (d == NULL)
        d = add_domain(zap, domain);
    put_entry(d, key, expires_ms);
    pthread_mutex_unlock(&zap->lock);
}

void zap_deny(struct zap *zap, const char *domain, const struct key *key)
{
    pthread_mutex_lock(&zap->lock);
    struct domain *d = find_domain(zap, domain, strlen(domain));
    if (d != NULL)
        drop_entry(d, key);
    pthread_mutex_unlock(&zap->lock);
}

bool zap_is_allowed(struct zap *zap, const char *domain, const struct key *key)
{
    pthread_mutex_lock(&zap->lock);
    bool allowed = is_allowed(zap, domain, strlen(domain), key);
    pthread_mutex_unlock(&zap->lock);
    return allowed;
}

void zap_counts(struct zap *zap, uint64_t *accepted, uint64_t *refused)
{
    pthread_mutex_lock(&zap->lock);
    *accepted = zap->accepted;
    *refused = zap->refused;
    pthread_mutex_unlock(&zap->lock);
}
