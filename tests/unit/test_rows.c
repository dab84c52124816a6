#include "store/inside.h"

#include "store_bench.h"

static struct author a, b;

/* a: seqs 0 to 9, b: 0 to 4, a: 10 to 14; three runs. */
static int up(void **state)
{
    if (bench_up(state) != 0)
        return -1;
    author_begin(&a, 1);
    author_begin(&b, 2);
    append_many(&a, 9, 10);
    append_many(&b, 4, 10);
    append_many(&a, 5, 10);
    return 0;
}

static int down(void **state)
{
    author_end(&a);
    author_end(&b);
    return bench_down(state);
}

#define ROWS_FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

static struct db_txn *read_rows(void)
{
    struct db_txn *txn;
    assert_int_equal(db_read(store_db(store), &txn), E_OK);
    return txn;
}

static void overwrite(enum table table, struct bytes key, struct bytes value)
{
    struct db_txn *txn;
    assert_int_equal(db_write(store_db(store), &txn), E_OK);
    if (value.data != NULL)
        db_put(txn, table, key, value);
    else
        db_delete(txn, table, key);
    assert_int_equal(db_commit(&txn), E_OK);
}

static void a_feed_is_found_by_its_author(void **state)
{
    (void)state;
    struct db_txn *txn = read_rows();
    struct feed feed;
    struct hash nobody = { { 9 } };
    uint32_t index = 77;
    assert_false(find_index(txn, &nobody, &index));
    assert_true(find_index(txn, &a.feed.author, &index));
    assert_int_equal(index, 0);
    assert_true(find_feed(txn, index, &feed));
    assert_true(hash_equal(&feed.author, &a.feed.author));
    assert_int_equal(feed.next, 15);
    assert_true(hash_equal(&feed.head, &a.feed.head));
    assert_true(find_index(txn, &b.feed.author, &index));
    assert_int_equal(index, 1);
    assert_int_equal(db_error(txn), E_OK);
    db_abort(&txn);
}

static void a_run_is_found_by_each_of_its_seqs_and_by_no_other(void **state)
{
    (void)state;
    struct db_txn *txn = read_rows();
    struct run_row run;
    for (uint64_t seq = 0; seq < 15; seq++) {
        assert_true(find_run(txn, 0, seq, &run));
        assert_int_equal(run.first, seq < 10 ? 0 : 10);
        assert_int_equal(run.position, seq < 10 ? 0 : 15);
        assert_int_equal(run.count, seq < 10 ? 10 : 5);
    }
    assert_false(find_run(txn, 0, 15, &run));
    assert_false(find_run(txn, 0, UINT64_MAX, &run));
    assert_true(find_run(txn, 1, 4, &run));
    assert_int_equal(run.position, 10);
    assert_false(find_run(txn, 1, 5, &run)); /* not the run of the feed before */
    assert_false(find_run(txn, 2, 0, &run));
    assert_int_equal(db_error(txn), E_OK);
    db_abort(&txn);
}

static void an_entry_is_found_by_its_place(void **state)
{
    (void)state;
    struct db_txn *txn = read_rows();
    struct bytes entry;
    assert_true(find_entry(txn, 14, &entry));
    assert_memory_equal(entry.data, entry_of(&b, 4), ENTRY_BYTES);
    assert_false(find_entry(txn, 20, &entry));
    assert_int_equal(db_error(txn), E_OK);
    db_abort(&txn);
}

static void rows_of_another_size_are_named_corrupt(void **state)
{
    (void)state;
    struct key_index head = key_of_index(0);
    struct key_seq run = key_of_seq(1, 0);
    struct key_position place = key_of_position(3);
    struct hash author = a.feed.author;
    uint32_t index;
    struct feed feed;
    struct run_row row;
    struct bytes entry;
    overwrite(TABLE_FEEDS, BYTES_OF(author), bytes_text("12345"));
    overwrite(TABLE_HEADS, BYTES_OF(head), bytes_text("\1short"));
    overwrite(TABLE_RUNS, BYTES_OF(run), bytes_text("short"));
    overwrite(TABLE_ENTRIES, BYTES_OF(place), bytes_text("short"));
    struct db_txn *txn = read_rows();
    assert_false(find_index(txn, &author, &index));
    assert_int_equal(db_error(txn), E_CORRUPT);
    db_abort(&txn);
    txn = read_rows();
    assert_false(find_feed(txn, 0, &feed));
    assert_int_equal(db_error(txn), E_CORRUPT);
    db_abort(&txn);
    txn = read_rows();
    assert_false(find_run(txn, 1, 2, &row));
    assert_int_equal(db_error(txn), E_CORRUPT);
    db_abort(&txn);
    txn = read_rows();
    assert_false(find_entry(txn, 3, &entry));
    assert_int_equal(db_error(txn), E_CORRUPT);
    db_abort(&txn);
}

static void a_feed_that_lost_its_head_is_corrupt(void **state)
{
    (void)state;
    struct key_index head = key_of_index(1);
    struct feed feed;
    overwrite(TABLE_HEADS, BYTES_OF(head), (struct bytes){ 0 });
    struct db_txn *txn = read_rows();
    assert_false(find_feed(txn, 1, &feed));
    assert_int_equal(db_error(txn), E_CORRUPT);
    db_abort(&txn);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        ROWS_FACT(a_feed_is_found_by_its_author),
        ROWS_FACT(a_run_is_found_by_each_of_its_seqs_and_by_no_other),
        ROWS_FACT(an_entry_is_found_by_its_place),
        ROWS_FACT(rows_of_another_size_are_named_corrupt),
        ROWS_FACT(a_feed_that_lost_its_head_is_corrupt),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
