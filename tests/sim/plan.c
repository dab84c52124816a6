#include "plan.h"

#include "base/limits.h"
#include "dice.h"

/* One of the values, each as likely. */
#define ONE_OF(dice, ...)                                                                                    \
    ((const uint64_t[]){                                                                                     \
        __VA_ARGS__ })[dice_below(dice, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))]

static void draw_people(struct dice *dice, struct plan *plan)
{
    plan->shape = (enum shape)ONE_OF(dice, SHAPE_STAR, SHAPE_STAR, SHAPE_MESH, SHAPE_TREE);
    plan->nodes = (unsigned)dice_between(dice, 2, dice_chance(dice, 100) ? 16 : 5);
    plan->relays = plan->shape == SHAPE_TREE ? (unsigned)dice_between(dice, 1, 3) : 0;
    plan->bytes = dice_chance(dice, 300);
    plan->rough = dice_chance(dice, 100) ? (unsigned)dice_between(dice, 5, 100) : 0;
    if (plan->shape == SHAPE_STAR && dice_chance(dice, 300))
        plan->hostile = (unsigned)dice_between(dice, 1, plan->nodes - 1);
}

static void draw_faults(struct dice *dice, struct plan *plan)
{
    static const uint64_t mean_ms[FAULT_COUNT] = {
        [FAULT_KILL] = 8000,       [FAULT_STOP] = 30000, [FAULT_BREAK] = 8000, [FAULT_CUT] = 15000,
        [FAULT_PARTITION] = 40000, [FAULT_SLOW] = 20000, [FAULT_FULL] = 20000, [FAULT_SYNC] = 30000,
        [FAULT_CLOCK] = 20000,     [FAULT_HUB] = 40000,
    };
    for (unsigned fault = 0; fault < FAULT_COUNT; fault++)
        if (dice_chance(dice, 600))
            plan->fault_ms[fault] = dice_between(dice, mean_ms[fault] / 4, mean_ms[fault] * 2);
}

void plan_draw(uint64_t seed, struct plan *out)
{
    struct dice dice = { seed ^ UINT64_C(0x51D) };
    *out = (struct plan){
        .seed = seed,
        .busy_ms = dice_between(&dice, 20000, 120000),
        .settle_ms = 30 * 60000,
        .append_ms = dice_between(&dice, 300, 5000),
        .burst = (unsigned)ONE_OF(&dice, 1, 3, 10, 40),
        .payload = (unsigned)ONE_OF(&dice, 20, 200, 3000),
        .huge = dice_chance(&dice, 150) ? 5 : 0,
        .federal = 100,
        .local = 100,
        .rekeyed = 10,
        .heartbeat_ms = (uint32_t)ONE_OF(&dice, 1000, 5000, 15000),
        .batch_bytes = (uint32_t)ONE_OF(&dice, 1000, 20000, MAX_BATCH_BYTES),
        .credit_bytes = ONE_OF(&dice, 500, 4000, 50000, 1000000),
        .redial_min_ms = 1000,
        .redial_max_ms = ONE_OF(&dice, 10000, 60000, 300000),
        .latency_ms = ONE_OF(&dice, 1, 50, 600),
        .jitter_ms = ONE_OF(&dice, 0, 20, 500),
    };
    draw_people(&dice, out);
    draw_faults(&dice, out);
    out->stingy = dice_chance(&dice, 300) ? 300 : 0;
    /* Only a hub keeps what the next batch vouches for: else it must come within one. */
    bool fits =
        out->batch_bytes >= 20000 && out->credit_bytes >= 50000 && out->payload <= 200 && out->huge == 0;
    if (out->shape == SHAPE_STAR || fits)
        out->sloppy = dice_chance(&dice, 500) ? 200 : 0;
}
