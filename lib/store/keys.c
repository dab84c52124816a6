#include "store/keys.h"

struct key_position key_of_position(uint64_t position)
{
    struct key_position key = { 0 };
    put_u64(key.b, position);
    return key;
}

struct key_index key_of_index(uint32_t index)
{
    struct key_index key = { 0 };
    put_u32(key.b, index);
    return key;
}

struct key_seq key_of_seq(uint32_t index, uint64_t seq)
{
    struct key_seq key = { 0 };
    put_u32(key.b, index);
    put_u64(key.b + 4, seq);
    return key;
}

struct key_node key_of_node(unsigned level, uint64_t index)
{
    struct key_node key = { 0 };
    key.b[0] = (uint8_t)level;
    put_u64(key.b + 1, index);
    return key;
}

struct bytes key_of_frontier(void)
{
    static const uint8_t key[] = { 0xff };
    return BYTES(key);
}

void run_row_value(const struct run_row *row, uint8_t out[static RUN_VALUE_BYTES])
{
    put_u64(out, row->position);
    put_u32(out + 8, row->count);
}

bool run_row_read(struct bytes key, struct bytes value, struct run_row *out)
{
    if (key.len != sizeof(struct key_seq) || value.len != RUN_VALUE_BYTES)
        return false;
    out->index = get_u32(key.data);
    out->first = get_u64(key.data + 4);
    out->position = get_u64(value.data);
    out->count = get_u32(value.data + 8);
    return true;
}
