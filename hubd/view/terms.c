#include "hubd/view/terms.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
    KIND_SISTER = 1,        /* Kind */
    STANDING_REPORTS = 2,   /* Standing */
    PARTY_ORGANISATION = 5, /* PartyType */
    PARTY_NET = 6,
    PARTY_OTHER = 11,
    PARTY_CENSUS_PLACE = 18,
    SELF_REPORTED = 1, /* Verification: what 0 means */
};
#define MAX_YEARS 150U

const struct field term_fields[] = {
    { "kind", "kinds", FIELD_ENUM, "Kind" },
    { "country", "countries", FIELD_COUNTRY, NULL },
    { "state", "states", FIELD_STATE, NULL },
    { "theme", "themes", FIELD_ENUM, "Theme" },
    { "status", "statuses", FIELD_ENUM, "Status" },
    { "instrument", "instruments", FIELD_ENUM, "Instrument" },
    { "verification", "verifications", FIELD_ENUM, "Verification" },
    { "by", "authors", FIELD_AUTHOR, NULL },
    { "year", "years", FIELD_DIGITS, NULL },
    { "network", "networks", FIELD_FOLDED, NULL },
    { "geoid", "geoids", FIELD_DIGITS, NULL },
    { "dataset", "datasets", FIELD_FOLDED, NULL },
    { "form", "forms", FIELD_GIVEN, NULL },
    { "flag", "flags", FIELD_FLAG, NULL },
};
const size_t n_term_fields = sizeof term_fields / sizeof term_fields[0];

static const char *const flag_words[N_FLAGS] = { "no-geoid", "cdp",        "unknown-country", "bad-date",
                                                 "clock",    "no-country", "no-lead",         "unreadable" };

const struct field *field_find(const char *name)
{
    for (size_t i = 0; i < n_term_fields; i++)
        if (strcmp(term_fields[i].name, name) == 0 || strcmp(term_fields[i].plural, name) == 0)
            return &term_fields[i];
    return NULL;
}

const char *flag_word(unsigned n)
{
    return flag_words[n];
}

uint32_t date_year(uint32_t date)
{
    uint32_t year = date / 10000, month = date / 100 % 100, day = date % 100;
    bool good = year >= 1000 && year <= 9999 && month <= 12 && day <= 31 && (month != 0 || day == 0);
    return good ? year : 0;
}

uint32_t terms_start(const struct engagement *e)
{
    if (e->start != 0 || e->year < 1000 || e->year > 9999)
        return e->start;
    return e->year * 10000;
}

/* ---- flags */

static bool is_place(const struct engagement_party *party)
{
    return party->type != PARTY_NET && party->type != PARTY_ORGANISATION;
}

static unsigned country_flags(const struct engagement *e)
{
    size_t places = e->kind == KIND_SISTER ? 1 : 0, with_country = 0;
    unsigned flags = 0;
    for (size_t i = 0; i < e->n_partners; i++) {
        const struct engagement_party *p = &e->partners[i];
        places += is_place(p);
        with_country += p->country[0] != '\0';
        if (p->country[0] != '\0' && !code_is_country(p->country))
            flags |= FLAG_UNKNOWN_COUNTRY;
    }
    if (places > 0 && with_country == 0)
        flags |= FLAG_NO_COUNTRY;
    return flags;
}

static bool is_cdp(uint32_t type, const char *geoid)
{
    return type == PARTY_CENSUS_PLACE || (type == PARTY_OTHER && strlen(geoid) == 7);
}

static unsigned place_flags(const struct engagement *e, const struct terms_author *author)
{
    if (e->n_us == 0) {
        if (author->geoid[0] == '\0')
            return FLAG_NO_GEOID;
        return is_cdp(author->level, author->geoid) ? FLAG_CDP : 0;
    }
    unsigned flags = 0;
    for (size_t i = 0; i < e->n_us; i++) {
        if (e->us[i].geoid[0] == '\0')
            flags |= FLAG_NO_GEOID;
        if (is_cdp((uint32_t)e->us[i].type, e->us[i].geoid))
            flags |= FLAG_CDP;
    }
    return flags;
}

