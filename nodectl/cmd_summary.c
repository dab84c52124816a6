/* summary: the national summary, counted at the hub from what stands there. */
#include <stdlib.h>
#include <string.h>

#include "nodectl/stream.h"
#include "nodectl/summary.h"

#define TOP_COUNTRIES 15

static enum err count(void *context, const json_t *row, struct bytes payload)
{
    const char *type = json_string_value(json_object_get(row, "type"));
    const char *state = json_string_value(json_object_get(row, "state"));
    if (payload.len == 0 || (type != NULL && strcmp(type, "engagement") != 0) ||
        (state != NULL && strcmp(state, "retracted") == 0))
        return E_OK;
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    struct engagement engagement;
    TRY(engagement_read(payload, arena, &engagement));
    summary_add(context, &engagement);
    return E_OK;
}

struct count {
    const char *key;
    json_int_t n;
};

static int by_count(const void *a, const void *b)
{
    const struct count *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return strcmp(x->key, y->key);
}

static void print_group(struct ctl *ctl, const json_t *summary, const char *group, const char *label,
                        size_t most)
{
    json_t *counts = json_object_get(summary, group);
    AUTO(free_ptr) struct count *list = mem_alloc((json_object_size(counts) + 1) * sizeof *list);
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(counts, key, value)
    {
        list[n++] = (struct count){ key, json_integer_value(value) };
    }
    qsort(list, n, sizeof *list, by_count);
    out_printf(&ctl->out, "\n%s\n", label);
    for (size_t i = 0; i < n && i < most; i++) {
        AUTO(buf_clear) struct buf name = { 0 };
        out_value(&ctl->out, json_object_get(counts, list[i].key), OUT_NUMBER, &name);
        out_printf(&ctl->out, "  %6s  ", buf_string(&name));
        out_escaped(&ctl->out, list[i].key);
        out_printf(&ctl->out, "\n");
    }
    if (n > most)
        out_printf(&ctl->out, "          and %zu more\n", n - most);
}

static void print_summary(struct ctl *ctl, const json_t *summary)
{
    static const struct out_column totals[] = {
        { "rows.sister_relations", "sister relations (rows)", OUT_NUMBER, 0 },
        { "distinct_us_jurisdictions_with_sister", "jurisdictions with one", OUT_NUMBER, 0 },
        { "distinct_partner_countries", "partner countries", OUT_NUMBER, 0 },
        { "sister_attested_both_sides_2025", "claimed by both sides in 2025", OUT_NUMBER, 0 },
        { "sister_unmatched_us", "without a GEOID", OUT_NUMBER, 0 },
        { "sister_no_country", "without a partner country", OUT_NUMBER, 0 },
        { "jurisdictions_with_CN_sister", "jurisdictions with a sister in CN", OUT_NUMBER, 0 },
        { "CN_sister_and_any_climate_network", "of those, in a climate network", OUT_NUMBER, 0 },
        { NULL, NULL, OUT_TEXT, 0 },
    };
    out_object(&ctl->out, summary, totals);
    print_group(ctl, summary, "rows", "Rows by table", 20);
    print_group(ctl, summary, "sister_by_partner_country", "Sister relations by partner country",
                TOP_COUNTRIES);
    print_group(ctl, summary, "sister_by_state", "Sister relations by state", 60);
    print_group(ctl, summary, "curated_by_kind", "Curated facts by kind", 20);
    print_group(ctl, summary, "networks_2022_12", "Network memberships of December 2022", TOP_COUNTRIES);
    print_group(ctl, summary, "membership_pairs", "Memberships, jurisdiction and network", 10);
    print_group(ctl, summary, "disclosures_by_year", "Disclosures by year", 20);
    print_group(ctl, summary, "missions_by_type", "Foreign missions by type", 20);
}

/* Keys sorted and nothing added: this document is compared with others as it stands. */
static void print_json(struct ctl *ctl, const json_t *summary)
{
    size_t flags = JSON_SORT_KEYS | (ctl->out.format == OUT_JSON ? JSON_INDENT(1) : JSON_COMPACT);
    AUTO(free_ptr) char *text = json_dumps(summary, flags);
    out_printf(&ctl->out, "%s\n", text != NULL ? text : "{}");
}

enum err cmd_summary(struct ctl *ctl)
{
    cmd_doing(ctl, "count the national summary");
    AUTO(summary_clear) struct summary summary;
    summary_init(&summary);
    TRY(stream_export(ctl, NULL, 0, "statements", count, &summary));
    json_t *whole = summary_finish(&summary);
    if (ctl->out.format == OUT_TABLE)
        print_summary(ctl, whole);
    else
        print_json(ctl, whole);
    json_decref(whole);
    return E_OK;
}
