#include "sync_pair.h"

static void a_feed_that_only_one_side_cares_for_is_not_sent(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 50, true, false);  /* the other does not know it */
    end_feed(&p.a, 2, 50, true, false);  /* the other does not want it */
    end_feed(&p.a, 3, 50, false, false); /* we do not offer it */
    end_feed(&p.b, 2, 0, false, false);
    end_feed(&p.b, 3, 0, false, true);
    pair_up(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    struct sync_progress progress;
    struct hash author = fake_author(1);
    assert_true(sync_progress(p.a.sync, &author, &progress));
    assert_true(progress.met);
    assert_false(progress.wanted);
    author = fake_author(9);
    assert_false(sync_progress(p.a.sync, &author, &progress));
    pair_clear(&p);
}

static void a_thousand_feeds_share_one_link(void **state)
{
    (void)state;
    struct pair p = { 0 };
    for (unsigned n = 1; n <= 1000; n++) {
        end_feed(&p.a, n, n % 17, true, true);
        end_feed(&p.b, n, n % 13, true, true);
    }
    pair_up(&p);
    for (unsigned n = 0; n < 1000; n++) {
        assert_int_equal(p.a.feeds[n].next, p.b.feeds[n].next);
        assert_int_equal(p.a.feeds[n].stored_twice + p.b.feeds[n].stored_twice, 0);
    }
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    pair_clear(&p);
}

static void marks_past_the_limit_are_a_strike(void **state)
{
    (void)state;
    struct pair p = { 0 };
    for (unsigned n = 1; n <= 30; n++) {
        pair_feed(&p, n, 4, 0);
    }
    struct sync_options a = fake_options(), b = fake_options();
    b.max_feeds = 10;
    pair_join(&p, &a, &b);
    pair_settle(&p);
    assert_int_equal(p.b.strikes, 1);
    assert_int_equal(p.b.last_strike, E_TOO_BIG);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_int_equal(p.b.feeds[9].next, 4);
    assert_int_equal(p.b.feeds[10].next, 0);
    pair_clear(&p);
}

static void a_peer_that_is_ahead_is_told_and_sent_nothing(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 10, true, false); /* a restored home */
    end_feed(&p.b, 1, 15, false, true);
    pair_up(&p);
    assert_int_equal(p.a.feeds[0].nacks, 1);
    assert_int_equal(p.a.feeds[0].nack_code, E_GAP);
    assert_int_equal(p.a.feeds[0].nack_seq, 10);
    struct sync_progress progress;
    assert_true(sync_progress(p.a.sync, &p.a.feeds[0].author, &progress));
    assert_true(progress.behind);
    assert_int_equal(progress.peer_next, 15);
    assert_int_equal(p.a.feeds[0].acked, 0);
    end_append(&p, &p.a, 1, 4);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    end_append(&p, &p.a, 1, 3); /* it has its own back, and two more */
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 17);
    assert_int_equal(p.b.feeds[0].stored_twice, 0);
    assert_true(sync_progress(p.a.sync, &p.a.feeds[0].author, &progress));
    assert_false(progress.behind);
    pair_clear(&p);
}

static void another_record_at_our_head_is_a_fork_and_stops_the_feed(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 10, true, false);
    end_feed(&p.a, 2, 3, true, false);
    end_feed(&p.b, 1, 10, false, true);
    end_feed(&p.b, 2, 0, false, true);
    p.b.feeds[0].branch = 1;
    pair_up(&p);
    assert_int_equal(p.a.feeds[0].nack_code, E_FORK);
    assert_int_equal(p.a.feeds[0].nack_seq, 9);
    assert_int_equal(p.a.feeds[0].acked, 0);
    end_append(&p, &p.a, 1, 4);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 10);
    assert_int_equal(p.b.feeds[1].next, 3); /* the other feed flows */
    pair_clear(&p);
}

static void growing_into_another_branch_is_a_fork(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 8, 10);
    p.b.feeds[0].branch = 1;
    pair_up(&p);
    assert_int_equal(p.a.feeds[0].nack_code, E_GAP);
    end_append(&p, &p.a, 1, 2);
    assert_int_equal(p.a.feeds[0].nack_code, E_FORK);
    end_append(&p, &p.a, 1, 2);
    pair_settle(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    pair_clear(&p);
}

static void a_mark_must_make_sense(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 5, true, false);
    pair_up(&p);
    struct sync_mark mark = { .author = fake_author(1), .next = 5, .wants = true };
    struct sync_message m = { .type = SYNC_FRONTIER, .session = 77 };
    m.frontier.marks = &mark;
    m.frontier.count = 1;
    assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms), E_MALFORMED);
    mark.next = 0;
    mark.head = fake_author(9);
    assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms), E_MALFORMED);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    pair_clear(&p);
}

static void feeds_may_be_followed_while_the_link_is_up(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.b, 1, 0, false, true);
    pair_up(&p);
    end_feed(&p.a, 1, 30, true, false);
    struct sync_mark mark = fake_mark(&p.a.feeds[0]);
    sync_follow(p.a.sync, &mark);
    pair_settle(&p);
    assert_int_equal(p.b.feeds[0].next, 30);
    assert_agreed(&p);
    pair_clear(&p);
}

static void a_feed_both_sides_offer_is_not_echoed(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 200, true, true);
    end_feed(&p.b, 1, 0, true, true);
    pair_up(&p);
    assert_int_equal(p.b.feeds[0].next, 200);
    assert_int_equal(p.b.sent[SYNC_BATCH], 0);
    end_append(&p, &p.b, 1, 5);
    pair_settle(&p);
    assert_int_equal(p.a.feeds[0].next, 205);
    assert_int_equal(p.a.feeds[0].stored_twice + p.b.feeds[0].stored_twice, 0);
    pair_clear(&p);
}

static void nothing_is_sent_that_the_peer_holds(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_feed(&p, 1, 500, 500);
    pair_up(&p);
    assert_int_equal(p.a.sent[SYNC_BATCH], 0);
    assert_int_equal(p.a.feeds[0].acked, 500);
    assert_int_equal(p.a.feeds[0].nacks, 0);
    pair_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feed_that_only_one_side_cares_for_is_not_sent),
        cmocka_unit_test(a_thousand_feeds_share_one_link),
        cmocka_unit_test(marks_past_the_limit_are_a_strike),
        cmocka_unit_test(a_peer_that_is_ahead_is_told_and_sent_nothing),
        cmocka_unit_test(another_record_at_our_head_is_a_fork_and_stops_the_feed),
        cmocka_unit_test(growing_into_another_branch_is_a_fork),
        cmocka_unit_test(a_mark_must_make_sense),
        cmocka_unit_test(feeds_may_be_followed_while_the_link_is_up),
        cmocka_unit_test(a_feed_both_sides_offer_is_not_echoed),
        cmocka_unit_test(nothing_is_sent_that_the_peer_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
