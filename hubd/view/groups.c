#include "hubd/view/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A term of the field that is grouped by. */
struct group {
    char term[MAX_TERM_BYTES + 1];
    uint64_t count;
};

struct dimension {
    const struct field *field;
    struct group *groups; /* in the order of the terms */
    size_t count, cap;
    bool overflow;
};

/* How often value b of the second field came with value a of the first. */
struct pair {
    uint32_t a, b;
    uint64_t count;
};

struct pairs {
    struct pair *slots; /* open addressing; count 0 is free */
    size_t used, size;
};

struct grouping {
    struct snapshot *s;
    struct dimension dimensions[2];
    size_t n;
    struct pairs pairs;
    uint32_t *starts; /* of one piece: where the labels of each ordinal begin */
    uint32_t *labels;
};

static void grouping_clear(struct grouping *g)
{
    for (size_t i = 0; i < 2; i++)
        free(g->dimensions[i].groups);
    free(g->pairs.slots);
    free(g->starts);
    free(g->labels);
}

/* ---- what to group by */

static enum err parse_one(const char *name, struct dimension *out)
{
    out->field = field_find(name);
    if (out->field != NULL)
        return E_OK;
    const struct field *nearest = NULL;
    unsigned distance = 4;
    for (size_t i = 0; i < n_term_fields; i++) {
        unsigned d = text_distance(term_fields[i].name, name);
        nearest = d < distance ? &term_fields[i] : nearest;
        distance = d < distance ? d : distance;
    }
    return fail(E_USAGE, "cannot group by %.40s%s%s%s", name, nearest != NULL ? ": did you mean " : "",
                nearest != NULL ? nearest->name : "", nearest != NULL ? "?" : "");
}

static enum err parse_group_by(const char *text, struct grouping *g)
{
    for (const char *at = text; at != NULL;) {
        char name[64];
        size_t len = strcspn(at, ",");
        if (g->n == 2)
            return fail(E_USAGE, "grouping takes one or two fields, not '%.60s'", text);
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name), at);
        TRY(parse_one(name, &g->dimensions[g->n++]));
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (g->n == 2 && g->dimensions[0].field == g->dimensions[1].field)
        return fail(E_USAGE, "grouping by %s twice tells nothing", g->dimensions[0].field->name);
    return E_OK;
}

static bool add_group(void *context, struct bytes term)
{
    struct dimension *d = context;
    d->overflow = d->count >= MAX_GROUPS;
    if (d->overflow)
        return false;
    if (d->count == d->cap) {
        d->cap = d->cap > 0 ? 2 * d->cap : 64;
        d->groups = mem_resize(d->groups, d->cap * sizeof *d->groups);
    }
    struct group *group = &d->groups[d->count++];
    memcpy(group->term, term.data, term.len);
    group->term[term.len] = '\0';
    group->count = 0;
    return true;
}

static enum err list_terms(struct grouping *g, struct dimension *d)
{
    char prefix[40];
    snprintf(prefix, sizeof prefix, "%s:", d->field->name);
    TRY(postings_terms(g->s->txn, VIEW_POSTINGS, bytes_text(prefix), bytes_text(prefix), add_group, d));
    if (d->overflow)
        return fail(E_TOO_BIG, "%s has more than %u different values", d->field->name, MAX_GROUPS);
    return E_OK;
}

/* ---- one field */

static enum err get(struct grouping *g, const struct group *group, uint32_t number, struct piece **out)
{
    return postings_get(g->s->txn, VIEW_POSTINGS, bytes_text(group->term), number, out);
}

static enum err count_piece(struct grouping *g, uint32_t number, const struct piece *base)
{
    struct dimension *d = &g->dimensions[0];
    for (size_t i = 0; i < d->count; i++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(get(g, &d->groups[i], number, &piece));
        d->groups[i].count += piece_count_both(piece, base);
    }
    return E_OK;
}

/* ---- two fields */

static void widen_pairs(struct pairs *pairs);

