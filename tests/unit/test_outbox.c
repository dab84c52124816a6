#include "daemon/outbox.h"

#include "node_help.h"

#define RECORD_BYTES(title_len) (ENTRY_BYTES + SALT_BYTES + 22 + (title_len))

static const uint8_t hub_a[16] = { 1 }, hub_b[16] = { 2 };

struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct store_view *view;
};

/* A node with its inception and ten records of one size. */
static int bench_make(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    assert_int_equal(id_init(), E_OK);
    if (scratch_make(state) != 0)
        return -1;
    *state = b;
    b->options = test_options();
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    assert_int_equal(node_open(&b->options, &b->home, buf_view(&b->inception), &b->node), E_OK);
    for (uint8_t i = 1; i <= 10; i++)
        put_ok(b->node, i, "1234567890");
    assert_int_equal(store_read(b->node->store, &b->view), E_OK);
    return 0;
}

static int bench_drop(void **state)
{
    struct bench *b = *state;
    store_done(&b->view);
    node_close(&b->node);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static struct hash id_of(struct bench *b, uint64_t seq)
{
    uint64_t position;
    struct bytes entry, salted;
    assert_int_equal(store_locate(b->view, &b->home.author, seq, &position), E_OK);
    assert_int_equal(store_at(b->view, position, &entry, &salted), E_OK);
    return hash_leaf(entry);
}

static enum err ack(struct bench *b, struct outbox *outbox, const uint8_t hub[static 16], uint64_t next)
{
    struct hash head = { { 0 } };
    if (next > 0 && next <= 11)
        head = id_of(b, next - 1);
    return outbox_acked(outbox, b->view, hub, next, &head);
}

static void everything_waits_at_first(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(outbox_acknowledged(&outbox), 0);
    assert_int_equal(outbox_records(&outbox), 11);
    assert_int_equal(outbox_bytes(&outbox), b->inception.len - 1 + 10 * RECORD_BYTES(10));
    assert_false(outbox_is_dirty(&outbox));
}

static void the_totals_are_those_that_reading_gives(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox kept;
    assert_int_equal(outbox_load(b->view, &b->home.author, &kept), E_OK);
    store_done(&b->view);
    struct store_txn *txn;
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    outbox_keep_total(txn, 0, 0); /* as a store has it that was filled by another program */
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(store_read(b->node->store, &b->view), E_OK);
    AUTO(outbox_clear) struct outbox counted;
    assert_int_equal(outbox_load(b->view, &b->home.author, &counted), E_OK);
    assert_int_equal(counted.next, kept.next);
    assert_int_equal(counted.bytes, kept.bytes);
}

static void what_a_hub_holds_does_not_wait(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 4), E_OK);
    assert_int_equal(outbox_acknowledged(&outbox), 4);
    assert_int_equal(outbox_records(&outbox), 7);
    assert_int_equal(outbox_bytes(&outbox), 7 * RECORD_BYTES(10));
    assert_true(outbox_is_dirty(&outbox));
    assert_int_equal(ack(b, &outbox, hub_a, 11), E_OK);
    assert_int_equal(outbox_bytes(&outbox), 0);
}

static void batches_under_way_are_counted_without_reading(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 1), E_OK);
    for (uint64_t seq = 1; seq < 11; seq++)
        outbox_sent(&outbox, seq, seq + 1, RECORD_BYTES(10));
    assert_int_equal(outbox_under_way(&outbox), 10);
    struct hash head = id_of(b, 5);
    assert_int_equal(outbox_acked(&outbox, NULL, hub_a, 6, &head), E_OK); /* no view: nothing to read */
    assert_int_equal(outbox_under_way(&outbox), 5);
    assert_int_equal(outbox_bytes(&outbox), 5 * RECORD_BYTES(10));
    /* sent again from 7 on */
    outbox_sent(&outbox, 7, 11, 4 * RECORD_BYTES(10));
    assert_int_equal(outbox_under_way(&outbox), 2);
    outbox_lost(&outbox);
    assert_int_equal(outbox_under_way(&outbox), 0);
    assert_int_equal(ack(b, &outbox, hub_a, 9), E_OK);
    assert_int_equal(outbox_bytes(&outbox), 2 * RECORD_BYTES(10));
}

static void a_mark_survives_a_restart(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    struct store_txn *txn;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 6), E_OK);
    store_done(&b->view);
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    outbox_keep(&outbox, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    outbox_kept(&outbox);
    assert_false(outbox_is_dirty(&outbox));

    AUTO(outbox_clear) struct outbox again;
    assert_int_equal(store_read(b->node->store, &b->view), E_OK);
    assert_int_equal(outbox_load(b->view, &b->home.author, &again), E_OK);
    assert_int_equal(outbox_acknowledged(&again), 6);
    assert_int_equal(outbox_bytes(&again), 5 * RECORD_BYTES(10));
    assert_int_equal(ack(b, &again, hub_a, 6), E_OK);
    assert_false(outbox_is_dirty(&again));
}

static void the_hubs_word_counts_when_it_holds_less(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 9), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 3), E_OK);
    assert_int_equal(outbox_acknowledged(&outbox), 3);
    assert_int_equal(outbox_bytes(&outbox), 8 * RECORD_BYTES(10));
}

static void one_of_several_hubs_is_enough(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 9), E_OK);
    assert_int_equal(ack(b, &outbox, hub_b, 3), E_OK);
    assert_int_equal(outbox_acknowledged(&outbox), 9);
}

static void a_hub_cannot_hold_what_was_never_written(void **state)
{
    struct bench *b = *state;
    AUTO(outbox_clear) struct outbox outbox;
    assert_int_equal(outbox_load(b->view, &b->home.author, &outbox), E_OK);
    assert_int_equal(ack(b, &outbox, hub_a, 12), E_NOT_FOUND);
    assert_int_equal(outbox_acknowledged(&outbox), 0);
    assert_false(outbox_is_dirty(&outbox));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(everything_waits_at_first),      FACT(the_totals_are_those_that_reading_gives),
        FACT(what_a_hub_holds_does_not_wait), FACT(batches_under_way_are_counted_without_reading),
        FACT(a_mark_survives_a_restart),      FACT(the_hubs_word_counts_when_it_holds_less),
        FACT(one_of_several_hubs_is_enough),  FACT(a_hub_cannot_hold_what_was_never_written),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
