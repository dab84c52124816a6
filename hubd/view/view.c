#include "hubd/view/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "hubd/view/postings.h"
#include "hubd/view/projection.h"
#include "hubd/view/view_private.h"

/* A transaction past some 64 MiB of pages gets slow in LMDB; this much log stays far below. */
#define MAX_BATCH_RECORDS 16384U
#define MAX_BATCH_READ_BYTES 16777216U

static const char *const view_tables[] = {
    [VIEW_META] = "meta",
    [VIEW_IDS] = "ids",
    [VIEW_WAITING] = "waiting",
    [VIEW_ENGAGEMENTS] = "engagements",
    [VIEW_ACCOUNTS] = "accounts",
    [VIEW_AUTHORS] = "authors",
    [VIEW_NAMES] = "names",
    [VIEW_POSTINGS] = "postings",
    NULL,
};

/* ---- opening */

static enum err open_database(struct view *view)
{
    struct db_options options = {
        .folder = view->folder, .tables = view_tables, .map_bytes = view->map_bytes, .unsynced = true
    };
    return db_open(&options, &view->db);
}

static enum err throw_away(struct view *view)
{
    db_close(&view->db);
    return db_drop(view->folder);
}

/* E_UNMET when it stands for another log than the store's. */
static enum err check_log(struct view *view, const struct meta *meta)
{
    AUTO(store_done) struct store_view *log = NULL;
    struct bytes entry, salted;
    if (memcmp(meta->store_id, store_id(view->store), sizeof meta->store_id) != 0)
        return fail(E_UNMET, "the view stands for another store");
    TRY(store_read(view->store, &log));
    if (meta->cursor > store_size(log))
        return fail(E_UNMET, "the view is ahead of the log");
    if (meta->cursor == 0)
        return E_OK;
    TRY(store_at(log, meta->cursor - 1, &entry, &salted));
    struct hash id = hash_leaf(entry);
    return hash_equal(&id, &meta->last) ? E_OK : fail(E_UNMET, "the view stands for another log");
}

/* A view without a state must have nothing else either: one that was found damaged has lost its state. */
static enum err read_state(struct view *view, struct meta *meta)
{
    AUTO(db_abort) struct db_txn *txn = NULL;
    TRY(db_read(view->db, &txn));
    enum err code = meta_read(txn, meta);
    if (code == E_NOT_FOUND && db_entries(txn, VIEW_AUTHORS) > 0)
        return fail(E_CORRUPT, "the view has lost its state");
    return code;
}

static enum err start_afresh(struct view *view)
{
    struct db_txn *txn = NULL;
    struct meta meta = { 0 };
    memcpy(meta.store_id, store_id(view->store), sizeof meta.store_id);
    TRY(db_write(view->db, &txn));
    meta_write(txn, &meta);
    return db_commit(&txn);
}

static enum err open_held(struct view *view)
{
    struct meta meta = { 0 };
    TRY(open_database(view));
    enum err code = read_state(view, &meta);
    if (code == E_NOT_FOUND)
        return start_afresh(view);
    TRY(code);
    TRY(check_log(view, &meta));
    atomic_store(&view->cursor, meta.cursor);
    return E_OK;
}

/* A projection is worth less than the time to repair it. */
static bool is_worthless(enum err code)
{
    return code == E_VERSION || code == E_CORRUPT || code == E_UNMET;
}

enum err view_open(const char *folder, uint64_t map_bytes, struct store *store, struct view **out)
{
    *out = NULL;
    AUTO(view_close) struct view *view = mem_alloc(sizeof *view);
    view->folder = mem_text(folder);
    view->map_bytes = map_bytes;
    view->store = store;
    enum err code = open_held(view);
    if (is_worthless(code)) {
        TRY(throw_away(view));
        code = open_held(view);
    }
    TRY(code);
    *out = view;
    view = NULL;
    return E_OK;
}

void view_close(struct view **view)
{
    if (*view == NULL)
        return;
    speakers_free(&(*view)->authors);
    names_free(&(*view)->names);
    db_close(&(*view)->db);
    free((*view)->folder);
    free(*view);
    *view = NULL;
}

unsigned view_reap_readers(struct view *view)
{
    return db_reap_readers(view->db);
}

uint64_t view_cursor(struct view *view)
{
    return atomic_load(&view->cursor);
}

/* ---- advancing */

/* Of a view that is in use, and so has a state unless it was found damaged. */
static enum err read_meta(struct db_txn *txn, struct meta *meta)
{
    enum err code = meta_read(txn, meta);
    return code == E_NOT_FOUND ? fail(E_CORRUPT, "the view is damaged: opening it again rebuilds it") : code;
}

