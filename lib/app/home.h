/* home: the folder of one daemon: what lies where in it.
 *
 *   node.conf or hub.conf | inception (the packed record of seq 0) |
 * keys/{record,rotation,recovery-1..3,transport,witness, mirror,seal,log}.key | store/ | view/ (hub) |
 * control.sock | lock */
#pragma once

#include "base/err.h"
#include "core/statement.h"

enum home_role { HOME_NODE, HOME_HUB };

struct home {
    enum home_role role;
    char path[200]; /* absolute; short enough for the ipc socket below it */
    char conf[240], store[240], view[240], control[240], lock[240];
    struct inception inception;
    struct hash author;
    struct secret record, transport;
};

/* Which kind of home it is, without its keys. E_NOT_FOUND (no folder, or no home), E_CORRUPT when its
 * inception is damaged, E_USAGE when its path is too long for the socket in it, E_IO. */
enum err home_probe(const char *path, struct home *out);
/* With inception and keys. As home_probe; E_CORRUPT when they do not belong together; what secret_read
 * refuses. */
enum err home_open(const char *path, struct home *out);
void home_clear(struct home *home); /* wipes the keys */

/* What `init` is asked for. */
struct home_new {
    enum home_role role;
    const char *path;
    const char *name;  /* us-oh-dayton; of a hub: "office" when NULL */
    const char *geoid; /* "" for none */
    const char *title;
    const char *origin; /* hub: of the log; names no agency */
    const char *level;  /* word of PartyType: city, county, us_state ...; NULL: from the geoid */
};
/* Makes folder, keys and inception record (packed, run.h, into *inception, to be appended to the store by the
 * caller). E_EXISTS when a home is there; E_USAGE for names that do not fit; what it made is removed again
 * when it fails. */
enum err home_make(const struct home_new *options, struct buf *inception);
/* An identity without a folder: fleets and tests. Fills role, inception, author, record and transport. */
enum err home_identity(const struct home_new *options, struct home *out, struct buf *inception);
