#include "sync_pair.h"

static void both_ends_greet_and_learn_the_session(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_open(&p);
    assert_int_equal(sync_state(p.a.sync), SYNC_GREETING);
    assert_int_equal(sync_state(p.b.sync), SYNC_IDLE);
    pair_settle(&p);
    assert_int_equal(sync_state(p.a.sync), SYNC_UP);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_true(p.a.was_up && p.b.was_up);
    assert_int_equal(sync_session(p.a.sync), 77);
    assert_int_equal(sync_peer(p.a.sync)->proto_max, 1);
    assert_int_equal(sync_last_heard_ms(p.a.sync), p.now_ms);
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    pair_clear(&p);
}

static void one_greeting(uint32_t a_min, uint32_t a_max, uint32_t b_min, uint32_t b_max)
{
    struct pair p = { 0 };
    struct sync_options a = fake_options(), b = fake_options();
    a.self.proto_min = a_min, a.self.proto_max = a_max;
    b.self.proto_min = b_min, b.self.proto_max = b_max;
    pair_join(&p, &a, &b);
    pair_settle(&p);
    uint32_t low = a_min > b_min ? a_min : b_min;
    uint32_t high = a_max < b_max ? a_max : b_max;
    if (low <= high) {
        assert_int_equal(sync_state(p.a.sync), SYNC_UP);
        assert_int_equal(sync_peer(p.a.sync)->proto_max, high);
        assert_int_equal(sync_peer(p.b.sync)->proto_max, high);
        assert_int_equal(sync_peer(p.b.sync)->proto_min, high);
    } else {
        assert_int_equal(sync_state(p.a.sync), SYNC_DOWN);
        assert_int_equal(p.a.down_code, E_VERSION);
        assert_int_equal(p.b.down_code, E_VERSION);
        assert_int_equal(p.b.sent[SYNC_REJECT], 1);
        assert_non_null(strstr(p.a.down_text, "spoken here"));
    }
    assert_int_equal(p.a.strikes + p.b.strikes, 0);
    pair_clear(&p);
}

static void the_highest_common_version_is_chosen_or_the_link_refused(void **state)
{
    (void)state;
    for (uint32_t a_min = 1; a_min <= 4; a_min++)
        for (uint32_t a_max = a_min; a_max <= 4; a_max++)
            for (uint32_t b_min = 1; b_min <= 4; b_min++)
                for (uint32_t b_max = b_min; b_max <= 4; b_max++)
                    one_greeting(a_min, a_max, b_min, b_max);
}

static struct sync_message hello(uint32_t min, uint32_t max)
{
    struct sync_message m = { .type = SYNC_HELLO };
    m.hello = fake_options().self;
    m.hello.proto_min = min;
    m.hello.proto_max = max;
    return m;
}

static void a_senseless_hello_is_malformed(void **state)
{
    (void)state;
    struct end e;
    end_alone(&e);
    struct sync_message none = hello(0, 1), backwards = hello(3, 2), nobody = hello(1, 1);
    memset(&nobody.hello.author, 0, sizeof nobody.hello.author);
    assert_int_equal(sync_receive(e.sync, &none, 1), E_MALFORMED);
    assert_int_equal(sync_receive(e.sync, &backwards, 1), E_MALFORMED);
    assert_int_equal(sync_receive(e.sync, &nobody, 1), E_MALFORMED);
    assert_int_equal(sync_state(e.sync), SYNC_IDLE);
    end_clear(&e);
}

static void every_message_before_hello_is_denied(void **state)
{
    (void)state;
    for (int type = 0; type < 300; type++) {
        if (type == SYNC_HELLO)
            continue;
        struct end e;
        end_alone(&e);
        struct sync_message m = { .type = (enum sync_type)type };
        assert_int_equal(sync_receive(e.sync, &m, 1), E_DENIED);
        assert_int_equal(sync_state(e.sync), SYNC_IDLE);
        assert_int_equal(e.downs, 0);
        end_clear(&e);
    }
}

static void a_dialer_takes_nothing_but_an_answer_to_its_hello(void **state)
{
    (void)state;
    for (int type = 0; type < 300; type++) {
        if (type == SYNC_WELCOME || type == SYNC_REJECT || type == SYNC_BYE)
            continue;
        struct end e;
        end_alone(&e);
        sync_dial(e.sync, 1);
        struct sync_message m = { .type = (enum sync_type)type };
        assert_int_equal(sync_receive(e.sync, &m, 1), E_DENIED);
        assert_int_equal(sync_state(e.sync), SYNC_GREETING);
        end_clear(&e);
    }
}

