/* batch: statements on their way to the daemon, as many in one durable commit as one request takes. */
#pragma once

#include "nodectl/cmd.h"

#define BATCH_MOST 1000

/* How many of the payloads, from the first on, go into one request; at least one. */
size_t batch_fit(const struct buf *payloads, size_t count);
/* The parameters of a record.put (doc/CONTROL.md). */
struct batch_how {
    const char *mode;       /* "add", "upsert" or "missing" */
    const char *visibility; /* NULL: public, and what stands stays as visible as it is */
    bool keep_visibility;   /* visibility is for what is new only */
};
/* One record.put. The daemon's results are appended to results: one a payload, or E_MALFORMED. */
enum err batch_put(struct ctl *ctl, const struct buf *payloads, size_t count, const struct batch_how *how,
                   json_t *results);
