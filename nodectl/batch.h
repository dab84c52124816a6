/* batch: statements on their way to the daemon, as many in one durable commit as one request takes. */
#pragma once

#include "nodectl/cmd.h"

#define BATCH_MOST 1000

/* How many of the payloads, from the first on, go into one request; at least one. */
size_t batch_fit(const struct buf *payloads, size_t count);
/* One record.put. visibility NULL: public. mode: "add" or "upsert". The daemon's results are appended to
 * results: one a payload, or E_MALFORMED. */
enum err batch_put(struct ctl *ctl, const struct buf *payloads, size_t count, const char *visibility,
                   const char *mode, json_t *results);
