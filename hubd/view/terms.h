/* terms: a statement's index terms, a pure function of what it says, who says it and what the log knows of
 * it.
 *
 * A term is field, colon, value: "kind:sister_relation", "country:JP", "word:delegation". A field without a
 * value gives "none" ("country:none"), so that what is missing can be asked for and counted. Every statement
 * also has the term "all". No term has a NUL in it, and none is longer than MAX_TERM_BYTES: a longer value is
 * cut there, at a whole character.
 *
 * - kind, theme, status, instrument, verification: the word of proto/statement.proto, or the number when it
 * has none
 * - country: partners' ISO codes
 * - state, geoid: the US parties', else the author's; US-OH, 3921000
 * - by: the author's index (speakers.h), in decimal, so that a new name changes no term
 * - year: each year from start to end, or of a disclosure
 * - from, decade, century: the year of the start alone, as 1968, 196 and 19
 * - network, dataset: in lower case; form: of a foreign mission, as given
 * - flag: what is odd about it
 * - word: of title, summary, network and the parties' names */
#pragma once

#include "core/statement.h"
#include "hubd/view/codes.h"

#define MAX_TERM_BYTES 140U
#define MAX_STATEMENT_WORDS 2000U /* later words of one statement are not indexed */

enum field_form {
    FIELD_ENUM,    /* words of an enum, numbers for private ones: a closed list */
    FIELD_COUNTRY, /* two letters */
    FIELD_STATE,   /* US-OH */
    FIELD_DIGITS,
    FIELD_AUTHOR,
    FIELD_FOLDED, /* any text, in lower case */
    FIELD_GIVEN,  /* any text, as given */
    FIELD_FLAG,   /* a closed list */
};

/* What a person may ask about and group by. */
struct field {
    const char *name;
    const char *plural; /* also understood where fields are listed */
    enum field_form form;
    const char *enum_name; /* FIELD_ENUM */
};
extern const struct field term_fields[];
extern const size_t n_term_fields;
/* By name or plural; NULL when there is none. */
const struct field *field_find(const char *name);

/* What is known of an author when a statement of his is indexed. */
struct terms_author {
    uint32_t index;
    uint32_t level;          /* PartyType; 0 unknown */
    char state[STATE_BYTES]; /* "" when it has none */
    char geoid[16];
};

/* What is odd about a statement; bits. */
enum statement_flag {
    FLAG_NO_GEOID = 1 << 0,        /* a US side that is in no list of places */
    FLAG_CDP = 1 << 1,             /* the US side is a census designated place: no government */
    FLAG_UNKNOWN_COUNTRY = 1 << 2, /* a partner's country is no ISO code */
    FLAG_BAD_DATE = 1 << 3,        /* a start or end that no calendar has, or an end before its start */
    FLAG_CLOCK =
        1 << 4, /* its author's clock was before 2020, or more than a day ahead of the log's last tick */
    FLAG_NO_COUNTRY = 1 << 5, /* partners, but no country of theirs */
    FLAG_NO_LEAD = 1 << 6,    /* said by others only, its lead has said nothing */
    FLAG_UNREADABLE = 1 << 7, /* the payload is no engagement that this version reads */
};
#define N_FLAGS 8
/* The word of flag number n (0 to N_FLAGS - 1): "no-geoid", ... */
const char *flag_word(unsigned n);

/* FLAG_* of a statement. known: those the log knows already (FLAG_CLOCK, FLAG_NO_LEAD). engagement NULL:
 * unreadable. */
unsigned terms_flags(const struct engagement *engagement, const struct terms_author *author, unsigned known);
/* The date that since: and until: look at: the start, or a disclosure's year. 0 = none. */
uint32_t terms_start(const struct engagement *engagement);
/* Calls each() for each US state of it, without repeats, at least once; "none" when there is none. */
void terms_states(const struct engagement *engagement, const struct terms_author *author,
                  void (*each)(void *context, const char *state), void *context);

/* Calls each() for every term; one may come twice. */
void terms_each(const struct engagement *engagement, const struct terms_author *author, unsigned known,
                void (*each)(void *context, struct bytes term), void *context);

/* Writes the term of a field's value into out and returns its length. Folds and cuts the value as indexing
 * does. */
size_t term_write(const struct field *field, const char *value, char out[static MAX_TERM_BYTES + 1]);
/* The year of a date that a calendar has; 0 otherwise. */
uint32_t date_year(uint32_t date);
