#include <stdlib.h>

#include "store/db_private.h"

struct db_cursor {
    struct db_txn *txn;
    MDB_cursor *cursor;
};

struct db_cursor *db_cursor(struct db_txn *txn, db_table table)
{
    struct db_cursor *cursor = mem_alloc(sizeof(*cursor));
    cursor->txn = txn;
    if (txn->err != E_OK)
        return cursor;
    int rc = mdb_cursor_open(txn->txn, txn->db->dbi[table], &cursor->cursor);
    if (rc != MDB_SUCCESS) {
        cursor->cursor = NULL;
        db_stick(txn, rc, "cannot read");
    }
    return cursor;
}

void db_cursor_free(struct db_cursor **cursor)
{
    if (!*cursor)
        return;
    if ((*cursor)->cursor)
        mdb_cursor_close((*cursor)->cursor);
    free(*cursor);
    *cursor = NULL;
}

static bool move(struct db_cursor *cursor, MDB_cursor_op op, MDB_val *k, struct bytes *key,
                 struct bytes *value)
{
    if (cursor->txn->err != E_OK)
        return false;
    MDB_val v;
    int rc = mdb_cursor_get(cursor->cursor, k, &v, op);
    if (rc == MDB_SUCCESS) {
        *key = unval(*k);
        *value = unval(v);
        return true;
    }
    if (rc != MDB_NOTFOUND)
        db_stick(cursor->txn, rc, "cannot read");
    return false;
}

bool db_seek(struct db_cursor *cursor, struct bytes key, struct bytes *found_key, struct bytes *value)
{
    MDB_val k = val(key);
    return move(cursor, key.len > 0 ? MDB_SET_RANGE : MDB_FIRST, &k, found_key, value);
}

bool db_seek_back(struct db_cursor *cursor, struct bytes key, struct bytes *found_key, struct bytes *value)
{
    if (!db_seek(cursor, key, found_key, value))
        return db_last(cursor, found_key, value);
    return bytes_equal(*found_key, key) || db_previous(cursor, found_key, value);
}

bool db_next(struct db_cursor *cursor, struct bytes *key, struct bytes *value)
{
    MDB_val k;
    return move(cursor, MDB_NEXT, &k, key, value);
}

bool db_previous(struct db_cursor *cursor, struct bytes *key, struct bytes *value)
{
    MDB_val k;
    return move(cursor, MDB_PREV, &k, key, value);
}

bool db_last(struct db_cursor *cursor, struct bytes *key, struct bytes *value)
{
    MDB_val k;
    return move(cursor, MDB_LAST, &k, key, value);
}
