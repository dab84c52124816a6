#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "nodectl/edit.h"
#include "nodectl/errors.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define TEXT(name)                                                                                           \
    {                                                                                                        \
        name, 0, ARG_TEXT, "X", NULL, "x"                                                                    \
    }
static const struct arg_option table[] = {
    TEXT("kind"),  TEXT("title"),  TEXT("partner"), TEXT("country"), TEXT("start"), TEXT("end"),
    TEXT("theme"), TEXT("status"), TEXT("network"), TEXT("set"),     TEXT("unset"), TEXT("summary"),
};

/* Options as name, value, name, value ... */
static struct args given(const char *const *pairs, struct arg_value *values)
{
    struct args args = { .values = values };
    for (; pairs[0] != NULL; pairs += 2)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (strcmp(table[i].name, pairs[0]) == 0)
                values[args.n_values++] = (struct arg_value){ &table[i], pairs[1] };
    return args;
}

static enum err apply(json_t *statement, const char *const *pairs)
{
    struct arg_value values[16] = { 0 };
    struct args args = given(pairs, values);
    return edit_apply(statement, &args);
}
#define APPLY(statement, ...) apply(statement, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_json(json_t *got, const char *expected)
{
    json_t *want = json_loads(expected, 0, NULL);
    assert_non_null(want);
    char *text = json_dumps(got, JSON_SORT_KEYS | JSON_COMPACT);
    char *wanted = json_dumps(want, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, wanted);
    free_ptr(&text);
    free_ptr(&wanted);
    json_decref(want);
}

static void refuse(enum err err, const char *message, const char *hint)
{
    assert_int_equal(err, E_USAGE);
    assert_non_null(strstr(err_message(), message));
    assert_non_null(strstr(errors_hint_text(), hint));
}

static void options_become_members(void **state)
{
    (void)state;
    json_t *s = json_object();
    assert_int_equal(APPLY(s, "kind", "network_membership", "title", "Dayton in X", "network",
                           "climate-mayors", "theme", "energy", "theme", "water"),
                     E_OK);
    assert_json(s, "{\"kind\":\"network_membership\",\"title\":\"Dayton in X\","
                   "\"membership\":{\"network\":\"climate-mayors\"},\"themes\":[\"energy\",\"water\"]}");
    json_decref(s);
}

static void the_nth_country_goes_with_the_nth_partner(void **state)
{
    (void)state;
    json_t *s = json_object();
    assert_int_equal(APPLY(s, "partner", "Kyoto", "country", "JP", "partner", "Busan", "country", "KR"),
                     E_OK);
    assert_json(
        s,
        "{\"partners\":[{\"name\":\"Kyoto\",\"country\":\"JP\"},{\"name\":\"Busan\",\"country\":\"KR\"}]}");
    json_decref(s);
}

static void an_amendment_keeps_what_it_does_not_name(void **state)
{
    (void)state;
    json_t *s = json_loads(
        "{\"title\":\"a\",\"partners\":[{\"name\":\"Kyoto\",\"role\":\"host\"}],\"themes\":[\"sport\"]}", 0,
        NULL);
    assert_int_equal(APPLY(s, "country", "JP", "unset", "themes"), E_OK);
    assert_json(s,
                "{\"title\":\"a\",\"partners\":[{\"name\":\"Kyoto\",\"role\":\"host\",\"country\":\"JP\"}]}");
    json_decref(s);
}

static void only_what_is_there_can_be_taken_out(void **state)
{
    (void)state;
    json_t *s = json_loads("{\"title\":\"a\",\"partners\":[{\"name\":\"Kyoto\"}]}", 0, NULL);
    static const char *const absent[] = { "foo",      "visit.size", "partners[1]", "partners[0].country",
                                          "title[0]", "title.x" };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(APPLY(s, "unset", absent[i]), E_USAGE);
    assert_json(s, "{\"title\":\"a\",\"partners\":[{\"name\":\"Kyoto\"}]}");
    assert_int_equal(APPLY(s, "unset", "partners[0].name"), E_OK);
    assert_int_equal(APPLY(s, "unset", "partners[0]"), E_OK);
    assert_json(s, "{\"title\":\"a\",\"partners\":[]}");
    assert_int_equal(APPLY(s, "title", " \xc2\x85"), E_USAGE);
    assert_int_equal(APPLY(s, "title", "   "), E_USAGE);
    json_decref(s);
}

