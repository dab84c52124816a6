#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/peer.h"
#include "net/zap.h"

#include <cmocka.h>

static struct key key_of(uint64_t n)
{
    struct key key = { { 0 } };
    put_u64(key.b + 3, n * 0x9E3779B97F4A7C15ULL);
    put_u64(key.b + 20, n);
    return key;
}

static void nobody_is_allowed_at_first(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    struct key key = key_of(1);
    assert_false(zap_is_allowed(zap, "peers", &key));
    zap_deny(zap, "peers", &key);
    assert_false(zap_is_allowed(zap, "peers", &key));
}

static void a_key_is_allowed_in_its_domain_until_it_is_denied(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    struct key key = key_of(1), other = key_of(2);
    zap_allow(zap, "peers", &key, 0);
    assert_true(zap_is_allowed(zap, "peers", &key));
    assert_false(zap_is_allowed(zap, "control", &key));
    assert_false(zap_is_allowed(zap, "peer", &key));
    assert_false(zap_is_allowed(zap, "", &key));
    assert_false(zap_is_allowed(zap, "peers", &other));
    zap_allow(zap, "control", &other, 0);
    zap_deny(zap, "peers", &key);
    assert_false(zap_is_allowed(zap, "peers", &key));
    assert_true(zap_is_allowed(zap, "control", &other));
}

static void an_expired_key_is_refused(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    struct key key = key_of(1);
    zap_allow(zap, "peers", &key, clock_wall_ms() - 1);
    assert_false(zap_is_allowed(zap, "peers", &key));
    zap_allow(zap, "peers", &key, clock_wall_ms() + 60000);
    assert_true(zap_is_allowed(zap, "peers", &key));
}

static void one_bit_of_a_key_decides(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    struct key key = key_of(7);
    zap_allow(zap, "peers", &key, 0);
    for (size_t bit = 0; bit < 8 * KEY_BYTES; bit++) {
        struct key near = key;
        near.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(zap_is_allowed(zap, "peers", &near));
    }
}

static void forty_thousand_keys_come_and_go(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    for (uint64_t i = 0; i < 40000; i++) {
        struct key key = key_of(i);
        zap_allow(zap, "peers", &key, 0);
    }
    for (uint64_t i = 0; i < 40000; i += 2) {
        struct key key = key_of(i);
        zap_deny(zap, "peers", &key);
    }
    for (uint64_t i = 0; i < 40000; i++) {
        struct key key = key_of(i);
        assert_int_equal(zap_is_allowed(zap, "peers", &key), i % 2 == 1);
    }
}

static void a_process_has_one_handler(void **state)
{
    (void)state;
    AUTO(zap_free) struct zap *zap = NULL;
    AUTO(zap_free) struct zap *second = NULL;
    assert_int_equal(zap_new(&zap), E_OK);
    assert_int_equal(zap_new(&second), E_EXISTS);
    assert_null(second);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    struct zap *zap = NULL;
    zap_free(&zap);
    assert_null(zap);
}

static int begin(void **state)
{
    (void)state;
    return id_init() == E_OK && net_init(64, 1) == E_OK ? 0 : -1;
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
        cmocka_unit_test(nobody_is_allowed_at_first),
        cmocka_unit_test(a_key_is_allowed_in_its_domain_until_it_is_denied),
        cmocka_unit_test(an_expired_key_is_refused),
        cmocka_unit_test(one_bit_of_a_key_decides),
        cmocka_unit_test(forty_thousand_keys_come_and_go),
        cmocka_unit_test(a_process_has_one_handler),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
