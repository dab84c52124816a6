/* importer: tables into statements. A map says which column goes where; the maps of the known tables are
 * built in.
 *
 * A row becomes part of one statement; rows that say the same thing (same key) become one statement with
 * several sources. Every row is accounted for: rows read = accepted + refused, refused ones with line and
 * reason. */
#pragma once

#include <jansson.h>

#include "app/importer_export.h"
#include "base/buf.h"
#include "base/err.h"

struct importer;

struct import_problem {
    size_t line;  /* of the file, the header is line 1 */
    bool refused; /* else: accepted and flagged */
    const char *reason;
};

/* One statement to be. */
struct import_statement {
    const char *geoid;                 /* whose feed: "" = the office's */
    const char *state;                 /* two letters, "" */
    const char *name, *level, *ocd_id; /* of that jurisdiction, as the table has it */
    const char *key; /* what makes it the same thing next time: the nonce is derived from it */
    const char *table;
    const json_t *engagement; /* for payload_from_json; without nonce */
    const struct import_origin
        *origin;         /* NULL, but for lines of an export: then engagement has its nonce or subject */
    size_t rows;         /* rows behind it */
    const size_t *lines; /* where in the file they stand, as many as rows */
};

struct import_counts {
    size_t read, accepted, refused, flagged;
};

/* map_path NULL: the built-in map named like the table (file name without ending), E_NOT_FOUND when there is
 * none. format "csv", "tsv" or "jsonl". snapshot: only rows of that snapshot, and those before it
 * (memberships); NULL all. E_USAGE (a map or a header that is wrong: file, line), E_TOO_BIG (a file or a map
 * beyond its bound), E_IO. */
enum err importer_open(const char *path, const char *format, const char *map_path, const char *snapshot,
                       struct importer **out);
void importer_free(struct importer **importer);
/* The next statement, whole (all its rows); E_NOT_FOUND at the end. Borrowed until the next call. */
enum err importer_next(struct importer *importer, struct import_statement *out);
/* Called once for each row that is refused or flagged. */
void importer_problems(struct importer *importer,
                       void (*problem)(void *context, const struct import_problem *), void *context);
struct import_counts importer_counts(const struct importer *importer);
/* False when every row is the home's own, because the map says nothing of jurisdictions (or there is none).
 */
bool importer_names_owners(const struct importer *importer);
/* Which snapshots a file holds, in order; for tables without any: none. */
size_t importer_snapshots(const struct importer *importer, const char *const **out);
/* SHA-256("chancery/import/v1\n" || author || table || 0 || key), first 16 bytes: the nonce of what was
 * imported. */
void import_nonce(const uint8_t author[static 32], const char *table, const char *key,
                  uint8_t nonce[static 16]);
