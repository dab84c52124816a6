#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/out.h"
#include "nodectl/summary.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

enum { SISTER = 1, NETWORK = 3, MISSION = 17, DISCLOSURE = 18, EVENT = 7 };

#define BOTH_LIST (1U << 1 | 1U << 2)

static struct engagement_source source(const char *table, uint32_t as_of, uint32_t listed)
{
    return (struct engagement_source){
        .dataset = table, .key = "", .label = "", .as_of = as_of, .listed = listed
    };
}

static struct engagement_party party(const char *geoid, const char *region, const char *country)
{
    return (struct engagement_party){ "", country, region, geoid, "", "", 0, 0 };
}

static void add(struct summary *summary, int kind, struct engagement_party us,
                struct engagement_party partner, struct engagement_source *sources, size_t n,
                const char *network)
{
    struct engagement e = { .kind = kind,
                            .title = "",
                            .summary = "",
                            .url = "",
                            .n_partners = 1,
                            .n_us = 1,
                            .n_sources = n,
                            .partners = &partner,
                            .us = &us,
                            .sources = sources,
                            .network = network,
                            .form_given = "embassy",
                            .duplicate_hint = "",
                            .year = kind == DISCLOSURE ? 2019 : 0 };
    summary_add(summary, &e);
}

static void add_sister(struct summary *s, const char *geoid, const char *region, const char *country,
                       uint32_t listed)
{
    struct engagement_source one = source("sister_relations", 20250630, listed);
    add(s, SISTER, party(geoid, region, ""), party("", "", country), &one, 1, "");
}

static void add_membership(struct summary *s, const char *geoid, uint32_t first, uint32_t second)
{
    struct engagement_source two[] = { source("network_memberships", first, 0),
                                       source("network_memberships", second, 0) };
    add(s, NETWORK, party(geoid, "US-OH", ""), party("", "", ""), two, second != 0 ? 2 : 1, "gcom");
}

static long count(const struct summary *summary, const char *key)
{
    json_t *all = summary_finish(summary);
    const json_t *value = out_member(all, key);
    assert_non_null(value);
    long n = (long)json_integer_value(value);
    json_decref(all);
    return n;
}

static void an_empty_view_has_every_key(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    json_t *all = summary_finish(&s);
    assert_int_equal(json_object_size(all), 15);
    assert_int_equal(json_object_size(json_object_get(all, "rows")), 5);
    assert_int_equal(json_object_size(json_object_get(all, "membership_pairs")), 5);
    assert_int_equal(json_object_size(json_object_get(all, "missions_by_type")), 0);
    json_decref(all);
}

static void sister_relations_are_counted_by_country_state_and_claim(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    add_sister(&s, "3921000", "US-OH", "JP", BOTH_LIST);
    add_sister(&s, "3921000", "US-OH", "CN", 1U << 1);
    add_sister(&s, "", "", "", 1U << 2);
    assert_int_equal(count(&s, "rows.sister_relations"), 3);
    assert_int_equal(count(&s, "sister_by_partner_country.JP"), 1);
    assert_int_equal(count(&s, "sister_by_partner_country.(none)"), 1);
    assert_int_equal(count(&s, "sister_by_state.OH"), 2);
    assert_int_equal(count(&s, "sister_by_state.(none)"), 1);
    assert_int_equal(count(&s, "distinct_us_jurisdictions_with_sister"), 1);
    assert_int_equal(count(&s, "distinct_partner_countries"), 2);
    assert_int_equal(count(&s, "sister_attested_both_sides_2025"), 1);
    assert_int_equal(count(&s, "sister_unmatched_us"), 1);
    assert_int_equal(count(&s, "sister_no_country"), 1);
    assert_int_equal(count(&s, "jurisdictions_with_CN_sister"), 1);
    assert_int_equal(count(&s, "CN_sister_and_any_climate_network"), 0);
}

