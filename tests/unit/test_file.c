#include "base/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int start(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_file.XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int stop(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static size_t files_in(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void assert_holds(const char *path, const char *text)
{
    AUTO(buf_clear) struct buf content = { 0 };
    assert_int_equal(file_read(path, 1000, &content), E_OK);
    assert_string_equal(buf_string(&content), text);
}

static void a_file_is_written_whole_and_with_its_mode(void **state)
{
    (void)state;
    AUTO(free_ptr) char *path = path_join(folder, "whole");
    struct stat st;
    umask(0);
    assert_int_equal(file_write(path, bytes_text("one"), 0600), E_OK);
    assert_holds(path, "one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(file_write(path, bytes_text("two and more"), 0640), E_OK);
    assert_holds(path, "two and more");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(file_write(path, bytes_text(""), 0600), E_OK);
    assert_holds(path, "");
    unlink(path);
    assert_int_equal(files_in(folder), 0);
}

static void creating_never_replaces(void **state)
{
    (void)state;
    AUTO(free_ptr) char *path = path_join(folder, "created");
    AUTO(free_ptr) char *dangling = path_join(folder, "dangling");
    assert_int_equal(file_create(path, bytes_text("one"), 0600), E_OK);
    assert_int_equal(file_create(path, bytes_text("two"), 0600), E_EXISTS);
    assert_holds(path, "one");
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_true(file_exists(dangling));
    assert_int_equal(file_create(dangling, bytes_text("two"), 0600), E_EXISTS);
    unlink(dangling);
    unlink(path);
    assert_false(file_exists(path));
    assert_int_equal(files_in(folder), 0);
}

static void what_cannot_be_written_leaves_the_old_file_and_no_litter(void **state)
{
    (void)state;
    AUTO(free_ptr) char *path = path_join(folder, "limited");
    assert_int_equal(file_write(path, bytes_text("old"), 0600), E_OK);

    /* A file size limit fails a write half way, as a full disk does. */
    static char big[65536];
    struct rlimit old, limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = (struct rlimit){ 4096, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum err err = file_write(path, BYTES(big), 0600);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);

    assert_int_equal(err, E_IO);
    assert_holds(path, "old");
    assert_int_equal(files_in(folder), 1);
    unlink(path);
    assert_int_equal(file_write("/dev/null/x", bytes_text("x"), 0600), E_IO);
    assert_int_equal(file_create("/dev/null/x", bytes_text("x"), 0600), E_IO);
}

static void reading_says_what_is_wrong(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    AUTO(free_ptr) char *path = path_join(folder, "read");
    buf_text(&out, "kept");
    assert_int_equal(file_read(path, 10, &out), E_NOT_FOUND);
    assert_int_equal(file_write(path, bytes_text("0123456789"), 0600), E_OK);
    assert_int_equal(file_read(path, 9, &out), E_TOO_BIG);
    assert_int_equal(file_read(folder, 10, &out), E_IO);
    assert_non_null(strstr(err_message(), "directory"));
    assert_int_equal(out.len, 4);
    assert_int_equal(file_read(path, 10, &out), E_OK);
    assert_string_equal(buf_string(&out), "kept0123456789");
    AUTO(free_ptr) char *below = path_join(path, "x");
    assert_int_equal(file_read(below, 10, &out), E_NOT_FOUND);
    assert_int_equal(file_read("/dev/zero", 100000, &out), E_TOO_BIG);
    unlink(path);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    AUTO(free_ptr) char *deep = path_join(folder, "a/b//c/");
    struct stat st;
    assert_int_equal(dir_make(deep, 0700), E_OK);
    assert_int_equal(dir_make(deep, 0700), E_OK);
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    AUTO(free_ptr) char *path = path_join(folder, "a/file");
    assert_int_equal(file_write(path, bytes_text(""), 0600), E_OK);
    assert_int_equal(dir_make(path, 0700), E_EXISTS);
    AUTO(free_ptr) char *below = path_join(path, "x");
    assert_int_not_equal(dir_make(below, 0700), E_OK);
    assert_int_equal(dir_make("/", 0700), E_OK);
}

static void one_process_at_a_time_holds_a_lock(void **state)
{
    (void)state;
    AUTO(free_ptr) char *path = path_join(folder, "lock");
    int fd = -1, second = -1;
    char mine[64];
    assert_int_equal(file_lock(path, &fd), E_OK);
    assert_true(fd >= 0);
    assert_int_equal(file_lock(path, &second), E_BUSY);
    snprintf(mine, sizeof mine, "held by process %ld", (long)getpid());
    assert_non_null(strstr(err_message(), mine));
    assert_int_equal(second, -1);

    pid_t child = fork();
    if (child == 0)
        _exit(file_lock(path, &second) == E_BUSY ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    close(fd);
    assert_int_equal(file_lock(path, &second), E_OK);
    close(second);
    assert_int_equal(file_lock("/dev/null/lock", &second), E_IO);
}

static void the_lock_of_a_dead_process_is_free(void **state)
{
    (void)state;
    AUTO(free_ptr) char *path = path_join(folder, "dead");
    int fd = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(file_lock(path, &fd) == E_OK ? 0 : 1); /* without letting go */
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(file_exists(path));
    assert_int_equal(file_lock(path, &fd), E_OK);
    close(fd);
}

static void paths_join_with_one_slash(void **state)
{
    (void)state;
    AUTO(free_ptr) char *plain = path_join("a", "b");
    AUTO(free_ptr) char *slashed = path_join("/a/", "b");
    AUTO(free_ptr) char *bare = path_join("", "b");
    assert_string_equal(plain, "a/b");
    assert_string_equal(slashed, "/a/b");
    assert_string_equal(bare, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_whole_and_with_its_mode),
        cmocka_unit_test(creating_never_replaces),
        cmocka_unit_test(what_cannot_be_written_leaves_the_old_file_and_no_litter),
        cmocka_unit_test(reading_says_what_is_wrong),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(one_process_at_a_time_holds_a_lock),
        cmocka_unit_test(the_lock_of_a_dead_process_is_free),
        cmocka_unit_test(paths_join_with_one_slash),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
