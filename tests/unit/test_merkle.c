#include "vectors.h"

#include "core/merkle.h"

#define LEAVES 70

/* Every complete node of a small tree, by level. */
struct forest {
    struct merkle tree;
    struct hash nodes[8][LEAVES];
    size_t counts[8];
    struct hash roots[LEAVES + 1];
};

static struct forest forest;

static void keep_node(void *context, unsigned level, uint64_t index, const struct hash *node)
{
    struct forest *f = context;
    assert_true(level >= 1 && level < 8);
    assert_true(index == f->counts[level]); /* in order, none twice */
    f->nodes[level][f->counts[level]++] = *node;
}

static void forest_add(struct forest *f, const struct hash *leaf)
{
    f->nodes[0][f->counts[0]++] = *leaf;
    merkle_append(&f->tree, leaf, keep_node, f);
    f->roots[f->tree.size] = merkle_root(&f->tree);
}

static enum err fetch(void *context, unsigned level, uint64_t index, struct hash *out)
{
    struct forest *f = context;
    if (level >= 8 || index >= f->counts[level])
        return (fail)(E_NOT_FOUND, "no node %u/%u", level, (unsigned)index);
    *out = f->nodes[level][index];
    return E_OK;
}

static void forest_begin(struct forest *f)
{
    *f = (struct forest){ 0 };
    f->roots[0] = merkle_root(&f->tree);
}

static int start(void **state)
{
    (void)state;
    forest_begin(&forest);
    for (uint8_t i = 0; i < LEAVES; i++) {
        struct hash leaf = hash_leaf(BYTES_OF(i));
        forest_add(&forest, &leaf);
    }
    return 0;
}

/* RFC 6962 section 2.1, by its own words. */
static struct hash plain_root(const struct hash *leaves, size_t n)
{
    if (n == 0)
        return hash_bytes(bytes_of(NULL, 0));
    if (n == 1)
        return leaves[0];
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct hash left = plain_root(leaves, k), right = plain_root(leaves + k, n - k);
    return hash_node(&left, &right);
}

static void roots_are_those_of_the_definition_at_every_size(void **state)
{
    (void)state;
    for (size_t n = 0; n <= LEAVES; n++) {
        struct hash expect = plain_root(forest.nodes[0], n), root;
        assert_true(hash_equal(&forest.roots[n], &expect));
        assert_int_equal(merkle_root_at(n, fetch, &forest, &root), E_OK);
        assert_true(hash_equal(&root, &expect));
    }
}

static void assert_path(const struct merkle_path *path, const json_t *expect)
{
    assert_int_equal(path->count, json_array_size(expect));
    for (size_t i = 0; i < path->count; i++)
        assert_hex(path->nodes[i].b, 32, json_string_value(json_array_get(expect, i)));
}

static void the_vectors_hold(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("merkle.json");
    static struct forest f;
    size_t i;
    json_t *v;
    forest_begin(&f);
    json_array_foreach(json_object_get(vectors, "leaves"), i, v)
    {
        AUTO(buf_clear) struct buf data = { 0 };
        assert_int_equal(hex_decode_buf(json_string_value(v), &data), E_OK);
        struct hash leaf = hash_leaf(buf_view(&data));
        forest_add(&f, &leaf);
    }
    json_array_foreach(json_object_get(vectors, "roots"), i, v)
        assert_hex(f.roots[i].b, 32, json_string_value(v));
    assert_int_equal(i, 9);

    struct merkle_path path;
    json_array_foreach(json_object_get(vectors, "inclusion"), i, v)
    {
        uint64_t index = vector_number(v, "index"), size = vector_number(v, "size");
        assert_int_equal(merkle_inclusion(index, size, fetch, &f, &path), E_OK);
        assert_path(&path, json_object_get(v, "path"));
        assert_true(merkle_verify_inclusion(index, size, &f.nodes[0][index], &path, &f.roots[size]));
    }
    assert_int_equal(i, 36);
    json_array_foreach(json_object_get(vectors, "consistency"), i, v)
    {
        uint64_t old = vector_number(v, "old"), size = vector_number(v, "size");
        assert_int_equal(merkle_consistency(old, size, fetch, &f, &path), E_OK);
        assert_path(&path, json_object_get(v, "path"));
        assert_true(merkle_verify_consistency(old, size, &f.roots[old], &f.roots[size], &path));
    }
    assert_int_equal(i, 44);
    json_decref(vectors);
}

