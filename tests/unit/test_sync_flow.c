#include "sync_pair.h"

static void a_backlog_flows_both_ways(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 500, true, false);
    end_feed(&p.a, 2, 7, false, true);
    end_feed(&p.b, 1, 20, false, true);
    end_feed(&p.b, 2, 600, true, false);
    pair_up(&p);
    assert_agreed(&p);
    assert_int_equal(p.b.feeds[0].next, 500);
    assert_int_equal(p.a.feeds[1].next, 600);
    /* 480 and 593 records in batches of at most ten */
    assert_in_range(p.a.sent[SYNC_BATCH], 48, 60);
    assert_in_range(p.b.sent[SYNC_BATCH], 60, 75);
    pair_clear(&p);
}

/* The whole exchange is cut after every possible number of steps and joined again: all arrives exactly once,
 * and nothing that was acknowledged is sent again. */
static void a_cut_anywhere_loses_nothing_and_repeats_nothing(void **state)
{
    (void)state;
    for (uint64_t cut = 0;; cut++) {
        struct pair p = { 0 };
        end_feed(&p.a, 1, 130, true, false);
        end_feed(&p.a, 2, 0, false, true);
        end_feed(&p.b, 1, 3, false, true);
        end_feed(&p.b, 2, 120, true, false);
        pair_open(&p);
        bool more = true;
        for (uint64_t i = 0; i < cut && more; i++)
            more = pair_step(&p);
        end_cut(&p.a);
        end_cut(&p.b);
        pair_up(&p);
        assert_agreed(&p);
        assert_int_equal(p.b.feeds[0].next, 130);
        assert_int_equal(p.a.feeds[1].next, 120);
        pair_clear(&p);
        if (!more) {
            assert_true(cut > 20);
            return;
        }
    }
}

static void a_link_that_is_cut_all_the_time_still_gets_on(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 300, 0);
    for (unsigned round = 0; p.b.feeds[0].next < 300; round++) {
        assert_true(round < 400);
        pair_open(&p);
        for (unsigned i = 0; i < 8; i++)
            pair_step(&p);
        end_cut(&p.a);
        end_cut(&p.b);
    }
    assert_int_equal(p.b.feeds[0].stored_twice, 0);
    assert_int_equal(p.a.feeds[0].resent, 0);
    pair_clear(&p);
}

static void live_records_are_pushed_at_once(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 5, 0);
    pair_up(&p);
    for (unsigned i = 0; i < 100; i++) {
        end_append(&p, &p.a, 1, 1);
        pair_settle(&p);
        assert_int_equal(p.b.feeds[0].next, 6 + i);
    }
    assert_agreed(&p);
    end_append(&p, &p.a, 1, 0); /* told again: nothing happens */
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 101);
    pair_clear(&p);
}

static void sending_goes_on_while_credit_is_left_and_stops_when_it_is_used_up(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    p.b.hold_stores = true; /* never answers */
    pair_up(&p);
    /* 25 records of credit: two batches of ten without waiting for an answer, then five */
    assert_int_equal(p.a.sent[SYNC_BATCH], 3);
    struct sync_progress progress;
    assert_true(sync_progress(p.a.sync, &p.a.feeds[0].author, &progress));
    assert_int_equal(progress.sent, 25);
    assert_int_equal(progress.peer_next, 0);
    sync_grant(p.b.sync, 10 * RECORD_LEN, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 4);
    assert_int_equal(p.b.strikes, 0);
    pair_clear(&p);
}

static void credit_goes_below_zero_by_one_record_at_most(void **state)
{
    (void)state;
    struct pair p = { 0 };
    for (unsigned n = 1; n <= 5; n++) {
        pair_feed(&p, n, 3, 0);
    }
    /* Each record is larger than a batch and than all credit there is. */
    p.a.record_len = p.b.record_len = 10000;
    pair_open(&p);
    p.b.hold_stores = true;
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 1);
    sync_grant(p.b.sync, 5000, p.now_ms); /* exactly at zero: still nothing */
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 1);
    sync_grant(p.b.sync, 125, p.now_ms); /* a sixteenth of a batch */
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 2);
    p.b.hold_stores = false;
    sync_grant(p.b.sync, 20000, p.now_ms); /* of the two that were never answered */
    pair_settle(&p);
    assert_int_equal(p.b.strikes, 0);
    for (unsigned n = 2; n < 5; n++) /* the others of five: in full */
        assert_int_equal(p.b.feeds[n].next, 3);
    pair_clear(&p);
}

