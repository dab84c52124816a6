#include "store_bench.h"

static void check_inclusion(struct store_view *view, const struct author *a, uint64_t index, uint64_t size,
                            const struct hash *root)
{
    struct merkle_path path;
    struct hash leaf = hash_leaf(bytes_of(entry_of(a, index), ENTRY_BYTES));
    assert_int_equal(store_inclusion(view, index, size, &path), E_OK);
    assert_true(merkle_verify_inclusion(index, size, &leaf, &path, root));
}

static void roots_and_proofs_hold_at_every_size(void **state)
{
    (void)state;
    enum { LEAVES = 600 };
    static struct hash roots[LEAVES + 1];
    struct author a;
    struct merkle tree = { 0 };
    struct merkle_path path;
    struct hash root;
    author_begin(&a, 1);
    append_many(&a, 122, 0);
    append_many(&a, 133, 0); /* up to 256 */
    append_many(&a, 1, 0);
    append_many(&a, LEAVES - 257, 0);
    struct store_view *view = view_of();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct hash leaf = hash_leaf(bytes_of(entry_of(&a, size - 1), ENTRY_BYTES));
        merkle_append(&tree, &leaf, NULL, NULL);
        roots[size] = merkle_root(&tree);
        assert_int_equal(store_root_at(view, size, &root), E_OK);
        assert_memory_equal(root.b, roots[size].b, HASH_BYTES);
        uint64_t step = size <= 40 || size == 257 || size == LEAVES ? 1 : size % 256 < 3 ? 5 : 61;
        for (uint64_t i = size % step; i < size; i += step) {
            check_inclusion(view, &a, i, size, &roots[size]);
            assert_int_equal(store_consistency(view, i + 1, size, &path), E_OK);
            assert_true(merkle_verify_consistency(i + 1, size, &roots[i + 1], &roots[size], &path));
        }
    }
    root = store_root(view);
    assert_memory_equal(root.b, roots[LEAVES].b, HASH_BYTES);
    assert_int_equal(store_root_at(view, LEAVES + 1, &root), E_NOT_FOUND);
    assert_int_equal(store_inclusion(view, LEAVES, LEAVES, &path), E_USAGE);
    assert_int_equal(store_inclusion(view, 0, LEAVES + 1, &path), E_NOT_FOUND);
    assert_int_equal(store_consistency(view, 3, 2, &path), E_USAGE);
    store_done(&view);
    author_end(&a);
}

static void proofs_hold_where_higher_levels_are_kept(void **state)
{
    (void)state;
    enum { LEAVES = 66000 }; /* past one node of level 16 */
    struct author a;
    struct merkle tree = { 0 };
    struct merkle_path path;
    struct hash old = { 0 }, root;
    author_begin(&a, 1);
    append_many(&a, LEAVES - 1, 0);
    struct store_view *view = view_of();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct hash leaf = hash_leaf(bytes_of(entry_of(&a, size - 1), ENTRY_BYTES));
        merkle_append(&tree, &leaf, NULL, NULL);
        if (size == 40001)
            old = merkle_root(&tree);
    }
    root = store_root(view);
    struct hash want = merkle_root(&tree);
    assert_memory_equal(root.b, want.b, HASH_BYTES);
    assert_int_equal(store_root_at(view, LEAVES, &root), E_OK);
    assert_memory_equal(root.b, want.b, HASH_BYTES);
    for (uint64_t i = 0; i < LEAVES; i += 4999)
        check_inclusion(view, &a, i, LEAVES, &root);
    check_inclusion(view, &a, LEAVES - 1, LEAVES, &root);
    assert_int_equal(store_consistency(view, 40001, LEAVES, &path), E_OK);
    assert_true(merkle_verify_consistency(40001, LEAVES, &old, &root, &path));
    assert_int_equal(rows(TABLE_TREE), LEAVES / 256 + 1 + 1); /* and the frontier */
    store_done(&view);
    author_end(&a);
}

static void a_store_without_a_tree_proves_nothing_and_cannot_become_a_log(void **state)
{
    (void)state;
    struct author a;
    struct merkle_path path;
    store_close(&store);
    struct store_options options = { .folder = scratch, .map_bytes = MAP_BYTES };
    assert_int_equal(store_open(&options, &store), E_OK);
    author_begin(&a, 1);
    append_many(&a, 10, 10);
    assert_int_equal(rows(TABLE_TREE), 0);
    struct store_view *view = view_of();
    assert_int_equal(store_inclusion(view, 0, 1, &path), E_USAGE);
    store_done(&view);
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    write_many(&a, 1, 10, 0);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_CORRUPT);
    author_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(roots_and_proofs_hold_at_every_size),
        FACT(proofs_hold_where_higher_levels_are_kept),
        FACT(a_store_without_a_tree_proves_nothing_and_cannot_become_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
