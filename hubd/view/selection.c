#include "hubd/view/selection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MAX_SPELLINGS 4096U /* of one field, among which one in any case is looked for */

/* A match made ready: terms of which any (or for words, all) are asked for, and what must be looked at. */
struct ready {
    const struct match *match;
    char (*terms)[MAX_TERM_BYTES + 1];
    size_t n_terms;
    uint32_t *ordinals; /* id */
    size_t n_ordinals;
};

struct step {
    bool negated;
    unsigned rank; /* cheap ones first */
    struct ready *any;
    size_t n_any;
};

struct selection {
    struct snapshot *s;
    struct step steps[MAX_QUERY_TERMS];
    size_t n_steps;
    unsigned spent;
};

enum err selection_spend(struct selection *selection, unsigned cost, const char *what)
{
    selection->spent += cost;
    if (selection->spent <= LOOK_BUDGET)
        return E_OK;
    return fail(E_TOO_BIG,
                "%s would have to look into more than %u engagements one by one: narrow the question", what,
                LOOK_BUDGET / cost);
}

uint32_t selection_pieces(const struct selection *selection)
{
    uint32_t engagements = selection->s->meta.engagements;
    return engagements > 0 ? ((engagements - 1) >> 16) + 1 : 0;
}

/* ---- making ready */

static void add_term(struct ready *ready, const char *text, size_t len)
{
    ready->terms = mem_resize(ready->terms, (ready->n_terms + 1) * sizeof *ready->terms);
    memcpy(ready->terms[ready->n_terms], text, len);
    ready->terms[ready->n_terms++][len] = '\0';
}

static void add_text(struct ready *ready, const char *text)
{
    add_term(ready, text, strlen(text));
}

static void ready_author(struct selection *selection, struct ready *ready)
{
    uint32_t index;
    char term[24];
    if (!speaker_lookup(selection->s->txn, ready->match->text, &index))
        return;
    snprintf(term, sizeof term, "by:%" PRIu32, index);
    add_text(ready, term);
}

static void ready_words(struct ready *ready)
{
    for (size_t i = 0; i < ready->match->n_words; i++) {
        char term[5 + MAX_WORD_BYTES + 1];
        snprintf(term, sizeof term, "word:%s", ready->match->words[i]);
        add_text(ready, term);
    }
}

static bool add_ordinal(void *context, uint32_t ordinal)
{
    struct ready *ready = context;
    ready->ordinals = mem_resize(ready->ordinals, (ready->n_ordinals + 1) * sizeof *ready->ordinals);
    ready->ordinals[ready->n_ordinals++] = ordinal;
    return ready->n_ordinals < MAX_PAGE_ROWS;
}

