#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "store/db.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

/* ---- a disk that fails on command: LMDB's writes and syncs go through these */

static struct {
    int writes_left; /* before the failure; -1: none */
    int error;       /* 0: a short write */
    int sync_error;
} fault = { .writes_left = -1 };

static bool fails_now(void)
{
    if (fault.writes_left < 0)
        return false;
    if (fault.writes_left > 0) {
        fault.writes_left--;
        return false;
    }
    return true;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    if (!fails_now())
        return syscall(SYS_pwrite64, fd, data, len, at);
    errno = fault.error;
    return fault.error ? -1 : syscall(SYS_pwrite64, fd, data, len / 2, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!fails_now())
        return syscall(SYS_writev, fd, parts, count);
    errno = fault.error;
    return fault.error ? -1 : syscall(SYS_writev, fd, parts, count / 2);
}

int fdatasync(int fd)
{
    if (!fault.sync_error)
        return (int)syscall(SYS_fdatasync, fd);
    errno = fault.sync_error;
    return -1;
}

static void mend(void)
{
    fault.writes_left = -1;
    fault.sync_error = 0;
}

/* ---- the environment under test */

enum { PLAIN, LOG };
static const char *const tables[] = { "plain", "log", NULL };
static struct db *db;

static struct db_options options_of(uint64_t map_bytes)
{
    return (struct db_options){ .folder = scratch, .tables = tables, .map_bytes = map_bytes };
}

static int setup(void **state)
{
    mend();
    struct db_options options = options_of(1 << 30);
    return scratch_make(state) == 0 && db_open(&options, &db) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    mend();
    db_close(&db);
    return scratch_drop(state);
}

static enum err reopen(uint64_t map_bytes)
{
    db_close(&db);
    struct db_options options = options_of(map_bytes);
    return db_open(&options, &db);
}

static struct bytes number(uint64_t n)
{
    static uint8_t room[4][8];
    static unsigned at;
    uint8_t *b = room[at++ % 4];
    put_u64(b, n);
    return bytes_of(b, 8);
}

static enum err put_text(const char *key, const char *value)
{
    struct db_txn *txn;
    enum err code = db_write(db, &txn);
    if (code != E_OK)
        return code;
    db_put(txn, PLAIN, bytes_text(key), bytes_text(value));
    return db_commit(&txn);
}

static bool has_text(const char *key, const char *value)
{
    struct db_txn *txn;
    struct bytes found;
    assert_int_equal(db_read(db, &txn), E_OK);
    bool is = db_get(txn, PLAIN, bytes_text(key), &found) && bytes_equal(found, bytes_text(value));
    assert_int_equal(db_error(txn), E_OK);
    db_abort(&txn);
    return is;
}

static uint64_t entries(db_table table)
{
    struct db_txn *txn;
    assert_int_equal(db_read(db, &txn), E_OK);
    uint64_t count = db_entries(txn, table);
    db_abort(&txn);
    return count;
}

/* Appends count values of size bytes in one transaction behind what is there. */
static enum err append_many(unsigned count, size_t size)
{
    static uint8_t value[8192];
    struct db_txn *txn;
    enum err code = db_write(db, &txn);
    if (code != E_OK)
        return code;
    uint64_t at = db_entries(txn, LOG);
    for (unsigned i = 0; i < count; i++)
        db_append(txn, LOG, number(at + i), bytes_of(value, size));
    return db_commit(&txn);
}

/* ---- facts */

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

