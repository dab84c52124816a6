#include <string.h>

#include "base/limits.h"
#include "plan.h"

/* Nothing is left to the seed but chance itself: so a scenario stays what it is when plans are drawn
 * otherwise. */
static void calm_star(struct plan *plan, unsigned nodes)
{
    *plan = (struct plan){
        .seed = plan->seed,
        .mutant = plan->mutant,
        .shape = SHAPE_STAR,
        .nodes = nodes,
        .busy_ms = 60000,
        .settle_ms = 30 * 60000,
        .append_ms = 1000,
        .burst = 10,
        .payload = 200,
        .federal = 100,
        .local = 100,
        .rekeyed = 10,
        .heartbeat_ms = 5000,
        .batch_bytes = MAX_BATCH_BYTES,
        .credit_bytes = 1000000,
        .redial_min_ms = 1000,
        .redial_max_ms = 60000,
        .latency_ms = 50,
        .jitter_ms = 20,
    };
}

/* Everybody at once, after the hub was away. */
static void set_herd(struct plan *plan)
{
    calm_star(plan, 1000);
    plan->heartbeat_ms = 15000;
    plan->append_ms = 20000;
    plan->burst = 3;
    plan->fault_ms[FAULT_HUB] = 20000;
    plan->fault_ms[FAULT_PARTITION] = 30000;
}

/* No legal record wedges a feed, however little credit there is. */
static void set_largest(struct plan *plan)
{
    calm_star(plan, 3);
    plan->huge = 300;
    plan->credit_bytes = 1;
    plan->burst = 3;
    plan->fault_ms[FAULT_BREAK] = 10000;
}

/* Disks that are full again and again, while many batches are under way: each fails in a transaction of its
 * own, and a sender that is back at the first is not to be told of the second. */
static void set_full(struct plan *plan)
{
    calm_star(plan, 4);
    plan->batch_bytes = 1000;
    plan->credit_bytes = 50000;
    plan->latency_ms = 600;
    plan->append_ms = 500;
    plan->fault_ms[FAULT_FULL] = 2000;
    plan->fault_ms[FAULT_SYNC] = 15000;
}

/* Any bytes, all the time. */
static void set_hostile(struct plan *plan)
{
    calm_star(plan, 5);
    plan->hostile = 3;
    plan->bytes = true;
    plan->busy_ms = 300000;
    plan->redial_max_ms = 10000;
    plan->fault_ms[FAULT_KILL] = 20000;
}

/* Messages are lost, come twice and change places within a connection: nothing is promised but safety. */
static void set_rough(struct plan *plan)
{
    calm_star(plan, 5);
    plan->rough = 100;
    plan->batch_bytes = 3000;
}

/* Records that only a later one vouches for, in batches that end before it. */
static void set_unvouched(struct plan *plan)
{
    calm_star(plan, 4);
    plan->burst = 40;
    plan->sloppy = 800;
    plan->batch_bytes = 3000;
    plan->credit_bytes = 50000;
    plan->fault_ms[FAULT_BREAK] = 5000;
}

/* The same on less credit than a batch is worth: what is kept, and not acknowledged, gives its credit back,
 * and all of that is to be used. */
static void set_crumbs(struct plan *plan)
{
    set_unvouched(plan);
    plan->batch_bytes = MAX_BATCH_BYTES;
    plan->credit_bytes = 500;
}

/* 50 kbit/s, a long way, and far more to say than fits: the line is not taken for dead. */
static void set_slow(struct plan *plan)
{
    calm_star(plan, 3);
    plan->bytes_a_second = 6250;
    plan->latency_ms = 600;
    plan->heartbeat_ms = 15000;
    plan->burst = 40;
    plan->payload = 3000;
    plan->huge = 5;
}

/* Records go round a ring of nodes that offer each other everything. */
static void set_ring(struct plan *plan)
{
    calm_star(plan, 8);
    plan->shape = SHAPE_MESH;
    plan->fault_ms[FAULT_KILL] = 5000;
    plan->fault_ms[FAULT_CUT] = 10000;
}

/* A batch is refused while another link brings the same records: the sender begins where it knows that the
 * receiver stands, and that is where it is expected. */
static void set_overtaken(struct plan *plan)
{
    calm_star(plan, 6);
    plan->shape = SHAPE_MESH;
    plan->credit_bytes = 4000;
    plan->latency_ms = 600;
    plan->jitter_ms = 500;
    plan->append_ms = 3000;
    plan->busy_ms = 120000;
    plan->fault_ms[FAULT_FULL] = 2000;
    plan->fault_ms[FAULT_BREAK] = 10000;
}

static const struct scenario scenarios[] = {
    { "herd", "a thousand nodes that lose and find their hub", 1, set_herd },
    { "largest", "records of the largest size on a credit of one byte", 2, set_largest },
    { "full", "disks that are full again and again", 3, set_full },
    { "hostile", "three of five nodes send any bytes", 4, set_hostile },
    { "rough", "messages lost, doubled and out of order", 6, set_rough },
    { "unvouched", "records whose voucher is in the next batch", 7, set_unvouched },
    { "crumbs", "the same on a credit of 500 bytes", 8, set_crumbs },
    { "slow", "far more than fits on 50 kbit/s", 9, set_slow },
    { "overtaken", "disks that are full in a mesh", 10, set_overtaken },
    { "ring", "eight nodes in a ring, no hub", 5, set_ring },
};

const struct scenario *scenario_at(unsigned index)
{
    return index < sizeof scenarios / sizeof *scenarios ? &scenarios[index] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
    const struct scenario *scenario = scenarios;
    for (unsigned i = 0; (scenario = scenario_at(i)) != NULL; i++)
        if (strcmp(scenario->name, name) == 0)
            return scenario;
    return NULL;
}
