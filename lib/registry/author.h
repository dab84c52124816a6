/* author: the statements that a keeper of records makes itself: put, amend, retract.
 *
 * What is to be said is planned first, on a snapshot; then all of it is appended, by the program's own way of
 * appending, in the program's transaction. The index of subjects (engagement -> latest own statement) is
 * written in the same transaction. */
#pragma once

#include "store/store.h"

#define AUTHOR_MAX_PAYLOADS 1000U

enum author_act { AUTHOR_PUT, AUTHOR_AMEND, AUTHOR_RETRACT };

struct author_request {
    enum author_act act;
    const struct bytes *payloads; /* put: up to AUTHOR_MAX_PAYLOADS; amend: the whole new account */
    size_t count;
    /* put */
    uint32_t type; /* payload_type of a statement */
    enum visibility visibility;
    /* A statement of the same engagement is compared and amended, instead of refused; one that was retracted
     * stays so, and AUTHOR_RETRACTED tells. */
    bool upsert;
    /* Of an upsert: what stands is left as it is, whatever it says. One whose payload is not here is said
     * anew. */
    bool leave_standing;
    /* Of an upsert: what stands stays as visible as it is, and `visibility` is for what is new. */
    bool keep_visibility;
    /* amend, retract: what one has a statement about; its nonce (or subject) and visibility stay */
    uint8_t engagement[16];
    uint32_t why;     /* a number of enum Change, or of Retraction.Reason */
    const char *note; /* of a retraction */
};

/* AUTHOR_UNCHANGED: it is said already, and nothing is written. */
enum author_outcome { AUTHOR_ADDED, AUTHOR_AMENDED, AUTHOR_UNCHANGED, AUTHOR_RETRACTED };
const char *author_outcome_word(enum author_outcome outcome);

struct author_result {
    uint64_t seq; /* and id: of the statement, or of the one that stands already */
    struct hash id;
    uint8_t engagement[16];
    enum author_outcome outcome;
};

/* With what records are written. */
struct author_pen {
    const struct hash *author;
    struct store_view *view; /* as it was before the transaction */
    struct store_txn *txn;
    uint64_t next; /* the seq that the first append gives; each one after it gives one more */
    enum err (*append)(void *context, uint32_t type, enum visibility visibility, struct bytes payload,
                       uint64_t *seq, struct hash *id);
    void *context;
};

/* All or nothing: when it fails before the first append, nothing was written; else the transaction is no
 * good. results: one for each payload of a put, one for the others. put: E_MALFORMED (a payload that does not
 * decode, or has neither nonce nor subject), E_TOO_BIG, E_USAGE (type), E_EXISTS (not upsert, and there is a
 * statement). amend: E_NOT_FOUND, E_UNMET (it was retracted), E_MALFORMED, E_TOO_BIG. retract: E_NOT_FOUND,
 * E_EXISTS (it is retracted already). All: E_BUSY (the same transaction holds another statement about it
 * already), and what appending gives. */
enum err author_write(const struct author_pen *pen, const struct author_request *request,
                      struct author_result *results);

/* The latest statement that one has made about an engagement, its retraction included. E_NOT_FOUND. */
enum err author_current(struct store_view *view, const uint8_t engagement[static 16], uint64_t *seq);

/* The one engagement between low and high (id16_range) that one has statements about. E_NOT_FOUND, E_UNMET
 * when there are several. */
enum err author_find(struct store_view *view, const uint8_t low[static 16], const uint8_t high[static 16],
                     uint8_t engagement[static 16]);