static bool dates_are_bad(const struct engagement *e)
{
    if (e->start != 0 && date_year(e->start) == 0)
        return true;
    if (e->end == 0)
        return false;
    /* 2014 may end in 2014-06, though 20140000 is the smaller number: compare what both know. */
    bool years_only = e->end % 10000 == 0 || e->start % 10000 == 0;
    uint32_t unit = years_only ? 10000 : e->end % 100 == 0 || e->start % 100 == 0 ? 100 : 1;
    return date_year(e->end) == 0 || e->end / unit < e->start / unit;
}

unsigned terms_flags(const struct engagement *e, const struct terms_author *author, unsigned known)
{
    if (e == NULL)
        return known | FLAG_UNREADABLE;
    return known | country_flags(e) | place_flags(e, author) | (dates_are_bad(e) ? FLAG_BAD_DATE : 0U);
}

/* ---- writing terms */

/* At most room bytes of text, cut at a whole character. */
static size_t cut_length(const char *text, size_t room)
{
    size_t len = strnlen(text, room + 1);
    if (len <= room)
        return len;
    len = room;
    while (len > 0 && ((unsigned char)text[len] & 0xC0U) == 0x80)
        len--;
    return len;
}

static size_t write_term(const char *field, const char *value, bool fold, char *out)
{
    size_t n = strlen(field);
    memcpy(out, field, n);
    out[n++] = ':';
    size_t len = cut_length(value, MAX_TERM_BYTES - n);
    for (size_t i = 0; i < len; i++)
        out[n + i] = fold ? (char)tolower((unsigned char)value[i]) : value[i];
    out[n + len] = '\0';
    return n + len;
}

size_t term_write(const struct field *field, const char *value, char out[static MAX_TERM_BYTES + 1])
{
    return write_term(field->name, value, field->form == FIELD_FOLDED, out);
}

struct emitter {
    void (*each)(void *context, struct bytes term);
    void *context;
    size_t words;
};

static void emit(struct emitter *out, const char *field, const char *value, bool fold)
{
    char term[MAX_TERM_BYTES + 1];
    size_t len = write_term(field, value, fold, term);
    out->each(out->context, bytes_of(term, len));
}

static void emit_text(struct emitter *out, const char *field, const char *value, bool fold)
{
    emit(out, field, value[0] != '\0' ? value : "none", fold);
}

static void emit_number(struct emitter *out, const char *field, uint32_t value)
{
    char text[11] = "0000000000";
    size_t at = 10;
    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    emit(out, field, text + at, false);
}

static void emit_enum(struct emitter *out, const char *field, const char *type, int value)
{
    char word[64] = "none";
    if (value != 0)
        statement_word(statement_enum(type), value, word, sizeof word);
    emit(out, field, word, false);
}

static void emit_word(void *context, const char *word, size_t len)
{
    struct emitter *out = context;
    if (out->words++ >= MAX_STATEMENT_WORDS)
        return;
    char term[5 + 64] = "word:";
    memcpy(term + 5, word, len);
    out->each(out->context, bytes_of(term, 5 + len));
}

static void emit_words(struct emitter *out, const char *text)
{
    if (text[0] != '\0')
        text_words(bytes_text(text), emit_word, out);
}

/* ---- the parts of a statement */

static void emit_codes(struct emitter *out, const struct engagement *e)
{
    emit_enum(out, "kind", "Kind", e->kind);
    emit_enum(out, "status", "Status", e->status);
    emit_enum(out, "instrument", "Instrument", e->instrument);
    emit_enum(out, "verification", "Verification", e->verification != 0 ? e->verification : SELF_REPORTED);
    for (size_t i = 0; i < e->n_themes; i++)
        emit_enum(out, "theme", "Theme", e->themes[i]);
    if (e->n_themes == 0)
        emit(out, "theme", "none", false);
}

static void emit_partners(struct emitter *out, const struct engagement *e)
{
    bool any = false;
    for (size_t i = 0; i < e->n_partners; i++) {
        const struct engagement_party *p = &e->partners[i];
        emit_words(out, p->name);
        emit_words(out, p->region_name);
        if (p->country[0] == '\0')
            continue;
        emit(out, "country", p->country, false);
        any = true;
    }
    if (!any)
        emit(out, "country", "none", false);
}

