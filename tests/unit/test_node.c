#include "daemon/node.h"

#include "fake_hub.h"

#include "base/log.h"
#include "daemon/accept.h"
#include "daemon/uplink.h"
#include "daemon/verify.h"

struct bench {
    struct fake_hub hub;
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
};

static int bench_make(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    hub_make(&b->hub);
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    hub_expects(&b->hub, &b->home);
    return node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) == E_OK ? 0 : -1;
}

static int bench_drop(void **state)
{
    struct bench *b = *state;
    node_close(&b->node);
    hub_clear(&b->hub);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static void reopen(struct bench *b)
{
    node_close(&b->node);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_OK);
}

static void join(struct bench *b)
{
    struct token token = hub_token(&b->hub, "us-oh-dayton");
    struct peer_row row;
    assert_int_equal(node_join(b->node, &token, &row), E_OK);
}

static enum face_state state_of(struct bench *b)
{
    return b->node->n_uplinks > 0 ? uplink_face(b->node->uplinks[0])->state : FACE_JOINING;
}

static uint64_t waiting(struct bench *b)
{
    return outbox_records(&b->node->outbox);
}

static struct peer_row kept_row(struct bench *b)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_OK);
    assert_int_equal(count, 1);
    return rows[0];
}

static uint64_t held_of_hub(struct bench *b)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    return store_feed(view, &b->hub.home.author, &feed) ? feed.next : 0;
}

static void be_up(struct bench *b)
{
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && waiting(b) == 0);
}

static void records_are_taken_without_any_hub(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    assert_int_equal(node_turn(b->node, clock_mono_ms()), UINT64_MAX);
    assert_int_equal(waiting(b), 2);
    reopen(b);
    assert_int_equal(waiting(b), 2);
}

static void an_invite_leads_to_everything_at_the_hub(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    join(b);
    UNTIL(&b->hub, b->node, waiting(b) == 0 && held_of_hub(b) == 1);
    assert_int_equal(b->hub.enrolments, 1);
    assert_int_equal(b->hub.received.next, 2);
    assert_true(hash_equal(&b->hub.received.head, &b->node->feed.head));
    assert_int_equal(b->hub.strikes, 0);

    struct peer_row row = kept_row(b);
    uint8_t nothing[32] = { 0 };
    assert_int_equal(row.state, PEER_MEMBER);
    assert_memory_equal(row.invite_secret, nothing, 32);
    assert_string_equal(row.name, "office");
}

static void a_hub_that_is_not_the_tokens_is_refused(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_SHOWS_ANOTHER;
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_REFUSED);
    assert_int_equal(kept_row(b).state, PEER_REFUSED);
    assert_non_null(strstr(kept_row(b).reason, "not the one"));
    assert_int_equal(held_of_hub(b), 0);
    assert_int_equal(node_turn(b->node, clock_mono_ms() + 3600000), UINT64_MAX);
}