static void cursors_walk_both_ways(void **state)
{
    (void)state;
    struct db_txn *txn;
    struct bytes key, value;
    assert_int_equal(db_write(db, &txn), E_OK);
    struct db_cursor *cursor = db_cursor(txn, LOG);
    assert_false(db_seek(cursor, number(0), &key, &value));
    assert_false(db_seek_back(cursor, number(0), &key, &value));
    assert_false(db_next(cursor, &key, &value));
    assert_false(db_last(cursor, &key, &value));
    db_cursor_free(&cursor);
    for (uint64_t i = 1; i <= 5; i++)
        db_append(txn, LOG, number(i * 10), number(i));
    cursor = db_cursor(txn, LOG);
    assert_true(db_next(cursor, &key, &value) && get_u64(key.data) == 10);
    assert_true(db_seek(cursor, number(11), &key, &value) && get_u64(key.data) == 20);
    assert_true(db_next(cursor, &key, &value) && get_u64(value.data) == 3);
    assert_true(db_previous(cursor, &key, &value) && get_u64(value.data) == 2);
    assert_false(db_seek(cursor, number(51), &key, &value));
    assert_true(db_seek_back(cursor, number(99), &key, &value) && get_u64(key.data) == 50);
    assert_true(db_seek_back(cursor, number(30), &key, &value) && get_u64(key.data) == 30);
    assert_true(db_seek_back(cursor, number(39), &key, &value) && get_u64(key.data) == 30);
    assert_false(db_seek_back(cursor, number(9), &key, &value));
    assert_true(db_last(cursor, &key, &value) && get_u64(key.data) == 50);
    assert_false(db_next(cursor, &key, &value));
    db_cursor_free(&cursor);
    assert_int_equal(db_commit(&txn), E_OK);
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

/* ---- broken files */

static void data_path(char path[static 160])
{
    snprintf(path, 160, "%s/data.mdb", scratch);
}

static void overwrite(off_t at, const void *data, size_t len)
{
    char path[160];
    data_path(path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, data, len, at), len);
    close(fd);
}

enum { PAGE = 4096, MAGIC_AT = 16, VERSION_AT = 20, PAGE_SIZE_AT = 40, HEADER_END = 152 };

static void a_broken_header_is_named_corrupt_and_another_version_is_named_so(void **state)
{
    (void)state;
    assert_int_equal(put_text("a", "1"), E_OK);
    db_close(&db);
    static const uint32_t wrong_magic = 0xdeadbeef, version = 7, magic = 0xBEEFC0DE, sound = 1, no_size = 0,
                          size = PAGE;
    overwrite(MAGIC_AT, &wrong_magic, 4);
    assert_int_equal(reopen(1 << 30), E_CORRUPT);
    assert_non_null(strstr(err_message(), scratch));
    overwrite(MAGIC_AT, &magic, 4);
    overwrite(VERSION_AT, &version, 4);
    assert_int_equal(reopen(1 << 30), E_VERSION);
    overwrite(VERSION_AT, &sound, 4);
    overwrite(PAGE_SIZE_AT, &no_size, 4);
    assert_int_equal(reopen(1 << 30), E_CORRUPT);
    overwrite(PAGE_SIZE_AT, &size, 4);
    assert_int_equal(reopen(1 << 30), E_OK);
    assert_true(has_text("a", "1"));
}

static void a_file_that_was_cut_is_corrupt_and_kills_nobody(void **state)
{
    (void)state;
    char path[160];
    data_path(path);
    assert_int_equal(append_many(1000, 4000), E_OK);
    db_close(&db);
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_int_equal(reopen(1 << 30), E_CORRUPT);
    assert_non_null(strstr(err_message(), "cut off"));
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(reopen(1 << 30), E_CORRUPT);
}

static int open_and_use(void *context)
{
    struct db_options options = options_of(1 << 22);
    options.read_only = context != NULL;
    enum err code = db_open(&options, &db);
    if (code == E_OK) {
        struct db_txn *txn;
        struct bytes value;
        if (db_read(db, &txn) == E_OK) {
            for (uint64_t i = 0; i < 300; i++)
                db_get(txn, LOG, number(i), &value);
            db_abort(&txn);
        }
        append_many(10, 100);
    }
    db_close(&db);
    return code == E_OK ? 0 : 1;
}

