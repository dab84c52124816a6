#include "db_bench.h"

/* Writes 10, 20 .. 90 behind each other. */
static void put_tens(void)
{
    struct db_txn *txn;
    assert_int_equal(db_write(db, &txn), E_OK);
    for (uint64_t i = 10; i < 100; i += 10)
        db_append(txn, LOG, number(i), number(i * 2));
    assert_int_equal(db_commit(&txn), E_OK);
}

static void cursors_walk_both_ways(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    assert_int_equal(db_write(db, &txn), E_OK);
    struct db_cursor *cursor = db_cursor(txn, LOG);
    assert_false(db_seek(cursor, number(0), &key, &value));
    assert_false(db_seek_back(cursor, number(0), &key, &value));
    assert_false(db_next(cursor, &key, &value));
    assert_false(db_last(cursor, &key, &value));
    db_cursor_free(&cursor);
    for (uint64_t i = 1; i <= 5; i++)
        db_append(txn, LOG, number(i * 10), number(i));
    cursor = db_cursor(txn, LOG);
    assert_true(db_next(cursor, &key, &value) && get_u64(key.data) == 10);
    assert_true(db_seek(cursor, number(11), &key, &value) && get_u64(key.data) == 20);
    assert_true(db_next(cursor, &key, &value) && get_u64(value.data) == 3);
    assert_true(db_previous(cursor, &key, &value) && get_u64(value.data) == 2);
    assert_false(db_seek(cursor, number(51), &key, &value));
    assert_true(db_seek_back(cursor, number(99), &key, &value) && get_u64(key.data) == 50);
    assert_true(db_seek_back(cursor, number(30), &key, &value) && get_u64(key.data) == 30);
    assert_true(db_seek_back(cursor, number(39), &key, &value) && get_u64(key.data) == 30);
    assert_false(db_seek_back(cursor, number(9), &key, &value));
    assert_true(db_last(cursor, &key, &value) && get_u64(key.data) == 50);
    assert_false(db_next(cursor, &key, &value));
    db_cursor_free(&cursor);
    assert_int_equal(db_commit(&txn), E_OK);
}

static void an_empty_table_has_nothing_to_find(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    assert_int_equal(db_read(db, &txn), E_OK);
    struct db_cursor *cursor = db_cursor(txn, LOG);
    assert_false(db_seek(cursor, bytes_text(""), &key, &value));
    assert_false(db_seek_back(cursor, number(UINT64_MAX), &key, &value));
    assert_false(db_last(cursor, &key, &value));
    assert_int_equal(db_error(txn), E_OK);
    db_cursor_free(&cursor);
    assert_null(cursor);
    db_cursor_free(&cursor);
    db_abort(&txn);
}

static void seeking_back_finds_the_key_or_the_one_before(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    put_tens();
    assert_int_equal(db_read(db, &txn), E_OK);
    struct db_cursor *cursor = db_cursor(txn, LOG);
    for (uint64_t at = 0; at < 120; at++) {
        uint64_t last = at < 90 ? at / 10 * 10 : 90;
        assert_int_equal(db_seek_back(cursor, number(at), &key, &value), last > 0);
        if (last == 0)
            continue;
        assert_int_equal(get_u64(key.data), last);
        assert_int_equal(get_u64(value.data), last * 2);
        assert_int_equal(db_next(cursor, &key, &value), last < 90); /* goes on from there */
    }
    db_cursor_free(&cursor);
    db_abort(&txn);
}

static void a_walk_that_began_before_the_first_row_sees_each_row_once(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    put_tens();
    assert_int_equal(db_read(db, &txn), E_OK);
    struct db_cursor *cursor = db_cursor(txn, LOG);
    uint64_t want = 10;
    for (bool more = db_seek(cursor, bytes_text(""), &key, &value); more;
         more = db_next(cursor, &key, &value)) {
        assert_int_equal(get_u64(key.data), want);
        want += 10;
    }
    assert_int_equal(want, 100);
    assert_true(db_last(cursor, &key, &value));
    for (bool more = true; more; more = db_previous(cursor, &key, &value)) {
        want -= 10;
        assert_int_equal(get_u64(key.data), want);
    }
    assert_int_equal(want, 10);
    db_cursor_free(&cursor);
    db_abort(&txn);
}

static void a_writer_walks_over_what_it_has_not_committed(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    put_tens();
    assert_int_equal(db_write(db, &txn), E_OK);
    db_append(txn, LOG, number(100), bytes_text("new"));
    db_delete(txn, LOG, number(50));
    struct db_cursor *cursor = db_cursor(txn, LOG);
    assert_true(db_last(cursor, &key, &value));
    assert_true(bytes_equal(value, bytes_text("new")));
    assert_true(db_seek(cursor, number(50), &key, &value));
    assert_int_equal(get_u64(key.data), 60);
    db_cursor_free(&cursor);
    db_abort(&txn);
    assert_int_equal(entries(LOG), 9);
}

static void a_failed_transaction_has_no_rows(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    put_tens();
    assert_int_equal(db_write(db, &txn), E_OK);
    struct db_cursor *before = db_cursor(txn, LOG);
    assert_true(db_seek(before, number(10), &key, &value));
    db_fail(txn, (fail)(E_UNMET, "enough"));
    assert_false(db_next(before, &key, &value));
    assert_false(db_last(before, &key, &value));
    struct db_cursor *after = db_cursor(txn, LOG);
    assert_non_null(after);
    assert_false(db_seek(after, number(10), &key, &value));
    db_cursor_free(&after);
    db_cursor_free(&before);
    assert_int_equal(db_commit(&txn), E_UNMET);
    assert_string_equal(err_message(), "enough");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(cursors_walk_both_ways),
        FACT(an_empty_table_has_nothing_to_find),
        FACT(seeking_back_finds_the_key_or_the_one_before),
        FACT(a_walk_that_began_before_the_first_row_sees_each_row_once),
        FACT(a_writer_walks_over_what_it_has_not_committed),
        FACT(a_failed_transaction_has_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
