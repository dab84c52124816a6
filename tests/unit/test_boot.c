#include "store/boot.h"

#include "db_bench.h"

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

static void put_mark(const char *text)
{
    AUTO(free_ptr) char *path = path_join(scratch, "unsynced");
    assert_int_equal(file_write(path, bytes_text(text), 0600), E_OK);
}

static void only_who_works_there_leaves_a_mark(void **state)
{
    (void)state;
    AUTO(free_ptr) char *mark = path_join(scratch, "unsynced");
    bool marked = true;
    assert_int_equal(boot_enter(scratch, false, &marked), E_OK);
    assert_false(marked);
    assert_false(file_exists(mark));
    assert_int_equal(boot_enter(scratch, true, &marked), E_OK);
    assert_true(marked);
    assert_true(file_exists(mark));
    assert_int_equal(boot_enter(scratch, false, &marked), E_OK); /* a reader beside it */
    assert_false(marked);
    assert_true(file_exists(mark));
    assert_int_equal(boot_enter(scratch, true, &marked), E_OK); /* the next, after kill -9 */
    assert_true(marked);
    boot_leave(scratch);
    assert_false(file_exists(mark));
    boot_leave(scratch); /* and once more is fine */
}

static void any_mark_but_this_boots_is_corrupt_to_everyone(void **state)
{
    (void)state;
    char huge[200];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *const marks[] = { "", "another boot\n", huge };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        bool marked = true;
        put_mark(marks[i]);
        assert_int_equal(boot_enter(scratch, true, &marked), E_CORRUPT);
        assert_int_equal(boot_enter(scratch, false, &marked), E_CORRUPT);
    }
}

static void a_folder_that_is_not_there_cannot_be_marked(void **state)
{
    (void)state;
    bool marked = true;
    AUTO(free_ptr) char *none = path_join(scratch, "none");
    assert_int_not_equal(boot_enter(none, true, &marked), E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(what_is_unsynced_outlives_its_process_but_not_the_machine),
        FACT(only_who_works_there_leaves_a_mark),
        FACT(any_mark_but_this_boots_is_corrupt_to_everyone),
        FACT(a_folder_that_is_not_there_cannot_be_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
