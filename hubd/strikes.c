#include "hubd/strikes.h"

#include <stdlib.h>

#include "base/buf.h"

#define FORGET_MS 3600000ULL

struct strike {
    uint32_t count; /* since the last ban */
    uint32_t bans;
    uint64_t last_ms, until_ms;
};

void strikes_clear(struct strikes *strikes)
{
    struct strike *strike;
    for (size_t at = 0; (strike = table_next(&strikes->keys, &at)) != NULL;)
        free(strike);
    table_clear(&strikes->keys);
}

static uint64_t ban_length(const struct strikes *strikes, uint32_t bans)
{
    uint64_t ms = strikes->ban_ms;
    while (bans-- > 0 && ms < strikes->ban_max_ms)
        ms *= 2;
    return ms < strikes->ban_max_ms ? ms : strikes->ban_max_ms;
}

bool strikes_add(struct strikes *strikes, const struct key *key, uint64_t now_ms)
{
    struct strike *strike = table_get(&strikes->keys, key->b);
    if (strike == NULL) {
        strike = mem_alloc(sizeof *strike);
        table_put(&strikes->keys, key->b, strike);
    }
    if (now_ms > strike->until_ms + FORGET_MS && now_ms > strike->last_ms + FORGET_MS)
        *strike = (struct strike){ 0 };
    strike->last_ms = now_ms;
    if (++strike->count < strikes->limit)
        return false;
    strike->until_ms = now_ms + ban_length(strikes, strike->bans++);
    strike->count = 0;
    return true;
}

uint64_t strikes_wait(const struct strikes *strikes, const struct key *key, uint64_t now_ms)
{
    const struct strike *strike = table_get(&strikes->keys, key->b);
    return strike != NULL && strike->until_ms > now_ms ? strike->until_ms - now_ms : 0;
}
