#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/out_value.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

/* 2026-11-23T21:00:00Z */
#define NOW_MS 1795467600000ULL

static const struct out person = { .format = OUT_TABLE, .tty = true, .now_ms = NOW_MS };
static const struct out coloured = { .format = OUT_TABLE, .tty = true, .colour = true, .now_ms = NOW_MS };
static const struct out pipe_end = { .format = OUT_TABLE, .now_ms = NOW_MS };
static const struct out tsv = { .format = OUT_TSV, .tty = true, .now_ms = NOW_MS };

static void assert_age(uint64_t seconds, const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    out_age(seconds, &text);
    assert_string_equal(buf_string(&text), expected);
}

static void ages_have_their_two_largest_units(void **state)
{
    (void)state;
    assert_age(0, "0s");
    assert_age(59, "59s");
    assert_age(60, "1m");
    assert_age(3599, "59m");
    assert_age(3600, "1h 0m");
    assert_age(86399, "23h 59m");
    assert_age(86400, "1d 0h");
    assert_age(2 * 86400 + 4 * 3600, "2d 4h");
    assert_age(UINT64_MAX, "213503982334601d 7h");
}

static void assert_size(uint64_t bytes, const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    out_bytes(bytes, &text);
    assert_string_equal(buf_string(&text), expected);
}

static void sizes_have_a_binary_unit(void **state)
{
    (void)state;
    assert_size(0, "0 B");
    assert_size(1023, "1023 B");
    assert_size(1024, "1.0 KiB");
    assert_size(4404019, "4.2 MiB");
    assert_size(1ULL << 30, "1.0 GiB");
    assert_size(1ULL << 40, "1.0 TiB");
    assert_size(UINT64_MAX, "16384.0 PiB"); /* there is no larger unit */
}

static void assert_value(const struct out *out, enum out_kind kind, const char *json, const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    out_value(out, value, kind, &text);
    assert_string_equal(buf_string(&text), expected);
    json_decref(value);
}

static void a_person_sees_ages_and_a_pipe_the_value(void **state)
{
    (void)state;
    assert_value(&person, OUT_TIME, "\"2026-11-23T20:57:00.000Z\"", "3m ago");
    assert_value(&person, OUT_TIME, "\"2026-11-23T21:00:00Z\"", "0s ago");
    assert_value(&person, OUT_TIME, "\"2026-11-23T21:02:00Z\"", "in 2m");
    assert_value(&pipe_end, OUT_TIME, "\"2026-11-23T20:57:00.000Z\"", "2026-11-23T20:57:00.000Z");
    assert_value(&tsv, OUT_TIME, "\"2026-11-23T20:57:00.000Z\"", "2026-11-23T20:57:00.000Z");
    assert_value(&person, OUT_SECONDS, "180", "3m");
    assert_value(&person, OUT_SECONDS, "59.9", "59s");
    assert_value(&person, OUT_SECONDS, "-5", "0s");
    assert_value(&pipe_end, OUT_SECONDS, "180", "180");
    assert_value(&person, OUT_BYTES, "4404019", "4.2 MiB");
    assert_value(&person, OUT_BYTES, "-1", "0 B");
    assert_value(&tsv, OUT_BYTES, "4404019", "4404019");
}

static void what_is_not_of_its_kind_stands_as_it_is(void **state)
{
    (void)state;
    assert_value(&person, OUT_TIME, "\"yesterday\"", "yesterday");
    assert_value(&person, OUT_TIME, "\"2026-11-23\"", "2026-11-23");
    assert_value(&person, OUT_TIME, "\"2026-11-23T20:57:00+01:00\"", "2026-11-23T20:57:00+01:00");
    assert_value(&person, OUT_TIME, "\"soon\\u001b[31m\"", "soon\\x1b[31m");
    assert_value(&person, OUT_TIME, "7", "7");
    assert_value(&person, OUT_BYTES, "\"many\"", "many");
    assert_value(&person, OUT_SECONDS, "\"long\"", "long");
    assert_value(&person, OUT_TIME, "null", "");
}

static void every_value_has_a_plain_form(void **state)
{
    (void)state;
    assert_value(&person, OUT_DYNAMIC, "\"a\\tb\"", "a\\x09b");
    assert_value(&person, OUT_DYNAMIC, "12", "12");
    assert_value(&person, OUT_DYNAMIC, "-12", "-12");
    assert_value(&person, OUT_DYNAMIC, "0.1", "0.1");
    assert_value(&person, OUT_DYNAMIC, "true", "yes");
    assert_value(&person, OUT_DYNAMIC, "false", "no");
    assert_value(&person, OUT_DYNAMIC, "null", "");
    assert_value(&person, OUT_DYNAMIC, "[]", "");
    assert_value(&person, OUT_LIST, "[\"a\",1,[true,\"\\u001b\"]]", "a,1,yes,\\x1b");
    assert_value(&person, OUT_DYNAMIC, "{\"a\":[1],\"b\":\"x\"}", "{\"a\":[1],\"b\":\"x\"}");
}

static void unescaped_a_text_is_left_as_it_is(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf text = { 0 };
    json_t *value = json_pack("[s,s]", "a\tb", "\x1b");
    out_plain_value(value, false, &text);
    assert_string_equal(buf_string(&text), "a\tb,\x1b");
    json_decref(value);
}

static void a_key_reaches_into_objects(void **state)
{
    (void)state;
    json_t *row = json_loads("{\"a\":{\"b\":{\"c\":1}},\"a.b\":2,\"x.y\":3,\"t\":\"text\"}", 0, NULL);
    assert_int_equal(json_integer_value(out_member(row, "a.b.c")), 1);
    assert_int_equal(json_integer_value(out_member(row, "a.b")), 2); /* the whole key comes first */
    assert_int_equal(json_integer_value(out_member(row, "x.y")), 3);
    assert_null(out_member(row, "a.c"));
    assert_null(out_member(row, "t.u"));
    assert_null(out_member(row, ""));
    assert_null(out_member(row, "."));
    assert_null(out_member(NULL, "a"));
    json_decref(row);
}

static void assert_state(const struct out *out, const char *word, const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    out_state(out, word, &text);
    assert_string_equal(buf_string(&text), expected);
}

static void states_have_their_colour_where_colours_are_wanted(void **state)
{
    (void)state;
    assert_state(&coloured, "ok", "\x1b[32mok\x1b[0m");
    assert_state(&coloured, "WARN", "\x1b[33mWARN\x1b[0m");
    assert_state(&coloured, "refused", "\x1b[31mrefused\x1b[0m");
    assert_state(&coloured, "odd\x1b", "odd\\x1b");
    assert_state(&person, "crit", "crit");
    assert_string_equal(out_colour("connected"), "green");
    assert_string_equal(out_colour("Joining"), "yellow");
    assert_string_equal(out_colour("suspended"), "red");
    assert_null(out_colour("odd"));
    assert_null(out_colour(""));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(ages_have_their_two_largest_units),
        cmocka_unit_test(sizes_have_a_binary_unit),
        cmocka_unit_test(a_person_sees_ages_and_a_pipe_the_value),
        cmocka_unit_test(what_is_not_of_its_kind_stands_as_it_is),
        cmocka_unit_test(every_value_has_a_plain_form),
        cmocka_unit_test(unescaped_a_text_is_left_as_it_is),
        cmocka_unit_test(a_key_reaches_into_objects),
        cmocka_unit_test(states_have_their_colour_where_colours_are_wanted),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
