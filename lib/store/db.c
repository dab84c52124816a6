#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/boot.h"
#include "store/db_file.h"
#include "store/db_private.h"
#include "store/disk.h"

#define DEFAULT_READERS 512

static enum err code_of(int rc)
{
    switch (rc) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return E_FULL;
    case EROFS:
    case EACCES:
    case EPERM:
        return E_DENIED;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_INCOMPATIBLE:
    case MDB_KEYEXIST: /* an append that does not sort last */
        return E_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return E_VERSION;
    case MDB_BAD_VALSIZE:
    case MDB_TXN_FULL:
        return E_TOO_BIG;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:
        return E_BUSY;
    case MDB_NOTFOUND:
    case ENOENT:
        return E_NOT_FOUND;
    default:
        return E_IO;
    }
}

static const char *words_of(int rc)
{
    return rc == MDB_MAP_FULL ? "the map is full" : mdb_strerror(rc);
}

static enum err fail_rc(const struct db *db, int rc, const char *what)
{
    return fail(code_of(rc), "%s: %s: %s", db->folder, what, words_of(rc));
}

/* ---- opening */

static enum err open_tables(struct db *db, const char *const *tables)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(db->env, NULL, db->read_only ? MDB_RDONLY : 0, &txn);
    if (rc != MDB_SUCCESS)
        return fail_rc(db, rc, "cannot begin");
    for (unsigned i = 0; i < db->tables && rc == MDB_SUCCESS; i++) {
        rc = mdb_dbi_open(txn, tables[i], db->read_only ? 0 : MDB_CREATE, &db->dbi[i]);
        if (rc != MDB_SUCCESS)
            fail_rc(db, rc, tables[i]);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code_of(rc);
    }
    rc = mdb_txn_commit(txn);
    return rc == MDB_SUCCESS ? E_OK : fail_rc(db, rc, "cannot make the tables");
}

static unsigned flags_of(const struct db_options *options, const char *path)
{
    unsigned flags = MDB_NOTLS;
    if (options->read_only)
        flags |= MDB_RDONLY;
    struct stat file;
    uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    if (stat(path, &file) == 0 && (uint64_t)file.st_size > memory / 2)
        flags |= MDB_NORDAHEAD;
    return flags;
}

static enum err open_env(struct db *db, const struct db_options *options)
{
    AUTO(free_ptr) char *path = path_join(options->folder, "data.mdb");
    TRY(db_file_check(path, !options->read_only));
    int rc = mdb_env_create(&db->env);
    if (rc != MDB_SUCCESS)
        return fail_rc(db, rc, "cannot begin");
    mdb_env_set_maxdbs(db->env, db->tables);
    mdb_env_set_maxreaders(db->env, options->max_readers ? options->max_readers : DEFAULT_READERS);
    /* A reader beside a daemon takes the map that the daemon has. */
    if (options->map_bytes > 0 && !options->read_only)
        mdb_env_set_mapsize(db->env, options->map_bytes);
    rc =
        mdb_env_open(db->env, options->folder, flags_of(options, path) | (db->marked ? MDB_NOSYNC : 0), 0600);
    if (rc != MDB_SUCCESS)
        return fail_rc(db, rc, "cannot open");
    db_reap_readers(db);
    return open_tables(db, options->tables);
}

enum err db_open(const struct db_options *options, struct db **out)
{
    *out = NULL;
    if (!options->read_only)
        TRY(dir_make(options->folder, 0700));
    TRY(disk_check(options->folder));
    AUTO(db_close) struct db *db = mem_alloc(sizeof(*db));
    db->folder = mem_text(options->folder);
    db->read_only = options->read_only;
    while (options->tables[db->tables])
        db->tables++;
    db->dbi = mem_alloc(db->tables * sizeof(db->dbi[0]));
    TRY(boot_enter(options->folder, options->unsynced && !options->read_only, &db->marked));
    TRY(open_env(db, options));
    if (!options->read_only)
        TRY(disk_sync_folder(options->folder));
    *out = db;
    db = NULL;
    return E_OK;
}

