/* view: what the log means: engagements, their current statements, index terms, counts. A projection with a cursor over
 * the log; deleting its folder and starting the hub rebuilds it. Never ahead of the log. */
#pragma once

#include <jansson.h>

#include "store/store.h"

struct view;

/* Opens (or makes) the view beside a store that outlives it. A view of another schema or of another log (store id, or a
 * cursor beyond the log) is thrown away and begun anew. */
enum err view_open(const char *folder, uint64_t map_bytes, struct store *store, struct view **out);
void view_close(struct view **view);

/* Takes in at most max_records of the log behind the cursor, in one transaction. *more: there is more. E_FULL, E_IO. */
enum err view_advance(struct view *view, size_t max_records, bool *more);
uint64_t view_cursor(struct view *view); /* log size it stands for; any thread */

struct view_query {
    const char *text;      /* 'country:JP,KR kind:mission_outbound -status:cancelled since:2022 "semiconductor"' */
    const char *sort;      /* field, "-field" for descending; NULL: newest first */
    const char *fields;    /* "id,title,..."; NULL: the usual ones */
    const char *group_by;  /* "kind,state"; NULL: rows */
    const char *cursor;    /* of the page before; NULL: first */
    size_t limit;
};

/* {"log_size":N,"total":N,"rows":[{...}],"cursor":"..."} or, with group_by, {"log_size","total","groups":[{"kind":"..",
 * "count":N}]}. E_USAGE with what is wrong with the words and what was meant. Any thread; one snapshot a call. */
enum err view_query(struct view *view, const struct view_query *query, json_t **out);

/* {"records":N,"engagements":N,"flagged":N,"unknown_types":N,"log_size":N,"terms":N} */
enum err view_stats(struct view *view, json_t **out);