static void any_field_can_be_set_as_text_or_as_json(void **state)
{
    (void)state;
    json_t *s = json_object();
    assert_int_equal(APPLY(s, "set", "visit.size:=12", "set", "visit.programme=IVLP", "set", "sdg:=[5,11]",
                           "set", "ids[0].value=a=b"),
                     E_OK);
    assert_json(
        s, "{\"visit\":{\"size\":12,\"programme\":\"IVLP\"},\"sdg\":[5,11],\"ids\":[{\"value\":\"a=b\"}]}");
    json_decref(s);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    json_t *s = json_loads("{\"title\":\"a\",\"themes\":[\"sport\"]}", 0, NULL);
    refuse(APPLY(s, "set", "nothing"), "has no value", "visit.size:=12");
    refuse(APPLY(s, "set", "Title=x"), "is not the path", "partners[0].country");
    refuse(APPLY(s, "set", "a..b=x"), "is not the path", "");
    refuse(APPLY(s, "set", "a[=x"), "is not the path", "");
    refuse(APPLY(s, "set", "a[999999]=x"), "is not the path", "");
    refuse(APPLY(s, "set", "title.x=1"), "has no fields in it", "");
    refuse(APPLY(s, "set", "title[0]=1"), "is not a list", "");
    refuse(APPLY(s, "set", "themes[3]=x"), "only 1 entries", "");
    refuse(APPLY(s, "set", "visit.size:=many"), "visit.size:=many", "go with =");
    json_decref(s);
}

static void a_title_has_one_line(void **state)
{
    (void)state;
    json_t *s = json_object();
    refuse(APPLY(s, "title", "two\nlines"), "line break", "one line");
    refuse(APPLY(s, "title", ""), "empty", "");
    refuse(APPLY(s, "partner", "bell\a"), "control character", "");
    assert_int_equal(APPLY(s, "summary", "two\nlines"), E_OK);
    json_decref(s);
}

static void a_country_by_its_name_gets_its_code(void **state)
{
    (void)state;
    json_t *s = json_object();
    refuse(APPLY(s, "country", "jp"), "\"jp\" is not a country's code", "JP");
    refuse(APPLY(s, "country", "UK1"), "\"UK1\"", "");
    refuse(APPLY(s, "country", "South Korea"), "\"South Korea\"", "did you mean KR");
    assert_int_equal(APPLY(s, "country", "XK"), E_OK);
    json_decref(s);
}

static void the_end_is_not_before_the_start(void **state)
{
    (void)state;
    json_t *s = json_object();
    refuse(APPLY(s, "start", "2024-06", "end", "2024-05"), "before the start", "changed over");
    refuse(APPLY(s, "start", "2024", "end", "2023-12-31"), "before the start", "");
    assert_int_equal(APPLY(s, "start", "2024-06", "end", "2024"), E_OK);
    assert_int_equal(APPLY(s, "start", "2024-06-15", "end", "2024-06"), E_OK);
    json_decref(s);
}

static void the_jurisdiction_itself_is_the_us_side(void **state)
{
    (void)state;
    json_t *s = json_object();
    edit_us_side(s, "3921000", "City of Dayton");
    assert_json(s, "{\"us\":[{\"name\":\"City of "
                   "Dayton\",\"geoid\":\"3921000\",\"role\":\"lead\",\"region\":\"US-OH\"}]}");
    edit_us_side(s, "06", "California");
    assert_int_equal(json_array_size(json_object_get(s, "us")), 1);
    json_decref(s);

    s = json_object();
    edit_us_side(s, "", "office");
    assert_null(json_object_get(s, "us"));
    json_decref(s);
}

static void a_geoid_tells_its_state(void **state)
{
    (void)state;
    assert_string_equal(edit_region("3921000"), "US-OH");
    assert_string_equal(edit_region("72"), "US-PR");
    assert_string_equal(edit_region("11001"), "US-DC");
    assert_string_equal(edit_region("99"), "");
    assert_string_equal(edit_region(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_members),
        cmocka_unit_test(the_nth_country_goes_with_the_nth_partner),
        cmocka_unit_test(an_amendment_keeps_what_it_does_not_name),
        cmocka_unit_test(only_what_is_there_can_be_taken_out),
        cmocka_unit_test(any_field_can_be_set_as_text_or_as_json),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(a_title_has_one_line),
        cmocka_unit_test(a_country_by_its_name_gets_its_code),
        cmocka_unit_test(the_end_is_not_before_the_start),
        cmocka_unit_test(the_jurisdiction_itself_is_the_us_side),
        cmocka_unit_test(a_geoid_tells_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
