#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/args.h"
#include "nodectl/errors.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static const struct arg_option options[] = {
    { "kind", 'k', ARG_WORD, "KIND", "@Kind", "a kind" },
    { "format", 0, ARG_WORD, "FORMAT", "csv tsv jsonl", "a format" },
    { "start", 0, ARG_DATE, "DATE", NULL, "a date" },
    { "limit", 'n', ARG_NUMBER, "N", NULL, "a number" },
    { "wait", 0, ARG_DURATION, "TIME", NULL, "a time" },
    { "title", 0, ARG_TEXT, "TEXT", NULL, "a text" },
    { "yes", 'y', ARG_FLAG, NULL, NULL, "a flag" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct command commands[] = {
    { "status", "g", "", 0, 0, AT_BOTH, false, NULL, NULL, "s", "", "" },
    { "invite", "g", "", 0, 0, AT_HUB, false, options, NULL, "s", "", "" },
    { "invite ls", "g", "", 0, 0, AT_HUB, false, NULL, NULL, "s", "", "" },
    { "record add", "g", "", 0, 0, AT_BOTH, false, options, NULL, "s", "", "" },
    { "record show", "g", "REF", 1, 1, AT_BOTH, false, options, NULL, "s", "", "" },
    { "query", "g", "[QUERY]", 0, 9, AT_HUB, true, options, NULL, "s", "", "" },
    { NULL, NULL, NULL, 0, 0, AT_BOTH, false, NULL, NULL, NULL, NULL, NULL },
};

#define PARSE(args, ...)                                                                                     \
    args_parse(commands, (int)(sizeof((const char *[]){ "nodectl", __VA_ARGS__ }) / sizeof(char *)),         \
               (char *[]){ "nodectl", __VA_ARGS__ }, args)

static void refuse(struct args *args, enum err err, const char *message, const char *hint)
{
    assert_int_equal(err, E_USAGE);
    assert_non_null(strstr(err_message(), message));
    assert_non_null(strstr(errors_hint_text(), hint));
    args_clear(args);
}

static void the_longest_command_name_wins(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "invite", "ls"), E_OK);
    assert_string_equal(args.command->name, "invite ls");
    args_clear(&args);
    assert_int_equal(PARSE(&args, "invite", "--yes"), E_OK);
    assert_string_equal(args.command->name, "invite");
    assert_true(args_flag(&args, "yes"));
    args_clear(&args);
}

static void common_options_may_come_first(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "--home", "/h", "record", "show", "x/1", "--json", "-o", "tsv"), E_OK);
    assert_string_equal(args.command->name, "record show");
    assert_string_equal(args_text(&args, "home"), "/h");
    assert_string_equal(args_text(&args, "output"), "tsv");
    assert_true(args_flag(&args, "json"));
    assert_string_equal(args.words[0], "x/1");
    args_clear(&args);
}

static void nothing_at_all_is_no_error(void **state)
{
    (void)state;
    struct args args;
    char *argv[] = { (char *)"nodectl", NULL };
    assert_int_equal(args_parse(commands, 1, argv, &args), E_OK);
    assert_null(args.command);
    args_clear(&args);
}

static void values_come_behind_a_space_an_equals_sign_or_a_letter(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "record", "add", "--title=a=b", "-n", "5", "-kagreement", "--wait", "2m"),
                     E_OK);
    assert_string_equal(args_text(&args, "title"), "a=b");
    assert_string_equal(args_text(&args, "kind"), "agreement");
    assert_int_equal(args_number(&args, "limit", 0), 5);
    assert_int_equal(args_number(&args, "wait", 0), 120000);
    assert_int_equal(args_number(&args, "nothing", 7), 7);
    assert_null(args_text(&args, "start"));
    args_clear(&args);
}

static void an_option_given_twice_has_both_values_and_the_last_counts(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "record", "add", "--title", "a", "--title", "b"), E_OK);
    assert_string_equal(args_text(&args, "title"), "b");
    assert_string_equal(args_nth(&args, "title", 0), "a");
    assert_string_equal(args_nth(&args, "title", 1), "b");
    assert_null(args_nth(&args, "title", 2));
    args_clear(&args);
}

static void a_wrong_command_is_refused_with_the_right_one(void **state)
{
    (void)state;
    struct args args;
    refuse(&args, PARSE(&args, "statsu"), "unknown command \"statsu\"", "did you mean 'nodectl status'?");
    refuse(&args, PARSE(&args, "record", "ad"), "unknown command \"record ad\"", "'nodectl record add'");
    refuse(&args, PARSE(&args, "record"), "not a whole command", "record add, record show");
    refuse(&args, PARSE(&args, "frobnicate"), "unknown command", "'nodectl help'");
}