static void an_acknowledgement_without_credit_sets_nothing_off(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    p.b.hold_stores = true;
    pair_up(&p); /* to exactly zero */
    p.b.feeds[0].next = 25;
    struct hash head = fake_head(&p.b.feeds[0].author, 25, 0);
    sync_stored(p.b.sync, &p.b.feeds[0].author, 25, &head, 0, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.a.feeds[0].acked, 25);
    assert_int_equal(p.a.sent[SYNC_BATCH], 3);
    assert_int_equal(p.a.fetches, 3); /* nothing fetched either */
    p.b.hold_stores = false;
    sync_grant(p.b.sync, 1, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 100);
    pair_clear(&p);
}

static void grants_before_the_link_is_up_are_told_then(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    struct sync_options options = fake_options();
    options.self.credit_bytes = 0;
    pair_join(&p, &options, &options);
    sync_grant(p.b.sync, 10 * RECORD_LEN, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 100); /* it comes back with every answer */
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    pair_clear(&p);
}

static void no_sum_of_grants_overflows(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    struct sync_options options = fake_options();
    options.self.credit_bytes = UINT64_MAX;
    pair_join(&p, &options, &options);
    pair_settle(&p);
    struct sync_message m = { .type = SYNC_CREDIT, .session = 77 };
    m.credit.bytes = UINT64_MAX;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms), E_OK);
        sync_grant(p.b.sync, UINT64_MAX, p.now_ms);
    }
    end_append(&p, &p.a, 1, 500);
    pair_settle(&p);
    assert_agreed(&p);
    pair_clear(&p);
}

static void small_change_of_credit_waits_for_more_while_answers_are_due(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 5, true, false);
    end_feed(&p.a, 2, 0, true, false);
    end_feed(&p.b, 1, 0, false, true);
    end_feed(&p.b, 2, 0, false, true);
    struct sync_options options = fake_options();
    options.self.max_batch_bytes = 32 * RECORD_LEN; /* a crumb: less than two records */
    options.self.credit_bytes = 6 * RECORD_LEN;
    pair_join(&p, &options, &options);
    p.b.hold_stores = true;
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 1);
    end_append(&p, &p.a, 2, 9);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 1);
    p.b.hold_stores = false;
    struct hash head = fake_head(&p.b.feeds[0].author, 5, 0);
    p.b.feeds[0].next = 5;
    sync_stored(p.b.sync, &p.b.feeds[0].author, 5, &head, 5 * RECORD_LEN, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[1].next, 9);
    pair_clear(&p);
}

static void batches_keep_to_the_peers_size(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    struct sync_options a = fake_options(), b = fake_options();
    b.self.max_batch_bytes = 3 * RECORD_LEN;
    pair_join(&p, &a, &b);
    pair_settle(&p);
    assert_agreed(&p);
    assert_int_equal(p.a.fetched_most, 3 * RECORD_LEN);
    pair_clear(&p);
}

static void feeds_are_served_in_turn(void **state)
{
    (void)state;
    struct pair p = { 0 };
    for (unsigned n = 1; n <= 10; n++) {
        pair_feed(&p, n, n == 1 ? 1000 : 10, 0);
    }
    pair_open(&p);
    while (p.b.feeds[9].next < 10)
        assert_true(pair_step(&p));
    assert_true(p.b.feeds[0].next <= 30); /* the long one has had its turns and no more */
    pair_settle(&p);
    assert_agreed(&p);
    pair_clear(&p);
}

static void a_final_refusal_stops_its_feed_and_no_other(void **state)
{
    (void)state;
    struct pair p = { 0 };
    for (unsigned n = 1; n <= 3; n++) {
        pair_feed(&p, n, 100, 0);
    }
    p.b.feeds[1].refuse_at = 42;
    p.b.feeds[1].refuse_code = E_BROKEN_CHAIN;
    p.b.feeds[1].refuse_final = true;
    p.b.feeds[1].refuse_times = 1000;
    pair_up(&p);
    assert_int_equal(p.b.feeds[0].next, 100);
    assert_int_equal(p.b.feeds[1].next, 42);
    assert_int_equal(p.b.feeds[2].next, 100);
    assert_int_equal(p.a.feeds[1].acked, 42);
    assert_int_equal(p.a.feeds[1].nacks, 1);
    assert_int_equal(p.a.feeds[1].nack_code, E_BROKEN_CHAIN);
    assert_int_equal(p.a.feeds[1].nack_seq, 42);
    struct sync_progress progress;
    assert_true(sync_progress(p.a.sync, &p.a.feeds[1].author, &progress));
    assert_true(progress.stopped);
    end_append(&p, &p.a, 2, 5);
    end_append(&p, &p.a, 3, 500); /* credit of what was dropped came back: the others still flow */
    pair_pass(&p, 200000);
    assert_int_equal(p.b.feeds[1].next, 42);
    assert_int_equal(p.b.feeds[2].next, 600);
    assert_int_equal(p.a.feeds[1].nacks, 1);
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    /* The receiver asks anew. */
    p.b.feeds[1].refuse_times = 0;
    struct sync_mark mark = fake_mark(&p.b.feeds[1]);
    sync_follow(p.b.sync, &mark);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[1].next, 105);
    assert_int_equal(p.b.feeds[1].stored_twice + p.a.feeds[1].resent, 0);
    pair_clear(&p);
}

