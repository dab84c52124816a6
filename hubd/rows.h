/* rows: how records and references to them look in answers (doc/CONTROL.md, ROW and REF), and whether a
 * record that is held stands on its own feet. */
#pragma once

#include <jansson.h>

#include "hubd/hub.h"

/* A record as it is held. Borrows from the view. */
struct row {
    uint64_t position;
    struct record record;
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err row_find(struct store_view *view, const struct hash *author, uint64_t seq, struct row *out);
enum err row_at(struct store_view *view, uint64_t position, struct row *out);

/* The admitted name; the hub's own; hex otherwise. */
void row_author_name(struct hub *hub, const struct hash *author, char out[static MAX_NAME_BYTES + 1]);
/* A name or 64 hex digits; "" is the hub itself. E_NOT_FOUND. */
enum err row_author(struct hub *hub, const char *word, struct hash *author);
/* us-oh-dayton/42, us-oh-dayton/42@7f475950, 42. E_USAGE, E_NOT_FOUND, E_UNMET when another id stands there.
 */
enum err row_resolve(struct hub *hub, struct store_view *view, const char *ref, struct row *out);

/* ROW. New reference. */
json_t *row_json(struct hub *hub, const struct row *row);
/* "us-oh-dayton/42@7f475950". */
void row_ref(const char *name, uint64_t seq, const struct hash *id, char out[static 128]);

struct verdict {
    bool valid;          /* signed or vouched for, and in the chain */
    bool own_signature;  /* valid by its own signature; else by that of vouched_by */
    uint64_t vouched_by; /* seq */
    bool chained;        /* prev is the record before, and it leads to its voucher */
    struct key key;      /* the record key of its epoch */
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err row_verify(struct store_view *view, const struct row *row, struct verdict *out);
