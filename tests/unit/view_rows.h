/* view_rows: the view's own tables, bare, with one write transaction open. */
#pragma once

#include "core/id.h"
#include "hubd/view/tables.h"
#include "scratch.h"
#include "store/db.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static struct db *db;
static struct db_txn *txn;

static inline int rows_up(void **state)
{
    static const char *const tables[] = { "meta",    "ids",   "waiting",  "engagements", "accounts",
                                          "authors", "names", "postings", NULL };
    srand(7);
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct db_options options = {
        .folder = scratch, .tables = tables, .map_bytes = 1 << 28, .unsynced = true
    };
    return db_open(&options, &db) == E_OK && db_write(db, &txn) == E_OK ? 0 : -1;
}

static inline int rows_down(void **state)
{
    db_abort(&txn);
    db_close(&db);
    return scratch_drop(state);
}

/* Begins another transaction; what was written in the one before stays or not. */
static inline void rows_commit(void)
{
    assert_int_equal(db_commit(&txn), E_OK);
    assert_int_equal(db_write(db, &txn), E_OK);
}

static inline void rows_abort(void)
{
    db_abort(&txn);
    assert_int_equal(db_write(db, &txn), E_OK);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, rows_up, rows_down)
