#include <string.h>

#include "base/limits.h"
#include "plan.h"

static void calm(struct plan *plan)
{
    for (unsigned fault = 0; fault < FAULT_COUNT; fault++)
        plan->fault_ms[fault] = 0;
    plan->hostile = 0;
    plan->huge = plan->sloppy = 0;
    plan->rough = 0;
}

/* Everybody at once, after the hub was away. */
static void set_herd(struct plan *plan)
{
    calm(plan);
    plan->shape = SHAPE_STAR;
    plan->relays = 0;
    plan->nodes = 1000;
    plan->bytes = false;
    plan->busy_ms = 60000;
    plan->append_ms = 20000;
    plan->burst = 3;
    plan->payload = 200;
    plan->credit_bytes = 1000000;
    plan->batch_bytes = MAX_BATCH_BYTES;
    plan->fault_ms[FAULT_HUB] = 20000;
    plan->fault_ms[FAULT_PARTITION] = 30000;
}

/* No legal record wedges a feed, however little credit there is. */
static void set_largest(struct plan *plan)
{
    calm(plan);
    plan->shape = SHAPE_STAR;
    plan->relays = 0;
    plan->nodes = 3;
    plan->huge = 300;
    plan->credit_bytes = 1;
    plan->append_ms = 4000;
    plan->fault_ms[FAULT_BREAK] = 10000;
}

/* The hub's disk is full more often than not. */
static void set_full(struct plan *plan)
{
    calm(plan);
    plan->fault_ms[FAULT_FULL] = 3000;
    plan->fault_ms[FAULT_SYNC] = 15000;
}

/* Any bytes, all the time. */
static void set_hostile(struct plan *plan)
{
    plan->shape = SHAPE_STAR;
    plan->relays = 0;
    plan->nodes = 5;
    plan->hostile = 3;
    plan->bytes = true;
    plan->rough = 0;
    plan->busy_ms = 300000;
    plan->redial_max_ms = 10000;
}

/* Messages are lost, come twice and change places within a connection: nothing is promised but safety. */
static void set_rough(struct plan *plan)
{
    plan->shape = SHAPE_STAR;
    plan->relays = 0;
    plan->hostile = 0;
    plan->rough = 200;
}

/* Records that only a later one vouches for, in batches that end before it. */
static void set_unvouched(struct plan *plan)
{
    calm(plan);
    plan->payload = 200;
    plan->burst = 40;
    plan->sloppy = 800;
    plan->batch_bytes = 3000;
    plan->credit_bytes = 50000;
    plan->fault_ms[FAULT_BREAK] = 5000;
}

/* Records go round a ring of nodes that offer each other everything. */
static void set_ring(struct plan *plan)
{
    plan->shape = SHAPE_MESH;
    plan->relays = 0;
    plan->nodes = 8;
    plan->hostile = 0;
    plan->rough = 0;
}

static const struct scenario scenarios[] = {
    { "herd", "a thousand nodes that lose and find their hub", 1, set_herd },
    { "largest", "records of the largest size on a credit of one byte", 2, set_largest },
    { "full", "disks that are full again and again", 3, set_full },
    { "hostile", "three of five nodes send any bytes", 4, set_hostile },
    { "rough", "messages lost, doubled and out of order", 6, set_rough },
    { "unvouched", "records whose voucher is in the next batch", 7, set_unvouched },
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
