#include "hubd/view/projection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hubd/view/changes.h"
#include "hubd/view/projection_private.h"
#include "hubd/view/tables.h"

#define NONE UINT32_MAX

struct projection *projection_new(struct db_txn *txn, struct store_view *log, struct speakers *authors,
                                  struct names *names, struct meta *meta)
{
    struct projection *p = mem_alloc(sizeof *p);
    *p = (struct projection){
        .txn = txn, .log = log, .authors = authors, .names = names, .meta = meta, .n_slots = 64
    };
    p->slots = mem_alloc(p->n_slots * sizeof *p->slots);
    memset(p->slots, 0xff, p->n_slots * sizeof *p->slots);
    p->old_authors = speakers_count(authors);
    random_bytes(&p->seed, sizeof p->seed);
    return p;
}

void projection_free(struct projection **projection)
{
    struct projection *p = *projection;
    if (p == NULL)
        return;
    free(p->touched);
    free(p->slots);
    free(p->moved);
    free(p);
    *projection = NULL;
}

/* ---- the engagements of this batch */

/* Seeded, since anybody may choose the id of a subject. */
static size_t slot_of(const struct projection *p, const uint8_t id[static 16])
{
    uint64_t h = (get_u64(id) ^ p->seed) * 0x9e3779b97f4a7c15U;
    h = (h ^ h >> 31 ^ get_u64(id + 8)) * (p->seed | 1);
    return (size_t)(h >> 32) & (p->n_slots - 1);
}

static void place(struct projection *p, uint32_t index)
{
    size_t at = slot_of(p, p->touched[index].now.id);
    while (p->slots[at] != NONE)
        at = (at + 1) & (p->n_slots - 1);
    p->slots[at] = index;
}

static struct touched *add_touched(struct projection *p, const struct touched *touched)
{
    if (p->n_touched == p->cap_touched) {
        p->cap_touched = p->cap_touched > 0 ? 2 * p->cap_touched : 32;
        p->touched = mem_resize(p->touched, p->cap_touched * sizeof *p->touched);
    }
    p->touched[p->n_touched++] = *touched;
    if (2 * p->n_touched <= p->n_slots) {
        place(p, (uint32_t)(p->n_touched - 1));
        return &p->touched[p->n_touched - 1];
    }
    p->n_slots *= 2;
    p->slots = mem_resize(p->slots, p->n_slots * sizeof *p->slots);
    memset(p->slots, 0xff, p->n_slots * sizeof *p->slots);
    for (size_t i = 0; i < p->n_touched; i++)
        place(p, (uint32_t)i);
    return &p->touched[p->n_touched - 1];
}

struct touched *projection_find(struct projection *p, const uint8_t id[static 16])
{
    for (size_t at = slot_of(p, id); p->slots[at] != NONE; at = (at + 1) & (p->n_slots - 1))
        if (memcmp(p->touched[p->slots[at]].now.id, id, 16) == 0)
            return &p->touched[p->slots[at]];
    struct touched touched = { 0 };
    if (!names_find(p->names, p->txn, id, &touched.ordinal))
        return NULL;
    if (!standing_read(p->txn, touched.ordinal, &touched.before)) {
        /* To make it a second time would count it twice. */
        db_fail(p->txn, fail(E_CORRUPT, "engagement %u of the view is not there", touched.ordinal));
        return NULL;
    }
    touched.now = touched.before;
    return add_touched(p, &touched);
}

struct touched *projection_find_or_make(struct projection *p, const uint8_t id[static 16])
{
    struct touched *found = projection_find(p, id);
    if (found != NULL)
        return found;
    struct touched fresh = { .ordinal = p->meta->engagements++, .fresh = true };
    memcpy(fresh.now.id, id, 16);
    fresh.now.author = NONE;
    fresh.now.flags = ROW_WITHDRAWN;
    return add_touched(p, &fresh);
}

/* ---- the end of a batch */

bool projection_same_terms(const struct terms_author *a, const struct terms_author *b)
{
    return a->level == b->level && strcmp(a->state, b->state) == 0 && strcmp(a->geoid, b->geoid) == 0;
}

