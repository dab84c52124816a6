#include "hubd/view/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hubd/view/tables.h"

#define NONE UINT32_MAX
#define BUCKETS 256U
#define KEY_BYTES_WAITING 5U /* first byte of the id, ordinal u32 */

struct name {
    uint8_t id[16];
    uint32_t ordinal;
};

/* The waiting names that begin with one byte, in the order of their ordinals. */
struct bucket {
    struct name *list;
    size_t count, cap;
    uint32_t *slots; /* open addressing into list */
    size_t n_slots;
};

struct names {
    struct bucket buckets[BUCKETS];
    size_t waiting;
    uint64_t seed;
};

/* ---- in memory */

/* Seeded, since anybody may choose the id of a subject. */
static size_t slot_of(const struct names *names, const struct bucket *bucket, const uint8_t id[static 16])
{
    uint64_t h = (get_u64(id) ^ names->seed) * 0x9e3779b97f4a7c15U;
    h = (h ^ h >> 31 ^ get_u64(id + 8)) * (names->seed | 1);
    return (size_t)(h >> 32) & (bucket->n_slots - 1);
}

static void place(const struct names *names, struct bucket *bucket, uint32_t index)
{
    size_t at = slot_of(names, bucket, bucket->list[index].id);
    while (bucket->slots[at] != NONE)
        at = (at + 1) & (bucket->n_slots - 1);
    bucket->slots[at] = index;
}

static void widen(const struct names *names, struct bucket *bucket)
{
    free(bucket->slots);
    bucket->n_slots = bucket->n_slots > 0 ? 2 * bucket->n_slots : 16;
    bucket->slots = mem_alloc(bucket->n_slots * sizeof *bucket->slots);
    memset(bucket->slots, 0xff, bucket->n_slots * sizeof *bucket->slots);
    for (size_t i = 0; i < bucket->count; i++)
        place(names, bucket, (uint32_t)i);
}

static void remember(struct names *names, const struct name *name)
{
    struct bucket *bucket = &names->buckets[name->id[0]];
    if (bucket->count == bucket->cap) {
        bucket->cap = bucket->cap > 0 ? 2 * bucket->cap : 8;
        bucket->list = mem_resize(bucket->list, bucket->cap * sizeof *bucket->list);
    }
    bucket->list[bucket->count++] = *name;
    names->waiting++;
    if (2 * bucket->count > bucket->n_slots)
        widen(names, bucket);
    else
        place(names, bucket, (uint32_t)(bucket->count - 1));
}

static void forget(struct names *names, struct bucket *bucket)
{
    names->waiting -= bucket->count;
    free(bucket->list);
    free(bucket->slots);
    *bucket = (struct bucket){ 0 };
}

void names_free(struct names **names)
{
    if (*names == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        forget(*names, &(*names)->buckets[i]);
    free(*names);
    *names = NULL;
}

/* ---- on disk */

static bool decode_waiting(struct bytes key, struct bytes value, struct name *out)
{
    if (key.len != KEY_BYTES_WAITING || value.len != sizeof out->id)
        return false;
    memcpy(out->id, value.data, sizeof out->id);
    out->ordinal = get_u32(key.data + 1);
    return key.data[0] == out->id[0];
}

static struct bytes waiting_key(uint8_t first, uint32_t ordinal, uint8_t key[static KEY_BYTES_WAITING])
{
    key[0] = first;
    put_u32(key + 1, ordinal);
    return bytes_of(key, KEY_BYTES_WAITING);
}

enum err names_load(struct db_txn *txn, struct names **out)
{
    AUTO(names_free) struct names *names = mem_alloc(sizeof *names);
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_WAITING);
    struct bytes key, value;
    *out = NULL;
    random_bytes(&names->seed, sizeof names->seed);
    for (bool more = db_seek(cursor, BYTES(""), &key, &value); more; more = db_next(cursor, &key, &value)) {
        struct name name;
        if (!decode_waiting(key, value, &name))
            return fail(E_CORRUPT, "a waiting id of the view does not decode");
        remember(names, &name);
    }
    TRY(db_error(txn));
    *out = names;
    names = NULL;
    return E_OK;
}

