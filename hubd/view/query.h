/* query: the words of a question, parsed. One string serves nodectl, the API and the pages:
 *
 *   country:JP,KR kind:mission_outbound -status:cancelled since:2022 "semiconductor"
 *
 * Space is and, comma is or, a leading minus is not. FIELD:VALUE for the fields of terms.h; since: and until:
 * compare the start (2022, 2022-06 or 2022-06-17); id: is an engagement or a prefix of 6 or more; word: or a
 * bare word stands for a word of the texts; "several words" must follow each other. FIELD:none asks for those
 * that have no value. */
#pragma once

#include "base/limits.h"
#include "hubd/view/terms.h"

#define MAX_PHRASE_WORDS 32U
#define MAX_WORD_BYTES 63U /* as text_words cuts them */

enum match_form {
    MATCH_TERM,   /* text is the term */
    MATCH_GIVEN,  /* text is field:value, in any case */
    MATCH_AUTHOR, /* text is the name */
    MATCH_WORDS,  /* words, each anywhere */
    MATCH_PHRASE, /* words, one behind the other */
    MATCH_SINCE,  /* date */
    MATCH_UNTIL,
    MATCH_ID, /* low to high */
};

struct match {
    enum match_form form;
    char text[MAX_TERM_BYTES + 1];
    char (*words)[MAX_WORD_BYTES + 1];
    size_t n_words;
    uint32_t date;
    uint8_t low[16], high[16];
};

struct clause {
    bool negated;
    struct match *any; /* one of them */
    size_t n_any;
};

struct query {
    struct clause clauses[MAX_QUERY_TERMS]; /* all of them */
    size_t n_clauses;
    size_t n_matches; /* in all clauses, at most MAX_QUERY_TERMS */
};

/* NULL or "" matches everything. E_USAGE with what is wrong and what was meant; E_TOO_BIG past
 * MAX_QUERY_BYTES or MAX_QUERY_TERMS. */
enum err query_parse(const char *text, struct query **out);
void query_free(struct query **query);
