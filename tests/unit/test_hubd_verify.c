#include "hubd/verify.h"

#include "hub_bare.h"

static void records_that_come_twice_are_acknowledged_twice(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "once");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    uint64_t size = log_size();
    node.has_last = false;
    send_batch(&node, 1, 1, buf_view(node.packed[1]));
    UNTIL(&node, node.has_last && node.last.type == SYNC_ACK);
    assert_int_equal(node.last.ack.next, 2);
    assert_int_equal(log_size(), size);
    assert_int_equal(counter("duplicate"), 1);
    node_clear(&node);
}

static void copies_of_records_on_their_way_to_the_disk_are_copies_too(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    for (int i = 0; i < 50; i++)
        node_say(&node, VISIBLE_PUBLIC, "twice");
    node.has_last = false;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        send_batch(&node, seq, 1, buf_view(node.packed[seq]));
        send_batch(&node, seq, 1, buf_view(node.packed[seq]));
    }
    UNTIL(&node, node.has_last && node.last.type == SYNC_ACK && node.last.ack.next == 51);
    UNTIL(&node, counter("accepted") == 50 && counter("duplicate") == 50);
    for (int code = E_OK + 1; code < E_COUNT; code++)
        assert_int_equal(atomic_load(&hub.counters.refused[code]), 0);
    node_clear(&node);
}

static void a_fork_stops_its_feed_and_no_other(void **state)
{
    (void)state;
    struct node node, other;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    struct feed before = node.feed;
    node_say(&node, VISIBLE_PUBLIC, "this");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);

    uint8_t salt[SALT_BYTES] = { 9 };
    AUTO(buf_clear) struct buf twin = { 0 };
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(feed_append(&before, &node.home.record, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, 1, salt,
                                 engagement_payload(1, "that", &payload), &twin),
                     E_OK);
    send_batch(&node, 1, 1, buf_view(&twin));
    UNTIL(&node, node.nacked == E_FORK);
    assert_int_equal(node.nacked_seq, 1);

    node_say(&other, VISIBLE_PUBLIC, "all is well");
    node_connect(&other);
    UNTIL(&other, other.acked_next == 2);
    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_peer_show), E_OK);
    json_t *refused = json_object_get(asked.answer.body, "refused"); /* and stays there: it is evidence */
    assert_string_equal(json_string_value(json_object_get(refused, "code")), err_name(E_FORK));
    assert_int_equal(json_integer_value(json_object_get(refused, "seq")), 1);
    assert_int_equal(counter("strikes"), 0);
    node_clear(&node);
    node_clear(&other);
}

static void a_broken_record_is_refused_and_shown_to_the_operator(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "good");
    node_say(&node, VISIBLE_PUBLIC, "to be broken");
    node.packed[2]->data[60] ^= 1; /* in prev */
    node_connect(&node);
    UNTIL(&node, node.nacked != E_OK);
    assert_int_equal(node.nacked, E_BROKEN_CHAIN);
    assert_int_equal(node.nacked_seq, 2);
    assert_int_equal(node.acked_next, 2);
    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_peer_show), E_OK);
    json_t *refused = json_object_get(asked.answer.body, "refused");
    assert_int_equal(json_integer_value(json_object_get(refused, "seq")), 2);
    assert_string_equal(json_string_value(json_object_get(refused, "code")), err_name(E_BROKEN_CHAIN));
    assert_int_equal(counter("strikes"), 1);
    node_clear(&node);
}

static void a_local_payload_is_not_kept(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_LOCAL, "leaked by a broken node");
    node_say(&node, VISIBLE_FEDERAL, "for the hub alone");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 3);
    AUTO(store_done) struct store_view *view = NULL;
    struct record record;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    at_position(4, &record, view);
    assert_int_equal(record_visibility(&record), VISIBLE_LOCAL);
    assert_false(record.has_payload);
    at_position(5, &record, view);
    assert_true(record.has_payload);
    node_clear(&node);
}

static void the_offices_feed_goes_out_without_what_is_not_public(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    AUTO(buf_clear) struct buf payload = { 0 };
    ASK(asked);
    ask_with(&asked, "visibility", "federal");
    control_request_blob(&asked.request, engagement_payload(1, "not for everybody", &payload));
    assert_int_equal(ask(&asked, cmd_record_put), E_OK);
    ASK(second);
    control_request_blob(&second.request, engagement_payload(2, "for everybody", &payload));
    assert_int_equal(ask(&second, cmd_record_put), E_OK);
    /* inception, tick, admission, and the two */
    UNTIL(&node, node.hubs.next == 5);
    struct bytes rest = buf_view(&node.received);
    struct record record;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run_next(&rest, &record), E_OK);
        assert_int_equal(record.has_payload, i != 3);
    }
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_that_come_twice_are_acknowledged_twice),
        FACT(copies_of_records_on_their_way_to_the_disk_are_copies_too),
        FACT(a_fork_stops_its_feed_and_no_other),
        FACT(a_broken_record_is_refused_and_shown_to_the_operator),
        FACT(a_local_payload_is_not_kept),
        FACT(the_offices_feed_goes_out_without_what_is_not_public),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
