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

    refuse(5, E_FORK, fork, 4000); /* it again */
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 2000);
}

static void what_is_refused_after_an_acknowledged_fork_alarms_again_once(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t fork[ENTRY_BYTES] = { 1 }, second[ENTRY_BYTES] = { 2 }, entry[ENTRY_BYTES];
    refuse(5, E_FORK, fork, 1000);
    assert_int_equal(acknowledge(2000), E_OK);
    refuse(8, E_FORK, second, 3000 + WEEK_MS);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 0);
    assert_int_equal(row.seq, 5); /* the evidence is what it was */
    assert_memory_equal(entry, fork, ENTRY_BYTES);
    assert_int_equal(row.later_seq, 8);
    assert_int_equal(row.later_code, E_FORK);
    assert_int_equal(row.later_ms, 3000 + WEEK_MS);
    assert_true(quarantine_is_urgent(&row, 4000 + WEEK_MS));

    assert_int_equal(acknowledge(5000 + WEEK_MS), E_OK);
    refuse(8, E_FORK, second, 6000 + WEEK_MS); /* a restarted hub is offered either once more */
    refuse(5, E_FORK, fork, 6000 + WEEK_MS);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 5000 + WEEK_MS);
    assert_int_equal(row.later_seq, 8);

    refuse(9, E_MALFORMED, NULL, 7000 + 2 * WEEK_MS);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.acknowledged_ms, 0);
    assert_int_equal(row.later_seq, 9);
    assert_false(quarantine_is_urgent(&row, 7000 + 2 * WEEK_MS)); /* a warning: it is no fork */
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
    refuse(6, E_MALFORMED, NULL, 2000);
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes value;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_true(store_get(view, STORE_QUARANTINE, BYTES(author.b), &value));
    buf_bytes(&whole, value);
    store_done(&view);
    size_t later = 8 + 8 + 4 + HASH_BYTES, before_entry = whole.len - ENTRY_BYTES - 8 - later;
    for (size_t len = 0; len < whole.len; len++) {
        struct store_txn *txn;
        assert_int_equal(store_begin(store, &txn), E_OK);
        store_put(txn, STORE_QUARANTINE, BYTES(author.b), bytes_of(whole.data, len));
        assert_int_equal(store_commit(&txn), E_OK);
        bool is_a_row = len == before_entry || len == before_entry + 8 || len == before_entry + ENTRY_BYTES ||
                        len == whole.len - later;
        assert_int_equal(look(&row, entry), is_a_row ? E_OK : E_CORRUPT);
    }
}

static void what_a_repetition_may_change_has_no_row(void **state)
{
    (void)state;
    struct job job = { .refused = true, .final = true };
    static const enum err lasting[] = { E_MALFORMED, E_BROKEN_CHAIN,   E_FORK,         E_EPOCH,
                                        E_VERSION,   E_NOT_AUTHORISED, E_BAD_SIGNATURE };
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        job.code = lasting[i];
        assert_true(quarantine_wants(&job));
    }
    job.code = E_GAP; /* what is missing may come */
    assert_false(quarantine_wants(&job));
    job.code = E_DENIED; /* it was not the record */
    assert_false(quarantine_wants(&job));
    job.code = E_FORK;
    job.final = false;
    assert_false(quarantine_wants(&job));
    job.final = true;
    job.refused = false;
    assert_false(quarantine_wants(&job));
}

/* The store holds the author's records 0 .. next-1, as far as its head says. */
static void feed_stands_at(uint64_t next)
{
    static uint8_t entries[16][ENTRY_BYTES];
    struct record records[16] = { 0 };
    struct feed feed = { .author = author, .next = next };
    struct store_txn *txn;
    for (uint64_t seq = 0; seq < next; seq++) {
        records[seq].entry = entries[seq];
        records[seq].header.author = author;
        records[seq].header.seq = seq;
    }
    assert_int_equal(store_begin(store, &txn), E_OK);
    store_append(txn, &feed, records, (size_t)next);
    assert_int_equal(store_commit(&txn), E_OK);
}

static void what_the_feed_has_passed_is_history_but_a_fork_is_not(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t wrong[ENTRY_BYTES] = { 1 }, entry[ENTRY_BYTES];
    feed_stands_at(6);
    refuse(6, E_BROKEN_CHAIN, wrong, 1000);
    assert_int_equal(look(&row, entry), E_OK); /* it stands right there */
    refuse(5, E_BROKEN_CHAIN, wrong, 1000);
    assert_int_equal(look(&row, entry), E_NOT_FOUND);
    assert_int_equal(acknowledge(2000), E_NOT_FOUND);
    refuse(5, E_FORK, wrong, 1000);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(acknowledge(2000), E_OK);
}

static bool count_row(void *context, struct bytes key, struct bytes value)
{
    assert_int_equal(key.len, HASH_BYTES);
    assert_true(value.len <= 8 + 8 + 4 + 1 + 199 + ENTRY_BYTES + 8);
    ++*(unsigned *)context;
    return true;
}

static void a_feed_has_one_row_however_often_it_is_refused(void **state)
{
    (void)state;
    struct quarantined row;
    uint8_t wrong[ENTRY_BYTES] = { 1 }, entry[ENTRY_BYTES];
    unsigned count = 0;
    for (unsigned i = 0; i < 200; i++) {
        wrong[1] = (uint8_t)i;
        refuse(i, E_MALFORMED, wrong, 1000 + i);
    }
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(store, &view), E_OK);
    store_each(view, STORE_QUARANTINE, bytes_of(NULL, 0), count_row, &count);
    assert_int_equal(count, 1);
    store_done(&view);
    assert_int_equal(look(&row, entry), E_OK);
    assert_int_equal(row.seq, 199); /* the latest */
}

static void the_longest_reason_is_kept_whole(void **state)
{
    (void)state;
    struct store_txn *txn;
    struct quarantined row;
    uint8_t entry[ENTRY_BYTES];
    struct job job = { .author = author, .refused = true, .final = true, .code = E_MALFORMED };
    memset(job.text, 'x', sizeof job.text - 1);
    assert_int_equal(store_begin(store, &txn), E_OK);
    quarantine_put(txn, &job, 1);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(look(&row, entry), E_OK);
    assert_string_equal(row.text, job.text);
    assert_int_equal(strlen(row.text), 199);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_refusal_says_which_since_when_and_why),
        FACT(the_same_again_is_no_news_and_another_is),
        FACT(the_first_fork_is_kept_whatever_comes_later),
        FACT(what_is_acknowledged_stays_as_evidence),
        FACT(what_is_refused_after_an_acknowledged_fork_alarms_again_once),
        FACT(a_fork_cries_for_a_week_unless_somebody_has_seen_it),
        FACT(a_record_that_could_not_be_read_has_a_row_without_it),
        FACT(a_row_cut_anywhere_is_corrupt),
        FACT(what_a_repetition_may_change_has_no_row),
        FACT(what_the_feed_has_passed_is_history_but_a_fork_is_not),
        FACT(a_feed_has_one_row_however_often_it_is_refused),
        FACT(the_longest_reason_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