void db_close(struct db **db)
{
    if (!*db)
        return;
    bool synced = (*db)->marked && (*db)->env && mdb_env_sync((*db)->env, 1) == MDB_SUCCESS;
    if ((*db)->env)
        mdb_env_close((*db)->env);
    if (synced)
        boot_leave((*db)->folder);
    free((*db)->dbi);
    free((*db)->folder);
    free(*db);
    *db = NULL;
}

/* ---- transactions */

static void stick(struct db_txn *txn, enum err code)
{
    if (txn->err != E_OK)
        return;
    txn->err = code;
    snprintf(txn->sentence, sizeof(txn->sentence), "%s", err_message());
}

void db_stick(struct db_txn *txn, int rc, const char *what)
{
    if (txn->err == E_OK)
        stick(txn, fail_rc(txn->db, rc, what));
}

static enum err begin(struct db *db, unsigned flags, struct db_txn **out)
{
    *out = NULL;
    struct db_txn *txn = mem_alloc(sizeof(*txn) + db->tables * sizeof(txn->tail[0]));
    txn->db = db;
    int rc = mdb_txn_begin(db->env, NULL, flags, &txn->txn);
    if (rc != MDB_SUCCESS) {
        free(txn);
        return fail_rc(db, rc, "cannot begin");
    }
    *out = txn;
    return E_OK;
}

enum err db_write(struct db *db, struct db_txn **out)
{
    *out = NULL;
    if (db->read_only)
        return fail(E_DENIED, "%s is open for reading only", db->folder);
    TRY(begin(db, 0, out));
    if (!atomic_load(&db->poisoned))
        return E_OK;
    db_abort(out);
    return fail(E_IO, "%s: a write failed before: restart to go on", db->folder);
}

enum err db_read(struct db *db, struct db_txn **out)
{
    return begin(db, MDB_RDONLY, out);
}

void db_abort(struct db_txn **txn)
{
    if (!*txn)
        return;
    mdb_txn_abort((*txn)->txn);
    free(*txn);
    *txn = NULL;
}

/* LMDB gives up an environment whose header it could not write. */
static bool is_given_up(struct db *db)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn) == MDB_PANIC)
        return true;
    mdb_txn_abort(txn);
    return false;
}

/* LMDB is copy-on-write: what could not be written belongs to no committed page, so a full disk leaves the
 * old state whole and usable. A failed sync, or a header half written, says nothing about what is on the
 * disk: only opening again tells. */
static enum err commit_failed(struct db *db, int rc)
{
    if (rc == EIO && disk_is_full(db->folder))
        rc = ENOSPC; /* LMDB calls a short write EIO */
    enum err code = code_of(rc);
    bool undecided = (code != E_FULL && rc != ENOMEM) || is_given_up(db);
    if (undecided) {
        atomic_store(&db->poisoned, true);
        code = code == E_CORRUPT ? E_CORRUPT : E_IO;
    }
    return fail(code, "%s: cannot commit: %s", db->folder, words_of(rc));
}

enum err db_commit(struct db_txn **txn)
{
    struct db *db = (*txn)->db;
    if ((*txn)->err != E_OK) {
        enum err code = fail((*txn)->err, "%s", (*txn)->sentence);
        db_abort(txn);
        return code;
    }
    int rc = mdb_txn_commit((*txn)->txn);
    free(*txn);
    *txn = NULL;
    return rc == MDB_SUCCESS ? E_OK : commit_failed(db, rc);
}

enum err db_error(const struct db_txn *txn)
{
    return txn->err;
}

void db_fail(struct db_txn *txn, enum err code)
{
    stick(txn, code);
}

/* ---- values */

bool db_get(struct db_txn *txn, db_table table, struct bytes key, struct bytes *value)
{
    if (txn->err != E_OK)
        return false;
    MDB_val k = val(key);
    MDB_val v;
    int rc = mdb_get(txn->txn, txn->db->dbi[table], &k, &v);
    if (rc == MDB_SUCCESS) {
        *value = unval(v);
        return true;
    }
    if (rc != MDB_NOTFOUND)
        db_stick(txn, rc, "cannot read");
    return false;
}

