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

/* ---- what it listens on */

static void an_endpoint_that_will_not_do_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint;
        enum err err;
    } cases[] = { { "carrier-pigeon://roof", E_USAGE }, { "", E_USAGE }, { NULL, E_EXISTS } };
    struct front *second;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *taken = front_endpoint(hub.front);
        second = hub.front;
        snprintf(hub.options.endpoint, sizeof hub.options.endpoint, "%s",
                 cases[i].endpoint != NULL ? cases[i].endpoint : taken);
        assert_int_equal(front_new(&hub, &second), cases[i].err);
        assert_null(second);
        assert_string_not_equal(err_message(), "");
    }
}

/* ---- frames */

static void send_bytes(struct node *node, struct bytes frame)
{
    WAIT_FOR(dealer_send(node->dealer, frame) == E_OK); /* it may still be connecting */
}

static void send_raw(struct node *node, struct buf *frame)
{
    put_u32(frame->data + 20, crc32c(bytes_of(frame->data, 20)));
    send_bytes(node, buf_view(frame));
}

static void a_frame_of_another_version_is_refused_and_one_of_a_later_type_tolerated(void **state)
{
    (void)state;
    struct node node;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct sync_message ping = { .type = SYNC_PING, .session = 7 };
    node_join(&node, "us-oh-dayton");
    node_dial_with(&node, &node.home.transport);
    wire_encode(&ping, 1, &frame);
    frame.data[3] = 200;
    send_raw(&node, &frame);
    frame.data[3] = SYNC_PING;
    frame.data[2] = SYNC_MAJOR + 1;
    send_raw(&node, &frame);
    UNTIL(&node, node.has_last);
    assert_int_equal(node.last.type, SYNC_REJECT);
    assert_int_equal(node.last.reject.code, SYNC_REJECT_VERSION);
    UNTIL(&node, counter("strikes") == 1); /* and that was the version's */
    frame.data[2] = SYNC_MAJOR;
    frame.data[20] ^= 1;
    send_bytes(&node, buf_view(&frame));
    UNTIL(&node, counter("strikes") == 2);
    node_clear(&node);
}

static void a_frame_of_a_session_that_is_over_gets_a_goodbye(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_dial_with(&node, &node.home.transport);
    struct sync_message ping = { .type = SYNC_PING, .session = 4711 };
    node_sends(&node, &ping);
    UNTIL(&node, node.has_last);
    assert_int_equal(node.last.type, SYNC_BYE);
    assert_int_equal(node.last.session, 4711);
    assert_int_equal(counter("stale_frames"), 1);
    assert_int_equal(counter("strikes"), 0);
    node_clear(&node);
}

static void a_frame_with_another_number_is_dropped(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    struct sync_message ping = { .type = SYNC_PING, .session = sync_session(node.sync) + 1 };
    node_sends(&node, &ping);
    UNTIL(&node, counter("stale_frames") == 1);
    assert_int_equal(counter("strikes"), 0);
    assert_int_equal(front_sessions(hub.front), 1);
    node_clear(&node);
}

static void a_ban_is_told_on_both_connections_of_a_key(void **state)
{
    (void)state;
    struct node node, second;
    struct options options = hub.options;
    options.ban_ms = options.ban_max_ms = 3600000;
    restart_hub(&options);
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    node_make(&second, "us-oh-dayton");
    node_dial_with(&second, &node.home.transport);
    for (uint32_t i = 0; i < options.strikes; i++)
        send_bytes(&second, bytes_text("garbage"));
    UNTIL(&second, second.has_last);
    assert_int_equal(second.last.type, SYNC_REJECT);
    assert_int_equal(second.last.reject.code, SYNC_REJECT_PROTOCOL);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_MALFORMED);
    assert_true(node.retry_after_ms > 0 && node.retry_after_ms <= 3600000);
    assert_int_equal(counter("bans"), 1);
    assert_int_equal(counter("strikes"), options.strikes);
    zmq_send(dealer_socket(second.dealer), "a", 1, ZMQ_SNDMORE); /* neither counted nor answered any more */
    zmq_send(dealer_socket(second.dealer), "b", 1, 0);
    assert_int_equal(dealer_send(second.dealer, bytes_text("garbage")), E_OK);
    UNTIL(&second, counter("ignored_frames") == 1);
    assert_int_equal(counter("strikes"), options.strikes);
    node_clear(&node);
    node_clear(&second);
}

