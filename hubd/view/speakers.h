/* speakers: who speaks in the log, numbered in the order of their first record, with the name the hub
 * admitted them by.
 *
 * A name comes from an admission only, but the hub's own, which its inception gives. Geoid and level are the
 * admission's, or where that says none what the author's inception says. */
#pragma once

#include "hubd/view/terms.h"
#include "store/db.h"

struct speaker {
    uint32_t index;
    struct hash id;
    uint32_t level;
    bool suspended;
    bool confirmed;                /* the geoid is the admission's */
    char name[MAX_NAME_BYTES + 1]; /* "" until it is admitted */
    char geoid[16];
    char title[MAX_TITLE_BYTES + 1];
};

struct terms_author speaker_terms(const struct speaker *author);
/* What people see: the name, else 64 hex digits. */
void speaker_label(const struct speaker *author, char out[static 2 * HASH_BYTES + 1]);

/* False when it is not there (or the transaction failed). */
bool speaker_read(struct db_txn *txn, uint32_t index, struct speaker *out);
/* By name, or by 64 hex digits. */
bool speaker_lookup(struct db_txn *txn, const char *name, uint32_t *index);

/* All of them in memory, for the one thread that writes. */
struct speakers;
enum err speakers_load(struct db_txn *txn, struct speakers **out); /* E_CORRUPT */
void speakers_free(struct speakers **authors);
/* The author with that id, who is new when the log has not named him before. Valid until the next call. */
struct speaker *speakers_of(struct speakers *authors, struct db_txn *txn, const struct hash *id);
const struct speaker *speakers_at(const struct speakers *authors, uint32_t index);
size_t speakers_count(const struct speakers *authors);
/* Stores what was changed; old_name, where it is another, no longer leads to him. */
void speakers_write(struct db_txn *txn, const struct speaker *author, const char *old_name);
