#include "daemon/uplink.h"

#include "node_bench.h"

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
    assert_string_equal(face_of(b)->last_error, "the invite is used up");
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
    assert_string_equal(face_of(b)->last_error, "not now");
    b->hub.reject_hello = false;
    UNTIL(&b->hub, b->node, waiting(b) == 0);
}

static void a_clock_far_off_is_noted_and_harmless(void **state)
{
    struct bench *b = *state;
    b->hub.clock_off_ms = 10LL * 365 * 86400000;
    be_up(b);
    int64_t skew = face_of(b)->skew_ms;
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

/* ---- back-off. The link's clock is the caller's, so that hours pass at once. */

struct clockwork {
    struct uplink *uplink;
    uint64_t now_ms;
};

/* A link of a member to a hub that is not there. */
static struct clockwork lonely_link(struct bench *b)
{
    struct token token = hub_token(&b->hub, "us-oh-dayton");
    struct peer_row row;
    hub_goes_away(&b->hub);
    peer_from_token(&token, 1, &row);
    row.state = PEER_MEMBER;
    return (struct clockwork){ uplink_new(b->node, &row), clock_mono_ms() };
}

/* Dials, waits for the refusal, and says how long the link waits then. */
static uint64_t next_wait(struct clockwork *c)
{
    uint64_t until = clock_mono_ms() + 10000;
    for (;;) {
        uint64_t next_ms = uplink_turn(c->uplink, c->now_ms);
        uint64_t redial_ms = uplink_face(c->uplink)->redial_ms;
        if (uplink_fd(c->uplink) < 0 && redial_ms != 0) {
            assert_int_equal(next_ms, redial_ms);
            uint64_t wait_ms = redial_ms - c->now_ms;
            c->now_ms = redial_ms;
            return wait_ms;
        }
        assert_true(clock_mono_ms() < until);
        zmq_poll(NULL, 0, 1);
    }
}

static void waits_grow_with_jitter_and_stay_within_their_bounds(void **state)
{
    struct bench *b = *state;
    b->node->options.redial_min_ms = 1000;
    b->node->options.redial_max_ms = 60000;
    struct clockwork c = lonely_link(b);
    uint64_t last_ms = next_wait(&c), most_ms = last_ms, same = 0;
    assert_true(last_ms <= 3000); /* the first is anywhere from 0 on: a herd is spread */
    for (int i = 0; i < 40; i++) {
        uint64_t wait_ms = next_wait(&c), most = 3 * (last_ms > 1000 ? last_ms : 1000);
        assert_in_range(wait_ms, last_ms > 0 ? 1000 : 0, most < 60000 ? most : 60000);
        same += wait_ms == last_ms;
        most_ms = wait_ms > most_ms ? wait_ms : most_ms;
        last_ms = wait_ms;
    }
    assert_true(most_ms > 3000 && same < 20);
    assert_int_equal(b->node->counters.dials, 41);
    uplink_free(&c.uplink);
}

static void before_its_time_nothing_is_dialed(void **state)
{
    struct bench *b = *state;
    b->node->options.redial_min_ms = b->node->options.redial_max_ms = 1000;
    struct clockwork c = lonely_link(b);
    next_wait(&c);
    while (next_wait(&c) == 0)
        continue;
    unsigned dials = (unsigned)b->node->counters.dials;
    assert_int_equal(uplink_turn(c.uplink, c.now_ms - 1), c.now_ms);
    assert_int_equal(b->node->counters.dials, dials);
    assert_int_equal(uplink_fd(c.uplink), -1);
    uplink_turn(c.uplink, c.now_ms);
    assert_int_equal(b->node->counters.dials, dials + 1);
    uplink_free(&c.uplink);
}

static void an_endpoint_that_is_none_is_an_error_to_be_seen_and_no_end(void **state)
{
    struct bench *b = *state;
    struct token token = hub_token(&b->hub, "us-oh-dayton");
    struct peer_row row;
    snprintf(token.endpoint, sizeof token.endpoint, "carrier-pigeon://roof");
    peer_from_token(&token, 1, &row);
    row.state = PEER_MEMBER;
    struct uplink *uplink = uplink_new(b->node, &row);
    uint64_t now_ms = clock_mono_ms(), next_ms = uplink_turn(uplink, now_ms);
    assert_in_range(next_ms, now_ms, now_ms + b->options.redial_max_ms);
    assert_int_equal(uplink_face(uplink)->state, FACE_CONNECTING);
    assert_string_not_equal(uplink_face(uplink)->last_error, "");
    snprintf(row.endpoint, sizeof row.endpoint, "%s", b->hub.endpoint);
    zap_allow(b->hub.zap, "peers", &b->home.transport.public_key, 0);
    uplink_update(uplink, &row); /* and dialed at once */
    uplink_turn(uplink, now_ms);
    assert_true(uplink_fd(uplink) >= 0);
    assert_string_equal(uplink_face(uplink)->endpoint, b->hub.endpoint);
    assert_string_equal(uplink_face(uplink)->last_error, "");
    uplink_free(&uplink);
}

/* ---- refusals */

static void every_refusal_of_a_greeting_is_named_and_tried_again(void **state)
{
    static const char *const named[] = {
        [SYNC_REJECT_VERSION] = "unknown version",
        [SYNC_REJECT_REVOKED] = "not allowed",
        [SYNC_REJECT_BUSY] = "busy",
        [SYNC_REJECT_FULL] = "full",
        [SYNC_REJECT_QUOTA] = "busy",
        [SYNC_REJECT_UNKNOWN] = "not found",
        [SYNC_REJECT_PROTOCOL] = "malformed",
        [SYNC_REJECT_INVITE] = "not allowed",
        [SYNC_REJECT_PENDING] = "busy",
    };
    struct bench *b = *state;
    be_up(b);
    b->hub.reject_hello = b->hub.wordless = true;
    for (int code = SYNC_REJECT_VERSION; code <= SYNC_REJECT_PENDING; code++) {
        b->hub.reject = (enum sync_reject)code;
        reopen(b);
        unsigned hellos = b->hub.hellos;
        UNTIL(&b->hub, b->node, b->hub.hellos >= hellos + 2 && face_of(b)->last_error[0] != 0);
        assert_string_equal(face_of(b)->last_error, named[code]);
        assert_int_equal(state_of(b), FACE_CONNECTING);
        assert_int_equal(kept_row(b).state, PEER_MEMBER);
    }
}

/* Ten days: that a uniform draw from them falls below a second happens once in a million times. */
#define HERD_MS 864000000ULL

static void a_hub_that_says_when_to_come_back_is_obeyed(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->options.redial_max_ms = 2 * HERD_MS;
    b->hub.reject_hello = true;
    b->hub.reject = SYNC_REJECT_BUSY;
    b->hub.retry_after_ms = HERD_MS;
    reopen(b);
    uint64_t before_ms = clock_mono_ms();
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING && face_of(b)->last_error[0] != 0);
    assert_string_equal(face_of(b)->last_error, "not now");
    assert_in_range(face_of(b)->redial_ms, before_ms + 1000, clock_mono_ms() + HERD_MS);
    assert_int_equal(node_turn(b->node, before_ms + 500), face_of(b)->redial_ms);
}

