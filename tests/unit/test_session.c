#include "hubd/front_private.h"

#include "hub_bare.h"

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

/* ---- on a front without a thread, at times of the test's own */

#define T0 1000000U

static uint64_t strikes(void)
{
    return atomic_load(&hub.counters.strikes);
}

static struct member_live live_of(const struct node *node)
{
    struct member_live live;
    assert_true(members_get(hub.members, &node->home.author, NULL, &live));
    return live;
}

static struct session *a_session(struct node *node)
{
    node_join(node, "us-oh-dayton");
    take_front();
    struct session *session = bare_session(node, T0);
    assert_non_null(session);
    heard(node, SYNC_WELCOME);
    return session;
}

static void ping(struct node *node, const struct session *session, uint64_t now_ms)
{
    struct sync_message message = { .type = SYNC_PING, .session = session->number };
    bare_message(node, &message, now_ms);
}

/* How many messages of that type the node was sent before the answer to a ping. */
static size_t heard_so_far(struct node *node, struct session *session, enum sync_type type)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message wire = { 0 };
    size_t count = 0;
    ping(node, session, T0);
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    while (clock_mono_ms() < until) {
        zmq_pollitem_t item = { dealer_socket(node->dealer), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, 10);
        if (dealer_receive(node->dealer, &frame) != E_OK)
            continue;
        assert_int_equal(wire_decode(buf_view(&frame), &wire), E_OK);
        if (wire.message.type == SYNC_PONG)
            return count;
        count += wire.message.type == type;
    }
    fail_msg("no answer to a ping");
    return 0;
}

static void batch(struct node *node, const struct session *session, uint64_t seq)
{
    struct sync_message message = { .type = SYNC_BATCH, .session = session->number };
    message.batch.author = node->home.author;
    message.batch.first_seq = seq;
    message.batch.count = 1;
    message.batch.records = buf_view(node->packed[seq]);
    bare_message(node, &message, T0);
}

static void silence_ends_a_session_to_the_millisecond(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    uint64_t patience = hub.options.heartbeat_ms * hub.options.missed_heartbeats;
    session_tick(session, T0 + patience - 1);
    ping(&node, session, T0 + patience - 1); /* a word in time begins it anew */
    session_tick(session, T0 + 2 * patience - 2);
    assert_ptr_equal(session_of(&bare, &session->key), session);
    assert_true(live_of(&node).connected);

    struct key key = session->key;
    session_tick(session, T0 + 2 * patience - 1);
    assert_null(session_of(&bare, &key));
    assert_int_equal(bare.count, 0);
    assert_false(live_of(&node).connected);
    heard(&node, SYNC_BYE);
    session_bury(&bare);
    assert_null(bare.dropped);
    node_clear(&node);
}

static void hearing_a_node_is_noted(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    uint64_t now = clock_wall_ms();
    ping(&node, session, T0 + 500);
    session_tick(session, T0 + 700); /* was heard 200 ms ago */
    uint64_t noted = live_of(&node).last_contact_ms;
    assert_true(noted >= now - 200 && noted <= clock_wall_ms() - 200);
    node_clear(&node);
}

static void a_greeting_of_another_version_is_refused_without_a_strike(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct route route = session->route;
    struct key key = session->key;
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    session_drop(session);
    hello.hello.proto_min = hello.hello.proto_max = SYNC_MAJOR + 1;
    session_begin(&bare, &route, &key, &hello, T0);
    assert_int_equal(heard(&node, SYNC_REJECT).reject.code, SYNC_REJECT_VERSION);
    assert_null(session_of(&bare, &key));
    assert_int_equal(strikes(), 0);
    node_clear(&node);
}

static void a_greeting_that_makes_no_sense_has_until_the_time_is_over(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct route route = session->route;
    struct key key = session->key;
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    session_drop(session);
    hello.hello.proto_min = 0;
    session_begin(&bare, &route, &key, &hello, T0);
    assert_int_equal(strikes(), 1);
    session_tick(session_of(&bare, &key), T0 + hub.options.greeting_ms - 1);
    assert_non_null(session_of(&bare, &key));
    session_tick(session_of(&bare, &key), T0 + hub.options.greeting_ms);
    assert_null(session_of(&bare, &key));
    assert_false(live_of(&node).connected);
    node_clear(&node);
}

static void what_a_node_calls_itself_is_kept_escaped_and_short(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct route route = session->route;
    struct key key = session->key;
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    session_drop(session);
    memset(hello.hello.software, '\x1b', sizeof hello.hello.software - 1);
    session_begin(&bare, &route, &key, &hello, T0);
    struct member_live live = live_of(&node);
    assert_true(live.connected);
    assert_memory_equal(live.software, "\\x1b\\x1b", 8);
    assert_int_equal(strlen(live.software), sizeof live.software - 1);
    node_clear(&node);
}

