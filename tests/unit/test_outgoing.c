#include "daemon/outgoing.h"

#include "node_help.h"

struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct store_view *view;
};

/* A node with an inception and a public, a federal, a local and a public record. */
static int make_bench(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    assert_int_equal(node_open(&b->options, &b->home, buf_view(&b->inception), &b->node), E_OK);
    static const enum visibility visible[] = { VISIBLE_PUBLIC, VISIBLE_FEDERAL, VISIBLE_LOCAL,
                                               VISIBLE_PUBLIC };
    static const char *const titles[] = { "said in public", "for the office", "kept at home", "said again" };
    for (uint8_t i = 0; i < 4; i++) {
        struct author_result result;
        assert_int_equal(put_one(b->node, visible[i], false, i + 1, titles[i], &result), E_OK);
    }
    assert_int_equal(store_read(b->node->store, &b->view), E_OK);
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    store_done(&b->view);
    node_close(&b->node);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

/* Packs and says, a letter a record, what left: e only the entry, P payload, too. */
static const char *pack(struct bench *b, uint64_t from, size_t max_bytes, size_t max_count, bool to_hub)
{
    static char letters[16];
    AUTO(buf_clear) struct buf out = { 0 };
    struct record record;
    size_t count = 99, n = 0;
    uint64_t held = 99;
    assert_int_equal(
        outgoing_pack(b->view, &b->home.author, from, max_bytes, max_count, to_hub, &out, &count, &held),
        E_OK);
    struct bytes rest = buf_view(&out);
    for (; run_next(&rest, &record) == E_OK; n++) {
        assert_int_equal(record.header.seq, from + n);
        letters[n] = record.has_payload ? 'P' : 'e';
    }
    assert_int_equal(rest.len, 0);
    assert_int_equal(n, count);
    letters[n] = 0;
    return letters;
}

static void every_entry_goes_and_its_payload_where_it_may(void **state)
{
    struct bench *b = *state;
    assert_string_equal(pack(b, 0, MAX_BATCH_BYTES, 1, true), "P"); /* an identity stands alone */
    assert_string_equal(pack(b, 0, MAX_BATCH_BYTES, 1, false), "P");
    assert_string_equal(pack(b, 1, MAX_BATCH_BYTES, 256, true), "PPeP");
    assert_string_equal(pack(b, 1, MAX_BATCH_BYTES, 256, false), "PeeP");
    for (uint64_t seq = 1; seq < 5; seq++) {
        assert_string_equal(pack(b, seq, MAX_BATCH_BYTES, 1, true), seq == 3 ? "e" : "P");
        assert_string_equal(pack(b, seq, MAX_BATCH_BYTES, 1, false), seq == 2 || seq == 3 ? "e" : "P");
    }
}

static void what_is_held_is_counted_whole(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf hub = { 0 }, relay = { 0 };
    size_t count;
    uint64_t to_hub, to_relay;
    assert_int_equal(
        outgoing_pack(b->view, &b->home.author, 1, MAX_BATCH_BYTES, 256, true, &hub, &count, &to_hub), E_OK);
    assert_int_equal(
        outgoing_pack(b->view, &b->home.author, 1, MAX_BATCH_BYTES, 256, false, &relay, &count, &to_relay),
        E_OK);
    /* 22 bytes and its title each payload has */
    assert_int_equal(to_hub, 4 * (ENTRY_BYTES + SALT_BYTES + 22) + 14 + 14 + 12 + 10);
    assert_int_equal(to_relay, to_hub);
    assert_int_equal(hub.len, to_hub + 4 - (SALT_BYTES + 22 + 12));
    assert_int_equal(relay.len, hub.len - (SALT_BYTES + 22 + 14));
    assert_null(memmem(hub.data, hub.len, "kept at home", 12));
    assert_null(memmem(relay.data, relay.len, "for the office", 14));
}

static void bounds_cut_but_one_record_always_goes(void **state)
{
    struct bench *b = *state;
    assert_string_equal(pack(b, 1, MAX_BATCH_BYTES, 2, true), "PP");
    assert_string_equal(pack(b, 1, 1, 256, true), "P");
    assert_string_equal(pack(b, 1, 2 * (ENTRY_BYTES + 1 + SALT_BYTES + 22 + 14), 256, true), "PP");
    assert_string_equal(pack(b, 1, 2 * (ENTRY_BYTES + 1 + SALT_BYTES + 22 + 14) - 1, 256, true), "P");
}

static void beyond_the_feed_there_is_nothing(void **state)
{
    struct bench *b = *state;
    assert_string_equal(pack(b, 5, MAX_BATCH_BYTES, 256, true), "");
    assert_string_equal(pack(b, 5, MAX_BATCH_BYTES, 1, true), "");
    assert_string_equal(pack(b, UINT64_MAX, MAX_BATCH_BYTES, 1, true), "");
    b->home.author.b[0] ^= 1;
    assert_string_equal(pack(b, 0, MAX_BATCH_BYTES, 1, true), "");
    assert_string_equal(pack(b, 0, MAX_BATCH_BYTES, 256, true), "");
}

static void bytes_that_are_no_whole_records_are_corrupt(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf all = { 0 };
    size_t count;
    assert_int_equal(store_pack(b->view, &b->home.author, 1, MAX_BATCH_BYTES, 256, &all, &count), E_OK);
    size_t ends = 0, at = 0;
    struct bytes rest = buf_view(&all);
    struct record record;
    for (size_t len = 0; len <= all.len; len++) {
        AUTO(buf_clear) struct buf cut = { 0 };
        bool whole = len == at;
        if (whole && run_next(&rest, &record) == E_OK)
            at = all.len - rest.len;
        buf_append(&cut, all.data, len);
        assert_int_equal(outgoing_withhold(&cut, true), whole ? E_OK : E_CORRUPT);
        ends += whole;
    }
    assert_int_equal(ends, 5);
}

static void withholding_twice_is_withholding_once(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf once = { 0 }, twice = { 0 };
    size_t count;
    assert_int_equal(store_pack(b->view, &b->home.author, 1, MAX_BATCH_BYTES, 256, &once, &count), E_OK);
    assert_int_equal(outgoing_withhold(&once, false), E_OK);
    buf_bytes(&twice, buf_view(&once));
    assert_int_equal(outgoing_withhold(&twice, false), E_OK);
    assert_true(bytes_equal(buf_view(&once), buf_view(&twice)));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(every_entry_goes_and_its_payload_where_it_may), FACT(what_is_held_is_counted_whole),
        FACT(bounds_cut_but_one_record_always_goes),         FACT(beyond_the_feed_there_is_nothing),
        FACT(bytes_that_are_no_whole_records_are_corrupt),   FACT(withholding_twice_is_withholding_once),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
