/* A stored frontier, a proof from a stranger, or a good proof and what is changed in it: then only the good
 * one may hold. */
#include <string.h>

#include "core/merkle.h"
#include "fuzz.h"

#define LEAVES 40U

static struct hash leaf_of(uint64_t index)
{
    return hash_leaf(BYTES_OF(index));
}

static enum err fetch(void *context, unsigned level, uint64_t index, struct hash *out)
{
    (void)context;
    if (level == 0) {
        *out = leaf_of(index);
        return E_OK;
    }
    struct hash left, right;
    TRY(fetch(context, level - 1, 2 * index, &left));
    TRY(fetch(context, level - 1, 2 * index + 1, &right));
    *out = hash_node(&left, &right);
    return E_OK;
}

static struct hash root_at(uint64_t size)
{
    struct hash root;
    MUST(merkle_root_at(size, fetch, NULL, &root) == E_OK);
    return root;
}

static void check_frontier(struct bytes bytes)
{
    AUTO(buf_clear) struct buf again = { 0 };
    struct merkle tree;
    enum err err = merkle_decode(bytes, &tree);
    MUST(err == E_OK || err == E_CORRUPT);
    if (err != E_OK)
        return;
    merkle_encode(&tree, &again);
    MUST(bytes_equal(buf_view(&again), bytes));
    merkle_root(&tree);
    if (tree.size < UINT64_MAX)
        merkle_append(&tree, &(struct hash){ { 1 } }, NULL, NULL);
}

static void take_path(struct reader *in, struct merkle_path *path)
{
    path->count = in->left / HASH_BYTES;
    if (path->count > 2 * MERKLE_MAX_LEVELS)
        path->count = 2 * MERKLE_MAX_LEVELS;
    for (size_t i = 0; i < path->count; i++)
        read_into(in, path->nodes[i].b, HASH_BYTES);
}

static void check_strange_proof(struct reader in)
{
    struct merkle_path path;
    struct hash leaf, root;
    uint64_t index = read_u64(&in), size = read_u64(&in);
    read_into(&in, leaf.b, HASH_BYTES);
    read_into(&in, root.b, HASH_BYTES);
    take_path(&in, &path);
    merkle_verify_inclusion(index, size, &leaf, &path, &root);
    merkle_verify_consistency(index, size, &leaf, &root, &path);
}

/* Pairs of a place and a byte to be added there, over the path, then a first and a second hash. True when
 * that left everything as it was. */
static bool spoil(struct reader *in, struct merkle_path *path, struct hash *first, struct hash *second)
{
    struct merkle_path path_was = *path;
    struct hash first_was = *first, second_was = *second;
    size_t end = path->count * HASH_BYTES;
    uint8_t longer = read_u8(in);
    while (in->left >= 3) {
        size_t place = read_u16(in) % (end + 2 * HASH_BYTES);
        uint8_t add = read_u8(in);
        if (place < end)
            path->nodes[place / HASH_BYTES].b[place % HASH_BYTES] += add;
        else if (place < end + HASH_BYTES)
            first->b[place - end] += add;
        else
            second->b[place - end - HASH_BYTES] += add;
    }
    if (longer >= 2)
        path->count = longer % (2 * MERKLE_MAX_LEVELS + 1);
    return path->count == path_was.count && memcmp(path->nodes, path_was.nodes, end) == 0 &&
           hash_equal(first, &first_was) && hash_equal(second, &second_was);
}

static void check_spoilt_inclusion(struct reader in)
{
    struct merkle_path path = { 0 };
    uint64_t size = 1 + read_u8(&in) % LEAVES, index = read_u8(&in) % size;
    struct hash leaf = leaf_of(index), root = root_at(size);
    MUST(merkle_inclusion(index, size, fetch, NULL, &path) == E_OK);
    bool good = spoil(&in, &path, &leaf, &root);
    /* The only leaf is the root: both may have been changed alike. */
    good = good || (size == 1 && path.count == 0 && hash_equal(&leaf, &root));
    MUST(merkle_verify_inclusion(index, size, &leaf, &path, &root) == good);
}

static void check_spoilt_consistency(struct reader in)
{
    struct merkle_path path = { 0 };
    uint64_t size = 1 + read_u8(&in) % LEAVES, old = 1 + read_u8(&in) % size;
    struct hash old_root = root_at(old), root = root_at(size);
    MUST(merkle_consistency(old, size, fetch, NULL, &path) == E_OK);
    bool good = spoil(&in, &path, &old_root, &root);
    /* Two equal sizes need equal roots only: both may have been changed alike. */
    good = good || (old == size && path.count == 0 && hash_equal(&old_root, &root));
    MUST(merkle_verify_consistency(old, size, &old_root, &root, &path) == good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes rest = bytes_of(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        check_frontier(rest);
        break;
    case 1:
        check_strange_proof(reader_of(rest));
        break;
    case 2:
        check_spoilt_inclusion(reader_of(rest));
        break;
    default:
        check_spoilt_consistency(reader_of(rest));
    }
    return 0;
}