static void what_a_node_offers_is_noted_of_its_own_feed(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct sync_mark marks[] = {
        { .author = { { 9 } }, .next = 77, .offers = true },
        { .author = node.home.author, .next = 25, .head = { { 1 } }, .offers = true },
    };
    struct sync_message message = { .type = SYNC_FRONTIER, .session = session->number };
    message.frontier.marks = marks;
    message.frontier.count = 2;
    bare_message(&node, &message, T0);
    assert_int_equal(live_of(&node).offered, 25);
    node_clear(&node);
}

/* ---- answers */

static void one_turns_answers_are_one_acknowledgement(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    uint64_t bytes = 0;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        node_say(&node, VISIBLE_PUBLIC, "tie");
        bytes += node.packed[seq]->len;
        batch(&node, session, seq);
        struct job *job = mail(JOB_RUN);
        session_answer(session, job, T0);
        job_free(job);
    }
    assert_int_equal(atomic_load(&hub.counters.batches), 3);
    assert_int_equal(heard_so_far(&node, session, SYNC_ACK), 0);
    session_flush_acks(&bare, T0);
    struct sync_message ack = heard(&node, SYNC_ACK);
    assert_int_equal(ack.ack.next, 4);
    assert_true(hash_equal(&ack.ack.head, &node.feed.head));
    assert_int_equal(ack.ack.credit_bytes, bytes);
    session_flush_acks(&bare, T0);
    assert_int_equal(heard_so_far(&node, session, SYNC_ACK), 0);
    assert_int_equal(session->credit, hub.options.credit_window);
    node_clear(&node);
}

static void no_credit_is_given_while_jobs_wait_and_all_of_it_after(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    node_say(&node, VISIBLE_PUBLIC, "tie");
    batch(&node, session, 1);
    struct job *job = mail(JOB_RUN);
    jobs_put(&bare.parked, job_new(JOB_RUN));
    session_answer(session, job, T0);
    session_flush_acks(&bare, T0);
    assert_int_equal(heard(&node, SYNC_ACK).ack.credit_bytes, 0);
    session_repay(session, T0);
    assert_int_equal(heard_so_far(&node, session, SYNC_CREDIT), 0);

    job_free(jobs_take(&bare.parked));
    session_repay(session, T0);
    assert_int_equal(heard(&node, SYNC_CREDIT).credit.bytes, node.packed[1]->len);
    session_repay(session, T0); /* but once */
    assert_int_equal(heard_so_far(&node, session, SYNC_CREDIT), 0);
    job_free(job);
    node_clear(&node);
}

static struct job *refusal(const struct node *node, uint64_t seq, enum err code, bool final)
{
    struct job *job = node_job(node, 0, 1);
    (fail)(code, "because");
    job_refuse(job, seq, code, final);
    return job;
}

static void our_own_troubles_are_not_the_records(void **state)
{
    (void)state;
    static const struct {
        enum err code;
        bool final;
        enum err told;
        bool told_final, is_strike;
    } cases[] = {
        { E_IO, true, E_BUSY, false, false },
        { E_CORRUPT, true, E_BUSY, false, false },
        { E_NOT_FOUND, true, E_BUSY, false, false },
        { E_FULL, false, E_FULL, false, false },
        { E_BUSY, false, E_BUSY, false, false },
        { E_GAP, false, E_GAP, false, false },
        { E_FORK, true, E_FORK, true, false },
        { E_MALFORMED, true, E_MALFORMED, true, true },
        { E_BAD_SIGNATURE, true, E_BAD_SIGNATURE, true, true },
        { E_BAD_SIGNATURE, false, E_BAD_SIGNATURE, false, false },
        { E_BROKEN_CHAIN, true, E_BROKEN_CHAIN, true, true },
    };
    struct node node;
    a_session(&node);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct session *session = bare_session(&node, T0); /* a refusal for good ends its feed on a link */
        struct job *job = refusal(&node, 1, cases[i].code, cases[i].final);
        uint64_t before = strikes();
        session_answer(session, job, T0);
        struct sync_message nack = heard(&node, SYNC_NACK);
        assert_int_equal(nack.nack.code, cases[i].told);
        assert_int_equal(nack.nack.seq, 1);
        assert_int_equal(nack.nack.final, cases[i].told_final);
        assert_int_equal(nack.nack.credit_bytes, job->records.len);
        assert_string_equal(nack.nack.text, "because");
        assert_int_equal(strikes(), before + cases[i].is_strike);
        job_free(job);
    }
    node_clear(&node);
}

