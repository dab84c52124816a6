/* run: consecutive records of one feed, packed back to back as they travel and as threads hand them on.
 *
 * Each record: entry[192] || present u8 (0 or 1) || when 1: salt[32] || payload[header.payload_len].
 * A packed run is at most MAX_BATCH_BYTES, or one record. */
#pragma once

#include "core/record.h"

/* Appends one record. */
void run_append(struct buf *out, const struct record *record);
void run_append_parts(struct buf *out, const uint8_t entry[static ENTRY_BYTES], struct bytes salted_payload);
/* How many bytes run_append would add. */
size_t run_record_bytes(const struct record *record);

/* Takes the next record off *rest: parsed, and opened where its payload is present and matches (a payload
 * that does not match counts as absent). E_NOT_FOUND at the end, E_MALFORMED (then *rest is left where it
 * was). */
enum err run_next(struct bytes *rest, struct record *out);

/* Parses up to max records (at most MAX_RUN_RECORDS) into out[]; *count how many. On E_MALFORMED *count holds
 * how many came before the bad one. */
enum err run_parse(struct bytes *rest, struct record *out, size_t max, size_t *count);
