#include "core/merkle.h"

#include <inttypes.h>

/* The level of the largest complete subtree among n > 0 leaves: floor(log2 n). */
static unsigned top_level(uint64_t n)
{
    return 63U - (unsigned)__builtin_clzll(n);
}

/* RFC 6962 section 2.1: the largest power of two smaller than n > 1. */
static uint64_t split_of(uint64_t n)
{
    return UINT64_C(1) << top_level(n - 1);
}

static struct hash empty_root(void)
{
    return hash_bytes(bytes_of(NULL, 0));
}

void merkle_append(struct merkle *tree, const struct hash *leaf, merkle_emit *emit, void *context)
{
    struct hash node = *leaf;
    unsigned level = 0;
    for (; tree->size >> level & 1; level++) {
        node = hash_node(&tree->peaks[level], &node);
        if (emit != NULL)
            emit(context, level + 1, tree->size >> (level + 1), &node);
    }
    tree->peaks[level] = node;
    tree->size++;
}

struct hash merkle_root(const struct merkle *tree)
{
    if (tree->size == 0)
        return empty_root();
    unsigned level = (unsigned)__builtin_ctzll(tree->size);
    struct hash root = tree->peaks[level];
    for (level++; level < MERKLE_MAX_LEVELS; level++)
        if (tree->size >> level & 1)
            root = hash_node(&tree->peaks[level], &root);
    return root;
}

void merkle_encode(const struct merkle *tree, struct buf *out)
{
    buf_u64(out, tree->size);
    for (unsigned level = MERKLE_MAX_LEVELS; level-- > 0;)
        if (tree->size >> level & 1)
            buf_append(out, tree->peaks[level].b, HASH_BYTES);
}

enum err merkle_decode(struct bytes bytes, struct merkle *out)
{
    *out = (struct merkle){ 0 };
    struct reader in = reader_of(bytes);
    uint64_t size = read_u64(&in);
    if (in.bad || in.left != (size_t)__builtin_popcountll(size) * HASH_BYTES)
        return fail(E_CORRUPT, "a tree frontier of %zu bytes", bytes.len);
    out->size = size;
    for (unsigned level = MERKLE_MAX_LEVELS; level-- > 0;)
        if (size >> level & 1)
            read_into(&in, out->peaks[level].b, HASH_BYTES);
    return E_OK;
}

/* The root over leaves begin .. end-1, at least one, where begin is a multiple of the largest subtree in
 * them. */
static enum err range_root(uint64_t begin, uint64_t end, merkle_fetch *fetch, void *context, struct hash *out)
{
    struct hash peaks[MERKLE_MAX_LEVELS];
    size_t count = 0;
    do {
        unsigned level = top_level(end - begin);
        TRY(fetch(context, level, begin >> level, &peaks[count++]));
        begin += UINT64_C(1) << level;
    } while (begin < end);
    *out = peaks[--count];
    while (count > 0)
        *out = hash_node(&peaks[--count], out);
    return E_OK;
}

enum err merkle_root_at(uint64_t size, merkle_fetch *fetch, void *context, struct hash *root)
{
    if (size == 0) {
        *root = empty_root();
        return E_OK;
    }
    return range_root(0, size, fetch, context, root);
}

/* Proofs are found from the root down and written from the leaf up. */
static void turn_round(struct merkle_path *path)
{
    for (size_t i = 0, j = path->count; i + 1 < j; i++) {
        struct hash swap = path->nodes[i];
        path->nodes[i] = path->nodes[--j];
        path->nodes[j] = swap;
    }
}

/* RFC 9162 section 2.1.3.1. */
enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_fetch *fetch, void *context,
                          struct merkle_path *out)
{
    out->count = 0;
    if (index >= size)
        return fail(E_USAGE, "leaf %" PRIu64 " of a tree of %" PRIu64, index, size);
    uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        uint64_t middle = begin + split_of(end - begin);
        struct hash *sibling = &out->nodes[out->count++];
        if (index < middle) {
            TRY(range_root(middle, end, fetch, context, sibling));
            end = middle;
        } else {
            TRY(range_root(begin, middle, fetch, context, sibling));
            begin = middle;
        }
    }
    turn_round(out);
    return E_OK;
}