static void a_wrong_option_is_refused_with_the_right_one(void **state)
{
    (void)state;
    struct args args;
    refuse(&args, PARSE(&args, "record", "add", "--tilte", "x"), "unknown option --tilte", "--title");
    refuse(&args, PARSE(&args, "record", "add", "--form", "x"), "unknown option --form", "--format");
    refuse(&args, PARSE(&args, "record", "add", "-title", "x"), "unknown option -title", "--title");
    refuse(&args, PARSE(&args, "record", "add", "--zzzzzz"), "unknown option --zzzzzz", "record add --help");
    refuse(&args, PARSE(&args, "record", "add", "--yes=1"), "--yes takes no value", "");
    refuse(&args, PARSE(&args, "record", "add", "--title"), "--title needs a value", "--title TEXT");
    refuse(&args, PARSE(&args, "status", "-q", "-Z"), "unknown option -Z", "");
}

static void a_wrong_value_is_refused_with_what_was_meant(void **state)
{
    (void)state;
    struct args args;
    refuse(&args, PARSE(&args, "record", "add", "--kind", "agrement"), "\"agrement\"",
           "did you mean agreement?");
    refuse(&args, PARSE(&args, "record", "add", "--kind", "party"), "\"party\"",
           "sister_relation, agreement");
    refuse(&args, PARSE(&args, "record", "add", "--format", "cvs"), "\"cvs\"", "did you mean csv?");
    refuse(&args, PARSE(&args, "record", "add", "--limit", "ten"), "\"ten\" is not a number", "digits");
    refuse(&args, PARSE(&args, "record", "add", "--limit", "-1"), "not a number", "");
    refuse(&args, PARSE(&args, "record", "add", "--wait", "soon"), "\"soon\" is not a time", "72h");
    refuse(&args, PARSE(&args, "record", "add", "--title", "\xff"), "not UTF-8", "");
}

static void a_wrong_date_is_refused_with_the_order_of_its_parts(void **state)
{
    (void)state;
    struct args args;
    refuse(&args, PARSE(&args, "record", "add", "--start", "06/15/2024"), "is not a date", "2024-MM-DD");
    refuse(&args, PARSE(&args, "record", "add", "--start", "2024-13"), "is not a date", "2024-06");
    refuse(&args, PARSE(&args, "record", "add", "--start", "2024-02-30"), "is not a date", "");
    refuse(&args, PARSE(&args, "record", "add", "--start", "June 2024"), "is not a date", "");
    assert_int_equal(PARSE(&args, "record", "add", "--start", "2024-06"), E_OK);
    args_clear(&args);
}

static void words_too_many_or_too_few_are_refused(void **state)
{
    (void)state;
    struct args args;
    refuse(&args, PARSE(&args, "record", "show"), "record show needs REF", "nodectl record show REF");
    refuse(&args, PARSE(&args, "record", "show", "a/1", "b/2"), "\"b/2\"", "");
    refuse(&args, PARSE(&args, "status", "now"), "\"now\"", "");
    assert_int_equal(PARSE(&args, "record", "show", "--help"), E_OK);
    args_clear(&args);
}

static void a_dash_before_a_query_term_means_not(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "query", "country:JP", "-status:cancelled", "-n", "3"), E_OK);
    assert_int_equal(args.n_words, 2);
    assert_string_equal(args.words[1], "-status:cancelled");
    assert_int_equal(args_number(&args, "limit", 0), 3);
    args_clear(&args);
}

static void behind_two_dashes_everything_is_a_word(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "record", "show", "--", "--title"), E_OK);
    assert_string_equal(args.words[0], "--title");
    args_clear(&args);
    assert_int_equal(PARSE(&args, "record", "show", "-"), E_OK);
    assert_string_equal(args.words[0], "-");
    args_clear(&args);
}

static void words_of_an_enum_begin_after_not_stated(void **state)
{
    (void)state;
    char word[80];
    assert_true(args_word("@Kind", 0, word, sizeof word));
    assert_string_equal(word, "sister_relation");
    assert_true(args_word("@Theme", 5, word, sizeof word));
    assert_string_equal(word, "climate-environment");
    assert_true(args_word("csv tsv", 1, word, sizeof word));
    assert_string_equal(word, "tsv");
    assert_false(args_word("csv tsv", 2, word, sizeof word));
    assert_false(args_word("@Kind", 900, word, sizeof word));
    AUTO(buf_clear) struct buf all = { 0 };
    args_words("@SuspensionReason", &all);
    assert_string_equal(buf_string(&all), "key_compromise, fork, abuse, request, impostor, order");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_command_name_wins),
        cmocka_unit_test(common_options_may_come_first),
        cmocka_unit_test(nothing_at_all_is_no_error),
        cmocka_unit_test(values_come_behind_a_space_an_equals_sign_or_a_letter),
        cmocka_unit_test(an_option_given_twice_has_both_values_and_the_last_counts),
        cmocka_unit_test(a_wrong_command_is_refused_with_the_right_one),
        cmocka_unit_test(a_wrong_option_is_refused_with_the_right_one),
        cmocka_unit_test(a_wrong_value_is_refused_with_what_was_meant),
        cmocka_unit_test(a_wrong_date_is_refused_with_the_order_of_its_parts),
        cmocka_unit_test(words_too_many_or_too_few_are_refused),
        cmocka_unit_test(a_dash_before_a_query_term_means_not),
        cmocka_unit_test(behind_two_dashes_everything_is_a_word),
        cmocka_unit_test(words_of_an_enum_begin_after_not_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
