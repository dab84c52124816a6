#include <inttypes.h>

#include "store/inside.h"

#define KEPT_EVERY 8U /* levels whose nodes are kept */

static enum err load_frontier(struct db_txn *db, struct merkle *tree)
{
    *tree = (struct merkle){ 0 };
    struct bytes value;
    if (db_get(db, TABLE_TREE, key_of_frontier(), &value))
        TRY(merkle_decode(value, tree));
    TRY(db_error(db));
    uint64_t size = db_entries(db, TABLE_ENTRIES);
    if (tree->size != size)
        return fail(E_CORRUPT, "the tree has %" PRIu64 " leaves and the log %" PRIu64 " entries", tree->size,
                    size);
    return E_OK;
}

/* ---- writing */

void ledger_start(struct store_txn *txn)
{
    enum err code = load_frontier(txn->db, &txn->tree);
    if (code != E_OK)
        db_fail(txn->db, code);
}

static void keep_node(void *context, unsigned level, uint64_t index, const struct hash *node)
{
    struct store_txn *txn = context;
    if (level % KEPT_EVERY != 0)
        return;
    struct key_node key = key_of_node(level, index);
    db_put(txn->db, TABLE_TREE, BYTES_OF(key), BYTES_OF(*node));
}

void ledger_append(struct store_txn *txn, const struct hash *leaf)
{
    merkle_append(&txn->tree, leaf, keep_node, txn);
    txn->tree_dirty = true;
}

void ledger_finish(struct store_txn *txn)
{
    if (!txn->tree_dirty)
        return;
    txn->scratch.len = 0;
    merkle_encode(&txn->tree, &txn->scratch);
    db_put(txn->db, TABLE_TREE, key_of_frontier(), buf_view(&txn->scratch));
    txn->tree_dirty = false;
}

/* ---- reading */

static enum err missing(struct store_view *view, const char *what, unsigned level, uint64_t index)
{
    TRY(db_error(view->db));
    return corrupt(view->db, "%s (%u, %" PRIu64 ") is not there", what, level, index);
}

static enum err fetch(void *context, unsigned level, uint64_t index, struct hash *out)
{
    struct store_view *view = context;
    struct bytes value;
    if (level == 0) {
        if (!find_entry(view->db, index, &value))
            return missing(view, "leaf", level, index);
        *out = hash_leaf(value);
        return E_OK;
    }
    if (level % KEPT_EVERY == 0) {
        struct key_node key = key_of_node(level, index);
        if (!db_get(view->db, TABLE_TREE, BYTES_OF(key), &value) || value.len != HASH_BYTES)
            return missing(view, "node", level, index);
        memcpy(out->b, value.data, HASH_BYTES);
        return E_OK;
    }
    struct hash left;
    struct hash right;
    TRY(fetch(context, level - 1, index * 2, &left));
    TRY(fetch(context, level - 1, index * 2 + 1, &right));
    *out = hash_node(&left, &right);
    return E_OK;
}

static enum err check_size(struct store_view *view, uint64_t size)
{
    if (!view->store->log)
        return fail(E_USAGE, "this store keeps no tree");
    uint64_t have = store_size(view);
    if (size > have)
        return fail(E_NOT_FOUND, "the log has %" PRIu64 " entries, not %" PRIu64, have, size);
    return E_OK;
}

struct hash store_root(struct store_view *view)
{
    struct merkle tree;
    enum err code = load_frontier(view->db, &tree);
    if (code != E_OK)
        db_fail(view->db, code);
    return merkle_root(&tree);
}

enum err store_root_at(struct store_view *view, uint64_t size, struct hash *root)
{
    TRY(check_size(view, size));
    return merkle_root_at(size, fetch, view, root);
}

enum err store_inclusion(struct store_view *view, uint64_t index, uint64_t size, struct merkle_path *path)
{
    TRY(check_size(view, size));
    return merkle_inclusion(index, size, fetch, view, path);
}

enum err store_consistency(struct store_view *view, uint64_t old, uint64_t size, struct merkle_path *path)
{
    TRY(check_size(view, size));
    return merkle_consistency(old, size, fetch, view, path);
}
