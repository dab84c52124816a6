#include "hubd/view/shown.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define USUAL "id,kind,title,partners,countries,state,start,end,status,by,ref"

struct column {
    const char *name;
    const char *alias;
    json_t *(*value)(const struct shown *shown); /* NULL or null: none */
    bool plain;                                  /* does not need the statement */
    bool sortable;
};

/* ---- values. Those of the statement are called for readable ones only. */

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *word_or_null(const char *type, int value)
{
    char word[64];
    if (value == 0)
        return json_null();
    statement_word(statement_enum(type), value, word, sizeof word);
    return json_string(word);
}

static json_t *date_or_null(uint32_t date)
{
    char text[11];
    if (date == 0)
        return json_null();
    /* One that no calendar has is shown as it was written. */
    if (date_year(date) != 0)
        date_format(date, text);
    else
        snprintf(text, sizeof text, "%" PRIu32, date);
    return json_string(text);
}

static bool has_text(const json_t *list, const char *text)
{
    size_t i;
    json_t *held;
    json_array_foreach(list, i, held)
    {
        if (strcmp(json_string_value(held), text) == 0)
            return true;
    }
    return false;
}

static json_t *value_id(const struct shown *s)
{
    char text[ID16_TEXT_LEN + 1];
    id16_encode(s->row.id, text);
    return json_string(text);
}

static json_t *value_kind(const struct shown *s)
{
    return word_or_null("Kind", s->engagement.kind);
}

static json_t *value_title(const struct shown *s)
{
    return text_or_null(s->engagement.title);
}

static json_t *value_partners(const struct shown *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->engagement.n_partners; i++)
        json_array_append_new(list, json_string(s->engagement.partners[i].name));
    return list;
}

static json_t *value_countries(const struct shown *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->engagement.n_partners; i++) {
        const char *code = s->engagement.partners[i].country;
        if (code[0] != '\0' && !has_text(list, code))
            json_array_append_new(list, json_string(code));
    }
    return list;
}

static void join_state(void *context, const char *state)
{
    struct buf *out = context;
    if (strcmp(state, "none") != 0)
        buf_printf(out, "%s%s", out->len > 0 ? "," : "", state);
}

static json_t *value_state(const struct shown *s)
{
    AUTO(buf_clear) struct buf joined = { 0 };
    terms_states(&s->engagement, &s->facts, join_state, &joined);
    return text_or_null(buf_string(&joined));
}

static json_t *value_start(const struct shown *s)
{
    return date_or_null(s->engagement.start);
}

static json_t *value_end(const struct shown *s)
{
    return date_or_null(s->engagement.end);
}

static json_t *value_status(const struct shown *s)
{
    return word_or_null("Status", s->engagement.status);
}

static json_t *value_by(const struct shown *s)
{
    char label[2 * HASH_BYTES + 1];
    speaker_label(&s->author, label);
    return json_string(label);
}

static json_t *value_ref(const struct shown *s)
{
    char label[2 * HASH_BYTES + 1], prefix[9];
    speaker_label(&s->author, label);
    hex_encode(s->record.b, 4, prefix);
    return json_sprintf("%s/%" PRIu64 "@%s", label, s->row.seq, prefix);
}

static json_t *value_themes(const struct shown *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->engagement.n_themes; i++)
        json_array_append_new(list, word_or_null("Theme", s->engagement.themes[i]));
    return list;
}

static json_t *value_instrument(const struct shown *s)
{
    return word_or_null("Instrument", s->engagement.instrument);
}

static json_t *value_verification(const struct shown *s)
{
    return word_or_null("Verification", s->engagement.verification != 0 ? s->engagement.verification : 1);
}

static json_t *value_sources(const struct shown *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->engagement.n_sources; i++) {
        const struct engagement_source *source = &s->engagement.sources[i];
        json_t *year = source->label_year != 0 ? json_integer(source->label_year) : json_null();
        json_array_append_new(list, json_pack("{ss ss so so so}", "dataset", source->dataset, "key",
                                              source->key, "label", text_or_null(source->label), "label_year",
                                              year, "as_of", date_or_null(source->as_of)));
    }
    return list;
}

