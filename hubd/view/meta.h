/* meta: what the view knows of itself: which log it stands for, how far, and what it counted on the way. */
#pragma once

#include "store/db.h"
#include "store/store.h"

#define VIEW_SCHEMA 1U

struct meta {
    uint8_t store_id[16];
    uint64_t cursor;      /* log size it stands for */
    struct hash last;     /* id of the record at cursor - 1: another there, another log */
    uint32_t engagements; /* the next ordinal */
    struct hash hub;      /* author of position 0 */
    uint64_t tick_ms;     /* the last tick; 0 none yet */
    uint64_t statements;  /* of type engagement that have effect */
    uint64_t retractions; /* that have effect */
    uint64_t withheld;    /* statements whose payload is not here */
    uint64_t undecodable; /* statements that name no subject */
    uint64_t unknown_types;
    uint64_t no_effect; /* types that we know, without effect on this view */
};

/* E_NOT_FOUND when there is none, E_VERSION of another schema, E_CORRUPT. */
enum err meta_read(struct db_txn *txn, struct meta *out);
void meta_write(struct db_txn *txn, const struct meta *meta);
