#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "nodectl/progress.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static void the_line_tells_rate_and_what_is_left(void **state)
{
    (void)state;
    char line[200];
    struct progress p = {
        .what = "importing", .unit = "rows", .total = 3038, .done = 1200, .start_ms = 1000
    };
    progress_line(&p, 4000, line, sizeof line);
    assert_string_equal(line, "importing: 1,200 of 3,038 rows (39 %), 400 rows/s, 5s left");
}

static void without_a_total_nothing_is_promised(void **state)
{
    (void)state;
    char line[200];
    struct progress p = { .what = "reading", .unit = "rows", .done = 1234567, .start_ms = 0 };
    progress_line(&p, 1000, line, sizeof line);
    assert_string_equal(line, "reading: 1,234,567 rows, 1,234,567 rows/s");
}

static void the_first_moment_divides_by_no_zero(void **state)
{
    (void)state;
    char line[200];
    struct progress p = { .what = "reading", .unit = "rows", .total = 10, .start_ms = 50 };
    progress_line(&p, 50, line, sizeof line);
    assert_string_equal(line, "reading: 0 of 10 rows (0 %), 0 rows/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_tells_rate_and_what_is_left),
        cmocka_unit_test(without_a_total_nothing_is_promised),
        cmocka_unit_test(the_first_moment_divides_by_no_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
