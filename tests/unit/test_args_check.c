#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/args_check.h"
#include "nodectl/errors.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static enum err check(enum arg_type type, const char *words, const char *text)
{
    struct arg_option option = { .name = "thing", .type = type, .words = words };
    errors_hint("%s", "");
    return args_check(&option, text);
}

static void assert_refused(enum arg_type type, const char *words, const char *text, const char *why,
                           const char *hint)
{
    assert_int_equal(check(type, words, text), E_USAGE);
    assert_non_null(strstr(err_message(), why));
    assert_non_null(strstr(err_message(), "--thing"));
    assert_non_null(strstr(errors_hint_text(), hint));
}

static void numbers_are_digits(void **state)
{
    (void)state;
    assert_int_equal(check(ARG_NUMBER, NULL, "0"), E_OK);
    assert_int_equal(check(ARG_NUMBER, NULL, "18446744073709551615"), E_OK);
    static const char *const wrong[] = { "", "-1", "+1", "1.5", "ten", "01", " 1", "18446744073709551616" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(ARG_NUMBER, NULL, wrong[i], "is not a number", "digits only");
}

static void times_have_a_unit(void **state)
{
    (void)state;
    static const char *const good[] = { "72h", "30m", "10s", "250ms", "7d", "1000" };
    static const char *const wrong[] = { "", "soon", "1w", "-1s", "1.5h", "99999999999999999999d" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check(ARG_DURATION, NULL, good[i]), E_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(ARG_DURATION, NULL, wrong[i], "is not a time", "72h, 30m");
}

static void dates_are_as_precise_as_is_known(void **state)
{
    (void)state;
    assert_int_equal(check(ARG_DATE, NULL, "2024"), E_OK);
    assert_int_equal(check(ARG_DATE, NULL, "2024-06"), E_OK);
    assert_int_equal(check(ARG_DATE, NULL, "2024-02-29"), E_OK);
    assert_refused(ARG_DATE, NULL, "2023-02-29", "is not a date", "as far as it is known");
    assert_refused(ARG_DATE, NULL, "", "is not a date", "as far as it is known");
    assert_refused(ARG_DATE, NULL, "06/15/2024", "is not a date",
                   "--thing 2024-MM-DD, or only the year 2024");
    assert_refused(ARG_DATE, NULL, "15.06.2024", "is not a date", "year first");
    assert_refused(ARG_DATE, NULL, "15-06-2024", "is not a date", "year first");
    assert_refused(ARG_DATE, NULL, "15/06/24", "is not a date", "as far as it is known");
}

static void words_of_a_list_or_of_the_schema_are_taken_whole(void **state)
{
    (void)state;
    assert_int_equal(check(ARG_WORD, "csv tsv jsonl", "tsv"), E_OK);
    assert_int_equal(check(ARG_WORD, "@Kind", "agreement"), E_OK);
    assert_int_equal(check(ARG_WORD, "@Theme", "climate-environment"), E_OK);
    assert_refused(ARG_WORD, "csv tsv jsonl", "ts", "not one of its words", "did you mean tsv?");
    assert_refused(ARG_WORD, "csv tsv jsonl", "parquet", "not one of its words", "allowed: csv, tsv, jsonl");
    assert_refused(ARG_WORD, "csv tsv jsonl", "csv tsv", "not one of its words", "csv, tsv, jsonl");
    assert_refused(ARG_WORD, "csv tsv jsonl", "", "not one of its words", "");
    assert_refused(ARG_WORD, "@Kind", "unspecified", "not one of its words", "sister_relation");
    assert_refused(ARG_WORD, "@Kind", "0", "not one of its words", "sister_relation");
    assert_refused(ARG_WORD, "csv tsv jsonl", "jsnol", "not one of its words",
                   "did you mean jsonl? Allowed: csv, tsv, jsonl");
}

static void texts_and_flags_are_whatever_they_are(void **state)
{
    (void)state;
    assert_int_equal(check(ARG_TEXT, NULL, ""), E_OK);
    assert_int_equal(check(ARG_TEXT, NULL, "any text"), E_OK);
    assert_int_equal(check(ARG_FLAG, NULL, ""), E_OK);
}

static const char *nearest(const char *typed, const char *a, const char *b)
{
    static struct args_nearest best;
    best = (struct args_nearest){ "", 99 };
    args_consider(&best, typed, a);
    args_consider(&best, typed, b);
    return best.word;
}

static void the_nearest_word_is_the_one_with_the_fewest_changes(void **state)
{
    (void)state;
    assert_string_equal(nearest("statsu", "status", "state"), "status");
    assert_string_equal(nearest("statsu", "state", "status"), "status");
    assert_string_equal(nearest("agree", "agreement", "degree"), "agreement"); /* the beginning of it */
    assert_string_equal(nearest("ag", "agreement", "xx"), "xx");               /* two letters begin nothing */
    assert_string_equal(nearest("frobnicate", "status", "state"), "");
    assert_string_equal(nearest("abc", "xyz", "xyzw"), ""); /* short words must be nearer */
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(numbers_are_digits),
        cmocka_unit_test(times_have_a_unit),
        cmocka_unit_test(dates_are_as_precise_as_is_known),
        cmocka_unit_test(words_of_a_list_or_of_the_schema_are_taken_whole),
        cmocka_unit_test(texts_and_flags_are_whatever_they_are),
        cmocka_unit_test(the_nearest_word_is_the_one_with_the_fewest_changes),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
