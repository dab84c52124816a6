#include "hubd/own.h"

#include "scratch.h"

#include "core/run.h"
#include "core/statement.h"

#include <cmocka.h>

static struct home home;
static struct store *store;
static struct own own;

static int own_up(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    AUTO(buf_clear) struct buf inception = { 0 };
    struct home_new wanted = { .role = HOME_HUB, .title = "Office", .origin = "test.example/log" };
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    if (home_identity(&wanted, &home, &inception) != E_OK || store_open(&options, &store) != E_OK)
        return -1;
    own = (struct own){ .home = &home, .tick_ms = 60000 };
    if (own_load(&own, store, 0, 0) != E_NOT_FOUND)
        return -1;
    struct store_txn *txn;
    struct feed feed;
    struct record record;
    size_t accepted;
    struct bytes rest = buf_view(&inception);
    feed_init(&feed, &home.author);
    if (run_next(&rest, &record) != E_OK || feed_take(&feed, &record, 1, &accepted) != E_OK ||
        store_begin(store, &txn) != E_OK)
        return -1;
    store_append(txn, &feed, &record, 1);
    return store_commit(&txn) == E_OK ? 0 : -1;
}

static int own_down(void **state)
{
    store_close(&store);
    home_clear(&home);
    return scratch_drop(state);
}

/* One transaction with at most a tick in it. */
static void tick(uint64_t now_ms, uint64_t mono_ms)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(store, &txn), E_OK);
    own_begin(&own, now_ms, mono_ms);
    assert_int_equal(own_tick(&own, txn), E_OK);
    assert_int_equal(store_commit(&txn), E_OK);
}

static uint64_t ticked(uint64_t seq)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes entry, salted;
    struct record record;
    uint64_t time_ms;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(store_at(view, seq, &entry, &salted), E_OK);
    assert_int_equal(record_parse(entry, &record), E_OK);
    assert_true(record_open(&record, salted));
    assert_int_equal(tick_read(record.payload, &time_ms), E_OK);
    return time_ms;
}

static void the_first_record_of_all_asks_for_a_tick(void **state)
{
    (void)state;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    tick(5000000, 100);
    assert_int_equal(own.feed.next, 2);
    assert_int_equal(ticked(1), 5000000);
}

static void a_tick_is_due_only_after_the_interval(void **state)
{
    (void)state;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    tick(5000000, 100);
    tick(5059999, 60099);
    assert_int_equal(own.feed.next, 2);
    tick(5060000, 60100);
    assert_int_equal(own.feed.next, 3);
}

static void time_in_the_log_never_goes_back(void **state)
{
    (void)state;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    tick(5000000, 100);
    tick(1000, 70000); /* the clock was set back by much */
    assert_int_equal(ticked(2), 5000000);
    assert_int_equal(own_load(&own, store, 1000, 0), E_OK);
    tick(1000, 0);
    assert_int_equal(ticked(3), 5000000);
    tick(9000000, 80000);
    assert_int_equal(ticked(4), 9000000);
}

static void a_restart_remembers_the_last_tick(void **state)
{
    (void)state;
    assert_int_equal(own_load(&own, store, 5000000, 1000000), E_OK);
    tick(5000000, 1000000);
    assert_int_equal(own_load(&own, store, 5030000, 1030000), E_OK);
    tick(5030000, 1030000);
    assert_int_equal(own.feed.next, 2);
    tick(5060000, 1060000);
    assert_int_equal(own.feed.next, 3);
}

/* One transaction with a statement in it; its seq. */
static uint64_t say(uint64_t now_ms, uint64_t mono_ms)
{
    struct store_txn *txn;
    uint64_t seq;
    struct hash id;
    own_begin(&own, now_ms, mono_ms);
    uint64_t foretold = own_next(&own);
    assert_int_equal(store_begin(store, &txn), E_OK);
    assert_int_equal(own_append(&own, txn, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, bytes_text(""), &seq, &id),
                     E_OK);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(seq, foretold);
    assert_true(hash_equal(&id, &own.feed.head));
    return seq;
}

static void a_tick_goes_before_the_record_that_it_dates(void **state)
{
    (void)state;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    assert_int_equal(say(5000000, 100), 2);
    assert_int_equal(ticked(1), 5000000);
    assert_int_equal(say(5000001, 101), 3);
    assert_int_equal(say(5060000, 60100), 5);
    assert_int_equal(ticked(4), 5060000);
}

static void what_was_not_committed_is_forgotten(void **state)
{
    (void)state;
    struct store_txn *txn;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    assert_int_equal(store_begin(store, &txn), E_OK);
    assert_int_equal(own_append(&own, txn, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, bytes_text(""), NULL, NULL),
                     E_OK);
    assert_int_equal(own.feed.next, 3);
    store_abort(&txn);
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    assert_int_equal(own.feed.next, 1);
    assert_int_equal(own_next(&own), 2); /* its tick was not committed either */
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, own_up, own_down)

static void a_store_without_room_takes_decisions_but_no_statements(void **state)
{
    (void)state;
    struct store_txn *txn;
    assert_int_equal(own_load(&own, store, 5000000, 100), E_OK);
    own.full = true;
    assert_int_equal(store_begin(store, &txn), E_OK);
    assert_int_equal(own_append(&own, txn, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, bytes_text(""), NULL, NULL),
                     E_FULL);
    assert_int_equal(own.feed.next, 1); /* not even a tick */
    assert_int_equal(own_append(&own, txn, KIND_FEDERATION, 0, TYPE_SUSPENSION, bytes_text(""), NULL, NULL),
                     E_OK);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(own.feed.next, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(the_first_record_of_all_asks_for_a_tick),
        FACT(a_tick_is_due_only_after_the_interval),
        FACT(time_in_the_log_never_goes_back),
        FACT(a_restart_remembers_the_last_tick),
        FACT(a_tick_goes_before_the_record_that_it_dates),
        FACT(what_was_not_committed_is_forgotten),
        FACT(a_store_without_room_takes_decisions_but_no_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
