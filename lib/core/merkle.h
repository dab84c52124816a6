/* merkle: the RFC 6962 tree over the log: roots, inclusion and consistency proofs, and their verification
 * (RFC 9162 sections 2.1.3 and 2.1.4).
 *
 * The tree is appended to through its frontier (the roots of the full subtrees of the current size, largest
 * first). Proofs are made from complete nodes, which the caller fetches: level 0 are the leaf hashes, node
 * (l, i) covers the leaves i << l to ((i + 1) << l) - 1. Which of the emitted nodes are stored, and which
 * computed, is the caller's. */
#pragma once

#include "base/err.h"
#include "core/hash.h"

#define MERKLE_MAX_LEVELS 64

struct merkle {
    uint64_t size;
    struct hash peaks[MERKLE_MAX_LEVELS]; /* peaks[l] is set when bit l of size is */
};

/* Called for every node completed by an append, level 1 and up: index counts nodes of that level from 0. */
typedef void merkle_emit(void *context, unsigned level, uint64_t index, const struct hash *node);

/* Adds one leaf hash. emit may be NULL. */
void merkle_append(struct merkle *tree, const struct hash *leaf, merkle_emit *emit, void *context);
struct hash merkle_root(const struct merkle *tree);
void merkle_encode(const struct merkle *tree, struct buf *out);
enum err merkle_decode(struct bytes bytes, struct merkle *out); /* E_CORRUPT */

/* Gives the hash of the complete node (level, index). E_NOT_FOUND, E_IO, E_CORRUPT. */
typedef enum err merkle_fetch(void *context, unsigned level, uint64_t index, struct hash *out);

struct merkle_path {
    size_t count;
    struct hash nodes[2 * MERKLE_MAX_LEVELS];
};

enum err merkle_root_at(uint64_t size, merkle_fetch *fetch, void *context, struct hash *root);
/* E_USAGE when index >= size. */
enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_fetch *fetch, void *context,
                          struct merkle_path *out);
/* E_USAGE when old > size. */
enum err merkle_consistency(uint64_t old, uint64_t size, merkle_fetch *fetch, void *context,
                            struct merkle_path *out);

bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                             const struct merkle_path *path, const struct hash *root);
bool merkle_verify_consistency(uint64_t old, uint64_t size, const struct hash *old_root,
                               const struct hash *root, const struct merkle_path *path);
