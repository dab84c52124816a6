/* projection_private: the parts of a projection that its own files share. */
#pragma once

#include "hubd/view/projection.h"
#include "hubd/view/standing.h"

/* An engagement that this batch touches. */
struct touched {
    uint32_t ordinal;
    bool fresh;
    struct standing before, now; /* before is empty when it is fresh */
    struct bytes payload;        /* of the statement at position, which this batch read */
    uint64_t position;
};

/* An author whose terms differ from those his engagements were indexed with. */
struct moved {
    uint32_t author;
    struct terms_author before;
};

struct projection {
    struct db_txn *txn;
    struct store_view *log;
    struct speakers *authors;
    struct names *names;
    struct meta *meta;
    struct touched *touched;
    size_t n_touched, cap_touched;
    uint32_t *slots; /* open addressing by id */
    size_t n_slots;
    uint64_t seed;
    size_t old_authors; /* known before this batch */
    struct moved *moved;
    size_t n_moved;
};

/* The engagement with that id; NULL when nobody has spoken of it. Valid until the next call. */
struct touched *projection_find(struct projection *projection, const uint8_t id[static 16]);
struct touched *projection_find_or_make(struct projection *projection, const uint8_t id[static 16]);
bool projection_same_terms(const struct terms_author *a, const struct terms_author *b);
