#include "daemon/enrol.h"

#include "office.h"

#include "net/wire.h"

struct bench {
    struct office office;
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct peer_row row; /* joining */
};

static void keep(struct bench *b, const struct peer_row *row)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    peer_put(txn, row);
    assert_int_equal(store_commit(&txn), E_OK);
}

static int make_bench(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    office_make(&b->office);
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    if (node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) != E_OK)
        return -1;
    struct token token = { .endpoint = "tcp://127.0.0.1:1", .hub_author = b->office.home.author };
    memset(token.invite_secret, 7, sizeof token.invite_secret);
    peer_from_token(&token, 1, &b->row);
    keep(b, &b->row);
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    node_close(&b->node);
    office_clear(&b->office);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static struct peer_row kept(struct bench *b)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_OK);
    assert_int_equal(count, 1);
    return rows[0];
}

static bool is_secret_kept(const struct peer_row *row)
{
    static const uint8_t nothing[32];
    return memcmp(row->invite_secret, nothing, sizeof nothing) != 0;
}

static uint64_t held(struct bench *b)
{
    return held_records(b->node->store, &b->office.home.author);
}

static void reopen(struct bench *b)
{
    node_close(&b->node);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_OK);
}

static void what_is_asked_shows_ones_own_inception(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message in = { 0 };
    put_ok(b->node, 1, "Osaka");
    assert_int_equal(enrol_ask(b->node, 9, &frame), E_OK);
    assert_int_equal(wire_decode(buf_view(&frame), &in), E_OK);
    assert_int_equal(in.message.type, SYNC_ENROL);
    assert_int_equal(in.message.session, 0);
    assert_true(bytes_equal(in.message.enrol.inception, buf_view(&b->inception)));
}

static void admitted_it_is_a_member_and_has_forgotten_the_invite(void **state)
{
    struct bench *b = *state;
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_OK);
    struct peer_row row = kept(b);
    assert_int_equal(b->row.state, PEER_MEMBER);
    assert_int_equal(row.state, PEER_MEMBER);
    assert_false(is_secret_kept(&b->row));
    assert_false(is_secret_kept(&row));
    assert_string_equal(row.name, "office");
    assert_true(row.since_ms > 1);
    assert_int_equal(held(b), 1);
}

static void who_follows_nobody_keeps_no_feed_of_the_hub(void **state)
{
    struct bench *b = *state;
    b->options.follow = FOLLOW_OWN;
    reopen(b);
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_OK);
    assert_int_equal(kept(b).state, PEER_MEMBER);
    assert_int_equal(held(b), 0);
}

static void assert_denied(struct bench *b, struct bytes shown)
{
    assert_int_equal(enrol_finish(b->node, &b->row, shown), E_DENIED);
    assert_int_equal(b->row.state, PEER_JOINING);
    assert_int_equal(kept(b).state, PEER_JOINING);
    struct peer_row row = kept(b);
    assert_true(is_secret_kept(&row));
    assert_int_equal(held(b), 0);
}

static void what_is_not_the_inception_of_the_tokens_hub_is_denied(void **state)
{
    struct bench *b = *state;
    struct home other;
    AUTO(buf_clear) struct buf impostor = { 0 }, two = { 0 };
    struct bytes own = buf_view(&b->office.packed[0]);
    make_identity(HOME_HUB, "impostor", &other, &impostor);
    office_ticks(&b->office);
    office_pack(&b->office, 0, 2, &two);
    assert_denied(b, buf_view(&impostor));
    assert_non_null(strstr(err_message(), "not the one that the token names"));
    assert_denied(b, (struct bytes){ NULL, 0 });
    assert_denied(b, bytes_text("this is no record"));
    assert_denied(b, bytes_of(own.data, own.len - 1));
    assert_denied(b, buf_view(&two));
    assert_denied(b, buf_view(&b->office.packed[1])); /* a tick */
    assert_denied(b, bytes_of(own.data, ENTRY_BYTES));
}

static void an_inception_without_its_payload_shows_nothing(void **state)
{
    struct bench *b = *state;
    b->office.packed[0].data[ENTRY_BYTES] = 0;
    assert_denied(b, bytes_of(b->office.packed[0].data, ENTRY_BYTES + 1));
    assert_non_null(strstr(err_message(), "did not show an inception"));
}

static void an_inception_with_a_bad_signature_admits_nobody(void **state)
{
    struct bench *b = *state;
    b->office.packed[0].data[HEADER_BYTES] ^= 1;
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_BAD_SIGNATURE);
    assert_int_equal(kept(b).state, PEER_JOINING);
    assert_int_equal(held(b), 0);
}