static int compare_u32(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void make_ready(struct selection *selection, struct ready *ready)
{
    const struct match *match = ready->match;
    switch (match->form) {
    case MATCH_TERM:
        add_text(ready, match->text);
        break;
    case MATCH_AUTHOR:
        ready_author(selection, ready);
        break;
    case MATCH_WORDS:
    case MATCH_PHRASE:
        ready_words(ready);
        break;
    case MATCH_ID:
        names_range(selection->s->txn, match->low, match->high, add_ordinal, ready);
        if (ready->n_ordinals > 0)
            qsort(ready->ordinals, ready->n_ordinals, sizeof *ready->ordinals, compare_u32);
        break;
    default: /* found by walking over the terms of each piece */
        break;
    }
}

static unsigned rank_of(const struct match *match)
{
    if (match->form == MATCH_PHRASE)
        return 2;
    return (match->form == MATCH_SINCE || match->form == MATCH_UNTIL) && match->date % 10000 != 0 ? 1 : 0;
}

static void make_step(struct selection *selection, const struct clause *clause, struct step *step)
{
    step->negated = clause->negated;
    step->any = mem_alloc(clause->n_any * sizeof *step->any);
    step->n_any = clause->n_any;
    for (size_t i = 0; i < clause->n_any; i++) {
        step->any[i].match = &clause->any[i];
        unsigned rank = rank_of(&clause->any[i]);
        step->rank = rank > step->rank ? rank : step->rank;
        make_ready(selection, &step->any[i]);
    }
}

static int compare_steps(const void *a, const void *b)
{
    const struct step *left = a, *right = b;
    unsigned l = 2 * left->rank + left->negated, r = 2 * right->rank + right->negated;
    return (l > r) - (l < r);
}

enum err selection_new(struct snapshot *snapshot, const struct query *query, struct selection **out)
{
    *out = NULL;
    AUTO(selection_free) struct selection *selection = mem_alloc(sizeof *selection);
    selection->s = snapshot;
    for (size_t i = 0; i < query->n_clauses; i++)
        make_step(selection, &query->clauses[i], &selection->steps[selection->n_steps++]);
    TRY(db_error(snapshot->txn));
    qsort(selection->steps, selection->n_steps, sizeof *selection->steps, compare_steps);
    *out = selection;
    selection = NULL;
    return E_OK;
}

void selection_free(struct selection **selection)
{
    if (*selection == NULL)
        return;
    for (size_t i = 0; i < (*selection)->n_steps; i++) {
        struct step *step = &(*selection)->steps[i];
        for (size_t k = 0; step->any != NULL && k < step->n_any; k++) {
            free(step->any[k].terms);
            free(step->any[k].ordinals);
        }
        free(step->any);
    }
    free(*selection);
    *selection = NULL;
}

/* ---- terms of one piece */

static enum err get(struct selection *selection, const char *term, uint32_t number, struct piece **out)
{
    return postings_get(selection->s->txn, VIEW_POSTINGS, bytes_text(term), number, out);
}

static enum err any_term(struct selection *selection, const struct ready *ready, uint32_t number,
                         struct piece **out)
{
    for (size_t i = 0; i < ready->n_terms; i++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(get(selection, ready->terms[i], number, &piece));
        piece_or(out, piece);
    }
    return E_OK;
}

static enum err every_term(struct selection *selection, const struct ready *ready, uint32_t number,
                           struct piece **out)
{
    TRY(get(selection, ready->terms[0], number, out));
    for (size_t i = 1; i < ready->n_terms && *out != NULL; i++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(get(selection, ready->terms[i], number, &piece));
        piece_and(out, piece);
    }
    return E_OK;
}

/* A walk over terms of one piece, whose members are joined. */
struct walk {
    struct piece *found;
    struct bytes last;  /* NULL: no last */
    const char *wanted; /* NULL: any; else in any case */
    size_t left;        /* terms that may still be looked at */
};

static bool join_term(void *context, struct bytes term, const struct piece *piece)
{
    struct walk *walk = context;
    if (walk->last.data != NULL && bytes_compare(term, walk->last) > 0)
        return false;
    if (walk->wanted == NULL || (strlen(walk->wanted) == term.len &&
                                 strncasecmp((const char *)term.data, walk->wanted, term.len) == 0))
        piece_or(&walk->found, piece);
    return walk->left-- > 1;
}

static enum err walk_terms(struct selection *selection, uint32_t number, const char *prefix,
                           const char *first, struct walk *walk)
{
    return postings_scan(selection->s->txn, VIEW_POSTINGS, number, bytes_text(prefix), bytes_text(first),
                         join_term, walk);
}

/* The spelling as given, and others among the first of the field. */
static enum err any_spelling(struct selection *selection, const struct match *match, uint32_t number,
                             struct piece **out)
{
    struct walk walk = { .wanted = match->text, .left = MAX_SPELLINGS };
    char prefix[MAX_TERM_BYTES + 1];
    TRY(get(selection, match->text, number, &walk.found));
    snprintf(prefix, sizeof prefix, "%.*s", (int)(strchr(match->text, ':') - match->text) + 1, match->text);
    enum err code = walk_terms(selection, number, prefix, prefix, &walk);
    *out = walk.found;
    return code;
}

/* Joins prefix:low to prefix:high, numbers of so many digits. */
static enum err join_span(struct selection *selection, uint32_t number, const char *prefix, int digits,
                          uint32_t low, uint32_t high, struct walk *walk)
{
    char first[24], last[24];
    if (low > high)
        return E_OK;
    snprintf(first, sizeof first, "%s%0*" PRIu32, prefix, digits, low);
    snprintf(last, sizeof last, "%s%0*" PRIu32, prefix, digits, high);
    walk->last = bytes_text(last);
    walk->left = SIZE_MAX;
    return walk_terms(selection, number, prefix, first, walk);
}

/* Whole years, by centuries and decades where they are whole, so that a long span is few terms. The year of a
 * finer date is not among them. */
static enum err join_years(struct selection *selection, const struct match *match, uint32_t number,
                           struct walk *walk)
{
    uint32_t year = match->date / 10000, decade = year / 10, century = year / 100;
    uint32_t border = match->date % 10000 != 0;
    if (match->form == MATCH_SINCE) {
        TRY(join_span(selection, number, "from:", 4, year + border, decade * 10 + 9, walk));
        TRY(join_span(selection, number, "decade:", 3, decade + 1, century * 10 + 9, walk));
        return join_span(selection, number, "century:", 2, century + 1, 99, walk);
    }
    TRY(join_span(selection, number, "from:", 4, decade * 10, year - border, walk));
    if (decade > century * 10)
        TRY(join_span(selection, number, "decade:", 3, century * 10, decade - 1, walk));
    return century > 0 ? join_span(selection, number, "century:", 2, 0, century - 1, walk) : E_OK;
}

static enum err whole_years(struct selection *selection, const struct match *match, uint32_t number,
                            struct piece **out)
{
    struct walk walk = { 0 };
    enum err code = join_years(selection, match, number, &walk);
    *out = walk.found;
    return code;
}

static void listed(const struct ready *ready, uint32_t number, struct piece **out)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc((ready->n_ordinals + 1) * sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < ready->n_ordinals; i++)
        if (ready->ordinals[i] >> 16 == number)
            values[n++] = (uint16_t)ready->ordinals[i];
    *out = piece_of(values, n);
}

