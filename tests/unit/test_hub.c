#include "hubd/hub.h"

#include "hub_help.h"

#include <pthread.h>

#include "core/statement.h"

static void at_position(uint64_t position, struct record *out, struct store_view *view)
{
    struct bytes entry, salted;
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    assert_int_equal(record_parse(entry, out), E_OK);
    record_open(out, salted);
}

/* ---- start and stop */

static void a_store_without_the_hubs_inception_is_not_started_on(void **state)
{
    (void)state;
    struct options options = quick_options();
    struct hub other;
    make_hub_home();
    char store[300];
    snprintf(store, sizeof store, "%s/store", hub_path);
    nftw(store, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(hub_open(hub_path, &options, &other), E_NOT_FOUND);
}

static void *close_hub(void *argument)
{
    (void)argument;
    hub_close(&hub);
    return NULL;
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

static void a_restarted_hub_knows_its_members_and_their_records(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "before");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    uint64_t size = log_size();
    node_hang_up(&node);
    restart_hub(&options);
    assert_int_equal(log_size(), size);
    node_say(&node, VISIBLE_PUBLIC, "after");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 3);
    assert_int_equal(counter("duplicate"), 0);
    assert_int_equal(counter("accepted"), 1);
    node_clear(&node);
}

/* ---- enrolment */

static void an_admission_is_logged_before_the_inception_it_admits(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");

    AUTO(store_done) struct store_view *view = NULL;
    struct record record;
    struct admission admission;
    uint64_t time_ms;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_int_equal(store_size(view), 4);
    at_position(0, &record, view);
    assert_true(hash_equal(&record.header.author, &hub.home.author));
    at_position(1, &record, view);
    assert_int_equal(record.header.payload_type, TYPE_TICK);
    assert_int_equal(tick_read(record.payload, &time_ms), E_OK);
    at_position(2, &record, view);
    assert_int_equal(record.header.payload_type, TYPE_ADMISSION);
    assert_int_equal(admission_read(record.payload, &admission), E_OK);
    assert_string_equal(admission.name, "us-oh-dayton");
    assert_true(hash_equal(&admission.jurisdiction, &node.home.author));
    at_position(3, &record, view);
    assert_true(hash_equal(&record.header.author, &node.home.author));
    assert_int_equal(record.header.seq, 0);
    node_clear(&node);
}

static void the_same_inception_with_the_same_invite_is_enrolled_again(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    assert_int_equal(node_enrol(&node, &secret).type, SYNC_ENROLLED);
    uint64_t size = log_size();
    assert_int_equal(node_enrol(&node, &secret).type, SYNC_ENROLLED);
    assert_int_equal(node_enrol(&node, &node.home.transport).type, SYNC_ENROLLED);
    assert_int_equal(log_size(), size);
    node_clear(&node);
}

static void another_inception_with_a_used_invite_is_refused(void **state)
{
    (void)state;
    struct node node, twin;
    node_make(&node, "us-oh-dayton");
    node_make(&twin, "us-oh-dayton");
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    assert_int_equal(node_enrol(&node, &secret).type, SYNC_ENROLLED);
    struct sync_message word = node_enrol(&twin, &secret);
    assert_int_equal(word.type, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_INVITE);
    assert_int_equal(log_size(), 4);
    node_clear(&node);
    node_clear(&twin);
}

static void an_invite_for_one_name_does_not_admit_another(void **state)
{
    (void)state;
    struct node node, right;
    node_make(&node, "us-oh-dayton");
    node_make(&right, "us-oh-akron");
    struct token token = invite_for("us-oh-akron", true);
    struct secret secret = invite_secret(&token);
    struct sync_message word = node_enrol(&node, &secret);
    assert_int_equal(word.type, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_INVITE);
    assert_int_equal(node_enrol(&right, &secret).type, SYNC_ENROLLED); /* it was not used up */
    node_clear(&node);
    node_clear(&right);
}

static void an_invite_for_anyone_waits_for_an_operator(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    struct token token = invite_for("", true);
    struct secret secret = invite_secret(&token);
    struct sync_message word = node_enrol(&node, &secret);
    assert_int_equal(word.type, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_PENDING);
    assert_int_equal(word.reject.retry_after_ms, hub.options.pending_ms);
    assert_false(zap_is_allowed(hub.zap, ZAP_PEERS, &node.home.transport.public_key));

    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_peer_admit), E_OK);
    assert_int_equal(ask(&asked, cmd_peer_admit), E_UNMET);
    assert_int_equal(node_enrol(&node, &secret).type, SYNC_ENROLLED);
    node_say(&node, VISIBLE_PUBLIC, "hello");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    node_clear(&node);
}