static void a_refused_invite_is_not_tried_again(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_INVITE;
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_REFUSED);
    assert_string_equal(uplink_face(b->node->uplinks[0])->last_error, "the invite is used up");
    assert_int_equal(node_turn(b->node, clock_mono_ms() + 3600000), UINT64_MAX);
    reopen(b);
    node_turn(b->node, clock_mono_ms());
    assert_int_equal(state_of(b), FACE_REFUSED);
    assert_int_equal(b->hub.enrolments, 1);

    b->hub.enrolment = ENROL_ADMITS; /* until the operator joins anew */
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void who_must_wait_asks_again(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_PENDING;
    join(b);
    UNTIL(&b->hub, b->node, b->hub.enrolments == 3);
    assert_int_equal(state_of(b), FACE_JOINING);
    b->hub.enrolment = ENROL_ADMITS;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void an_answer_lost_on_its_way_does_not_lose_the_admission(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_SILENT; /* admits, and the answer never arrives; the invite is used up */
    join(b);
    UNTIL(&b->hub, b->node, b->hub.enrolments == 1);
    zap_deny(b->hub.zap, "peers", &b->hub.invite.public_key);
    reopen(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && waiting(b) == 0 && held_of_hub(b) == 1);
    assert_int_equal(kept_row(b).state, PEER_MEMBER);
}

static void a_restart_while_joining_goes_on(void **state)
{
    struct bench *b = *state;
    b->hub.keeps_quiet = true;
    join(b);
    UNTIL(&b->hub, b->node, b->node->counters.dials == 1);
    reopen(b);
    assert_int_equal(kept_row(b).state, PEER_JOINING);
    b->hub.keeps_quiet = false;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void a_token_for_somebody_else_is_denied(void **state)
{
    struct bench *b = *state;
    struct peer_row row;
    struct token token = hub_token(&b->hub, "us-ca-fresno");
    assert_int_equal(node_join(b->node, &token, &row), E_DENIED);
    token = hub_token(&b->hub, "us-oh-dayton");
    token.expires_ms = 1;
    assert_int_equal(node_join(b->node, &token, &row), E_DENIED);
    be_up(b);
    token.expires_ms = 0;
    assert_int_equal(node_join(b->node, &token, &row), E_EXISTS);
}

static void what_is_recorded_on_a_live_link_goes_at_once(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 2);
    assert_int_equal(b->hub.batches, 2);
    assert_int_equal(b->hub.hellos, 1);
}

/* A commit is on the disk a moment before its author has told of it. */
static void records_that_were_not_told_of_yet_wait(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "told");
    struct feed told = b->node->feed;
    uint64_t bytes = b->node->outbox.bytes;
    put_ok(b->node, 2, "not yet");
    struct feed both = b->node->feed;
    uint64_t both_bytes = b->node->outbox.bytes;
    b->node->feed = told;
    outbox_grown(&b->node->outbox, told.next, bytes);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 2);
    b->node->feed = both;
    outbox_grown(&b->node->outbox, both.next, both_bytes);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 3);
}

static void what_is_not_acknowledged_waits(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.withholds_acks = true;
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, b->hub.received.next == 2);
    assert_int_equal(waiting(b), 1);
    b->hub.withholds_acks = false;
    UNTIL(&b->hub, b->node, waiting(b) == 0);
}

static void a_restart_resends_nothing_that_was_acknowledged(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    unsigned records = b->hub.records;
    reopen(b);
    assert_int_equal(waiting(b), 0); /* by the mark, before any network */
    put_ok(b->node, 2, "Kyoto");
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && waiting(b) == 0);
    assert_int_equal(b->hub.records, records + 1);
}

static void a_hub_that_comes_back_gets_what_it_missed(void **state)
{
    struct bench *b = *state;
    be_up(b);
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, b->node->counters.dials >= 4);
    assert_int_equal(waiting(b), 1);
    hub_listens(&b->hub, b->hub.endpoint);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 2);
    assert_int_equal(b->hub.records, 2);
}

static void a_silent_hub_is_given_up(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.keeps_quiet = true;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    b->hub.keeps_quiet = false;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void a_hub_that_refuses_hinders_no_recording(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.reject_hello = true;
    b->hub.reject = SYNC_REJECT_REVOKED;
    reopen(b);
    unsigned hellos = b->hub.hellos;
    UNTIL(&b->hub, b->node, b->hub.hellos >= hellos + 2);
    put_ok(b->node, 1, "Osaka");
    assert_int_equal(waiting(b), 1);
    assert_string_equal(uplink_face(b->node->uplinks[0])->last_error, "not now");
    b->hub.reject_hello = false;
    UNTIL(&b->hub, b->node, waiting(b) == 0);
}

/* ---- what leaves */

/* Payload presence of the record at seq among what arrived at the hub. */
static bool payload_arrived(struct bench *b, uint64_t seq)
{
    struct bytes rest = buf_view(&b->hub.arrived);
    struct record record;
    while (run_next(&rest, &record) == E_OK)
        if (record.header.seq == seq)
            return record.has_payload;
    assert_true(false);
    return false;
}

static bool arrived_anywhere(struct bench *b, const char *text)
{
    return memmem(b->hub.arrived.data, b->hub.arrived.len, text, strlen(text)) != NULL;
}

static void put_all_visibilities(struct bench *b)
{
    struct author_result result;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 1, "said in public", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, false, 2, "for the office", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_LOCAL, false, 3, "kept at home", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 4, "said again", &result), E_OK);
}

