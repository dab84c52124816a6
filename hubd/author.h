/* author: the office's own statements: many payloads, one durable commit; answered only when it is on the
 * disk.
 *
 * What is to be said is planned first, on a snapshot; then all of it is appended. The index of subjects
 * (engagement -> latest own statement) is written in the same transaction. */
#pragma once

#include "hubd/hub.h"

#define AUTHOR_MAX_PAYLOADS 1000U

enum author_outcome { AUTHOR_ADDED, AUTHOR_AMENDED, AUTHOR_UNCHANGED, AUTHOR_RETRACTED };

struct author_result {
    uint64_t seq;
    struct hash id;
    uint8_t engagement[16];
    enum author_outcome outcome;
};

struct author_put {
    uint32_t type; /* payload_type of a statement */
    enum visibility visibility;
    bool upsert; /* a statement of the same engagement is compared and amended, instead of refused */
    const struct bytes *payloads;
    size_t count; /* at most AUTHOR_MAX_PAYLOADS */
};

/* All or nothing. results: put->count of them. E_MALFORMED (a payload that does not decode, or has neither
 * nonce nor subject), E_TOO_BIG, E_USAGE (type), E_EXISTS (not upsert, and there is a statement), E_FULL,
 * E_IO. */
enum err author_put(struct hub *hub, const struct author_put *put, struct author_result *results);
/* A whole new account of an engagement that the office has a statement about; nonce and visibility are the
 * old one's. change: a number of enum Change. E_NOT_FOUND, E_UNMET (it was retracted), E_MALFORMED, E_FULL,
 * E_IO. */
enum err author_amend(struct hub *hub, const uint8_t engagement[static 16], struct bytes payload,
                      uint32_t change, struct author_result *result);
/* E_NOT_FOUND, E_EXISTS (it is retracted already), E_FULL, E_IO. */
enum err author_retract(struct hub *hub, const uint8_t engagement[static 16], uint32_t reason,
                        const char *note, struct author_result *result);

/* The engagement between low and high (id16_range) that the office has statements about. E_NOT_FOUND, E_UNMET
 * when there are several. */
enum err author_find(struct store_view *view, const uint8_t low[static 16], const uint8_t high[static 16],
                     uint8_t engagement[static 16]);
const char *author_outcome_word(enum author_outcome outcome);
