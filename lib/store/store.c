#include "store/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/inside.h"

#define SCHEMA 1U

static const char *const tables[] = {
    "meta",     "peers", "keys",  "names", "marks",  "subjects", "quarantine", "entries",
    "payloads", "feeds", "heads", "runs",  "epochs", "tree",     NULL,
};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == TABLE_COUNT + 1, "one name a table");
_Static_assert((int)TABLE_ENTRIES == (int)STORE_QUARANTINE + 1,
               "enum table goes on where enum store_table ends");

enum err corrupt(struct db_txn *db, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    enum err code = fail(E_CORRUPT, "%s", text);
    db_fail(db, code);
    return code;
}

/* ---- opening */

static enum err read_schema(struct db *db, uint32_t *schema)
{
    struct db_txn *txn = NULL;
    struct bytes value;
    TRY(db_read(db, &txn));
    bool found = db_get(txn, STORE_META, bytes_text("schema"), &value);
    enum err code = db_error(txn);
    if (found && value.len != 4)
        code = fail(E_CORRUPT, "the store's schema has %zu bytes", value.len);
    *schema = found && code == E_OK ? get_u32(value.data) : 0;
    db_abort(&txn);
    return code;
}

/* Looks before anything is touched: a store of a later version must stay as it is. *schema 0: there is none.
 */
static enum err look(const struct store_options *options, uint32_t *schema)
{
    static const char *const meta_only[] = { "meta", NULL };
    *schema = 0;
    AUTO(db_close) struct db *db = NULL;
    enum err code = db_open(
        &(struct db_options){ .folder = options->folder, .tables = meta_only, .read_only = true }, &db);
    if (code == E_NOT_FOUND)
        return E_OK;
    TRY(code);
    TRY(read_schema(db, schema));
    if (*schema > SCHEMA)
        return fail(E_VERSION, "%s was made by a later version (schema %" PRIu32 ", known: %u)",
                    options->folder, *schema, SCHEMA);
    return E_OK;
}

static enum err make(struct store *store)
{
    uint8_t id[16];
    uint8_t number[8];
    struct db_txn *txn = NULL;
    TRY(db_write(store->db, &txn));
    if (db_entries(txn, TABLE_ENTRIES) > 0)
        corrupt(txn, "entries, but no schema");
    random_bytes(id, sizeof(id));
    db_put(txn, STORE_META, bytes_text("store_id"), BYTES(id));
    put_u64(number, 1);
    db_put(txn, STORE_META, bytes_text("incarnation"), BYTES(number));
    put_u32(number, SCHEMA);
    db_put(txn, STORE_META, bytes_text("schema"), bytes_of(number, 4));
    return db_commit(&txn);
}

static enum err load(struct store *store)
{
    struct db_txn *txn = NULL;
    struct bytes id;
    struct bytes incarnation;
    TRY(db_read(store->db, &txn));
    if (!db_get(txn, STORE_META, bytes_text("store_id"), &id) || id.len != sizeof(store->id) ||
        !db_get(txn, STORE_META, bytes_text("incarnation"), &incarnation) || incarnation.len != 8) {
        corrupt(txn, "the store's id or incarnation is not there");
    } else {
        memcpy(store->id, id.data, sizeof(store->id));
        store->incarnation = get_u64(incarnation.data);
    }
    enum err code = db_error(txn);
    db_abort(&txn);
    return code;
}

enum err store_open(const struct store_options *options, struct store **out)
{
    *out = NULL;
    uint32_t schema;
    TRY(look(options, &schema));
    if (schema == 0 && (!options->create || options->read_only))
        return fail(E_NOT_FOUND, "there is no store in %s", options->folder);
    AUTO(store_close) struct store *store = mem_alloc(sizeof(*store));
    store->log = options->log;
    struct db_options db = { .folder = options->folder,
                             .tables = tables,
                             .map_bytes = options->map_bytes,
                             .read_only = options->read_only };
    TRY(db_open(&db, &store->db));
    if (schema == 0)
        TRY(make(store));
    TRY(load(store));
    *out = store;
    store = NULL;
    return E_OK;
}

void store_close(struct store **store)
{
    if (!*store)
        return;
    db_close(&(*store)->db);
    free(*store);
    *store = NULL;
}

const uint8_t *store_id(const struct store *store)
{
    return store->id;
}

uint64_t store_incarnation(const struct store *store)
{
    return store->incarnation;
}

struct db *store_db(struct store *store)
{
    return store->db;
}

/* ---- write transactions */

enum err store_begin(struct store *store, struct store_txn **out)
{
    *out = NULL;
    struct db_txn *db;
    TRY(db_write(store->db, &db));
    *out = mem_alloc(sizeof(**out));
    (*out)->store = store;
    (*out)->db = db;
    return E_OK;
}

static void free_txn(struct store_txn **txn)
{
    heads_clear(&(*txn)->heads);
    buf_clear(&(*txn)->scratch);
    free(*txn);
    *txn = NULL;
}

void store_abort(struct store_txn **txn)
{
    if (!*txn)
        return;
    db_abort(&(*txn)->db);
    free_txn(txn);
}

enum err store_commit(struct store_txn **txn)
{
    append_finish(*txn);
    enum err code = db_commit(&(*txn)->db);
    free_txn(txn);
    return code;
}

enum err store_error(const struct store_txn *txn)
{
    return db_error(txn->db);
}

void store_put(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value)
{
    db_put(txn->db, table, key, value);
}

void store_delete(struct store_txn *txn, enum store_table table, struct bytes key)
{
    db_delete(txn->db, table, key);
}

bool store_get_in(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes *value)
{
    return db_get(txn->db, table, key, value);
}