static void memberships_are_kept_gone_or_new(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    add_membership(&s, "3921000", 20200900, 20221200);
    add_membership(&s, "0644000", 20200900, 0);
    add_membership(&s, "4805000", 20221200, 0);
    add_membership(&s, "", 20221200, 0);
    assert_int_equal(count(&s, "membership_pairs.2020-09"), 2);
    assert_int_equal(count(&s, "membership_pairs.2022-12"), 2);
    assert_int_equal(count(&s, "membership_pairs.kept"), 1);
    assert_int_equal(count(&s, "membership_pairs.gone"), 1);
    assert_int_equal(count(&s, "membership_pairs.new"), 1);
    assert_int_equal(count(&s, "networks_2022_12.gcom"), 3);
    assert_int_equal(count(&s, "rows.network_memberships"), 5);
}

static void a_pair_with_two_rows_is_one_pair_and_two_rows(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    add_membership(&s, "3921000", 20221200, 20221200);
    assert_int_equal(count(&s, "membership_pairs.2022-12"), 1);
    assert_int_equal(count(&s, "networks_2022_12.gcom"), 2);
}

static void a_chinese_sister_and_a_network_meet_in_any_order(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    add_membership(&s, "3921000", 20200900, 0);
    add_sister(&s, "3921000", "US-OH", "CN", 0);
    add_sister(&s, "0644000", "US-CA", "CN", 0);
    add_membership(&s, "0644000", 20221200, 0);
    add_sister(&s, "4805000", "US-TX", "CN", 0);
    assert_int_equal(count(&s, "jurisdictions_with_CN_sister"), 3);
    assert_int_equal(count(&s, "CN_sister_and_any_climate_network"), 2);
}

static void curated_facts_count_as_curated_only(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    struct engagement_source one = source("curated_facts", 0, 0);
    add(&s, NETWORK, party("3921000", "US-OH", ""), party("", "", ""), &one, 1, "gcom");
    add(&s, EVENT, party("3921000", "US-OH", ""), party("", "", ""), &one, 1, "");
    add(&s, 0, party("3921000", "US-OH", ""), party("", "", ""), &one, 1, "");
    assert_int_equal(count(&s, "curated_by_kind.network_membership"), 1);
    assert_int_equal(count(&s, "curated_by_kind.major_event"), 1);
    assert_int_equal(count(&s, "curated_by_kind.(none)"), 1);
    assert_int_equal(count(&s, "rows.curated_facts"), 3);
    assert_int_equal(count(&s, "membership_pairs.2022-12"), 0);
}

static void disclosures_count_by_year_and_missions_by_type_as_given(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    struct engagement_source disclosure = source("climate_disclosures", 0, 0),
                             mission = source("foreign_missions_in_us", 0, 0);
    add(&s, DISCLOSURE, party("3921000", "US-OH", ""), party("", "", ""), &disclosure, 1, "");
    add(&s, MISSION, party("1150000", "US-DC", ""), party("", "", "JP"), &mission, 1, "");
    assert_int_equal(count(&s, "disclosures_by_year.2019"), 1);
    assert_int_equal(count(&s, "missions_by_type.embassy"), 1);
    assert_int_equal(count(&s, "rows.foreign_missions_in_us"), 1);
}

static void one_country_twice_is_one_relation(void **state)
{
    (void)state;
    AUTO(summary_clear) struct summary s;
    summary_init(&s);
    struct engagement_party us = party("3921000", "US-OH", "");
    struct engagement_party partners[] = { party("", "", "JP"), party("", "", "JP"), party("", "", "KR") };
    struct engagement e = { .kind = SISTER,
                            .n_us = 1,
                            .us = &us,
                            .n_partners = 3,
                            .partners = partners,
                            .network = "",
                            .form_given = "" };
    summary_add(&s, &e);
    assert_int_equal(count(&s, "sister_by_partner_country.JP"), 1);
    assert_int_equal(count(&s, "sister_by_partner_country.KR"), 1);
    assert_int_equal(count(&s, "rows.sister_relations"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_view_has_every_key),
        cmocka_unit_test(sister_relations_are_counted_by_country_state_and_claim),
        cmocka_unit_test(memberships_are_kept_gone_or_new),
        cmocka_unit_test(a_pair_with_two_rows_is_one_pair_and_two_rows),
        cmocka_unit_test(a_chinese_sister_and_a_network_meet_in_any_order),
        cmocka_unit_test(curated_facts_count_as_curated_only),
        cmocka_unit_test(disclosures_count_by_year_and_missions_by_type_as_given),
        cmocka_unit_test(one_country_twice_is_one_relation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
