/* row: a record as it is held, how people refer to it, and how it looks in answers (doc/CONTROL.md, REF and
 * ROW). */
#pragma once

#include "registry/registry.h"

#define ROW_REF_BYTES 128

/* Borrows from the view. */
struct row {
    uint64_t position;
    struct record record;
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err row_find(struct store_view *view, const struct hash *author, uint64_t seq, struct row *out);
enum err row_at(struct store_view *view, uint64_t position, struct row *out);
/* us-oh-dayton/42, us-oh-dayton/42@7f475950, 42. E_USAGE, E_NOT_FOUND, E_UNMET when another id stands there.
 */
enum err row_resolve(const struct registry *registry, struct store_view *view, const char *ref,
                     struct row *out);

/* "us-oh-dayton/42@7f475950". */
void row_ref(const char *name, uint64_t seq, const struct hash *id, char out[static ROW_REF_BYTES]);
/* ROW. New reference. */
json_t *row_json(const struct registry *registry, struct store_view *view, const struct row *row);
/* A row of `export`: the current statement about an engagement. New reference. */
json_t *row_export_json(const struct registry *registry, struct store_view *view,
                        const uint8_t engagement[static 16], const struct row *row);
