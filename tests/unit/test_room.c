#include "scratch.h"
#include "store/room.h"
#include "store/store.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static struct db_usage usage_of(uint64_t used, uint64_t map, uint64_t disk_free)
{
    return (struct db_usage){ .used_bytes = used, .map_bytes = map, .disk_free_bytes = disk_free };
}

static enum room room(uint64_t used, enum room was)
{
    struct db_usage usage = usage_of(used, 10000, 1 << 20);
    return room_of(&usage, was);
}

static void the_marks_are_70_85_and_95_percent(void **state)
{
    (void)state;
    assert_int_equal(room(0, ROOM_ENOUGH), ROOM_ENOUGH);
    assert_int_equal(room(6999, ROOM_ENOUGH), ROOM_ENOUGH);
    assert_int_equal(room(7000, ROOM_ENOUGH), ROOM_TOLD);
    assert_int_equal(room(8499, ROOM_ENOUGH), ROOM_TOLD);
    assert_int_equal(room(8500, ROOM_ENOUGH), ROOM_TIGHT);
    assert_int_equal(room(9499, ROOM_TIGHT), ROOM_TIGHT);
    assert_int_equal(room(9500, ROOM_TIGHT), ROOM_FULL);
    assert_int_equal(room(20000, ROOM_TIGHT), ROOM_FULL);
}

static void a_full_store_takes_records_again_below_93_percent(void **state)
{
    (void)state;
    assert_int_equal(room(9400, ROOM_FULL), ROOM_FULL);
    assert_int_equal(room(9300, ROOM_FULL), ROOM_FULL);
    assert_int_equal(room(9299, ROOM_FULL), ROOM_TIGHT);
    assert_int_equal(room(9400, ROOM_TIGHT), ROOM_TIGHT);
}

static void the_end_that_comes_first_counts(void **state)
{
    (void)state;
    struct db_usage usage = usage_of(900, 1 << 30, 100);
    assert_int_equal(room_percent(&usage), 90);
    assert_int_equal(room_check(&usage, ROOM_ENOUGH), E_OK);
    usage.disk_free_bytes = 40;
    assert_int_equal(room_check(&usage, ROOM_ENOUGH), E_FULL);
    assert_non_null(strstr(err_message(), "the disk is full to 95 %"));
    usage = usage_of(960, 1000, 1 << 30);
    assert_int_equal(room_check(&usage, ROOM_ENOUGH), E_FULL);
    assert_non_null(strstr(err_message(), "the map is full to 96 %"));
}

static void a_disk_that_says_nothing_has_no_say(void **state)
{
    (void)state;
    struct db_usage usage = usage_of(900, 100000, 0);
    assert_int_equal(room_percent(&usage), 0);
    usage = usage_of(0, 0, 0);
    assert_int_equal(room_percent(&usage), 100);
}

static void room_is_back_when_both_ends_are_a_mebibyte_away(void **state)
{
    (void)state;
    const uint64_t some = 1 << 20, much = 1 << 30;
    struct db_usage usage = usage_of(0, some, some);
    assert_true(room_is_back(&usage));
    usage.used_bytes = 1;
    assert_false(room_is_back(&usage));
    usage = usage_of(0, some, some - 1);
    assert_false(room_is_back(&usage));
    usage = usage_of(much, 2 * much, 0); /* a disk that says nothing has nothing */
    assert_false(room_is_back(&usage));
    usage = usage_of(93 * much, 100 * much, 100 * much); /* enough bytes, and full all the same */
    assert_false(room_is_back(&usage));
    usage.used_bytes = 92 * much;
    assert_true(room_is_back(&usage));
}

static enum err put(struct store *store, size_t bytes)
{
    static uint8_t filler[1 << 16], key = 0;
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(store, &txn));
    key++;
    store_put(txn, STORE_META, bytes_of(&key, 1), bytes_of(filler, bytes));
    return store_commit(&txn);
}

static void a_watch_sees_each_mark_as_a_store_fills_up(void **state)
{
    (void)state;
    struct store *store;
    struct store_options options = { scratch, 1 << 20, .create = true };
    struct room_watch watch = { 0 };
    enum room seen = ROOM_ENOUGH;
    enum err err = E_OK;
    assert_int_equal(store_open(&options, &store), E_OK);
    for (int i = 0; i < 250 && err == E_OK; i++) {
        err = room_look(&watch, store_db(store), 1); /* the clock stands still: what was written counts */
        assert_in_range(watch.room, seen, seen + 1);
        seen = watch.room;
        if (err == E_OK)
            assert_int_equal(put(store, 4000), E_OK);
        watch.written += 4000;
    }
    assert_int_equal(err, E_FULL);
    assert_int_equal(watch.room, ROOM_FULL);
    assert_int_equal(room_look(&watch, store_db(store), 1), E_FULL); /* and looks each time */
    assert_int_equal(put(store, 4000), E_OK);                        /* there is a reserve */
    store_close(&store);
}

static void a_watch_looks_but_once_a_second_at_a_store_that_rests(void **state)
{
    (void)state;
    struct store *store;
    struct store_options options = { scratch, 1 << 20, .create = true };
    struct room_watch watch = { 0 };
    assert_int_equal(store_open(&options, &store), E_OK);
    assert_int_equal(room_look(&watch, store_db(store), 5), E_OK);
    assert_int_equal(watch.looked_ms, 5);
    assert_int_equal(room_look(&watch, store_db(store), 1004), E_OK);
    assert_int_equal(watch.looked_ms, 5);
    assert_int_equal(room_look(&watch, store_db(store), 1005), E_OK);
    assert_int_equal(watch.looked_ms, 1005);
    watch.written = watch.step;
    assert_int_equal(room_look(&watch, store_db(store), 1006), E_OK);
    assert_int_equal(watch.looked_ms, 1006);
    store_close(&store);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_marks_are_70_85_and_95_percent),
        cmocka_unit_test(a_full_store_takes_records_again_below_93_percent),
        cmocka_unit_test(the_end_that_comes_first_counts),
        cmocka_unit_test(a_disk_that_says_nothing_has_no_say),
        cmocka_unit_test(room_is_back_when_both_ends_are_a_mebibyte_away),
        FACT(a_watch_sees_each_mark_as_a_store_fills_up),
        FACT(a_watch_looks_but_once_a_second_at_a_store_that_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
