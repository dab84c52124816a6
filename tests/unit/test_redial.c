#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "net/redial.h"

#include <cmocka.h>

static void waits_before_dialing_are_spread_and_bounded(void **state)
{
    (void)state;
    static const uint64_t randoms[] = { 0, 1, 999, 123456789, UINT64_MAX - 1, UINT64_MAX };
    for (size_t i = 0; i < sizeof randoms / sizeof *randoms; i++) {
        assert_in_range(redial_wait_ms(0, 1000, 300000, 0, randoms[i]), 0, 3000);
        assert_in_range(redial_wait_ms(5000, 1000, 300000, 0, randoms[i]), 1000, 15000);
        assert_in_range(redial_wait_ms(300000, 1000, 300000, 0, randoms[i]), 1000, 300000);
        assert_in_range(redial_wait_ms(5000, 1000, 300000, 60000, randoms[i]), 0, 60000);
        assert_in_range(redial_wait_ms(5000, 1000, 300000, UINT64_MAX, randoms[i]), 0, 300000);
        assert_in_range(redial_wait_ms(UINT64_MAX, 1000, 300000, 0, randoms[i]), 1000, 300000);
        assert_in_range(redial_wait_ms(0, 0, UINT64_MAX, UINT64_MAX, randoms[i]), 0, UINT64_MAX);
    }
    assert_int_equal(redial_wait_ms(0, 0, 0, 0, 5), 0);
    assert_int_equal(redial_wait_ms(5, 10, 10, 0, 5), 10);
    assert_int_equal(redial_wait_ms(5000, 1000, 300000, 0, 14000), 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(waits_before_dialing_are_spread_and_bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