static void a_version_that_was_not_offered_ends_the_link(void **state)
{
    (void)state;
    struct end e;
    end_alone(&e);
    sync_dial(e.sync, 1);
    struct sync_message m = hello(2, 2);
    m.type = SYNC_WELCOME;
    m.session = 77;
    assert_int_equal(sync_receive(e.sync, &m, 1), E_OK);
    assert_int_equal(sync_state(e.sync), SYNC_DOWN);
    assert_int_equal(e.down_code, E_VERSION);
    assert_int_equal(e.sent[SYNC_BYE], 1);
    end_clear(&e);
}

static void unknown_types_are_tolerated_and_count_as_life(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    struct sync_message m = { .session = 77 };
    for (int type = 14; type < 300; type++) {
        m.type = (enum sync_type)type;
        assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms + 10), E_OK);
    }
    m.type = 0;
    assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms + 10), E_OK);
    assert_int_equal(sync_last_heard_ms(p.a.sync), p.now_ms + 10);
    assert_int_equal(sync_state(p.a.sync), SYNC_UP);
    pair_clear(&p);
}

static void greetings_and_enrolments_are_denied_on_a_link_that_is_up(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    static const enum sync_type types[] = { SYNC_HELLO, SYNC_WELCOME, SYNC_ENROL, SYNC_ENROLLED };
    for (size_t i = 0; i < 4; i++) {
        struct sync_message m = { .type = types[i], .session = 77 };
        assert_int_equal(sync_receive(p.b.sync, &m, p.now_ms), E_DENIED);
    }
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    pair_clear(&p);
}

static void a_message_of_another_session_is_dropped_and_counted(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    static const enum sync_type types[] = { SYNC_PING, SYNC_HELLO, SYNC_REJECT, SYNC_BYE, SYNC_BATCH };
    for (size_t i = 0; i < 5; i++) {
        struct sync_message m = { .type = types[i], .session = 76 };
        assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms + 5), E_OK);
        assert_int_equal(sync_receive(p.b.sync, &m, p.now_ms + 5), E_OK);
    }
    assert_int_equal(sync_stale(p.a.sync), 5);
    assert_int_equal(sync_stale(p.b.sync), 5);
    assert_int_equal(sync_state(p.a.sync), SYNC_UP);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_int_equal(sync_last_heard_ms(p.b.sync), p.now_ms);
    assert_int_equal(p.b.sent[SYNC_PONG], 0);
    pair_clear(&p);
}

/* A listener that has lost its session answers in none. */
static void a_refusal_of_session_0_ends_the_dialers_link(void **state)
{
    (void)state;
    static const enum sync_type types[] = { SYNC_REJECT, SYNC_BYE };
    static const enum err codes[] = { E_FULL, E_UNREACHABLE };
    for (size_t i = 0; i < 2; i++) {
        struct pair p = { 0 };
        pair_up(&p);
        struct sync_message m = { .type = types[i] };
        m.reject.code = SYNC_REJECT_FULL;
        assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms), E_OK);
        assert_int_equal(sync_state(p.a.sync), SYNC_DOWN);
        assert_int_equal(p.a.down_code, codes[i]);
        pair_clear(&p);
    }
}

static void a_refusal_of_session_0_does_not_end_the_listeners_link(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    struct sync_message m = { .type = SYNC_REJECT };
    m.reject.code = SYNC_REJECT_FULL;
    assert_int_equal(sync_receive(p.b.sync, &m, p.now_ms), E_OK);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_int_equal(sync_stale(p.b.sync), 1);
    struct sync_message ping = { .type = SYNC_PING };
    assert_int_equal(sync_receive(p.a.sync, &ping, p.now_ms), E_OK);
    assert_int_equal(sync_stale(p.a.sync), 1);
    pair_clear(&p);
}

static void a_welcome_names_a_session(void **state)
{
    (void)state;
    struct end e;
    end_alone(&e);
    sync_dial(e.sync, 1);
    struct sync_message m = hello(1, 1);
    m.type = SYNC_WELCOME;
    assert_int_equal(sync_receive(e.sync, &m, 1), E_MALFORMED);
    assert_int_equal(sync_state(e.sync), SYNC_GREETING);
    m.session = 1;
    assert_int_equal(sync_receive(e.sync, &m, 1), E_OK);
    assert_int_equal(sync_state(e.sync), SYNC_UP);
    end_clear(&e);
}

