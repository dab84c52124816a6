#include "app/answers.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct word colours[] = { { "red", 1 }, { "green", 2 }, { NULL, 0 } };

struct asked {
    const char *name, *note;
    uint32_t colour, shade, why, change;
    uint64_t from, limit;
    bool loud;
};

static const struct param table[] = {
    { "name", PARAM_NEEDED, offsetof(struct asked, name), NULL, NULL, 0 },
    { "note", PARAM_TEXT, offsetof(struct asked, note), NULL, "none", 0 },
    { "colour", PARAM_WORD, offsetof(struct asked, colour), colours, NULL, 0 },
    { "shade", PARAM_WORD, offsetof(struct asked, shade), colours, "green", 0 },
    { "change", PARAM_VALUE, offsetof(struct asked, change), "Change", "update", 0 },
    { "why", PARAM_VALUE, offsetof(struct asked, why), "RetractionReason", "moved", 0 },
    { "from", PARAM_NUMBER, offsetof(struct asked, from), NULL, NULL, 7 },
    { "limit", PARAM_LIMIT, offsetof(struct asked, limit), NULL, NULL, 0 },
    { "loud", PARAM_FLAG, offsetof(struct asked, loud), NULL, NULL, 0 },
    { NULL },
};

/* Name and value pairs, NULL at the end. The texts of out live as long as the request. */
static enum err read_params(struct control_request *request, struct asked *out, ...)
{
    va_list args;
    json_object_clear(request->params);
    va_start(args, out);
    for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *))
        json_object_set_new(request->params, name, json_string(va_arg(args, const char *)));
    va_end(args);
    return params_read(request, table, out);
}

#define REQUEST(name) AUTO(control_request_clear) struct control_request name = { .params = json_object() }

static void what_is_not_given_is_as_the_table_says(void **state)
{
    (void)state;
    REQUEST(request);
    struct asked asked;
    assert_int_equal(read_params(&request, &asked, "name", "x", "colour", "red", NULL), E_OK);
    assert_string_equal(asked.name, "x");
    assert_string_equal(asked.note, "none");
    assert_int_equal(asked.colour, 1);
    assert_int_equal(asked.shade, 2);
    assert_int_equal(asked.from, 7);
    assert_int_equal(asked.limit, 100);
    assert_false(asked.loud);
}

static void what_is_given_is_taken(void **state)
{
    (void)state;
    REQUEST(request);
    struct asked asked;
    assert_int_equal(read_params(&request, &asked, "name", "x", "colour", "green", "shade", "red", "note", "",
                                 "from", "18446744073709551615", "limit", "10000", "loud", "1", NULL),
                     E_OK);
    assert_string_equal(asked.note, "");
    assert_int_equal(asked.colour, 2);
    assert_int_equal(asked.shade, 1);
    assert_true(asked.from == UINT64_MAX);
    assert_int_equal(asked.limit, 10000);
    assert_true(asked.loud);
}

static void what_is_off_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *said;
    } bad[] = {
        { "name", "", "name is missing" },
        { "colour", "blue", "colour: \"blue\" is not one of red, green" },
        { "shade", "", "shade: \"\" is not one of red, green" },
        { "from", "-1", "from: expected a number, not \"-1\"" },
        { "from", "18446744073709551616", "from: expected a number, not \"18446744073709551616\"" },
        { "limit", "0", "limit: expected 1 to 10000" },
        { "limit", "10001", "limit: expected 1 to 10000" },
    };
    REQUEST(request);
    struct asked asked;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            read_params(&request, &asked, "name", "x", "colour", "red", bad[i].name, bad[i].value, NULL),
            E_USAGE);
        assert_string_equal(err_message(), bad[i].said);
    }
    assert_int_equal(read_params(&request, &asked, "name", "x", NULL), E_USAGE);
    assert_string_equal(err_message(), "colour is missing: expected one of red, green");
}

static void numbers_and_bytes_have_their_texts(void **state)
{
    (void)state;
    uint8_t id[16] = { 0 };
    json_t *time = json_time(1000), *none = json_time(0), *hex = json_hex("\xab\x01", 2),
           *zero = json_id16(id);
    json_t *age = json_age(1000, 3500), *ahead = json_age(5000, 3500), *never = json_age(0, 3500);
    assert_string_equal(json_string_value(time), "1970-01-01T00:00:01.000Z");
    assert_true(json_is_null(none));
    assert_string_equal(json_string_value(hex), "ab01");
    assert_string_equal(json_string_value(zero), "00000000000000000000000000");
    assert_int_equal(json_integer_value(age), 2);
    assert_int_equal(json_integer_value(ahead), 0);
    assert_true(json_is_null(never));
    json_t *all[] = { time, none, hex, zero, age, ahead, never };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_decref(all[i]);
}

static void the_words_of_an_enum_are_those_of_the_schema(void **state)
{
    (void)state;
    REQUEST(request);
    struct asked asked;
    assert_int_equal(read_params(&request, &asked, "name", "x", "colour", "red", NULL), E_OK);
    assert_int_equal(asked.change, 2);
    assert_int_equal(asked.why, 5);
    assert_int_equal(
        read_params(&request, &asked, "name", "x", "colour", "red", "change", "new", "why", "not_ours", NULL),
        E_OK);
    assert_int_equal(asked.change, 1);
    assert_int_equal(asked.why, 3);
    static const char *const wrong[] = { "whim", "unspecified", "0", "7", "99", "", "NOT_OURS" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_params(&request, &asked, "name", "x", "colour", "red", "why", wrong[i], NULL),
                         E_USAGE);
        assert_non_null(strstr(err_message(),
                               "is not one of error, duplicate, not_ours, source_withdrawn, moved, "
                               "consent"));
    }
    uint32_t reason;
    assert_int_equal(param_value(&request, "reason", "SuspensionReason", NULL, &reason), E_USAGE);
    assert_string_equal(err_message(),
                        "reason is missing: expected one of key_compromise, fork, abuse, request, "
                        "impostor, order");
}

static void a_page_ends_when_it_has_taken_long_but_never_before_it_has_a_few_rows(void **state)
{
    (void)state;
    uint64_t now_ms = clock_mono_ms();
    assert_false(page_takes_long(now_ms + 3600000, 15)); /* 16 are few enough for any page */
    assert_false(page_takes_long(now_ms - 3600000, 0));
    assert_false(page_takes_long(now_ms - 3600000, 15));
    assert_true(page_takes_long(now_ms - 3600000, 16));
    assert_true(page_takes_long(now_ms - 40, 10000));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(what_is_not_given_is_as_the_table_says),
        cmocka_unit_test(what_is_given_is_taken),
        cmocka_unit_test(what_is_off_is_named),
        cmocka_unit_test(numbers_and_bytes_have_their_texts),
        cmocka_unit_test(the_words_of_an_enum_are_those_of_the_schema),
        cmocka_unit_test(a_page_ends_when_it_has_taken_long_but_never_before_it_has_a_few_rows),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
