/* stream: every current statement of a daemon, page by page. */
#pragma once

#include "nodectl/cmd.h"

/* One row of `export` and the payload beside it (empty when it is withheld). A failure ends the stream. */
typedef enum err stream_each(void *context, const json_t *row, struct bytes payload);

/* query: NULL for all. limit: 0 for all. unit: what progress counts, NULL for none. E_TIMEOUT when
 * interrupted. */
enum err stream_export(struct ctl *ctl, const char *query, size_t limit, const char *unit, stream_each *each,
                       void *context);
