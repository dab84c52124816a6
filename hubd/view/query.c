#include "hubd/view/query.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MAX_NAME_CHARS 32U /* of a field */
#define NEAR 3U            /* edits up to which a word is taken for a slip */

/* ---- what was meant */

struct nearest {
    const char *to;
    char word[64];
    unsigned distance;
};

static void consider(struct nearest *nearest, const char *word)
{
    unsigned distance = text_distance(nearest->to, word);
    if (distance > NEAR || distance >= nearest->distance)
        return;
    nearest->distance = distance;
    snprintf(nearest->word, sizeof nearest->word, "%s", word);
}

static enum err unknown_field(const char *name)
{
    static const char *const others[] = { "since", "until", "id", "word" };
    struct nearest nearest = { .to = name, .distance = NEAR + 1 };
    for (size_t i = 0; i < n_term_fields; i++)
        consider(&nearest, term_fields[i].name);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        consider(&nearest, others[i]);
    if (nearest.word[0] != '\0')
        return fail(E_USAGE, "there is no field %s: did you mean %s?", name, nearest.word);
    return fail(
        E_USAGE,
        "there is no field %s: there are kind, country, state, theme, status, instrument, verification, by, "
        "year, since, until, network, geoid, dataset, form, flag, id and word; quote a text with a colon",
        name);
}

/* words: all that the field takes, with spaces between. */
static enum err unknown_value(const struct field *field, const char *value, const struct nearest *nearest,
                              const char *words)
{
    if (nearest->word[0] != '\0')
        return fail(E_USAGE, "%s has no value %.80s: did you mean %s?", field->name, value, nearest->word);
    return fail(E_USAGE, "%s has no value %.80s: it takes%s, none or a number", field->name, value, words);
}

/* ---- values, by form of the field. Each writes the value as it is indexed. */

static enum err enum_value(const struct field *field, const char *value, char *out, size_t size)
{
    const ProtobufCEnumDescriptor *type = statement_enum(field->enum_name);
    int number = 0;
    if (statement_value(type, value, &number)) {
        /* Nothing is ever indexed as unspecified: it is none, and of a verification it is the first word. */
        if (number == 0 && strcmp(field->name, "verification") != 0)
            snprintf(out, size, "none");
        else
            statement_word(type, number != 0 ? number : 1, out, size);
        return E_OK;
    }
    AUTO(buf_clear) struct buf words = { 0 };
    struct nearest nearest = { .to = value, .distance = NEAR + 1 };
    for (unsigned i = 0; i < type->n_values; i++) {
        char word[64];
        if (type->values[i].value == 0)
            continue;
        statement_word(type, type->values[i].value, word, sizeof word);
        buf_printf(&words, " %s", word);
        consider(&nearest, word);
    }
    return unknown_value(field, value, &nearest, buf_string(&words));
}

static enum err flag_value(const struct field *field, const char *value, char *out, size_t size)
{
    AUTO(buf_clear) struct buf words = { 0 };
    struct nearest nearest = { .to = value, .distance = NEAR + 1 };
    for (unsigned n = 0; n < N_FLAGS; n++) {
        if (strcmp(flag_word(n), value) == 0) {
            snprintf(out, size, "%s", value);
            return E_OK;
        }
        buf_printf(&words, " %s", flag_word(n));
        consider(&nearest, flag_word(n));
    }
    return unknown_value(field, value, &nearest, buf_string(&words));
}

static enum err country_value(const char *value, char *out)
{
    if (strlen(value) != 2 || !isalpha((unsigned char)value[0]) || !isalpha((unsigned char)value[1]))
        return fail(E_USAGE, "country takes two letters of ISO 3166-1 such as JP, or none, not %s", value);
    out[0] = (char)toupper((unsigned char)value[0]);
    out[1] = (char)toupper((unsigned char)value[1]);
    out[2] = '\0';
    return E_OK;
}

static enum err digits_value(const struct field *field, const char *value, char *out, size_t size)
{
    size_t len = strlen(value);
    if (len == 0 || len > 15 || strspn(value, "0123456789") != len)
        return fail(E_USAGE, "%s takes digits or none, not %s", field->name, value);
    snprintf(out, size, "%s", value);
    return E_OK;
}