static void what_is_taken_in_part_is_acknowledged_before_it_is_refused(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct job *job = refusal(&node, 3, E_BAD_SIGNATURE, false);
    job->n_accepted = 2;
    job->next = 3;
    session_answer(session, job, T0);
    struct sync_message ack = heard(&node, SYNC_ACK);
    assert_int_equal(ack.ack.next, 3);
    assert_int_equal(ack.ack.credit_bytes, 0); /* that comes with the refusal, once */
    struct sync_message nack = heard(&node, SYNC_NACK);
    assert_int_equal(nack.nack.seq, 3);
    assert_int_equal(nack.nack.credit_bytes, job->records.len);
    job_free(job);
    node_clear(&node);
}

/* ---- the end */

static void credit_of_an_ended_session_comes_back(void **state)
{
    (void)state;
    struct node nodes[3];
    static const char *const names[] = { "us-oh-dayton", "us-oh-akron", "us-oh-parma" };
    struct session *sessions[3];
    for (int i = 0; i < 3; i++)
        node_join(&nodes[i], names[i]);
    take_front();
    for (int i = 0; i < 3; i++)
        sessions[i] = bare_session(&nodes[i], T0);
    assert_int_equal(bare.credit.out, 3 * hub.options.credit_window);
    session_drop(sessions[0]); /* the last takes its place */
    session_drop(sessions[0]); /* and nothing happens twice */
    assert_int_equal(bare.count, 2);
    assert_int_equal(bare.credit.out, 2 * hub.options.credit_window);
    session_bury(&bare);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(bare.sessions[i]->place, i);
    session_drop(sessions[2]);
    assert_ptr_equal(bare.sessions[0], sessions[1]);
    session_drop(sessions[1]);
    assert_int_equal(bare.credit.out, 0);
    assert_int_equal(bare.credit.sessions, 0);
    assert_int_equal(atomic_load(&bare.n_sessions), 0);
    for (int i = 0; i < 3; i++)
        node_clear(&nodes[i]);
}

static void a_rejection_and_a_goodbye_say_when_to_come_back(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    session_reject(session, SYNC_REJECT_FULL, 4711, "the hub's store is full");
    struct sync_message word = heard(&node, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_FULL);
    assert_int_equal(word.reject.retry_after_ms, 4711);
    assert_string_equal(word.reject.text, "the hub's store is full");
    assert_false(live_of(&node).connected);
    session = bare_session(&node, T0);
    session_bye(session, 815, T0);
    assert_int_equal(heard(&node, SYNC_BYE).reject.retry_after_ms, 815);
    assert_int_equal(bare.count, 0);
    node_clear(&node);
}

static void who_is_gone_is_dropped_at_the_next_word(void **state)
{
    (void)state;
    struct node node;
    struct session *session = a_session(&node);
    struct key key = session->key;
    struct sync_message message = { .type = SYNC_PING, .session = session->number };
    node_hang_up(&node);
    WAIT_FOR((session_receive(session, &message, T0), session_of(&bare, &key) == NULL));
    assert_int_equal(strikes(), 0);
    assert_false(live_of(&node).connected);
    node_clear(&node);
}

/* After a new transport key a member may still have a link under the old one. */
static void the_end_of_an_old_keys_link_leaves_the_new_one_connected(void **state)
{
    (void)state;
    struct node node;
    struct session *old = a_session(&node);
    struct member member;
    assert_true(members_get(hub.members, &node.home.author, &member, NULL));
    struct secret fresh;
    uint8_t seed[32] = { 42 };
    secret_transport_from_seed(seed, &fresh);
    member.transport = fresh.public_key;
    members_set(hub.members, &member);
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    session_begin(&bare, &old->route, &fresh.public_key, &hello, T0);
    assert_int_equal(bare.count, 2);
    session_drop(old);
    assert_true(live_of(&node).connected);
    session_drop(session_of(&bare, &fresh.public_key));
    assert_false(live_of(&node).connected);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_member_gets_its_own_feed_back),
        FACT(the_newest_session_of_a_key_is_the_only_one),
        FACT(a_second_hello_on_one_connection_is_a_strike),
        FACT(records_behind_a_gap_are_counted_as_refused),
        BARE(silence_ends_a_session_to_the_millisecond),
        BARE(hearing_a_node_is_noted),
        BARE(a_greeting_of_another_version_is_refused_without_a_strike),
        BARE(a_greeting_that_makes_no_sense_has_until_the_time_is_over),
        BARE(what_a_node_calls_itself_is_kept_escaped_and_short),
        BARE(what_a_node_offers_is_noted_of_its_own_feed),
        BARE(one_turns_answers_are_one_acknowledgement),
        BARE(no_credit_is_given_while_jobs_wait_and_all_of_it_after),
        BARE(our_own_troubles_are_not_the_records),
        BARE(what_is_taken_in_part_is_acknowledged_before_it_is_refused),
        BARE(credit_of_an_ended_session_comes_back),
        BARE(a_rejection_and_a_goodbye_say_when_to_come_back),
        BARE(who_is_gone_is_dropped_at_the_next_word),
        BARE(the_end_of_an_old_keys_link_leaves_the_new_one_connected),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
