/* The real tables of tests/data, imported into feeds and asked about: the counts that must come out. */
#include "hubd/view/view.h"

#include "app/importer.h"
#include "app/payload.h"
#include "view_log.h"

/* behind our headers: its fail() is a macro */
#include "vectors.h"

#define MAX_VOICES 2048U

static struct view_log record_log;
static struct view *view;
static json_t *expected;

/* A jurisdiction's feed; geoid "" is the office's. */
static struct {
    char geoid[16];
    struct voice voice;
} voices[MAX_VOICES];
static size_t n_voices;

static struct voice *voice_of(const struct import_statement *statement)
{
    char name[40];
    if (statement->geoid[0] == '\0')
        return &record_log.hub;
    for (size_t i = 0; i < n_voices; i++)
        if (strcmp(voices[i].geoid, statement->geoid) == 0)
            return &voices[i].voice;
    assert_true(n_voices < MAX_VOICES);
    snprintf(voices[n_voices].geoid, sizeof voices[n_voices].geoid, "%s", statement->geoid);
    snprintf(name, sizeof name, "us-place-%s", statement->geoid);
    log_join(&record_log, &voices[n_voices].voice, name, statement->geoid, 100 + n_voices);
    return &voices[n_voices++].voice;
}

static void import_one(const struct import_statement *statement)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct voice *voice = voice_of(statement);
    uint8_t nonce[16];
    char hex[33];
    import_nonce(voice->feed.author.b, statement->table, statement->key, nonce);
    hex_encode(nonce, sizeof nonce, hex);
    json_t *engagement = json_deep_copy(statement->engagement);
    json_object_set_new(engagement, "nonce", json_string(hex));
    log_or_die(payload_from_json(TYPE_ENGAGEMENT, engagement, &payload));
    json_decref(engagement);
    log_put_unsigned(&record_log, voice, TYPE_ENGAGEMENT, buf_view(&payload));
}

static void import(const char *table, const char *snapshot)
{
    char path[512];
    struct importer *importer;
    struct import_statement statement;
    enum err code;
    snprintf(path, sizeof path, "%s/data/%s.tsv", TESTS_DIR, table);
    log_or_die(importer_open(path, "tsv", NULL, snapshot, &importer));
    while ((code = importer_next(importer, &statement)) == E_OK)
        import_one(&statement);
    assert_int_equal(code, E_NOT_FOUND);
    assert_int_equal(importer_counts(importer).refused, 0);
    importer_free(&importer);
}

static int setup(void **state)
{
    static const char *const tables[] = { "sister_relations", "climate_disclosures", "foreign_missions_in_us",
                                          "curated_facts" };
    char folder[160];
    bool more = true;
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/view", scratch);
    expected = vectors_load("../data/expected_aggregates.json");
    log_open(&record_log);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        import(tables[i], NULL);
    import("network_memberships", "2020-09");
    import("network_memberships", "2022-12");
    log_commit(&record_log);
    log_or_die(view_open(folder, 1ULL << 32, record_log.store, &view));
    while (more)
        log_or_die(view_advance(view, 1000, &more));
    return 0;
}

static int teardown(void **state)
{
    json_decref(expected);
    view_close(&view);
    log_close(&record_log);
    return scratch_drop(state);
}

/* ---- asking */

/* {"JP": 373, ...} */
static json_t *counts(const char *text, const char *field)
{
    struct view_query query = { .text = text, .group_by = field };
    json_t *answer, *group, *out = json_object();
    size_t i;
    if (view_query(view, &query, &answer) != E_OK)
        fail_msg("%s by %s: %s", text, field, err_message());
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        const char *value = json_string_value(json_object_get(group, field));
        const char *shown = strncmp(value, "US-", 3) == 0 ? value + 3 : value;
        json_object_set(out, shown, json_object_get(group, "count"));
    }
    json_decref(answer);
    return out;
}

static long long total(const char *text)
{
    struct view_query query = { .text = text, .limit = 1 };
    json_t *answer;
    if (view_query(view, &query, &answer) != E_OK)
        fail_msg("%s: %s", text, err_message());
    long long sum = json_integer_value(json_object_get(answer, "total"));
    json_decref(answer);
    return sum;
}

