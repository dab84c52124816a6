#include "sync_pair.h"

/* A receiver that is up, follows feed 1 from 10 on, has given 25 records of credit in batches of ten, and
 * keeps what it is to store. */
static void open_receiver(struct pair *p)
{
    memset(p, 0, sizeof *p);
    end_feed(&p->b, 1, 10, false, true);
    pair_up(p);
    struct sync_mark mark = fake_mark(&p->b.feeds[0]);
    sync_follow(p->b.sync, &mark);
    drop_events(&p->a);
    p->b.other = NULL; /* the test plays the sender */
    memset(p->b.sent, 0, sizeof p->b.sent);
}

static size_t stores(const struct end *end)
{
    size_t count = 0;
    for (size_t i = end->first; i < end->last; i++)
        count += end->events[i].what == EVENT_STORE;
    return count;
}

static enum err give(struct pair *p, unsigned author, uint64_t first, uint32_t count, size_t len)
{
    static uint8_t bytes[600000];
    for (uint32_t i = 0; i < count && (i + 1) * RECORD_LEN <= sizeof bytes; i++)
        put_u64(bytes + i * RECORD_LEN, first + i);
    struct sync_message m = { .type = SYNC_BATCH, .session = 77 };
    m.batch.author = fake_author(author);
    m.batch.first_seq = first;
    m.batch.count = count;
    m.batch.records = bytes_of(bytes, len);
    return sync_receive(p->b.sync, &m, p->now_ms);
}

static void what_continues_the_feed_is_stored_and_acknowledged(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 10, 3, 3 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 13, 2, 2 * RECORD_LEN), E_OK); /* without waiting */
    assert_int_equal(stores(&p.b), 2);
    assert_int_equal(p.b.sent[SYNC_ACK], 0); /* not before it is durable */
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 15);
    assert_int_equal(p.b.sent[SYNC_ACK], 2);
    pair_clear(&p);
}

static void one_acknowledgement_may_answer_several_batches(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(give(&p, 1, 10 + 5 * i, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 35, 1, RECORD_LEN), E_DENIED); /* the credit is used up */
    struct hash author = fake_author(1), head = fake_head(&author, 35, 0);
    sync_stored(p.b.sync, &author, 35, &head, 25 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_ACK], 1);
    assert_int_equal(give(&p, 1, 35, 5, 5 * RECORD_LEN), E_OK);
    pair_clear(&p);
}

static void shapes_that_no_batch_has_are_malformed(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 10, 0, 0), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, 0, RECORD_LEN), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, 1, 0), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, 1, ENTRY_BYTES), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, 2, 2 * (ENTRY_BYTES + 1) - 1), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, UINT32_MAX, 10 * RECORD_LEN), E_MALFORMED);
    assert_int_equal(give(&p, 1, UINT64_MAX, 1, RECORD_LEN), E_MALFORMED);
    assert_int_equal(give(&p, 1, 10, 1, ENTRY_BYTES + 1 + SALT_BYTES + MAX_PAYLOAD_BYTES + 1), E_MALFORMED);
    assert_int_equal(stores(&p.b), 0);
    /* None of it used credit up. */
    assert_int_equal(give(&p, 1, 10, 10, 10 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 20, 10, 10 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 30, 5, 5 * RECORD_LEN), E_OK);
    pair_clear(&p);
}

static void a_batch_over_the_size_we_named_is_denied_unless_it_is_one_record(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 10, 10, 10 * RECORD_LEN + 1), E_DENIED);
    assert_int_equal(give(&p, 1, 10, 1, 15 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 1);
    pair_clear(&p);
}

static void over_credit_is_denied_but_for_one_record(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 10, 10, 10 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 20, 10, 10 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 30, 6, 6 * RECORD_LEN), E_DENIED); /* five are left */
    assert_int_equal(give(&p, 1, 30, 4, 4 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 34, 2, 2 * RECORD_LEN), E_DENIED);
    /* The largest record there is passes on the last byte. */
    assert_int_equal(give(&p, 1, 34, 1, ENTRY_BYTES + 1 + SALT_BYTES + MAX_PAYLOAD_BYTES), E_OK);
    assert_int_equal(give(&p, 1, 35, 1, RECORD_LEN), E_DENIED);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    pair_clear(&p);
}