static enum err field_value(const struct field *field, const char *value, char *out, size_t size)
{
    char state[STATE_BYTES];
    if (strcmp(value, "none") == 0 || field->form == FIELD_FOLDED || field->form == FIELD_GIVEN) {
        snprintf(out, size, "%s", value);
        return E_OK;
    }
    switch (field->form) {
    case FIELD_ENUM:
        return enum_value(field, value, out, size);
    case FIELD_COUNTRY:
        return country_value(value, out);
    case FIELD_DIGITS:
        return digits_value(field, value, out, size);
    case FIELD_FLAG:
        return flag_value(field, value, out, size);
    case FIELD_STATE:
        if (!code_state(value, state))
            return fail(E_USAGE, "state takes a state or territory such as OH or US-OH, or none, not %s",
                        value);
        snprintf(out, size, "%s", state);
        return E_OK;
    default:
        return E_OK;
    }
}

/* ---- matches */

static enum err field_match(const struct field *field, const char *value, struct match *out)
{
    if (field->form == FIELD_AUTHOR) {
        out->form = MATCH_AUTHOR;
        snprintf(out->text, sizeof out->text, "%s", value);
        return E_OK;
    }
    char indexed[MAX_TERM_BYTES + 1];
    TRY(field_value(field, value, indexed, sizeof indexed));
    out->form = field->form == FIELD_GIVEN ? MATCH_GIVEN : MATCH_TERM;
    term_write(field, indexed, out->text);
    return E_OK;
}

static void add_word(void *context, const char *word, size_t len)
{
    struct match *match = context;
    if (match->n_words < MAX_PHRASE_WORDS) {
        memcpy(match->words[match->n_words], word, len);
        match->words[match->n_words][len] = '\0';
    }
    match->n_words++;
}

static enum err words_match(const char *text, bool phrase, struct match *out)
{
    out->words = mem_alloc(MAX_PHRASE_WORDS * sizeof *out->words);
    text_words(bytes_text(text), add_word, out);
    if (out->n_words == 0)
        return fail(E_USAGE, "there is no word in '%s'", text);
    if (out->n_words > MAX_PHRASE_WORDS) {
        out->n_words = MAX_PHRASE_WORDS;
        return fail(E_TOO_BIG, "a text of the question has more than %u words", MAX_PHRASE_WORDS);
    }
    out->form = phrase && out->n_words > 1 ? MATCH_PHRASE : MATCH_WORDS;
    return E_OK;
}

static enum err date_match(enum match_form form, const char *name, const char *value, struct match *out)
{
    out->form = form;
    if (date_parse(value, &out->date) != E_OK || out->date == 0)
        return fail(E_USAGE, "%s takes a date such as 2022, 2022-06 or 2022-06-17, not %s", name, value);
    return E_OK;
}

static enum err id_match(const char *value, struct match *out)
{
    out->form = MATCH_ID;
    if (strlen(value) < 6 || id16_range(value, out->low, out->high) != E_OK)
        return fail(E_USAGE, "id takes an engagement's id or 6 and more characters of its beginning, not %s",
                    value);
    return E_OK;
}

/* field "" stands for a bare word. */
static enum err make_match(const char *name, const char *value, bool quoted, struct match *out)
{
    if (value[0] == '\0')
        return name[0] == '\0' ? fail(E_USAGE, "a word is missing around a comma, a minus or in empty quotes")
                               : fail(E_USAGE, "%s: needs a value", name);
    if (name[0] == '\0' || strcmp(name, "word") == 0)
        return words_match(value, quoted, out);
    if (strcmp(name, "since") == 0)
        return date_match(MATCH_SINCE, name, value, out);
    if (strcmp(name, "until") == 0)
        return date_match(MATCH_UNTIL, name, value, out);
    if (strcmp(name, "id") == 0)
        return id_match(value, out);
    const struct field *field = field_find(name);
    return field != NULL ? field_match(field, value, out) : unknown_field(name);
}

