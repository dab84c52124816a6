#include "hubd/view/standing.h"

#include "hubd/view/terms.h"
#include "view_log.h"
#include "view_rows.h"

static struct standing some_row(void)
{
    struct standing row = { .id = { 1, 2, 3 }, .flags = ROW_LEAD | ROW_CLOCK, .author = 4 };
    row.seq = 1ULL << 40;
    row.position = 1ULL << 41;
    row.start = 20240229;
    row.accounts = 6;
    return row;
}

static void a_row_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct standing row = some_row(), back;
    assert_false(standing_read(txn, 0, &back));
    assert_int_equal(db_error(txn), E_OK);
    standing_write(txn, 0, &row, true);
    row.accounts = 0;
    standing_write(txn, 1, &row, true);
    row.accounts = 7;
    standing_write(txn, 1, &row, false);
    rows_commit();
    assert_true(standing_read(txn, 0, &back));
    assert_memory_equal(back.id, row.id, 16);
    assert_int_equal(back.flags, ROW_LEAD | ROW_CLOCK);
    assert_int_equal(back.author, 4);
    assert_int_equal(back.seq, 1ULL << 40);
    assert_int_equal(back.position, 1ULL << 41);
    assert_int_equal(back.start, 20240229);
    assert_int_equal(back.accounts, 6);
    assert_true(standing_read(txn, 1, &back));
    assert_int_equal(back.accounts, 7);
    assert_int_equal(db_entries(txn, VIEW_ENGAGEMENTS), 2);
}

static void what_is_fresh_has_the_highest_number(void **state)
{
    (void)state;
    struct standing row = some_row();
    standing_write(txn, 5, &row, true);
    standing_write(txn, 5, &row, true);
    assert_int_equal(db_error(txn), E_CORRUPT);
}

static void its_flags_say_whether_it_stands_and_what_is_odd(void **state)
{
    (void)state;
    struct standing row = { .flags = ROW_LEAD };
    assert_true(standing_is_live(&row));
    assert_int_equal(standing_known_flags(&row), 0);
    row.flags = 0;
    assert_int_equal(standing_known_flags(&row), FLAG_NO_LEAD);
    row.flags = ROW_LEAD | ROW_CLOCK;
    assert_int_equal(standing_known_flags(&row), FLAG_CLOCK);
    row.flags = ROW_WITHDRAWN | ROW_CLOCK;
    assert_false(standing_is_live(&row));
    assert_int_equal(standing_known_flags(&row), FLAG_CLOCK | FLAG_NO_LEAD);
}

static void a_row_of_another_length_is_corrupt_and_not_there(void **state)
{
    (void)state;
    static const uint8_t key[4], value[47];
    for (size_t len = 0; len < sizeof value; len++) {
        struct standing row;
        db_put(txn, VIEW_ENGAGEMENTS, BYTES(key), bytes_of(value, len));
        assert_int_equal(standing_read(txn, 0, &row), len == 45);
        assert_int_equal(db_error(txn), len == 45 ? E_OK : E_CORRUPT);
        rows_abort();
    }
}

/* ---- accounts */

static void put_account(uint32_t ordinal, uint32_t author, uint64_t seq, uint8_t flags)
{
    struct account account = { author, seq, seq + 1000, flags };
    account_write(txn, ordinal, &account);
}

static uint32_t first_of(uint32_t ordinal)
{
    struct account account;
    return account_first(txn, ordinal, &account) ? account.author : UINT32_MAX;
}

static void an_account_is_its_authors_and_its_engagements(void **state)
{
    (void)state;
    struct account account;
    put_account(1, 2, 77, ROW_CLOCK);
    assert_false(account_read(txn, 1, 1, &account));
    assert_false(account_read(txn, 2, 2, &account));
    assert_true(account_read(txn, 1, 2, &account));
    assert_int_equal(account.author, 2);
    assert_int_equal(account.seq, 77);
    assert_int_equal(account.position, 1077);
    assert_int_equal(account.flags, ROW_CLOCK);
    put_account(1, 2, 78, 0);
    assert_true(account_read(txn, 1, 2, &account));
    assert_int_equal(account.seq, 78);
    account_delete(txn, 1, 1);
    assert_true(account_read(txn, 1, 2, &account));
    account_delete(txn, 1, 2);
    assert_false(account_read(txn, 1, 2, &account));
    assert_int_equal(db_error(txn), E_OK);
}

