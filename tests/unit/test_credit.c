#include "hubd/credit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct credit fresh = { .window = 1000, .floor = 100, .budget = 10000 };

static void a_node_alone_gets_the_whole_window(void **state)
{
    (void)state;
    struct credit credit = fresh;
    int64_t held;
    assert_int_equal(credit_open(&credit, &held), 1000);
    assert_int_equal(credit_return(&credit, &held, 300), 300);
    assert_int_equal(held, 1000);
    credit_close(&credit, &held);
    assert_int_equal(credit.out, 0);
    assert_int_equal(credit.sessions, 0);
}

static void what_is_out_stays_bounded_however_many_come(void **state)
{
    (void)state;
    struct credit credit = fresh;
    int64_t held[400];
    for (int i = 0; i < 400; i++)
        assert_in_range(credit_open(&credit, &held[i]), 100, 1000);
    assert_in_range(credit.out, 0, 10000 + 1000 + 400 * 100);
    for (int i = 0; i < 400; i++)
        credit_close(&credit, &held[i]);
    assert_int_equal(credit.out, 0);
}

static void a_large_share_is_given_up_as_batches_are_answered(void **state)
{
    (void)state;
    struct credit credit = fresh;
    int64_t first, held[100];
    credit_open(&credit, &first);
    for (int i = 0; i < 100; i++)
        credit_open(&credit, &held[i]);
    assert_int_equal(credit_return(&credit, &first, 600), 0);
    assert_int_equal(credit_return(&credit, &first, 400), 100); /* the floor: live records always flow */
}

static void a_record_larger_than_the_credit_is_made_good(void **state)
{
    (void)state;
    struct credit credit = fresh;
    int64_t held;
    credit_open(&credit, &held);
    assert_int_equal(credit_return(&credit, &held, 262144), 262144);
    assert_int_equal(held, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_alone_gets_the_whole_window),
        cmocka_unit_test(what_is_out_stays_bounded_however_many_come),
        cmocka_unit_test(a_large_share_is_given_up_as_batches_are_answered),
        cmocka_unit_test(a_record_larger_than_the_credit_is_made_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
