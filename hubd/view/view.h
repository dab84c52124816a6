/* view: what the log means: engagements, their current statements, index terms, counts. A projection with a
 * cursor over the log; deleting its folder and starting the hub rebuilds it. Never ahead of the log. */
#pragma once

#include <jansson.h>

#include "store/store.h"

struct view;

/* Opens (or makes) the view beside a store that outlives it. A view of another schema or of another log
 * (store id, or a cursor beyond the log) is thrown away and begun anew. */
enum err view_open(const char *folder, uint64_t map_bytes, struct store *store, struct view **out);
void view_close(struct view **view);

/* Takes in at most max_records of the log behind the cursor, in one transaction. *more: there is more.
 * E_FULL, E_IO. */
enum err view_advance(struct view *view, size_t max_records, bool *more);
uint64_t view_cursor(struct view *view);       /* log size it stands for; any thread */
unsigned view_reap_readers(struct view *view); /* as db_reap_readers */

struct view_query {
    const char
        *text; /* hubd/view/query.h: 'country:JP,KR kind:mission_outbound -status:cancelled since:2022' */
    const char *sort;   /* field, "-field" for descending; NULL: newest first. What has no value comes last */
    const char *fields; /* "id,title,..." or "all"; NULL: the usual ones */
    const char *group_by; /* "kind,state", one or two fields of query.h; NULL: rows */
    const char *cursor;   /* of the page before; NULL: first */
    size_t limit;         /* rows or groups; 0: 100 rows, all groups; at most MAX_PAGE_ROWS */
};

/* {"log_size":N,"total":N,"rows":[{...}],"cursor":"..."} or, with group_by,
 * {"log_size","total","groups":[{"kind":"..", "count":N}]}, with two fields each with "groups" of its own.
 * "cursor" is there when there is more: a page also ends when it grows past 1 MiB. Pages show every
 * engagement once, however the log grows between them. E_USAGE with what is wrong with the words and what was
 * meant; E_TOO_BIG for what would have to look into too many engagements one by one (phrases, sorting by
 * texts) and says so. Any thread; one snapshot a call. */
enum err view_query(struct view *view, const struct view_query *query, json_t **out);

/* The statement that stands for an engagement. */
struct view_statement {
    uint8_t engagement[16];
    struct hash author;
    uint64_t seq, position;
};
#define VIEW_CURSOR_BYTES 320

/* Calls each() for at most limit (and at most MAX_PAGE_ROWS; 0: that many) standing statements of a query,
 * oldest engagement first. next_cursor is "" when there are no more; *total (may be NULL) is how many the
 * query has in all. Errors as in view_query. Any thread; the snapshot is held while each() runs. */
enum err view_export(struct view *view, const char *query_text, const char *cursor, size_t limit,
                     void (*each)(void *context, const struct view_statement *statement), void *context,
                     char next_cursor[static VIEW_CURSOR_BYTES], uint64_t *total);

/* {"records":N,"engagements":N,"withdrawn":N,"flagged":N,"statements":N,"retractions":N,"withheld":N,"undecodable":N,
 * "unknown_types":N,"no_effect":N,"log_size":N,"terms":N,"used_bytes":N}. engagements: those that stand;
 * terms: pieces of postings. */
enum err view_stats(struct view *view, json_t **out);
