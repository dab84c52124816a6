#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/sample.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static void assert_setting(const char *setting, const char *line)
{
    AUTO(buf_clear) struct buf out = { 0 };
    sample_setting(setting, &out);
    assert_string_equal(buf_string(&out), line);
}

static void a_setting_becomes_a_quoted_line(void **state)
{
    (void)state;
    assert_setting("endpoint=tcp://127.0.0.1:7443", "endpoint = \"tcp://127.0.0.1:7443\"\n");
    assert_setting("title=a \"b\" \\ $HOME", "title = \"a \\\"b\\\" \\\\ \\$HOME\"\n");
    assert_setting("x=", "x = \"\"\n");
    assert_setting("x=a=b", "x = \"a=b\"\n");
}

static void a_list_stays_one(void **state)
{
    (void)state;
    assert_setting("hubs={\"a\", \"b\"}", "hubs = {\"a\", \"b\"}\n");
}

static void without_the_daemon_the_file_says_where_to_look(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    sample_conf("chancery-no-such-daemon", &out);
    assert_string_equal(buf_string(&out), "# What can be set here: chancery-no-such-daemon --print-conf\n");
}

static void what_a_failing_program_printed_is_not_taken(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    sample_conf("ls", &out); /* knows no --print-conf */
    assert_memory_equal(out.data, "# What can", 10);
}

static void only_a_daemon_that_answers_refuses_a_configuration(void **state)
{
    (void)state;
    assert_int_equal(sample_check("chancery-no-such-daemon", "/"), E_OK);
    assert_int_equal(sample_check("false", "/"), E_OK); /* 1: no matter of words */
    assert_int_equal(sample_check("ls", "/"), E_USAGE); /* 2, for it knows no --home */
    assert_non_null(strstr(err_message(), "home"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_becomes_a_quoted_line),
        cmocka_unit_test(a_list_stays_one),
        cmocka_unit_test(without_the_daemon_the_file_says_where_to_look),
        cmocka_unit_test(what_a_failing_program_printed_is_not_taken),
        cmocka_unit_test(only_a_daemon_that_answers_refuses_a_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
