/* wire_batch: the body of a BATCH (proto/sync.proto, Batch), read and written by hand: it is the bulk of all
 * bytes, and its records need no second copy. Wire format: https://protobuf.dev/programming-guides/encoding/
 */
#pragma once

#include "core/sync.h"

void wire_batch_write(const struct sync_message *message, struct buf *out);

/* Fills out->batch (which is zero before); the records are borrowed from body. Fields of later versions are
 * skipped, of a field that comes twice the last counts. E_MALFORMED: not protobuf, a number that does not
 * fit, no author. */
enum err wire_batch_read(struct bytes body, struct sync_message *out);