static json_t *value_network(const struct shown *s)
{
    return text_or_null(s->engagement.network);
}

static json_t *value_accounts(const struct shown *s)
{
    return json_integer(s->row.accounts);
}

static json_t *value_flags(const struct shown *s)
{
    const struct engagement *e = s->readable ? &s->engagement : NULL;
    unsigned flags = terms_flags(e, &s->facts, standing_known_flags(&s->row));
    json_t *list = json_array();
    for (unsigned n = 0; n < N_FLAGS; n++)
        if ((flags & 1U << n) != 0)
            json_array_append_new(list, json_string(flag_word(n)));
    return list;
}

static json_t *value_seq(const struct shown *s)
{
    return json_integer((json_int_t)s->row.seq);
}

static json_t *value_position(const struct shown *s)
{
    return json_integer((json_int_t)s->row.position);
}

static json_t *value_us(const struct shown *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->engagement.n_us; i++)
        json_array_append_new(list, json_pack("{so so}", "geoid", text_or_null(s->engagement.us[i].geoid),
                                              "name", text_or_null(s->engagement.us[i].name)));
    return list;
}

static json_t *value_url(const struct shown *s)
{
    return text_or_null(s->engagement.url);
}

static json_t *value_summary(const struct shown *s)
{
    return text_or_null(s->engagement.summary);
}

static json_t *value_form(const struct shown *s)
{
    return text_or_null(s->engagement.form_given);
}

static json_t *value_year(const struct shown *s)
{
    uint32_t year = s->engagement.year != 0 ? s->engagement.year : date_year(s->engagement.start);
    return year != 0 ? json_integer(year) : json_null();
}

static json_t *value_reporting_name(const struct shown *s)
{
    return text_or_null(s->author.title);
}

static json_t *value_time(const struct shown *s)
{
    char text[25];
    time_format(s->header.time_ms, text);
    return json_string(text);
}

static const struct column columns[] = {
    { "id", "engagement", value_id, true, true },
    { "kind", "kinds", value_kind, false, true },
    { "title", "titles", value_title, false, true },
    { "partners", "partner", value_partners, false, true },
    { "countries", "country", value_countries, false, true },
    { "state", "states", value_state, false, true },
    { "start", "starts", value_start, false, true },
    { "end", "ends", value_end, false, true },
    { "status", "statuses", value_status, false, true },
    { "by", "author", value_by, true, true },
    { "ref", "refs", value_ref, false, true },
    { "themes", "theme", value_themes, false, true },
    { "instrument", "instruments", value_instrument, false, true },
    { "verification", "verifications", value_verification, false, true },
    { "sources", "source", value_sources, false, false },
    { "network", "networks", value_network, false, true },
    { "accounts", "account", value_accounts, true, true },
    { "flags", "flag", value_flags, false, true },
    { "seq", "seqs", value_seq, true, true },
    { "position", "positions", value_position, true, true },
    { "us", "places", value_us, false, false },
    { "url", "urls", value_url, false, true },
    { "summary", "summaries", value_summary, false, true },
    { "form", "forms", value_form, false, true },
    { "year", "years", value_year, false, true },
    { "reporting_name", "reporter", value_reporting_name, true, true },
    { "time", "times", value_time, false, true },
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

/* ---- names */

static enum err find_column(const char *name, const struct column **out)
{
    const struct column *nearest = NULL;
    unsigned distance = 4;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        *out = &columns[i];
        if (strcmp(columns[i].name, name) == 0 || strcmp(columns[i].alias, name) == 0)
            return E_OK;
        unsigned d = text_distance(columns[i].name, name);
        nearest = d < distance ? &columns[i] : nearest;
        distance = d < distance ? d : distance;
    }
    *out = NULL;
    if (nearest != NULL)
        return fail(E_USAGE, "there is no field %.40s: did you mean %s?", name, nearest->name);
    return fail(E_USAGE, "there is no field %.40s: see 'nodectl query --help' for their names", name);
}

