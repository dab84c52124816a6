#include "hubd/view/postings.h"

#include <inttypes.h>
#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#include "hubd/view/terms.h"

enum { FORM_ARRAY = 1, FORM_ROARING = 2 };
#define FRAME_BYTES 7U
#define ARRAY_MAX 256U          /* up to here a plain array is smaller and quicker */
#define ROARING_MAX_BYTES 8300U /* one container of 8 KiB and its head */
#define KEY_MAX_BYTES (MAX_TERM_BYTES + 4U)

/* A struct piece is a roaring bitmap of values below 65,536, hence of one container. */
static roaring_bitmap_t *bits(struct piece *piece)
{
    return (roaring_bitmap_t *)piece;
}

static const roaring_bitmap_t *const_bits(const struct piece *piece)
{
    return (const roaring_bitmap_t *)piece;
}

/* ---- sets */

static struct piece *of_u32(const uint32_t *values, size_t count)
{
    roaring_bitmap_t *made = roaring_bitmap_of_ptr(count, values);
    if (made == NULL)
        abort(); /* out of memory, as in mem_alloc */
    return (struct piece *)made;
}

static void widen(const uint16_t *values, size_t count, uint32_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = values[i];
}

struct piece *piece_of(const uint16_t *ascending, size_t count)
{
    if (count == 0)
        return NULL;
    uint32_t few[ARRAY_MAX];
    AUTO(free_ptr) uint32_t *many = count > ARRAY_MAX ? mem_alloc(count * sizeof *many) : NULL;
    uint32_t *wide = many != NULL ? many : few;
    widen(ascending, count, wide);
    return of_u32(wide, count);
}

struct piece *piece_copy(const struct piece *piece)
{
    return piece != NULL ? (struct piece *)roaring_bitmap_copy(const_bits(piece)) : NULL;
}

void piece_free(struct piece **piece)
{
    if (*piece != NULL)
        roaring_bitmap_free(bits(*piece));
    *piece = NULL;
}

size_t piece_count(const struct piece *piece)
{
    return piece != NULL ? roaring_bitmap_get_cardinality(const_bits(piece)) : 0;
}

size_t piece_count_both(const struct piece *a, const struct piece *b)
{
    return a != NULL && b != NULL ? roaring_bitmap_and_cardinality(const_bits(a), const_bits(b)) : 0;
}

size_t piece_list(const struct piece *piece, uint16_t *out)
{
    size_t count = piece_count(piece);
    if (count == 0)
        return 0;
    AUTO(free_ptr) uint32_t *wide = mem_alloc(count * sizeof *wide);
    roaring_bitmap_to_uint32_array(const_bits(piece), wide);
    for (size_t i = 0; i < count; i++)
        out[i] = (uint16_t)wide[i];
    return count;
}

static void drop_empty(struct piece **piece)
{
    if (*piece != NULL && roaring_bitmap_is_empty(bits(*piece)))
        piece_free(piece);
}

void piece_and(struct piece **a, const struct piece *b)
{
    if (*a == NULL || b == NULL) {
        piece_free(a);
        return;
    }
    roaring_bitmap_and_inplace(bits(*a), const_bits(b));
    drop_empty(a);
}

void piece_or(struct piece **a, const struct piece *b)
{
    if (b == NULL)
        return;
    if (*a == NULL)
        *a = piece_copy(b);
    else
        roaring_bitmap_or_inplace(bits(*a), const_bits(b));
}

void piece_minus(struct piece **a, const struct piece *b)
{
    if (*a == NULL || b == NULL)
        return;
    roaring_bitmap_andnot_inplace(bits(*a), const_bits(b));
    drop_empty(a);
}

/* ---- keys and stored values */

static size_t write_key(struct bytes term, uint32_t number, uint8_t key[static KEY_MAX_BYTES])
{
    put_u32(key, number);
    memcpy(key + 4, term.data, term.len);
    return 4 + term.len;
}

/* Against torn and rotten bytes, not against a forger; four lanes, since a piece is read in a microsecond. */
static uint32_t checksum(struct bytes body, uint32_t seed)
{
    const uint64_t odd = 0x9e3779b97f4a7c15U;
    uint64_t lanes[4] = { seed + odd, seed ^ odd, body.len * odd, ~odd };
    size_t at = 0;
    for (; at + 32 <= body.len; at += 32)
        for (size_t i = 0; i < 4; i++) {
            uint64_t word;
            memcpy(&word, body.data + at + 8 * i, 8);
            lanes[i] = (lanes[i] ^ word) * odd;
            lanes[i] ^= lanes[i] >> 29;
        }
    for (; at < body.len; at++)
        lanes[0] = (lanes[0] ^ body.data[at]) * odd;
    uint64_t sum = lanes[0];
    for (size_t i = 1; i < 4; i++)
        sum = (sum ^ sum >> 32 ^ lanes[i]) * odd;
    return (uint32_t)(sum >> 32);
}

