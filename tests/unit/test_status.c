#include "daemon/status.h"

#include "node_bench.h"

#include <stdatomic.h>

#include "daemon/records.h"

static json_t *status_of(struct bench *b)
{
    struct control_request request = { .command = "status" };
    struct control_answer answer = { 0 };
    assert_int_equal(status_answer(b->node, &request, &answer), E_OK);
    return answer.body;
}

static json_int_t number_at(const json_t *body, const char *group, const char *name)
{
    json_t *number = json_object_get(json_object_get(body, group), name);
    assert_true(json_is_integer(number));
    return json_integer_value(number);
}

static bool has_alarm(const json_t *body, const char *part)
{
    size_t i;
    json_t *alarm;
    json_array_foreach(json_object_get(body, "alarms"), i,
                       alarm) if (strstr(json_string_value(json_object_get(alarm, "text")), part) !=
                                  NULL) return true;
    return false;
}

static void a_lonely_node_says_so_and_what_waits(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    json_t *body = status_of(b);
    assert_string_equal(json_string_value(json_object_get(body, "program")), "noded");
    assert_string_equal(json_string_value(json_object_get(body, "state")), "warn");
    assert_true(has_alarm(body, "joined no hub"));
    assert_int_equal(number_at(body, "outbox", "records"), 2);
    assert_int_equal(number_at(body, "feed", "next"), 2);
    assert_int_equal(number_at(body, "store", "records"), 2);
    json_decref(body);
}

static void a_connected_node_is_well(void **state)
{
    struct bench *b = *state;
    be_up(b);
    json_t *body = status_of(b);
    json_t *peer = json_array_get(json_object_get(body, "peers"), 0);
    assert_string_equal(json_string_value(json_object_get(peer, "state")), "connected");
    assert_string_equal(json_string_value(json_object_get(peer, "name")), "office");
    assert_int_equal(json_integer_value(json_object_get(peer, "behind_records")), 0);
    assert_int_equal(json_integer_value(json_object_get(peer, "acknowledged")), 1);
    assert_int_equal(number_at(body, "outbox", "records"), 0);
    assert_int_equal(number_at(body, "outbox", "bytes"), 0);
    json_decref(body);
}

static void a_hub_that_is_away_is_named_with_when_it_is_tried_again(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->node->options.redial_min_ms = b->node->options.redial_max_ms = 60000;
    hub_goes_away(&b->hub);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    json_t *body = status_of(b);
    json_t *peer = json_array_get(json_object_get(body, "peers"), 0);
    assert_string_equal(json_string_value(json_object_get(peer, "state")), "connecting");
    assert_string_equal(json_string_value(json_object_get(peer, "last_error")), "the connection is lost");
    json_t *retry = json_object_get(peer, "retry_in_seconds");
    assert_true(json_is_null(retry) || (json_real_value(retry) > 0 && json_real_value(retry) <= 60));
    json_decref(body);
}

static void a_refused_invite_is_critical(void **state)
{
    struct bench *b = *state;
    b->hub.enrolment = ENROL_REJECTS;
    b->hub.reject = SYNC_REJECT_INVITE;
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_REFUSED);
    json_t *body = status_of(b);
    assert_string_equal(json_string_value(json_object_get(body, "state")), "crit");
    assert_true(has_alarm(body, "the invite is used up"));
    json_decref(body);
}

static void a_clock_years_off_is_a_warning(void **state)
{
    struct bench *b = *state;
    b->hub.clock_off_ms = -10LL * 365 * 86400000;
    be_up(b);
    json_t *body = status_of(b);
    assert_true(has_alarm(body, "the clock of office"));
    assert_string_equal(json_string_value(json_object_get(body, "state")), "warn");
    json_decref(body);
}

static void an_old_copy_of_a_home_is_critical(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.received.next = 9;
    reopen(b);
    UNTIL(&b->hub, b->node, face_of(b)->behind_itself);
    json_t *body = status_of(b);
    assert_string_equal(json_string_value(json_object_get(body, "state")), "crit");
    assert_true(has_alarm(body, "holds more records"));
    json_decref(body);
}

static void a_message_of_a_session_that_is_over_is_dropped_and_counted(void **state)
{
    struct bench *b = *state;
    be_up(b);
    struct sync_message old = { .type = SYNC_BYE, .session = b->hub.hellos + 7 };
    hub_sends(&b->hub, &old);
    UNTIL(&b->hub, b->node, b->node->counters.stale == 1);
    assert_int_equal(state_of(b), FACE_CONNECTED);
    hub_sends(&b->hub, &old);
    UNTIL(&b->hub, b->node, b->node->counters.stale == 2);
    hub_goes_away(&b->hub); /* what was counted stays */
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTING);
    json_t *body = status_of(b);
    assert_int_equal(number_at(body, "counters", "stale_frames"), 2);
    json_decref(body);
}

