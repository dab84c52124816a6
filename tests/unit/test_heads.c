#include "store/inside.h"

#include "store_bench.h"

static void one_transaction_may_touch_more_feeds_than_it_remembers(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static struct author many[MANY];
    struct store_txn *txn = begin();
    for (unsigned i = 0; i < MANY; i++) {
        author_begin(&many[i], 1000 + i);
        author_append(&many[i], txn);
    }
    for (unsigned i = 0; i < MANY; i += 7) {
        write_many(&many[i], 1, 5, 0);
        author_append(&many[i], txn);
    }
    assert_int_equal(store_commit(&txn), E_OK);
    struct store_view *view = view_of();
    struct feed feed;
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(store_feed(view, &many[i].feed.author, &feed));
        assert_int_equal(feed.next, i % 7 ? 1 : 2);
        author_end(&many[i]);
    }
    store_done(&view);
}

static void a_head_is_made_once_and_found_again(void **state)
{
    (void)state;
    struct store_txn *txn = begin();
    struct hash one = { { 1 } }, two = { { 2 } };
    assert_null(heads_find(txn, &one));
    struct head *head = heads_make(txn, &one);
    assert_non_null(head);
    assert_int_equal(head->index, 0);
    assert_int_equal(head->feed.next, 0);
    head->feed.next = 77;
    assert_int_equal(heads_make(txn, &two)->index, 1);
    assert_int_equal(heads_make(txn, &one)->feed.next, 77);
    assert_int_equal(heads_find(txn, &one)->index, 0);
    assert_int_equal(store_error(txn), E_OK);
    store_abort(&txn);
}

static void authors_that_share_a_bucket_are_told_apart(void **state)
{
    (void)state;
    struct store_txn *txn = begin();
    for (unsigned i = 0; i < 300; i++) {
        struct hash author = { { 0, 0, 1, 2 } };
        author.b[30] = (uint8_t)(i >> 8);
        author.b[31] = (uint8_t)i;
        assert_int_equal(heads_make(txn, &author)->index, i);
    }
    struct hash last = { { 0, 0, 1, 2, [30] = 1, [31] = 43 } }, none = { { 0, 0, 1, 2, [29] = 1 } };
    assert_int_equal(heads_find(txn, &last)->index, 299);
    assert_null(heads_find(txn, &none));
    store_abort(&txn);
}

static void a_head_of_another_author_is_corrupt(void **state)
{
    (void)state;
    struct author a, b;
    author_begin(&a, 1);
    author_begin(&b, 2);
    append_many(&a, 1, 10);
    append_many(&b, 1, 10);
    struct store_txn *txn = begin();
    struct hash author = a.feed.author;
    struct key_index wrong = key_of_index(1);
    db_put(txn->db, TABLE_FEEDS, BYTES_OF(author), BYTES_OF(wrong));
    assert_null(heads_find(txn, &author));
    assert_int_equal(store_error(txn), E_CORRUPT);
    assert_null(heads_make(txn, &author));
    assert_int_equal(store_commit(&txn), E_CORRUPT);
    author_end(&a);
    author_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_head_is_made_once_and_found_again),
        FACT(authors_that_share_a_bucket_are_told_apart),
        FACT(a_head_of_another_author_is_corrupt),
        FACT(one_transaction_may_touch_more_feeds_than_it_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