static void a_run_cut_too_early_is_offered_again_with_more_behind_it(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    p.b.feeds[0].refuse_at = 17;
    p.b.feeds[0].refuse_code = E_BAD_SIGNATURE;
    p.b.feeds[0].refuse_times = 2;
    pair_up(&p); /* with no time passing */
    assert_int_equal(p.a.feeds[0].nacks, 2);
    assert_int_equal(p.b.feeds[0].next, 100);
    assert_agreed(&p);
    pair_clear(&p);
}

static void with_nothing_new_to_offer_the_sender_waits_longer_each_time(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 5, 0);
    p.b.feeds[0].refuse_at = 3;
    p.b.feeds[0].refuse_code = E_BAD_SIGNATURE;
    p.b.feeds[0].refuse_times = 1000;
    pair_up(&p);
    unsigned first = p.a.feeds[0].nacks;
    assert_int_equal(first, 1);
    pair_pass(&p, 950);
    assert_int_equal(p.a.feeds[0].nacks, first);
    pair_pass(&p, 100);
    assert_int_equal(p.a.feeds[0].nacks, first + 1);
    pair_pass(&p, 1800);
    assert_int_equal(p.a.feeds[0].nacks, first + 1);
    pair_pass(&p, 300);
    assert_int_equal(p.a.feeds[0].nacks, first + 2);
    pair_pass(&p, 3600000); /* an hour: about one a minute */
    assert_in_range(p.a.feeds[0].nacks, 55, 70);
    /* Something new: at once. */
    p.b.feeds[0].refuse_times = 0;
    end_append(&p, &p.a, 1, 1);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 6);
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    pair_clear(&p);
}

static void later_means_later_even_when_there_is_more(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 100, 0);
    p.b.feeds[0].refuse_at = 20;
    p.b.feeds[0].refuse_code = E_BUSY;
    p.b.feeds[0].refuse_times = 1;
    pair_up(&p);
    assert_int_equal(p.b.feeds[0].next, 20);
    unsigned batches = p.a.sent[SYNC_BATCH];
    end_append(&p, &p.a, 1, 10);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], batches);
    struct sync_progress progress;
    assert_true(sync_progress(p.a.sync, &p.a.feeds[0].author, &progress));
    assert_true(progress.waits);
    uint64_t due = sync_tick(p.a.sync, p.now_ms, 0xFFFFFFFFU);
    assert_int_equal(due, p.now_ms + 1000);
    pair_pass(&p, 1100);
    assert_int_equal(p.b.feeds[0].next, 110);
    assert_agreed(&p);
    pair_clear(&p);
}

static void an_endless_refusal_cannot_make_the_sender_spin(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 1000, 0);
    p.b.feeds[0].refuse_at = 3;
    p.b.feeds[0].refuse_code = E_GAP;
    p.b.feeds[0].refuse_times = UINT32_MAX;
    pair_up(&p);
    assert_in_range(p.a.feeds[0].nacks, 2, 10);
    pair_clear(&p);
}

static void what_nobody_offered_cannot_be_answered(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 5, 5);
    pair_up(&p);
    struct sync_message ack = { .type = SYNC_ACK, .session = 77 };
    ack.ack.author = fake_author(2);
    assert_int_equal(sync_receive(p.a.sync, &ack, p.now_ms), E_DENIED);
    struct sync_message nack = { .type = SYNC_NACK, .session = 77 };
    nack.nack.author = fake_author(2);
    assert_int_equal(sync_receive(p.a.sync, &nack, p.now_ms), E_DENIED);
    nack.nack.author = fake_author(1);
    nack.nack.seq = 6;
    assert_int_equal(sync_receive(p.a.sync, &nack, p.now_ms), E_DENIED);
    ack.ack.author = fake_author(1);
    ack.ack.next = 5;
    assert_int_equal(sync_receive(p.a.sync, &ack, p.now_ms), E_MALFORMED); /* no head */
    ack.ack.next = 0;
    ack.ack.head = fake_author(3);
    assert_int_equal(sync_receive(p.a.sync, &ack, p.now_ms), E_MALFORMED);
    ack.ack.head = (struct hash){ { 0 } };
    assert_int_equal(sync_receive(p.a.sync, &ack, p.now_ms), E_OK); /* backwards: no effect */
    assert_int_equal(p.a.feeds[0].acked, 5);
    assert_int_equal(p.a.feeds[0].nacks, 0);
    pair_clear(&p);
}

