#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "store/inside.h"

/* Walks a feed's records in order, through its runs. */
struct walk {
    struct store_view *view;
    struct db_cursor *entries, *payloads;
    uint32_t index;
    uint64_t seq;       /* of the record that comes next */
    struct run_row run; /* the run that holds it; count 0: not looked for yet */
    bool has_payload;   /* the payload cursor stands at payload_at */
    uint64_t payload_at;
    struct bytes payload;
};

struct packing {
    struct buf *out;
    size_t count;
    size_t ends[MAX_RUN_RECORDS]; /* where each of the last records ends in out */
    size_t begin;                 /* of the first in out */
};

static void walk_end(struct walk *walk)
{
    db_cursor_free(&walk->entries);
    db_cursor_free(&walk->payloads);
}

static void take_payload_key(struct walk *walk, struct bytes key)
{
    if (walk->has_payload && key.len == 8)
        walk->payload_at = get_u64(key.data);
    else if (walk->has_payload)
        corrupt(walk->view->db, "a payload's position has %zu bytes", key.len);
}

/* The salted payload at position; empty when it is absent. */
static struct bytes payload_at(struct walk *walk, uint64_t position, bool next)
{
    struct bytes key;
    if (!next) {
        struct key_position want = key_of_position(position);
        walk->has_payload = db_seek(walk->payloads, BYTES_OF(want), &key, &walk->payload);
        take_payload_key(walk, key);
    } else if (walk->has_payload && walk->payload_at < position) {
        walk->has_payload = db_next(walk->payloads, &key, &walk->payload);
        take_payload_key(walk, key);
    }
    return walk->has_payload && walk->payload_at == position ? walk->payload : (struct bytes){ 0 };
}

/* False at the end of the feed, or on failure. */
static bool walk_next(struct walk *walk, struct bytes *entry, struct bytes *salted)
{
    bool next = walk->run.count > 0 && walk->seq - walk->run.first < walk->run.count;
    if (!next && !find_run(walk->view->db, walk->index, walk->seq, &walk->run))
        return false;
    uint64_t position = walk->run.position + (walk->seq - walk->run.first);
    struct key_position want = key_of_position(position);
    struct bytes key;
    bool found =
        next ? db_next(walk->entries, &key, entry) : db_seek(walk->entries, BYTES_OF(want), &key, entry);
    if (!found || !bytes_equal(key, BYTES_OF(want)) || entry->len != ENTRY_BYTES) {
        if (db_error(walk->view->db) == E_OK)
            corrupt(walk->view->db, "no entry at %" PRIu64, position);
        return false;
    }
    *salted = payload_at(walk, position, next);
    walk->seq++;
    return db_error(walk->view->db) == E_OK;
}

static size_t packed_bytes(struct bytes salted)
{
    return ENTRY_BYTES + 1 + salted.len;
}

static bool is_identity(struct bytes entry)
{
    return entry.data[1] == KIND_IDENTITY;
}

/* Packs until a limit or an identity event; true when a limit cut and there is more behind. */
static bool pack_all(struct walk *walk, struct packing *pack, size_t max_bytes, size_t max_count)
{
    struct bytes entry;
    struct bytes salted;
    while (walk_next(walk, &entry, &salted)) {
        size_t used = pack->out->len - pack->begin;
        if (pack->count > 0 && is_identity(entry))
            return false;
        if (pack->count > 0 && (pack->count >= max_count || used + packed_bytes(salted) > max_bytes))
            return true;
        run_append_parts(pack->out, entry.data, salted);
        pack->ends[pack->count++ % MAX_RUN_RECORDS] = pack->out->len;
        if (is_identity(entry))
            return false;
    }
    return false;
}

/* Cuts the run back to the last record whose own signature verifies; leaves it when there is none. */
static void cut_back(struct packing *pack, const struct key *key)
{
    size_t least = pack->count < MAX_RUN_RECORDS ? 0 : pack->count - (MAX_RUN_RECORDS - 1);
    for (size_t count = pack->count; count > least; count--) {
        size_t end = pack->ends[(count - 1) % MAX_RUN_RECORDS];
        size_t begin = count == 1 ? pack->begin : pack->ends[(count - 2) % MAX_RUN_RECORDS];
        const uint8_t *entry = pack->out->data + begin;
        if (!verify_record(key, bytes_of(entry, HEADER_BYTES), entry + HEADER_BYTES))
            continue;
        pack->out->len = end;
        pack->count = count;
        return;
    }
}

enum err store_pack(struct store_view *view, const struct hash *author, uint64_t from, size_t max_bytes,
                    size_t max_count, struct buf *out, size_t *count)
{
    *count = 0;
    uint32_t index;
    uint64_t position;
    enum err code = store_locate(view, author, from, &position);
    if (code != E_OK)
        return code == E_NOT_FOUND ? E_OK : code;
    index = view->index;
    AUTO(walk_end) struct walk walk = { .view = view, .index = index, .seq = from };
    walk.entries = db_cursor(view->db, TABLE_ENTRIES);
    walk.payloads = db_cursor(view->db, TABLE_PAYLOADS);
    struct packing pack = { .out = out, .begin = out->len };
    if (pack_all(&walk, &pack, max_bytes, max_count)) {
        struct key key;
        TRY(store_record_key(view, author, from, &key));
        cut_back(&pack, &key);
    }
    if (db_error(view->db) != E_OK) {
        out->len = pack.begin;
        return db_error(view->db);
    }
    *count = pack.count;
    return E_OK;
}
