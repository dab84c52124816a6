#include "nodectl/summary.h"

#include <stdio.h>
#include <string.h>

#define CLAIMED_BY_US (1U << 1)      /* Source.Claimant: CLAIMANT_US_SIDE */
#define CLAIMED_BY_PARTNER (1U << 2) /* CLAIMANT_PARTNER_SIDE */
#define SNAPSHOT_OLD 202009U
#define SNAPSHOT_NEW 202212U

static const char *const tables[] = { "climate_disclosures", "curated_facts", "foreign_missions_in_us",
                                      "network_memberships", "sister_relations" };
static const char *const numbers[] = { "CN_sister_and_any_climate_network",
                                       "distinct_partner_countries",
                                       "distinct_us_jurisdictions_with_sister",
                                       "jurisdictions_with_CN_sister",
                                       "sister_attested_both_sides_2025",
                                       "sister_no_country",
                                       "sister_unmatched_us" };
static const char *const groups[] = { "curated_by_kind",  "disclosures_by_year",      "membership_pairs",
                                      "missions_by_type", "networks_2022_12",         "rows",
                                      "sister_by_state",  "sister_by_partner_country" };
static const char *const pairs[] = { "2020-09", "2022-12", "gone", "kept", "new" };

static void add(json_t *counts, const char *key, size_t n)
{
    json_int_t old = json_integer_value(json_object_get(counts, key));
    json_object_set_new(counts, key, json_integer(old + (json_int_t)n));
}

static void add_in(struct summary *summary, const char *group, const char *key, size_t n)
{
    if (n > 0)
        add(json_object_get(summary->counts, group), key[0] != 0 ? key : "(none)", n);
}