/* ---- the lexer */

struct lexer {
    const char *at;
    struct buf word; /* the last one read */
    bool quoted;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum err read_quoted(struct lexer *in)
{
    const char *end = strchr(in->at + 1, '"');
    if (end == NULL)
        return fail(E_USAGE, "the quotation mark before %.20s has no partner", in->at + 1);
    buf_append(&in->word, in->at + 1, (size_t)(end - in->at - 1));
    in->at = end + 1;
    in->quoted = true;
    return E_OK;
}

/* A quoted text, or what comes before a space, a quotation mark or one of stops. */
static enum err read_value(struct lexer *in, const char *stops)
{
    in->word.len = 0;
    in->quoted = false;
    if (*in->at == '"')
        return read_quoted(in);
    const char *start = in->at;
    while (*in->at != '\0' && !is_space(*in->at) && *in->at != '"' && strchr(stops, *in->at) == NULL)
        in->at++;
    buf_append(&in->word, start, (size_t)(in->at - start));
    return E_OK;
}

static enum err add_match(struct query *query, struct clause *clause, const char *name, struct lexer *in)
{
    if (query->n_matches++ >= MAX_QUERY_TERMS)
        return fail(E_TOO_BIG, "a question has at most %u terms", MAX_QUERY_TERMS);
    clause->any = mem_resize(clause->any, (clause->n_any + 1) * sizeof *clause->any);
    struct match *match = &clause->any[clause->n_any++];
    *match = (struct match){ 0 };
    return make_match(name, buf_string(&in->word), in->quoted, match);
}

/* FIELD:value,value or value,value; the first word is read already. */
static enum err read_clause(struct lexer *in, struct query *query, struct clause *clause)
{
    char name[MAX_NAME_CHARS + 1] = "";
    if (!in->quoted && *in->at == ':') {
        if (in->word.len == 0 || in->word.len > MAX_NAME_CHARS)
            return fail(E_USAGE, "there is no field's name before the colon of :%.20s", in->at + 1);
        snprintf(name, sizeof name, "%s", buf_string(&in->word));
        in->at++;
        TRY(read_value(in, ","));
    }
    TRY(add_match(query, clause, name, in));
    while (*in->at == ',') {
        in->at++;
        TRY(read_value(in, ","));
        TRY(add_match(query, clause, name, in));
    }
    return E_OK;
}

static enum err read_query(struct lexer *in, struct query *query)
{
    for (;;) {
        while (is_space(*in->at))
            in->at++;
        if (*in->at == '\0')
            return E_OK;
        if (query->n_clauses >= MAX_QUERY_TERMS)
            return fail(E_TOO_BIG, "a question has at most %u terms", MAX_QUERY_TERMS);
        struct clause *clause = &query->clauses[query->n_clauses++];
        clause->negated = *in->at == '-';
        in->at += clause->negated;
        TRY(read_value(in, ":,"));
        TRY(read_clause(in, query, clause));
    }
}

enum err query_parse(const char *text, struct query **out)
{
    *out = NULL;
    text = text != NULL ? text : "";
    size_t len = strnlen(text, MAX_QUERY_BYTES + 1);
    if (len > MAX_QUERY_BYTES)
        return fail(E_TOO_BIG, "a question has at most %u bytes", MAX_QUERY_BYTES);
    if (!text_is_utf8(bytes_of(text, len)))
        return fail(E_USAGE, "the question is not UTF-8");
    AUTO(query_free) struct query *query = mem_alloc(sizeof *query);
    struct lexer in = { .at = text };
    enum err code = read_query(&in, query);
    buf_clear(&in.word);
    TRY(code);
    *out = query;
    query = NULL;
    return E_OK;
}

void query_free(struct query **query)
{
    if (*query == NULL)
        return;
    for (size_t i = 0; i < (*query)->n_clauses; i++) {
        struct clause *clause = &(*query)->clauses[i];
        for (size_t k = 0; k < clause->n_any; k++)
            free(clause->any[k].words);
        free(clause->any);
    }
    free(*query);
    *query = NULL;
}
