#include "hubd/strikes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct strikes fresh = { .limit = 3, .ban_ms = 100, .ban_max_ms = 350 };
static const struct key peer = { { 1 } }, other = { { 2 } };

static uint64_t banned(struct strikes *strikes, uint64_t now_ms)
{
    assert_false(strikes_add(strikes, &peer, now_ms));
    assert_false(strikes_add(strikes, &peer, now_ms));
    assert_true(strikes_add(strikes, &peer, now_ms));
    return strikes_wait(strikes, &peer, now_ms);
}

static void the_limit_bans_for_a_while(void **state)
{
    (void)state;
    struct strikes strikes = fresh;
    assert_int_equal(banned(&strikes, 1000), 100);
    assert_int_equal(strikes_wait(&strikes, &peer, 1099), 1);
    assert_int_equal(strikes_wait(&strikes, &peer, 1100), 0);
    assert_int_equal(strikes_wait(&strikes, &other, 1000), 0);
    strikes_clear(&strikes);
}

static void each_ban_is_twice_as_long_up_to_a_limit(void **state)
{
    (void)state;
    struct strikes strikes = fresh;
    assert_int_equal(banned(&strikes, 1000), 100);
    assert_int_equal(banned(&strikes, 2000), 200);
    assert_int_equal(banned(&strikes, 3000), 350);
    assert_int_equal(banned(&strikes, 4000), 350);
    strikes_clear(&strikes);
}

static void an_hour_of_good_conduct_forgets(void **state)
{
    (void)state;
    struct strikes strikes = fresh;
    banned(&strikes, 1000);
    assert_int_equal(banned(&strikes, 3700000), 100);
    strikes_clear(&strikes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_bans_for_a_while),
        cmocka_unit_test(each_ban_is_twice_as_long_up_to_a_limit),
        cmocka_unit_test(an_hour_of_good_conduct_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