/* A second hub, which this node does not dial. */
static void add_hub(struct bench *b)
{
    struct store_txn *txn;
    struct peer_row row = { .author = { { 0xcd } }, .state = PEER_REFUSED, .since_ms = 1 };
    snprintf(row.name, sizeof row.name, "state");
    snprintf(row.endpoint, sizeof row.endpoint, "tcp://127.0.0.1:1");
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    peer_put(txn, &row);
    assert_int_equal(store_commit(&txn), E_OK);
    b->node->peers_changed = true;
    node_turn(b->node, clock_mono_ms());
}

static struct face *face_at(struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->node->n_uplinks; i++)
        if (strcmp(uplink_face(b->node->uplinks[i])->name, name) == 0)
            return (struct face *)uplink_face(b->node->uplinks[i]);
    assert_string_equal(name, "a hub of this node");
    return NULL;
}

static void expect_alarm(struct bench *b, const char *part, bool there)
{
    json_t *body = status_of(b);
    assert_int_equal(has_alarm(body, part), there);
    json_decref(body);
}

static void of_what_the_hubs_say_about_the_own_feed_the_worst_is_shown(void **state)
{
    struct bench *b = *state;
    be_up(b);
    add_hub(b);
    face_show_refusal(b->node, face_at(b, "state"), 0, "busy: over quota");
    put_ok(b->node, 1, "Osaka"); /* office takes it */
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    expect_alarm(b, "record 0 is refused by state: busy: over quota", true);
    face_show_progress(b->node, face_at(b, "state"), 0, 0, true);
    put_ok(b->node, 2, "Kyoto");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    expect_alarm(b, "state holds more records of this node", true);
    expect_alarm(b, "is refused by state", false);
    face_show_progress(b->node, face_at(b, "state"), 0, 0, false);
    face_show_taken(b->node, face_at(b, "state"), 1);
    expect_alarm(b, "holds more", false);
    expect_alarm(b, "is refused by state", false);
}

/* The clock was set back by an hour since. */
static void a_clock_that_is_set_back_makes_nothing_ages_old(void **state)
{
    struct bench *b = *state;
    add_hub(b);
    uint64_t later_ms = clock_wall_ms() + 3600000;
    struct face *face = face_at(b, "state");
    face_show_state(b->node, face, FACE_CONNECTING);
    face->since_ms = face->last_contact_ms = later_ms;
    json_t *body = status_of(b);
    json_t *peer = json_array_get(json_object_get(body, "peers"), 0);
    assert_int_equal(json_integer_value(json_object_get(peer, "last_contact_seconds")), 0);
    assert_false(has_alarm(body, "is not reached"));
    json_decref(body);
}

/* ---- a control thread that asks and writes, while the other turns */

struct asking {
    struct node *node;
    atomic_bool done;
    enum err err;
};

static enum err ask_everything(struct node *node)
{
    static enum err (*const handlers[])(void *, const struct control_request *, struct control_answer *) = {
        status_answer, doctor_answer, records_ls, records_tail, records_export,
    };
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        AUTO(control_request_clear) struct control_request request = { .params = json_object() };
        TRY(handlers[i](node, &request, &answer));
    }
    return E_OK;
}

static void *ask_on(void *context)
{
    struct asking *a = context;
    for (uint8_t i = 1; i <= 40 && a->err == E_OK; i++) {
        struct author_result result;
        a->err = put_one(a->node, VISIBLE_PUBLIC, false, i, "tie", &result);
        if (a->err == E_OK)
            a->err = ask_everything(a->node);
    }
    atomic_store(&a->done, true);
    return NULL;
}

static void answers_come_while_the_node_is_at_work(void **state)
{
    struct bench *b = *state;
    struct asking asking = { .node = b->node };
    pthread_t thread;
    join(b);
    assert_int_equal(pthread_create(&thread, NULL, ask_on, &asking), 0);
    UNTIL(&b->hub, b->node, atomic_load(&asking.done) && b->hub.received.next == 41);
    pthread_join(thread, NULL);
    assert_int_equal(asking.err, E_OK);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_lonely_node_says_so_and_what_waits),
        FACT(a_connected_node_is_well),
        FACT(a_hub_that_is_away_is_named_with_when_it_is_tried_again),
        FACT(a_refused_invite_is_critical),
        FACT(a_clock_years_off_is_a_warning),
        FACT(an_old_copy_of_a_home_is_critical),
        FACT(of_what_the_hubs_say_about_the_own_feed_the_worst_is_shown),
        FACT(a_clock_that_is_set_back_makes_nothing_ages_old),
        FACT(a_message_of_a_session_that_is_over_is_dropped_and_counted),
        FACT(answers_come_while_the_node_is_at_work),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
