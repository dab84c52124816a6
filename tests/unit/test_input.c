#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "nodectl/errors.h"
#include "nodectl/input.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static char path[] = "/tmp/chancery-input-XXXXXX";

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
    (void)state;
    return unlink(path);
}

static enum err read_text(const char *text, json_t **list)
{
    *list = json_array();
    assert_int_equal(file_write(path, bytes_text(text), 0600), E_OK);
    return input_statements(path, *list);
}

static void an_object_may_stand_on_several_lines(void **state)
{
    (void)state;
    json_t *list;
    assert_int_equal(read_text("{\n  \"title\": \"a\"\n}\n", &list), E_OK);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

static void or_there_is_an_object_a_line(void **state)
{
    (void)state;
    json_t *list;
    assert_int_equal(read_text("{\"title\":\"a\"}\n\n  \r\n{\"title\":\"b\"}", &list), E_OK);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
}

static void a_broken_line_is_named(void **state)
{
    (void)state;
    json_t *list;
    assert_int_equal(read_text("{\"title\":\"a\"}\n{\"title\":\n", &list), E_USAGE);
    assert_non_null(strstr(err_message(), ":2:"));
    assert_non_null(strstr(err_message(), path));
    json_decref(list);
    assert_int_equal(read_text("{\n \"title\": \"a\",\n \"kind\" \"b\"\n}", &list), E_USAGE);
    assert_non_null(strstr(err_message(), ":3:"));
    json_decref(list);
}

static void a_name_given_twice_is_refused(void **state)
{
    (void)state;
    json_t *list;
    assert_int_equal(read_text("{\"title\":\"a\",\"title\":\"b\"}", &list), E_USAGE);
    json_decref(list);
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    json_t *list;
    assert_int_equal(read_text("[1]\n", &list), E_USAGE);
    assert_non_null(strstr(err_message(), "not an object"));
    json_decref(list);
    assert_int_equal(read_text("", &list), E_USAGE);
    json_decref(list);
    assert_int_equal(read_text("title: a\n", &list), E_USAGE);
    json_decref(list);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    json_t *list = json_array();
    assert_int_equal(input_statements("/nonexistent/x", list), E_NOT_FOUND);
    assert_non_null(strstr(err_message(), "/nonexistent/x"));
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_may_stand_on_several_lines),
        cmocka_unit_test(or_there_is_an_object_a_line),
        cmocka_unit_test(a_broken_line_is_named),
        cmocka_unit_test(a_name_given_twice_is_refused),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, make_path, drop_path);
}