static void local_payloads_never_leave(void **state)
{
    struct bench *b = *state;
    put_all_visibilities(b);
    be_up(b);
    assert_int_equal(b->hub.received.next, 5);
    assert_true(payload_arrived(b, 1));
    assert_true(payload_arrived(b, 2));
    assert_false(payload_arrived(b, 3));
    assert_true(payload_arrived(b, 4));
    assert_false(arrived_anywhere(b, "kept at home"));
    assert_true(arrived_anywhere(b, "for the office"));
    assert_true(arrived_anywhere(b, "said again"));
}

static void federal_payloads_go_to_hubs_only(void **state)
{
    struct bench *b = *state;
    b->hub.role = SYNC_RELAY;
    put_all_visibilities(b);
    be_up(b);
    assert_true(payload_arrived(b, 1));
    assert_false(payload_arrived(b, 2));
    assert_false(payload_arrived(b, 3));
    assert_false(arrived_anywhere(b, "for the office"));
    assert_false(arrived_anywhere(b, "kept at home"));
}

/* ---- what comes down */

static void the_offices_feed_comes_down(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 2);
    assert_int_equal(held_of_hub(b), 2);
    hub_says(&b->hub);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 3);
    assert_int_equal(held_of_hub(b), 3);
    reopen(b);
    unsigned acks = b->hub.acks;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && b->hub.acks > acks);
    assert_int_equal(b->hub.acked_next, 3);
    struct hash author;
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_true(accept_name(view, "office", &author));
    assert_true(hash_equal(&author, &b->hub.home.author));
}

static bool count_one(void *context, struct bytes key, struct bytes value)
{
    (void)key, (void)value;
    ++*(size_t *)context;
    return true;
}

static size_t quarantined(struct bench *b)
{
    AUTO(store_done) struct store_view *view = NULL;
    size_t count = 0;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    store_each(view, STORE_QUARANTINE, (struct bytes){ NULL, 0 }, count_one, &count);
    return count;
}

static void one_signature_vouches_for_the_record_before(void **state)
{
    struct bench *b = *state;
    struct verdict verdict;
    hub_says(&b->hub);
    hub_spoils_its_signature(&b->hub);
    hub_says(&b->hub);
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 3);
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(verify_held(view, &b->hub.home.author, 1, &verdict), E_OK);
    assert_true(verdict.valid);
    assert_true(verdict.chained);
    assert_false(verdict.own_signature);
    assert_int_equal(verdict.vouched_by, 2);
    assert_int_equal(verify_held(view, &b->hub.home.author, 2, &verdict), E_OK);
    assert_true(verdict.own_signature);
    assert_int_equal(verify_held(view, &b->hub.home.author, 3, &verdict), E_NOT_FOUND);
}

static void a_head_without_a_signature_waits_for_its_voucher(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    hub_spoils_its_signature(&b->hub);
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.nacked != E_OK);
    assert_int_equal(b->hub.nacked, E_BAD_SIGNATURE);
    assert_int_equal(held_of_hub(b), 1);
    assert_int_equal(quarantined(b), 0);
    hub_says(&b->hub);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 3);
}

static void who_follows_its_own_feed_only_takes_nothing(void **state)
{
    struct bench *b = *state;
    b->options.follow = FOLLOW_OWN;
    reopen(b);
    hub_says(&b->hub);
    put_ok(b->node, 1, "Osaka");
    be_up(b);
    assert_int_equal(held_of_hub(b), 0);
}

static void a_bad_record_stops_its_feed_and_no_other(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    hub_says(&b->hub);
    b->hub.packed[2].data[60] ^= 1; /* prev */
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.nacked != E_OK);
    assert_int_equal(b->hub.nacked, E_BROKEN_CHAIN);
    assert_int_equal(b->hub.nacked_seq, 2);
    assert_int_equal(held_of_hub(b), 2);
    assert_int_equal(quarantined(b), 1);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(state_of(b), FACE_CONNECTED);
}