static void the_first_that_is_not_withdrawn_comes_first(void **state)
{
    (void)state;
    assert_int_equal(first_of(5), UINT32_MAX);
    put_account(4, 0, 1, 0);
    put_account(6, 0, 1, 0);
    assert_int_equal(first_of(5), UINT32_MAX); /* the neighbours' are not its */
    put_account(5, 9, 3, 0);
    assert_int_equal(first_of(5), 9);
    put_account(5, 300, 1, 0); /* numbers, not bytes: 9 is before 300 */
    assert_int_equal(first_of(5), 9);
    put_account(5, 9, 4, ROW_WITHDRAWN);
    assert_int_equal(first_of(5), 300);
    put_account(5, 2, 5, ROW_WITHDRAWN);
    assert_int_equal(first_of(5), 300);
    put_account(5, 300, 6, ROW_WITHDRAWN | ROW_CLOCK);
    assert_int_equal(first_of(5), 2); /* all are withdrawn: the first */
    assert_int_equal(first_of(4), 0);
    put_account(UINT32_MAX, 1, 1, 0);
    assert_int_equal(first_of(UINT32_MAX), 1);
}

static void an_account_of_another_length_is_corrupt(void **state)
{
    (void)state;
    static const uint8_t key[8], value[18];
    for (size_t len = 0; len < sizeof value; len++) {
        struct account account;
        db_put(txn, VIEW_ACCOUNTS, BYTES(key), bytes_of(value, len));
        assert_int_equal(account_read(txn, 0, 0, &account), len == 17);
        assert_int_equal(db_error(txn), len == 17 ? E_OK : E_CORRUPT);
        rows_abort();
        db_put(txn, VIEW_ACCOUNTS, BYTES(key), bytes_of(value, len));
        assert_int_equal(account_first(txn, 0, &account), len == 17);
        assert_int_equal(db_error(txn), len == 17 ? E_OK : E_CORRUPT);
        rows_abort();
    }
}

/* ---- statements */

static struct view_log record_log;

static int log_up(void **state)
{
    if (rows_up(state) != 0)
        return -1;
    log_open(&record_log);
    return 0;
}

static int log_down(void **state)
{
    log_close(&record_log);
    return rows_down(state);
}

static enum err load(uint64_t position, struct header *header, struct bytes *payload, struct store_view **log)
{
    log_commit(&record_log);
    assert_int_equal(store_read(record_log.store, log), E_OK);
    return standing_load(*log, position, header, payload);
}

static void a_statement_is_loaded_with_its_payload_or_without(void **state)
{
    (void)state;
    struct header header;
    struct bytes payload;
    static const struct {
        const char *said;
        bool withheld;
    } cases[] = { { "said", false }, { "said", true }, { "", false }, { "", true } };
    uint64_t first = record_log.size;
    for (size_t i = 0; i < 4; i++)
        log_put(&record_log, &record_log.hub, KIND_STATEMENT, 1, bytes_text(cases[i].said),
                cases[i].withheld);
    for (size_t i = 0; i < 4; i++) {
        AUTO(store_done) struct store_view *log = NULL;
        assert_int_equal(load(first + i, &header, &payload, &log), E_OK);
        assert_int_equal(header.payload_len, strlen(cases[i].said));
        assert_int_equal(payload.data == NULL, cases[i].withheld);
        if (!cases[i].withheld)
            assert_true(bytes_equal(payload, bytes_text(cases[i].said)));
    }
    AUTO(store_done) struct store_view *log = NULL;
    assert_int_equal(load(first + 4, &header, &payload, &log), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_row_comes_back_as_it_was_written),
        FACT(what_is_fresh_has_the_highest_number),
        FACT(its_flags_say_whether_it_stands_and_what_is_odd),
        FACT(a_row_of_another_length_is_corrupt_and_not_there),
        FACT(an_account_is_its_authors_and_its_engagements),
        FACT(the_first_that_is_not_withdrawn_comes_first),
        FACT(an_account_of_another_length_is_corrupt),
        cmocka_unit_test_setup_teardown(a_statement_is_loaded_with_its_payload_or_without, log_up, log_down),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
