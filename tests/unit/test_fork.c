#include "vectors.h"

#include "chain.h"

struct branches {
    struct chain a, b;
    struct key key;
};

static void fork_proofs_hold_both_branches_up_to_their_vouchers(void **state)
{
    (void)state;
    static struct branches forked;
    bool bad[LONG] = { [2] = true, [3] = true }, good[LONG] = { false }, identity[LONG] = { true };
    make_events(bad, identity, 6, &forked.a);
    forked_time_ms = 9;
    make_events(good, identity, 6, &forked.b);
    forked_time_ms = 0;
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &forked.a.author);
    assert_int_equal(feed_take(&feed, forked.a.records, 1, &accepted), E_OK);

    /* 0 is common, they part at 1: a is vouched for by 1, b by 1; from 2 on they begin elsewhere */
    AUTO(buf_clear) struct buf long_a = { 0 }, short_b = { 0 }, proof = { 0 };
    buf_append(&short_b, forked.b.records[1].entry, ENTRY_BYTES);
    fork_proof(bytes_of(forked.a.records[1].entry, ENTRY_BYTES), buf_view(&short_b), &proof);
    assert_int_equal(proof.len, 2 * ENTRY_BYTES);
    assert_int_equal(fork_verify(buf_view(&proof), &feed.author, &feed.record_key), E_OK);
    struct hash other = { { 5 } };
    assert_int_equal(fork_verify(buf_view(&proof), &other, &feed.record_key), E_MALFORMED);
    struct key stranger = { { 9 } };
    assert_int_equal(fork_verify(buf_view(&proof), &feed.author, &stranger), E_BAD_SIGNATURE);

    struct buf swapped = { 0 };
    buf_append(&swapped, proof.data + ENTRY_BYTES, ENTRY_BYTES);
    buf_append(&swapped, proof.data, ENTRY_BYTES);
    assert_int_equal(fork_verify(buf_view(&swapped), &feed.author, &feed.record_key), E_MALFORMED);
    swapped.len = 0;
    buf_append(&swapped, proof.data, ENTRY_BYTES);
    buf_append(&swapped, proof.data, ENTRY_BYTES);
    assert_int_equal(fork_verify(buf_view(&swapped), &feed.author, &feed.record_key), E_MALFORMED);
    buf_clear(&swapped);
    buf_u8(&proof, 0);
    assert_int_equal(fork_verify(buf_view(&proof), &feed.author, &feed.record_key), E_MALFORMED);

    proof.len = 0; /* one seq, but they parted before it */
    for (size_t i = 2; i < 5; i++)
        buf_append(&long_a, forked.a.records[i].entry, ENTRY_BYTES);
    fork_proof(buf_view(&long_a), bytes_of(forked.b.records[2].entry, ENTRY_BYTES), &proof);
    assert_int_equal(fork_verify(buf_view(&proof), &feed.author, &feed.record_key), E_MALFORMED);
    buf_clear(&forked.a.packed);
    buf_clear(&forked.b.packed);
}

static void a_branch_without_a_voucher_proves_nothing(void **state)
{
    (void)state;
    static struct branches forked;
    bool bad[LONG] = { [1] = true, [2] = true }, good[LONG] = { false }, identity[LONG] = { true };
    make_events(bad, identity, 4, &forked.a);
    forked_time_ms = 9;
    make_events(good, identity, 4, &forked.b);
    forked_time_ms = 0;
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &forked.a.author);
    assert_int_equal(feed_take(&feed, forked.a.records, 1, &accepted), E_OK);
    for (size_t n = 1; n <= 3; n++) {
        AUTO(buf_clear) struct buf branch = { 0 }, proof = { 0 };
        for (size_t i = 1; i <= n; i++)
            buf_append(&branch, forked.a.records[i].entry, ENTRY_BYTES);
        fork_proof(buf_view(&branch), bytes_of(forked.b.records[1].entry, ENTRY_BYTES), &proof);
        enum err err = fork_verify(buf_view(&proof), &feed.author, &feed.record_key);
        assert_int_equal(err == E_OK, n == 3);
    }
    buf_clear(&forked.a.packed);
    buf_clear(&forked.b.packed);
}

static int start(void **state)
{
    (void)state;
    return id_init() != E_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fork_proofs_hold_both_branches_up_to_their_vouchers),
        cmocka_unit_test(a_branch_without_a_voucher_proves_nothing),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
