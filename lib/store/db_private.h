/* db_private: what the files that see lmdb.h share. */
#pragma once

#include <lmdb.h>
#include <stdatomic.h>

#include "store/db.h"

#define SENTENCE_BYTES 256

struct db {
    MDB_env *env;
    char *folder;
    bool read_only;
    bool marked; /* unsynced, and the folder says so */
    atomic_bool poisoned;
    unsigned tables;
    MDB_dbi *dbi;
};

struct db_txn {
    struct db *db;
    MDB_txn *txn;
    enum err err;
    char sentence[SENTENCE_BYTES];
    MDB_cursor *tail[]; /* one a table, for appends; opened by the first */
};

static inline MDB_val val(struct bytes bytes)
{
    return (MDB_val){ bytes.len, (void *)(uintptr_t)bytes.data };
}

static inline struct bytes unval(MDB_val v)
{
    return (struct bytes){ v.mv_data, v.mv_size };
}

/* Makes the transaction fail with what LMDB says, unless it has failed before. */
void db_stick(struct db_txn *txn, int rc, const char *what);
