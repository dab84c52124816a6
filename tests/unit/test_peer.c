#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <czmq.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/peer.h"
#include "net/zap.h"

#include <cmocka.h>

#define DEADLINE_MS 10000
#define MANY 200

struct site {
    struct zap *zap;
    struct router *router;
    struct secret server;
};

static struct secret secret_of(uint8_t n)
{
    uint8_t seed[32] = { 77, n };
    struct secret secret;
    secret_transport_from_seed(seed, &secret);
    return secret;
}

static void open_site(struct site *site, const char *endpoint)
{
    site->server = secret_of(255);
    assert_int_equal(zap_new(&site->zap), E_OK);
    assert_int_equal(router_new(endpoint, "peers", &site->server, &site->router), E_OK);
}

static void close_site(struct site *site)
{
    router_free(&site->router);
    zap_free(&site->zap);
}

static struct dealer *dial_as(struct site *site, const struct secret *own)
{
    struct dealer *dealer = NULL;
    struct key server = site->server.public_key;
    assert_int_equal(dealer_new(router_endpoint(site->router), &server, own, true, &dealer), E_OK);
    return dealer;
}

/* Sends as soon as the connection takes it; false when it is lost or refused instead. */
static bool send_when_ready(struct dealer *dealer, struct bytes frame)
{
    uint64_t until = clock_mono_ms() + DEADLINE_MS;
    while (clock_mono_ms() < until) {
        zmq_pollitem_t item = { dealer_socket(dealer), 0, ZMQ_POLLOUT, 0 };
        zmq_poll(&item, 1, 20);
        if (dealer_send(dealer, frame) == E_OK)
            return true;
        if (dealer_state(dealer) != E_OK)
            return false;
    }
    return false;
}

static enum err await_state(struct dealer *dealer)
{
    uint64_t until = clock_mono_ms() + DEADLINE_MS;
    struct buf got = { 0 };
    enum err err = E_OK;
    while ((err = dealer_state(dealer)) == E_OK && clock_mono_ms() < until) {
        zmq_pollitem_t item = { dealer_socket(dealer), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, 20);
        dealer_receive(dealer, &got);
    }
    buf_clear(&got);
    return err;
}

static enum err router_next(struct router *router, struct route *from, struct key *key, struct buf *out)
{
    zmq_pollitem_t item = { router_socket(router), 0, ZMQ_POLLIN, 0 };
    zmq_poll(&item, 1, DEADLINE_MS);
    return router_receive(router, from, key, out);
}

static enum err dealer_next(struct dealer *dealer, struct buf *out)
{
    zmq_pollitem_t item = { dealer_socket(dealer), 0, ZMQ_POLLIN, 0 };
    zmq_poll(&item, 1, DEADLINE_MS);
    return dealer_receive(dealer, out);
}

static void expect(struct buf *got, const char *text)
{
    assert_int_equal(got->len, strlen(text));
    assert_memory_equal(got->data, text, strlen(text));
}

static void exchange(const char *endpoint)
{
    struct site site;
    open_site(&site, endpoint);
    assert_int_equal(strncmp(router_endpoint(site.router), endpoint, strlen(endpoint) - 1), 0);
    struct secret own = secret_of(1);
    struct key own_key = own.public_key;
    zap_allow(site.zap, "peers", &own_key, 0);
    AUTO(dealer_free) struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("hello")));

    struct route from;
    struct key key;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    expect(&got, "hello");
    assert_true(key_equal(&key, &own_key));
    assert_int_equal(router_receive(site.router, &from, &key, &got), E_NOT_FOUND);

    assert_true(send_when_ready(dealer, bytes_text("again")));
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    assert_int_equal(router_send(site.router, &from, bytes_text("welcome")), E_OK);
    assert_int_equal(dealer_next(dealer, &got), E_OK);
    expect(&got, "welcome");
    assert_int_equal(dealer_receive(dealer, &got), E_NOT_FOUND);
    assert_int_equal(dealer_state(dealer), E_OK);
    assert_true(dealer_fd(dealer) >= 0);
    close_site(&site);
}

