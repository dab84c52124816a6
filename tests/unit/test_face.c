#include "daemon/face.h"

#include "node_help.h"

struct bench {
    struct node node; /* of it only the lock is used */
    struct face face;
};

static int make_bench(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    return pthread_mutex_init(&b->node.lock, NULL);
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    int held = pthread_mutex_trylock(&b->node.lock); /* every function has let go of it */
    pthread_mutex_unlock(&b->node.lock);
    pthread_mutex_destroy(&b->node.lock);
    free(b);
    return held;
}

static void every_state_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(face_state_word(FACE_JOINING), "joining");
    assert_string_equal(face_state_word(FACE_CONNECTING), "connecting");
    assert_string_equal(face_state_word(FACE_CONNECTED), "connected");
    assert_string_equal(face_state_word(FACE_REFUSED), "refused");
}

static void since_is_when_the_state_began_and_not_when_it_was_told_again(void **state)
{
    struct bench *b = *state;
    uint64_t before_ms = clock_wall_ms();
    face_show_state(&b->node, &b->face, FACE_JOINING); /* the first, although zero is joining, too */
    assert_in_range(b->face.since_ms, before_ms, clock_wall_ms());
    b->face.since_ms = 1;
    face_show_state(&b->node, &b->face, FACE_JOINING);
    assert_int_equal(b->face.since_ms, 1);
    face_show_state(&b->node, &b->face, FACE_CONNECTING);
    assert_int_equal(b->face.state, FACE_CONNECTING);
    assert_in_range(b->face.since_ms, before_ms, clock_wall_ms());
}

static void a_row_shows_who_and_where_and_why_refused(void **state)
{
    struct bench *b = *state;
    struct peer_row row = { .author = { { 1 } }, .key = { { 2 } }, .state = PEER_MEMBER };
    memset(row.name, 'n', sizeof row.name - 1);
    memset(row.endpoint, 'e', sizeof row.endpoint - 1);
    snprintf(row.reason, sizeof row.reason, "used up");
    snprintf(b->face.last_error, sizeof b->face.last_error, "the connection is lost");
    face_show_row(&b->node, &b->face, &row);
    assert_string_equal(b->face.name, row.name);
    assert_string_equal(b->face.endpoint, row.endpoint);
    assert_true(hash_equal(&b->face.author, &row.author));
    assert_true(key_equal(&b->face.key, &row.key));
    assert_string_equal(b->face.last_error, "the connection is lost");
    row.state = PEER_REFUSED;
    face_show_row(&b->node, &b->face, &row);
    assert_string_equal(b->face.last_error, "used up");
}

static void a_greeting_shows_the_hubs_clock_and_clears_the_error(void **state)
{
    struct bench *b = *state;
    struct sync_peer peer = { .clock_ms = clock_wall_ms() - 3600000 };
    memset(peer.software, 's', sizeof peer.software - 1);
    snprintf(b->face.last_error, sizeof b->face.last_error, "the connection is lost");
    face_show_greeting(&b->node, &b->face, &peer);
    assert_true(b->face.skew_ms <= -3600000 && b->face.skew_ms > -3700000);
    assert_string_equal(b->face.software, peer.software);
    assert_string_equal(b->face.last_error, "");
    peer.clock_ms = clock_wall_ms() + 3600000;
    face_show_greeting(&b->node, &b->face, &peer);
    assert_true(b->face.skew_ms <= 3600000 && b->face.skew_ms > 3500000);
    peer.clock_ms = 0; /* a hub that does not know the time */
    face_show_greeting(&b->node, &b->face, &peer);
    assert_true(b->face.skew_ms < -1000000000000);
}

static void contact_is_when_something_was_heard(void **state)
{
    struct bench *b = *state;
    uint64_t before_ms = clock_wall_ms();
    assert_int_equal(b->face.last_contact_ms, 0);
    face_show_contact(&b->node, &b->face);
    assert_in_range(b->face.last_contact_ms, before_ms, clock_wall_ms());
}

static void a_closed_door_is_shown_until_it_opens(void **state)
{
    struct bench *b = *state;
    face_show_closed(&b->node, &b->face, true);
    assert_true(b->face.closed);
    face_show_closed(&b->node, &b->face, false);
    assert_false(b->face.closed);
}

static void an_error_is_shown_with_when_it_is_tried_again(void **state)
{
    struct bench *b = *state;
    char why[400];
    memset(why, 'w', sizeof why - 1);
    why[sizeof why - 1] = 0;
    face_show_error(&b->node, &b->face, why, 77);
    assert_int_equal(strlen(b->face.last_error), sizeof b->face.last_error - 1);
    assert_int_equal(b->face.redial_ms, 77);
    face_show_error(&b->node, &b->face, "", 0);
    assert_string_equal(b->face.last_error, "");
    assert_int_equal(b->face.redial_ms, 0);
}

static void a_refusal_is_shown_until_that_record_is_taken(void **state)
{
    struct bench *b = *state;
    face_show_refusal(&b->node, &b->face, 4, "busy");
    face_show_taken(&b->node, &b->face, 4); /* 0 to 3 */
    assert_string_equal(b->face.refused_text, "busy");
    assert_int_equal(b->face.refused_seq, 4);
    face_show_taken(&b->node, &b->face, 5);
    assert_string_equal(b->face.refused_text, "");
}

static void progress_is_that_of_both_feeds(void **state)
{
    struct bench *b = *state;
    face_show_progress(&b->node, &b->face, 7, 9, true);
    assert_int_equal(b->face.acknowledged, 7);
    assert_int_equal(b->face.held, 9);
    assert_true(b->face.behind_itself);
    face_show_progress(&b->node, &b->face, 8, 9, false);
    assert_int_equal(b->face.acknowledged, 8);
    assert_false(b->face.behind_itself);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(every_state_has_its_word),
        FACT(since_is_when_the_state_began_and_not_when_it_was_told_again),
        FACT(a_row_shows_who_and_where_and_why_refused),
        FACT(a_greeting_shows_the_hubs_clock_and_clears_the_error),
        FACT(contact_is_when_something_was_heard),
        FACT(a_closed_door_is_shown_until_it_opens),
        FACT(an_error_is_shown_with_when_it_is_tried_again),
        FACT(a_refusal_is_shown_until_that_record_is_taken),
        FACT(progress_is_that_of_both_feeds),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