enum err columns_parse(const char *text, struct columns *out)
{
    *out = (struct columns){ 0 };
    if (text == NULL || text[0] == '\0')
        text = USUAL;
    if (strcmp(text, "all") == 0) {
        for (size_t i = 0; i < N_COLUMNS; i++)
            out->list[out->count++] = &columns[i];
        return E_OK;
    }
    for (const char *at = text; at != NULL;) {
        char name[64];
        size_t len = strcspn(at, ",");
        if (out->count == sizeof out->list / sizeof out->list[0])
            return fail(E_TOO_BIG, "there are more fields asked for than there are");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name), at);
        TRY(find_column(name, &out->list[out->count++]));
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return E_OK;
}

enum err column_of_sort(const char *text, const struct column **out, bool *descending)
{
    *descending = text[0] == '-';
    TRY(find_column(text + *descending, out));
    if (!(*out)->sortable)
        return fail(E_USAGE, "%s is a list of several things: there is no order to sort it by", (*out)->name);
    return E_OK;
}

const char *column_name(const struct column *column)
{
    return column->name;
}

bool column_needs_statement(const struct column *column)
{
    return !column->plain;
}

/* ---- loading */

void shown_clear(struct shown *shown)
{
    arena_free(&shown->arena);
}

static enum err load_statement(struct snapshot *snapshot, struct shown *out)
{
    struct bytes entry, salted, payload;
    TRY(store_at(snapshot->log, out->row.position, &entry, &salted));
    TRY(standing_load(snapshot->log, out->row.position, &out->header, &payload));
    out->record = hash_leaf(entry);
    out->arena = arena_new(MAX_DECODE_BYTES);
    out->readable = payload.data != NULL && engagement_read(payload, out->arena, &out->engagement) == E_OK;
    return E_OK;
}

enum err shown_load(struct snapshot *snapshot, uint32_t ordinal, bool statement, struct shown *out)
{
    shown_clear(out);
    *out = (struct shown){ 0 };
    if (!standing_read(snapshot->txn, ordinal, &out->row))
        return fail(E_CORRUPT, "engagement %" PRIu32 " of the view is not there", ordinal);
    if (!speaker_read(snapshot->txn, out->row.author, &out->author))
        return fail(E_CORRUPT, "author %" PRIu32 " of the view is not there", out->row.author);
    out->facts = speaker_terms(&out->author);
    return statement ? load_statement(snapshot, out) : E_OK;
}

static bool is_of_record(const struct column *column)
{
    return column->plain || column->value == value_ref || column->value == value_time ||
           column->value == value_flags;
}

static json_t *value_of(const struct shown *shown, const struct column *column)
{
    return shown->readable || is_of_record(column) ? column->value(shown) : json_null();
}

enum err shown_row(const struct shown *shown, const struct columns *wanted, json_t **out)
{
    json_t *row = json_object();
    for (size_t i = 0; i < wanted->count; i++)
        if (json_object_set_new(row, wanted->list[i]->name, value_of(shown, wanted->list[i])) != 0) {
            json_decref(row);
            *out = NULL;
            return fail(E_IO, "no memory for a row");
        }
    *out = row;
    return E_OK;
}

/* ---- sorting */

static size_t text_key(const char *text, uint8_t *key)
{
    size_t n = 0;
    for (key[n++] = 0; *text != '\0' && n < MAX_SORT_KEY_BYTES; text++)
        key[n++] = (uint8_t)tolower((unsigned char)*text);
    return n;
}

static size_t json_key(const json_t *value, uint8_t *key)
{
    if (json_is_array(value))
        value = json_array_get(value, 0);
    if (json_is_string(value))
        return text_key(json_string_value(value), key);
    if (json_is_integer(value)) {
        key[0] = 0;
        put_u64(key + 1, (uint64_t)json_integer_value(value));
        return 9;
    }
    key[0] = 1;
    return 1;
}

size_t shown_key(const struct shown *shown, const struct column *column,
                 uint8_t key[static MAX_SORT_KEY_BYTES])
{
    json_t *value = value_of(shown, column);
    size_t len = json_key(value, key);
    json_decref(value);
    return len;
}