static void pings_keep_an_idle_link_alive(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    pair_pass(&p, 60000);
    assert_int_equal(sync_state(p.a.sync), SYNC_UP);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_in_range(p.a.sent[SYNC_PING], 55, 65);
    assert_int_equal(p.b.sent[SYNC_PING], 0);
    assert_int_equal(p.b.sent[SYNC_PONG], p.a.sent[SYNC_PING]);
    pair_clear(&p);
}

static void heartbeats_are_spread_by_a_quarter_either_way(void **state)
{
    (void)state;
    static const uint32_t randoms[] = { 0, 0x40000000U, 0x80000000U, 0xFFFFFFFFU };
    static const uint64_t waits[] = { 750, 875, 1000, 1249 };
    for (size_t i = 0; i < 4; i++) {
        struct pair p = { 0 };
        pair_up(&p);
        assert_int_equal(sync_tick(p.a.sync, p.now_ms, randoms[i]), p.now_ms + waits[i]);
        sync_tick(p.a.sync, p.now_ms + waits[i] - 1, 0);
        assert_int_equal(p.a.sent[SYNC_PING], 0);
        sync_tick(p.a.sync, p.now_ms + waits[i], 0);
        assert_int_equal(p.a.sent[SYNC_PING], 1);
        pair_clear(&p);
    }
}

static void the_listener_sets_the_rhythm_within_bounds(void **state)
{
    (void)state;
    static const uint32_t asked[] = { 0, 1, 100, 3000, 10000, 4000000000U };
    static const uint32_t agreed[] = { 1000, 100, 100, 3000, 10000, 10000 };
    for (size_t i = 0; i < 6; i++) {
        struct end e;
        end_alone(&e);
        sync_dial(e.sync, 1);
        struct sync_message m = hello(1, 1);
        m.type = SYNC_WELCOME;
        m.session = 77;
        m.hello.heartbeat_ms = asked[i];
        assert_int_equal(sync_receive(e.sync, &m, 1000), E_OK);
        assert_int_equal(sync_tick(e.sync, 1000, 0x80000000U), 1000 + agreed[i]);
        end_clear(&e);
    }
}

static void silence_ends_the_link_after_the_missed_heartbeats(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    assert_int_equal(sync_tick(p.b.sync, p.now_ms, 0), p.now_ms + 4000);
    sync_tick(p.b.sync, p.now_ms + 3999, 0);
    assert_int_equal(sync_state(p.b.sync), SYNC_UP);
    assert_int_equal(sync_tick(p.b.sync, p.now_ms + 4000, 0), UINT64_MAX);
    assert_int_equal(sync_state(p.b.sync), SYNC_DOWN);
    assert_int_equal(p.b.down_code, E_TIMEOUT);
    assert_int_equal(p.b.sent[SYNC_BYE], 1);
    pair_settle(&p);
    assert_int_equal(p.a.down_code, E_UNREACHABLE);
    pair_clear(&p);
}

static void no_greeting_is_a_timeout_on_either_side(void **state)
{
    (void)state;
    struct end e = { 0 };
    struct sync_options options = fake_options();
    end_begin(&e, &options);
    assert_int_equal(sync_tick(e.sync, 100, 0), 5100);
    sync_tick(e.sync, 5100, 0);
    assert_int_equal(e.down_code, E_TIMEOUT);
    end_cut(&e);
    end_begin(&e, &options);
    sync_dial(e.sync, 100);
    sync_tick(e.sync, 5099, 0);
    assert_int_equal(sync_state(e.sync), SYNC_GREETING);
    sync_tick(e.sync, 5100, 0);
    assert_int_equal(sync_state(e.sync), SYNC_DOWN);
    assert_int_equal(e.downs, 2);
    end_clear(&e);
}

static void bye_carries_the_wish_when_to_come_back(void **state)
{
    (void)state;
    struct pair p = { 0 };
    pair_up(&p);
    sync_bye(p.b.sync, 30000, p.now_ms);
    assert_int_equal(p.b.downs, 0);
    pair_settle(&p);
    assert_int_equal(p.a.down_code, E_UNREACHABLE);
    assert_int_equal(p.a.down_retry_ms, 30000);
    pair_clear(&p);
}

