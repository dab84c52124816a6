/* shown: engagements as people see them: one JSON object a row, field by field, and what they are sorted by.
 */
#pragma once

#include "hubd/view/standing.h"
#include "hubd/view/view_private.h"

struct column;

/* A list of columns out of "id,title,...", NULL for the usual ones, "all" for every one. */
struct columns {
    const struct column *list[48];
    size_t count;
};
/* E_USAGE with what was meant. */
enum err columns_parse(const char *text, struct columns *out);
/* The column to sort by; *descending for "-field". E_USAGE. */
enum err column_of_sort(const char *text, const struct column **out, bool *descending);
const char *column_name(const struct column *column);
/* Whether its value stands in the statement, so that sorting by it reads every payload. */
bool column_needs_statement(const struct column *column);

/* One engagement, loaded. Begin with { 0 }; strings live until it is cleared. */
struct shown {
    struct standing row;
    struct speaker author;
    struct terms_author facts;
    struct header header;
    struct hash record;
    struct engagement engagement;
    bool readable;
    struct arena *arena;
};
void shown_clear(struct shown *shown);
/* statement false: row and author only. E_CORRUPT. */
enum err shown_load(struct snapshot *snapshot, uint32_t ordinal, bool statement, struct shown *out);
/* New reference; E_IO when there is no memory. */
enum err shown_row(const struct shown *shown, const struct columns *columns, json_t **out);

#define MAX_SORT_KEY_BYTES 201U
/* The bytes that sort it by a column: 0 and the value, or 1 when there is none. Returns how many. */
size_t shown_key(const struct shown *shown, const struct column *column,
                 uint8_t key[static MAX_SORT_KEY_BYTES]);
