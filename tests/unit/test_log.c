#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What was written to standard error since capture_begin(). */
static char captured[16384];
static FILE *sink;
static int real_stderr;

static void capture_begin(void)
{
    fflush(stderr);
    sink = tmpfile();
    assert_non_null(sink);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(sink), STDERR_FILENO);
}

static const char *capture_end(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(sink);
    captured[fread(captured, 1, sizeof captured - 1, sink)] = 0;
    fclose(sink);
    return captured;
}

static void a_line_has_time_level_and_words(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    capture_begin();
    log_warn("peer=%s seq=%d", "x", 7);
    const char *line = capture_end();
    int year, month, day, hour, minute, second, ms, n = 0;
    assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour, &minute,
                            &second, &ms, &n),
                     7);
    assert_string_equal(line + n, "level=warn peer=x seq=7\n");
}

static void the_journal_gets_a_priority_and_no_time(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    capture_begin();
    log_error("a");
    log_info("b");
    const char *lines = capture_end();
    unsetenv("JOURNAL_STREAM");
    assert_string_equal(lines, "<3>a\n<6>b\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    capture_begin();
    log_debug("unseen");
    log_level_set(LOG_ERROR);
    log_warn("unseen");
    log_level_set(LOG_INFO);
    assert_string_equal(capture_end(), "");
}

static void no_stranger_can_begin_a_line_of_ours(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    capture_begin();
    log_info("name=%s", "x\nlevel=error\x1b[2J\t\x7f");
    const char *line = capture_end();
    unsetenv("JOURNAL_STREAM");
    assert_string_equal(line, "<6>name=x\\x0alevel=error\\x1b[2J\\x09\\x7f\n");
}

static void the_longest_line_of_controls_fits(void **state)
{
    (void)state;
    char controls[5000];
    memset(controls, '\n', sizeof controls - 1);
    controls[sizeof controls - 1] = 0;
    setenv("JOURNAL_STREAM", "8:1", 1);
    capture_begin();
    log_info("%s", controls);
    const char *line = capture_end();
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(strlen(line), 3 + 4 * 1023 + 1);
}

static void levels_have_words(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse("verbose", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_and_words),
        cmocka_unit_test(the_journal_gets_a_priority_and_no_time),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(no_stranger_can_begin_a_line_of_ours),
        cmocka_unit_test(the_longest_line_of_controls_fits),
        cmocka_unit_test(levels_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
