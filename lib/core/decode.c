#include "core/decode.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/text.h"

#define BLOCK_BYTES 4096

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *blocks;
    size_t left;
    bool spent; /* an allocation was turned down */
};

struct arena *arena_new(size_t budget)
{
    struct arena *arena = mem_alloc(sizeof *arena);
    arena->left = budget;
    return arena;
}

void arena_free(struct arena **arena)
{
    if (*arena == NULL)
        return;
    for (struct block *block = (*arena)->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*arena);
    *arena = NULL;
}

static struct block *add_block(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct block *block = mem_alloc(sizeof *block + room);
    block->size = room;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > arena->left) {
        arena->spent = true;
        return NULL;
    }
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    arena->left -= rounded < arena->left ? rounded : arena->left;

    struct block *block = arena->blocks;
    if (block == NULL || block->size - block->used < rounded)
        block = add_block(arena, rounded);
    void *p = block->data + block->used;
    block->used += rounded;
    return p;
}

static void *budget_alloc(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

/* Everything goes when the arena does. */
static void budget_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

/* ---- the walk over the bytes: protobuf-c checks no text and cuts strings at a NUL without a word */

uint64_t decode_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_u8(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    reader->bad = true;
    return 0;
}

static enum err check_texts(const ProtobufCMessageDescriptor *type, struct bytes bytes);

static enum err check_field(const ProtobufCMessageDescriptor *type, uint64_t number, struct bytes value)
{
    const ProtobufCFieldDescriptor *field =
        number <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(type, (unsigned)number) : NULL;
    if (field == NULL)
        return E_OK;
    if (field->type == PROTOBUF_C_TYPE_STRING && !text_is_utf8(value))
        return fail(E_MALFORMED, "the field %s is not UTF-8, or holds a NUL", field->name);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return check_texts(field->descriptor, value);
    return E_OK;
}

/* The schema has no recursion, so this goes no deeper than the schema does. */
static enum err check_texts(const ProtobufCMessageDescriptor *type, struct bytes bytes)
{
    struct reader reader = reader_of(bytes);
    while (reader.left > 0 && !reader.bad) {
        uint64_t tag = decode_varint(&reader);
        switch (tag & 7) {
        case 0:
            decode_varint(&reader);
            break;
        case 1:
            read_bytes(&reader, 8);
            break;
        case 2:
            TRY(check_field(type, tag >> 3, read_bytes(&reader, (size_t)decode_varint(&reader))));
            break;
        case 5:
            read_bytes(&reader, 4);
            break;
        default:
            reader.bad = true;
        }
    }
    return reader.bad ? fail(E_MALFORMED, "not a %s", type->short_name) : E_OK;
}

enum err decode_message(const ProtobufCMessageDescriptor *type, struct bytes bytes, struct arena *arena,
                        ProtobufCMessage **out)
{
    static const uint8_t nothing[1];
    *out = NULL;
    arena->spent = false;
    TRY(check_texts(type, bytes));
    ProtobufCAllocator allocator = { budget_alloc, budget_free, arena };
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &allocator, bytes.len, bytes.len > 0 ? bytes.data : nothing);
    if (message == NULL && arena->spent)
        return fail(E_TOO_BIG, "decoding this %s would take more memory than it may", type->short_name);
    if (message == NULL)
        return fail(E_MALFORMED, "not a %s", type->short_name);
    *out = message;
    return E_OK;
}

static bool has_unknown(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0)
        return true;
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const char *at = (const char *)message + field->offset;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            const ProtobufCMessage *inner = *(ProtobufCMessage *const *)(const void *)at;
            if (inner != NULL && has_unknown(inner))
                return true;
            continue;
        }
        size_t count = *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
        ProtobufCMessage *const *list = *(ProtobufCMessage * *const *)(const void *)at;
        for (size_t j = 0; j < count; j++)
            if (has_unknown(list[j]))
                return true;
    }
    return false;
}

bool decode_is_canonical(const ProtobufCMessage *message, struct bytes bytes)
{
    if (has_unknown(message) || protobuf_c_message_get_packed_size(message) != bytes.len)
        return false;
    AUTO(buf_clear) struct buf again = { 0 };
    encode_message(message, &again);
    return bytes_equal(buf_view(&again), bytes);
}

void encode_message(const ProtobufCMessage *message, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size == 0)
        return;
    buf_reserve(out, size);
    protobuf_c_message_pack(message, out->data + out->len);
    out->len += size;
}
