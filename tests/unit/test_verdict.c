#include "registry/verdict.h"

#include "keeper.h"

#include "chain.h"

/* Keeps a chain's records as they are, without asking whether a feed would take them. */
static void hold(const struct chain *chain)
{
    struct feed feed;
    struct record record;
    struct store_txn *txn;
    struct bytes rest = buf_view(&chain->packed);
    size_t accepted;
    feed_init(&feed, &chain->author);
    assert_int_equal(store_begin(keeper.store, &txn), E_OK);
    while (rest.len > 0) {
        assert_int_equal(run_next(&rest, &record), E_OK);
        if (record.header.seq == 0)
            assert_int_equal(feed_take(&feed, &record, 1, &accepted), E_OK);
        feed.next = record.header.seq + 1;
        feed.head = record.id;
        store_append(txn, &feed, &record, 1);
    }
    assert_int_equal(store_commit(&txn), E_OK);
}

static struct verdict verdict_at(const struct chain *chain, uint64_t seq)
{
    AUTO(store_done) struct store_view *view = keeper_view();
    struct row row;
    struct verdict verdict;
    assert_int_equal(row_find(view, &chain->author, seq, &row), E_OK);
    assert_int_equal(verdict_of(view, &row, &verdict), E_OK);
    return verdict;
}

static void a_good_record_stands_on_its_own_signature(void **state)
{
    (void)state;
    static const bool none[LONG];
    struct chain chain;
    make_chain(none, 4, &chain);
    hold(&chain);
    for (uint64_t seq = 0; seq < 4; seq++) {
        struct verdict verdict = verdict_at(&chain, seq);
        assert_true(verdict.valid);
        assert_true(verdict.own_signature);
        assert_true(verdict.chained);
        assert_int_equal(verdict.vouched_by, seq);
    }
    buf_clear(&chain.packed);
}

static void a_bad_signature_is_vouched_for_by_the_next_good_one(void **state)
{
    (void)state;
    static bool bad[LONG];
    struct chain chain;
    bad[2] = bad[3] = bad[5] = true;
    make_chain(bad, 6, &chain);
    hold(&chain);
    for (uint64_t seq = 2; seq < 4; seq++) {
        struct verdict verdict = verdict_at(&chain, seq);
        assert_true(verdict.valid);
        assert_false(verdict.own_signature);
        assert_int_equal(verdict.vouched_by, 4);
    }
    struct verdict last = verdict_at(&chain, 5); /* nobody behind it */
    assert_false(last.valid);
    assert_true(last.chained);
    buf_clear(&chain.packed);
}

static void a_signature_vouches_for_255_records_before_it_and_no_more(void **state)
{
    (void)state;
    static bool bad[LONG];
    struct chain chain;
    for (size_t i = 1; i < 300; i++)
        bad[i] = true;
    make_chain(bad, 301, &chain);
    hold(&chain);
    assert_false(verdict_at(&chain, 300 - MAX_RUN_RECORDS).valid);
    struct verdict first = verdict_at(&chain, 300 - MAX_RUN_RECORDS + 1);
    assert_true(first.valid);
    assert_int_equal(first.vouched_by, 300);
    buf_clear(&chain.packed);
}

static void nothing_vouches_past_an_identity_event_nor_for_one(void **state)
{
    (void)state;
    static bool bad[LONG], identity[LONG];
    struct chain chain;
    bad[1] = bad[4] = identity[2] = identity[4] = true;
    make_events(bad, identity, 6, &chain);
    hold(&chain);
    assert_false(verdict_at(&chain, 1).valid);
    assert_true(verdict_at(&chain, 2).valid);
    assert_false(verdict_at(&chain, 4).valid);
    assert_true(verdict_at(&chain, 5).valid);
    buf_clear(&chain.packed);
}

static void a_record_that_does_not_follow_is_not_valid(void **state)
{
    (void)state;
    static bool bad[LONG];
    struct chain chain, other;
    bad[1] = true;
    forked_time_ms = 0;
    make_chain(bad, 4, &chain);
    forked_time_ms = 5;
    make_chain(bad, 4, &other);
    forked_time_ms = 0;
    /* 0 and 1 of this, 2 and 3 of that */
    AUTO(buf_clear) struct buf mixed = { 0 };
    struct bytes rest = buf_view(&chain.packed), tail = buf_view(&other.packed);
    struct record record;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_next(&rest, &record), E_OK);
        assert_int_equal(run_next(&tail, &record), E_OK);
    }
    buf_append(&mixed, chain.packed.data, chain.packed.len - rest.len);
    buf_bytes(&mixed, tail);
    buf_clear(&chain.packed);
    chain.packed = mixed;
    mixed = (struct buf){ 0 };
    hold(&chain);

    struct verdict before = verdict_at(&chain, 1); /* what follows it is no voucher: it follows another */
    assert_false(before.valid);
    assert_false(before.chained);
    struct verdict broken = verdict_at(&chain, 2);
    assert_true(broken.own_signature);
    assert_false(broken.chained);
    assert_false(broken.valid);
    assert_true(verdict_at(&chain, 3).valid);
    buf_clear(&chain.packed);
    buf_clear(&other.packed);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_good_record_stands_on_its_own_signature),
        FACT(a_bad_signature_is_vouched_for_by_the_next_good_one),
        FACT(a_signature_vouches_for_255_records_before_it_and_no_more),
        FACT(nothing_vouches_past_an_identity_event_nor_for_one),
        FACT(a_record_that_does_not_follow_is_not_valid),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
