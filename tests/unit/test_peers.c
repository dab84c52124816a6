#include "daemon/peers.h"

#include "node_help.h"
#include "spoil.h"

static struct peer_row some_row(uint8_t n)
{
    struct peer_row row = {
        .author = { { n } },
        .name = "office",
        .endpoint = "tcp://hub.example:7443",
        .key = { { 2 } },
        .state = PEER_JOINING,
        .invite_secret = { 3 },
        .expires_ms = 4,
        .since_ms = 5,
        .reason = "because",
    };
    return row;
}

static void assert_same(const struct peer_row *a, const struct peer_row *b)
{
    assert_true(hash_equal(&a->author, &b->author));
    assert_true(key_equal(&a->key, &b->key));
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->endpoint, b->endpoint);
    assert_string_equal(a->reason, b->reason);
    assert_int_equal(a->state, b->state);
    assert_memory_equal(a->invite_secret, b->invite_secret, 32);
    assert_int_equal(a->expires_ms, b->expires_ms);
    assert_int_equal(a->since_ms, b->since_ms);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct peer_row row = some_row(1), again;
    memset(row.name, 'n', sizeof row.name - 1);
    memset(row.endpoint, 'e', sizeof row.endpoint - 1);
    memset(row.reason, 'r', sizeof row.reason - 1);
    for (row.state = PEER_JOINING; row.state <= PEER_REFUSED; row.state++) {
        AUTO(buf_clear) struct buf value = { 0 };
        peer_encode(&row, &value);
        assert_int_equal(peer_decode(BYTES(row.author.b), buf_view(&value), &again), E_OK);
        assert_same(&row, &again);
    }
}

static enum err decode(const struct buf *value, size_t len)
{
    struct peer_row row;
    struct hash author = { { 1 } };
    uint8_t *exact = mem_copy(value->data, len + 1); /* so that a byte too far is seen */
    enum err err = peer_decode(BYTES(author.b), bytes_of(exact, len), &row);
    free(exact);
    return err;
}

static void a_row_that_is_cut_or_too_long_is_corrupt(void **state)
{
    (void)state;
    struct peer_row row = some_row(1);
    AUTO(buf_clear) struct buf value = { 0 };
    peer_encode(&row, &value);
    buf_u8(&value, 0);
    for (size_t len = 0; len < value.len - 1; len++)
        assert_int_equal(decode(&value, len), E_CORRUPT);
    assert_int_equal(decode(&value, value.len - 1), E_OK);
    assert_int_equal(decode(&value, value.len), E_CORRUPT);
}

static void versions_and_states_that_nobody_writes_are_refused(void **state)
{
    (void)state;
    struct peer_row row = some_row(1);
    AUTO(buf_clear) struct buf value = { 0 };
    peer_encode(&row, &value);
    value.data[0] = 2;
    assert_int_equal(decode(&value, value.len), E_VERSION);
    value.data[0] = 0;
    assert_int_equal(decode(&value, value.len), E_CORRUPT);
    value.data[0] = 1;
    for (unsigned s = 0; s < 256; s++) {
        value.data[1] = (uint8_t)s;
        assert_int_equal(decode(&value, value.len), s >= 1 && s <= 3 ? E_OK : E_CORRUPT);
    }
}

static void a_text_past_its_room_is_corrupt(void **state)
{
    (void)state;
    struct peer_row row = some_row(1);
    AUTO(buf_clear) struct buf value = { 0 };
    static const uint8_t text[255];
    peer_encode(&row, &value);
    value.len = 2 + 8 + 8 + KEY_BYTES + 32; /* up to the name */
    buf_u8(&value, MAX_NAME_BYTES + 1);
    buf_append(&value, text, MAX_NAME_BYTES + 1);
    buf_u8(&value, 0);
    buf_u8(&value, 0);
    assert_int_equal(decode(&value, value.len), E_CORRUPT);
}

static void a_key_that_is_no_author_is_corrupt(void **state)
{
    (void)state;
    struct peer_row row = some_row(1), again;
    AUTO(buf_clear) struct buf value = { 0 };
    peer_encode(&row, &value);
    assert_int_equal(peer_decode(bytes_of(row.author.b, 31), buf_view(&value), &again), E_CORRUPT);
    assert_int_equal(peer_decode((struct bytes){ NULL, 0 }, buf_view(&value), &again), E_CORRUPT);
}

static void a_token_becomes_a_row_that_joins(void **state)
{
    (void)state;
    struct token token = { .name = "us-oh-dayton",
                           .endpoint = "tcp://hub.example:7443",
                           .hub_key = { { 1 } },
                           .hub_author = { { 2 } },
                           .invite_secret = { 3 },
                           .expires_ms = 4 };
    struct peer_row row, expected = some_row(2);
    peer_from_token(&token, 5, &row);
    snprintf(expected.name, sizeof expected.name, "hub");
    expected.key.b[0] = 1;
    expected.reason[0] = 0;
    assert_same(&row, &expected);
}

/* ---- in a store */

