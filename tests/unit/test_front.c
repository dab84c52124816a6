#include "hubd/front.h"

#include "hub_bare.h"

static void *close_hub(void *argument)
{
    (void)argument;
    hub_close(&hub);
    return NULL;
}

static void garbage_ends_in_a_ban_that_ends(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    for (uint32_t i = 0; i < hub.options.strikes; i++)
        assert_int_equal(dealer_send(node.dealer, bytes_text("garbage")), E_OK);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_MALFORMED);
    assert_true(node.retry_after_ms > 0);
    assert_int_equal(counter("bans"), 1);
    node_dial(&node); /* its greeting is not heard */
    UNTIL(&node, counter("ignored_frames") > 0);
    assert_false(node.is_up);
    UNTIL(&node, (node.is_up ? true : (node_dial(&node), node_turn(&node), node.is_up)));
    node_clear(&node);
}

static void frames_before_hello_are_strikes(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_dial_with(&node, &node.home.transport);
    struct sync_message ping = { .type = SYNC_PING };
    node_sends(&node, &ping);
    UNTIL(&node, counter("strikes") == 1);
    zmq_send(dealer_socket(node.dealer), "a", 1, ZMQ_SNDMORE);
    zmq_send(dealer_socket(node.dealer), "b", 1, 0);
    UNTIL(&node, counter("strikes") == 2);
    node_clear(&node);
}

static void a_suspended_member_is_told_once_and_heard_no_more(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    ask_with(&asked, "reason", "abuse");
    assert_int_equal(ask(&asked, cmd_peer_suspend), E_OK);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_DENIED);
    assert_false(zap_is_allowed(hub.zap, ZAP_PEERS, &node.home.transport.public_key));
    struct sync_message ping = { .type = SYNC_PING, .session = sync_session(node.sync) };
    node_sends(&node, &ping);
    UNTIL(&node, counter("ignored_frames") > 0);
    assert_int_equal(ask(&asked, cmd_peer_suspend), E_UNMET);

    assert_int_equal(ask(&asked, cmd_peer_resume), E_OK);
    node_say(&node, VISIBLE_PUBLIC, "back again");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    node_clear(&node);
}

static void a_hub_says_goodbye_with_the_window_for_the_herd(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    struct options options = hub.options;
    pthread_t closing;
    assert_int_equal(pthread_create(&closing, NULL, close_hub, NULL), 0);
    UNTIL(&node, node.down);
    pthread_join(closing, NULL);
    assert_int_equal(node.down_code, E_UNREACHABLE);
    assert_int_equal(node.retry_after_ms, 777);
    assert_int_equal(hub_open(hub_path, &options, &hub), E_OK);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(garbage_ends_in_a_ban_that_ends),
        FACT(frames_before_hello_are_strikes),
        FACT(a_suspended_member_is_told_once_and_heard_no_more),
        FACT(a_hub_says_goodbye_with_the_window_for_the_herd),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
