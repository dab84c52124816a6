#include "daemon/frames.h"

#include "scratch.h"

#include <pthread.h>
#include <zmq.h>

#include "base/clock.h"
#include "net/peer.h"
#include "net/zap.h"

#include <cmocka.h>

#define FRAMES 200U
#define FRAME_BYTES 100000U

struct bench {
    struct zap *zap;
    struct secret hub, node;
    struct router *router;
    struct dealer *dealer;
    struct frames queue;
};

static int net_begin(void **state)
{
    (void)state;
    return id_init() == E_OK && net_init(64, 1) == E_OK ? 0 : -1;
}

static int net_end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

static int make_bench(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    uint8_t seed[32] = { 1 };
    secret_transport_from_seed(seed, &b->hub);
    seed[0] = 2;
    secret_transport_from_seed(seed, &b->node);
    if (zap_new(&b->zap) != E_OK)
        return -1;
    zap_allow(b->zap, "peers", &b->node.public_key, 0);
    return router_new("tcp://127.0.0.1:*", "peers", &b->hub, &b->router) == E_OK ? 0 : -1;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    frames_clear(&b->queue);
    dealer_free(&b->dealer);
    router_free(&b->router);
    zap_free(&b->zap);
    free(b);
    return 0;
}

static void dial(struct bench *b, const char *endpoint)
{
    assert_int_equal(dealer_new(endpoint, &b->hub.public_key, &b->node, true, &b->dealer), E_OK);
}

/* Frame n: its number, and so many zeros. */
static void put(struct bench *b, uint32_t n, size_t len)
{
    struct buf frame = { 0 };
    buf_u32(&frame, n);
    while (frame.len < len)
        buf_u64(&frame, 0);
    frames_put(&b->queue, &frame);
    assert_null(frame.data);
    assert_int_equal(frame.len, 0);
}

static void before_a_connection_stands_nothing_is_taken(void **state)
{
    struct bench *b = *state;
    dial(b, "tcp://127.0.0.1:1"); /* nobody there */
    put(b, 0, 4);
    put(b, 1, 4);
    assert_int_equal(frames_flush(&b->queue, b->dealer), 0);
    assert_int_equal(b->queue.count, 2);
}

static void an_empty_queue_has_nothing_to_give(void **state)
{
    struct bench *b = *state;
    dial(b, router_endpoint(b->router));
    assert_int_equal(frames_flush(&b->queue, b->dealer), 0);
    frames_clear(&b->queue);
    assert_int_equal(b->queue.count, 0);
}

/* What the other end has by now; each must be the next. */
static void receive(struct bench *b, uint32_t *next)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    struct route route;
    struct key key;
    while (router_receive(b->router, &route, &key, &frame) == E_OK)
        assert_int_equal(get_u32(frame.data), (*next)++);
}

static void what_the_socket_does_not_take_waits_in_its_order(void **state)
{
    struct bench *b = *state;
    dial(b, router_endpoint(b->router));
    for (uint32_t n = 0; n < FRAMES; n++)
        put(b, n, FRAME_BYTES);
    uint32_t next = 0, sent = 0;
    bool was_partial = false;
    for (uint64_t until = clock_mono_ms() + 20000; next < FRAMES;) {
        size_t before = b->queue.count, taken = frames_flush(&b->queue, b->dealer);
        assert_int_equal(b->queue.count, before - taken);
        sent += (uint32_t)taken;
        was_partial = was_partial || (taken > 0 && taken < before);
        if (b->queue.count > 0)
            assert_int_equal(get_u32(b->queue.frames[0].data), sent);
        receive(b, &next);
        assert_true(clock_mono_ms() < until);
        zmq_poll(NULL, 0, 1);
    }
    assert_true(was_partial);
    assert_int_equal(sent, FRAMES);
    assert_int_equal(b->queue.count, 0);
}

static void a_queue_that_was_cleared_can_be_filled_again(void **state)
{
    struct bench *b = *state;
    dial(b, router_endpoint(b->router));
    for (uint32_t n = 0; n < 9; n++)
        put(b, 99, 4);
    frames_clear(&b->queue);
    assert_int_equal(b->queue.count, 0);
    put(b, 0, 4);
    uint32_t next = 0;
    for (uint64_t until = clock_mono_ms() + 20000; next < 1;) {
        frames_flush(&b->queue, b->dealer);
        receive(b, &next);
        assert_true(clock_mono_ms() < until);
        zmq_poll(NULL, 0, 1);
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(before_a_connection_stands_nothing_is_taken),
        FACT(an_empty_queue_has_nothing_to_give),
        FACT(what_the_socket_does_not_take_waits_in_its_order),
        FACT(a_queue_that_was_cleared_can_be_filled_again),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
