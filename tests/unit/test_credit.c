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

static void tight_room_halves_what_may_be_out(void **state)
{
    (void)state;
    struct credit credit = fresh;
    int64_t first, held[100];
    assert_int_equal(credit_open(&credit, &first), 1000);
    credit.tight = true;
    assert_int_equal(credit_return(&credit, &first, 400), 0); /* given up as batches are answered */
    assert_int_equal(credit_return(&credit, &first, 400), 300);
    assert_int_equal(first, 500);
    for (int i = 0; i < 100; i++)
        assert_in_range(credit_open(&credit, &held[i]), 100, 500);
    assert_in_range(credit.out, 0, 5000 + 500 + 101 * 100);
    credit.tight = false;
    assert_int_equal(credit_return(&credit, &first, 500), 100); /* the budget is out: the floor, as ever */
}

static void tight_room_leaves_the_floor(void **state)
{
    (void)state;
    struct credit credit = { .window = 150, .floor = 100, .budget = 10000, .tight = true };
    int64_t held;
    assert_int_equal(credit_open(&credit, &held), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_alone_gets_the_whole_window),
        cmocka_unit_test(what_is_out_stays_bounded_however_many_come),
        cmocka_unit_test(a_large_share_is_given_up_as_batches_are_answered),
        cmocka_unit_test(a_record_larger_than_the_credit_is_made_good),
        cmocka_unit_test(tight_room_halves_what_may_be_out),
        cmocka_unit_test(tight_room_leaves_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
