#include "net/wire_batch.h"

#include <inttypes.h>
#include <string.h>

static void put_varint(struct buf *out, uint64_t value)
{
    for (; value > 127; value >>= 7)
        buf_u8(out, (uint8_t)(value | 128));
    buf_u8(out, (uint8_t)value);
}

static void put_field_bytes(struct buf *out, uint8_t field, struct bytes bytes)
{
    buf_u8(out, (uint8_t)(field << 3 | 2));
    put_varint(out, bytes.len);
    buf_bytes(out, bytes);
}

static void put_field_varint(struct buf *out, uint8_t field, uint64_t value)
{
    if (value == 0)
        return;
    buf_u8(out, (uint8_t)(field << 3));
    put_varint(out, value);
}

void wire_batch_write(const struct sync_message *m, struct buf *out)
{
    buf_reserve(out, m->batch.records.len + 64);
    put_field_bytes(out, 1, BYTES(m->batch.author.b));
    put_field_varint(out, 2, m->batch.first_seq);
    put_field_varint(out, 3, m->batch.count);
    put_field_bytes(out, 4, m->batch.records);
}

static uint64_t read_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_u8(reader);
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            if (shift == 63 && byte > 1)
                reader->bad = true;
            return value;
        }
    }
    reader->bad = true;
    return 0;
}

/* One field of protobuf's wire format: a number, or bytes (borrowed). Sticky like the reader. */
struct field {
    uint64_t number;
    uint8_t type;
    uint64_t value;
    struct bytes bytes;
};

static struct field read_field(struct reader *reader)
{
    uint64_t tag = read_varint(reader);
    struct field f = { .number = tag >> 3, .type = tag & 7 };
    if (f.number == 0 || f.number > 0x1FFFFFFF)
        reader->bad = true;
    if (f.type == 0) {
        f.value = read_varint(reader);
    } else if (f.type == 1) {
        f.bytes = read_bytes(reader, 8);
    } else if (f.type == 5) {
        f.bytes = read_bytes(reader, 4);
    } else if (f.type == 2) {
        uint64_t len = read_varint(reader);
        if (len > reader->left)
            reader->bad = true;
        else
            f.bytes = read_bytes(reader, (size_t)len);
    } else {
        reader->bad = true;
    }
    return f;
}

static enum err lay_author(struct bytes from, struct sync_message *m)
{
    if (from.len != HASH_BYTES)
        return fail(E_MALFORMED, "author of %zu bytes", from.len);
    memcpy(m->batch.author.b, from.data, HASH_BYTES);
    return E_OK;
}

static enum err lay_batch_field(const struct field *f, struct sync_message *m)
{
    static const uint8_t types[] = { [1] = 2, [2] = 0, [3] = 0, [4] = 2 };
    if (f->number >= sizeof types)
        return E_OK; /* of a later version */
    if (f->type != types[f->number])
        return fail(E_MALFORMED, "batch field %" PRIu64 " of wire type %u", f->number, f->type);
    if (f->number == 1)
        return lay_author(f->bytes, m);
    if (f->number == 2)
        m->batch.first_seq = f->value;
    if (f->number == 3 && f->value > UINT32_MAX)
        return fail(E_MALFORMED, "a batch of %" PRIu64 " records", f->value);
    if (f->number == 3)
        m->batch.count = (uint32_t)f->value;
    if (f->number == 4)
        m->batch.records = f->bytes;
    return E_OK;
}

enum err wire_batch_read(struct bytes body, struct sync_message *out)
{
    struct reader reader = reader_of(body);
    while (reader.left > 0 && !reader.bad) {
        struct field f = read_field(&reader);
        if (reader.bad)
            break;
        TRY(lay_batch_field(&f, out));
    }
    if (reader.bad)
        return fail(E_MALFORMED, "a batch that is not protobuf");
    if (hash_is_zero(&out->batch.author))
        return fail(E_MALFORMED, "a batch without an author");
    return E_OK;
}
