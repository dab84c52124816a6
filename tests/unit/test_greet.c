#include "hubd/front_private.h"

#include "hub_bare.h"

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

static void a_hub_with_all_its_nodes_takes_no_more_but_those_it_has(void **state)
{
    (void)state;
    struct node node, other;
    struct options options = hub.options;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    options.max_peers = 1;
    restart_hub(&options);
    node_connect(&node);
    node_dial(&other);
    UNTIL(&other, other.down);
    assert_int_equal(other.down_code, E_BUSY);
    assert_int_equal(other.retry_after_ms, options.retry_ms);
    assert_int_equal(counter("strikes"), 0);

    node_connect(&node); /* over a new connection: the old one makes room */
    assert_int_equal(counter("superseded"), 1);
    assert_int_equal(front_sessions(hub.front), 1);
    node_clear(&node);
    node_clear(&other);
}

/* ---- on a front without a thread */

static uint64_t strikes(void)
{
    return atomic_load(&hub.counters.strikes);
}

static void a_suspended_member_is_refused_without_a_strike(void **state)
{
    (void)state;
    struct node node;
    struct member member;
    node_join(&node, "us-oh-dayton");
    take_front();
    assert_int_equal(members_find(hub.members, "us-oh-dayton", &member), E_OK);
    member.state = MEMBER_SUSPENDED;
    members_set(hub.members, &member);
    assert_null(bare_session(&node, 1000));
    assert_int_equal(heard(&node, SYNC_REJECT).reject.code, SYNC_REJECT_REVOKED);
    assert_int_equal(strikes(), 0);
    node_clear(&node);
}

static void a_full_store_turns_away_who_greets(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    take_front();
    bare.full = true;
    assert_null(bare_session(&node, 1000));
    struct sync_message word = heard(&node, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_FULL);
    assert_int_equal(word.reject.retry_after_ms, hub.options.full_ms);
    bare.full = false;
    assert_non_null(bare_session(&node, 1000));
    assert_int_equal(strikes(), 0);
    node_clear(&node);
}

/* The node's inception, or other bytes, presented with that key. */
static struct key present(struct node *node, const struct secret *with, struct bytes inception)
{
    struct route from;
    struct key key;
    if (node->dealer == NULL)
        node_dial_with(node, with);
    struct sync_message enrol = { .type = SYNC_ENROL };
    enrol.enrol.inception = inception;
    node_sends(node, &enrol);
    bare_receive(&from, &key);
    greet_enrol(&bare, &from, &key, &bare.wire.message);
    wire_clear(&bare.wire);
    return key;
}

static struct secret a_node_with_an_invite(struct node *node)
{
    node_make(node, "us-oh-dayton");
    struct token token = invite_for("us-oh-dayton", true);
    return invite_secret(&token);
}

static void a_full_store_takes_no_inceptions(void **state)
{
    (void)state;
    struct node node;
    struct secret secret = a_node_with_an_invite(&node);
    take_front();
    bare.full = true;
    present(&node, &secret, buf_view(node.packed[0]));
    struct sync_message word = heard(&node, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_FULL);
    assert_int_equal(word.reject.retry_after_ms, hub.options.full_ms);
    assert_int_equal(bare.enrolling.count, 0);
    node_clear(&node);
}

static void an_inception_that_is_too_large_is_a_strike(void **state)
{
    (void)state;
    struct node node;
    struct secret secret = a_node_with_an_invite(&node);
    AUTO(buf_clear) struct buf large = { 0 };
    take_front();
    while (large.len < MAX_IDENTITY_PAYLOAD_BYTES + 1024)
        buf_u8(&large, 0);
    present(&node, &secret, buf_view(&large)); /* as large as may be: a verifier looks at it */
    assert_int_equal(strikes(), 0);
    assert_int_equal(bare.enrolling.count, 1);
    struct job *job = mail(JOB_ENROL);
    assert_int_equal(job->verdict, SYNC_REJECT_PROTOCOL);
    greet_enrolled(&bare, job);
    job_free(job);
    assert_int_equal(strikes(), 1);

    buf_u8(&large, 0);
    present(&node, &secret, buf_view(&large));
    assert_int_equal(strikes(), 2);
    assert_int_equal(bare.enrolling.count, 0);
    node_clear(&node);
}

