#include "daemon/node.h"

#include "node_bench.h"

static void records_are_taken_without_any_hub(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    assert_int_equal(node_turn(b->node, clock_mono_ms()), UINT64_MAX);
    assert_int_equal(waiting(b), 2);
    reopen(b);
    assert_int_equal(waiting(b), 2);
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

static void a_removed_peer_is_dialed_no_more(void **state)
{
    struct bench *b = *state;
    be_up(b);
    assert_int_equal(node_drop_peer(b->node, &b->hub.office.home.author), E_OK);
    assert_int_equal(node_turn(b->node, clock_mono_ms()), UINT64_MAX);
    assert_int_equal(b->node->n_uplinks, 0);
    assert_int_equal(node_drop_peer(b->node, &b->hub.office.home.author), E_NOT_FOUND);
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

static void without_its_store_a_home_is_not_opened(void **state)
{
    struct bench *b = *state;
    struct home other;
    AUTO(buf_clear) struct buf inception = { 0 };
    struct node *node;
    make_identity(HOME_NODE, "us-ca-fresno", &other, &inception);
    assert_int_equal(node_open(&b->options, &other, (struct bytes){ NULL, 0 }, &node), E_NOT_FOUND);
    assert_null(node);
    inception.len--;
    assert_int_equal(node_open(&b->options, &other, buf_view(&inception), &node), E_MALFORMED);
    assert_null(node);
}

static struct token some_token(struct bench *b, uint8_t hub)
{
    struct token token = hub_token(&b->hub, "");
    token.hub_author.b[0] = hub;
    return token;
}

static void a_node_has_so_many_hubs_and_no_more(void **state)
{
    struct bench *b = *state;
    struct peer_row row;
    for (uint8_t hub = 0; hub < PEERS_MAX; hub++) {
        struct token token = some_token(b, hub);
        assert_int_equal(node_join(b->node, &token, &row), E_OK);
    }
    struct token token = some_token(b, PEERS_MAX);
    assert_int_equal(node_join(b->node, &token, &row), E_BUSY);
    token = some_token(b, 3);
    assert_int_equal(node_join(b->node, &token, &row), E_OK); /* joining anew */
    assert_int_equal(count_rows(b->node->store, STORE_PEERS), PEERS_MAX);
    node_turn(b->node, clock_mono_ms());
    assert_int_equal(b->node->n_uplinks, PEERS_MAX);
    assert_int_equal(node_fd(b->node, PEERS_MAX), -1);
    struct hash author = token.hub_author;
    assert_int_equal(node_drop_peer(b->node, &author), E_OK);
    token = some_token(b, PEERS_MAX);
    assert_int_equal(node_join(b->node, &token, &row), E_OK);
}

static void count_poke(void *context)
{
    ++*(unsigned *)context;
}

static void who_turns_it_is_poked_when_the_peers_or_the_feed_change(void **state)
{
    struct bench *b = *state;
    unsigned pokes = 0;
    b->options.poke = count_poke;
    b->options.poke_context = &pokes;
    reopen(b);
    join(b);
    assert_int_equal(pokes, 1);
    put_ok(b->node, 1, "Osaka");
    assert_int_equal(pokes, 2);
    assert_int_equal(node_drop_peer(b->node, &b->hub.office.home.author), E_OK);
    assert_int_equal(pokes, 3);
    assert_int_equal(node_wrote(b->node, (fail)(E_FULL, "no room")), E_FULL);
    assert_int_equal(node_wrote(b->node, (fail)(E_FULL, "no room")), E_FULL); /* told of once */
    assert_int_equal(pokes, 4);
}

static void a_full_store_is_tried_again_until_it_takes_records(void **state)
{
    struct bench *b = *state;
    b->node->options.full_ms = 1000;
    assert_int_equal(node_wrote(b->node, E_OK), E_OK);
    assert_false(b->node->full);
    assert_int_equal(node_wrote(b->node, (fail)(E_FULL, "no room")), E_FULL);
    assert_true(b->node->full);
    assert_int_equal(node_failure(b->node), E_OK);

    uint64_t now_ms = clock_mono_ms();
    b->node->probe_at_ms = now_ms + 10; /* tried a moment ago */
    assert_int_equal(node_turn(b->node, now_ms), now_ms + 10);
    assert_true(b->node->full);
    assert_int_equal(node_turn(b->node, now_ms + 10), UINT64_MAX);
    assert_false(b->node->full);
}

static void a_map_without_room_stays_full(void **state)
{
    struct bench *b = *state;
    struct author_result result;
    static char title[120];
    memset(title, 'x', sizeof title - 1);
    b->options.map_bytes = 1 << 20;
    b->options.full_ms = 1000;
    reopen(b);
    enum err err = E_OK;
    for (int i = 0; i < 255 * 200 && err == E_OK; i++) {
        title[i % 100] = title[i % 100] == 'x' ? 'y' : 'x';
        err = put_one(b->node, VISIBLE_PUBLIC, true, (uint8_t)(1 + i % 255), title, &result);
    }
    assert_int_equal(err, E_FULL);
    assert_true(b->node->full);
    uint64_t now_ms = clock_mono_ms();
    assert_int_equal(node_turn(b->node, now_ms), now_ms + 1000);
    assert_true(b->node->full);
    assert_int_equal(node_failure(b->node), E_OK);
    b->options.map_bytes = 16 << 20; /* the operator gives it more */
    reopen(b);
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 255, "room again", &result), E_OK);
}

