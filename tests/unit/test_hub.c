#include "hubd/hub.h"

#include "hub_node.h"

#include "core/statement.h"

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

static void time_in_the_log_goes_on_after_the_interval(void **state)
{
    (void)state;
    struct options options = hub.options;
    options.tick_ms = 1;
    restart_hub(&options);
    ASK(one);
    assert_int_equal(office_put(1, "one", "add", &one), E_OK);
    assert_int_equal(log_size(), 3);
    uint64_t until = clock_mono_ms() + 2;
    while (clock_mono_ms() < until)
        continue;
    ASK(two);
    assert_int_equal(office_put(2, "two", "add", &two), E_OK);
    assert_int_equal(log_size(), 5);
    options.tick_ms = 60000;
    restart_hub(&options); /* the last tick is remembered */
    ASK(three);
    assert_int_equal(office_put(3, "three", "add", &three), E_OK);
    assert_int_equal(log_size(), 6);
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

static void who_waits_can_be_turned_away_and_comes_again_with_another_invite(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    struct token token = invite_for("", true);
    struct secret secret = invite_secret(&token);
    assert_int_equal(node_enrol(&node, &secret).reject.code, SYNC_REJECT_PENDING);
    assert_int_equal(members_count(hub.members, MEMBER_PENDING), 1);
    uint64_t size = log_size();

    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_peer_rm), E_OK);
    assert_string_equal(json_string_value(json_object_get(asked.answer.body, "state")), "removed");
    assert_int_equal(ask(&asked, cmd_peer_rm), E_NOT_FOUND);
    assert_int_equal(ask(&asked, cmd_peer_admit), E_NOT_FOUND);
    assert_int_equal(members_count(hub.members, MEMBER_PENDING), 0);
    assert_false(zap_is_allowed(hub.zap, ZAP_PEERS, &secret.public_key));
    assert_int_equal(log_size(), size);

    token = invite_for("us-oh-dayton", true);
    secret = invite_secret(&token);
    assert_int_equal(node_enrol(&node, &secret).type, SYNC_ENROLLED);
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

/* ---- boot, and its failures */

static void one_home_has_one_hub(void **state)
{
    (void)state;
    struct options options = quick_options();
    struct hub second;
    assert_int_equal(hub_open(hub_path, &options, &second), E_BUSY);
    assert_true(strlen(front_endpoint(hub.front)) > 0); /* and the first goes on */
    assert_int_equal(log_size(), 1);
}

static void a_hub_that_cannot_start_leaves_its_home_free(void **state)
{
    (void)state;
    struct options options = hub.options, bad = hub.options;
    hub_close(&hub);
    snprintf(bad.endpoint, sizeof bad.endpoint, "carrier-pigeon://roof");
    assert_int_equal(hub_open(hub_path, &bad, &hub), E_USAGE); /* the front is the last but one to start */
    assert_string_not_equal(err_message(), "");
    assert_null(hub.store);
    assert_null(hub.writer);
    assert_int_equal(hub_open(hub_path, &options, &hub), E_OK);
}

static void a_nodes_home_is_no_hubs(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf inception = { 0 };
    char path[200];
    struct options options;
    struct hub other;
    snprintf(path, sizeof path, "%s/node", scratch);
    struct home_new wanted = { .role = HOME_NODE,
                               .path = path,
                               .name = "us-oh-dayton",
                               .geoid = "",
                               .level = "city",
                               .title = "Dayton" };
    assert_int_equal(home_make(&wanted, &inception), E_OK);
    assert_int_equal(hub_check(path, &options), E_USAGE);
    assert_int_equal(hub_open(path, &hub.options, &other), E_USAGE);
    assert_int_equal(hub_check(hub_path, &options), E_OK);
    snprintf(path, sizeof path, "%s/nothing", scratch);
    assert_int_equal(hub_check(path, &options), E_NOT_FOUND);
}

static void a_hub_takes_no_more_peers_than_it_has_descriptors_for(void **state)
{
    (void)state;
    struct options options = hub.options;
    options.max_peers = 1000000;
    log_level_set(LOG_ERROR);
    restart_hub(&options);
    assert_int_equal(hub.asked_peers, 1000000);
    assert_true(hub.options.max_peers <= 1000000);
    assert_true(hub.options.max_peers > 0);
}

static void the_first_failure_is_the_one_that_counts(void **state)
{
    (void)state;
    uint64_t count;
    assert_int_equal(read(hub.fail_fd, &count, sizeof count), -1);
    hub_fail(&hub, E_CORRUPT);
    hub_fail(&hub, E_IO);
    assert_int_equal(atomic_load(&hub.failure), E_CORRUPT);
    assert_int_equal(read(hub.fail_fd, &count, sizeof count), sizeof count);
    assert_int_equal(count, 1);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_without_the_hubs_inception_is_not_started_on, scratch_make,
                                        scratch_drop),
        FACT(a_restarted_hub_knows_its_members_and_their_records),
        FACT(records_are_acknowledged_once_they_are_in_the_log),
        FACT(a_record_that_is_appended_while_the_link_is_up_arrives),
        FACT(the_offices_feed_goes_out_without_what_is_not_public),
        FACT(the_view_follows_the_log),
        FACT(time_in_the_log_goes_on_after_the_interval),
        FACT(a_fork_stops_its_feed_and_no_other),
        FACT(an_admission_is_logged_before_the_inception_it_admits),
        FACT(the_same_inception_with_the_same_invite_is_enrolled_again),
        FACT(another_inception_with_a_used_invite_is_refused),
        FACT(an_invite_for_one_name_does_not_admit_another),
        FACT(an_invite_for_anyone_waits_for_an_operator),
        FACT(who_waits_can_be_turned_away_and_comes_again_with_another_invite),
        FACT(a_name_belongs_to_one_member),
        FACT(a_revoked_invite_lets_nobody_in),
        FACT(a_new_transport_key_is_announced_in_the_feed),
        FACT(one_home_has_one_hub),
        FACT(a_hub_that_cannot_start_leaves_its_home_free),
        FACT(a_nodes_home_is_no_hubs),
        FACT(a_hub_takes_no_more_peers_than_it_has_descriptors_for),
        FACT(the_first_failure_is_the_one_that_counts),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