/* Offers packed records of the hub's feed; the batch tells what became of them. */
static struct accept_batch offer(struct bench *b, struct feed *feed, struct bytes packed)
{
    struct accept_batch batch = { .author = b->hub.home.author };
    buf_bytes(&batch.records, packed);
    assert_int_equal(accept_batches(b->node->store, feed, &batch, 1), E_OK);
    accept_batch_clear(&batch);
    return batch;
}

/* Another record at the seq where branch stands, signed by the hub. */
static void say_otherwise(struct bench *b, struct feed *branch, struct buf *out)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    uint8_t salt[SALT_BYTES] = { 4 };
    tick_write(1, &payload);
    assert_int_equal(feed_append(branch, &b->hub.home.record, KIND_FEDERATION, 0, TYPE_TICK, 1, salt,
                                 buf_view(&payload), out),
                     E_OK);
}

static void only_a_vouched_record_is_a_fork(void **state)
{
    struct bench *b = *state;
    struct feed feed;
    AUTO(buf_clear) struct buf all = { 0 }, other = { 0 }, vouched = { 0 };
    feed_init(&feed, &b->hub.home.author);
    hub_says(&b->hub);
    struct feed branch = b->hub.feed;
    hub_says(&b->hub);
    for (size_t i = 0; i < 3; i++)
        buf_bytes(&all, buf_view(&b->hub.packed[i]));
    assert_int_equal(offer(b, &feed, buf_view(&all)).code, E_OK);
    assert_int_equal(feed.next, 3);

    b->hub.packed[2].data[HEADER_BYTES] ^= 1; /* its signature */
    struct accept_batch nobodys = offer(b, &feed, buf_view(&b->hub.packed[2]));
    assert_int_equal(nobodys.code, E_BAD_SIGNATURE);
    assert_int_equal(nobodys.refused_seq, 2);
    assert_false(nobodys.final);
    assert_int_equal(quarantined(b), 0);

    say_otherwise(b, &branch, &other);
    struct accept_batch fork = offer(b, &feed, buf_view(&other));
    assert_int_equal(fork.code, E_FORK);
    assert_true(fork.final);
    assert_int_equal(quarantined(b), 1);

    other.data[HEADER_BYTES] ^= 1;
    assert_int_equal(offer(b, &feed, buf_view(&other)).code, E_BAD_SIGNATURE);
    branch.head = hash_leaf(bytes_of(other.data, ENTRY_BYTES));
    buf_bytes(&vouched, buf_view(&other));
    say_otherwise(b, &branch, &vouched);
    assert_int_equal(offer(b, &feed, buf_view(&vouched)).code, E_FORK);
    assert_int_equal(feed.next, 3);
}

static void a_hub_that_holds_more_than_we_do_raises_an_alarm(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    be_up(b);
    b->hub.received.next = 9; /* this home is an old copy */
    reopen(b);
    UNTIL(&b->hub, b->node, b->node->behind_itself);
    unsigned batches = b->hub.batches;
    put_ok(b->node, 2, "Kyoto");
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
    assert_int_equal(b->hub.batches, batches);
}

static void a_clock_far_off_is_noted_and_harmless(void **state)
{
    struct bench *b = *state;
    b->hub.clock_off_ms = 10LL * 365 * 86400000;
    be_up(b);
    int64_t skew = uplink_face(b->node->uplinks[0])->skew_ms;
    assert_true(skew > 9LL * 365 * 86400000);
}

static void garbage_costs_the_link_and_not_the_node(void **state)
{
    struct bench *b = *state;
    be_up(b);
    for (int i = 0; i < 20; i++)
        (void)router_send(b->hub.router, &b->hub.route, bytes_text("this is no frame at all, it is text"));
    UNTIL(&b->hub, b->node, b->hub.hellos == 2 && state_of(b) == FACE_CONNECTED);
    assert_true(b->node->counters.strikes >= 16);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
}

