#include "store_bench.h"

static size_t pack(struct author *author, uint64_t from, size_t max_bytes, size_t max_count, struct buf *out)
{
    size_t count;
    struct store_view *view = view_of();
    out->len = 0;
    assert_int_equal(store_pack(view, &author->feed.author, from, max_bytes, max_count, out, &count), E_OK);
    store_done(&view);
    struct bytes rest = buf_view(out);
    struct record record;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(run_next(&rest, &record), E_OK);
        assert_memory_equal(record.entry, entry_of(author, from + i), ENTRY_BYTES);
    }
    assert_int_equal(rest.len, 0);
    return count;
}

static void a_pack_keeps_its_limits_and_ends_with_the_feed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 0, 0);
    struct store_txn *txn = begin();
    write_many(&a, 100, 75, SIGNED); /* 300 bytes each, packed */
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 1, 3000, 1000, &out), 10);
    assert_int_equal(out.len, 3000);
    assert_int_equal(pack(&a, 1, 2999, 1000, &out), 9);
    assert_int_equal(pack(&a, 1, 1, 1000, &out), 1); /* at least one record */
    assert_int_equal(pack(&a, 1, 100000, 7, &out), 7);
    assert_int_equal(pack(&a, 95, 100000, 1000, &out), 6);
    assert_int_equal(pack(&a, 100, 100000, 1000, &out), 1);
    assert_int_equal(pack(&a, 101, 100000, 1000, &out), 0);
    assert_int_equal(pack(&a, 0, 100000, 1000, &out), 1); /* the inception stands alone */
    struct author stranger = { .feed.author = a.feed.head };
    assert_int_equal(pack(&stranger, 0, 100000, 1000, &out), 0);
    author_end(&a);
}

static void a_pack_crosses_runs_and_carries_what_is_there(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a, b;
    author_begin(&a, 1);
    author_begin(&b, 2);
    for (int i = 0; i < 40; i++) {
        struct store_txn *txn = begin();
        write_many(&a, (size_t)(1 + i % 3), 50, i % 2 ? SIGNED : SIGNED | WITHHELD);
        author_append(&a, txn);
        write_many(&b, (size_t)(i % 2), 50, 0);
        author_append(&b, txn);
        assert_int_equal(store_commit(&txn), E_OK);
    }
    assert_int_equal(pack(&a, 1, 1 << 20, 1000, &out), a.feed.next - 1);
    struct bytes rest = buf_view(&out);
    struct record record;
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 1 + i % 3; j++) {
            assert_int_equal(run_next(&rest, &record), E_OK);
            assert_int_equal(record.has_payload, i % 2);
        }
    author_end(&a);
    author_end(&b);
}

static void a_pack_that_must_cut_cuts_behind_a_good_signature(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    struct store_txn *txn = begin();
    for (int i = 1; i <= 200; i++)
        author_write(&a, KIND_STATEMENT, 10, i % 10 == 0 ? SIGNED : 0);
    author_append(&a, txn);
    for (int i = 201; i <= 400; i++)
        author_write(&a, KIND_STATEMENT, 10, 0);
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 1, 1 << 20, 95, &out), 90);
    assert_int_equal(pack(&a, 1, 1 << 20, 90, &out), 90);
    assert_int_equal(pack(&a, 1, 1 << 20, 9, &out), 9); /* none verifies: all that fit */
    assert_int_equal(pack(&a, 191, 1 << 20, 150, &out), 10);
    assert_int_equal(pack(&a, 145, 1 << 20, 250, &out), 56); /* the last of them 200 back */
    assert_int_equal(pack(&a, 1, 1 << 20, 390, &out), 200);
    assert_int_equal(pack(&a, 195, 1 << 20, 1000, &out), 206); /* the end of the feed is no cut */
    author_end(&a);
}

static void an_identity_event_is_packed_alone(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    write_many(&a, 4, 10, SIGNED);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    author_write(&a, KIND_IDENTITY, 30, SIGNED);
    write_many(&a, 4, 10, SIGNED);
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 0, 1 << 20, 100, &out), 1);
    assert_int_equal(pack(&a, 1, 1 << 20, 100, &out), 4);
    assert_int_equal(pack(&a, 5, 1 << 20, 100, &out), 1);
    assert_int_equal(pack(&a, 6, 1 << 20, 100, &out), 4);
    author_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_pack_keeps_its_limits_and_ends_with_the_feed),
        FACT(a_pack_crosses_runs_and_carries_what_is_there),
        FACT(a_pack_that_must_cut_cuts_behind_a_good_signature),
        FACT(an_identity_event_is_packed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