static void a_store_that_failed_is_the_end_and_the_first_reason_stays(void **state)
{
    struct bench *b = *state;
    assert_int_equal(node_failure(b->node), E_OK);
    assert_int_equal(node_wrote(b->node, (fail)(E_IO, "cannot sync: the disk is gone")), E_IO);
    assert_int_equal(node_wrote(b->node, (fail)(E_CORRUPT, "a page is torn")), E_CORRUPT);
    assert_int_equal(node_failure(b->node), E_IO);
    assert_string_equal(err_message(), "the store failed: cannot sync: the disk is gone");
}

static void other_failures_of_a_commit_are_nobodys_end(void **state)
{
    struct bench *b = *state;
    assert_int_equal(node_wrote(b->node, (fail)(E_BUSY, "later")), E_BUSY);
    assert_int_equal(node_failure(b->node), E_OK);
    assert_false(b->node->full);
}

static void acknowledgements_are_written_at_most_so_often(void **state)
{
    struct bench *b = *state;
    b->options.mark_ms = 3600000;
    reopen(b);
    b->node->marks_kept_ms = clock_mono_ms();
    be_up(b);
    assert_true(outbox_is_dirty(&b->node->outbox));
    assert_int_equal(count_rows(b->node->store, STORE_MARKS), 0);
    node_turn(b->node, b->node->marks_kept_ms + 3600000);
    assert_false(outbox_is_dirty(&b->node->outbox));
    assert_int_equal(count_rows(b->node->store, STORE_MARKS), 1);
}

static void marks_that_wait_are_kept_when_it_closes(void **state)
{
    struct bench *b = *state;
    b->options.mark_ms = 3600000;
    reopen(b);
    b->node->marks_kept_ms = clock_mono_ms();
    be_up(b);
    assert_true(outbox_is_dirty(&b->node->outbox));
    reopen(b);
    assert_int_equal(waiting(b), 0);
}

static void peers_that_cannot_be_read_do_not_open(void **state)
{
    struct bench *b = *state;
    struct store_txn *txn;
    struct node *node;
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    store_put(txn, STORE_PEERS, BYTES(b->hub.office.home.author.b), bytes_text("\1garbage"));
    assert_int_equal(store_commit(&txn), E_OK);
    node_close(&b->node);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &node), E_CORRUPT);
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

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(records_are_taken_without_any_hub),
        FACT(a_token_for_somebody_else_is_denied),
        FACT(a_removed_peer_is_dialed_no_more),
        FACT(a_store_of_another_identity_is_refused),
        FACT(without_its_store_a_home_is_not_opened),
        FACT(a_node_has_so_many_hubs_and_no_more),
        FACT(who_turns_it_is_poked_when_the_peers_or_the_feed_change),
        FACT(a_full_store_is_tried_again_until_it_takes_records),
        FACT(a_map_without_room_stays_full),
        FACT(a_store_that_failed_is_the_end_and_the_first_reason_stays),
        FACT(other_failures_of_a_commit_are_nobodys_end),
        FACT(acknowledgements_are_written_at_most_so_often),
        FACT(marks_that_wait_are_kept_when_it_closes),
        FACT(peers_that_cannot_be_read_do_not_open),
        FACT(another_thread_writes_while_one_turns),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