static void expect_counts(const char *key, const char *text, const char *field)
{
    json_t *found = counts(text, field), *wanted = json_object_get(expected, key), *value;
    const char *name;
    assert_non_null(wanted);
    json_object_foreach(wanted, name, value)
    {
        json_t *other = json_object_get(found, name);
        if (json_integer_value(other) != json_integer_value(value))
            fail_msg("%s: %s is %lld, not %lld", key, name, json_integer_value(other),
                     json_integer_value(value));
    }
    if (json_object_size(found) != json_object_size(wanted))
        fail_msg("%s has %zu values, not %zu", key, json_object_size(found), json_object_size(wanted));
    json_decref(found);
}

static long long wanted(const char *key)
{
    return json_integer_value(json_object_get(expected, key));
}

static long long distinct(const char *text, const char *field)
{
    json_t *found = counts(text, field);
    long long sum = (long long)json_object_size(found) - (json_object_get(found, "(none)") != NULL);
    json_decref(found);
    return sum;
}

/* ---- facts */

static void sister_relations_count_as_expected(void **state)
{
    (void)state;
    const char *sisters = "kind:sister_relation";
    assert_int_equal(total("dataset:sister_relations"), 3038);
    expect_counts("sister_by_partner_country", sisters, "country");
    expect_counts("sister_by_state", sisters, "state");
    assert_int_equal(distinct(sisters, "geoid"), wanted("distinct_us_jurisdictions_with_sister"));
    assert_int_equal(distinct(sisters, "country"), wanted("distinct_partner_countries"));
    assert_int_equal(total("kind:sister_relation geoid:none"), wanted("sister_unmatched_us"));
    assert_int_equal(total("kind:sister_relation country:none"), wanted("sister_no_country"));
    assert_int_equal(total("kind:sister_relation flag:no-country"), wanted("sister_no_country"));
}

static void jurisdictions_join_over_kinds(void **state)
{
    (void)state;
    json_t *chinese = counts("kind:sister_relation country:CN", "geoid"), *value;
    json_t *members = counts("dataset:network_memberships", "geoid");
    long long both = 0, all = 0;
    const char *geoid;
    json_object_foreach(chinese, geoid, value)
    {
        bool known = strcmp(geoid, "(none)") != 0;
        all += known;
        both += known && json_object_get(members, geoid) != NULL;
    }
    assert_int_equal(all, wanted("jurisdictions_with_CN_sister"));
    assert_int_equal(both, wanted("CN_sister_and_any_climate_network"));
    json_decref(chinese);
    json_decref(members);
}

static void disclosures_missions_and_facts_count_as_expected(void **state)
{
    (void)state;
    expect_counts("disclosures_by_year", "kind:disclosure", "year");
    expect_counts("missions_by_type", "kind:foreign_mission", "form");
    expect_counts("curated_by_kind", "dataset:curated_facts", "kind");
}

static void memberships_are_one_engagement_a_pair(void **state)
{
    (void)state;
    json_t *pairs = json_object_get(expected, "membership_pairs");
    long long now = json_integer_value(json_object_get(pairs, "2022-12"));
    long long gone = json_integer_value(json_object_get(pairs, "gone"));
    assert_int_equal(total("dataset:network_memberships -geoid:none"), now + gone);
}

static void what_is_odd_is_flagged_and_kept(void **state)
{
    (void)state;
    assert_true(total("flag:cdp") > 0);
    assert_int_equal(total("flag:unreadable,clock,no-lead"), 0);
    assert_int_equal(total("flag:no-geoid"), total("geoid:none"));
    assert_int_equal(total("flag:none") + total("-flag:none"), total(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sister_relations_count_as_expected),
        cmocka_unit_test(jurisdictions_join_over_kinds),
        cmocka_unit_test(disclosures_missions_and_facts_count_as_expected),
        cmocka_unit_test(memberships_are_one_engagement_a_pair),
        cmocka_unit_test(what_is_odd_is_flagged_and_kept),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
