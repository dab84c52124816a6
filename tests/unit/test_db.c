#include "db_bench.h"

/* ---- transactions */

static void what_is_committed_is_there_after_reopening(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_true(has_text("a", "1"));
    assert_false(has_text("b", "1"));
}

static void folder_and_files_are_their_owners_alone(void **state)
{
    (void)state;
    char inner[160];
    char file[200];
    struct stat st;
    snprintf(inner, sizeof inner, "%s/x/y", scratch);
    struct db_options options = options_of(1 << 20);
    options.folder = inner;
    struct db *other;
    assert_int_equal(db_open(&options, &other), E_OK);
    db_close(&other);
    assert_int_equal(stat(inner, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(file, sizeof file, "%s/data.mdb", inner);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
    (void)state;
    struct db_txn *txn;
    assert_int_equal(db_write(db, &txn), E_OK);
    db_put(txn, PLAIN, bytes_text("a"), bytes_text("1"));
    db_abort(&txn);
    assert_null(txn);
    db_abort(&txn);
    assert_false(has_text("a", "1"));
}

static void the_first_failure_sticks_and_nothing_of_the_transaction_happens(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes value;
    assert_int_equal(db_write(db, &txn), E_OK);
    db_put(txn, PLAIN, bytes_text("a"), bytes_text("1"));
    db_append(txn, LOG, number(5), bytes_text("x"));
    db_append(txn, LOG, number(5), bytes_text("x"));
    assert_int_equal(db_error(txn), E_CORRUPT);
    assert_null(db_append_room(txn, LOG, number(6), 10));
    assert_false(db_get(txn, PLAIN, bytes_text("a"), &value));
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, PLAIN);
    assert_false(db_last(cursor, &value, &value));
    db_cursor_free(&cursor);
    (fail)(E_BUSY, "another sentence");
    db_fail(txn, E_BUSY);
    assert_int_equal(db_commit(&txn), E_CORRUPT);
    assert_non_null(strstr(err_message(), "append"));
    assert_null(txn);
    assert_false(has_text("a", "1"));
    assert_int_equal(entries(LOG), 0);
    assert_int_equal(put_text("a", "2"), E_OK);
}

static void a_caller_can_fail_a_transaction_in_its_own_words(void **state)
{
    (void)state;
    struct db_txn *txn;
    assert_int_equal(db_write(db, &txn), E_OK);
    db_fail(txn, (fail)(E_BUSY, "quota of x"));
    assert_int_equal(db_commit(&txn), E_BUSY);
    assert_string_equal(err_message(), "quota of x");
}

static void keys_past_the_limit_are_too_big(void **state)
{
    (void)state;
    static const uint8_t key[512];
    struct db_txn *txn;
    assert_int_equal(db_write(db, &txn), E_OK);
    db_put(txn, PLAIN, bytes_of(key, 511), bytes_text("fits"));
    assert_int_equal(db_error(txn), E_OK);
    db_put(txn, PLAIN, bytes_of(key, 512), bytes_text("does not"));
    assert_int_equal(db_commit(&txn), E_TOO_BIG);
}

static void appends_puts_and_deletes_of_one_table_mix(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes value;
    assert_int_equal(db_write(db, &txn), E_OK);
    for (uint64_t i = 0; i < 3000; i++) {
        uint64_t *room = db_append_room(txn, LOG, number(i * 10), sizeof(i));
        assert_non_null(room);
        memcpy(room, &i, sizeof(i));
        if (i % 7 == 0)
            db_put(txn, LOG, number(i * 10 + 5), BYTES_OF(i));
        if (i % 11 == 0)
            db_delete(txn, LOG, number(i * 10));
        db_delete(txn, LOG, number(i * 10 + 1));
    }
    assert_int_equal(db_commit(&txn), E_OK);
    assert_int_equal(entries(LOG), 3000 + 429 - 273);
    assert_int_equal(db_read(db, &txn), E_OK);
    for (uint64_t i = 0; i < 3000; i++) {
        assert_int_equal(db_get(txn, LOG, number(i * 10), &value), i % 11 != 0);
        assert_true(i % 11 == 0 || bytes_equal(value, BYTES_OF(i)));
        assert_int_equal(db_get(txn, LOG, number(i * 10 + 5), &value), i % 7 == 0);
    }
    db_abort(&txn);
}

static void a_reader_sees_one_moment(void **state)
{
    (void)state;
    struct db_txn *reader;
    struct bytes value;
    struct db_usage usage;
    assert_int_equal(put_text("a", "1"), E_OK);
    assert_int_equal(db_read(db, &reader), E_OK);
    assert_int_equal(put_text("a", "2"), E_OK);
    assert_true(db_get(reader, PLAIN, bytes_text("a"), &value) && bytes_equal(value, bytes_text("1")));
    assert_int_equal(db_usage(db, &usage), E_OK);
    assert_int_equal(usage.readers, 1);
    db_abort(&reader);
    assert_true(has_text("a", "2"));
}

static void usage_counts_what_is_used_and_not_what_was_freed(void **state)
{
    (void)state;
    struct db_usage before, full, after;
    struct db_txn *txn;
    assert_int_equal(db_usage(db, &before), E_OK);
    assert_int_equal(before.map_bytes, 1 << 30);
    assert_int_equal(before.readers, 0);
    assert_true(before.disk_free_bytes > 0);
    assert_int_equal(append_many(1000, 4000), E_OK);
    assert_int_equal(db_usage(db, &full), E_OK);
    assert_true(full.used_bytes > before.used_bytes + 4000000);
    assert_int_equal(db_write(db, &txn), E_OK);
    for (uint64_t i = 0; i < 1000; i++)
        db_delete(txn, LOG, number(i));
    assert_int_equal(db_commit(&txn), E_OK);
    assert_int_equal(db_usage(db, &after), E_OK);
    assert_true(after.used_bytes < before.used_bytes + 400000);
}

/* ---- no room, and disks that fail */

static void a_full_map_stops_writes_until_it_is_larger(void **state)
{
    (void)state;
    assert_int_equal(reopen(1 << 20), E_OK);
    uint64_t kept = 0;
    enum err code;
    while ((code = append_many(10, 1000)) == E_OK)
        kept += 10;
    assert_int_equal(code, E_FULL);
    assert_true(kept > 100);
    assert_int_equal(entries(LOG), kept);
    assert_int_equal(append_many(10, 1000), E_FULL); /* not E_IO: it is not poisoned */
    assert_int_equal(reopen(1 << 22), E_OK);
    assert_int_equal(append_many(10, 1000), E_OK);
    assert_int_equal(entries(LOG), kept + 10);
}

static void a_full_disk_stops_writes_until_there_is_room(void **state)
{
    (void)state;
    db_close(&db);
    if (!scratch_mount(4 << 20, 0))
        skip();
    assert_int_equal(reopen(1 << 30), E_OK);
    char path[160];
    snprintf(path, sizeof path, "%s/other", scratch);
    int other = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(ftruncate(other, 0), 0);
    assert_int_equal(posix_fallocate(other, 0, 1 << 20), 0);
    const unsigned size = 350; /* a write of many pages, that the disk cuts short */
    for (int round = 0; round < 2; round++) {
        uint64_t kept = entries(LOG);
        enum err code;
        while ((code = append_many(size, 1000)) == E_OK)
            kept += size;
        assert_int_equal(code, E_FULL);
        assert_int_equal(append_many(size, 1000), E_FULL);
        assert_int_equal(entries(LOG), kept);
        if (round == 1)
            break;
        assert_int_equal(ftruncate(other, 0), 0);
        assert_int_equal(append_many(size, 1000), E_OK);
        assert_int_equal(entries(LOG), kept + size);
    }
    uint64_t kept = entries(LOG);
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_int_equal(entries(LOG), kept);
    close(other);
    db_close(&db);
    scratch_unmount();
}

/* Commits random changes while the disk now and then has no room in the middle of one; a model says what must
 * be there. */
static void a_disk_that_fills_up_in_any_write_leaves_the_last_commit_whole(void **state)
{
    (void)state;
    enum { KEYS = 400 };
    static uint32_t model[KEYS], next[KEYS];
    unsigned failures = 0;
    memset(model, 0, sizeof model);
    srand(7);
    for (int round = 0; round < 600; round++) {
        struct db_txn *txn;
        static uint8_t value[3000];
        memcpy(next, model, sizeof model);
        mend();
        assert_int_equal(db_write(db, &txn), E_OK);
        for (int i = rand() % 30; i >= 0; i--) {
            unsigned key = (unsigned)rand() % KEYS;
            next[key] = rand() % 3 ? (uint32_t)rand() % 2900 + 4 : 0;
            memcpy(value, &next[key], 4);
            if (next[key])
                db_put(txn, PLAIN, number(key), bytes_of(value, next[key]));
            else
                db_delete(txn, PLAIN, number(key));
        }
        /* ENOSPC at a data page's write; what follows the data is the header, which is there already */
        fault.writes_left = rand() % 3 ? rand() % 4 : -1;
        fault.error = ENOSPC;
        enum err code = db_commit(&txn);
        mend();
        if (code == E_OK)
            memcpy(model, next, sizeof model);
        else if (code == E_IO) /* the header's own write */
            assert_int_equal(reopen(1 << 30), E_OK);
        else
            assert_int_equal(code, E_FULL);
        failures += code != E_OK;
        assert_int_equal(db_read(db, &txn), E_OK);
        for (unsigned key = 0; key < KEYS; key++) {
            struct bytes found;
            uint32_t held;
            assert_int_equal(db_get(txn, PLAIN, number(key), &found), model[key] != 0);
            if (!model[key])
                continue;
            memcpy(&held, found.data, 4);
            assert_int_equal(found.len, model[key]);
            assert_int_equal(held, model[key]);
        }
        db_abort(&txn);
    }
    assert_true(failures > 100);
}

static void a_failed_sync_poisons_the_environment_until_it_is_opened_again(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    fault.sync_error = EIO;
    assert_int_equal(put_text("a", "2"), E_IO);
    mend();
    assert_int_equal(put_text("a", "3"), E_IO);
    assert_true(has_text("a", "1")); /* reading goes on */
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_true(has_text("a", "1"));
    assert_int_equal(put_text("a", "4"), E_OK);
    assert_true(has_text("a", "4"));
}

static void a_short_write_on_a_disk_with_room_poisons(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    fault.writes_left = 0;
    fault.error = 0;
    assert_int_equal(append_many(100, 1000), E_IO);
    mend();
    assert_int_equal(put_text("a", "2"), E_IO);
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_true(has_text("a", "1"));
    assert_int_equal(entries(LOG), 0);
}

static void a_sync_without_room_does_not_poison(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    fault.sync_error = ENOSPC;
    assert_int_equal(append_many(100, 1000), E_FULL);
    mend();
    assert_true(has_text("a", "1"));
    assert_int_equal(append_many(100, 1000), E_OK);
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_int_equal(entries(LOG), 100);
}

/* ---- other openers */

static void a_read_only_opener_needs_what_is_there_and_writes_nothing(void **state)
{
    (void)state;
    struct db *reader;
    struct db_txn *txn;
    struct bytes value;
    struct db_options options = options_of(0);
    options.read_only = true;
    db_close(&db);
    static const char *const more[] = { "plain", "new", NULL };
    options.tables = more;
    assert_int_equal(db_open(&options, &reader), E_NOT_FOUND);
    options.tables = tables;
    assert_int_equal(db_open(&options, &reader), E_OK);
    assert_int_equal(db_write(reader, &txn), E_DENIED);
    assert_int_equal(db_read(reader, &txn), E_OK);
    assert_false(db_get(txn, PLAIN, bytes_text("a"), &value));
    db_abort(&txn);
    db_close(&reader);
    char empty[160];
    snprintf(empty, sizeof empty, "%s/empty", scratch);
    options.folder = empty;
    assert_int_equal(db_open(&options, &reader), E_NOT_FOUND);
    assert_int_equal(access(empty, F_OK), -1);
}

static int read_beside(void *context)
{
    (void)context;
    struct db *reader;
    struct db_txn *txn;
    struct bytes value;
    struct db_options options = options_of(0);
    options.read_only = true;
    if (db_open(&options, &reader) != E_OK || db_read(reader, &txn) != E_OK)
        return 1;
    return db_get(txn, PLAIN, bytes_text("a"), &value) ? 0 : 2; /* and dies with the snapshot open */
}

static void another_process_reads_beside_the_writer_and_its_slot_is_reaped(void **state)
{
    (void)state;
    struct db_usage usage;
    assert_int_equal(put_text("a", "1"), E_OK);
    assert_int_equal(scratch_child(read_beside, NULL), 0);
    assert_int_equal(db_usage(db, &usage), E_OK);
    assert_int_equal(usage.readers, 1);
    assert_int_equal(db_reap_readers(db), 1);
    assert_int_equal(db_usage(db, &usage), E_OK);
    assert_int_equal(usage.readers, 0);
}

static int die_writing(void *context)
{
    (void)context;
    struct db *writer;
    struct db_txn *txn;
    struct db_options options = options_of(1 << 30);
    if (db_open(&options, &writer) != E_OK || db_write(writer, &txn) != E_OK)
        return 1;
    db_put(txn, PLAIN, bytes_text("b"), bytes_text("lost"));
    return kill(getpid(), SIGKILL);
}

static void a_writer_that_dies_gives_the_lock_back(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    int status = scratch_child(die_writing, NULL);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(put_text("a", "2"), E_OK);
    assert_true(has_text("a", "2"));
    assert_false(has_text("b", "lost"));
}

static void read_only_storage_is_denied_by_name_and_can_be_read(void **state)
{
    (void)state;
    db_close(&db);
    if (!scratch_mount(4 << 20, 0))
        skip();
    assert_int_equal(reopen(1 << 20), E_OK);
    assert_int_equal(put_text("a", "1"), E_OK);
    db_close(&db);
    assert_int_equal(mount("none", scratch, "none", MS_REMOUNT | MS_RDONLY, ""), 0);
    assert_int_equal(reopen(1 << 20), E_DENIED);
    struct db_options options = options_of(0);
    options.read_only = true;
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_true(has_text("a", "1"));
    db_close(&db);
    scratch_unmount();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(what_is_committed_is_there_after_reopening),
        FACT(folder_and_files_are_their_owners_alone),
        FACT(an_aborted_transaction_leaves_nothing),
        FACT(the_first_failure_sticks_and_nothing_of_the_transaction_happens),
        FACT(a_caller_can_fail_a_transaction_in_its_own_words),
        FACT(keys_past_the_limit_are_too_big),
        FACT(appends_puts_and_deletes_of_one_table_mix),
        FACT(a_reader_sees_one_moment),
        FACT(usage_counts_what_is_used_and_not_what_was_freed),
        FACT(a_full_map_stops_writes_until_it_is_larger),
        FACT(a_full_disk_stops_writes_until_there_is_room),
        FACT(a_disk_that_fills_up_in_any_write_leaves_the_last_commit_whole),
        FACT(a_failed_sync_poisons_the_environment_until_it_is_opened_again),
        FACT(a_short_write_on_a_disk_with_room_poisons),
        FACT(a_sync_without_room_does_not_poison),
        FACT(a_read_only_opener_needs_what_is_there_and_writes_nothing),
        FACT(another_process_reads_beside_the_writer_and_its_slot_is_reaped),
        FACT(a_writer_that_dies_gives_the_lock_back),
        FACT(read_only_storage_is_denied_by_name_and_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
