#include "hubd/view/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* behind our headers: its fail() is a macro */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct query *query;

static struct query *parse(const char *text)
{
    query_free(&query);
    assert_int_equal(query_parse(text, &query), E_OK);
    return query;
}

static int drop(void **state)
{
    (void)state;
    query_free(&query);
    return 0;
}

/* One clause of one match. */
static const struct match *only(const char *text)
{
    parse(text);
    assert_int_equal(query->n_clauses, 1);
    assert_int_equal(query->clauses[0].n_any, 1);
    return &query->clauses[0].any[0];
}

static void expect_term(const char *text, const char *term)
{
    const struct match *match = only(text);
    assert_int_equal(match->form, MATCH_TERM);
    assert_string_equal(match->text, term);
}

static void expect_refused(const char *text, enum err code, const char *says)
{
    struct query *none;
    assert_int_equal(query_parse(text, &none), code);
    assert_null(none);
    if (strstr(err_message(), says) == NULL)
        fail_msg("'%s' says '%s', not '%s'", text, err_message(), says);
}

static void nothing_asked_matches_everything(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL)->n_clauses, 0);
    assert_int_equal(parse("")->n_clauses, 0);
    assert_int_equal(parse(" \t\n ")->n_clauses, 0);
}

static void the_example_of_the_manual_parses(void **state)
{
    (void)state;
    parse("country:JP,KR kind:mission_outbound -status:cancelled since:2022 \"semiconductor\"");
    assert_int_equal(query->n_clauses, 5);
    assert_int_equal(query->n_matches, 6);
    assert_int_equal(query->clauses[0].n_any, 2);
    assert_string_equal(query->clauses[0].any[1].text, "country:KR");
    assert_string_equal(query->clauses[1].any[0].text, "kind:mission_outbound");
    assert_false(query->clauses[1].negated);
    assert_true(query->clauses[2].negated);
    assert_int_equal(query->clauses[3].any[0].form, MATCH_SINCE);
    assert_int_equal(query->clauses[3].any[0].date, 20220000);
    assert_int_equal(query->clauses[4].any[0].form, MATCH_WORDS);
    assert_string_equal(query->clauses[4].any[0].words[0], "semiconductor");
}

static void values_are_written_as_they_are_indexed(void **state)
{
    (void)state;
    expect_term("country:jp", "country:JP");
    expect_term("state:oh", "state:US-OH");
    expect_term("state:us-oh", "state:US-OH");
    expect_term("state:US-PR", "state:US-PR");
    expect_term("kind:sister-relation", "kind:sister_relation");
    expect_term("theme:climate_environment", "theme:climate-environment");
    expect_term("network:Climate-Mayors", "network:climate-mayors");
    expect_term("dataset:SIS", "dataset:sis");
    expect_term("geoid:3921000", "geoid:3921000");
    expect_term("year:2019", "year:2019");
    expect_term("flag:no-geoid", "flag:no-geoid");
    expect_term("verification:0", "verification:self_reported");
    expect_term("kind:0", "kind:none");
    expect_term("countries:FR", "country:FR");
}

static void what_is_missing_can_be_asked_for(void **state)
{
    (void)state;
    expect_term("country:none", "country:none");
    expect_term("state:none", "state:none");
    expect_term("theme:none", "theme:none");
    expect_term("network:none", "network:none");
    expect_term("flag:none", "flag:none");
    expect_term("-country:none", "country:none");
    assert_true(query->clauses[0].negated);
}

static void private_numbers_are_taken(void **state)
{
    (void)state;
    expect_term("kind:901", "kind:901");
    expect_term("theme:950", "theme:950");
}

static void a_form_keeps_its_spelling(void **state)
{
    (void)state;
    const struct match *match = only("form:\"Consulate General\"");
    assert_int_equal(match->form, MATCH_GIVEN);
    assert_string_equal(match->text, "form:Consulate General");
}

static void free_words_are_folded_and_split(void **state)
{
    (void)state;
    const struct match *match = only("S\xc3\xa3o-Paulo");
    assert_int_equal(match->form, MATCH_WORDS);
    assert_int_equal(match->n_words, 2);
    assert_string_equal(match->words[0], "sao");
    assert_string_equal(match->words[1], "paulo");
    match = only("\"sister city\"");
    assert_int_equal(match->form, MATCH_PHRASE);
    assert_int_equal(match->n_words, 2);
    match = only("word:port");
    assert_int_equal(match->form, MATCH_WORDS);
}

static void words_may_be_alternatives(void **state)
{
    (void)state;
    parse("tokyo,\"new york\",osaka harbour");
    assert_int_equal(query->n_clauses, 2);
    assert_int_equal(query->clauses[0].n_any, 3);
    assert_int_equal(query->clauses[0].any[1].form, MATCH_PHRASE);
}

