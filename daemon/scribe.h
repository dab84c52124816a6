/* scribe: making records of one's own. Many payloads, one durable commit; answered only when it is on the
 * disk.
 *
 * The index of subjects (engagement -> latest own statement) is written in the same transaction. */
#pragma once

#include "daemon/node.h"

#define SCRIBE_MAX_PAYLOADS 1000U

enum scribe_outcome { SCRIBE_ADDED, SCRIBE_AMENDED, SCRIBE_UNCHANGED, SCRIBE_RETRACTED };

struct scribe_put {
    uint32_t type; /* payload_type of a statement */
    enum visibility visibility;
    /* A statement of the same engagement is compared and amended, instead of refused; one that was retracted
     * stays so, and SCRIBE_RETRACTED tells. */
    bool upsert;
    const struct bytes *payloads;
    size_t count; /* at most SCRIBE_MAX_PAYLOADS */
};

struct scribe_result {
    uint64_t seq;
    struct hash id;
    uint8_t engagement[16];
    enum scribe_outcome outcome;
};

/* All or nothing. results: put->count of them. E_MALFORMED (a payload that does not decode, or has neither
 * nonce nor subject), E_TOO_BIG, E_USAGE (type), E_EXISTS (not upsert, and there is a statement), E_FULL,
 * E_IO. */
enum err scribe_put(struct node *node, const struct scribe_put *put, struct scribe_result *results);

/* A whole new account of an engagement that one has a statement about; nonce and visibility are the old
 * one's. change: a number of enum Change. E_NOT_FOUND, E_UNMET (it was retracted), E_MALFORMED, E_FULL, E_IO.
 */
enum err scribe_amend(struct node *node, const uint8_t engagement[static 16], struct bytes payload,
                      uint32_t change, struct scribe_result *result);

/* E_NOT_FOUND, E_EXISTS (it is retracted already), E_FULL, E_IO. */
enum err scribe_retract(struct node *node, const uint8_t engagement[static 16], uint32_t reason,
                        const char *note, struct scribe_result *result);

/* The engagements that begin with low .. high (id16_range) and that one has statements about. E_NOT_FOUND,
 * E_UNMET when there are several. */
enum err scribe_find(struct store_view *view, const uint8_t low[static 16], const uint8_t high[static 16],
                     uint8_t engagement[static 16]);
/* The seq of the latest own statement about an engagement. */
bool scribe_latest(struct store_view *view, const uint8_t engagement[static 16], uint64_t *seq);

const char *scribe_outcome_word(enum scribe_outcome outcome);