static void a_removed_peer_is_dialed_no_more(void **state)
{
    struct bench *b = *state;
    be_up(b);
    assert_int_equal(node_drop_peer(b->node, &b->hub.home.author), E_OK);
    assert_int_equal(node_turn(b->node, clock_mono_ms()), UINT64_MAX);
    assert_int_equal(b->node->n_uplinks, 0);
    assert_int_equal(node_drop_peer(b->node, &b->hub.home.author), E_NOT_FOUND);
    put_ok(b->node, 1, "Osaka");
}

static void a_store_of_another_identity_is_refused(void **state)
{
    struct bench *b = *state;
    struct home other;
    AUTO(buf_clear) struct buf inception = { 0 };
    struct node *node;
    node_close(&b->node);
    make_identity(HOME_NODE, "us-ca-fresno", &other, &inception);
    memcpy(other.store, b->home.store, sizeof other.store);
    assert_int_equal(node_open(&b->options, &other, (struct bytes){ NULL, 0 }, &node), E_CORRUPT);
    assert_null(node);
}

/* ---- two threads: one turns, one writes */

struct writing {
    struct node *node;
    enum err err;
};

static void *write_on(void *context)
{
    struct writing *w = context;
    for (uint8_t i = 1; i <= 100 && w->err == E_OK; i++) {
        struct author_result result;
        w->err = put_one(w->node, VISIBLE_PUBLIC, false, i, "tie", &result);
    }
    return NULL;
}

static void another_thread_writes_while_one_turns(void **state)
{
    struct bench *b = *state;
    struct writing w = { b->node, E_OK };
    pthread_t thread;
    be_up(b);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
    UNTIL(&b->hub, b->node, b->hub.received.next == 101);
    pthread_join(thread, NULL);
    assert_int_equal(w.err, E_OK);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.records, 101);
    assert_int_equal(b->hub.hellos, 1);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(records_are_taken_without_any_hub),
        FACT(an_invite_leads_to_everything_at_the_hub),
        FACT(a_hub_that_is_not_the_tokens_is_refused),
        FACT(a_refused_invite_is_not_tried_again),
        FACT(who_must_wait_asks_again),
        FACT(an_answer_lost_on_its_way_does_not_lose_the_admission),
        FACT(a_restart_while_joining_goes_on),
        FACT(a_token_for_somebody_else_is_denied),
        FACT(what_is_recorded_on_a_live_link_goes_at_once),
        FACT(records_that_were_not_told_of_yet_wait),
        FACT(what_is_not_acknowledged_waits),
        FACT(a_restart_resends_nothing_that_was_acknowledged),
        FACT(a_hub_that_comes_back_gets_what_it_missed),
        FACT(a_silent_hub_is_given_up),
        FACT(a_hub_that_refuses_hinders_no_recording),
        FACT(local_payloads_never_leave),
        FACT(federal_payloads_go_to_hubs_only),
        FACT(the_offices_feed_comes_down),
        FACT(one_signature_vouches_for_the_record_before),
        FACT(a_head_without_a_signature_waits_for_its_voucher),
        FACT(who_follows_its_own_feed_only_takes_nothing),
        FACT(a_bad_record_stops_its_feed_and_no_other),
        FACT(only_a_vouched_record_is_a_fork),
        FACT(a_hub_that_holds_more_than_we_do_raises_an_alarm),
        FACT(a_clock_far_off_is_noted_and_harmless),
        FACT(garbage_costs_the_link_and_not_the_node),
        FACT(a_removed_peer_is_dialed_no_more),
        FACT(a_store_of_another_identity_is_refused),
        FACT(another_thread_writes_while_one_turns),
    };
    assert_int_equal(id_init(), E_OK);
    assert_int_equal(net_init(256, 1), E_OK);
    log_level_set(getenv("NODE_LOG") != NULL ? LOG_DEBUG : LOG_ERROR);
    int failed = cmocka_run_group_tests(facts, NULL, NULL);
    net_term();
    return failed;
}
