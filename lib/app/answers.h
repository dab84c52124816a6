/* answers: parameters of control requests read, and the small parts of answers made (doc/CONTROL.md). */
#pragma once

#include "app/control.h"
#include "core/hash.h"
#include "core/statement.h"

struct word {
    const char *word;
    uint32_t number;
};

/* A parameter that must be one of words (ended by NULL). fallback NULL: it must be there. E_USAGE says what
 * was expected. */
enum err param_word(const struct control_request *request, const char *name, const struct word *words,
                    const char *fallback, uint32_t *out);
/* The same with the words of an enum of statement.proto (statement_enum); "not stated" is none of them. */
enum err param_value(const struct control_request *request, const char *name, const char *type,
                     const char *fallback, uint32_t *out);
enum err param_number(const struct control_request *request, const char *name, uint64_t fallback,
                      uint64_t *out);
/* `limit`: 1 to MAX_PAGE_ROWS, 100 when it is not given. */
enum err param_limit(const struct control_request *request, uint64_t *out);
bool param_flag(const struct control_request *request, const char *name);
/* The parameter, or E_USAGE. */
enum err param_text(const struct control_request *request, const char *name, const char **out);

/* What a command takes, as a table that ends with a name of NULL. Each parameter is written to its place in a
 * struct of the command's own. */
enum param_kind {
    PARAM_TEXT,   /* const char *; fallback when it is not given */
    PARAM_NEEDED, /* const char *, and it must be there */
    PARAM_WORD,   /* uint32_t, the number of one of words; without a fallback it must be there */
    PARAM_VALUE,  /* the same of an enum of statement.proto */
    PARAM_NUMBER, /* uint64_t; otherwise when it is not given */
    PARAM_LIMIT,  /* uint64_t, as param_limit */
    PARAM_FLAG,   /* bool */
};
struct param {
    const char *name;
    enum param_kind kind;
    size_t place;      /* offsetof */
    const void *words; /* PARAM_WORD: struct word[]; PARAM_VALUE: the enum's name */
    const char *fallback;
    uint64_t otherwise;
};
/* E_USAGE names the first that is not as it should be. */
enum err params_read(const struct control_request *request, const struct param *table, void *out);

/* Whether a page that was begun then (monotonic) and has so many rows ends here, because others wait. Never
 * before it has a few. */
bool page_takes_long(uint64_t began_ms, size_t rows);

/* New references. */
json_t *json_count(uint64_t number);
json_t *json_hex(const void *data, size_t len);
json_t *json_time(uint64_t time_ms);                 /* null for 0 */
json_t *json_age(uint64_t time_ms, uint64_t now_ms); /* seconds; null for 0 */
json_t *json_id16(const uint8_t id[static 16]);