static void no_hub_may_send_us_away_for_longer_than_redial_max(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_PENDING;
    b->hub.retry_after_ms = UINT64_MAX;
    join(b);
    UNTIL(&b->hub, b->node, b->hub.enrolments == 1 && face_of(b)->last_error[0] != 0);
    assert_true(face_of(b)->redial_ms <= clock_mono_ms() + b->options.redial_max_ms);
}

static void an_invite_that_is_refused_without_a_word_has_a_reason_all_the_same(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_INVITE;
    b->hub.wordless = true;
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_REFUSED);
    assert_string_equal(kept_row(b).reason, "the invite is refused");
}

static void an_expired_invite_is_given_up_when_the_hub_does_not_know_it(void **state)
{
    struct bench *b = *state;
    struct token token = hub_token(&b->hub, "us-oh-dayton");
    struct peer_row row;
    zap_deny(b->hub.zap, "peers", &b->hub.invite.public_key);
    token.expires_ms = clock_wall_ms() + 300;
    assert_int_equal(node_join(b->node, &token, &row), E_OK);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_REFUSED);
    assert_string_equal(face_of(b)->last_error, "the invite has expired");
    assert_int_equal(b->hub.enrolments, 0);
}

static void an_invite_that_is_not_let_in_is_tried_seldom(void **state)
{
    struct bench *b = *state;
    zap_deny(b->hub.zap, "peers", &b->hub.invite.public_key);
    join(b);
    UNTIL(&b->hub, b->node, b->node->n_uplinks == 1 && face_of(b)->closed);
    assert_non_null(strstr(face_of(b)->last_error, "does not let the invite in"));
    assert_true(b->node->counters.dials >= 3);
    assert_int_equal(state_of(b), FACE_JOINING);
    zap_allow(b->hub.zap, "peers", &b->hub.invite.public_key, 0);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
    assert_false(face_of(b)->closed);
}

