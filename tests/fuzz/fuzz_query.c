/* Questions of strangers: parsed within their bounds or refused with a sentence, and every match is whole. */
#include <string.h>

#include "fuzz.h"
#include "hubd/view/query.h"

static void check_match(const struct match *match)
{
    MUST(strlen(match->text) <= MAX_TERM_BYTES);
    MUST(match->n_words <= MAX_PHRASE_WORDS);
    switch (match->form) {
    case MATCH_TERM:
    case MATCH_GIVEN:
        MUST(strchr(match->text, ':') != NULL);
        break;
    case MATCH_WORDS:
        MUST(match->n_words > 0);
        break;
    case MATCH_PHRASE:
        MUST(match->n_words > 1);
        break;
    case MATCH_SINCE:
    case MATCH_UNTIL:
        MUST(match->date != 0);
        break;
    case MATCH_ID:
        MUST(memcmp(match->low, match->high, 16) <= 0);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_clear) struct buf text = { 0 };
    AUTO(query_free) struct query *query = NULL;
    buf_append(&text, data, size);
    enum err code = query_parse(buf_string(&text), &query);
    MUST(code == E_OK ||
         ((code == E_USAGE || code == E_TOO_BIG) && query == NULL && err_message()[0] != '\0'));
    if (query == NULL)
        return 0;
    MUST(query->n_clauses <= MAX_QUERY_TERMS && query->n_matches <= MAX_QUERY_TERMS);
    for (size_t i = 0; i < query->n_clauses; i++) {
        MUST(query->clauses[i].n_any > 0);
        for (size_t k = 0; k < query->clauses[i].n_any; k++)
            check_match(&query->clauses[i].any[k]);
    }
    return 0;
}
