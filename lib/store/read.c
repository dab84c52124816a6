#include <inttypes.h>
#include <stdlib.h>

#include "store/inside.h"

enum err store_read(struct store *store, struct store_view **out)
{
    *out = NULL;
    struct db_txn *db;
    TRY(db_read(store->db, &db));
    *out = mem_alloc(sizeof(**out));
    (*out)->store = store;
    (*out)->db = db;
    return E_OK;
}

void store_done(struct store_view **view)
{
    if (!*view)
        return;
    db_abort(&(*view)->db);
    free(*view);
    *view = NULL;
}

enum err store_view_error(const struct store_view *view)
{
    return db_error(view->db);
}

bool store_get(struct store_view *view, enum store_table table, struct bytes key, struct bytes *value)
{
    return db_get(view->db, table, key, value);
}

enum err store_each(struct store_view *view, enum store_table table, struct bytes prefix,
                    bool (*each)(void *context, struct bytes key, struct bytes value), void *context)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(view->db, table);
    struct bytes key;
    struct bytes value;
    bool more = prefix.len > 0 ? db_seek(cursor, prefix, &key, &value) : db_next(cursor, &key, &value);
    for (; more; more = db_next(cursor, &key, &value)) {
        if (key.len < prefix.len || !bytes_equal(bytes_of(key.data, prefix.len), prefix) ||
            !each(context, key, value))
            break;
    }
    return store_view_error(view);
}

uint64_t store_size(struct store_view *view)
{
    return db_entries(view->db, TABLE_ENTRIES);
}

static bool index_of(struct store_view *view, const struct hash *author, uint32_t *index)
{
    if (!view->found || !hash_equal(&view->author, author)) {
        view->author = *author;
        view->found = find_index(view->db, author, &view->index);
    }
    *index = view->index;
    return view->found;
}

static enum err not_found(struct store_view *view, const char *what, uint64_t number)
{
    TRY(db_error(view->db));
    return fail(E_NOT_FOUND, "no %s %" PRIu64, what, number);
}

bool store_feed(struct store_view *view, const struct hash *author, struct feed *out)
{
    uint32_t index;
    return index_of(view, author, &index) && find_feed(view->db, index, out);
}

enum err store_each_feed(struct store_view *view, bool (*each)(void *context, const struct feed *feed),
                         void *context)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(view->db, TABLE_HEADS);
    struct bytes key;
    struct bytes value;
    struct feed feed;
    while (db_next(cursor, &key, &value)) {
        enum err code = feed_decode(value, &feed);
        if (code != E_OK)
            db_fail(view->db, code);
        if (code != E_OK || !each(context, &feed))
            break;
    }
    return store_view_error(view);
}

enum err store_at(struct store_view *view, uint64_t position, struct bytes *entry,
                  struct bytes *salted_payload)
{
    *salted_payload = (struct bytes){ 0 };
    if (!find_entry(view->db, position, entry))
        return not_found(view, "position", position);
    struct key_position key = key_of_position(position);
    db_get(view->db, TABLE_PAYLOADS, BYTES_OF(key), salted_payload);
    return db_error(view->db);
}

enum err store_locate(struct store_view *view, const struct hash *author, uint64_t seq, uint64_t *position)
{
    uint32_t index;
    struct run_row run;
    if (!index_of(view, author, &index) || !find_run(view->db, index, seq, &run))
        return not_found(view, "record", seq);
    *position = run.position + (seq - run.first);
    return E_OK;
}

enum err store_record_key(struct store_view *view, const struct hash *author, uint64_t seq, struct key *key)
{
    uint32_t index;
    struct run_row run;
    if (!index_of(view, author, &index) || !find_run(view->db, index, seq, &run))
        return not_found(view, "record", seq);
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(view->db, TABLE_EPOCHS);
    struct key_seq want = key_of_seq(index, seq);
    struct bytes row;
    struct bytes value;
    if (!db_seek_back(cursor, BYTES_OF(want), &row, &value) || row.len != sizeof(want) ||
        get_u32(row.data) != index || value.len != KEY_BYTES)
        return corrupt(view->db, "record %" PRIu64 " is in no epoch", seq);
    memcpy(key->b, value.data, KEY_BYTES);
    return E_OK;
}
