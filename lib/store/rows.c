#include <inttypes.h>

#include "store/inside.h"

bool find_index(struct db_txn *db, const struct hash *author, uint32_t *index)
{
    struct bytes value;
    if (!db_get(db, TABLE_FEEDS, BYTES_OF(*author), &value))
        return false;
    if (value.len != 4)
        return corrupt(db, "a feed's index of %zu bytes", value.len), false;
    *index = get_u32(value.data);
    return true;
}

bool find_feed(struct db_txn *db, uint32_t index, struct feed *out)
{
    struct key_index key = key_of_index(index);
    struct bytes value;
    if (!db_get(db, TABLE_HEADS, BYTES_OF(key), &value))
        return db_error(db) == E_OK && (corrupt(db, "feed %" PRIu32 " has no head", index), false);
    enum err code = feed_decode(value, out);
    if (code != E_OK)
        db_fail(db, code);
    return code == E_OK;
}

bool find_run(struct db_txn *db, uint32_t index, uint64_t seq, struct run_row *out)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(db, TABLE_RUNS);
    struct key_seq want = key_of_seq(index, seq);
    struct bytes key;
    struct bytes value;
    if (!db_seek_back(cursor, BYTES_OF(want), &key, &value))
        return false;
    if (!run_row_read(key, value, out))
        return corrupt(db, "a run of %zu and %zu bytes", key.len, value.len), false;
    return out->index == index && seq - out->first < out->count;
}

bool find_entry(struct db_txn *db, uint64_t position, struct bytes *entry)
{
    struct key_position key = key_of_position(position);
    if (!db_get(db, TABLE_ENTRIES, BYTES_OF(key), entry))
        return false;
    if (entry->len != ENTRY_BYTES)
        return corrupt(db, "the entry at %" PRIu64 " has %zu bytes", position, entry->len), false;
    return true;
}
