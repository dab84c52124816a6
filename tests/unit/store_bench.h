/* store_bench: a store of a log in a folder of its own, and feeds that go into it. */
#pragma once

#include "authors.h"
#include "scratch.h"
#include "store/keys.h"

/* behind our headers: its fail() is a macro */
#include "vectors.h"

#define MAP_BYTES (1ULL << 30)

static struct store *store;

static inline enum err open_store(uint64_t map_bytes, bool create)
{
    store_close(&store);
    struct store_options options = {
        .folder = scratch, .map_bytes = map_bytes, .create = create, .log = true
    };
    return store_open(&options, &store);
}

static inline int bench_up(void **state)
{
    srand(11);
    return id_init() == E_OK && scratch_make(state) == 0 && open_store(MAP_BYTES, true) == E_OK ? 0 : -1;
}

static inline int bench_down(void **state)
{
    store_close(&store);
    return scratch_drop(state);
}

static inline struct store_txn *begin(void)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(store, &txn), E_OK);
    return txn;
}

static inline struct store_view *view_of(void)
{
    struct store_view *view;
    assert_int_equal(store_read(store, &view), E_OK);
    return view;
}

static inline const uint8_t *entry_of(const struct author *author, uint64_t seq)
{
    return author->all.data + seq * ENTRY_BYTES;
}

static inline uint64_t rows(enum table table)
{
    struct db_txn *txn;
    assert_int_equal(db_read(store_db(store), &txn), E_OK);
    uint64_t count = db_entries(txn, table);
    db_abort(&txn);
    return count;
}

static inline void write_many(struct author *author, size_t count, size_t payload_len, int flags)
{
    for (size_t i = 0; i < count; i++)
        author_write(author, KIND_STATEMENT, payload_len, flags);
}

static inline void append_many(struct author *author, size_t count, size_t payload_len)
{
    struct store_txn *txn = begin();
    while (count > 0) {
        size_t run = count < 200 ? count : 200;
        write_many(author, run, payload_len, 0);
        author_append(author, txn);
        count -= run;
    }
    assert_int_equal(store_commit(&txn), E_OK);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
