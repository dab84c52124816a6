/* importer_export: lines of `nodectl export` read back.
 *
 * Such a line holds a statement whole, and beside it who said it where: so it can be said again, by its own
 * author after a loss, or by another under its own key. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* Where a statement came from. All "" when the line was none of an export. */
struct import_origin {
    char author[65];     /* hex */
    char engagement[27]; /* its id, where it was */
    char ref[160];
    char visibility[8]; /* "public", "federal", "local"; "" in exports that do not say */
};

/* Is it a line of an export, rather than an engagement as it stands? */
bool export_is_line(const json_t *object);
/* Replaces *object by the statement in it, without what belongs to its place in the old feed (amends,
 * change); nonce or subject stay. E_MALFORMED: a member that is not what an export writes; E_NOT_FOUND: the
 * payload was not there to be exported. */
enum err export_open(json_t **object, struct import_origin *out);
/* What another than its author says again: it is the speaker's own engagement, with a nonce to be derived
 * anew and the old ref among its sources. */
void export_restate(json_t *statement, const struct import_origin *origin);
