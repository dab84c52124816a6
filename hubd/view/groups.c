#include "hubd/view/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define NONE UINT32_MAX

/* A term of the field that is grouped by. */
struct group {
    char term[MAX_TERM_BYTES + 1];
    uint64_t count;
};

struct dimension {
    const struct field *field;
    struct group *groups;
    size_t count, cap;
    uint32_t *slots; /* open addressing by term */
    size_t n_slots;
    uint64_t seed;
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

/* An ordinal of the piece at hand, and a group of the first field that it is in. */
struct label {
    uint16_t value;
    uint32_t group;
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
    for (size_t i = 0; i < 2; i++) {
        free(g->dimensions[i].groups);
        free(g->dimensions[i].slots);
    }
    free(g->pairs.slots);
    free(g->starts);
    free(g->labels);
}

/* ---- what to group by */

static enum err parse_one(const char *name, struct dimension *out)
{
    random_bytes(&out->seed, sizeof out->seed);
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
    const char *at = text;
    do {
        char name[64];
        size_t len = strcspn(at, ",");
        if (g->n == 2)
            return fail(E_USAGE, "grouping takes one or two fields, not '%.60s'", text);
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name), at);
        TRY(parse_one(name, &g->dimensions[g->n++]));
        at = at[len] == ',' ? at + len + 1 : NULL;
    } while (at != NULL);
    if (g->n == 2 && g->dimensions[0].field == g->dimensions[1].field)
        return fail(E_USAGE, "grouping by %s twice tells nothing", g->dimensions[0].field->name);
    return E_OK;
}

/* ---- terms as numbers */

/* Seeded, since anybody may choose the name of a network. */
static uint32_t hash_term(const struct dimension *d, struct bytes term)
{
    uint64_t h = d->seed;
    for (size_t i = 0; i < term.len; i++)
        h = (h ^ term.data[i]) * 0x100000001b3U;
    return (uint32_t)(h >> 32 ^ h);
}

static void place(struct dimension *d, uint32_t index)
{
    size_t at = hash_term(d, bytes_text(d->groups[index].term)) & (d->n_slots - 1);
    while (d->slots[at] != NONE)
        at = (at + 1) & (d->n_slots - 1);
    d->slots[at] = index;
}

static void widen_slots(struct dimension *d)
{
    free(d->slots);
    d->n_slots = d->n_slots > 0 ? 2 * d->n_slots : 64;
    d->slots = mem_alloc(d->n_slots * sizeof *d->slots);
    memset(d->slots, 0xff, d->n_slots * sizeof *d->slots);
    for (size_t i = 0; i < d->count; i++)
        place(d, (uint32_t)i);
}

/* The number of a term's group, which is made when it is new. */
static uint32_t group_of(struct dimension *d, struct bytes term)
{
    if (2 * d->count >= d->n_slots)
        widen_slots(d);
    for (size_t at = hash_term(d, term) & (d->n_slots - 1); d->slots[at] != NONE;
         at = (at + 1) & (d->n_slots - 1))
        if (bytes_equal(bytes_text(d->groups[d->slots[at]].term), term))
            return d->slots[at];
    if (d->count == d->cap) {
        d->cap = d->cap > 0 ? 2 * d->cap : 64;
        d->groups = mem_resize(d->groups, d->cap * sizeof *d->groups);
    }
    struct group *group = &d->groups[d->count];
    size_t len = term.len < MAX_TERM_BYTES ? term.len : MAX_TERM_BYTES;
    memcpy(group->term, term.data, len);
    group->term[len] = '\0';
    group->count = 0;
    place(d, (uint32_t)d->count);
    return (uint32_t)d->count++;
}

/* ---- one field */

/* One piece of the selection, while terms are walked over. */
struct step {
    struct grouping *g;
    struct dimension *d;
    const struct piece *base;
    uint16_t *values; /* room for a piece */
    struct label *found;
    size_t n_found, cap;
};

static enum err walk_field(struct step *step, uint32_t number,
                           bool (*each)(void *context, struct bytes term, const struct piece *piece))
{
    char prefix[40];
    snprintf(prefix, sizeof prefix, "%s:", step->d->field->name);
    TRY(postings_scan(step->g->s->txn, VIEW_POSTINGS, number, bytes_text(prefix), bytes_text(prefix), each,
                      step));
    if (step->d->count > MAX_GROUPS || step->g->pairs.used > MAX_GROUPS)
        return fail(E_TOO_BIG, "there are more than %u different groups: narrow the question", MAX_GROUPS);
    return E_OK;
}

static bool count_term(void *context, struct bytes term, const struct piece *piece)
{
    struct step *step = context;
    size_t both = piece_count_both(piece, step->base);
    if (both > 0) {
        uint32_t group = group_of(step->d, term);
        step->d->groups[group].count += both;
    }
    return step->d->count <= MAX_GROUPS;
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

/* The values of the selection that have the term. */
static size_t common(struct step *step, const struct piece *piece)
{
    AUTO(piece_free) struct piece *both = piece_copy(piece);
    piece_and(&both, step->base);
    return piece_list(both, step->values);
}

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

static bool label_term(void *context, struct bytes term, const struct piece *piece)
{
    struct step *step = context;
    size_t count = common(step, piece);
    if (count == 0)
        return true;
    uint32_t group = group_of(step->d, term);
    step->d->groups[group].count += count;
    if (step->n_found + count > step->cap) {
        step->cap = 2 * (step->n_found + count);
        step->found = mem_resize(step->found, step->cap * sizeof *step->found);
    }
    for (size_t i = 0; i < count; i++)
        step->found[step->n_found++] = (struct label){ step->values[i], group };
    return step->d->count <= MAX_GROUPS;
}

static bool pair_term(void *context, struct bytes term, const struct piece *piece)
{
    struct step *step = context;
    struct grouping *g = step->g;
    size_t count = common(step, piece);
    if (count == 0)
        return true;
    uint32_t group = group_of(step->d, term);
    for (size_t i = 0; i < count; i++)
        for (uint32_t at = g->starts[step->values[i]]; at < g->starts[step->values[i] + 1]; at++)
            count_pair(&g->pairs, g->labels[at], group, 1);
    return g->pairs.used <= MAX_GROUPS && step->d->count <= MAX_GROUPS;
}

static enum err count_piece(struct grouping *g, uint32_t number, const struct piece *base)
{
    struct step step = { .g = g, .d = &g->dimensions[0], .base = base };
    return walk_field(&step, number, count_term);
}

static enum err pair_piece(struct grouping *g, uint32_t number, const struct piece *base)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc(PIECE_ORDINALS * sizeof *values);
    struct step first = { .g = g, .d = &g->dimensions[0], .base = base, .values = values };
    enum err code = walk_field(&first, number, label_term);
    if (code == E_OK)
        sort_labels(g, first.found, first.n_found);
    free(first.found);
    TRY(code);
    struct step second = { .g = g, .d = &g->dimensions[1], .base = base, .values = values };
    return walk_field(&second, number, pair_term);
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