static void the_tree_over_the_record_vectors_has_their_roots(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json");
    struct merkle tree = { 0 };
    size_t i;
    json_t *v;
    const json_t *roots = json_object_get(vectors, "tree_roots");
    struct hash root = merkle_root(&tree);
    assert_hex(root.b, 32, json_string_value(json_array_get(roots, 0)));
    json_array_foreach(json_object_get(vectors, "feed"), i, v)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        vector_entry(v, &entry);
        struct hash leaf = hash_leaf(buf_view(&entry));
        merkle_append(&tree, &leaf, NULL, NULL);
        root = merkle_root(&tree);
        assert_hex(root.b, 32, json_string_value(json_array_get(roots, i + 1)));
    }
    json_decref(vectors);
}

/* Changes path in every way that a proof may be wrong: one bit of each node, one node more at either end, one
 * less. */
static size_t try_mutations(struct merkle_path *path,
                            bool (*holds)(const void *claim, const struct merkle_path *path),
                            const void *claim)
{
    size_t accepted = 0;
    struct merkle_path whole = *path;
    for (size_t i = 0; i < whole.count; i++)
        for (unsigned bit = 0; bit < 256; bit += 37) {
            path->nodes[i].b[bit / 8] ^= (uint8_t)(1 << bit % 8);
            accepted += holds(claim, path);
            path->nodes[i] = whole.nodes[i];
        }
    path->nodes[path->count++] = (struct hash){ { 1 } };
    accepted += holds(claim, path);
    path->count = whole.count;
    memmove(path->nodes + 1, path->nodes, whole.count * sizeof *path->nodes);
    path->count++;
    accepted += holds(claim, path);
    *path = whole;
    if (whole.count > 0) {
        path->count--;
        accepted += holds(claim, path);
        memmove(path->nodes, path->nodes + 1, path->count * sizeof *path->nodes);
        accepted += holds(claim, path);
        *path = whole;
    }
    return accepted;
}

struct claim {
    uint64_t a, size;
};

static bool inclusion_holds(const void *claim, const struct merkle_path *path)
{
    const struct claim *c = claim;
    return merkle_verify_inclusion(c->a, c->size, &forest.nodes[0][c->a], path, &forest.roots[c->size]);
}

static bool consistency_holds(const void *claim, const struct merkle_path *path)
{
    const struct claim *c = claim;
    return merkle_verify_consistency(c->a, c->size, &forest.roots[c->a], &forest.roots[c->size], path);
}

static void every_leaf_is_proved_in_every_size_and_by_nothing_else(void **state)
{
    (void)state;
    struct merkle_path path = { 0 };
    for (uint64_t size = 1; size <= LEAVES; size++)
        for (uint64_t index = 0; index < size; index++) {
            struct claim claim = { index, size };
            assert_int_equal(merkle_inclusion(index, size, fetch, &forest, &path), E_OK);
            assert_true(inclusion_holds(&claim, &path));
            assert_int_equal(try_mutations(&path, inclusion_holds, &claim), 0);
            const struct hash *leaf = &forest.nodes[0][index];
            assert_false(merkle_verify_inclusion(index, size, leaf, &path, &forest.roots[size - 1]));
            for (uint64_t other = 0; other <= LEAVES; other++)
                if (other != index)
                    assert_false(merkle_verify_inclusion(other, size, leaf, &path, &forest.roots[size]));
        }
}

static void every_size_is_proved_to_grow_from_every_smaller_and_by_nothing_else(void **state)
{
    (void)state;
    struct merkle_path path = { 0 };
    for (uint64_t size = 0; size <= LEAVES; size++)
        for (uint64_t old = 0; old <= size; old++) {
            struct claim claim = { old, size };
            assert_int_equal(merkle_consistency(old, size, fetch, &forest, &path), E_OK);
            assert_true(consistency_holds(&claim, &path));
            assert_int_equal(try_mutations(&path, consistency_holds, &claim), 0);
            struct hash wrong = forest.roots[old];
            wrong.b[31] ^= 1;
            assert_false(merkle_verify_consistency(old, size, &wrong, &forest.roots[size], &path));
            if (old == 0) /* nothing was said, so nothing can be contradicted */
                continue;
            wrong = forest.roots[size];
            wrong.b[0] ^= 0x80;
            assert_false(merkle_verify_consistency(old, size, &forest.roots[old], &wrong, &path));
        }
}

static void a_proof_of_what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct merkle_path path;
    assert_int_equal(merkle_inclusion(0, 0, fetch, &forest, &path), E_USAGE);
    assert_int_equal(merkle_inclusion(5, 5, fetch, &forest, &path), E_USAGE);
    assert_int_equal(merkle_inclusion(UINT64_MAX, 5, fetch, &forest, &path), E_USAGE);
    assert_int_equal(merkle_consistency(6, 5, fetch, &forest, &path), E_USAGE);
    assert_int_equal(merkle_inclusion(0, 1000, fetch, &forest, &path), E_NOT_FOUND);
    assert_int_equal(merkle_consistency(3, 1000, fetch, &forest, &path), E_NOT_FOUND);
    struct hash root;
    assert_int_equal(merkle_root_at(1000, fetch, &forest, &root), E_NOT_FOUND);
}