/* A kept cursor trusts that nothing else moves the end of its table. */
static void drop_tail(struct db_txn *txn, db_table table)
{
    if (txn->tail[table])
        mdb_cursor_close(txn->tail[table]);
    txn->tail[table] = NULL;
}

void db_put(struct db_txn *txn, db_table table, struct bytes key, struct bytes value)
{
    if (txn->err != E_OK)
        return;
    drop_tail(txn, table);
    MDB_val k = val(key);
    MDB_val v = val(value);
    int rc = mdb_put(txn->txn, txn->db->dbi[table], &k, &v, 0);
    if (rc != MDB_SUCCESS)
        db_stick(txn, rc, "cannot write");
}

static bool append(struct db_txn *txn, db_table table, struct bytes key, MDB_val *v, unsigned flags)
{
    if (txn->err != E_OK)
        return false;
    int rc = MDB_SUCCESS;
    if (!txn->tail[table])
        rc = mdb_cursor_open(txn->txn, txn->db->dbi[table], &txn->tail[table]);
    MDB_val k = val(key);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_put(txn->tail[table], &k, v, MDB_APPEND | flags);
    if (rc != MDB_SUCCESS)
        db_stick(txn, rc, "cannot append");
    return rc == MDB_SUCCESS;
}

void db_append(struct db_txn *txn, db_table table, struct bytes key, struct bytes value)
{
    MDB_val v = val(value);
    append(txn, table, key, &v, 0);
}

void *db_append_room(struct db_txn *txn, db_table table, struct bytes key, size_t size)
{
    MDB_val v = { size, NULL };
    return append(txn, table, key, &v, MDB_RESERVE) ? v.mv_data : NULL;
}

void db_delete(struct db_txn *txn, db_table table, struct bytes key)
{
    if (txn->err != E_OK)
        return;
    drop_tail(txn, table);
    MDB_val k = val(key);
    int rc = mdb_del(txn->txn, txn->db->dbi[table], &k, NULL);
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND)
        db_stick(txn, rc, "cannot delete");
}

uint64_t db_entries(struct db_txn *txn, db_table table)
{
    MDB_stat stat = { 0 };
    if (txn->err != E_OK)
        return 0;
    int rc = mdb_stat(txn->txn, txn->db->dbi[table], &stat);
    if (rc != MDB_SUCCESS)
        db_stick(txn, rc, "cannot read");
    return stat.ms_entries;
}

/* ---- upkeep */

static uint64_t free_pages(MDB_txn *txn)
{
    enum { FREE_TABLE = 0 }; /* LMDB's own: transaction -> count, page, page ... */
    uint64_t pages = 0;
    MDB_cursor *cursor = NULL;
    MDB_val k;
    MDB_val v;
    if (mdb_cursor_open(txn, FREE_TABLE, &cursor) != MDB_SUCCESS)
        return 0;
    while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == MDB_SUCCESS) {
        size_t count;
        memcpy(&count, v.mv_data, sizeof(count));
        pages += count;
    }
    mdb_cursor_close(cursor);
    return pages;
}

static int count_reader(const char *line, void *context)
{
    unsigned *readers = context;
    *readers += line[0] == ' ' && strpbrk(line, "0123456789") != NULL;
    return 0;
}

enum err db_usage(struct db *db, struct db_usage *out)
{
    struct db_txn *txn = NULL;
    TRY(db_read(db, &txn));
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(db->env, &info);
    mdb_env_stat(db->env, &stat);
    uint64_t unused = free_pages(txn->txn);
    db_abort(&txn);
    *out = (struct db_usage){ .map_bytes = info.me_mapsize, .disk_free_bytes = disk_free_bytes(db->folder) };
    uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    out->used_bytes = (pages > unused ? pages - unused : 0) * stat.ms_psize;
    mdb_reader_list(db->env, count_reader, &out->readers);
    return E_OK;
}

unsigned db_reap_readers(struct db *db)
{
    int dead = 0;
    mdb_reader_check(db->env, &dead);
    return (unsigned)dead;
}