static void an_allowed_key_gets_through_and_is_reported(void **state)
{
    (void)state;
    exchange("tcp://127.0.0.1:*");
}

static void it_works_over_ipc(void **state)
{
    (void)state;
    exchange("ipc://*");
}

static void an_unknown_key_is_refused_and_told(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(2);
    AUTO(dealer_free) struct dealer *dealer = dial_as(&site, &own);
    assert_int_equal(await_state(dealer), E_DENIED);
    assert_int_equal(dealer_send(dealer, bytes_text("hello")), E_BUSY);
    uint64_t accepted, refused;
    zap_counts(site.zap, &accepted, &refused);
    assert_int_equal(accepted, 0);
    assert_int_equal(refused, 1);
    close_site(&site);
}

static void a_key_of_another_domain_is_refused(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(2);
    struct key own_key = own.public_key;
    zap_allow(site.zap, "control", &own_key, 0);
    AUTO(dealer_free) struct dealer *dealer = dial_as(&site, &own);
    assert_int_equal(await_state(dealer), E_DENIED);
    close_site(&site);
}

static void a_server_with_another_key_is_not_trusted(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(2), impostor = secret_of(3);
    struct key own_key = own.public_key, wrong = impostor.public_key;
    zap_allow(site.zap, "peers", &own_key, 0);
    AUTO(dealer_free) struct dealer *dealer = NULL;
    assert_int_equal(dealer_new(router_endpoint(site.router), &wrong, &own, true, &dealer), E_OK);
    assert_int_equal(await_state(dealer), E_UNREACHABLE);
    assert_non_null(strstr(err_message(), "the handshake fails"));
    close_site(&site);
}

static void a_key_that_is_denied_later_cannot_connect_again(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(4);
    struct key own_key = own.public_key;
    zap_allow(site.zap, "peers", &own_key, 0);
    struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("in")));
    zap_deny(site.zap, "peers", &own_key);
    assert_true(send_when_ready(dealer, bytes_text("still in")));
    dealer_free(&dealer);
    dealer = dial_as(&site, &own);
    assert_int_equal(await_state(dealer), E_DENIED);
    dealer_free(&dealer);
    zap_allow(site.zap, "peers", &own_key, 0);
    dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("back")));
    dealer_free(&dealer);
    close_site(&site);
}

static void nobody_gets_in_without_the_handler(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(5);
    struct key own_key = own.public_key;
    zap_allow(site.zap, "peers", &own_key, 0);
    struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("in")));
    dealer_free(&dealer);
    zap_free(&site.zap);
    dealer = dial_as(&site, &own);
    assert_false(send_when_ready(dealer, bytes_text("hello")));
    dealer_free(&dealer);
    close_site(&site);
}

static void a_multipart_flood_is_dropped_and_the_next_frame_taken(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(6);
    struct key own_key = own.public_key, key;
    zap_allow(site.zap, "peers", &own_key, 0);
    AUTO(dealer_free) struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("first")));
    for (int i = 0; i < 5000; i++)
        zmq_send(dealer_socket(dealer), "x", 1, ZMQ_SNDMORE);
    zmq_send(dealer_socket(dealer), "x", 1, 0);
    struct route from;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    memset(&key, 0, sizeof key);
    assert_int_equal(router_next(site.router, &from, &key, &got), E_MALFORMED);
    assert_true(key_equal(&key, &own_key));
    assert_true(send_when_ready(dealer, bytes_text("last")));
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    expect(&got, "last");
    /* And the other way. */
    zmq_send(router_socket(site.router), from.id, from.len, ZMQ_SNDMORE);
    zmq_send(router_socket(site.router), "a", 1, ZMQ_SNDMORE);
    zmq_send(router_socket(site.router), "b", 1, 0);
    assert_int_equal(dealer_next(dealer, &got), E_MALFORMED);
    assert_int_equal(router_send(site.router, &from, bytes_text("fine")), E_OK);
    assert_int_equal(dealer_next(dealer, &got), E_OK);
    expect(&got, "fine");
    close_site(&site);
}

