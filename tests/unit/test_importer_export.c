#include "app/importer_export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AUTHOR "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ENGAGEMENT "0123456789ABCDEFGHJKMNPQRS"

static json_t *a_line(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:{s:s,s:s,s:i,s:s,s:[{s:s}]}}", "engagement", ENGAGEMENT, "ref",
                     "us-oh-dayton/42@7f475950", "author", AUTHOR, "visibility", "local", "statement",
                     "title", "A visit", "nonce", "00", "amends", 41, "change", "update", "sources", "url",
                     "https://a.example");
}

static void a_line_of_an_export_is_told_from_an_engagement(void **state)
{
    (void)state;
    json_t *line = a_line();
    assert_true(export_is_line(line));
    assert_false(export_is_line(json_object_get(line, "statement")));
    json_object_del(line, "statement");
    assert_false(export_is_line(line));
    json_decref(line);
}

static void it_gives_the_statement_and_where_it_was_said(void **state)
{
    (void)state;
    json_t *object = a_line();
    struct import_origin origin;
    assert_int_equal(export_open(&object, &origin), E_OK);
    assert_string_equal(origin.author, AUTHOR);
    assert_string_equal(origin.engagement, ENGAGEMENT);
    assert_string_equal(origin.ref, "us-oh-dayton/42@7f475950");
    assert_string_equal(origin.visibility, "local");
    assert_string_equal(json_string_value(json_object_get(object, "title")), "A visit");
    assert_non_null(json_object_get(object, "nonce"));
    assert_null(json_object_get(object, "amends"));
    assert_null(json_object_get(object, "change"));
    json_decref(object);
}

static void what_another_says_again_is_its_own_and_names_the_old(void **state)
{
    (void)state;
    json_t *object = a_line();
    struct import_origin origin;
    assert_int_equal(export_open(&object, &origin), E_OK);
    export_restate(object, &origin);
    assert_null(json_object_get(object, "nonce"));
    const json_t *sources = json_object_get(object, "sources");
    assert_int_equal(json_array_size(sources), 2);
    const json_t *last = json_array_get(sources, 1);
    assert_string_equal(json_string_value(json_object_get(last, "key")), origin.ref);
    assert_string_equal(json_string_value(json_object_get(last, "dataset")), "chancery");
    json_decref(object);
}

static void refuse(const char *member, json_t *value, enum err code)
{
    json_t *object = a_line();
    struct import_origin origin;
    json_object_set_new(object, member, value);
    assert_int_equal(export_open(&object, &origin), code);
    json_decref(object);
}

static void members_that_no_export_writes_are_malformed(void **state)
{
    (void)state;
    char ref[400];
    memset(ref, 'x', sizeof ref);
    ref[399] = 0;
    refuse("author", json_string("0011"), E_MALFORMED);
    refuse("author", json_string(AUTHOR "0"), E_MALFORMED);
    refuse("author", json_integer(1), E_MALFORMED);
    refuse("engagement", json_string(""), E_MALFORMED);
    refuse("ref", json_string(ref), E_MALFORMED);
    refuse("ref", json_string(""), E_MALFORMED);
    refuse("visibility", json_string("for the mayor"), E_MALFORMED);
    refuse("statement", json_string("text"), E_MALFORMED);
    refuse("statement", json_null(), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_an_export_is_told_from_an_engagement),
        cmocka_unit_test(it_gives_the_statement_and_where_it_was_said),
        cmocka_unit_test(what_another_says_again_is_its_own_and_names_the_old),
        cmocka_unit_test(members_that_no_export_writes_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
