#include "store_bench.h"

static void a_backlog_in_one_piece_makes_one_run(void **state)
{
    (void)state;
    struct author a, b;
    author_begin(&a, 1);
    author_begin(&b, 2);
    for (int i = 0; i < 5; i++)
        append_many(&a, 500, 10); /* five transactions */
    assert_int_equal(rows(TABLE_RUNS), 1);
    append_many(&b, 3, 10);
    append_many(&a, 3, 10);
    append_many(&a, 3, 10);
    assert_int_equal(rows(TABLE_RUNS), 3);
    assert_int_equal(rows(TABLE_EPOCHS), 2);
    author_end(&a);
    author_end(&b);
}

static void a_transaction_sees_its_own_records_and_an_aborted_one_leaves_none(void **state)
{
    (void)state;
    struct author a;
    struct feed feed;
    author_begin(&a, 1);
    struct store_txn *txn = begin();
    assert_false(store_feed_in(txn, &a.feed.author, &feed));
    assert_int_equal(author_append(&a, txn), 0);
    write_many(&a, 5, 10, 0);
    assert_int_equal(author_append(&a, txn), 1);
    assert_int_equal(store_size_in(txn), 6);
    assert_true(store_feed_in(txn, &a.feed.author, &feed));
    assert_int_equal(feed.next, 6);
    store_abort(&txn);
    struct store_view *view = view_of();
    assert_int_equal(store_size(view), 0);
    assert_false(store_feed(view, &a.feed.author, &feed));
    store_done(&view);
    author_end(&a);
}

static void a_record_that_does_not_continue_its_feed_fails_the_transaction(void **state)
{
    (void)state;
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 3, 10);
    write_many(&a, 1, 10, 0);
    a.packed.len = 0; /* lost */
    write_many(&a, 1, 10, 0);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    assert_int_equal(store_error(txn), E_GAP);
    store_put(txn, STORE_META, bytes_text("x"), bytes_text("y"));
    assert_int_equal(store_commit(&txn), E_GAP);
    struct store_view *view = view_of();
    struct bytes value;
    assert_int_equal(store_size(view), 4);
    assert_false(store_get(view, STORE_META, bytes_text("x"), &value));
    store_done(&view);
    author_end(&a);
}

static void records_out_of_order_or_of_another_author_fail_the_transaction(void **state)
{
    (void)state;
    struct author a, b;
    struct record records[3], swap;
    size_t count;
    author_begin(&a, 1);
    author_begin(&b, 2);
    append_many(&a, 1, 10);
    write_many(&a, 3, 10, 0);
    struct bytes rest = buf_view(&a.packed);
    assert_int_equal(run_parse(&rest, records, 3, &count), E_OK);
    swap = records[1];
    records[1] = records[2];
    records[2] = swap;
    struct store_txn *txn = begin();
    store_append(txn, &a.feed, records, 3);
    assert_int_equal(store_commit(&txn), E_GAP);
    b.feed.next = 2;
    records[0].header.seq = 0;
    records[1].header.seq = 1;
    txn = begin();
    store_append(txn, &b.feed, records, 2);
    assert_int_equal(store_commit(&txn), E_GAP);
    author_end(&a);
    author_end(&b);
}

static void several_epochs_may_open_in_one_append(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json");
    const json_t *list = json_object_get(vectors, "feed");
    AUTO(buf_clear) struct buf packed = { 0 };
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        AUTO(buf_clear) struct buf salted = { 0 };
        vector_entry(item, &entry);
        vector_salted(item, &salted);
        run_append_parts(&packed, entry.data, buf_view(&salted));
    }
    static struct record records[MAX_RUN_RECORDS];
    struct bytes rest = buf_view(&packed);
    size_t count, accepted;
    assert_int_equal(run_parse(&rest, records, MAX_RUN_RECORDS, &count), E_OK);
    struct feed feed;
    feed_init(&feed, &records[0].header.author);
    assert_int_equal(feed_take(&feed, records, count, &accepted), E_OK);
    assert_true(feed.epoch >= 2);
    struct store_txn *txn = begin();
    store_append(txn, &feed, records, count);
    assert_int_equal(store_commit(&txn), E_OK);
    struct store_view *view = view_of();
    for (i = 0; i < count; i++) {
        struct key key;
        assert_int_equal(store_record_key(view, &feed.author, i, &key), E_OK);
        assert_true(record_verify(&records[i], &key));
    }
    store_done(&view);
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_backlog_in_one_piece_makes_one_run),
        FACT(a_transaction_sees_its_own_records_and_an_aborted_one_leaves_none),
        FACT(a_record_that_does_not_continue_its_feed_fails_the_transaction),
        FACT(records_out_of_order_or_of_another_author_fail_the_transaction),
        FACT(several_epochs_may_open_in_one_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