static void the_largest_frame_passes_and_a_larger_one_costs_only_its_sender(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret good = secret_of(7), bad = secret_of(8);
    struct key good_key = good.public_key, bad_key = bad.public_key, key;
    zap_allow(site.zap, "peers", &good_key, 0);
    zap_allow(site.zap, "peers", &bad_key, 0);
    AUTO(dealer_free) struct dealer *honest = dial_as(&site, &good);
    AUTO(dealer_free) struct dealer *rude = dial_as(&site, &bad);
    AUTO(free_ptr) uint8_t *big = mem_alloc(MAX_MESSAGE_BYTES + 4096);
    assert_true(send_when_ready(honest, bytes_of(big, MAX_MESSAGE_BYTES)));
    struct route from;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    assert_int_equal(got.len, MAX_MESSAGE_BYTES);
    assert_true(send_when_ready(rude, bytes_of(big, MAX_MESSAGE_BYTES + 4096)));
    assert_int_equal(await_state(rude), E_UNREACHABLE);
    assert_int_equal(router_receive(site.router, &from, &key, &got), E_NOT_FOUND);
    assert_true(send_when_ready(honest, bytes_text("still here")));
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    assert_true(key_equal(&key, &good_key));
    close_site(&site);
}

static void a_peer_that_is_gone_is_unreachable(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(9);
    struct key own_key = own.public_key, key;
    zap_allow(site.zap, "peers", &own_key, 0);
    struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("hello")));
    struct route from;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    dealer_free(&dealer);
    uint64_t until = clock_mono_ms() + DEADLINE_MS;
    enum err err = E_OK;
    while ((err = router_send(site.router, &from, bytes_text("hello?"))) != E_UNREACHABLE &&
           clock_mono_ms() < until)
        zmq_poll(NULL, 0, 1);
    assert_int_equal(err, E_UNREACHABLE);
    struct route nobody = { { 9, 9, 9, 9, 9 }, 5 };
    assert_int_equal(router_send(site.router, &nobody, bytes_text("x")), E_UNREACHABLE);
    close_site(&site);
}

static void a_peer_that_does_not_read_makes_busy_and_not_wait(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(10);
    struct key own_key = own.public_key, key;
    zap_allow(site.zap, "peers", &own_key, 0);
    AUTO(dealer_free) struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("hello")));
    struct route from;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    AUTO(free_ptr) uint8_t *big = mem_alloc(MAX_MESSAGE_BYTES);
    enum err err = E_OK;
    for (int i = 0; i < 1000 && err == E_OK; i++)
        err = router_send(site.router, &from, bytes_of(big, MAX_MESSAGE_BYTES));
    assert_int_equal(err, E_BUSY);
    close_site(&site);
}

static void two_hundred_dealers_are_told_apart(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct dealer *dealers[MANY];
    struct key keys[MANY];
    for (int i = 0; i < MANY; i++) {
        struct secret own = secret_of((uint8_t)i);
        keys[i] = own.public_key;
        zap_allow(site.zap, "peers", &keys[i], 0);
        dealers[i] = dial_as(&site, &own);
    }
    for (int i = 0; i < MANY; i++) {
        uint8_t number = (uint8_t)i;
        assert_true(send_when_ready(dealers[i], bytes_of(&number, 1)));
    }
    bool seen[MANY] = { false };
    AUTO(buf_clear) struct buf got = { 0 };
    for (int i = 0; i < MANY; i++) {
        struct route from;
        struct key key;
        assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
        assert_int_equal(got.len, 1);
        assert_true(key_equal(&key, &keys[got.data[0]]));
        assert_false(seen[got.data[0]]);
        seen[got.data[0]] = true;
        assert_int_equal(router_send(site.router, &from, buf_view(&got)), E_OK);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(dealer_next(dealers[i], &got), E_OK);
        assert_int_equal(got.data[0], i);
        dealer_free(&dealers[i]);
    }
    uint64_t accepted, refused;
    zap_counts(site.zap, &accepted, &refused);
    assert_int_equal(accepted, MANY);
    close_site(&site);
}

