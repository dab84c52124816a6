/* hub_bare: a front without a thread, in place of the hub's own: the test reads its mail and calls what its
 * thread would call, at times of its own. And a writer that stands still for as long as the test likes.
 *
 * Nodes join first, by the real front; from take_front() on they dial the bare one. */
#pragma once

#include "hub_node.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>

#include "hubd/front_private.h"
#include "hubd/own.h"
#include "hubd/verify.h"

static struct front bare, *hubs_front;

/* In the writer's thread, so that none of its posts lies across the change; the verifiers are new ones then.
 */
static inline enum err swap_front(void *context, struct write *write)
{
    write->hub->front = context;
    return E_OK;
}

static inline void set_front(struct front *front)
{
    struct call call = { .run = swap_front, .context = front };
    verify_stop(hub.verify);
    assert_int_equal(writer_call(hub.writer, &call), E_OK);
    verify_free(&hub.verify);
    assert_int_equal(verify_new(&hub, &hub.verify), E_OK);
}

static inline void take_front(void)
{
    const struct options *o = &hub.options;
    struct own own = { .home = &hub.home };
    char path[300];
    assert_int_equal(own_load(&own, hub.store, 0, 0), E_OK);
    bare = (struct front){ .hub = &hub, .mail = queue_new(4096, SIZE_MAX / 2) };
    bare.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bare.credit =
        (struct credit){ .window = o->credit_window, .floor = o->credit_floor, .budget = o->credit_budget };
    bare.strikes = (struct strikes){ .limit = o->strikes, .ban_ms = o->ban_ms, .ban_max_ms = o->ban_max_ms };
    bare.own = (struct sync_mark){
        .author = hub.home.author, .next = own.feed.next, .head = own.feed.head, .offers = true
    };
    snprintf(path, sizeof path, "%s/inception", hub.home.path);
    assert_int_equal(file_read(path, MAX_BATCH_BYTES, &bare.inception), E_OK);
    assert_int_equal(router_new("tcp://127.0.0.1:*", ZAP_PEERS, &hub.home.transport, &bare.router), E_OK);
    snprintf(bare.endpoint, sizeof bare.endpoint, "%s", router_endpoint(bare.router));
    hubs_front = hub.front;
    set_front(&bare);
}

static inline void give_front_back(void)
{
    if (hubs_front == NULL)
        return;
    set_front(hubs_front);
    hubs_front = NULL;
    for (size_t left = bare.count; left > 0; left--)
        session_drop(bare.sessions[0]);
    session_bury(&bare);
    for (struct job *job; (job = jobs_take(&bare.parked)) != NULL;)
        job_free(job);
    router_free(&bare.router);
    close(bare.wake_fd);
    queue_free(&bare.mail, job_drop);
    strikes_clear(&bare.strikes);
    table_clear(&bare.by_key);
    table_clear(&bare.enrolling);
    wire_clear(&bare.wire);
    buf_clear(&bare.frame);
    buf_clear(&bare.out);
    buf_clear(&bare.inception);
    free(bare.sessions);
    free(bare.acks);
}

/* ---- a writer that stands still */

struct held {
    pthread_t thread;
    sem_t entered, leave;
    enum err err;
    bool is_held;
};

static struct held held;

static inline enum err stand_still(void *context, struct write *write)
{
    struct held *h = context;
    (void)write;
    sem_post(&h->entered);
    while (sem_wait(&h->leave) != 0)
        continue;
    return E_OK;
}

static inline void *hold(void *context)
{
    struct held *h = context;
    struct call call = { .run = stand_still, .context = h };
    h->err = writer_call(hub.writer, &call);
    return NULL;
}

/* Within a group of its own: what comes meanwhile waits in the queue, and goes into that group afterwards. */
static inline void hold_writer(void)
{
    sem_init(&held.entered, 0, 0);
    sem_init(&held.leave, 0, 0);
    assert_int_equal(pthread_create(&held.thread, NULL, hold, &held), 0);
    held.is_held = true;
    while (sem_wait(&held.entered) != 0)
        continue;
}

static inline void release_writer(void)
{
    if (!held.is_held)
        return;
    held.is_held = false;
    sem_post(&held.leave);
    pthread_join(held.thread, NULL);
    sem_destroy(&held.entered);
    sem_destroy(&held.leave);
}

static inline int bare_down(void **state)
{
    release_writer();
    give_front_back();
    return hub_down(state);
}