void summary_init(struct summary *summary)
{
    *summary = (struct summary){ json_object(), json_object(), json_object(), json_object(), json_object() };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(summary->counts, numbers[i], json_integer(0));
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        json_object_set_new(summary->counts, groups[i], json_object());
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        add(json_object_get(summary->counts, "rows"), tables[i], 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        add(json_object_get(summary->counts, "membership_pairs"), pairs[i], 0);
}

void summary_clear(struct summary *summary)
{
    json_decref(summary->counts);
    json_decref(summary->with_sister);
    json_decref(summary->with_chinese_sister);
    json_decref(summary->in_network);
    json_decref(summary->countries);
    *summary = (struct summary){ 0 };
}

/* How many sources of a table the engagement has; of one snapshot (year and month), or of any (0). */
static size_t count_sources(const struct engagement *e, const char *table, uint32_t snapshot)
{
    size_t n = 0;
    for (size_t i = 0; i < e->n_sources; i++)
        if (strcmp(e->sources[i].dataset, table) == 0 &&
            (snapshot == 0 || e->sources[i].as_of / 100 == snapshot))
            n++;
    return n;
}

/* The party that reports: the first of the US side. */
static const char *geoid_of(const struct engagement *e)
{
    return e->n_us > 0 ? e->us[0].geoid : "";
}

static const char *state_of(const struct engagement *e)
{
    const char *region = e->n_us > 0 ? e->us[0].region : "";
    return strncmp(region, "US-", 3) == 0 ? region + 3 : region;
}

static bool attested_by_both(const struct engagement *e)
{
    uint32_t listed = 0;
    for (size_t i = 0; i < e->n_sources; i++)
        if (e->sources[i].as_of / 10000 == 2025)
            listed |= e->sources[i].listed;
    return (listed & CLAIMED_BY_US) != 0 && (listed & CLAIMED_BY_PARTNER) != 0;
}

static bool seen_before(const struct engagement *e, size_t partner)
{
    for (size_t i = 0; i < partner; i++)
        if (strcmp(e->partners[i].country, e->partners[partner].country) == 0)
            return true;
    return false;
}

static void count_countries(struct summary *summary, const struct engagement *e)
{
    const char *geoid = geoid_of(e);
    bool any = false;
    for (size_t i = 0; i < e->n_partners; i++) {
        const char *country = e->partners[i].country;
        if (country[0] == 0 || seen_before(e, i))
            continue;
        any = true;
        add_in(summary, "sister_by_partner_country", country, 1);
        json_object_set_new(summary->countries, country, json_true());
        if (strcmp(country, "CN") == 0 && geoid[0] != 0)
            json_object_set_new(summary->with_chinese_sister, geoid, json_true());
    }
    if (!any) {
        add_in(summary, "sister_by_partner_country", "", 1);
        add(summary->counts, "sister_no_country", 1);
    }
}

static void count_sister(struct summary *summary, const struct engagement *e)
{
    const char *geoid = geoid_of(e);
    add_in(summary, "sister_by_state", state_of(e), 1);
    count_countries(summary, e);
    if (geoid[0] != 0)
        json_object_set_new(summary->with_sister, geoid, json_true());
    else
        add(summary->counts, "sister_unmatched_us", 1);
    add(summary->counts, "sister_attested_both_sides_2025", attested_by_both(e));
}

static void count_membership(struct summary *summary, const struct engagement *e)
{
    size_t before = count_sources(e, "network_memberships", SNAPSHOT_OLD);
    size_t after = count_sources(e, "network_memberships", SNAPSHOT_NEW);
    add_in(summary, "networks_2022_12", e->network, after);
    if (geoid_of(e)[0] == 0)
        return;
    if (count_sources(e, "network_memberships", 0) > 0)
        json_object_set_new(summary->in_network, geoid_of(e), json_true());
    add_in(summary, "membership_pairs", "2020-09", before > 0);
    add_in(summary, "membership_pairs", "2022-12", after > 0);
    add_in(summary, "membership_pairs", "kept", before > 0 && after > 0);
    add_in(summary, "membership_pairs", "gone", before > 0 && after == 0);
    add_in(summary, "membership_pairs", "new", before == 0 && after > 0);
}

static void count_disclosure(struct summary *summary, const struct engagement *e)
{
    char year[16] = "";
    size_t rows = count_sources(e, "climate_disclosures", 0);
    if (e->year != 0)
        snprintf(year, sizeof year, "%u", e->year);
    add_in(summary, "disclosures_by_year", year, rows > 0 ? rows : 1);
}

static void kind_word(const struct engagement *e, char *out, size_t size)
{
    out[0] = 0;
    if (e->kind != 0)
        statement_word(statement_enum("Kind"), e->kind, out, size);
}

void summary_add(struct summary *summary, const struct engagement *e)
{
    char kind[64];
    kind_word(e, kind, sizeof kind);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        add_in(summary, "rows", tables[i], count_sources(e, tables[i], 0));

    size_t curated = count_sources(e, "curated_facts", 0);
    add_in(summary, "curated_by_kind", kind, curated);
    if (curated > 0 && curated == e->n_sources)
        return; /* such a fact counts as curated, and as nothing else */
    if (strcmp(kind, "sister_relation") == 0)
        count_sister(summary, e);
    else if (strcmp(kind, "network_membership") == 0)
        count_membership(summary, e);
    else if (strcmp(kind, "disclosure") == 0)
        count_disclosure(summary, e);
    else if (strcmp(kind, "foreign_mission") == 0)
        add_in(summary, "missions_by_type", e->form_given, 1);
}

static void set_size(json_t *counts, const char *key, const json_t *set)
{
    json_object_set_new(counts, key, json_integer((json_int_t)json_object_size(set)));
}

json_t *summary_finish(const struct summary *summary)
{
    json_t *out = json_deep_copy(summary->counts);
    set_size(out, "distinct_us_jurisdictions_with_sister", summary->with_sister);
    set_size(out, "distinct_partner_countries", summary->countries);
    set_size(out, "jurisdictions_with_CN_sister", summary->with_chinese_sister);
    const char *geoid;
    json_t *value;
    size_t both = 0;
    json_object_foreach(summary->with_chinese_sister, geoid, value)
    {
        both += json_object_get(summary->in_network, geoid) != NULL;
    }
    json_object_set_new(out, "CN_sister_and_any_climate_network", json_integer((json_int_t)both));
    return out;
}
