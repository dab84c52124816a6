#include "hubd/view/names.h"

#include "core/hash.h"
#include "hubd/view/tables.h"
#include "scratch.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define COUNT (NAMES_WAITING_MIN + 10000U)

static struct db *db;
static struct db_txn *txn;
static struct names *names;

static int setup(void **state)
{
    static const char *const tables[] = { "meta", "ids", "waiting", NULL };
    if (scratch_make(state) != 0)
        return -1;
    struct db_options options = {
        .folder = scratch, .tables = tables, .map_bytes = 1 << 30, .unsynced = true
    };
    if (db_open(&options, &db) != E_OK || db_write(db, &txn) != E_OK)
        return -1;
    return names_load(txn, &names) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    names_free(&names);
    db_abort(&txn);
    db_close(&db);
    return scratch_drop(state);
}

/* The id of engagement number n. */
static const uint8_t *id_of(uint32_t n)
{
    static struct hash hash;
    hash = hash_bytes(BYTES_OF(n));
    return hash.b;
}

static void add_all(void)
{
    for (uint32_t n = 0; n < COUNT; n++) {
        names_add(names, txn, id_of(n), n);
        if (n % 1000 == 999)
            names_settle(names, txn, n + 1);
    }
    names_settle(names, txn, COUNT);
}

static void expect_found(uint32_t n)
{
    uint32_t ordinal = UINT32_MAX;
    assert_true(names_find(names, txn, id_of(n), &ordinal));
    assert_int_equal(ordinal, n);
}

static void a_name_is_found_whether_it_waits_or_not(void **state)
{
    (void)state;
    uint32_t ordinal;
    add_all();
    assert_true(db_entries(txn, VIEW_WAITING) <= NAMES_WAITING_MIN);
    assert_true(db_entries(txn, VIEW_IDS) >= COUNT - NAMES_WAITING_MIN - 1000);
    assert_int_equal(db_entries(txn, VIEW_IDS) + db_entries(txn, VIEW_WAITING), COUNT);
    for (uint32_t n = 0; n < COUNT; n += 7)
        expect_found(n);
    assert_false(names_find(names, txn, id_of(COUNT), &ordinal));
}

static void what_waits_is_there_after_a_restart(void **state)
{
    (void)state;
    add_all();
    assert_int_equal(db_commit(&txn), E_OK);
    names_free(&names);
    assert_int_equal(db_write(db, &txn), E_OK);
    assert_int_equal(names_load(txn, &names), E_OK);
    for (uint32_t n = 0; n < COUNT; n += 5)
        expect_found(n);
    /* It goes on settling from where it was. */
    names_add(names, txn, id_of(COUNT), COUNT);
    names_settle(names, txn, COUNT + 1);
    expect_found(COUNT);
    assert_true(db_entries(txn, VIEW_WAITING) <= NAMES_WAITING_MIN);
}

struct range {
    const uint8_t *low, *high;
    size_t count, most;
};

static bool in_range(void *context, uint32_t ordinal)
{
    struct range *range = context;
    const uint8_t *id = id_of(ordinal);
    assert_true(memcmp(id, range->low, 16) >= 0 && memcmp(id, range->high, 16) <= 0);
    return ++range->count < range->most;
}

static void a_range_has_those_that_wait_and_those_that_do_not(void **state)
{
    (void)state;
    add_all();
    for (unsigned first = 0; first < 256; first += 15) {
        uint8_t low[16] = { (uint8_t)first, 0x40 }, high[16];
        memset(high, 0xff, sizeof high);
        high[0] = (uint8_t)(first + 1 < 256 ? first + 1 : 255);
        size_t wanted = 0;
        for (uint32_t n = 0; n < COUNT; n++)
            wanted += memcmp(id_of(n), low, 16) >= 0 && memcmp(id_of(n), high, 16) <= 0;
        struct range range = { low, high, 0, SIZE_MAX }, three = { low, high, 0, 3 };
        names_range(txn, low, high, in_range, &range);
        assert_int_equal(range.count, wanted);
        names_range(txn, low, high, in_range, &three);
        assert_int_equal(three.count, 3);
    }
}

static void ids_that_are_chosen_to_fall_together_are_only_slower(void **state)
{
    (void)state;
    uint8_t id[16] = { 7 };
    uint32_t ordinal;
    for (uint32_t n = 0; n < COUNT; n++) {
        put_u32(id + 12, n);
        names_add(names, txn, id, n);
    }
    names_settle(names, txn, COUNT);
    assert_int_equal(db_entries(txn, VIEW_WAITING), 0);
    put_u32(id + 12, 77);
    assert_true(names_find(names, txn, id, &ordinal));
    assert_int_equal(ordinal, 77);
}

static void a_waiting_name_that_does_not_decode_is_corrupt(void **state)
{
    (void)state;
    struct names *loaded;
    db_put(txn, VIEW_WAITING, bytes_of("\x07\0\0\0\x01", 5), bytes_of(id_of(1), 15));
    assert_int_equal(names_load(txn, &loaded), E_CORRUPT);
    assert_null(loaded);
}

static void a_settled_name_that_does_not_decode_is_corrupt(void **state)
{
    (void)state;
    uint32_t ordinal;
    db_put(txn, VIEW_IDS, bytes_of(id_of(1), 16), bytes_text("12345"));
    assert_false(names_find(names, txn, id_of(2), &ordinal));
    assert_int_equal(db_error(txn), E_OK);
    assert_false(names_find(names, txn, id_of(1), &ordinal));
    assert_int_equal(db_error(txn), E_CORRUPT);
}

#define EACH(fact) cmocka_unit_test_setup_teardown(fact, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_name_is_found_whether_it_waits_or_not),
        EACH(what_waits_is_there_after_a_restart),
        EACH(a_range_has_those_that_wait_and_those_that_do_not),
        EACH(ids_that_are_chosen_to_fall_together_are_only_slower),
        EACH(a_waiting_name_that_does_not_decode_is_corrupt),
        EACH(a_settled_name_that_does_not_decode_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