bool names_find(const struct names *names, struct db_txn *txn, const uint8_t id[static 16], uint32_t *ordinal)
{
    const struct bucket *bucket = &names->buckets[id[0]];
    if (bucket->count > 0) {
        size_t at = slot_of(names, bucket, id);
        for (; bucket->slots[at] != NONE; at = (at + 1) & (bucket->n_slots - 1))
            if (memcmp(bucket->list[bucket->slots[at]].id, id, 16) == 0) {
                *ordinal = bucket->list[bucket->slots[at]].ordinal;
                return true;
            }
    }
    struct bytes value;
    if (!db_get(txn, VIEW_IDS, bytes_of(id, 16), &value))
        return false;
    if (value.len != 4) {
        db_fail(txn, fail(E_CORRUPT, "the ordinal of an engagement does not decode"));
        return false;
    }
    *ordinal = get_u32(value.data);
    return true;
}

void names_add(struct names *names, struct db_txn *txn, const uint8_t id[static 16], uint32_t ordinal)
{
    uint8_t key[KEY_BYTES_WAITING];
    struct name name = { .ordinal = ordinal };
    memcpy(name.id, id, sizeof name.id);
    db_put(txn, VIEW_WAITING, waiting_key(id[0], ordinal, key), bytes_of(id, 16));
    remember(names, &name);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void settle(struct names *names, struct db_txn *txn, struct bucket *bucket)
{
    uint8_t key[KEY_BYTES_WAITING], ordinal[4];
    for (size_t i = 0; i < bucket->count; i++)
        db_delete(txn, VIEW_WAITING, waiting_key(bucket->list[i].id[0], bucket->list[i].ordinal, key));
    qsort(bucket->list, bucket->count, sizeof *bucket->list, by_id);
    for (size_t i = 0; i < bucket->count; i++) {
        put_u32(ordinal, bucket->list[i].ordinal);
        db_put(txn, VIEW_IDS, BYTES(bucket->list[i].id), BYTES(ordinal));
    }
    forget(names, bucket);
}

void names_settle(struct names *names, struct db_txn *txn, uint32_t engagements)
{
    size_t most = engagements / 16 > NAMES_WAITING_MIN ? engagements / 16 : NAMES_WAITING_MIN;
    while (names->waiting > most) {
        struct bucket *fullest = &names->buckets[0];
        for (size_t i = 1; i < BUCKETS; i++)
            if (names->buckets[i].count > fullest->count)
                fullest = &names->buckets[i];
        settle(names, txn, fullest);
    }
}

/* ---- for readers */

static bool range_settled(struct db_txn *txn, const uint8_t *low, const uint8_t *high,
                          bool (*each)(void *context, uint32_t ordinal), void *context)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_IDS);
    struct bytes key, value;
    bool more = db_seek(cursor, bytes_of(low, 16), &key, &value);
    for (; more && key.len == 16 && value.len == 4 && memcmp(key.data, high, 16) <= 0;
         more = db_next(cursor, &key, &value))
        if (!each(context, get_u32(value.data)))
            return false;
    return true;
}

void names_range(struct db_txn *txn, const uint8_t low[static 16], const uint8_t high[static 16],
                 bool (*each)(void *context, uint32_t ordinal), void *context)
{
    if (!range_settled(txn, low, high, each, context))
        return;
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_WAITING);
    uint8_t first[KEY_BYTES_WAITING];
    struct bytes key, value;
    struct name name;
    bool more = db_seek(cursor, waiting_key(low[0], 0, first), &key, &value);
    for (; more && decode_waiting(key, value, &name) && name.id[0] <= high[0];
         more = db_next(cursor, &key, &value)) {
        bool inside = memcmp(name.id, low, 16) >= 0 && memcmp(name.id, high, 16) <= 0;
        if (inside && !each(context, name.ordinal))
            return;
    }
}
