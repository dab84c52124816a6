/* rows: how records and references to them look in answers (doc/CONTROL.md, ROW and REF). */
#pragma once

#include <jansson.h>

#include "daemon/node.h"

/* A record as it is held. Borrows from the view. */
struct row {
    uint64_t position;
    struct record record;
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err row_find(struct store_view *view, const struct hash *author, uint64_t seq, struct row *out);
enum err row_at(struct store_view *view, uint64_t position, struct row *out);

/* What an author is called: by its own inception, where that is held; hex otherwise. */
void row_author_name(struct node *node, struct store_view *view, const struct hash *author,
                     char out[static MAX_NAME_BYTES + 1]);
/* A name or 64 hex digits. E_NOT_FOUND. */
enum err row_author(struct node *node, struct store_view *view, const char *word, struct hash *author);
/* us-oh-dayton/42, us-oh-dayton/42@7f475950, 42. E_USAGE, E_NOT_FOUND, E_UNMET when another id stands there.
 */
enum err row_resolve(struct node *node, struct store_view *view, const char *ref, struct row *out);

/* ROW. New reference. */
json_t *row_json(struct node *node, struct store_view *view, const struct row *row);
/* "us-oh-dayton/42@7f475950". */
void row_ref(const char *name, uint64_t seq, const struct hash *id, char out[static 128]);

/* Texts of numbers and bytes for answers. New references. */
json_t *json_hex(const void *data, size_t len);
json_t *json_time(uint64_t time_ms); /* null for 0 */
json_t *json_id16(const uint8_t id[static 16]);
