#include "hubd/view/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define NONE UINT32_MAX
#define LEAVES 0x80000000U /* of change.term: the ordinal leaves the term */
enum { HAD = 1, HAS = 2 };

/* A term of this batch. */
struct entry {
    uint32_t offset; /* in names */
    uint16_t len;
    uint8_t state; /* HAD, HAS of the ordinal that saw it last */
    uint32_t hash;
    uint32_t ordinal; /* that ordinal's number in this batch, from 1 */
    uint32_t count;   /* changes of it */
};

struct change {
    uint32_t term; /* entry, or LEAVES | entry */
    uint32_t ordinal;
};

struct changes {
    struct buf names;
    struct entry *entries;
    size_t n_entries, cap_entries;
    uint32_t *slots; /* open addressing into entries */
    size_t n_slots;
    struct change *log;
    size_t n_log, cap_log;
    uint32_t *seen; /* entries of the ordinal that is being told */
    size_t n_seen, cap_seen;
    uint32_t ordinal, ordinals;
    uint64_t seed;
};

static void reset_slots(struct changes *c, size_t n)
{
    free(c->slots);
    c->n_slots = n;
    c->slots = mem_alloc(n * sizeof *c->slots);
    memset(c->slots, 0xff, n * sizeof *c->slots);
}

struct changes *changes_new(void)
{
    struct changes *c = mem_alloc(sizeof *c);
    reset_slots(c, 256);
    random_bytes(&c->seed, sizeof c->seed);
    return c;
}

void changes_free(struct changes **changes)
{
    struct changes *c = *changes;
    if (c == NULL)
        return;
    buf_clear(&c->names);
    free(c->entries);
    free(c->slots);
    free(c->log);
    free(c->seen);
    free(c);
    *changes = NULL;
}

/* ---- terms as numbers */

/* Eight bytes at a time; seeded, since anybody may choose words. */
static uint32_t hash_term(const struct changes *c, struct bytes term)
{
    const uint64_t odd = 0x9e3779b97f4a7c15U;
    uint64_t h = c->seed ^ term.len * odd, word;
    size_t at = 0;
    for (; at + 8 <= term.len; at += 8) {
        memcpy(&word, term.data + at, 8);
        h = (h ^ word) * odd;
        h ^= h >> 32;
    }
    word = 0;
    for (size_t i = at; i < term.len; i++)
        word = word << 8 | term.data[i];
    h = (h ^ word) * odd;
    return (uint32_t)(h >> 32 ^ h);
}

static struct bytes name_of(const struct changes *c, const struct entry *entry)
{
    return bytes_of(c->names.data + entry->offset, entry->len);
}

static size_t free_slot(const struct changes *c, uint32_t hash)
{
    size_t at = hash & (c->n_slots - 1);
    while (c->slots[at] != NONE)
        at = (at + 1) & (c->n_slots - 1);
    return at;
}

static void widen_slots(struct changes *c)
{
    reset_slots(c, 2 * c->n_slots);
    for (size_t i = 0; i < c->n_entries; i++)
        c->slots[free_slot(c, c->entries[i].hash)] = (uint32_t)i;
}

static void *room(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap > 0 ? 2 * *cap : 256;
    return mem_resize(array, *cap * size);
}

static uint32_t add_entry(struct changes *c, struct bytes term, uint32_t hash)
{
    if (2 * c->n_entries >= c->n_slots)
        widen_slots(c);
    c->entries = room(c->entries, c->n_entries, &c->cap_entries, sizeof *c->entries);
    c->entries[c->n_entries] =
        (struct entry){ .offset = (uint32_t)c->names.len, .len = (uint16_t)term.len, .hash = hash };
    buf_bytes(&c->names, term);
    c->slots[free_slot(c, hash)] = (uint32_t)c->n_entries;
    return (uint32_t)c->n_entries++;
}

static uint32_t intern(struct changes *c, struct bytes term)
{
    uint32_t hash = hash_term(c, term);
    for (size_t at = hash & (c->n_slots - 1); c->slots[at] != NONE; at = (at + 1) & (c->n_slots - 1)) {
        const struct entry *entry = &c->entries[c->slots[at]];
        if (entry->hash == hash && entry->len == term.len &&
            memcmp(c->names.data + entry->offset, term.data, term.len) == 0)
            return c->slots[at];
    }
    return add_entry(c, term, hash);
}

/* ---- one ordinal */

void changes_begin(struct changes *c, uint32_t ordinal)
{
    c->ordinal = ordinal;
    c->ordinals++;
    c->n_seen = 0;
}

static void note(struct changes *c, struct bytes term, uint8_t state)
{
    uint32_t number = intern(c, term);
    struct entry *entry = &c->entries[number];
    if (entry->ordinal != c->ordinals) {
        entry->ordinal = c->ordinals;
        entry->state = 0;
        c->seen = room(c->seen, c->n_seen, &c->cap_seen, sizeof *c->seen);
        c->seen[c->n_seen++] = number;
    }
    entry->state |= state;
}