static void dates_have_the_precision_they_are_given(void **state)
{
    (void)state;
    assert_int_equal(only("since:2022-06")->date, 20220600);
    assert_int_equal(only("until:2022-06-17")->date, 20220617);
    assert_int_equal(only("until:2022-06-17")->form, MATCH_UNTIL);
    expect_refused("since:June", E_USAGE, "2022-06");
    expect_refused("since:none", E_USAGE, "2022-06");
}

static void a_slip_is_told_with_what_was_meant(void **state)
{
    (void)state;
    expect_refused("contry:JP", E_USAGE, "did you mean country?");
    expect_refused("kind:sister_relatoin", E_USAGE, "did you mean sister_relation?");
    expect_refused("status:actve", E_USAGE, "did you mean active?");
    expect_refused("theme:turism", E_USAGE, "did you mean tourism?");
    expect_refused("flag:no-geod", E_USAGE, "did you mean no-geoid?");
    expect_refused("kind:xylophonic", E_USAGE, "it takes sister_relation agreement");
    expect_refused("http://example.org", E_USAGE, "there is no field http");
    expect_refused("country:Japan", E_USAGE, "two letters");
    expect_refused("state:Ohio", E_USAGE, "US-OH");
    expect_refused("geoid:39x", E_USAGE, "digits");
    expect_refused("id:ABC", E_USAGE, "6 and more");
}

static void broken_words_are_refused(void **state)
{
    (void)state;
    expect_refused("country:", E_USAGE, "needs a value");
    expect_refused("country:JP,", E_USAGE, "needs a value");
    expect_refused("country:,JP", E_USAGE, "needs a value");
    expect_refused("-", E_USAGE, "missing");
    expect_refused("a,,b", E_USAGE, "missing");
    expect_refused("\"\"", E_USAGE, "missing");
    expect_refused("\"open", E_USAGE, "no partner");
    expect_refused(":x", E_USAGE, "before the colon");
    expect_refused("...", E_USAGE, "no word");
    expect_refused("word\xff", E_USAGE, "UTF-8");
}

static void a_question_is_bounded(void **state)
{
    (void)state;
    char text[MAX_QUERY_BYTES + 2];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    expect_refused(text, E_TOO_BIG, "4096 bytes");
    text[MAX_QUERY_BYTES] = '\0';
    parse(text);

    text[0] = '\0';
    for (unsigned i = 0; i < MAX_QUERY_TERMS; i++)
        strcat(text, "x ");
    assert_int_equal(parse(text)->n_clauses, MAX_QUERY_TERMS);
    strcat(text, "x");
    expect_refused(text, E_TOO_BIG, "64 terms");
    for (char *at = text; *at != '\0'; at++)
        *at = *at == ' ' ? ',' : *at;
    expect_refused(text, E_TOO_BIG, "64 terms");

    strcpy(text, "\"");
    for (unsigned i = 0; i <= MAX_PHRASE_WORDS; i++)
        strcat(text, "x ");
    expect_refused(strcat(text, "\""), E_TOO_BIG, "32 words");
}

static void an_id_may_be_cut_short(void **state)
{
    (void)state;
    const struct match *match = only("id:0123456789");
    assert_int_equal(match->form, MATCH_ID);
    assert_true(memcmp(match->low, match->high, 16) < 0);
}

static void noise_never_breaks_the_parser(void **state)
{
    (void)state;
    static const char letters[] = "abc:,\"- \tkind country id since 2022 \xc3\xa9";
    char text[64];
    srand(3);
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)(rand() % 63);
        for (size_t i = 0; i < len; i++)
            text[i] = letters[(size_t)rand() % (sizeof letters - 1)];
        text[len] = '\0';
        struct query *parsed;
        enum err code = query_parse(text, &parsed);
        assert_true(code == E_OK || code == E_USAGE || code == E_TOO_BIG);
        query_free(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_matches_everything),
        cmocka_unit_test(the_example_of_the_manual_parses),
        cmocka_unit_test(values_are_written_as_they_are_indexed),
        cmocka_unit_test(what_is_missing_can_be_asked_for),
        cmocka_unit_test(private_numbers_are_taken),
        cmocka_unit_test(a_form_keeps_its_spelling),
        cmocka_unit_test(free_words_are_folded_and_split),
        cmocka_unit_test(words_may_be_alternatives),
        cmocka_unit_test(dates_have_the_precision_they_are_given),
        cmocka_unit_test(a_slip_is_told_with_what_was_meant),
        cmocka_unit_test(broken_words_are_refused),
        cmocka_unit_test(a_question_is_bounded),
        cmocka_unit_test(an_id_may_be_cut_short),
        cmocka_unit_test(noise_never_breaks_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, drop);
}
