/* db_bench: an LMDB environment in a folder of its own, and a disk under it that fails on command. */
#pragma once

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

static inline bool fails_now(void)
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

static inline void mend(void)
{
    fault.writes_left = -1;
    fault.sync_error = 0;
}

/* ---- the environment under test */

enum { PLAIN, LOG };
static const char *const tables[] = { "plain", "log", NULL };
static struct db *db;

static inline struct db_options options_of(uint64_t map_bytes)
{
    return (struct db_options){ .folder = scratch, .tables = tables, .map_bytes = map_bytes };
}

static inline int bench_up(void **state)
{
    mend();
    struct db_options options = options_of(1 << 30);
    return scratch_make(state) == 0 && db_open(&options, &db) == E_OK ? 0 : -1;
}

static inline int bench_down(void **state)
{
    mend();
    db_close(&db);
    return scratch_drop(state);
}

static inline enum err reopen(uint64_t map_bytes)
{
    db_close(&db);
    struct db_options options = options_of(map_bytes);
    return db_open(&options, &db);
}

static inline struct bytes number(uint64_t n)
{
    static uint8_t room[4][8];
    static unsigned at;
    uint8_t *b = room[at++ % 4];
    put_u64(b, n);
    return bytes_of(b, 8);
}

static inline enum err put_text(const char *key, const char *value)
{
    struct db_txn *txn;
    enum err code = db_write(db, &txn);
    if (code != E_OK)
        return code;
    db_put(txn, PLAIN, bytes_text(key), bytes_text(value));
    return db_commit(&txn);
}

static inline bool has_text(const char *key, const char *value)
{
    struct db_txn *txn;
    struct bytes found;
    assert_int_equal(db_read(db, &txn), E_OK);
    bool is = db_get(txn, PLAIN, bytes_text(key), &found) && bytes_equal(found, bytes_text(value));
    assert_int_equal(db_error(txn), E_OK);
    db_abort(&txn);
    return is;
}

static inline uint64_t entries(db_table table)
{
    struct db_txn *txn;
    assert_int_equal(db_read(db, &txn), E_OK);
    uint64_t count = db_entries(txn, table);
    db_abort(&txn);
    return count;
}

/* Appends count values of size bytes in one transaction behind what is there. */
static inline enum err append_many(unsigned count, size_t size)
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

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
