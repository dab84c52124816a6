/* db: LMDB with sticky transactions. Nobody but its own files (db.c, db_cursor.c) sees lmdb.h.
 *
 * A transaction keeps its first failure; every later call on it does nothing; look once, at db_commit. Values
 * read are borrowed and die with the transaction, in one that writes with its next write; they are unaligned.
 * Keys sort as bytes and are at most 511. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct db;     /* an environment; one a process and folder */
struct db_txn; /* a transaction; belongs to one thread while it is open */
struct db_cursor;
typedef unsigned db_table; /* index into db_options.tables */

struct db_options {
    const char *folder;        /* made when missing, 0700 */
    const char *const *tables; /* names, NULL at the end; opened (and made) once */
    uint64_t map_bytes;        /* at most so many on disk; 0: what the file says (10 MiB when new) */
    unsigned max_readers;      /* 0: 512 */
    bool read_only;            /* E_NOT_FOUND when the environment or a table is not there */
    bool unsynced; /* for projections: commits outlive the process at once and the machine after db_close;
                    * opened after the machine went down in between it is E_CORRUPT, to be thrown away with
                    * db_drop */
};

/* E_IO, E_FULL, E_CORRUPT, E_VERSION, E_DENIED (read-only storage, network file systems), E_NOT_FOUND. */
enum err db_open(const struct db_options *options, struct db **out);
void db_close(struct db **db);
/* Removes the files of an environment that nobody has open; fine when there are none. E_IO. */
enum err db_drop(const char *folder);

enum err db_write(struct db *db, struct db_txn **out); /* waits for the one writer */
enum err db_read(struct db *db, struct db_txn **out);
void db_abort(struct db_txn **txn); /* NULL is fine; ends reads too */
/* E_OK only when it is on the disk. *txn becomes NULL.
 * E_FULL: the disk or the map has no room; nothing of it happened, and later writes work once there is room.
 * E_IO: a write or sync failed; from now on every write gives E_IO, until the environment is closed and
 * opened again; what it then holds is whole, with this transaction or without it. Any other failure is the
 * transaction's own, and nothing of it happened. */
enum err db_commit(struct db_txn **txn);
enum err db_error(const struct db_txn *txn);     /* the sticky failure */
void db_fail(struct db_txn *txn, enum err code); /* makes it fail; keeps the present err_message() */

/* False when the key is not there (no failure of the transaction). */
bool db_get(struct db_txn *txn, db_table table, struct bytes key, struct bytes *value);
void db_put(struct db_txn *txn, db_table table, struct bytes key, struct bytes value);
/* The key must sort behind every key of the table: E_CORRUPT otherwise. The fast path. */
void db_append(struct db_txn *txn, db_table table, struct bytes key, struct bytes value);
/* Room of size bytes for the value, to be filled before the next call; NULL on a failed transaction. */
void *db_append_room(struct db_txn *txn, db_table table, struct bytes key, size_t size);
void db_delete(struct db_txn *txn, db_table table, struct bytes key); /* fine when it is not there */
uint64_t db_entries(struct db_txn *txn, db_table table);

/* A cursor on a transaction; freed before the transaction ends. */
struct db_cursor *db_cursor(struct db_txn *txn, db_table table);
void db_cursor_free(struct db_cursor **cursor);
bool db_seek(struct db_cursor *cursor, struct bytes key, struct bytes *found_key,
             struct bytes *value); /* first >= key; of all, when it is empty */
/* The last <= key. */
bool db_seek_back(struct db_cursor *cursor, struct bytes key, struct bytes *found_key, struct bytes *value);
bool db_next(struct db_cursor *cursor, struct bytes *key, struct bytes *value);
bool db_previous(struct db_cursor *cursor, struct bytes *key, struct bytes *value);
bool db_last(struct db_cursor *cursor, struct bytes *key, struct bytes *value);

struct db_usage {
    uint64_t map_bytes;
    uint64_t used_bytes; /* pages in use; those that were freed are used again before the file grows */
    uint64_t disk_free_bytes;
    unsigned readers; /* open read transactions, of all processes */
};
enum err db_usage(struct db *db, struct db_usage *out);
/* Drops reader slots of dead processes; how many. At open and once a minute. */
unsigned db_reap_readers(struct db *db);
