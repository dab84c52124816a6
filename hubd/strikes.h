/* strikes: who breaks the protocol is refused for a while, each time for twice as long.
 *
 * Only keys that the ZAP handler let in come this far, so the table is bounded by the membership. */
#pragma once

#include "core/id.h"
#include "hubd/table.h"

struct strikes {
    struct table keys; /* -> struct strike, owned */
    uint32_t limit;    /* strikes until a ban */
    uint64_t ban_ms, ban_max_ms;
};

void strikes_clear(struct strikes *strikes);
/* One more. True when that makes it a ban. An hour without any forgets the old ones. */
bool strikes_add(struct strikes *strikes, const struct key *key, uint64_t now_ms);
/* How long it is still refused; 0: it is not. */
uint64_t strikes_wait(const struct strikes *strikes, const struct key *key, uint64_t now_ms);