static void hostile_sizes_and_lengths_only_fail(void **state)
{
    (void)state;
    static struct merkle_path path;
    struct hash h = { { 0 } };
    static const uint64_t sizes[] = { 0, 1, 2, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX };
    for (path.count = 0; path.count <= 2 * MERKLE_MAX_LEVELS; path.count++)
        for (size_t i = 0; i < 6; i++)
            for (size_t j = 0; j < 6; j++) {
                assert_false(merkle_verify_inclusion(sizes[i], sizes[j], &h, &path, &forest.roots[3]));
                assert_false(merkle_verify_consistency(sizes[i], sizes[j], &h, &forest.roots[3], &path));
            }
    path.count = SIZE_MAX;
    assert_false(merkle_verify_inclusion(3, 5, &h, &path, &h));
    assert_false(merkle_verify_consistency(3, 5, &h, &h, &path));
}

/* A tree of 2^63 equal leaves and more, whose nodes depend on their level only. */
static enum err fetch_uniform(void *context, unsigned level, uint64_t index, struct hash *out)
{
    (void)index;
    *out = ((struct hash *)context)[level];
    return E_OK;
}

static void the_largest_trees_are_proved_too(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX,
                                      UINT64_MAX - 1 };
    struct hash levels[MERKLE_MAX_LEVELS];
    static struct merkle_path path;
    levels[0] = hash_leaf(bytes_text("leaf"));
    for (unsigned l = 1; l < MERKLE_MAX_LEVELS; l++)
        levels[l] = hash_node(&levels[l - 1], &levels[l - 1]);
    for (size_t i = 0; i < 4; i++) {
        struct hash root, old_root;
        uint64_t at[] = { 0, 1, sizes[i] / 2, sizes[i] / 3, sizes[i] - 1 };
        assert_int_equal(merkle_root_at(sizes[i], fetch_uniform, levels, &root), E_OK);
        for (size_t j = 0; j < 5; j++) {
            assert_int_equal(merkle_inclusion(at[j], sizes[i], fetch_uniform, levels, &path), E_OK);
            assert_true(merkle_verify_inclusion(at[j], sizes[i], &levels[0], &path, &root));
            assert_int_equal(merkle_root_at(at[j], fetch_uniform, levels, &old_root), E_OK);
            assert_int_equal(merkle_consistency(at[j], sizes[i], fetch_uniform, levels, &path), E_OK);
            assert_true(merkle_verify_consistency(at[j], sizes[i], &old_root, &root, &path));
        }
    }
}

static void a_frontier_survives_being_stored(void **state)
{
    (void)state;
    struct merkle tree = { 0 };
    for (size_t n = 0; n < LEAVES; n++) {
        AUTO(buf_clear) struct buf stored = { 0 };
        struct merkle back;
        merkle_encode(&tree, &stored);
        assert_int_equal(merkle_decode(buf_view(&stored), &back), E_OK);
        assert_true(back.size == n);
        struct hash a = merkle_root(&tree), b = merkle_root(&back);
        assert_true(hash_equal(&a, &b));
        merkle_append(&back, &forest.nodes[0][n], NULL, NULL);
        tree = back;
        a = merkle_root(&tree);
        assert_true(hash_equal(&a, &forest.roots[n + 1]));
    }
}

static void a_frontier_of_another_length_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf stored = { 0 };
    struct merkle back;
    merkle_encode(&forest.tree, &stored);
    buf_u8(&stored, 0);
    for (size_t len = 0; len <= stored.len; len++)
        assert_int_equal(merkle_decode(bytes_of(stored.data, len), &back),
                         len == stored.len - 1 ? E_OK : E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_definition_at_every_size),
        cmocka_unit_test(the_vectors_hold),
        cmocka_unit_test(the_tree_over_the_record_vectors_has_their_roots),
        cmocka_unit_test(every_leaf_is_proved_in_every_size_and_by_nothing_else),
        cmocka_unit_test(every_size_is_proved_to_grow_from_every_smaller_and_by_nothing_else),
        cmocka_unit_test(a_proof_of_what_is_not_there_is_refused),
        cmocka_unit_test(hostile_sizes_and_lengths_only_fail),
        cmocka_unit_test(the_largest_trees_are_proved_too),
        cmocka_unit_test(a_frontier_survives_being_stored),
        cmocka_unit_test(a_frontier_of_another_length_is_corrupt),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