static void a_file_that_lost_its_last_pages_kills_nobody(void **state)
{
    char path[160];
    data_path(path);
    assert_int_equal(append_many(300, 100), E_OK);
    db_close(&db);
    for (off_t pages = 30; pages > 0; pages--) {
        assert_int_equal(truncate(path, pages * PAGE), 0);
        assert_true(WIFEXITED(scratch_child(open_and_use, state)));
        assert_int_equal(truncate(path, pages * PAGE), 0);
        assert_true(WIFEXITED(scratch_child(open_and_use, NULL)));
    }
}

static void no_flipped_bit_of_the_header_kills_the_process(void **state)
{
    (void)state;
    char path[160];
    static uint8_t sound[1 << 20];
    data_path(path);
    assert_int_equal(append_many(300, 100), E_OK);
    db_close(&db);
    int fd = open(path, O_RDONLY);
    ssize_t len = pread(fd, sound, sizeof sound, 0);
    close(fd);
    unsigned refused = 0;
    for (unsigned bit = 0; bit < HEADER_END * 8; bit++) {
        for (unsigned page = 0; page < 2; page++) {
            unsigned at = page * PAGE + bit / 8;
            uint8_t flipped = (uint8_t)(sound[at] ^ 1U << bit % 8);
            overwrite(0, sound, (size_t)len);
            assert_int_equal(truncate(path, len), 0);
            overwrite(at, &flipped, 1);
            int status = scratch_child(open_and_use, NULL);
            if (!WIFEXITED(status))
                print_error("page %u byte %u bit %u: signal %d\n", page, bit / 8, bit % 8, WTERMSIG(status));
            assert_true(WIFEXITED(status));
            refused += WEXITSTATUS(status) == 1;
        }
    }
    assert_true(refused > 100);
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

static void what_is_unsynced_outlives_its_process_but_not_the_machine(void **state)
{
    (void)state;
    db_close(&db);
    struct db_options options = options_of(1 << 30);
    options.unsynced = true;
    pid_t child = fork();
    if (child == 0) { /* ends without db_close, as kill -9 would have it */
        bool ok = db_open(&options, &db) == E_OK && put_text("a", "1") == E_OK;
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_true(has_text("a", "1"));

    AUTO(free_ptr) char *mark = path_join(scratch, "unsynced");
    assert_true(file_exists(mark));
    db_close(&db);
    assert_false(file_exists(mark));
    assert_int_equal(db_open(&options, &db), E_OK); /* and all is well after a clean end */
    db_close(&db);

    assert_int_equal(file_write(mark, bytes_text("another boot\n"), 0600), E_OK);
    assert_int_equal(db_open(&options, &db), E_CORRUPT);
    assert_int_equal(db_drop(scratch), E_OK);
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_false(has_text("a", "1"));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        FACT(cursors_walk_both_ways),
        FACT(a_reader_sees_one_moment),
        FACT(usage_counts_what_is_used_and_not_what_was_freed),
        FACT(a_full_map_stops_writes_until_it_is_larger),
        FACT(a_full_disk_stops_writes_until_there_is_room),
        FACT(a_disk_that_fills_up_in_any_write_leaves_the_last_commit_whole),
        FACT(a_failed_sync_poisons_the_environment_until_it_is_opened_again),
        FACT(a_short_write_on_a_disk_with_room_poisons),
        FACT(a_sync_without_room_does_not_poison),
        FACT(a_broken_header_is_named_corrupt_and_another_version_is_named_so),
        FACT(a_file_that_was_cut_is_corrupt_and_kills_nobody),
        FACT(a_file_that_lost_its_last_pages_kills_nobody),
        FACT(no_flipped_bit_of_the_header_kills_the_process),
        FACT(a_read_only_opener_needs_what_is_there_and_writes_nothing),
        FACT(another_process_reads_beside_the_writer_and_its_slot_is_reaped),
        FACT(a_writer_that_dies_gives_the_lock_back),
        FACT(read_only_storage_is_denied_by_name_and_can_be_read),
        FACT(what_is_unsynced_outlives_its_process_but_not_the_machine),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
