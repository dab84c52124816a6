#include "hubd/view/meta.h"

#include "view_rows.h"

static struct meta some_meta(void)
{
    struct meta meta = { .cursor = 1, .engagements = 2, .tick_ms = 3, .statements = 4, .retractions = 5 };
    meta.withheld = 6;
    meta.undecodable = 7;
    meta.unknown_types = 8;
    meta.no_effect = UINT64_MAX;
    memset(meta.store_id, 0x11, sizeof meta.store_id);
    memset(meta.last.b, 0x22, HASH_BYTES);
    memset(meta.hub.b, 0x33, HASH_BYTES);
    return meta;
}

static struct bytes state_value(void)
{
    struct bytes value;
    assert_true(db_get(txn, VIEW_META, bytes_text("state"), &value));
    return value;
}

static void a_new_view_has_no_state(void **state)
{
    (void)state;
    struct meta meta;
    assert_int_equal(meta_read(txn, &meta), E_NOT_FOUND);
}

static void the_state_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct meta meta = some_meta(), back = { 0 };
    meta_write(txn, &meta);
    rows_commit();
    assert_int_equal(meta_read(txn, &back), E_OK);
    assert_memory_equal(back.store_id, meta.store_id, sizeof meta.store_id);
    assert_int_equal(back.cursor, 1);
    assert_true(hash_equal(&back.last, &meta.last));
    assert_int_equal(back.engagements, 2);
    assert_true(hash_equal(&back.hub, &meta.hub));
    assert_int_equal(back.tick_ms, 3);
    assert_int_equal(back.statements, 4);
    assert_int_equal(back.retractions, 5);
    assert_int_equal(back.withheld, 6);
    assert_int_equal(back.undecodable, 7);
    assert_int_equal(back.unknown_types, 8);
    assert_true(back.no_effect == UINT64_MAX);
    meta.cursor = 9;
    meta_write(txn, &meta); /* it is one row, written over */
    assert_int_equal(meta_read(txn, &back), E_OK);
    assert_int_equal(back.cursor, 9);
    assert_int_equal(db_entries(txn, VIEW_META), 1);
}

static void another_schema_is_named(void **state)
{
    (void)state;
    struct meta meta = some_meta();
    AUTO(buf_clear) struct buf other = { 0 };
    meta_write(txn, &meta);
    buf_bytes(&other, state_value());
    for (uint32_t schema = 0; schema < 4; schema++) {
        put_u32(other.data, schema);
        db_put(txn, VIEW_META, bytes_text("state"), buf_view(&other));
        assert_int_equal(meta_read(txn, &meta), schema == VIEW_SCHEMA ? E_OK : E_VERSION);
    }
}

static void a_state_cut_anywhere_or_too_long_is_corrupt(void **state)
{
    (void)state;
    struct meta meta = some_meta();
    AUTO(buf_clear) struct buf whole = { 0 };
    meta_write(txn, &meta);
    buf_bytes(&whole, state_value());
    for (size_t len = 0; len < whole.len; len++) {
        db_put(txn, VIEW_META, bytes_text("state"), bytes_of(whole.data, len));
        assert_int_equal(meta_read(txn, &meta), E_CORRUPT);
    }
    buf_u8(&whole, 0);
    db_put(txn, VIEW_META, bytes_text("state"), buf_view(&whole));
    assert_int_equal(meta_read(txn, &meta), E_CORRUPT);
}

static void a_failed_transaction_gives_its_own_failure(void **state)
{
    (void)state;
    struct meta meta = some_meta();
    meta_write(txn, &meta);
    db_fail(txn, (fail)(E_FULL, "no room"));
    assert_int_equal(meta_read(txn, &meta), E_FULL); /* and not: there is none */
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_new_view_has_no_state),
        FACT(the_state_comes_back_as_it_was_written),
        FACT(another_schema_is_named),
        FACT(a_state_cut_anywhere_or_too_long_is_corrupt),
        FACT(a_failed_transaction_gives_its_own_failure),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