struct frame {
    uint8_t form;
    size_t count;
    struct bytes body;
};

static enum err corrupt(struct bytes term, uint32_t number, const char *what)
{
    return fail(E_CORRUPT, "piece %" PRIu32 " of %.*s %s", number, (int)term.len, (const char *)term.data,
                what);
}

static enum err open_frame(struct bytes term, uint32_t number, struct bytes value, struct frame *out)
{
    if (value.len < FRAME_BYTES)
        return corrupt(term, number, "is cut off");
    *out = (struct frame){ value.data[0], (size_t)get_u16(value.data + 1) + 1,
                           bytes_of(value.data + FRAME_BYTES, value.len - FRAME_BYTES) };
    if (checksum(out->body, get_u32(value.data) >> 8) != get_u32(value.data + 3))
        return corrupt(term, number, "does not match its checksum");
    bool array = out->form == FORM_ARRAY && out->count <= ARRAY_MAX && out->body.len == 2 * out->count;
    if (!array && out->form != FORM_ROARING)
        return corrupt(term, number, "has an unknown form");
    return E_OK;
}

/* The frame around a body that lies at out + FRAME_BYTES already. */
static struct bytes close_frame(uint8_t *out, uint8_t form, size_t count, size_t body_len)
{
    out[0] = form;
    put_u16(out + 1, (uint16_t)(count - 1));
    put_u32(out + 3, 0);
    put_u32(out + 3, checksum(bytes_of(out + FRAME_BYTES, body_len), get_u32(out) >> 8));
    return bytes_of(out, FRAME_BYTES + body_len);
}

static size_t read_array(const struct frame *frame, uint16_t out[static ARRAY_MAX])
{
    for (size_t i = 0; i < frame->count; i++)
        out[i] = get_u16(frame->body.data + 2 * i);
    return frame->count;
}

static enum err read_roaring(struct bytes term, uint32_t number, const struct frame *frame,
                             struct piece **out)
{
    const char *body = (const char *)frame->body.data;
    if (roaring_bitmap_portable_deserialize_size(body, frame->body.len) != frame->body.len)
        return corrupt(term, number, "has a body of another length");
    AUTO(piece_free)
    struct piece *read = (struct piece *)roaring_bitmap_portable_deserialize_safe(body, frame->body.len);
    if (read == NULL || piece_count(read) != frame->count ||
        roaring_bitmap_maximum(bits(read)) >= PIECE_ORDINALS)
        return corrupt(term, number, "holds other ordinals than it says");
    *out = read;
    read = NULL;
    return E_OK;
}

static enum err read_piece(struct bytes term, uint32_t number, struct bytes value, struct piece **out)
{
    struct frame frame = { 0 };
    uint16_t few[ARRAY_MAX];
    *out = NULL;
    TRY(open_frame(term, number, value, &frame));
    if (frame.form == FORM_ROARING)
        return read_roaring(term, number, &frame, out);
    read_array(&frame, few);
    *out = piece_of(few, frame.count);
    return E_OK;
}

enum err postings_get(struct db_txn *txn, db_table table, struct bytes term, uint32_t number,
                      struct piece **out)
{
    uint8_t key[KEY_MAX_BYTES];
    struct bytes value;
    *out = NULL;
    if (!db_get(txn, table, bytes_of(key, write_key(term, number, key)), &value))
        return db_error(txn);
    return read_piece(term, number, value, out);
}

/* ---- changing */

