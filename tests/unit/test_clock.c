#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void the_wall_clock_is_the_systems(void **state)
{
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t seconds = clock_wall_ms() / 1000;
    /* time() may read a coarser clock, a tick behind. */
    assert_true(seconds >= before && seconds <= (uint64_t)time(NULL) + 1);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t last = clock_mono_us();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_mono_ms() >= last / 1000);
}

static void random_bytes_fill_all_and_differ(void **state)
{
    (void)state;
    uint8_t a[1000] = { 0 }, b[1000] = { 0 };
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 990, "\0\0\0\0\0\0\0\0\0\0", 10);
    random_bytes(NULL, 0);
}

static void a_random_number_stays_below_its_limit(void **state)
{
    (void)state;
    bool seen[7] = { false };
    for (int i = 0; i < 2000; i++) {
        uint64_t n = random_below(7);
        assert_true(n < 7);
        seen[n] = true;
    }
    for (int i = 0; i < 7; i++)
        assert_true(seen[i]);
    assert_true(random_below(0) == 0);
    assert_true(random_below(1) == 0);
    assert_true(random_below(UINT64_C(1) << 63) < UINT64_C(1) << 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_is_the_systems),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(random_bytes_fill_all_and_differ),
        cmocka_unit_test(a_random_number_stays_below_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
