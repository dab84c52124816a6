#include "hubd/feeds.h"

#include "scratch.h"

#include "authors.h"

#include <cmocka.h>

static struct store *store;
static struct feeds feeds;
static struct author writer;

static int feeds_up(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    feeds = (struct feeds){ .max = 2 };
    if (store_open(&options, &store) != E_OK)
        return -1;
    feeds.store = store;
    writer = (struct author){ .feed.author = { { 1, 2, 3 } } };
    author_key(&writer);
    author_write(&writer, KIND_IDENTITY, 10, SIGNED);
    for (int i = 0; i < 9; i++)
        author_write(&writer, KIND_STATEMENT, 10, SIGNED);
    return 0;
}

static int feeds_down(void **state)
{
    feeds_clear(&feeds);
    buf_clear(&writer.packed);
    buf_clear(&writer.all);
    store_close(&store);
    return scratch_drop(state);
}

/* All ten records, parsed; and the state of the feed after the first `next` of them. */
static void parse(struct record records[static 10])
{
    struct bytes rest = buf_view(&writer.packed);
    for (int i = 0; i < 10; i++)
        assert_int_equal(run_next(&rest, &records[i]), E_OK);
}

static struct feed state_after(const struct record *records, uint64_t next)
{
    struct feed feed = writer.feed;
    feed.next = next;
    feed.head = records[next - 1].id;
    return feed;
}

static void commit(const struct record *records, uint64_t from, uint64_t next)
{
    struct store_txn *txn;
    struct feed feed = state_after(records, next);
    assert_int_equal(store_begin(store, &txn), E_OK);
    store_append(txn, &feed, records + from, (size_t)(next - from));
    assert_int_equal(store_commit(&txn), E_OK);
}

static void a_feed_that_is_not_held_is_unknown(void **state)
{
    (void)state;
    struct cached *cached;
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_UNKNOWN_AUTHOR);
    assert_int_equal(feeds.by_author.count, 0);
}

static void records_on_their_way_are_remembered_until_they_are_durable(void **state)
{
    (void)state;
    struct record records[10], other;
    struct cached *cached;
    parse(records);
    commit(records, 0, 2);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    assert_int_equal(cached->feed.next, 2);
    struct feed feed = state_after(records, 6);
    feeds_took(cached, &feed, records + 2, 4);
    feed = state_after(records, 8);
    feeds_took(cached, &feed, records + 6, 2);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(feeds_compare(&feeds, cached, &records[i], 1), E_OK);
        other = records[i];
        other.id.b[0] ^= 1;
        assert_int_equal(feeds_compare(&feeds, cached, &other, 1), E_FORK);
    }
    commit(records, 2, 6);
    atomic_store(&cached->durable, 6);
    feed = state_after(records, 10);
    feeds_took(cached, &feed, records + 8, 2);
    assert_int_equal(cached->ids_from, 6);
    for (int i = 0; i < 10; i++)
        assert_int_equal(feeds_compare(&feeds, cached, &records[i], 1), E_OK);
}

static void what_differs_and_is_not_vouched_for_is_no_fork(void **state)
{
    (void)state;
    struct record records[10], pair[2];
    struct cached *cached;
    parse(records);
    commit(records, 0, 10);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);

    uint8_t entry[ENTRY_BYTES];
    memcpy(entry, records[4].entry, ENTRY_BYTES);
    entry[HEADER_BYTES + 7] ^= 1; /* one bit of the signature */
    assert_int_equal(record_parse(BYTES(entry), &pair[0]), E_OK);
    pair[1] = records[5]; /* valid, but it continues the true record 4 */
    assert_int_equal(feeds_compare(&feeds, cached, pair, 1), E_BAD_SIGNATURE);
    assert_int_equal(feeds_compare(&feeds, cached, pair, 2), E_BAD_SIGNATURE);
}

static void a_new_generation_begins_where_the_store_is(void **state)
{
    (void)state;
    struct record records[10];
    struct cached *cached;
    parse(records);
    commit(records, 0, 3);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    struct feed feed = state_after(records, 9);
    feeds_took(cached, &feed, records + 3, 6);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    assert_int_equal(cached->feed.next, 9);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 2, &cached), E_OK);
    assert_int_equal(cached->feed.next, 3);
    feed = state_after(records, 5);
    feeds_took(cached, &feed, records + 3, 2);
    assert_int_equal(feeds_compare(&feeds, cached, &records[4], 1), E_OK);
}

static void feeds_in_use_are_not_let_go(void **state)
{
    (void)state;
    struct record records[10];
    struct cached *cached;
    parse(records);
    commit(records, 0, 3);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    feeds.max = 0;
    atomic_store(&cached->users, 1);
    feeds_trim(&feeds, 0);
    assert_int_equal(feeds.by_author.count, 1);
    atomic_store(&cached->users, 0);
    feeds_trim(&feeds, 0);
    assert_int_equal(feeds.by_author.count, 0);
}

/* The row of it may be what the failed commit should have written. */
static void a_new_generation_does_not_know_what_was_refused(void **state)
{
    (void)state;
    struct record records[10];
    struct cached *cached;
    parse(records);
    commit(records, 0, 3);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    cached->refused = true;
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    assert_true(cached->refused);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 2, &cached), E_OK);
    assert_false(cached->refused);
}

static void a_tail_that_nobody_comes_back_for_is_let_go(void **state)
{
    (void)state;
    enum { MINUTE = 60000 };
    struct record records[10];
    struct cached *cached;
    parse(records);
    commit(records, 0, 3);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK);
    assert_true(tail_keep(&cached->tail, records + 3, 4, true, &feeds.tail_bytes));
    size_t kept = feeds.tail_bytes;
    assert_true(kept > 0);
    feeds_trim(&feeds, 100 * MINUTE);
    feeds_trim(&feeds, 104 * MINUTE);
    assert_int_equal(feeds.tail_bytes, kept);
    assert_int_equal(feeds_get(&feeds, &writer.feed.author, 1, &cached), E_OK); /* here it is again */
    feeds_trim(&feeds, 106 * MINUTE);
    feeds_trim(&feeds, 110 * MINUTE);
    assert_int_equal(feeds.tail_bytes, kept);
    assert_int_equal(cached->tail.count, 4);
    feeds_trim(&feeds, 111 * MINUTE);
    assert_int_equal(feeds.tail_bytes, 0);
    assert_int_equal(cached->tail.count, 0);
    assert_int_equal(feeds.by_author.count, 1); /* the feed itself stays */
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, feeds_up, feeds_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_feed_that_is_not_held_is_unknown),
        FACT(records_on_their_way_are_remembered_until_they_are_durable),
        FACT(what_differs_and_is_not_vouched_for_is_no_fork),
        FACT(a_new_generation_begins_where_the_store_is),
        FACT(a_new_generation_does_not_know_what_was_refused),
        FACT(feeds_in_use_are_not_let_go),
        FACT(a_tail_that_nobody_comes_back_for_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
