/* refused: records of a hub's feed that this node has refused for good, for an operator to look at.
 *
 * A row each, author and seq. It goes when the feed goes on with another record there; so what stays is what
 * the feed stands still at, and forks: that there are two records with one number stays true, and one of them
 * is kept here as evidence. An operator who has seen them acknowledges them: they go on being shown, and
 * alarm nobody. */
#pragma once

#include "core/record.h"
#include "store/store.h"

struct refused {
    uint64_t seq;
    enum err code;
    char text[200];
    struct bytes entry;       /* 192 bytes, borrowed; empty when it could not be parsed */
    uint64_t acknowledged_ms; /* 0: by nobody */
};

/* The same again changes nothing, and nothing but another fork covers a fork up. */
void refused_put(struct store_txn *txn, const struct hash *author, const struct refused *row);
/* The feed goes on with the records first .. first+count-1. */
void refused_passed(struct store_txn *txn, const struct hash *author, uint64_t first, size_t count);

/* Of one author, what is to be looked at: the first that nobody has acknowledged, or else the last; and how
 * many nobody has acknowledged. E_NOT_FOUND: there is none; E_CORRUPT, E_IO. */
enum err refused_look(struct store_view *view, const struct hash *author, struct refused *out,
                      size_t *unseen);
/* All of one author's. view: of a moment when txn was open already, so that it shows them all. E_NOT_FOUND:
 * there is none. E_EXISTS: they are acknowledged already. E_CORRUPT, E_IO. */
enum err refused_acknowledge(struct store_view *view, struct store_txn *txn, const struct hash *author,
                             uint64_t now_ms);