static void one_inception_of_a_key_is_looked_at_at_a_time(void **state)
{
    (void)state;
    struct node node;
    struct secret secret = a_node_with_an_invite(&node);
    take_front();
    struct key key = present(&node, &secret, buf_view(node.packed[0]));
    assert_non_null(table_get(&bare.enrolling, key.b));
    present(&node, &secret, buf_view(node.packed[0]));
    assert_int_equal(strikes(), 1);

    struct job *job = mail(JOB_ENROL);
    assert_int_equal(job->verdict, 0);
    greet_enrolled(&bare, job);
    job_free(job);
    heard(&node, SYNC_ENROLLED);
    assert_null(table_get(&bare.enrolling, key.b));
    present(&node, &secret, buf_view(node.packed[0])); /* it did not hear us */
    job = mail(JOB_ENROL);
    assert_int_equal(job->verdict, 0);
    job_free(job);
    assert_int_equal(strikes(), 1);
    node_clear(&node);
}

static void busy_verifiers_take_no_inceptions(void **state)
{
    (void)state;
    struct node node, other;
    struct options options = hub.options;
    options.verifiers = 1;
    options.queue_bytes = 1;
    restart_hub(&options);
    node_join(&other, "us-oh-akron");
    struct secret secret = a_node_with_an_invite(&node);
    take_front();
    fill_up(&other);
    present(&node, &secret, buf_view(node.packed[0]));
    struct sync_message word = heard(&node, SYNC_REJECT);
    assert_int_equal(word.reject.code, SYNC_REJECT_BUSY);
    assert_int_equal(word.reject.retry_after_ms, options.retry_ms);
    assert_int_equal(bare.enrolling.count, 0);

    release_writer();
    for (int i = 0; i < 3; i++)
        job_free(mail(JOB_RUN));
    present(&node, &secret, buf_view(node.packed[0]));
    struct job *job = mail(JOB_ENROL);
    assert_int_equal(job->verdict, 0);
    job_free(job);
    node_clear(&node);
    node_clear(&other);
}

/* Waiting, or a hub in trouble, is nobody's fault; a broken inception and a strange invite are. */
static void some_verdicts_are_strikes(void **state)
{
    (void)state;
    static const struct {
        enum sync_reject verdict;
        bool is_strike;
    } cases[] = {
        { SYNC_REJECT_PROTOCOL, true }, { SYNC_REJECT_INVITE, true },   { SYNC_REJECT_PENDING, false },
        { SYNC_REJECT_REVOKED, false }, { SYNC_REJECT_UNKNOWN, false }, { SYNC_REJECT_FULL, false },
    };
    struct node node;
    struct secret secret = a_node_with_an_invite(&node);
    take_front();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        present(&node, &secret, buf_view(node.packed[0]));
        struct job *job = mail(JOB_ENROL);
        job->verdict = cases[i].verdict;
        job->retry_ms = 4711 + i;
        snprintf(job->text, sizeof job->text, "because of %zu", i);
        uint64_t before = strikes();
        greet_enrolled(&bare, job);
        assert_int_equal(strikes(), before + cases[i].is_strike);
        struct sync_message word = heard(&node, SYNC_REJECT);
        assert_int_equal(word.reject.code, cases[i].verdict);
        assert_int_equal(word.reject.retry_after_ms, 4711 + i);
        assert_string_equal(word.reject.text, job->text);
        job_free(job);
    }
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_member_speaks_for_itself_only),
        FACT(an_invite_key_greets_in_vain),
        FACT(a_hub_with_all_its_nodes_takes_no_more_but_those_it_has),
        BARE(a_suspended_member_is_refused_without_a_strike),
        BARE(a_full_store_turns_away_who_greets),
        BARE(a_full_store_takes_no_inceptions),
        BARE(an_inception_that_is_too_large_is_a_strike),
        BARE(one_inception_of_a_key_is_looked_at_at_a_time),
        BARE(busy_verifiers_take_no_inceptions),
        BARE(some_verdicts_are_strikes),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
