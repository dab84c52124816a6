/* verdict: whether a record that is held stands on its own feet: signature, chain, payload (doc/PROTOCOL.md,
 * "vouched"). */
#pragma once

#include "registry/row.h"

struct verdict {
    bool valid;          /* signed or vouched for, and in the chain */
    bool own_signature;  /* valid by its own signature; else by that of vouched_by */
    uint64_t vouched_by; /* seq */
    bool chained;        /* prev is the record before, and it leads to its voucher */
    struct key key;      /* the record key of its epoch */
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err verdict_of(struct store_view *view, const struct row *row, struct verdict *out);