static void what_the_operator_changed_meanwhile_stands(void **state)
{
    struct bench *b = *state;
    struct peer_row anew = b->row;
    anew.since_ms = 2;
    memset(anew.invite_secret, 8, sizeof anew.invite_secret);
    keep(b, &anew); /* joined again, with another invite */
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_EXISTS);
    assert_int_equal(held(b), 0); /* of the transaction nothing is kept */
    assert_int_equal(enrol_refused(b->node, &b->row, "used up"), E_EXISTS);
    assert_int_equal(enrol_known(b->node, &b->row), E_EXISTS);
    assert_int_equal(b->row.state, PEER_JOINING);
    struct peer_row row = kept(b);
    assert_int_equal(row.state, PEER_JOINING);
    assert_memory_equal(row.invite_secret, anew.invite_secret, 32);
}

static void a_peer_that_was_removed_meanwhile_stays_removed(void **state)
{
    struct bench *b = *state;
    assert_int_equal(node_drop_peer(b->node, &b->row.author), E_OK);
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_EXISTS);
    assert_int_equal(count_rows(b->node->store, STORE_PEERS), 0);
}

static void a_refused_invite_is_kept_with_its_reason(void **state)
{
    struct bench *b = *state;
    char reason[400];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = 0;
    assert_int_equal(enrol_refused(b->node, &b->row, reason), E_OK);
    reopen(b);
    struct peer_row row = kept(b);
    assert_int_equal(row.state, PEER_REFUSED);
    assert_int_equal(strlen(row.reason), sizeof row.reason - 1);
    assert_false(is_secret_kept(&row));
    assert_int_equal(b->row.state, PEER_REFUSED);
}

static void a_hub_that_takes_our_own_key_has_admitted_us(void **state)
{
    struct bench *b = *state;
    assert_int_equal(enrol_known(b->node, &b->row), E_OK);
    struct peer_row row = kept(b);
    assert_int_equal(row.state, PEER_MEMBER);
    assert_false(is_secret_kept(&row));
    assert_string_equal(row.name, "hub"); /* it has shown nothing yet */
    assert_int_equal(held(b), 0);
}

/* ---- crashes */

static int crash_before(void *context)
{
    struct bench *b = context;
    AUTO(buf_clear) struct buf frame = { 0 };
    return enrol_ask(b->node, 1, &frame) == E_OK ? 0 : 1;
}

static int crash_behind(void *context)
{
    struct bench *b = context;
    return enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])) == E_OK ? 0 : 1;
}

/* The store is opened by the process that dies in it. */
static int run_and_die(struct bench *b, int (*run)(void *context))
{
    node_close(&b->node);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node) != E_OK)
            _exit(2);
        _exit(run(b));
    }
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_OK);
    return status;
}

static void a_crash_before_the_answer_leaves_the_invite_to_ask_with(void **state)
{
    struct bench *b = *state;
    assert_int_equal(run_and_die(b, crash_before), 0);
    struct peer_row row = kept(b);
    assert_int_equal(row.state, PEER_JOINING);
    assert_true(is_secret_kept(&row));
    assert_int_equal(enrol_finish(b->node, &row, buf_view(&b->office.packed[0])), E_OK);
    assert_int_equal(kept(b).state, PEER_MEMBER);
}

static void a_crash_behind_the_answer_leaves_a_member_with_the_hubs_feed(void **state)
{
    struct bench *b = *state;
    assert_int_equal(run_and_die(b, crash_behind), 0);
    assert_int_equal(kept(b).state, PEER_MEMBER);
    assert_int_equal(held(b), 1);
    /* the answer comes once more, to who has not heard that it came */
    assert_int_equal(enrol_finish(b->node, &b->row, buf_view(&b->office.packed[0])), E_EXISTS);
    assert_int_equal(kept(b).state, PEER_MEMBER);
    assert_int_equal(held(b), 1);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_is_asked_shows_ones_own_inception),
        FACT(admitted_it_is_a_member_and_has_forgotten_the_invite),
        FACT(who_follows_nobody_keeps_no_feed_of_the_hub),
        FACT(what_is_not_the_inception_of_the_tokens_hub_is_denied),
        FACT(an_inception_without_its_payload_shows_nothing),
        FACT(an_inception_with_a_bad_signature_admits_nobody),
        FACT(what_the_operator_changed_meanwhile_stands),
        FACT(a_peer_that_was_removed_meanwhile_stays_removed),
        FACT(a_refused_invite_is_kept_with_its_reason),
        FACT(a_hub_that_takes_our_own_key_has_admitted_us),
        FACT(a_crash_before_the_answer_leaves_the_invite_to_ask_with),
        FACT(a_crash_behind_the_answer_leaves_a_member_with_the_hubs_feed),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
