#include "hubd/view/speakers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "hubd/view/tables.h"

#define NONE UINT32_MAX
enum { SUSPENDED = 1, CONFIRMED = 2 };

struct speakers {
    struct speaker *all;
    size_t count, cap;
    uint32_t *slots; /* open addressing by id */
    size_t n_slots;
    uint64_t seed;
};

struct terms_author speaker_terms(const struct speaker *author)
{
    struct terms_author terms = { .index = author->index, .level = author->level };
    memcpy(terms.geoid, author->geoid, sizeof terms.geoid);
    if (!code_state_of_geoid(author->geoid, terms.state) && !code_state_of_name(author->name, terms.state))
        terms.state[0] = '\0';
    return terms;
}

void speaker_label(const struct speaker *author, char out[static 2 * HASH_BYTES + 1])
{
    if (author->name[0] != '\0')
        snprintf(out, 2 * HASH_BYTES + 1, "%s", author->name);
    else
        hex_encode(author->id.b, HASH_BYTES, out);
}

/* ---- the stored form: id[32] flags u8, level u32, then name, geoid and title, each with its length u8
 * before it */

static void write_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    buf_u8(out, (uint8_t)len);
    buf_append(out, text, len);
}

static void read_text(struct reader *in, char *out, size_t size)
{
    size_t len = read_u8(in);
    if (len >= size) {
        in->bad = true;
        return;
    }
    read_into(in, out, len);
    out[len] = '\0';
}

static void put_author(struct db_txn *txn, const struct speaker *author)
{
    AUTO(buf_clear) struct buf value = { 0 };
    uint8_t key[4];
    put_u32(key, author->index);
    buf_append(&value, author->id.b, HASH_BYTES);
    buf_u8(&value, (uint8_t)((author->suspended ? SUSPENDED : 0) | (author->confirmed ? CONFIRMED : 0)));
    buf_u32(&value, author->level);
    write_text(&value, author->name);
    write_text(&value, author->geoid);
    write_text(&value, author->title);
    db_put(txn, VIEW_AUTHORS, BYTES(key), buf_view(&value));
}

static bool decode_author(struct bytes value, uint32_t index, struct speaker *out)
{
    struct reader in = reader_of(value);
    *out = (struct speaker){ .index = index };
    read_into(&in, out->id.b, HASH_BYTES);
    uint8_t flags = read_u8(&in);
    out->suspended = (flags & SUSPENDED) != 0;
    out->confirmed = (flags & CONFIRMED) != 0;
    out->level = read_u32(&in);
    read_text(&in, out->name, sizeof out->name);
    read_text(&in, out->geoid, sizeof out->geoid);
    read_text(&in, out->title, sizeof out->title);
    return !in.bad && in.left == 0;
}

bool speaker_read(struct db_txn *txn, uint32_t index, struct speaker *out)
{
    uint8_t key[4];
    struct bytes value;
    put_u32(key, index);
    return db_get(txn, VIEW_AUTHORS, BYTES(key), &value) && decode_author(value, index, out);
}

static bool lookup_id(struct db_txn *txn, const struct hash *id, uint32_t *index)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_AUTHORS);
    struct bytes key, value;
    for (bool more = db_seek(cursor, BYTES(""), &key, &value); more; more = db_next(cursor, &key, &value))
        if (value.len >= HASH_BYTES && memcmp(value.data, id->b, HASH_BYTES) == 0) {
            *index = get_u32(key.data);
            return true;
        }
    return false;
}

bool speaker_lookup(struct db_txn *txn, const char *name, uint32_t *index)
{
    struct bytes value;
    struct hash id;
    size_t len = strlen(name);
    if (len == 0 || len > 2 * (size_t)HASH_BYTES)
        return false; /* no name is so long, and no key of the table empty */
    if (db_get(txn, VIEW_NAMES, bytes_text(name), &value) && value.len == 4) {
        *index = get_u32(value.data);
        return true;
    }
    return hex_decode(name, id.b, HASH_BYTES) == E_OK && lookup_id(txn, &id, index);
}

