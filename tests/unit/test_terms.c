#include "hubd/view/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* behind our headers: its fail() is a macro */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct terms_author author;
static struct engagement_party partners[3], us[3];
static struct engagement_source sources[2];
static struct engagement said;

static struct engagement_party party(const char *name)
{
    return (struct engagement_party){
        .name = name, .country = "", .region = "", .geoid = "", .place = "", .region_name = ""
    };
}

static int setup(void **state)
{
    (void)state;
    author = (struct terms_author){ .index = 12, .level = 1, .state = "US-OH", .geoid = "3921000" };
    for (size_t i = 0; i < 3; i++)
        partners[i] = us[i] = party("");
    for (size_t i = 0; i < 2; i++)
        sources[i] = (struct engagement_source){ .dataset = "", .key = "", .label = "" };
    said = (struct engagement){ .title = "",
                                .summary = "",
                                .url = "",
                                .network = "",
                                .form_given = "",
                                .duplicate_hint = "",
                                .partners = partners,
                                .us = us,
                                .sources = sources };
    return 0;
}

static char found[65536];

static void hear(void *context, struct bytes term)
{
    (void)context;
    assert_true(term.len <= MAX_TERM_BYTES);
    assert_null(memchr(term.data, 0, term.len));
    size_t n = strlen(found);
    snprintf(found + n, sizeof found - n, "<%.*s>", (int)term.len, (const char *)term.data);
}

static const char *terms(unsigned known)
{
    found[0] = '\0';
    terms_each(&said, &author, known, hear, NULL);
    return found;
}

static void expect(const char *term, bool there)
{
    char marked[256];
    snprintf(marked, sizeof marked, "<%s>", term);
    if ((strstr(terms(0), marked) != NULL) != there)
        fail_msg("%s is %s %s", term, there ? "not in" : "in", found);
}

static void has(const char *term)
{
    expect(term, true);
}

static void has_not(const char *term)
{
    expect(term, false);
}

/* ---- facts */

static void what_is_not_said_is_none(void **state)
{
    (void)state;
    const char *const none[] = { "kind:none",
                                 "status:none",
                                 "instrument:none",
                                 "theme:none",
                                 "country:none",
                                 "year:none",
                                 "network:none",
                                 "form:none",
                                 "dataset:none",
                                 "flag:none",
                                 "verification:self_reported",
                                 "by:12",
                                 "all",
                                 "state:US-OH",
                                 "geoid:3921000" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        has(none[i]);
}

static void codes_are_words_and_private_ones_numbers(void **state)
{
    (void)state;
    int themes[] = { 6, 950 };
    said.kind = 3;
    said.status = 912;
    said.themes = themes;
    said.n_themes = 2;
    has("kind:network_membership");
    has("status:912");
    has("theme:climate-environment");
    has("theme:950");
    has_not("theme:none");
}

static void every_partner_country_is_a_term(void **state)
{
    (void)state;
    said.n_partners = 3;
    partners[0].country = "JP";
    partners[1].country = "KR";
    has("country:JP");
    has("country:KR");
    has_not("country:none");
}

static void words_come_from_all_texts(void **state)
{
    (void)state;
    said.title = "Harbour  pact";
    said.summary = "S\xc3\xa3o Paulo, 2014";
    said.network = "climate-mayors";
    said.n_partners = said.n_us = 1;
    partners[0].name = "Oiso";
    partners[0].region_name = "Kanagawa";
    us[0].name = "Dayton";
    const char *const words[] = { "harbour", "pact",   "sao",  "paulo",    "2014",
                                  "climate", "mayors", "oiso", "kanagawa", "dayton" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char term[32];
        snprintf(term, sizeof term, "word:%s", words[i]);
        has(term);
    }
}

static void years_run_from_start_to_end(void **state)
{
    (void)state;
    said.start = 19990600;
    said.end = 20010000;
    has("year:1999");
    has("year:2000");
    has("year:2001");
    has_not("year:2002");
    has("from:1999");
    has("decade:199");
    has("century:19");
    said.end = 0;
    has_not("year:2000");
    said.start = 0;
    said.end = 20010000;
    has("year:2001");
    has_not("from:2001");
}

static void a_disclosure_is_of_its_year(void **state)
{
    (void)state;
    said.year = 2019;
    said.start = 20200100;
    has("year:2019");
    has_not("year:2020");
    said.start = 0;
    has("from:2019");
    assert_int_equal(terms_start(&said), 20190000);
}

static void an_endless_span_is_bounded(void **state)
{
    (void)state;
    said.start = 10000000;
    said.end = 99990000;
    has("year:1000");
    has("year:1149");
    has_not("year:1150");
    has_not("year:9999");
}

static void texts_are_folded_where_codes_are_and_kept_where_words_are(void **state)
{
    (void)state;
    said.network = "C40";
    said.form_given = "Consulate General";
    said.n_sources = 1;
    sources[0].dataset = "Sis-Cities@1";
    has("network:c40");
    has("form:Consulate General");
    has("dataset:sis-cities@1");
}

static void a_long_value_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    char form[512];
    for (size_t i = 0; i < sizeof form - 2; i += 2)
        memcpy(form + i, "\xc3\xa9", 2);
    form[sizeof form - 2] = '\0';
    said.form_given = form;
    const char *at = strstr(terms(0), "<form:");
    size_t len = strcspn(at + 1, ">");
    assert_true(len <= MAX_TERM_BYTES && len > MAX_TERM_BYTES - 3);
    assert_int_equal((len - 5) % 2, 0);

    char again[MAX_TERM_BYTES + 1];
    assert_int_equal(term_write(field_find("form"), form, again), len);
    assert_memory_equal(again, at + 1, len);
}

