#include "hubd/tail.h"

#include "hub_node.h"

/* ---- the tail itself */

static void make_records(struct record *records, uint8_t (*entries)[ENTRY_BYTES], uint64_t first,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        entries[i][0] = (uint8_t)(first + i);
        records[i] = (struct record){ .entry = entries[i], .header = { .seq = first + i } };
    }
}

static void records_are_kept_when_they_come_again_and_no_more_of_them(void **state)
{
    (void)state;
    struct tail tail = { 0 };
    struct record records[4];
    uint8_t entries[4][ENTRY_BYTES] = { 0 };
    size_t bytes = 0;
    make_records(records, entries, 7, 4);
    assert_false(tail_keep(&tail, records, 2, false, &bytes));
    assert_false(tail_keep(&tail, records, 3, false, &bytes)); /* more than the last time: perhaps more yet */
    assert_int_equal(bytes, 0);
    assert_true(tail_keep(&tail, records, 3, false, &bytes));
    assert_int_equal(bytes, 3 * (ENTRY_BYTES + 1));
    assert_int_equal(tail.first, 7);
    assert_int_equal(tail.count, 3);
    assert_true(tail_keep(&tail, records, 4, true, &bytes)); /* with what stood behind it */
    assert_int_equal(bytes, 4 * (ENTRY_BYTES + 1));
    tail_clear(&tail, &bytes);
    assert_int_equal(bytes, 0);
}

static void others_at_another_place_are_refused_first(void **state)
{
    (void)state;
    struct tail tail = { 0 };
    struct record records[4];
    uint8_t entries[4][ENTRY_BYTES] = { 0 };
    size_t bytes = 0;
    make_records(records, entries, 7, 4);
    assert_false(tail_keep(&tail, records, 3, false, &bytes));
    assert_false(tail_keep(&tail, records + 1, 3, false, &bytes));
    assert_true(tail_keep(&tail, records + 1, 2, false, &bytes));
    tail_clear(&tail, &bytes);
}

static void all_tails_together_are_bounded(void **state)
{
    (void)state;
    struct tail tail = { 0 };
    struct record records[1];
    uint8_t entries[1][ENTRY_BYTES] = { 0 };
    size_t bytes = TAILS_BYTES - ENTRY_BYTES;
    make_records(records, entries, 7, 1);
    assert_false(tail_keep(&tail, records, 1, false, &bytes));
    assert_false(tail_keep(&tail, records, 1, false, &bytes));
    bytes = TAILS_BYTES - ENTRY_BYTES - 1;
    assert_true(tail_keep(&tail, records, 1, false, &bytes));
    assert_int_equal(bytes, TAILS_BYTES);
    tail_clear(&tail, &bytes);
}

static void only_what_continues_a_tail_gets_it(void **state)
{
    (void)state;
    struct tail tail = { 0 };
    struct record records[2];
    uint8_t entries[2][ENTRY_BYTES] = { 0 };
    size_t bytes = 0;
    make_records(records, entries, 7, 2);
    assert_false(tail_keep(&tail, records, 2, false, &bytes));
    assert_true(tail_keep(&tail, records, 2, false, &bytes));
    struct job *next = job_new(JOB_RUN);
    next->seq = 9;
    tail_join(&tail, 7, next, &bytes);
    assert_int_equal(next->n_held, 2);
    assert_int_equal(next->held.len, 2 * (ENTRY_BYTES + 1));
    assert_int_equal(next->seq, 7);
    assert_int_equal(bytes, 0);
    job_free(next);

    assert_true(tail_keep(&tail, records, 2, true, &bytes));
    struct job *again = job_new(JOB_RUN); /* from the beginning: after a reconnect */
    again->seq = 7;
    tail_join(&tail, 7, again, &bytes);
    assert_int_equal(again->n_held, 0);
    assert_int_equal(again->seq, 7);
    assert_int_equal(bytes, 0);
    assert_int_equal(tail.count, 0);
    job_free(again);
}

/* ---- the whole way */

/* A record of so many bytes, well signed or not; the chain goes on over the signature as it is. */
static void say_large(struct node *node, size_t bytes, bool well_signed)
{
    uint8_t salt[SALT_BYTES] = { 1 };
    AUTO(buf_clear) struct buf payload = { 0 };
    struct buf packed = { 0 };
    engagement_payload((uint32_t)node->feed.next, "large", &payload);
    buf_append(&payload, "\x2a", 1); /* field 5: a summary */
    uint32_t rest = (uint32_t)(bytes - payload.len - 3);
    uint8_t length[3] = { (uint8_t)(rest | 0x80), (uint8_t)(rest >> 7 | 0x80), (uint8_t)(rest >> 14) };
    buf_append(&payload, length, 3);
    while (payload.len < bytes)
        buf_u8(&payload, 'x');
    assert_int_equal(feed_append(&node->feed, &node->home.record, KIND_STATEMENT, VISIBLE_PUBLIC,
                                 TYPE_ENGAGEMENT, clock_wall_ms(), salt, buf_view(&payload), &packed),
                     E_OK);
    if (!well_signed) {
        packed.data[HEADER_BYTES + 3] ^= 1;
        node->feed.head = hash_leaf(bytes_of(packed.data, ENTRY_BYTES));
    }
    node_keep(node, &packed);
}

static struct bytes payload_at_hub(struct store_view *view, const struct node *node, uint64_t seq)
{
    uint64_t position;
    struct bytes entry, salted;
    assert_int_equal(store_locate(view, &node->home.author, seq, &position), E_OK);
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    return salted;
}

static void a_voucher_further_off_than_a_batch_reaches_is_enough(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 5; i++)
        say_large(&node, 200000, false); /* each fills a batch */
    say_large(&node, 200000, true);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 7);
    assert_int_equal(node.nacked, E_BAD_SIGNATURE); /* once: then the hub kept them */
    assert_int_equal(node.nacked_seq, 1);
    assert_int_equal(counter("strikes"), 0);
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    for (uint64_t seq = 1; seq < 7; seq++)
        assert_int_equal(payload_at_hub(view, &node, seq).len, SALT_BYTES + 200000);
    node_clear(&node);
}

static void what_nothing_vouches_for_waits_until_something_does(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    say_large(&node, 200000, false);
    say_large(&node, 200000, false);
    node_connect(&node);
    UNTIL(&node, node.nacked == E_BAD_SIGNATURE);
    assert_int_equal(node.acked_next, 1);
    say_large(&node, 1000, true);
    sync_grown(node.sync, &node.home.author, node.feed.next, &node.feed.head, clock_mono_ms());
    UNTIL(&node, node.acked_next == 4);
    node_clear(&node);
}

static void a_reconnect_in_the_middle_begins_where_the_disk_ends(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 4; i++)
        say_large(&node, 200000, false);
    node_connect(&node);
    UNTIL(&node, node.nacked == E_BAD_SIGNATURE);
    say_large(&node, 200000, true);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 6);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_kept_when_they_come_again_and_no_more_of_them),
        cmocka_unit_test(others_at_another_place_are_refused_first),
        cmocka_unit_test(all_tails_together_are_bounded),
        cmocka_unit_test(only_what_continues_a_tail_gets_it),
        FACT(a_voucher_further_off_than_a_batch_reaches_is_enough),
        FACT(what_nothing_vouches_for_waits_until_something_does),
        FACT(a_reconnect_in_the_middle_begins_where_the_disk_ends),
    };
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