static void an_answer_to_a_fetch_that_is_out_of_date_is_not_sent(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 50, 0);
    pair_up(&p);
    unsigned batches = p.a.sent[SYNC_BATCH];
    uint8_t records[RECORD_LEN] = { 0 };
    struct hash author = fake_author(1), other = fake_author(2);
    sync_fetched(p.a.sync, &author, 50, 1, BYTES(records), p.now_ms); /* nobody asked */
    sync_fetched(p.a.sync, &other, 0, 1, BYTES(records), p.now_ms);
    end_append(&p, &p.a, 1, 1);
    sync_fetched(p.a.sync, &author, 3, 1, BYTES(records), p.now_ms); /* of another place: asked for again */
    assert_int_equal(p.a.sent[SYNC_BATCH], batches);
    pair_settle(&p);
    assert_agreed(&p);
    pair_clear(&p);
}

static void a_fetch_that_finds_nothing_is_tried_again_later(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 5, 0);
    pair_open(&p);
    p.a.feeds[0].next = 0; /* the disk does not give what was announced */
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    p.a.feeds[0].next = 5;
    pair_pass(&p, 1100);
    assert_int_equal(p.b.feeds[0].next, 5);
    pair_clear(&p);
}

/* Less credit than a run is worth, and a receiver that keeps what nothing vouches for yet: its answer gives
 * the credit back and acknowledges nothing. No more will come back by waiting. */
static void all_credit_that_there_is_is_used_though_something_is_unacknowledged(void **state)
{
    (void)state;
    struct pair p = { 0 };
    struct sync_options a = fake_options(), b = fake_options();
    b.self.max_batch_bytes = MAX_BATCH_BYTES;
    b.self.credit_bytes = 2 * RECORD_LEN;
    pair_feed(&p, 1, 10, 1);
    p.b.hold_stores = true;
    pair_join(&p, &a, &b);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 1);
    struct hash author = fake_author(1), head = fake_head(&author, 1, 0);
    sync_stored(p.b.sync, &author, 1, &head, 2 * RECORD_LEN, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 2);
    /* Some of it is back: the rest will be, and is worth waiting for. */
    sync_stored(p.b.sync, &author, 1, &head, RECORD_LEN, p.now_ms);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 2);
    pair_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_credit_that_there_is_is_used_though_something_is_unacknowledged),
        cmocka_unit_test(a_backlog_flows_both_ways),
        cmocka_unit_test(a_cut_anywhere_loses_nothing_and_repeats_nothing),
        cmocka_unit_test(a_link_that_is_cut_all_the_time_still_gets_on),
        cmocka_unit_test(live_records_are_pushed_at_once),
        cmocka_unit_test(sending_goes_on_while_credit_is_left_and_stops_when_it_is_used_up),
        cmocka_unit_test(credit_goes_below_zero_by_one_record_at_most),
        cmocka_unit_test(an_acknowledgement_without_credit_sets_nothing_off),
        cmocka_unit_test(grants_before_the_link_is_up_are_told_then),
        cmocka_unit_test(no_sum_of_grants_overflows),
        cmocka_unit_test(small_change_of_credit_waits_for_more_while_answers_are_due),
        cmocka_unit_test(batches_keep_to_the_peers_size),
        cmocka_unit_test(feeds_are_served_in_turn),
        cmocka_unit_test(a_final_refusal_stops_its_feed_and_no_other),
        cmocka_unit_test(a_run_cut_too_early_is_offered_again_with_more_behind_it),
        cmocka_unit_test(with_nothing_new_to_offer_the_sender_waits_longer_each_time),
        cmocka_unit_test(later_means_later_even_when_there_is_more),
        cmocka_unit_test(an_endless_refusal_cannot_make_the_sender_spin),
        cmocka_unit_test(what_nobody_offered_cannot_be_answered),
        cmocka_unit_test(an_answer_to_a_fetch_that_is_out_of_date_is_not_sent),
        cmocka_unit_test(a_fetch_that_finds_nothing_is_tried_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
