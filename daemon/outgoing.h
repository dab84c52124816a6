/* outgoing: what of a feed may leave this node, packed for the road.
 *
 * Every entry goes; its payload goes where its visibility allows: local nowhere, federal to a hub, public
 * everywhere. Identity events and federation events are public by their form. */
#pragma once

#include "store/store.h"

/* Packs consecutive records of author from `from`: at most max_bytes and max_count of them, but at least one
 * when there is one. *count how many, *held how many bytes they take here (entry, salt and payload, those
 * withheld too). */
enum err outgoing_pack(struct store_view *view, const struct hash *author, uint64_t from, size_t max_bytes,
                       size_t max_count, bool to_hub, struct buf *out, size_t *count, uint64_t *held);

/* Drops from packed records (run.h) the payloads that may not leave. E_CORRUPT when the bytes are not whole
 * records. */
enum err outgoing_withhold(struct buf *packed, bool to_hub);