static void emit_places(struct emitter *out, const struct engagement *e, const struct terms_author *author)
{
    bool any = false;
    for (size_t i = 0; i < e->n_us; i++) {
        emit_words(out, e->us[i].name);
        if (e->us[i].geoid[0] == '\0')
            continue;
        emit(out, "geoid", e->us[i].geoid, false);
        any = true;
    }
    if (!any)
        emit_text(out, "geoid", e->n_us == 0 && e->standing != STANDING_REPORTS ? author->geoid : "", false);
}

static bool state_of_party(const struct engagement_party *party, char state[static STATE_BYTES])
{
    if (code_state(party->region, state))
        return true;
    return party->region[0] == '\0' && code_state_of_geoid(party->geoid, state);
}

void terms_states(const struct engagement *e, const struct terms_author *author,
                  void (*each)(void *context, const char *state), void *context)
{
    char seen[64][STATE_BYTES]; /* there are 57 */
    size_t n = 0;
    for (size_t i = 0; i < e->n_us && n < 64; i++) {
        if (!state_of_party(&e->us[i], seen[n]))
            continue;
        bool again = false;
        for (size_t k = 0; k < n; k++)
            again |= strcmp(seen[k], seen[n]) == 0;
        if (!again)
            each(context, seen[n++]);
    }
    if (n > 0)
        return;
    bool own = e->standing != STANDING_REPORTS && author->state[0] != '\0';
    each(context, own ? author->state : "none");
}

static void emit_state(void *context, const char *state)
{
    emit(context, "state", state, false);
}

static void emit_years(struct emitter *out, const struct engagement *e)
{
    uint32_t first = date_year(terms_start(e)), last = date_year(e->end);
    if (first != 0) {
        emit_number(out, "from", first);
        emit_number(out, "decade", first / 10);
        emit_number(out, "century", first / 100);
    }
    if (first == 0)
        first = last;
    if (e->year >= 1000 && e->year <= 9999)
        first = last = e->year;
    if (first == 0) {
        emit(out, "year", "none", false);
        return;
    }
    emit_number(out, "year", first);
    for (uint32_t year = first + 1; year <= last && year - first < MAX_YEARS; year++)
        emit_number(out, "year", year);
}

static void emit_sources(struct emitter *out, const struct engagement *e)
{
    for (size_t i = 0; i < e->n_sources; i++)
        emit_text(out, "dataset", e->sources[i].dataset, true);
    if (e->n_sources == 0)
        emit(out, "dataset", "none", false);
}

static void emit_flags(struct emitter *out, unsigned flags)
{
    for (unsigned n = 0; n < N_FLAGS; n++)
        if ((flags & 1U << n) != 0)
            emit(out, "flag", flag_words[n], false);
    if (flags == 0)
        emit(out, "flag", "none", false);
}

/* An unreadable statement is missing everything, so that counts by any field still add up. */
static void emit_nothing(struct emitter *out)
{
    for (size_t i = 0; i < n_term_fields; i++)
        if (term_fields[i].form != FIELD_AUTHOR && term_fields[i].form != FIELD_FLAG)
            emit(out, term_fields[i].name, "none", false);
}

void terms_each(const struct engagement *e, const struct terms_author *author, unsigned known,
                void (*each)(void *context, struct bytes term), void *context)
{
    struct emitter out = { each, context, 0 };
    each(context, bytes_text("all"));
    emit_number(&out, "by", author->index);
    emit_flags(&out, terms_flags(e, author, known));
    if (e == NULL) {
        emit_nothing(&out);
        return;
    }
    emit_codes(&out, e);
    emit_words(&out, e->title);
    emit_partners(&out, e);
    emit_places(&out, e, author);
    terms_states(e, author, emit_state, &out);
    emit_years(&out, e);
    emit_text(&out, "network", e->network, true);
    emit_words(&out, e->network);
    emit_text(&out, "form", e->form_given, false);
    emit_sources(&out, e);
    emit_words(&out, e->summary);
}