static void each_reject_has_its_code(void **state)
{
    (void)state;
    static const enum err codes[] = { E_MALFORMED, E_VERSION,   E_DENIED, E_BUSY, E_FULL,      E_BUSY,
                                      E_NOT_FOUND, E_MALFORMED, E_DENIED, E_BUSY, E_MALFORMED, E_MALFORMED };
    for (int code = 0; code < 12; code++) {
        struct pair p = { 0 };
        pair_open(&p);
        sync_reject(p.b.sync, (enum sync_reject)code, 500, "because");
        pair_settle(&p);
        assert_int_equal(sync_state(p.a.sync), SYNC_DOWN);
        assert_int_equal(p.a.down_code, codes[code]);
        assert_int_equal(p.a.down_retry_ms, 500);
        assert_string_equal(p.a.down_text, "because");
        pair_clear(&p);
    }
}

static void a_link_that_is_down_ignores_everything(void **state)
{
    (void)state;
    struct pair p = { 0 };
    end_feed(&p.a, 1, 5, true, true);
    end_feed(&p.b, 1, 0, false, true);
    pair_up(&p);
    sync_bye(p.a.sync, 0, p.now_ms);
    unsigned batches = p.a.sent[SYNC_BATCH];
    for (int type = 0; type < 20; type++) {
        struct sync_message m = { .type = (enum sync_type)type, .session = 77 };
        assert_int_equal(sync_receive(p.a.sync, &m, p.now_ms), E_OK);
    }
    end_append(&p, &p.a, 1, 3);
    sync_grant(p.a.sync, 5, p.now_ms);
    struct hash author = fake_author(1), head = fake_head(&author, 9, 0);
    sync_stored(p.a.sync, &author, 9, &head, 4, p.now_ms);
    sync_refused(p.a.sync, &author, 9, E_BUSY, false, "no", 4, p.now_ms);
    sync_fetched(p.a.sync, &author, 5, 0, (struct bytes){ 0 }, p.now_ms);
    assert_int_equal(sync_tick(p.a.sync, p.now_ms + 1000000, 0), UINT64_MAX);
    assert_int_equal(p.a.sent[SYNC_BATCH], batches);
    assert_int_equal(p.a.sent[SYNC_CREDIT] + p.a.sent[SYNC_ACK] + p.a.sent[SYNC_NACK], 0);
    pair_clear(&p);
}

static void a_link_is_freed_in_every_state(void **state)
{
    (void)state;
    struct sync *none = NULL;
    sync_free(&none);
    /* Cut after every step of a whole exchange: idle, greeting, up, with fetches and stores under way. */
    for (unsigned cut = 0; cut < 40; cut++) {
        struct pair p = { 0 };
        pair_feed(&p, 1, 30, 0);
        pair_open(&p);
        for (unsigned i = 0; i < cut; i++)
            pair_step(&p);
        pair_clear(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_greet_and_learn_the_session),
        cmocka_unit_test(the_highest_common_version_is_chosen_or_the_link_refused),
        cmocka_unit_test(a_senseless_hello_is_malformed),
        cmocka_unit_test(every_message_before_hello_is_denied),
        cmocka_unit_test(a_dialer_takes_nothing_but_an_answer_to_its_hello),
        cmocka_unit_test(a_version_that_was_not_offered_ends_the_link),
        cmocka_unit_test(unknown_types_are_tolerated_and_count_as_life),
        cmocka_unit_test(greetings_and_enrolments_are_denied_on_a_link_that_is_up),
        cmocka_unit_test(a_message_of_another_session_is_dropped_and_counted),
        cmocka_unit_test(a_refusal_of_session_0_ends_the_dialers_link),
        cmocka_unit_test(a_refusal_of_session_0_does_not_end_the_listeners_link),
        cmocka_unit_test(a_welcome_names_a_session),
        cmocka_unit_test(pings_keep_an_idle_link_alive),
        cmocka_unit_test(heartbeats_are_spread_by_a_quarter_either_way),
        cmocka_unit_test(the_listener_sets_the_rhythm_within_bounds),
        cmocka_unit_test(silence_ends_the_link_after_the_missed_heartbeats),
        cmocka_unit_test(no_greeting_is_a_timeout_on_either_side),
        cmocka_unit_test(bye_carries_the_wish_when_to_come_back),
        cmocka_unit_test(each_reject_has_its_code),
        cmocka_unit_test(a_link_that_is_down_ignores_everything),
        cmocka_unit_test(a_link_is_freed_in_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
