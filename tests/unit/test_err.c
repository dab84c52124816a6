#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* cmocka has a macro of this name. */
#undef fail

static void a_failure_keeps_its_sentence(void **state)
{
    (void)state;
    assert_int_equal(fail(E_GAP, "seq %d after %d", 7, 5), E_GAP);
    assert_string_equal(err_message(), "seq 7 after 5");
}

static void a_sentence_may_be_made_of_the_last_one(void **state)
{
    (void)state;
    (void)fail(E_GAP, "seq 7");
    assert_int_equal(fail(E_CORRUPT, "feed x: %s", err_message()), E_CORRUPT);
    assert_string_equal(err_message(), "feed x: seq 7");
}

static void a_long_sentence_is_cut_at_511_bytes(void **state)
{
    (void)state;
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    (void)fail(E_GAP, "%s", longer);
    assert_int_equal(strlen(err_message()), 511);
    errno = EPERM;
    (void)fail_errno(E_IO, "%s", longer);
    assert_int_equal(strlen(err_message()), 511);
}

static void what_the_system_said_stands_behind(void **state)
{
    (void)state;
    errno = EACCES;
    assert_int_equal(fail_errno(E_IO, "open %s", "x"), E_IO);
    assert_string_equal(err_message(), "open x: Permission denied");
}

static void a_full_disk_has_its_own_code(void **state)
{
    (void)state;
    errno = ENOSPC;
    assert_int_equal(fail_errno(E_IO, "x"), E_FULL);
    errno = EDQUOT;
    assert_int_equal(fail_errno(E_IO, "x"), E_FULL);
    errno = ENOSPC;
    assert_int_equal(fail_errno(E_NOT_FOUND, "x"), E_NOT_FOUND);
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int code = 0; code < E_COUNT; code++) {
        assert_non_null(err_name((enum err)code));
        for (int other = 0; other < code; other++)
            assert_string_not_equal(err_name((enum err)code), err_name((enum err)other));
    }
    assert_string_equal(err_name(E_BROKEN_CHAIN), "broken chain");
    assert_string_equal(err_name(E_COUNT), "unknown error");
    assert_string_equal(err_name((enum err) - 1), "unknown error");
}

static enum err pass_on(enum err code, bool *went_on)
{
    TRY(code);
    *went_on = true;
    return E_OK;
}

static void try_returns_a_failure_and_nothing_else(void **state)
{
    (void)state;
    bool went_on = false;
    assert_int_equal(pass_on(E_BUSY, &went_on), E_BUSY);
    assert_false(went_on);
    assert_int_equal(pass_on(E_OK, &went_on), E_OK);
    assert_true(went_on);
}

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    (void)fail(E_FORK, "elsewhere");
    return NULL;
}

static void each_thread_has_its_own_sentence(void **state)
{
    (void)state;
    pthread_t thread;
    (void)fail(E_GAP, "here");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(err_message(), "here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_sentence),
        cmocka_unit_test(a_sentence_may_be_made_of_the_last_one),
        cmocka_unit_test(a_long_sentence_is_cut_at_511_bytes),
        cmocka_unit_test(what_the_system_said_stands_behind),
        cmocka_unit_test(a_full_disk_has_its_own_code),
        cmocka_unit_test(every_code_has_a_name),
        cmocka_unit_test(try_returns_a_failure_and_nothing_else),
        cmocka_unit_test(each_thread_has_its_own_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