static enum err take_batch(struct view *view, struct db_txn *txn, struct store_view *log, struct meta *meta,
                           uint64_t until)
{
    if (view->authors == NULL)
        TRY(speakers_load(txn, &view->authors));
    if (view->names == NULL)
        TRY(names_load(txn, &view->names));
    AUTO(projection_free)
    struct projection *projection = projection_new(txn, log, view->authors, view->names, meta);
    for (size_t sum = 0, bytes = 0; meta->cursor < until && sum < MAX_BATCH_READ_BYTES; sum += bytes)
        TRY(projection_take(projection, &bytes));
    TRY(projection_finish(projection));

    struct bytes entry, salted;
    TRY(store_at(log, meta->cursor - 1, &entry, &salted));
    meta->last = hash_leaf(entry);
    meta_write(txn, meta);
    return E_OK;
}

static uint64_t batch_end(uint64_t cursor, uint64_t size, size_t max_records)
{
    uint64_t most = max_records == 0 ? 1 : max_records;
    most = most < MAX_BATCH_RECORDS ? most : MAX_BATCH_RECORDS;
    return size - cursor < most ? size : cursor + most;
}

/* Without its state a view is thrown away at the next opening. */
static enum err forget_state(struct view *view)
{
    struct db_txn *txn = NULL;
    TRY(db_write(view->db, &txn));
    db_delete(txn, VIEW_META, bytes_text("state"));
    return db_commit(&txn);
}

static enum err advance(struct view *view, size_t max_records, bool *more)
{
    AUTO(store_done) struct store_view *log = NULL;
    AUTO(db_abort) struct db_txn *txn = NULL;
    struct meta meta;
    TRY(store_read(view->store, &log));
    uint64_t size = store_size(log);
    if (atomic_load(&view->cursor) >= size)
        return E_OK;
    TRY(db_write(view->db, &txn));
    TRY(read_meta(txn, &meta));
    TRY(take_batch(view, txn, log, &meta, batch_end(meta.cursor, size, max_records)));
    TRY(db_commit(&txn));
    atomic_store(&view->cursor, meta.cursor);
    *more = meta.cursor < size;
    return E_OK;
}

enum err view_advance(struct view *view, size_t max_records, bool *more)
{
    *more = false;
    enum err code = advance(view, max_records, more);
    if (code == E_OK)
        return E_OK;
    /* What was learnt in the batch is not in the database. */
    speakers_free(&view->authors);
    names_free(&view->names);
    char why[256];
    snprintf(why, sizeof why, "%s", err_message());
    if (code == E_CORRUPT)
        forget_state(view);
    return fail(code, "%s", why);
}

/* ---- reading */

enum err snapshot_open(struct view *view, struct snapshot *out)
{
    *out = (struct snapshot){ 0 };
    /* The view first: the log's snapshot is then at least as long as the view says. */
    enum err code = db_read(view->db, &out->txn);
    if (code == E_OK)
        code = store_read(view->store, &out->log);
    if (code == E_OK)
        code = read_meta(out->txn, &out->meta);
    if (code != E_OK)
        snapshot_close(out);
    return code;
}

void snapshot_close(struct snapshot *snapshot)
{
    db_abort(&snapshot->txn);
    store_done(&snapshot->log);
}

static enum err count_term(struct snapshot *s, const char *term, uint64_t *sum)
{
    uint32_t pieces = (s->meta.engagements >> 16) + 1;
    *sum = 0;
    for (uint32_t number = 0; number < pieces; number++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(postings_get(s->txn, VIEW_POSTINGS, bytes_text(term), number, &piece));
        *sum += piece_count(piece);
    }
    return E_OK;
}

enum err view_stats(struct view *view, json_t **out)
{
    AUTO(snapshot_close) struct snapshot s;
    uint64_t live = 0, plain = 0;
    struct db_usage usage = { 0 };
    *out = NULL;
    TRY(snapshot_open(view, &s));
    TRY(count_term(&s, "all", &live));
    TRY(count_term(&s, "flag:none", &plain));
    TRY(db_usage(view->db, &usage));
    *out = json_pack("{sI sI sI sI sI sI sI sI sI sI sI sI sI}", "records", (json_int_t)s.meta.cursor,
                     "engagements", (json_int_t)live, "withdrawn", (json_int_t)(s.meta.engagements - live),
                     "flagged", (json_int_t)(live - plain), "statements", (json_int_t)s.meta.statements,
                     "retractions", (json_int_t)s.meta.retractions, "withheld", (json_int_t)s.meta.withheld,
                     "undecodable", (json_int_t)s.meta.undecodable, "unknown_types",
                     (json_int_t)s.meta.unknown_types, "no_effect", (json_int_t)s.meta.no_effect, "log_size",
                     (json_int_t)s.meta.cursor, "terms", (json_int_t)db_entries(s.txn, VIEW_POSTINGS),
                     "used_bytes", (json_int_t)usage.used_bytes);
    return *out != NULL ? E_OK : fail(E_IO, "no memory for the view's statistics");
}