static bool holds(struct ordinals set, uint16_t value)
{
    for (size_t low = 0, high = set.count; low < high;) {
        size_t middle = (low + high) / 2;
        if (set.values[middle] == value)
            return true;
        if (set.values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* old and add, without remove, ascending. Returns how many. */
static size_t merge(struct ordinals old, struct ordinals add, struct ordinals remove, uint16_t *out)
{
    size_t n = 0, i = 0, k = 0;
    while (i < old.count || k < add.count) {
        bool from_old = k == add.count || (i < old.count && old.values[i] <= add.values[k]);
        uint16_t value = from_old ? old.values[i] : add.values[k];
        if (from_old && k < add.count && add.values[k] == value)
            k++;
        i += from_old;
        k += !from_old;
        if (remove.count == 0 || !holds(remove, value))
            out[n++] = value;
    }
    return n;
}

static struct bytes array_value(const uint16_t *values, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++)
        put_u16(out + FRAME_BYTES + 2 * i, values[i]);
    return close_frame(out, FORM_ARRAY, count, 2 * count);
}

static struct bytes piece_value(struct piece *piece, uint8_t out[static FRAME_BYTES + ROARING_MAX_BYTES])
{
    size_t count = piece_count(piece);
    if (count <= ARRAY_MAX) {
        uint16_t few[ARRAY_MAX];
        return array_value(few, piece_list(piece, few), out);
    }
    roaring_bitmap_run_optimize(bits(piece));
    if (roaring_bitmap_portable_size_in_bytes(bits(piece)) > ROARING_MAX_BYTES)
        abort(); /* one container never is */
    size_t len = roaring_bitmap_portable_serialize(bits(piece), (char *)out + FRAME_BYTES);
    return close_frame(out, FORM_ROARING, count, len);
}

static void store_value(struct db_txn *txn, db_table table, struct bytes key, size_t count,
                        struct bytes value)
{
    if (count > 0)
        db_put(txn, table, key, value);
    else
        db_delete(txn, table, key);
}

static void change_array(struct db_txn *txn, db_table table, struct bytes key, struct ordinals old,
                         struct ordinals add, struct ordinals remove)
{
    uint8_t value[FRAME_BYTES + ROARING_MAX_BYTES];
    AUTO(free_ptr) uint16_t *merged = mem_alloc((old.count + add.count + 1) * sizeof *merged);
    size_t count = merge(old, add, remove, merged);
    if (count <= ARRAY_MAX) {
        store_value(txn, table, key, count,
                    count > 0 ? array_value(merged, count, value) : (struct bytes){ 0 });
        return;
    }
    AUTO(piece_free) struct piece *piece = piece_of(merged, count);
    store_value(txn, table, key, count, piece_value(piece, value));
}

static void change_roaring(struct db_txn *txn, db_table table, struct bytes key, struct piece *piece,
                           struct ordinals add, struct ordinals remove)
{
    uint8_t value[FRAME_BYTES + ROARING_MAX_BYTES];
    size_t most = add.count > remove.count ? add.count : remove.count;
    AUTO(free_ptr) uint32_t *wide = mem_alloc((most + 1) * sizeof *wide);
    widen(add.values, add.count, wide);
    roaring_bitmap_add_many(bits(piece), add.count, wide);
    widen(remove.values, remove.count, wide);
    roaring_bitmap_remove_many(bits(piece), remove.count, wide);
    size_t count = piece_count(piece);
    store_value(txn, table, key, count, count > 0 ? piece_value(piece, value) : (struct bytes){ 0 });
}

enum err postings_change(struct db_txn *txn, db_table table, struct bytes term, uint32_t number,
                         struct ordinals add, struct ordinals remove)
{
    uint8_t key_bytes[KEY_MAX_BYTES];
    uint16_t few[ARRAY_MAX];
    struct bytes key = bytes_of(key_bytes, write_key(term, number, key_bytes)), value;
    struct ordinals old = { few, 0 };
    struct frame frame = { 0 };
    if (db_get(txn, table, key, &value)) {
        TRY(open_frame(term, number, value, &frame));
        if (frame.form == FORM_ROARING) {
            AUTO(piece_free) struct piece *piece = NULL;
            TRY(read_roaring(term, number, &frame, &piece));
            change_roaring(txn, table, key, piece, add, remove);
            return E_OK;
        }
        old.count = read_array(&frame, few);
    }
    change_array(txn, table, key, old, add, remove);
    return E_OK;
}

/* ---- walking over terms */

static bool term_of(struct bytes key, uint32_t number, struct bytes prefix, struct bytes *term)
{
    if (key.len < 4 + prefix.len || get_u32(key.data) != number)
        return false;
    *term = bytes_of(key.data + 4, key.len - 4);
    return memcmp(term->data, prefix.data, prefix.len) == 0;
}

enum err postings_scan(struct db_txn *txn, db_table table, uint32_t number, struct bytes prefix,
                       struct bytes first,
                       bool (*each)(void *context, struct bytes term, const struct piece *piece),
                       void *context)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, table);
    uint8_t start[KEY_MAX_BYTES];
    struct bytes key, value, term;
    bool more = db_seek(cursor, bytes_of(start, write_key(first, number, start)), &key, &value);
    while (more && term_of(key, number, prefix, &term)) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(read_piece(term, number, value, &piece));
        if (!each(context, term, piece))
            break;
        more = db_next(cursor, &key, &value);
    }
    return db_error(txn);
}