/* RFC 9162 section 2.1.4.1: the subtree begin .. end-1 shrinks until it ends where the old tree ended. */
enum err merkle_consistency(uint64_t old, uint64_t size, merkle_fetch *fetch, void *context,
                            struct merkle_path *out)
{
    out->count = 0;
    if (old > size)
        return fail(E_USAGE, "tree of %" PRIu64 " before the one of %" PRIu64, old, size);
    if (old == 0 || old == size)
        return E_OK;
    uint64_t begin = 0, end = size;
    while (end != old) {
        uint64_t middle = begin + split_of(end - begin);
        struct hash *sibling = &out->nodes[out->count++];
        if (old <= middle) {
            TRY(range_root(middle, end, fetch, context, sibling));
            end = middle;
        } else {
            TRY(range_root(begin, middle, fetch, context, sibling));
            begin = middle;
        }
    }
    /* When the old tree is itself complete its root, which the verifier has, begins the proof. */
    if (begin > 0)
        TRY(range_root(begin, end, fetch, context, &out->nodes[out->count++]));
    turn_round(out);
    return E_OK;
}

/* One step of RFC 9162 sections 2.1.3.2 and 2.1.4.2: true when the proof's node stands on the left. */
static bool climb(uint64_t *fn, uint64_t *sn)
{
    bool left = (*fn & 1) != 0 || *fn == *sn;
    if (left)
        while ((*fn & 1) == 0 && *fn != 0) {
            *fn >>= 1;
            *sn >>= 1;
        }
    *fn >>= 1;
    *sn >>= 1;
    return left;
}

bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                             const struct merkle_path *path, const struct hash *root)
{
    if (index >= size || path->count > MERKLE_MAX_LEVELS)
        return false;
    uint64_t fn = index, sn = size - 1;
    struct hash r = *leaf;
    for (size_t i = 0; i < path->count; i++) {
        if (sn == 0)
            return false;
        const struct hash *p = &path->nodes[i];
        r = climb(&fn, &sn) ? hash_node(p, &r) : hash_node(&r, p);
    }
    return sn == 0 && hash_equal(&r, root);
}

/* Folds the proof into both roots at once. */
static bool fold_both(uint64_t fn, uint64_t sn, struct bytes proof, struct hash *fr, struct hash *sr)
{
    for (; proof.len > 0; proof.data += HASH_BYTES, proof.len -= HASH_BYTES) {
        if (sn == 0)
            return false;
        const struct hash *c = (const struct hash *)proof.data;
        if (climb(&fn, &sn)) {
            *fr = hash_node(c, fr);
            *sr = hash_node(c, sr);
        } else {
            *sr = hash_node(sr, c);
        }
    }
    return sn == 0;
}

bool merkle_verify_consistency(uint64_t old, uint64_t size, const struct hash *old_root,
                               const struct hash *root, const struct merkle_path *path)
{
    if (old > size || path->count > MERKLE_MAX_LEVELS + 1)
        return false;
    if (old == size)
        return path->count == 0 && hash_equal(old_root, root);
    if (old == 0) {
        struct hash empty = empty_root();
        return path->count == 0 && hash_equal(old_root, &empty);
    }
    if (path->count == 0)
        return false;

    /* An old tree that is complete is the first node itself, and the proof leaves it out. */
    bool complete = (old & (old - 1)) == 0;
    size_t skip = complete ? 0 : 1;
    struct hash fr = complete ? *old_root : path->nodes[0], sr = fr;
    uint64_t fn = old - 1, sn = size - 1;
    for (; fn & 1; fn >>= 1)
        sn >>= 1;
    struct bytes proof = bytes_of(path->nodes + skip, (path->count - skip) * HASH_BYTES);
    return fold_both(fn, sn, proof, &fr, &sr) && hash_equal(&fr, old_root) && hash_equal(&sr, root);
}