/* ---- looking into engagements */

/* Could it be at or behind (since), at or before (until) that date, as far as both are known? */
static bool date_fits(const struct match *match, uint32_t start)
{
    uint32_t unit = match->date % 100 == 0 || start % 100 == 0 ? 100 : 1;
    if (start % 10000 == 0)
        unit = 10000;
    return match->form == MATCH_SINCE ? start / unit >= match->date / unit
                                      : start / unit <= match->date / unit;
}

/* Shift-and: bit i stands for the first i + 1 words just read. */
struct phrase {
    const struct match *match;
    uint32_t state;
    bool found;
};

static void next_word(void *context, const char *word, size_t len)
{
    struct phrase *phrase = context;
    uint32_t fits = 0, whole = 0;
    for (size_t i = 0; i < phrase->match->n_words; i++) {
        whole = UINT32_C(1) << i;
        const char *wanted = phrase->match->words[i];
        if (strlen(wanted) == len && memcmp(wanted, word, len) == 0)
            fits |= whole;
    }
    phrase->state = (phrase->state << 1 | 1) & fits;
    phrase->found |= (phrase->state & whole) != 0;
}

static void search(struct phrase *phrase, const char *text)
{
    phrase->state = 0;
    if (!phrase->found)
        text_words(bytes_text(text), next_word, phrase);
}

static void search_parties(struct phrase *phrase, const struct engagement_party *parties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        search(phrase, parties[i].name);
        search(phrase, parties[i].region_name);
    }
}

static bool has_phrase(const struct match *match, const struct engagement *e)
{
    struct phrase phrase = { .match = match };
    search(&phrase, e->title);
    search(&phrase, e->summary);
    search(&phrase, e->network);
    search_parties(&phrase, e->partners, e->n_partners);
    search_parties(&phrase, e->us, e->n_us);
    return phrase.found;
}

