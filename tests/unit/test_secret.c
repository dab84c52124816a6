#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/secret.h"
#include "base/file.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static const uint8_t seed[32] = "0123456789abcdef0123456789abcdef";
static char folder[] = "/tmp/chancery-secret-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/record.key", mkdtemp(folder));
    return id_init() == E_OK ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int drop_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void a_plain_key_comes_back_and_only_its_owner_reads_it(void **state)
{
    (void)state;
    uint8_t back[32];
    struct stat st;
    assert_int_equal(secret_write(path, "record", seed, NULL), E_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(secret_read(path, "record", NULL, back), E_OK);
    assert_memory_equal(back, seed, 32);
}

static void a_key_is_never_overwritten(void **state)
{
    (void)state;
    assert_int_equal(secret_write(path, "record", seed, NULL), E_OK);
    assert_int_equal(secret_write(path, "record", seed, NULL), E_EXISTS);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    uint8_t back[32];
    assert_int_equal(secret_write(path, "record", seed, NULL), E_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(secret_read(path, "record", NULL, back), E_DENIED);
}

static void a_key_serves_one_purpose(void **state)
{
    (void)state;
    uint8_t back[32];
    assert_int_equal(secret_write(path, "record", seed, NULL), E_OK);
    assert_int_equal(secret_read(path, "witness", NULL, back), E_MALFORMED);
}

static void a_missing_key_and_a_damaged_one_are_told_apart(void **state)
{
    (void)state;
    uint8_t back[32];
    assert_int_equal(secret_read(path, "record", NULL, back), E_NOT_FOUND);
    assert_int_equal(file_write(path, bytes_text("chancery-key-1 record 0011\n"), 0600), E_OK);
    assert_int_equal(secret_read(path, "record", NULL, back), E_MALFORMED);
    assert_int_equal(file_write(path, bytes_text("\n"), 0600), E_OK);
    assert_int_equal(secret_read(path, "record", NULL, back), E_MALFORMED);
}

static void a_sealed_key_opens_with_its_passphrase_only(void **state)
{
    (void)state;
    uint8_t back[32];
    assert_int_equal(secret_write(path, "record", seed, "correct horse"), E_OK);
    assert_int_equal(secret_read(path, "record", NULL, back), E_DENIED);
    assert_int_equal(secret_read(path, "record", "wrong horse", back), E_DENIED);
    assert_int_equal(secret_read(path, "record", "correct horse", back), E_OK);
    assert_memory_equal(back, seed, 32);
}

static void a_sealed_key_file_does_not_show_the_key(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf file = { 0 };
    assert_int_equal(secret_write(path, "record", seed, "correct horse"), E_OK);
    assert_int_equal(file_read(path, 4096, &file), E_OK);
    assert_null(strstr(buf_string(&file), "3031323334"));
}

int main(void)
{
#define FACT(f) cmocka_unit_test_setup_teardown(f, drop_file, drop_file)
    const struct CMUnitTest tests[] = {
        FACT(a_plain_key_comes_back_and_only_its_owner_reads_it),
        FACT(a_key_is_never_overwritten),
        FACT(a_key_that_others_can_read_is_refused),
        FACT(a_key_serves_one_purpose),
        FACT(a_missing_key_and_a_damaged_one_are_told_apart),
        FACT(a_sealed_key_opens_with_its_passphrase_only),
        FACT(a_sealed_key_file_does_not_show_the_key),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
