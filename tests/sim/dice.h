/* dice: the simulator's only source of chance (splitmix64): one seed, one history. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 .. limit-1; 0 for limit 0. */
static inline uint64_t dice_below(struct dice *dice, uint64_t limit)
{
    return limit == 0 ? 0 : dice_next(dice) % limit;
}

static inline uint64_t dice_between(struct dice *dice, uint64_t low, uint64_t high)
{
    return low + dice_below(dice, high - low + 1);
}

/* In so many of a thousand cases. */
static inline bool dice_chance(struct dice *dice, unsigned per_mille)
{
    return dice_below(dice, 1000) < per_mille;
}

/* A wait around a mean; at least 1. */
static inline uint64_t dice_wait(struct dice *dice, uint64_t mean)
{
    return 1 + dice_below(dice, 2 * mean);
}