static void count_pair(struct pairs *pairs, uint32_t a, uint32_t b, uint64_t count)
{
    if (2 * pairs->used >= pairs->size)
        widen_pairs(pairs);
    uint64_t h = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(h >> 32) & (pairs->size - 1);
    while (pairs->slots[at].count != 0 && (pairs->slots[at].a != a || pairs->slots[at].b != b))
        at = (at + 1) & (pairs->size - 1);
    pairs->used += pairs->slots[at].count == 0;
    pairs->slots[at].a = a;
    pairs->slots[at].b = b;
    pairs->slots[at].count += count;
}

static void widen_pairs(struct pairs *pairs)
{
    struct pairs wider = { .size = pairs->size > 0 ? 2 * pairs->size : 1024 };
    wider.slots = mem_alloc(wider.size * sizeof *wider.slots);
    for (size_t i = 0; i < pairs->size; i++)
        if (pairs->slots[i].count != 0)
            count_pair(&wider, pairs->slots[i].a, pairs->slots[i].b, pairs->slots[i].count);
    free(pairs->slots);
    *pairs = wider;
}

/* The values of the selection that have a group's term, in this piece. */
static enum err common(struct grouping *g, const struct group *group, uint32_t number,
                       const struct piece *base, uint16_t *values, size_t *count)
{
    AUTO(piece_free) struct piece *piece = NULL;
    TRY(get(g, group, number, &piece));
    piece_and(&piece, base);
    *count = piece_list(piece, values);
    return E_OK;
}

struct label {
    uint16_t value;
    uint32_t group;
};

/* starts and labels of this piece: the groups of the first field by ordinal (counting sort). */
static void sort_labels(struct grouping *g, const struct label *found, size_t count)
{
    if (g->starts == NULL)
        g->starts = mem_alloc((PIECE_ORDINALS + 1) * sizeof *g->starts);
    memset(g->starts, 0, (PIECE_ORDINALS + 1) * sizeof *g->starts);
    g->labels = mem_resize(g->labels, (count + 1) * sizeof *g->labels);
    for (size_t i = 0; i < count; i++)
        g->starts[found[i].value + 1]++;
    for (size_t i = 0; i < PIECE_ORDINALS; i++)
        g->starts[i + 1] += g->starts[i];
    AUTO(free_ptr) uint32_t *next = mem_copy(g->starts, PIECE_ORDINALS * sizeof *next);
    for (size_t i = 0; i < count; i++)
        g->labels[next[found[i].value]++] = found[i].group;
}

static enum err label_piece(struct grouping *g, uint32_t number, const struct piece *base, uint16_t *values)
{
    struct dimension *d = &g->dimensions[0];
    AUTO(free_ptr) struct label *found = NULL;
    size_t n_found = 0, cap = 0;
    for (size_t i = 0; i < d->count; i++) {
        size_t count;
        TRY(common(g, &d->groups[i], number, base, values, &count));
        d->groups[i].count += count;
        if (n_found + count > cap) {
            cap = 2 * (n_found + count);
            found = mem_resize(found, cap * sizeof *found);
        }
        for (size_t k = 0; k < count; k++)
            found[n_found++] = (struct label){ values[k], (uint32_t)i };
    }
    sort_labels(g, found, n_found);
    return E_OK;
}

static enum err pair_piece(struct grouping *g, uint32_t number, const struct piece *base)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc(PIECE_ORDINALS * sizeof *values);
    TRY(label_piece(g, number, base, values));
    for (size_t i = 0; i < g->dimensions[1].count; i++) {
        size_t count;
        TRY(common(g, &g->dimensions[1].groups[i], number, base, values, &count));
        for (size_t k = 0; k < count; k++)
            for (uint32_t at = g->starts[values[k]]; at < g->starts[values[k] + 1]; at++)
                count_pair(&g->pairs, g->labels[at], (uint32_t)i, 1);
        if (g->pairs.used > MAX_GROUPS)
            return fail(E_TOO_BIG, "more than %u different groups", MAX_GROUPS);
    }
    return E_OK;
}