static void a_name_belongs_to_one_member(void **state)
{
    (void)state;
    struct node node, other;
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    node_join(&node, "us-oh-dayton");
    node_make(&other, "us-oh-dayton");
    struct sync_message word = node_enrol(&other, &secret);
    assert_int_equal(word.type, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_INVITE);
    ASK(asked);
    ask_with(&asked, "for", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_invite_new), E_EXISTS);
    node_clear(&node);
    node_clear(&other);
}

static void a_revoked_invite_lets_nobody_in(void **state)
{
    (void)state;
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    ASK(asked);
    assert_int_equal(ask(&asked, cmd_invite_ls), E_OK);
    json_t *first = json_array_get(json_object_get(asked.answer.body, "invites"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "state")), "open");
    ask_with(&asked, "id", json_string_value(json_object_get(first, "id")));
    assert_int_equal(ask(&asked, cmd_invite_revoke), E_OK);
    assert_false(zap_is_allowed(hub.zap, ZAP_PEERS, &secret.public_key));
    assert_int_equal(ask(&asked, cmd_invite_revoke), E_UNMET);
}

/* ---- records */

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

static void the_view_follows_the_log(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "Sister cities with Oiso");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    UNTIL(&node, view_cursor(hub.view) == 5);
    ASK(asked);
    ask_with(&asked, "q", "oiso");
    assert_int_equal(ask(&asked, cmd_query), E_OK);
    assert_int_equal(answered_number(&asked, "total", NULL), 1);
    assert_int_equal(ask(&asked, cmd_export), E_OK);
    assert_int_equal(asked.answer.n_blobs, 1);
    node_clear(&node);
}

/* One batch, past the machine: what a hostile or broken node sends. */
static void send_batch(struct node *node, uint64_t first, uint32_t count, struct bytes records)
{
    struct sync_message message = { .type = SYNC_BATCH, .session = sync_session(node->sync) };
    message.batch.author = node->home.author;
    message.batch.first_seq = first;
    message.batch.count = count;
    message.batch.records = records;
    node_sends(node, &message);
}

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
    struct feed whole = node.feed;
    feed_init(&node.feed, &node.home.author);
    node.wants_own = node.sends_nothing = true;
    node_connect(&node);
    UNTIL(&node, node.n_received >= 2 && node.pending.store == false);
    (void)whole;
    node_clear(&node);
}

static void a_new_transport_key_is_announced_in_the_feed(void **state)
{
    (void)state;
    struct node node;
    struct secret fresh;
    uint8_t seed[32] = { 42 }, salt[SALT_BYTES] = { 1 };
    secret_transport_from_seed(seed, &fresh);
    node_join(&node, "us-oh-dayton");
    AUTO(buf_clear) struct buf keys = { 0 }; /* Keys { transport_key = 1 } */
    struct buf packed = { 0 };
    buf_u16(&keys, 0x0a20);
    buf_append(&keys, fresh.public_key.b, KEY_BYTES);
    assert_int_equal(feed_append(&node.feed, &node.home.record, KIND_IDENTITY, 0, TYPE_KEYS, 1, salt,
                                 buf_view(&keys), &packed),
                     E_OK);
    node_keep(&node, &packed);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    UNTIL(&node, zap_is_allowed(hub.zap, ZAP_PEERS, &fresh.public_key));
    node.home.transport = fresh;
    node_say(&node, VISIBLE_PUBLIC, "with the new key");
    struct options options = hub.options;
    restart_hub(&options);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 3);
    node_clear(&node);
}

/* ---- what a node must not do */

static void a_member_speaks_for_itself_only(void **state)
{
    (void)state;
    struct node node, other;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    node.home.author = other.home.author;
    node_dial(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_NOT_FOUND);
    assert_true(counter("strikes") > 0);
    node_clear(&node);
    node_clear(&other);
}

static void an_invite_key_greets_in_vain(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    struct token token = invite_for("us-oh-dayton", true);
    struct secret secret = invite_secret(&token);
    node_dial_with(&node, &secret);
    struct sync_message hello = { .type = SYNC_HELLO, .hello = node_peer(&node) };
    node_sends(&node, &hello);
    UNTIL(&node, node.has_last);
    assert_int_equal(node.last.type, SYNC_REJECT);
    assert_int_equal(node.last.reject.code, SYNC_REJECT_UNKNOWN);
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

/* ---- the office's own statements */

static enum err put(uint32_t nonce, const char *title, const char *mode, struct asked *asked)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    ask_with(asked, "mode", mode);
    control_request_blob(&asked->request, engagement_payload(nonce, title, &payload));
    return ask(asked, cmd_record_put);
}