static void words_of_one_statement_are_bounded(void **state)
{
    (void)state;
    char *text = malloc(8 * 4000);
    size_t n = 0;
    assert_non_null(text);
    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(text + n, "w%d ", i);
    said.summary = text;
    has("word:w1999");
    has_not("word:w2000");
    free(text);
}

static unsigned flags(void)
{
    return terms_flags(&said, &author, 0);
}

static void partners_without_a_country_are_flagged(void **state)
{
    (void)state;
    assert_int_equal(flags(), 0);
    said.kind = 1;
    assert_int_equal(flags(), FLAG_NO_COUNTRY);
    said.kind = 3;
    said.n_partners = 1;
    partners[0].type = 6; /* a network has no country */
    assert_int_equal(flags(), 0);
    partners[0].type = 1;
    assert_int_equal(flags(), FLAG_NO_COUNTRY);
    partners[0].country = "XK";
    assert_int_equal(flags(), 0);
    partners[0].country = "jp";
    assert_int_equal(flags(), FLAG_UNKNOWN_COUNTRY);
}

static void places_that_are_no_governments_are_flagged(void **state)
{
    (void)state;
    said.n_us = 1;
    assert_int_equal(flags(), FLAG_NO_GEOID);
    us[0].geoid = "5103000";
    assert_int_equal(flags(), 0);
    us[0].type = 11;
    assert_int_equal(flags(), FLAG_CDP);
    said.n_us = 0;
    author.level = 11;
    assert_int_equal(flags(), FLAG_CDP);
    author.geoid[0] = '\0';
    assert_int_equal(flags(), FLAG_NO_GEOID);
}

static void dates_are_held_against_the_calendar(void **state)
{
    (void)state;
    static const struct {
        uint32_t start, end;
        bool bad;
    } dates[] = {
        { 20140000, 0, false },        { 20140600, 20140000, false },
        { 20140617, 20140600, false }, { 20140000, 20140617, false },
        { 20140617, 20140616, true },  { 20140600, 20140500, true },
        { 20150000, 20140000, true },  { 20141301, 0, true },
        { 20140032, 0, true },         { 20140017, 0, true },
        { 9991231, 0, true },          { 2014, 0, true },
        { 0, 20140000, false },        { 0, 5, true },
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        said.start = dates[i].start;
        said.end = dates[i].end;
        if ((flags() == FLAG_BAD_DATE) != dates[i].bad)
            fail_msg("%u to %u", said.start, said.end);
    }
}

static void what_the_log_knows_becomes_a_flag(void **state)
{
    (void)state;
    assert_non_null(strstr(terms(FLAG_CLOCK | FLAG_NO_LEAD), "<flag:clock><flag:no-lead>"));
    assert_null(strstr(found, "<flag:none>"));
}

static void an_unreadable_statement_is_missing_everything(void **state)
{
    (void)state;
    found[0] = '\0';
    terms_each(NULL, &author, 0, hear, NULL);
    for (size_t i = 0; i < n_term_fields; i++) {
        char term[64];
        const struct field *field = &term_fields[i];
        const char *value = field->form == FIELD_AUTHOR ? "12"
                            : field->form == FIELD_FLAG ? "unreadable"
                                                        : "none";
        snprintf(term, sizeof term, "<%s:%s>", field->name, value);
        assert_non_null(strstr(found, term));
    }
    assert_non_null(strstr(found, "<all>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_not_said_is_none, setup),
        cmocka_unit_test_setup(codes_are_words_and_private_ones_numbers, setup),
        cmocka_unit_test_setup(every_partner_country_is_a_term, setup),
        cmocka_unit_test_setup(words_come_from_all_texts, setup),
        cmocka_unit_test_setup(years_run_from_start_to_end, setup),
        cmocka_unit_test_setup(a_disclosure_is_of_its_year, setup),
        cmocka_unit_test_setup(an_endless_span_is_bounded, setup),
        cmocka_unit_test_setup(texts_are_folded_where_codes_are_and_kept_where_words_are, setup),
        cmocka_unit_test_setup(a_long_value_is_cut_at_a_whole_character, setup),
        cmocka_unit_test_setup(words_of_one_statement_are_bounded, setup),
        cmocka_unit_test_setup(partners_without_a_country_are_flagged, setup),
        cmocka_unit_test_setup(places_that_are_no_governments_are_flagged, setup),
        cmocka_unit_test_setup(dates_are_held_against_the_calendar, setup),
        cmocka_unit_test_setup(what_the_log_knows_becomes_a_flag, setup),
        cmocka_unit_test_setup(an_unreadable_statement_is_missing_everything, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