static void another_hub_behind_the_same_key_is_hung_up_on(void **state)
{
    struct bench *b = *state;
    be_up(b);
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    b->hub.office.home.author.b[0] ^= 1; /* what it says of itself in WELCOME */
    hub_listens(&b->hub, b->hub.endpoint);
    UNTIL(&b->hub, b->node, strcmp(face_of(b)->last_error, "another hub answers there") == 0);
    assert_int_equal(state_of(b), FACE_CONNECTING);
    b->hub.office.home.author.b[0] ^= 1;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void what_no_enrolment_has_is_a_strike(void **state)
{
    struct bench *b = *state;
    b->hub.keeps_quiet = true;
    join(b);
    UNTIL(&b->hub, b->node, b->node->counters.dials == 1);
    b->hub.keeps_quiet = false;
    b->hub.enrolment = ENROL_SILENT;
    UNTIL(&b->hub, b->node, b->hub.enrolments == 1);
    struct sync_message ping = { .type = SYNC_PING };
    hub_sends(&b->hub, &ping);
    UNTIL(&b->hub, b->node, b->node->counters.strikes == 1);
    assert_int_equal(kept_row(b).state, PEER_JOINING);
}

/* ---- a link lost in each of its states */

static void lost_while_the_invite_is_asked_about_it_is_asked_again(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_PENDING;
    b->hub.keeps_quiet = true;
    join(b);
    UNTIL(&b->hub, b->node, b->node->counters.dials == 1);
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, b->node->counters.dials >= 3);
    assert_int_equal(state_of(b), FACE_JOINING);
    b->hub.keeps_quiet = false;
    b->hub.enrolment = ENROL_ADMITS;
    hub_listens(&b->hub, b->hub.endpoint);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
    assert_int_equal(kept_row(b).state, PEER_MEMBER);
}

static void an_invite_that_is_never_answered_times_out(void **state)
{
    struct bench *b = *state;
    b->options.greeting_timeout_ms = 100;
    reopen(b);
    b->hub.keeps_quiet = true;
    join(b);
    UNTIL(&b->hub, b->node,
          b->node->n_uplinks == 1 &&
              strcmp(face_of(b)->last_error, "the hub does not answer the invite") == 0);
    assert_int_equal(state_of(b), FACE_JOINING);
}

static void lost_while_greeting_it_is_dialed_again(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.stares = true;
    reopen(b);
    unsigned hellos = b->hub.hellos;
    UNTIL(&b->hub, b->node, b->hub.hellos > hellos);
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, face_of(b)->last_error[0] != 0);
    assert_int_equal(state_of(b), FACE_CONNECTING);
    b->hub.stares = false;
    hub_listens(&b->hub, b->hub.endpoint);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void a_greeting_that_is_never_answered_times_out(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->options.greeting_timeout_ms = 100;
    b->hub.stares = true;
    reopen(b);
    unsigned hellos = b->hub.hellos;
    UNTIL(&b->hub, b->node, b->hub.hellos >= hellos + 2);
    assert_string_not_equal(face_of(b)->last_error, "");
    assert_int_equal(state_of(b), FACE_CONNECTING);
    b->hub.stares = false;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void unwatched_a_lost_link_is_seen_by_its_silence(void **state)
{
    struct bench *b = *state;
    b->options.watch = false;
    reopen(b);
    be_up(b);
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    hub_listens(&b->hub, b->hub.endpoint);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
}

static void who_closes_says_bye(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.ended = E_OK;
    node_close(&b->node);
    uint64_t until = clock_mono_ms() + 10000;
    while (b->hub.ended == E_OK) {
        assert_true(clock_mono_ms() < until);
        zmq_pollitem_t item = { router_socket(b->hub.router), 0, ZMQ_POLLIN, 0 };
        zmq_poll(&item, 1, 10);
        hub_turn(&b->hub);
    }
    assert_int_equal(b->hub.ended, E_UNREACHABLE); /* which is what BYE means */
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(an_invite_leads_to_everything_at_the_hub),
        FACT(a_hub_that_is_not_the_tokens_is_refused),
        FACT(a_refused_invite_is_not_tried_again),
        FACT(who_must_wait_asks_again),
        FACT(an_answer_lost_on_its_way_does_not_lose_the_admission),
        FACT(a_restart_while_joining_goes_on),
        FACT(a_hub_that_comes_back_gets_what_it_missed),
        FACT(a_silent_hub_is_given_up),
        FACT(a_hub_that_refuses_hinders_no_recording),
        FACT(a_clock_far_off_is_noted_and_harmless),
        FACT(garbage_costs_the_link_and_not_the_node),
        FACT(waits_grow_with_jitter_and_stay_within_their_bounds),
        FACT(before_its_time_nothing_is_dialed),
        FACT(an_endpoint_that_is_none_is_an_error_to_be_seen_and_no_end),
        FACT(every_refusal_of_a_greeting_is_named_and_tried_again),
        FACT(a_hub_that_says_when_to_come_back_is_obeyed),
        FACT(no_hub_may_send_us_away_for_longer_than_redial_max),
        FACT(an_invite_that_is_refused_without_a_word_has_a_reason_all_the_same),
        FACT(an_expired_invite_is_given_up_when_the_hub_does_not_know_it),
        FACT(an_invite_that_is_not_let_in_is_tried_seldom),
        FACT(another_hub_behind_the_same_key_is_hung_up_on),
        FACT(what_no_enrolment_has_is_a_strike),
        FACT(lost_while_the_invite_is_asked_about_it_is_asked_again),
        FACT(an_invite_that_is_never_answered_times_out),
        FACT(lost_while_greeting_it_is_dialed_again),
        FACT(a_greeting_that_is_never_answered_times_out),
        FACT(unwatched_a_lost_link_is_seen_by_its_silence),
        FACT(who_closes_says_bye),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
