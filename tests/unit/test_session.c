#include "hubd/front_private.h"

#include "hub_bare.h"

static void records_are_acknowledged_once_they_are_in_the_log(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 600; i++)
        node_say(&node, VISIBLE_PUBLIC, "a tie");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 601);

    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_true(store_feed(view, &node.home.author, &feed));
    assert_int_equal(feed.next, 601);
    assert_true(hash_equal(&feed.head, &node.feed.head));
    assert_int_equal(counter("accepted"), 600);
    node_clear(&node);
}

static void a_record_that_is_appended_while_the_link_is_up_arrives(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    for (uint64_t next = 2; next < 20; next++) {
        node_say(&node, VISIBLE_PUBLIC, "live");
        sync_grown(node.sync, &node.home.author, node.feed.next, &node.feed.head, clock_mono_ms());
        UNTIL(&node, node.acked_next == next);
    }
    node_clear(&node);
}

static void a_member_gets_its_own_feed_back(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_FEDERAL, "kept by the hub");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    node_hang_up(&node);
    node.received.len = node.n_received = 0;
    feed_init(&node.feed, &node.home.author);
    node.wants_own = node.sends_nothing = true;
    node_connect(&node);
    UNTIL(&node, node.n_received >= 2 && node.pending.store == false);
    node_clear(&node);
}

static void the_newest_session_of_a_key_is_the_only_one(void **state)
{
    (void)state;
    struct node node, again;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    node_make(&again, "us-oh-dayton");
    again.home = node.home;
    again.feed = node.feed;
    node_connect(&again);
    assert_int_equal(front_sessions(hub.front), 1);

    struct sync_message ping = { .type = SYNC_PING, .session = sync_session(node.sync) };
    node_sends(&node, &ping);
    UNTIL(&again, counter("stale_frames") == 1);
    assert_int_equal(counter("superseded"), 1);
    assert_int_equal(counter("strikes"), 0);
    node_clear(&node);
    node_clear(&again);
}

static void a_second_hello_on_one_connection_is_a_strike(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    node_sends(&node, &hello);
    UNTIL(&node, counter("strikes") == 1);
    assert_int_equal(counter("superseded"), 0);
    node_say(&node, VISIBLE_PUBLIC, "the link goes on");
    sync_grown(node.sync, &node.home.author, node.feed.next, &node.feed.head, clock_mono_ms());
    UNTIL(&node, node.acked_next == 2);
    node_clear(&node);
}

static void records_behind_a_gap_are_counted_as_refused(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    node_say(&node, VISIBLE_PUBLIC, "one");
    node_say(&node, VISIBLE_PUBLIC, "two");
    node.sends_nothing = true;
    send_batch(&node, 2, 1, buf_view(node.packed[2]));
    UNTIL(&node, node.nacked == E_GAP);
    assert_int_equal(atomic_load(&hub.counters.refused[E_GAP]), 1);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_are_acknowledged_once_they_are_in_the_log),
        FACT(a_record_that_is_appended_while_the_link_is_up_arrives),
        FACT(a_member_gets_its_own_feed_back),
        FACT(the_newest_session_of_a_key_is_the_only_one),
        FACT(a_second_hello_on_one_connection_is_a_strike),
        FACT(records_behind_a_gap_are_counted_as_refused),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