static void a_lost_server_is_noticed_and_a_fresh_dealer_finds_it_again(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct secret own = secret_of(11);
    struct key own_key = own.public_key, server = site.server.public_key, key;
    zap_allow(site.zap, "peers", &own_key, 0);
    struct dealer *dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("one")));
    char endpoint[MAX_ENDPOINT_BYTES + 1];
    snprintf(endpoint, sizeof endpoint, "%s", router_endpoint(site.router));
    router_free(&site.router);
    assert_int_equal(await_state(dealer), E_UNREACHABLE);
    dealer_free(&dealer);

    assert_int_equal(dealer_new(endpoint, &server, &own, true, &dealer), E_OK);
    assert_int_equal(await_state(dealer), E_UNREACHABLE); /* nobody listens */
    dealer_free(&dealer);

    uint64_t until = clock_mono_ms() + DEADLINE_MS;
    while (router_new(endpoint, "peers", &site.server, &site.router) == E_EXISTS && clock_mono_ms() < until)
        zmq_poll(NULL, 0, 1);
    assert_non_null(site.router);
    dealer = dial_as(&site, &own);
    assert_true(send_when_ready(dealer, bytes_text("two")));
    struct route from;
    AUTO(buf_clear) struct buf got = { 0 };
    assert_int_equal(router_next(site.router, &from, &key, &got), E_OK);
    expect(&got, "two");
    dealer_free(&dealer);
    close_site(&site);
}

static void a_taken_endpoint_exists_and_a_senseless_one_is_usage(void **state)
{
    (void)state;
    struct site site;
    open_site(&site, "tcp://127.0.0.1:*");
    struct router *second = NULL;
    assert_int_equal(router_new(router_endpoint(site.router), "peers", &site.server, &second), E_EXISTS);
    assert_int_equal(router_new("carrier://pigeon", "peers", &site.server, &second), E_USAGE);
    assert_int_equal(router_new("tcp://127.0.0.1", "peers", &site.server, &second), E_USAGE);
    assert_int_equal(router_new("", "peers", &site.server, &second), E_USAGE);
    struct dealer *dealer = NULL;
    struct key server = site.server.public_key;
    assert_int_equal(dealer_new("tcp://", &server, &site.server, true, &dealer), E_USAGE);
    assert_int_equal(dealer_new("no endpoint", &server, &site.server, true, &dealer), E_USAGE);
    assert_null(second);
    assert_null(dealer);
    close_site(&site);
}

static int begin(void **state)
{
    (void)state;
    return id_init() == E_OK && net_init(4096, 1) == E_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allowed_key_gets_through_and_is_reported),
        cmocka_unit_test(it_works_over_ipc),
        cmocka_unit_test(an_unknown_key_is_refused_and_told),
        cmocka_unit_test(a_key_of_another_domain_is_refused),
        cmocka_unit_test(a_server_with_another_key_is_not_trusted),
        cmocka_unit_test(a_key_that_is_denied_later_cannot_connect_again),
        cmocka_unit_test(nobody_gets_in_without_the_handler),
        cmocka_unit_test(a_multipart_flood_is_dropped_and_the_next_frame_taken),
        cmocka_unit_test(the_largest_frame_passes_and_a_larger_one_costs_only_its_sender),
        cmocka_unit_test(a_peer_that_is_gone_is_unreachable),
        cmocka_unit_test(a_peer_that_does_not_read_makes_busy_and_not_wait),
        cmocka_unit_test(two_hundred_dealers_are_told_apart),
        cmocka_unit_test(a_lost_server_is_noticed_and_a_fresh_dealer_finds_it_again),
        cmocka_unit_test(a_taken_endpoint_exists_and_a_senseless_one_is_usage),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