static const char *outcome(const struct asked *asked)
{
    json_t *first = json_array_get(json_object_get(asked->answer.body, "results"), 0);
    return json_string_value(json_object_get(first, "outcome"));
}

static void the_office_adds_amends_and_retracts(void **state)
{
    (void)state;
    ASK(added);
    assert_int_equal(put(1, "a mission", "add", &added), E_OK);
    assert_string_equal(outcome(&added), "added");
    ASK(again);
    assert_int_equal(put(1, "a mission", "add", &again), E_EXISTS);
    ASK(same);
    assert_int_equal(put(1, "a mission", "upsert", &same), E_OK);
    assert_string_equal(outcome(&same), "unchanged");
    ASK(changed);
    assert_int_equal(put(1, "another title", "upsert", &changed), E_OK);
    assert_string_equal(outcome(&changed), "amended");

    ASK(retracted);
    ask_with(&retracted, "ref", "2");
    ask_with(&retracted, "reason", "error");
    assert_int_equal(ask(&retracted, cmd_record_retract), E_OK);
    assert_string_equal(outcome(&retracted), "retracted");
    assert_int_equal(ask(&retracted, cmd_record_retract), E_EXISTS);
    uint64_t size = log_size();
    ASK(brought_back);
    assert_int_equal(put(1, "another title", "upsert", &brought_back), E_OK);
    assert_string_equal(outcome(&brought_back), "retracted");
    assert_int_equal(log_size(), size);
}

static void twins_within_one_request_are_found(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    ASK(asked);
    uint64_t size = log_size();
    control_request_blob(&asked.request, engagement_payload(1, "one", &payload));
    control_request_blob(&asked.request, engagement_payload(1, "one", &payload));
    assert_int_equal(ask(&asked, cmd_record_put), E_EXISTS); /* all or nothing */
    assert_int_equal(log_size(), size);
    ask_with(&asked, "mode", "upsert");
    assert_int_equal(ask(&asked, cmd_record_put), E_OK);
    assert_int_equal(log_size(), size + 2); /* and the first tick */
    json_t *results = json_object_get(asked.answer.body, "results");
    json_t *first = json_array_get(results, 0), *second = json_array_get(results, 1);
    assert_string_equal(json_string_value(json_object_get(second, "outcome")), "unchanged");
    assert_true(json_equal(json_object_get(first, "id"), json_object_get(second, "id")));
}

static void a_record_is_verified_with_its_place_in_the_log(void **state)
{
    (void)state;
    ASK(added);
    assert_int_equal(put(1, "a mission", "add", &added), E_OK);
    ASK(asked);
    ask_with(&asked, "ref", "office/2");
    assert_int_equal(ask(&asked, cmd_record_verify), E_OK);
    assert_true(json_is_true(json_object_get(asked.answer.body, "valid")));
    assert_int_equal(answered_number(&asked, "log", "index"), 2);
    assert_int_equal(ask(&asked, cmd_record_show), E_OK);
    assert_int_equal(asked.answer.n_blobs, 3);
    assert_int_equal(asked.answer.blobs[0].len, ENTRY_BYTES);
    assert_int_equal(ask(&asked, cmd_record_ls), E_OK);
    assert_int_equal(ask(&asked, cmd_record_tail), E_OK);
    ask_with(&asked, "ref", "office/99");
    assert_int_equal(ask(&asked, cmd_record_show), E_NOT_FOUND);
    ask_with(&asked, "ref", "office/2@00000000");
    assert_int_equal(ask(&asked, cmd_record_show), E_UNMET);
}

static void time_in_the_log_goes_on_after_the_interval(void **state)
{
    (void)state;
    struct options options = hub.options;
    options.tick_ms = 1;
    restart_hub(&options);
    ASK(one);
    assert_int_equal(put(1, "one", "add", &one), E_OK);
    assert_int_equal(log_size(), 3);
    uint64_t until = clock_mono_ms() + 2;
    while (clock_mono_ms() < until)
        continue;
    ASK(two);
    assert_int_equal(put(2, "two", "add", &two), E_OK);
    assert_int_equal(log_size(), 5);
    options.tick_ms = 60000;
    restart_hub(&options); /* the last tick is remembered */
    ASK(three);
    assert_int_equal(put(3, "three", "add", &three), E_OK);
    assert_int_equal(log_size(), 6);
}