static int by_ordinal(const void *a, const void *b)
{
    const struct touched *left = a, *right = b;
    return (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

static void sort_touched(struct projection *p)
{
    size_t sorted = 1;
    while (sorted < p->n_touched && p->touched[sorted - 1].ordinal < p->touched[sorted].ordinal)
        sorted++;
    if (sorted < p->n_touched)
        qsort(p->touched, p->n_touched, sizeof *p->touched, by_ordinal);
}

static void touch_ordinal(struct projection *p, size_t sorted, uint32_t ordinal)
{
    struct touched touched = { .ordinal = ordinal };
    if (sorted > 0 && bsearch(&touched, p->touched, sorted, sizeof *p->touched, by_ordinal) != NULL)
        return;
    if (!standing_read(p->txn, ordinal, &touched.before))
        return;
    touched.now = touched.before;
    add_touched(p, &touched);
}

/* All that an author speaks for must be indexed anew when he moves to another state. */
static enum err touch_moved(struct projection *p)
{
    size_t sorted = p->n_touched;
    uint32_t pieces = (p->meta->engagements >> 16) + 1;
    AUTO(free_ptr) uint16_t *list = p->n_moved > 0 ? mem_alloc(PIECE_ORDINALS * sizeof *list) : NULL;
    for (size_t i = 0; i < p->n_moved; i++) {
        char term[MAX_TERM_BYTES + 1], index[12];
        snprintf(index, sizeof index, "%u", p->moved[i].author);
        size_t len = term_write(field_find("by"), index, term);
        for (uint32_t number = 0; number < pieces; number++) {
            AUTO(piece_free) struct piece *piece = NULL;
            TRY(postings_get(p->txn, VIEW_POSTINGS, bytes_of(term, len), number, &piece));
            size_t count = piece_list(piece, list);
            for (size_t k = 0; k < count; k++)
                touch_ordinal(p, sorted, number << 16 | list[k]);
        }
    }
    return E_OK;
}

static struct terms_author terms_before(const struct projection *p, uint32_t author)
{
    for (size_t i = 0; i < p->n_moved; i++)
        if (p->moved[i].author == author)
            return p->moved[i].before;
    return speaker_terms(speakers_at(p->authors, author));
}

struct telling {
    struct changes *changes;
    void (*tell)(struct changes *changes, struct bytes term);
};

static void tell_term(void *context, struct bytes term)
{
    const struct telling *telling = context;
    telling->tell(telling->changes, term);
}

/* The terms of what stands in row, one of t's; its start goes to *start. */
static enum err tell_terms(struct projection *p, const struct touched *t, const struct standing *row,
                           const struct terms_author *author, struct telling *telling, uint32_t *start)
{
    struct header header;
    struct bytes payload = t->payload;
    struct engagement engagement;
    if (payload.data == NULL || t->position != row->position)
        TRY(standing_load(p->log, row->position, &header, &payload));
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    bool readable = payload.data != NULL && engagement_read(payload, arena, &engagement) == E_OK;
    *start = readable ? terms_start(&engagement) : 0;
    terms_each(readable ? &engagement : NULL, author, standing_known_flags(row), tell_term, telling);
    return E_OK;
}

static bool is_indexed_alike(const struct standing *a, const struct standing *b)
{
    return a->flags == b->flags && a->author == b->author && a->position == b->position;
}

static enum err index_one(struct projection *p, struct changes *changes, struct touched *t)
{
    struct telling had = { changes, changes_had }, has = { changes, changes_has };
    struct terms_author before = { 0 }, now = { 0 };
    uint32_t ignored;
    bool was = !t->fresh && standing_is_live(&t->before), is = standing_is_live(&t->now);
    if (was)
        before = terms_before(p, t->before.author);
    if (is)
        now = speaker_terms(speakers_at(p->authors, t->now.author));
    if (was && is && is_indexed_alike(&t->before, &t->now) && projection_same_terms(&before, &now))
        return E_OK;
    changes_begin(changes, t->ordinal);
    if (was)
        TRY(tell_terms(p, t, &t->before, &before, &had, &ignored));
    if (is)
        TRY(tell_terms(p, t, &t->now, &now, &has, &t->now.start));
    changes_end(changes);
    return E_OK;
}

static void write_rows(struct projection *p)
{
    for (size_t i = 0; i < p->n_touched; i++) {
        const struct touched *t = &p->touched[i];
        standing_write(p->txn, t->ordinal, &t->now, t->fresh);
        if (t->fresh)
            names_add(p->names, p->txn, t->now.id, t->ordinal);
    }
    names_settle(p->names, p->txn, p->meta->engagements);
}

enum err projection_finish(struct projection *p)
{
    AUTO(changes_free) struct changes *changes = changes_new();
    sort_touched(p);
    TRY(touch_moved(p));
    sort_touched(p);
    for (size_t i = 0; i < p->n_touched; i++)
        TRY(index_one(p, changes, &p->touched[i]));
    write_rows(p);
    return changes_write(changes, p->txn, VIEW_POSTINGS);
}