/* ---- in memory */

static size_t slot_of(const struct speakers *a, const struct hash *id)
{
    /* Seeded: an author's id is a hash, but one that he may search for. */
    uint64_t h = (get_u64(id->b) ^ a->seed) * 0x9e3779b97f4a7c15U;
    return (size_t)(h >> 32) & (a->n_slots - 1);
}

static void place(struct speakers *a, uint32_t index)
{
    size_t at = slot_of(a, &a->all[index].id);
    while (a->slots[at] != NONE)
        at = (at + 1) & (a->n_slots - 1);
    a->slots[at] = index;
}

static void widen(struct speakers *a)
{
    free(a->slots);
    a->n_slots = a->n_slots > 0 ? 2 * a->n_slots : 256;
    a->slots = mem_alloc(a->n_slots * sizeof *a->slots);
    memset(a->slots, 0xff, a->n_slots * sizeof *a->slots);
    for (size_t i = 0; i < a->count; i++)
        place(a, (uint32_t)i);
}

static struct speaker *add(struct speakers *a, const struct speaker *author)
{
    if (a->count == a->cap) {
        a->cap = a->cap > 0 ? 2 * a->cap : 64;
        a->all = mem_resize(a->all, a->cap * sizeof *a->all);
    }
    a->all[a->count++] = *author;
    if (2 * a->count > a->n_slots)
        widen(a);
    else
        place(a, author->index);
    return &a->all[author->index];
}

enum err speakers_load(struct db_txn *txn, struct speakers **out)
{
    AUTO(speakers_free) struct speakers *a = mem_alloc(sizeof *a);
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_AUTHORS);
    struct bytes key, value;
    random_bytes(&a->seed, sizeof a->seed);
    widen(a);
    for (bool more = db_seek(cursor, BYTES(""), &key, &value); more; more = db_next(cursor, &key, &value)) {
        struct speaker author;
        if (key.len != 4 || get_u32(key.data) != a->count ||
            !decode_author(value, (uint32_t)a->count, &author))
            return fail(E_CORRUPT, "author %zu of the view does not decode", a->count);
        add(a, &author);
    }
    TRY(db_error(txn));
    *out = a;
    a = NULL;
    return E_OK;
}

void speakers_free(struct speakers **authors)
{
    if (*authors == NULL)
        return;
    free((*authors)->all);
    free((*authors)->slots);
    free(*authors);
    *authors = NULL;
}

struct speaker *speakers_of(struct speakers *a, struct db_txn *txn, const struct hash *id)
{
    for (size_t at = slot_of(a, id); a->slots[at] != NONE; at = (at + 1) & (a->n_slots - 1))
        if (hash_equal(&a->all[a->slots[at]].id, id))
            return &a->all[a->slots[at]];
    struct speaker fresh = { .index = (uint32_t)a->count, .id = *id };
    put_author(txn, &fresh);
    return add(a, &fresh);
}

const struct speaker *speakers_at(const struct speakers *a, uint32_t index)
{
    return &a->all[index];
}

size_t speakers_count(const struct speakers *a)
{
    return a->count;
}

void speakers_write(struct db_txn *txn, const struct speaker *author, const char *old_name)
{
    put_author(txn, author);
    if (strcmp(old_name, author->name) == 0)
        return;
    struct bytes value;
    bool leads_here = old_name[0] != '\0' && db_get(txn, VIEW_NAMES, bytes_text(old_name), &value) &&
                      value.len == 4 && get_u32(value.data) == author->index;
    if (leads_here)
        db_delete(txn, VIEW_NAMES, bytes_text(old_name));
    uint8_t index[4];
    put_u32(index, author->index);
    if (author->name[0] != '\0')
        db_put(txn, VIEW_NAMES, bytes_text(author->name), BYTES(index));
}