static void a_revoked_invite_is_heard_no_more_on_an_open_connection(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    node_dial_with(&node, &secret);
    struct sync_message ping = { .type = SYNC_PING };
    node_sends(&node, &ping);
    UNTIL(&node, counter("strikes") == 1); /* it is connected */
    zap_deny(hub.zap, ZAP_PEERS, &secret.public_key);
    struct sync_message enrol = { .type = SYNC_ENROL };
    enrol.enrol.inception = buf_view(node.packed[0]);
    node_sends(&node, &enrol);
    UNTIL(&node, counter("ignored_frames") == 1);
    assert_false(node.has_last);
    assert_int_equal(counter("enrolled"), 0);
    node_clear(&node);
}

/* ---- jobs and their answers */

static void what_no_verifier_has_room_for_is_parked_and_goes_on_in_order(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    options.verifiers = 1;
    options.queue_bytes = 1;
    restart_hub(&options);
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    for (int i = 0; i < 20; i++)
        node_say(&node, VISIBLE_PUBLIC, "tie");
    hold_writer();
    for (uint64_t seq = 1; seq <= 20; seq++)
        send_batch(&node, seq, 1, buf_view(node.packed[seq]));
    UNTIL(&node, counter("batches") == 20);
    uint64_t beats = front_beats(hub.front);
    UNTIL(&node, front_beats(hub.front) > beats + 2); /* it waits for nobody */
    assert_int_equal(stored(&node.home.author), 1);
    release_writer();
    UNTIL(&node, counter("accepted") == 20);
    UNTIL(&node, front_credit(hub.front) == options.credit_window);
    assert_int_equal(stored(&node.home.author), 21);
    assert_int_equal(counter("duplicate"), 0);
    node_clear(&node);
}

static void an_answer_for_a_link_that_is_over_is_dropped_but_no_record_is(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "tie");
    hold_writer();
    node_connect(&node);
    UNTIL(&node, writer_waiting(hub.writer) == 1);
    node_connect(&node); /* a new link, told of what is durable: it sends the record again */
    UNTIL(&node, writer_waiting(hub.writer) == 2);
    release_writer();
    UNTIL(&node, node.acked_next == 2);
    assert_int_equal(node.nacked, E_OK);
    assert_int_equal(counter("accepted"), 1);
    assert_int_equal(counter("duplicate"), 1);
    node_clear(&node);
}

static void a_refusal_for_a_link_that_is_over_is_not_the_next_ones(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "to be broken");
    node.packed[1]->data[60] ^= 1; /* in prev */
    hold_writer();
    node_connect(&node);
    UNTIL(&node, writer_waiting(hub.writer) == 1); /* to be kept as evidence */
    node.sends_nothing = true;
    node_connect(&node);
    uint64_t beats = writer_beats(hub.writer);
    release_writer();
    WAIT_FOR(writer_beats(hub.writer) > beats); /* its answers are posted */
    beats = front_beats(hub.front);
    WAIT_FOR(front_beats(hub.front) > beats + 1); /* and looked at */
    struct sync_message ping = { .type = SYNC_PING, .session = sync_session(node.sync) };
    node_sends(&node, &ping);
    UNTIL(&node, node.has_last && node.last.type == SYNC_PONG);
    assert_int_equal(node.nacked, E_OK);
    assert_int_equal(counter("strikes"), 0);
    node_clear(&node);
}

