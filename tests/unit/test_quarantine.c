#include "hubd/quarantine.h"

#include "scratch.h"

#include <cmocka.h>

#define WEEK_MS 604800000ULL

static struct store *store;
static const struct hash author = { { 7, 7 } };

static int up(void **state)
{
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    return scratch_make(state) == 0 && store_open(&options, &store) == E_OK ? 0 : -1;
}

static int down(void **state)
{
    store_close(&store);
    return scratch_drop(state);
}

static void refuse(uint64_t seq, enum err code, const uint8_t *entry, uint64_t now_ms)
{
    struct store_txn *txn;
    struct record record = { .entry = entry };
    struct job job = { .author = author,
                       .refused = true,
                       .final = true,
                       .refused_seq = seq,
                       .code = code,
                       .refused_record = entry != NULL ? &record : NULL };
    snprintf(job.text, sizeof job.text, "because of %d", (int)code);
    assert_true(quarantine_wants(&job));
    assert_int_equal(store_begin(store, &txn), E_OK);
    quarantine_put(txn, &job, now_ms);
    assert_int_equal(store_commit(&txn), E_OK);
}

/* entry: of the row, copied. */
static enum err look(struct quarantined *out, uint8_t entry[static ENTRY_BYTES])
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(store, &view));
    TRY(quarantine_get(view, &author, out));
    memset(entry, 0, ENTRY_BYTES);
    if (out->entry.len > 0)
        memcpy(entry, out->entry.data, out->entry.len);
    return E_OK;
}

static enum err acknowledge(uint64_t now_ms)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(store, &txn));
    TRY(quarantine_acknowledge(txn, &author, now_ms));
    return store_commit(&txn);
}

static void a_refusal_says_which_since_when_and_why(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t wrong[ENTRY_BYTES] = { 1, 2, 3 }, entry[ENTRY_BYTES];
    assert_int_equal(look(&row, entry), E_NOT_FOUND);
    refuse(5, E_BROKEN_CHAIN, wrong, 1000);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.seq, 5);
    assert_int_equal(row.time_ms, 1000);
    assert_int_equal(row.code, E_BROKEN_CHAIN);
    assert_int_equal(row.acknowledged_ms, 0);
    assert_memory_equal(entry, wrong, ENTRY_BYTES);
    assert_non_null(strstr(row.text, "because of"));
}

static void the_same_again_is_no_news_and_another_is(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t wrong[ENTRY_BYTES] = { 1 }, other[ENTRY_BYTES] = { 2 }, entry[ENTRY_BYTES];
    refuse(5, E_BROKEN_CHAIN, wrong, 1000);
    assert_int_equal(acknowledge(1500), E_OK);
    refuse(5, E_BROKEN_CHAIN, wrong, 2000); /* a restarted hub is offered it once more */
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.time_ms, 1000);
    assert_int_equal(row.acknowledged_ms, 1500);
    refuse(5, E_BROKEN_CHAIN, other, 3000);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.time_ms, 3000);
    assert_int_equal(row.acknowledged_ms, 0);
}

static void the_first_fork_is_kept_whatever_comes_later(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t fork[ENTRY_BYTES] = { 1 }, later[ENTRY_BYTES] = { 2 }, entry[ENTRY_BYTES];
    refuse(5, E_FORK, fork, 1000);
    refuse(9, E_MALFORMED, later, 2000);
    refuse(6, E_FORK, later, 3000);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.seq, 5);
    assert_int_equal(row.time_ms, 1000);
    assert_memory_equal(entry, fork, ENTRY_BYTES);
}

static void what_is_acknowledged_stays_as_evidence(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t fork[ENTRY_BYTES] = { 1, 9 }, entry[ENTRY_BYTES];
    assert_int_equal(acknowledge(1), E_NOT_FOUND);
    refuse(5, E_FORK, fork, 1000);
    assert_int_equal(acknowledge(2000), E_OK);
    assert_int_equal(acknowledge(3000), E_EXISTS);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 2000);
    assert_memory_equal(entry, fork, ENTRY_BYTES);
    assert_int_equal(row.code, E_FORK);

    refuse(8, E_FORK, fork, 4000);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 2000);
}

static void a_fork_cries_for_a_week_unless_somebody_has_seen_it(void **state)
{
    (void)state;
    struct quarantined row = { .code = E_FORK, .time_ms = 1000 };
    assert_true(quarantine_is_urgent(&row, 1000));
    assert_true(quarantine_is_urgent(&row, 1)); /* the clock went back */
    assert_true(quarantine_is_urgent(&row, 1000 + WEEK_MS - 1));
    assert_false(quarantine_is_urgent(&row, 1000 + WEEK_MS));
    row.acknowledged_ms = 1001;
    assert_false(quarantine_is_urgent(&row, 1002));
    row = (struct quarantined){ .code = E_BROKEN_CHAIN, .time_ms = 1000 };
    assert_false(quarantine_is_urgent(&row, 1000));
}

static void a_record_that_could_not_be_read_has_a_row_without_it(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t entry[ENTRY_BYTES];
    refuse(5, E_MALFORMED, NULL, 1000);
    assert_int_equal(acknowledge(2000), E_OK);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.entry.len, 0);
    assert_int_equal(row.acknowledged_ms, 2000);
}

static void a_row_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t fork[ENTRY_BYTES] = { 1 }, entry[ENTRY_BYTES];
    AUTO(buf_clear) struct buf whole = { 0 };
    refuse(5, E_FORK, fork, 1000);
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes value;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_true(store_get(view, STORE_QUARANTINE, BYTES(author.b), &value));
    buf_bytes(&whole, value);
    store_done(&view);
    size_t before_entry = whole.len - ENTRY_BYTES;
    for (size_t len = 0; len < whole.len; len++) {
        struct store_txn *txn;
        assert_int_equal(store_begin(store, &txn), E_OK);
        store_put(txn, STORE_QUARANTINE, BYTES(author.b), bytes_of(whole.data, len));
        assert_int_equal(store_commit(&txn), E_OK);
        bool is_a_row = len == before_entry || len == before_entry + 8;
        assert_int_equal(look(&row, entry), is_a_row ? E_OK : E_CORRUPT);
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_refusal_says_which_since_when_and_why),
        FACT(the_same_again_is_no_news_and_another_is),
        FACT(the_first_fork_is_kept_whatever_comes_later),
        FACT(what_is_acknowledged_stays_as_evidence),
        FACT(a_fork_cries_for_a_week_unless_somebody_has_seen_it),
        FACT(a_record_that_could_not_be_read_has_a_row_without_it),
        FACT(a_row_cut_anywhere_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
