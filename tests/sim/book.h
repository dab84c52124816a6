/* book: every record that any simulated store holds, each kept once, so that "the same to the bit" is the
 * same pointer. */
#pragma once

#include "core/record.h"

struct copy {
    struct copy *next; /* in its slot */
    struct hash id;
    uint64_t seq;
    enum visibility visibility;
    bool present; /* its payload */
    size_t len;
    uint8_t bytes[]; /* packed (run.h) */
};

struct book {
    struct copy **slots;
    size_t slot_count, count;
    struct buf packed;
};

/* The one copy that has exactly this record's bytes; with_payload false: without the payload, should it have
 * one. Lives as long as the book. */
struct copy *book_keep(struct book *book, const struct record *record, bool with_payload);
void book_clear(struct book *book);
