#include "daemon/refused.h"

#include "node_help.h"

static const struct hash author = { { 7, 7 } }, other = { { 7, 8 } };
static uint8_t first_entry[ENTRY_BYTES] = { 1 }, second_entry[ENTRY_BYTES] = { 2 };

static int up(void **state)
{
    struct store_options options = { .folder = scratch, .map_bytes = 16 << 20, .create = true };
    return scratch_make(state) == 0 && store_open(&options, (struct store **)state) == E_OK ? 0 : -1;
}

static int down(void **state)
{
    store_close((struct store **)state);
    return scratch_drop(state);
}

/* entry: NULL for one that could not be parsed. */
static void refuse(struct store *store, const struct hash *of, uint64_t seq, enum err code,
                   const uint8_t *entry)
{
    struct store_txn *txn;
    struct refused row = { .seq = seq, .code = code, .text = "because" };
    if (entry != NULL)
        row.entry = bytes_of(entry, ENTRY_BYTES);
    assert_int_equal(store_begin(store, &txn), E_OK);
    refused_put(txn, of, &row);
    assert_int_equal(store_commit(&txn), E_OK);
}

static void pass(struct store *store, uint64_t first, size_t count)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(store, &txn), E_OK);
    refused_passed(txn, &author, first, count);
    assert_int_equal(store_commit(&txn), E_OK);
}

static enum err acknowledge(struct store *store, uint64_t now_ms)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_begin(store, &txn));
    TRY(store_read(store, &view));
    TRY(refused_acknowledge(view, txn, &author, now_ms));
    return store_commit(&txn);
}

/* The entry is the row's first byte of it; 0 when there is none. */
static enum err look(struct store *store, struct refused *out, size_t *unseen, uint8_t *entry)
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(store, &view));
    TRY(refused_look(view, &author, out, unseen));
    *entry = out->entry.len > 0 ? out->entry.data[0] : 0;
    return E_OK;
}

static void the_first_that_nobody_has_seen_is_shown(void **state)
{
    struct refused row;
    size_t unseen;
    uint8_t entry;
    assert_int_equal(look(*state, &row, &unseen, &entry), E_NOT_FOUND);
    refuse(*state, &author, 5, E_FORK, first_entry);
    refuse(*state, &author, 9, E_MALFORMED, NULL);
    refuse(*state, &other, 1, E_FORK, first_entry);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(unseen, 2);
    assert_int_equal(row.seq, 5);
    assert_int_equal(row.code, E_FORK);
    assert_string_equal(row.text, "because");
    assert_int_equal(entry, 1);
    assert_int_equal(row.acknowledged_ms, 0);
}

static void what_is_acknowledged_is_shown_and_not_counted_until_there_is_news(void **state)
{
    struct refused row;
    size_t unseen;
    uint8_t entry;
    assert_int_equal(acknowledge(*state, 1), E_NOT_FOUND);
    refuse(*state, &author, 5, E_FORK, first_entry);
    refuse(*state, &author, 9, E_MALFORMED, NULL);
    assert_int_equal(acknowledge(*state, 1000), E_OK);
    assert_int_equal(acknowledge(*state, 2000), E_EXISTS);
    refuse(*state, &author, 5, E_FORK, first_entry); /* offered once more */
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(unseen, 0);
    assert_int_equal(row.seq, 9);
    assert_int_equal(row.acknowledged_ms, 1000);

    refuse(*state, &author, 9, E_BROKEN_CHAIN, second_entry);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(unseen, 1);
    assert_int_equal(row.seq, 9);
    assert_int_equal(entry, 2);
    assert_int_equal(row.acknowledged_ms, 0);
    assert_int_equal(acknowledge(*state, 3000), E_OK); /* that one alone */
    pass(*state, 9, 1);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 1000);
}

static void nothing_but_another_fork_covers_a_fork_up(void **state)
{
    struct refused row;
    size_t unseen;
    uint8_t entry;
    refuse(*state, &author, 5, E_FORK, first_entry);
    refuse(*state, &author, 5, E_MALFORMED, second_entry);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(row.code, E_FORK);
    assert_int_equal(entry, 1);
    refuse(*state, &author, 5, E_FORK, second_entry);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(entry, 2);
}

static void what_the_feed_has_passed_is_gone(void **state)
{
    struct refused row;
    size_t unseen;
    uint8_t entry;
    refuse(*state, &author, 5, E_BROKEN_CHAIN, first_entry);
    refuse(*state, &author, 300, E_MALFORMED, NULL);
    pass(*state, 0, 5);
    pass(*state, 6, 100);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(unseen, 2);
    pass(*state, 3, 3);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_OK);
    assert_int_equal(row.seq, 300);
    pass(*state, 256, 256);
    assert_int_equal(look(*state, &row, &unseen, &entry), E_NOT_FOUND);
}

static void a_row_cut_anywhere_is_corrupt(void **state)
{
    struct refused row;
    size_t unseen;
    uint8_t entry, key[HASH_BYTES + 8] = { 7, 7 };
    AUTO(buf_clear) struct buf whole = { 0 };
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes value;
    put_u64(key + HASH_BYTES, 5);
    refuse(*state, &author, 5, E_FORK, first_entry);
    assert_int_equal(store_read(*state, &view), E_OK);
    assert_true(store_get(view, STORE_QUARANTINE, BYTES(key), &value));
    buf_bytes(&whole, value);
    store_done(&view);
    size_t before_entry = whole.len - ENTRY_BYTES;
    for (size_t len = 0; len < whole.len; len++) {
        struct store_txn *txn;
        assert_int_equal(store_begin(*state, &txn), E_OK);
        store_put(txn, STORE_QUARANTINE, BYTES(key), bytes_of(whole.data, len));
        assert_int_equal(store_commit(&txn), E_OK);
        bool is_a_row = len == before_entry || len == before_entry + 8;
        assert_int_equal(look(*state, &row, &unseen, &entry), is_a_row ? E_OK : E_CORRUPT);
        if (!is_a_row)
            assert_int_equal(acknowledge(*state, 1), E_CORRUPT);
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(the_first_that_nobody_has_seen_is_shown),
        FACT(what_is_acknowledged_is_shown_and_not_counted_until_there_is_news),
        FACT(nothing_but_another_fork_covers_a_fork_up),
        FACT(what_the_feed_has_passed_is_gone),
        FACT(a_row_cut_anywhere_is_corrupt),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