static void records_that_nobody_asked_for_are_denied(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 2, 0, 1, RECORD_LEN), E_DENIED);
    assert_int_equal(stores(&p.b), 0);
    pair_clear(&p);
}

static void a_gap_is_named_once_and_what_follows_gives_its_credit_back(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 12, 2, 2 * RECORD_LEN), E_OK);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    for (unsigned i = 0; i < 50; i++) /* far more than the credit, had it not come back */
        assert_int_equal(give(&p, 1, 14 + i, 2, 2 * RECORD_LEN), E_OK);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 50);
    assert_int_equal(stores(&p.b), 0);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 15, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 2);
    assert_int_equal(give(&p, 1, 21, 1, RECORD_LEN), E_OK);
    assert_int_equal(p.b.sent[SYNC_NACK], 2);
    pair_clear(&p);
}

static void records_that_are_held_already_are_left_to_the_host(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    assert_int_equal(give(&p, 1, 8, 5, 5 * RECORD_LEN), E_OK); /* it alone can tell a repeat from a fork */
    assert_int_equal(give(&p, 1, 0, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 13, 1, RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 3);
    assert_int_equal(p.b.sent[SYNC_NACK], 0);
    pair_clear(&p);
}

static void after_a_refusal_the_rest_is_dropped_until_the_sender_starts_over(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 15, 5, 5 * RECORD_LEN), E_OK);
    sync_refused(p.b.sync, &author, 12, E_BAD_SIGNATURE, false, "unvouched", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    sync_refused(p.b.sync, &author, 12, E_GAP, false, "gap", 5 * RECORD_LEN, p.now_ms); /* the second batch */
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 1);
    assert_int_equal(give(&p, 1, 20, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 2);
    assert_int_equal(stores(&p.b), 2);
    assert_int_equal(give(&p, 1, 12, 10, 10 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 3);
    /* A gap that the new offer itself leaves is named. */
    sync_refused(p.b.sync, &author, 12, E_GAP, false, "gap", 10 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 2);
    pair_clear(&p);
}

/* Both batches failed, each in a transaction of its own: naming the second would be an answer about records
 * that the sender, who has gone back to the first, has not sent. */
static void a_refusal_behind_a_refusal_is_not_told(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 15, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 20, 5, 5 * RECORD_LEN), E_OK);
    sync_refused(p.b.sync, &author, 10, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    sync_refused(p.b.sync, &author, 15, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 1);
    /* Nor when the sender has started over meanwhile. */
    assert_int_equal(give(&p, 1, 10, 3, 3 * RECORD_LEN), E_OK);
    sync_refused(p.b.sync, &author, 20, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 2);
    assert_int_equal(give(&p, 1, 13, 2, 2 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 5);
    pair_clear(&p);
}

/* ... though another link has brought all of it by then. */
static void a_refusal_behind_a_refusal_is_not_told_of_what_came_from_elsewhere(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1), head = fake_head(&author, 30, 0);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 15, 5, 5 * RECORD_LEN), E_OK);
    sync_refused(p.b.sync, &author, 10, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    sync_grown(p.b.sync, &author, 30, &head, p.now_ms);
    sync_refused(p.b.sync, &author, 15, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 1);
    pair_clear(&p);
}

