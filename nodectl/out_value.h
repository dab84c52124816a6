/* out_value: one JSON value as text: for a person, or for a pipe. */
#pragma once

#include "nodectl/out.h"

/* Numbers and times as they stand, arrays joined by commas, objects as JSON. escape: control characters as
 * \xHH. */
void out_plain_value(const json_t *value, bool escape, struct buf *text);
/* The name of the colour (of libsmartcols) that a state has; NULL for none. */
const char *out_colour(const char *word);
/* "3m", "2d 4h". */
void out_age(uint64_t seconds, struct buf *text);
/* "4.2 MiB". */
void out_bytes(uint64_t bytes, struct buf *text);