#define WAIT_FOR(condition)                                                                                  \
    do {                                                                                                     \
        uint64_t until_ = clock_mono_ms() + PATIENCE_MS;                                                     \
        while (!(condition)) {                                                                               \
            if (clock_mono_ms() > until_)                                                                    \
                fail_msg("waited in vain for %s", #condition);                                               \
            zmq_poll(NULL, 0, 1);                                                                            \
        }                                                                                                    \
    } while (0)

/* ---- jobs, as the front makes them, and its mail */

static inline struct job *run_job(const struct hash *author, uint64_t seq, uint32_t count,
                                  struct bytes records)
{
    struct job *job = job_new(JOB_RUN);
    job->author = *author;
    job->seq = seq;
    job->count = count;
    buf_bytes(&job->frame, records);
    job->records = buf_view(&job->frame);
    return job;
}

/* The node's own records first .. first+count-1. */
static inline struct job *node_job(const struct node *node, uint64_t first, uint32_t count)
{
    AUTO(buf_clear) struct buf run = { 0 };
    for (uint64_t seq = first; seq < first + count; seq++)
        buf_bytes(&run, buf_view(node->packed[seq]));
    return run_job(&node->home.author, first, count, buf_view(&run));
}

/* The next of that kind; what comes before it is dropped. */
static inline struct job *mail(enum job_kind kind)
{
    struct job *job = queue_take(bare.mail, PATIENCE_MS);
    while (job != NULL && job->kind != kind) {
        job_free(job);
        job = queue_take(bare.mail, PATIENCE_MS);
    }
    assert_non_null(job);
    return job;
}

static inline struct job *verified(struct job *job)
{
    enum job_kind kind = job->kind;
    assert_true(verify_try(hub.verify, job));
    return mail(kind);
}

/* With one verifier and queues of one job: the writer stands still, and both queues are full with three
 * records of the node. */
static inline void fill_up(struct node *node)
{
    hold_writer();
    for (int i = 0; i < 3; i++)
        node_say(node, VISIBLE_PUBLIC, "fills a queue");
    assert_true(verify_try(hub.verify, node_job(node, 1, 1)));
    WAIT_FOR(writer_waiting(hub.writer) == 1);
    assert_true(verify_try(hub.verify, node_job(node, 2, 1)));
    WAIT_FOR(verify_waiting(hub.verify) == 0);
    assert_true(verify_try(hub.verify, node_job(node, 3, 1)));
}

/* What the hub holds of a feed, durably. */
static inline uint64_t stored(const struct hash *author)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed = { 0 };
    assert_int_equal(store_read(hub.store, &view), E_OK);
    return store_feed(view, author, &feed) ? feed.next : 0;
}

/* ---- frames to and from the bare front */

/* The next frame, with its message in bare.wire, as the front's thread has it when it looks at it. */
static inline void bare_receive(struct route *from, struct key *key)
{
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    while (router_receive(bare.router, from, key, &bare.frame) != E_OK) {
        assert_true(clock_mono_ms() < until);
        zmq_pollitem_t item = { router_socket(bare.router), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, 10);
    }
    assert_int_equal(wire_decode(buf_view(&bare.frame), &bare.wire), E_OK);
}

/* The next message of that type that the node was sent; others before it are dropped, and counted in
 * *others where asked for. */
static inline struct sync_message heard(struct node *node, enum sync_type type)
{
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message wire = { 0 };
    while (clock_mono_ms() < until) {
        zmq_pollitem_t item = { dealer_socket(node->dealer), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, 10);
        if (dealer_receive(node->dealer, &frame) != E_OK)
            continue;
        assert_int_equal(wire_decode(buf_view(&frame), &wire), E_OK);
        if (wire.message.type == type)
            return wire.message;
    }
    fail_msg("message %d did not come", (int)type);
    return (struct sync_message){ 0 };
}

/* Dials, greets and is greeted, at that time. NULL: it was not let in. */
static inline struct session *bare_session(struct node *node, uint64_t now_ms)
{
    struct route from;
    struct key key;
    node_dial_with(node, &node->home.transport);
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(node) };
    node_sends(node, &hello);
    bare_receive(&from, &key);
    greet_hello(&bare, &from, &key, &bare.wire.message, now_ms);
    return session_of(&bare, &key);
}

/* The node's message goes to its session, at that time. */
static inline void bare_message(struct node *node, const struct sync_message *message, uint64_t now_ms)
{
    struct route from;
    struct key key;
    node_sends(node, message);
    bare_receive(&from, &key);
    session_receive(session_of(&bare, &key), &bare.wire.message, now_ms);
    wire_clear(&bare.wire);
}