static int make_store(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct store_options options = { .folder = scratch, .map_bytes = 16 << 20, .create = true };
    return store_open(&options, (struct store **)state) == E_OK ? 0 : -1;
}

static int drop_store(void **state)
{
    store_close((struct store **)state);
    return scratch_drop(state);
}

static struct store_txn *begin(struct store *store)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(store, &txn), E_OK);
    return txn;
}

static size_t load(struct store *store, struct peer_row rows[static PEERS_MAX])
{
    AUTO(store_done) struct store_view *view = NULL;
    size_t count = 99;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_OK);
    return count;
}

static void rows_are_kept_changed_and_removed(void **state)
{
    struct store *store = *state;
    struct peer_row rows[PEERS_MAX], row = some_row(1), other = some_row(2);
    assert_int_equal(load(store, rows), 0);
    struct store_txn *txn = begin(store);
    peer_put(txn, &row);
    peer_put(txn, &other);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(load(store, rows), 2);
    assert_same(&rows[0], &row);
    assert_same(&rows[1], &other);
    txn = begin(store);
    peer_remove(txn, &row.author);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(load(store, rows), 1);
    assert_same(&rows[0], &other);
}

static bool change(struct store *store, const struct peer_row *before, const struct peer_row *changed)
{
    struct store_txn *txn = begin(store);
    bool done = peer_change(txn, before, changed);
    assert_int_equal(store_commit(&txn), E_OK);
    return done;
}

static void a_change_stands_only_upon_what_it_was_made_of(void **state)
{
    struct store *store = *state;
    struct peer_row rows[PEERS_MAX], row = some_row(1), member = row;
    member.state = PEER_MEMBER;
    member.since_ms = 6;
    memset(member.invite_secret, 0, sizeof member.invite_secret);
    assert_false(change(store, &row, &member)); /* there is none */
    assert_int_equal(load(store, rows), 0);

    struct store_txn *txn = begin(store);
    peer_put(txn, &row);
    assert_int_equal(store_commit(&txn), E_OK);
    struct peer_row elder = row, otherwise = row;
    elder.since_ms--;
    otherwise.invite_secret[31] ^= 1;
    assert_false(change(store, &elder, &member));
    assert_false(change(store, &otherwise, &member));
    assert_int_equal(load(store, rows), 1);
    assert_same(&rows[0], &row);
    assert_true(change(store, &row, &member));
    assert_int_equal(load(store, rows), 1);
    assert_same(&rows[0], &member);
    assert_false(change(store, &row, &member)); /* once */
}

static void a_change_upon_a_row_that_cannot_be_read_is_none(void **state)
{
    struct store *store = *state;
    struct peer_row row = some_row(1);
    struct store_txn *txn = begin(store);
    store_put(txn, STORE_PEERS, BYTES(row.author.b), bytes_text("torn"));
    assert_int_equal(store_commit(&txn), E_OK);
    assert_false(change(store, &row, &row));
}

static void no_more_are_loaded_than_there_is_room_for(void **state)
{
    struct store *store = *state;
    struct peer_row rows[PEERS_MAX];
    struct store_txn *txn = begin(store);
    for (uint8_t n = 0; n < PEERS_MAX + 2; n++) {
        struct peer_row row = some_row(n);
        peer_put(txn, &row);
    }
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(load(store, rows), PEERS_MAX);
}

static void one_row_that_cannot_be_read_is_not_passed_over(void **state)
{
    struct store *store = *state;
    struct peer_row rows[PEERS_MAX], row = some_row(1);
    struct store_txn *txn = begin(store);
    peer_put(txn, &row);
    row.author.b[0] = 2;
    store_put(txn, STORE_PEERS, BYTES(row.author.b), bytes_text("\2later version"));
    assert_int_equal(store_commit(&txn), E_OK);
    AUTO(store_done) struct store_view *view = NULL;
    size_t count;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_VERSION);
}

static void peers_that_cannot_be_read_are_not_none(void **state)
{
    struct store *store = *state;
    struct peer_row rows[PEERS_MAX], row = some_row(1);
    struct store_txn *txn = begin(store);
    size_t count;
    peer_put(txn, &row);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_true(spoil_pages(scratch, bytes_text(row.endpoint)) > 0);
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_CORRUPT);
    assert_int_equal(count, 0);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_store, drop_store)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_is_written_is_read),
        FACT(a_row_that_is_cut_or_too_long_is_corrupt),
        FACT(versions_and_states_that_nobody_writes_are_refused),
        FACT(a_text_past_its_room_is_corrupt),
        FACT(a_key_that_is_no_author_is_corrupt),
        FACT(a_token_becomes_a_row_that_joins),
        FACT(rows_are_kept_changed_and_removed),
        FACT(a_change_stands_only_upon_what_it_was_made_of),
        FACT(a_change_upon_a_row_that_cannot_be_read_is_none),
        FACT(no_more_are_loaded_than_there_is_room_for),
        FACT(one_row_that_cannot_be_read_is_not_passed_over),
        FACT(peers_that_cannot_be_read_are_not_none),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