static void a_quiesced_front_takes_nothing_more_and_still_answers(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    node_say(&node, VISIBLE_PUBLIC, "one");
    node_say(&node, VISIBLE_PUBLIC, "two");
    hold_writer();
    send_batch(&node, 1, 1, buf_view(node.packed[1]));
    UNTIL(&node, writer_waiting(hub.writer) == 1);
    front_quiesce(hub.front);
    send_batch(&node, 2, 1, buf_view(node.packed[2]));
    node.has_last = false;
    release_writer();
    UNTIL(&node, node.has_last);
    assert_int_equal(node.last.type, SYNC_ACK);
    assert_int_equal(node.last.ack.next, 2);
    uint64_t beats = front_beats(hub.front);
    UNTIL(&node, front_beats(hub.front) > beats + 2);
    assert_int_equal(atomic_load(&hub.counters.batches), 1);
    node_clear(&node);
}

/* ---- a store that is full, and has room again */

static enum err put_too_much(void *context, struct write *write)
{
    AUTO(buf_clear) struct buf large = { 0 };
    (void)context;
    buf_reserve(&large, 8 << 20);
    memset(large.data, 'x', 8 << 20);
    store_put(write->txn, STORE_META, bytes_text("test/large"), bytes_of(large.data, 8 << 20));
    return E_OK;
}

static void fill_the_store(uint64_t full_ms)
{
    struct options options = hub.options;
    options.store_map = 4 << 20;
    options.full_ms = full_ms;
    restart_hub(&options);
}

static void a_full_store_is_the_reason_that_everybody_is_told(void **state)
{
    (void)state;
    struct node node;
    struct call large = { .run = put_too_much };
    fill_the_store(3600000);
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    uint32_t session = sync_session(node.sync);
    assert_int_equal(writer_call(hub.writer, &large), E_FULL);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_int_equal(node.retry_after_ms, 3600000);
    sync_free(&node.sync);
    node.has_last = false;
    struct sync_message ping = { .type = SYNC_PING, .session = session };
    node_sends(&node, &ping); /* it may have missed the word */
    UNTIL(&node, node.has_last);
    assert_int_equal(node.last.type, SYNC_REJECT);
    assert_int_equal(node.last.reject.code, SYNC_REJECT_FULL);
    node_clear(&node);
}

static void a_store_with_room_again_lets_everybody_in_again(void **state)
{
    (void)state;
    struct node node;
    struct call large = { .run = put_too_much };
    fill_the_store(50);
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    assert_int_equal(writer_call(hub.writer, &large), E_FULL);
    UNTIL(&node, node.down);
    UNTIL(&node, !writer_is_full(hub.writer));
    UNTIL(&node, node.down ? (node_dial(&node), false) : node.is_up);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(garbage_ends_in_a_ban_that_ends),
        FACT(frames_before_hello_are_strikes),
        FACT(a_suspended_member_is_told_once_and_heard_no_more),
        FACT(a_hub_says_goodbye_with_the_window_for_the_herd),
        FACT(an_endpoint_that_will_not_do_is_refused),
        FACT(a_frame_of_another_version_is_refused_and_one_of_a_later_type_tolerated),
        FACT(a_frame_of_a_session_that_is_over_gets_a_goodbye),
        FACT(a_frame_with_another_number_is_dropped),
        FACT(a_ban_is_told_on_both_connections_of_a_key),
        FACT(a_revoked_invite_is_heard_no_more_on_an_open_connection),
        BARE(what_no_verifier_has_room_for_is_parked_and_goes_on_in_order),
        BARE(an_answer_for_a_link_that_is_over_is_dropped_but_no_record_is),
        BARE(a_refusal_for_a_link_that_is_over_is_not_the_next_ones),
        BARE(a_quiesced_front_takes_nothing_more_and_still_answers),
        FACT(a_full_store_is_the_reason_that_everybody_is_told),
        FACT(a_store_with_room_again_lets_everybody_in_again),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