void changes_had(struct changes *c, struct bytes term)
{
    note(c, term, HAD);
}

void changes_has(struct changes *c, struct bytes term)
{
    note(c, term, HAS);
}

void changes_end(struct changes *c)
{
    for (size_t i = 0; i < c->n_seen; i++) {
        struct entry *entry = &c->entries[c->seen[i]];
        if (entry->state == (HAD | HAS))
            continue;
        c->log = room(c->log, c->n_log, &c->cap_log, sizeof *c->log);
        uint32_t leaves = entry->state == HAD ? LEAVES : 0;
        c->log[c->n_log++] = (struct change){ c->seen[i] | leaves, c->ordinal };
        entry->count++;
    }
}

/* ---- writing */

/* The log by term; within a term in the order in which it was told, which is that of the ordinals. */
static struct change *sort_by_term(const struct changes *c, size_t *starts)
{
    struct change *sorted = mem_alloc((c->n_log + 1) * sizeof *sorted);
    AUTO(free_ptr) size_t *next = mem_alloc((c->n_entries + 1) * sizeof *next);
    for (size_t i = 0, sum = 0; i < c->n_entries; i++) {
        starts[i] = next[i] = sum;
        sum += c->entries[i].count;
    }
    for (size_t i = 0; i < c->n_log; i++)
        sorted[next[c->log[i].term & ~LEAVES]++] = c->log[i];
    return sorted;
}

static int compare_names(const void *a, const void *b, void *context)
{
    const struct changes *c = context;
    const uint32_t *left = a, *right = b;
    return bytes_compare(name_of(c, &c->entries[*left]), name_of(c, &c->entries[*right]));
}

static uint32_t *order_of_names(struct changes *c)
{
    uint32_t *order = mem_alloc((c->n_entries + 1) * sizeof *order);
    for (size_t i = 0; i < c->n_entries; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, c->n_entries, sizeof *order, compare_names, c);
    return order;
}

/* The changes of one term in one piece. */
struct segment {
    uint32_t number;
    uint32_t order; /* of the terms */
    uint32_t entry;
    size_t first, count; /* in the sorted log */
};

/* Cuts the sorted log into segments. Returns how many. */
static size_t cut_segments(const struct changes *c, const struct change *sorted, const size_t *starts,
                           const uint32_t *order, struct segment *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_entries; i++) {
        size_t at = starts[order[i]], end = at + c->entries[order[i]].count;
        while (at < end) {
            struct segment segment = { sorted[at].ordinal >> 16, (uint32_t)i, order[i], at, 0 };
            while (at < end && sorted[at].ordinal >> 16 == segment.number)
                at++;
            segment.count = at - segment.first;
            out[n++] = segment;
        }
    }
    return n;
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

/* In the order of the keys: by piece, then by term. */
static void sort_segments(struct segment *segments, size_t count)
{
    size_t sorted = 1;
    while (sorted < count && segments[sorted - 1].number == segments[sorted].number)
        sorted++;
    if (sorted < count)
        qsort(segments, count, sizeof *segments, compare_segments);
}

/* values has room for all of the segment. */
static enum err write_segment(struct db_txn *txn, db_table table, struct bytes term,
                              const struct segment *segment, const struct change *log, uint16_t *values)
{
    size_t adds = 0, removes = 0;
    for (size_t i = 0; i < segment->count; i++)
        if ((log[i].term & LEAVES) == 0)
            values[adds++] = (uint16_t)log[i].ordinal;
    uint16_t *leaving = values + adds;
    for (size_t i = 0; i < segment->count; i++)
        if ((log[i].term & LEAVES) != 0)
            leaving[removes++] = (uint16_t)log[i].ordinal;
    return postings_change(txn, table, term, segment->number, (struct ordinals){ values, adds },
                           (struct ordinals){ leaving, removes });
}

enum err changes_write(struct changes *c, struct db_txn *txn, db_table table)
{
    AUTO(free_ptr) size_t *starts = mem_alloc((c->n_entries + 1) * sizeof *starts);
    AUTO(free_ptr) struct change *sorted = sort_by_term(c, starts);
    AUTO(free_ptr) uint32_t *order = order_of_names(c);
    AUTO(free_ptr) uint16_t *values = mem_alloc((c->n_log + 1) * sizeof *values);
    AUTO(free_ptr) struct segment *segments = mem_alloc((c->n_log + 1) * sizeof *segments);
    size_t count = cut_segments(c, sorted, starts, order, segments);
    sort_segments(segments, count);
    for (size_t i = 0; i < count; i++) {
        struct bytes term = name_of(c, &c->entries[segments[i].entry]);
        TRY(write_segment(txn, table, term, &segments[i], sorted + segments[i].first, values));
    }
    return E_OK;
}