/* ---- a store without room */

static void a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    char text[250];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    node_join(&node, "us-oh-dayton");
    options.store_map = 1 << 20;
    restart_hub(&options);
    while (node.feed.next < 4000)
        node_say(&node, VISIBLE_PUBLIC, text);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_int_equal(node.retry_after_ms, options.full_ms);
    uint64_t acked = node.acked_next;
    assert_true(acked < 4000);

    options.store_map = 64 << 20;
    restart_hub(&options);
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_true(store_feed(view, &node.home.author, &feed));
    assert_true(feed.next >= acked); /* what was acknowledged is there */
    store_done(&view);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 4000);
    node_clear(&node);
}

static bool has_disk;

static int disk_up(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    has_disk = scratch_mount(48 << 20, 0);
    if (!has_disk)
        return 0;
    make_hub_home();
    struct options options = quick_options();
    return hub_open(hub_path, &options, &hub) == E_OK ? 0 : -1;
}

static int disk_down(void **state)
{
    if (!has_disk)
        return scratch_drop(state);
    hub_clear_up();
    scratch_unmount();
    return scratch_drop(state);
}

/* The disk itself, and while the hub runs. */
static void a_full_disk_is_waited_out(void **state)
{
    (void)state;
    if (!has_disk)
        skip();
    struct node node;
    node_join(&node, "us-oh-dayton");
    char junk[200], text[250];
    snprintf(junk, sizeof junk, "%s/junk", scratch);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    while (node.feed.next < 3000)
        node_say(&node, VISIBLE_PUBLIC, text);

    FILE *file = fopen(junk, "w");
    while (fwrite(text, 1, sizeof text, file) == sizeof text && fflush(file) == 0)
        continue;
    fclose(file);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    node_dial(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_true(writer_is_full(hub.writer));

    assert_int_equal(unlink(junk), 0);
    UNTIL(&node, !writer_is_full(hub.writer));
    UNTIL(&node, node.sync == NULL || node.down ? (node_dial(&node), false) : node.acked_next == 3000);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_without_the_hubs_inception_is_not_started_on, scratch_make,
                                        scratch_drop),
        FACT(a_hub_says_goodbye_with_the_window_for_the_herd),
        FACT(a_restarted_hub_knows_its_members_and_their_records),
        FACT(an_admission_is_logged_before_the_inception_it_admits),
        FACT(the_same_inception_with_the_same_invite_is_enrolled_again),
        FACT(another_inception_with_a_used_invite_is_refused),
        FACT(an_invite_for_one_name_does_not_admit_another),
        FACT(an_invite_for_anyone_waits_for_an_operator),
        FACT(a_name_belongs_to_one_member),
        FACT(a_revoked_invite_lets_nobody_in),
        FACT(records_are_acknowledged_once_they_are_in_the_log),
        FACT(a_record_that_is_appended_while_the_link_is_up_arrives),
        FACT(the_view_follows_the_log),
        FACT(records_that_come_twice_are_acknowledged_twice),
        FACT(copies_of_records_on_their_way_to_the_disk_are_copies_too),
        FACT(a_fork_stops_its_feed_and_no_other),
        FACT(a_broken_record_is_refused_and_shown_to_the_operator),
        FACT(a_local_payload_is_not_kept),
        FACT(the_offices_feed_goes_out_without_what_is_not_public),
        FACT(a_member_gets_its_own_feed_back),
        FACT(a_new_transport_key_is_announced_in_the_feed),
        FACT(a_member_speaks_for_itself_only),
        FACT(an_invite_key_greets_in_vain),
        FACT(the_newest_session_of_a_key_is_the_only_one),
        FACT(garbage_ends_in_a_ban_that_ends),
        FACT(frames_before_hello_are_strikes),
        FACT(a_second_hello_on_one_connection_is_a_strike),
        FACT(records_behind_a_gap_are_counted_as_refused),
        FACT(a_suspended_member_is_told_once_and_heard_no_more),
        FACT(the_office_adds_amends_and_retracts),
        FACT(twins_within_one_request_are_found),
        FACT(a_record_is_verified_with_its_place_in_the_log),
        FACT(time_in_the_log_goes_on_after_the_interval),
        FACT(a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room),
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_out, disk_up, disk_down),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