/* ---- the answer */

static json_t *label_of(struct grouping *g, const struct dimension *d, const char *term)
{
    const char *value = strchr(term, ':') + 1;
    char name[2 * HASH_BYTES + 1];
    struct speaker author;
    if (strcmp(value, "none") == 0)
        return json_string("(none)");
    if (d->field->form != FIELD_AUTHOR)
        return json_string(value);
    if (!speaker_read(g->s->txn, (uint32_t)strtoul(value, NULL, 10), &author))
        return json_string("(unknown)");
    speaker_label(&author, name);
    return json_string(name);
}

struct line {
    json_t *object;
    const char *label;
    uint64_t count;
};

static int compare_lines(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return strcmp(left->label, right->label);
}

static struct line make_line(struct grouping *g, const struct dimension *d, const char *term, uint64_t count)
{
    json_t *label = label_of(g, d, term);
    json_t *object = json_pack("{so sI}", d->field->name, label, "count", (json_int_t)count);
    return (struct line){ object, json_string_value(label), count };
}

static json_t *join_lines(struct line *lines, size_t count)
{
    json_t *list = json_array();
    if (count > 0)
        qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, lines[i].object);
    return list;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    return (left->a > right->a) - (left->a < right->a);
}

/* The used slots, by their first group. */
static struct pair *list_pairs(const struct pairs *pairs)
{
    struct pair *list = mem_alloc((pairs->used + 1) * sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < pairs->size; i++)
        if (pairs->slots[i].count != 0)
            list[n++] = pairs->slots[i];
    qsort(list, n, sizeof *list, compare_pairs);
    list[n].a = UINT32_MAX;
    return list;
}

/* The lines of the pairs that begin with group; *at goes behind them. */
static json_t *inner_groups(struct grouping *g, const struct pair *list, size_t *at, uint32_t group)
{
    size_t first = *at, n = 0;
    while (list[*at].a == group)
        *at += 1;
    AUTO(free_ptr) struct line *lines = mem_alloc((*at - first + 1) * sizeof *lines);
    const struct dimension *d = &g->dimensions[1];
    for (size_t i = first; i < *at; i++)
        lines[n++] = make_line(g, d, d->groups[list[i].b].term, list[i].count);
    return join_lines(lines, n);
}

static json_t *answer(struct grouping *g)
{
    const struct dimension *d = &g->dimensions[0];
    AUTO(free_ptr) struct line *lines = mem_alloc((d->count + 1) * sizeof *lines);
    AUTO(free_ptr) struct pair *pairs = list_pairs(&g->pairs);
    size_t n = 0, at = 0;
    for (size_t i = 0; i < d->count; i++) {
        if (d->groups[i].count == 0)
            continue;
        lines[n] = make_line(g, d, d->groups[i].term, d->groups[i].count);
        if (g->n == 2)
            json_object_set_new(lines[n].object, "groups", inner_groups(g, pairs, &at, (uint32_t)i));
        n++;
    }
    return join_lines(lines, n);
}

enum err groups_count(struct snapshot *snapshot, struct selection *selection, const char *group_by,
                      uint64_t *total, json_t **out)
{
    AUTO(grouping_clear) struct grouping g = { .s = snapshot };
    *total = 0;
    TRY(parse_group_by(group_by, &g));
    for (size_t i = 0; i < g.n; i++)
        TRY(list_terms(&g, &g.dimensions[i]));
    for (uint32_t number = 0; number < selection_pieces(selection); number++) {
        AUTO(piece_free) struct piece *base = NULL;
        TRY(selection_piece(selection, number, &base));
        *total += piece_count(base);
        if (base != NULL)
            TRY(g.n == 2 ? pair_piece(&g, number, base) : count_piece(&g, number, base));
    }
    *out = answer(&g);
    return E_OK;
}