static enum err look_for_phrase(struct selection *selection, const struct match *match,
                                const struct standing *row, bool *fits)
{
    struct header header;
    struct bytes payload;
    struct engagement engagement;
    TRY(selection_spend(selection, COST_OF_STATEMENT, "a phrase"));
    TRY(standing_load(selection->s->log, row->position, &header, &payload));
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    *fits = payload.data != NULL && engagement_read(payload, arena, &engagement) == E_OK &&
            has_phrase(match, &engagement);
    return E_OK;
}

static enum err look(struct selection *selection, const struct match *match, uint32_t ordinal, bool *fits)
{
    struct standing row;
    TRY(selection_spend(selection, COST_OF_ROW, "a date"));
    if (!standing_read(selection->s->txn, ordinal, &row))
        return fail(E_CORRUPT, "engagement %" PRIu32 " is in the postings alone", ordinal);
    if (match->form == MATCH_PHRASE)
        return look_for_phrase(selection, match, &row, fits);
    *fits = date_fits(match, row.start);
    return E_OK;
}

/* Those of *piece that hold up to a look. */
static enum err look_at_all(struct selection *selection, const struct match *match, uint32_t number,
                            struct piece **piece)
{
    size_t count = piece_count(*piece), kept = 0;
    AUTO(free_ptr) uint16_t *values = mem_alloc((count + 1) * sizeof *values);
    piece_list(*piece, values);
    for (size_t i = 0; i < count; i++) {
        bool fits = false;
        TRY(look(selection, match, number << 16 | values[i], &fits));
        if (fits)
            values[kept++] = values[i];
    }
    piece_free(piece);
    *piece = piece_of(values, kept);
    return E_OK;
}

/* ---- the algebra */

/* Dates: whole years by their terms, the year of a finer date by a look at those in mask. */
static enum err dated(struct selection *selection, const struct match *match, uint32_t number,
                      const struct piece *mask, struct piece **out)
{
    char border[24];
    AUTO(piece_free) struct piece *piece = NULL;
    TRY(whole_years(selection, match, number, out));
    if (rank_of(match) == 0)
        return E_OK;
    snprintf(border, sizeof border, "from:%04" PRIu32, match->date / 10000);
    TRY(get(selection, border, number, &piece));
    piece_and(&piece, mask);
    TRY(look_at_all(selection, match, number, &piece));
    piece_or(out, piece);
    return E_OK;
}

/* The members of a match. Those outside mask need not be right: they are not looked at. */
static enum err members(struct selection *selection, const struct ready *ready, uint32_t number,
                        const struct piece *mask, struct piece **out)
{
    switch (ready->match->form) {
    case MATCH_ID:
        listed(ready, number, out);
        return E_OK;
    case MATCH_GIVEN:
        return any_spelling(selection, ready->match, number, out);
    case MATCH_SINCE:
    case MATCH_UNTIL:
        return dated(selection, ready->match, number, mask, out);
    case MATCH_WORDS:
        return every_term(selection, ready, number, out);
    case MATCH_PHRASE:
        TRY(every_term(selection, ready, number, out));
        piece_and(out, mask);
        return look_at_all(selection, ready->match, number, out);
    default:
        return any_term(selection, ready, number, out);
    }
}

static enum err apply(struct selection *selection, const struct step *step, uint32_t number,
                      struct piece **result)
{
    AUTO(piece_free) struct piece *any = NULL;
    for (size_t i = 0; i < step->n_any; i++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(members(selection, &step->any[i], number, *result, &piece));
        piece_or(&any, piece);
    }
    if (step->negated)
        piece_minus(result, any);
    else
        piece_and(result, any);
    return E_OK;
}

enum err selection_piece(struct selection *selection, uint32_t number, struct piece **out)
{
    AUTO(piece_free) struct piece *result = NULL;
    *out = NULL;
    TRY(get(selection, "all", number, &result));
    for (size_t i = 0; i < selection->n_steps && result != NULL; i++)
        TRY(apply(selection, &selection->steps[i], number, &result));
    *out = result;
    result = NULL;
    return E_OK;
}
