/* verify: whether a record that is held stands on its own feet: signature, chain, payload. */
#pragma once

#include "store/store.h"

struct verdict {
    bool valid;          /* signed or vouched for, and in the chain */
    bool own_signature;  /* valid by its own signature; else by that of vouched_by */
    uint64_t vouched_by; /* seq */
    bool chained;        /* prev is the record before, and it leads to its voucher */
    bool has_payload;    /* here, and it matches the commitment */
    struct key key;      /* the record key of its epoch */
    uint32_t epoch;
};

/* E_NOT_FOUND, E_CORRUPT. */
enum err verify_held(struct store_view *view, const struct hash *author, uint64_t seq, struct verdict *out);
