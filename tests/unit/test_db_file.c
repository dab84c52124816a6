#include "store/db_file.h"

#include "db_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_broken_header_is_named_corrupt_and_another_version_is_named_so),
        FACT(a_file_that_was_cut_is_corrupt_and_kills_nobody),
        FACT(a_file_that_lost_its_last_pages_kills_nobody),
        FACT(no_flipped_bit_of_the_header_kills_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