/* The sender begins again where it knows that we stand, which may be behind what was refused. */
static void what_came_from_elsewhere_is_not_expected_again_after_a_refusal(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1), head = fake_head(&author, 12, 0);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    sync_grown(p.b.sync, &author, 12, &head, p.now_ms);
    sync_refused(p.b.sync, &author, 10, E_FULL, false, "full", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(give(&p, 1, 12, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 2);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    pair_clear(&p);
}

static void after_a_final_refusal_nothing_of_the_feed_is_stored(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1);
    assert_int_equal(give(&p, 1, 10, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(give(&p, 1, 15, 5, 5 * RECORD_LEN), E_OK);
    sync_refused(p.b.sync, &author, 10, E_FORK, true, "forked", 5 * RECORD_LEN, p.now_ms);
    sync_refused(p.b.sync, &author, 15, E_GAP, false, "gap", 5 * RECORD_LEN, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_NACK], 1);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(give(&p, 1, 10 + i, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 2);
    assert_int_equal(p.b.sent[SYNC_CREDIT], 51);
    pair_clear(&p);
}

static void what_came_from_elsewhere_meanwhile_moves_the_mark(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(1), head = fake_head(&author, 20, 0);
    sync_grown(p.b.sync, &author, 20, &head, p.now_ms);
    assert_int_equal(give(&p, 1, 20, 5, 5 * RECORD_LEN), E_OK);
    assert_int_equal(stores(&p.b), 1);
    assert_int_equal(p.b.sent[SYNC_NACK], 0);
    pair_clear(&p);
}

static void answers_about_feeds_that_are_not_on_the_link_are_ignored(void **state)
{
    (void)state;
    struct pair p;
    open_receiver(&p);
    struct hash author = fake_author(5), head = fake_head(&author, 20, 0);
    sync_stored(p.b.sync, &author, 20, &head, 5, p.now_ms);
    sync_refused(p.b.sync, &author, 20, E_BUSY, false, "no", 5, p.now_ms);
    sync_grown(p.b.sync, &author, 20, &head, p.now_ms);
    assert_int_equal(p.b.sent[SYNC_ACK] + p.b.sent[SYNC_NACK] + p.b.sent[SYNC_CREDIT], 0);
    pair_clear(&p);
}

/* The other side of it: a refusal of what was sent before the sender went back is no misdeed, and no news. */
static void a_refusal_that_comes_late_is_no_misdeed(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 20, 0);
    p.b.hold_stores = true;
    pair_open(&p);
    pair_settle(&p);
    uint64_t now = p.now_ms;
    struct sync_message nack = { .type = SYNC_NACK, .session = 77 };
    nack.nack.author = fake_author(1);
    nack.nack.code = E_FULL;
    assert_int_equal(sync_receive(p.a.sync, &nack, now), E_OK);
    nack.nack.seq = 10;
    assert_int_equal(sync_receive(p.a.sync, &nack, now), E_OK);
    assert_int_equal(p.a.feeds[0].nacks, 1);
    nack.nack.final = true;
    assert_int_equal(sync_receive(p.a.sync, &nack, now), E_DENIED);
    struct sync_progress progress;
    assert_true(sync_progress(p.a.sync, &nack.nack.author, &progress));
    assert_int_equal(progress.sent, 0);
    assert_true(progress.waits);
    pair_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_continues_the_feed_is_stored_and_acknowledged),
        cmocka_unit_test(one_acknowledgement_may_answer_several_batches),
        cmocka_unit_test(shapes_that_no_batch_has_are_malformed),
        cmocka_unit_test(a_batch_over_the_size_we_named_is_denied_unless_it_is_one_record),
        cmocka_unit_test(over_credit_is_denied_but_for_one_record),
        cmocka_unit_test(records_that_nobody_asked_for_are_denied),
        cmocka_unit_test(a_gap_is_named_once_and_what_follows_gives_its_credit_back),
        cmocka_unit_test(records_that_are_held_already_are_left_to_the_host),
        cmocka_unit_test(after_a_refusal_the_rest_is_dropped_until_the_sender_starts_over),
        cmocka_unit_test(a_refusal_behind_a_refusal_is_not_told),
        cmocka_unit_test(a_refusal_behind_a_refusal_is_not_told_of_what_came_from_elsewhere),
        cmocka_unit_test(a_refusal_that_comes_late_is_no_misdeed),
        cmocka_unit_test(what_came_from_elsewhere_is_not_expected_again_after_a_refusal),
        cmocka_unit_test(after_a_final_refusal_nothing_of_the_feed_is_stored),
        cmocka_unit_test(what_came_from_elsewhere_meanwhile_moves_the_mark),
        cmocka_unit_test(answers_about_feeds_that_are_not_on_the_link_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
