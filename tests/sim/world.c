#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos.h"
#include "core/statement.h"
#include "link.h"
#include "process.h"

#define LOOK_MS 500U    /* how often a calm world is asked whether all agree */
#define QUIET_MS 70000U /* once they do, nobody sends a record for so long */

struct process *world_process(const struct world *world, const struct hash *author)
{
    size_t place = roll_find(&world->roll, author);
    return place == ROLL_NONE ? NULL : &world->processes[place];
}

const char *world_name(const struct world *world, const struct hash *author)
{
    const struct process *p = world_process(world, author);
    return p != NULL ? p->name : "nobody";
}

void world_broken(struct world *world, const struct process *who, const char *format, ...)
{
    if (world->is_broken)
        return;
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    world->is_broken = true;
    snprintf(world->why, sizeof world->why, "%s %s", who != NULL ? who->name : "everybody", what);
    world->trace.now_ms = world->sched.now_ms;
    trace_say(&world->trace, who != NULL ? who->name : "", "BROKEN: %s", what);
}

/* ---- who there is */

static void identify(struct process *p, uint64_t number)
{
    uint8_t seed[32] = "simulated";
    struct secret rotation;
    put_u64(seed + 24, number);
    secret_from_seed(seed, &p->secret);
    seed[23] = 1;
    secret_from_seed(seed, &rotation);
    struct inception inception = { .level = 1, .record_key = p->secret.public_key };
    snprintf(inception.name, sizeof inception.name, "%s", p->name);
    inception.next_commit = next_commit(&rotation.public_key);
    inception_write(&inception, &p->inception);
    p->author = author_of(buf_view(&p->inception));
}

static struct process *add_process(struct world *world, enum sync_role role, const char *name)
{
    struct process *p = &world->processes[world->count];
    *p = (struct process){ .world = world, .role = role, .mutant = world->plan.mutant };
    snprintf(p->name, sizeof p->name, "%s", name);
    identify(p, world->count++);
    p->skew_ms = (int64_t)dice_below(&world->dice, 2000) - 1000;
    roll_add(&world->roll, &p->author);
    return p;
}

static void add_road(struct world *world, struct process *dialer, struct process *listener)
{
    const struct plan *plan = &world->plan;
    struct road *road = &world->roads[world->n_roads++];
    *road = (struct road){ .world = world, .end = { dialer, listener } };
    road->latency_ms = dice_below(&world->dice, plan->latency_ms + 1);
    road->jitter_ms = dice_below(&world->dice, plan->jitter_ms + 1);
    road->bytes_a_second = plan->bytes_a_second;
    dialer->dials = mem_resize(dialer->dials, (dialer->n_dials + 1) * sizeof *dialer->dials);
    dialer->dials[dialer->n_dials++] = (struct dial){ .road = road };
    listener->roads = mem_resize(listener->roads, (listener->n_roads + 1) * sizeof(struct road *));
    listener->roads[listener->n_roads++] = road;
}

static void follow(struct process *p, const struct process *author)
{
    if (p != author)
        roll_add(&p->follows, &author->author);
}

static void follow_all(struct process *p)
{
    for (size_t i = 0; i < p->world->count; i++)
        follow(p, &p->world->processes[i]);
    p->takes_any = p->carries = true;
}

/* A hub, relays, nodes; those without a relay dial the hub. */
static void build_tree(struct world *world)
{
    const struct plan *plan = &world->plan;
    struct process *hub = &world->processes[0];
    for (unsigned i = 0; i < plan->nodes; i++) {
        struct process *node = &world->processes[1 + plan->relays + i];
        add_road(world, node, plan->relays > 0 ? &world->processes[1 + i % plan->relays] : hub);
        if (plan->relays > 1 && dice_chance(&world->dice, 300))
            add_road(world, node, &world->processes[1 + (i + 1) % plan->relays]);
        follow(node, hub);
        follow(hub, node);
        node->takes_any = true;
        node->hostile = i < plan->hostile;
    }
    for (unsigned i = 0; i < plan->relays; i++) {
        add_road(world, &world->processes[1 + i], hub);
        follow_all(&world->processes[1 + i]);
    }
    if (plan->relays > 0)
        follow_all(hub);
}

/* A ring, so that nobody is alone, and some roads across. */
static void build_mesh(struct world *world)
{
    size_t n = world->count;
    for (size_t i = 0; i < n; i++) {
        follow_all(&world->processes[i]);
        for (size_t j = 0; j < i; j++)
            if (i - j == 1 || (i - j == n - 1 && n > 2) || dice_chance(&world->dice, 150))
                add_road(world, &world->processes[i], &world->processes[j]);
    }
}

static void build(struct world *world)
{
    const struct plan *plan = &world->plan;
    bool is_mesh = plan->shape == SHAPE_MESH;
    size_t count = plan->nodes + plan->relays + !is_mesh;
    size_t roads = is_mesh ? count * count : 2 * count;
    char name[16];
    world->processes = mem_alloc(count * sizeof *world->processes);
    world->roads = mem_alloc(roads * sizeof *world->roads);
    if (!is_mesh)
        add_process(world, SYNC_HUB, "hub");
    for (unsigned i = 0; i < plan->relays; i++) {
        snprintf(name, sizeof name, "relay%u", i + 1);
        add_process(world, SYNC_RELAY, name);
    }
    for (unsigned i = 0; i < plan->nodes; i++) {
        snprintf(name, sizeof name, "node%u", i + 1);
        add_process(world, SYNC_NODE, name);
    }
    if (is_mesh)
        build_mesh(world);
    else
        build_tree(world);
}

/* ---- its history */

static void run_until(struct world *world, uint64_t at_ms)
{
    while (!world->is_broken && world->sched.count > 0 && world->sched.heap[0].at_ms <= at_ms)
        sched_step(&world->sched);
    if (!world->is_broken)
        world->sched.now_ms = at_ms;
}

static uint64_t held_by_all(const struct world *world)
{
    uint64_t held = 0;
    for (size_t i = 0; i < world->count; i++)
        for (size_t n = 0; n < world->processes[i].disk.roll.count; n++)
            held += world->processes[i].disk.shelves[n].count;
    return held;
}

/* Until all agree. A slow line may take its time, as long as something moves. */
static void settle(struct world *world)
{
    uint64_t until = world->sched.now_ms + world->plan.settle_ms, held = 0;
    while (!world->is_broken && world->sched.now_ms < until && !observe_agreed(world, false)) {
        run_until(world, world->sched.now_ms + LOOK_MS);
        uint64_t now_held = held_by_all(world);
        if (now_held > held)
            until = world->sched.now_ms + world->plan.settle_ms;
        held = now_held;
    }
    if (!world->is_broken)
        observe_agreed(world, true);
}

/* Acknowledgements may still be on their way; after that, silence. A hostile peer need not be silent. */
static void listen_to_silence(struct world *world)
{
    run_until(world, world->sched.now_ms + QUIET_MS);
    uint64_t before = world->batches;
    run_until(world, world->sched.now_ms + QUIET_MS);
    if (!world->is_broken && world->plan.hostile == 0 && world->batches != before)
        world_broken(world, NULL, "had all, and records were sent yet");
}

bool world_play(struct world *world, const struct plan *plan, enum trace_mode mode, FILE *out)
{
    *world = (struct world){ .plan = *plan, .dice = { plan->seed } };
    trace_begin(&world->trace, mode, out);
    build(world);
    for (size_t i = 0; i < world->count; i++)
        process_boot(&world->processes[i]);
    chaos_begin(world);
    run_until(world, plan->busy_ms);
    if (!world->is_broken)
        chaos_end(world);
    settle(world);
    listen_to_silence(world);
    if (!world->is_broken)
        observe_known(world);
    if (!world->is_broken)
        observe_stores(world);
    trace_mix(&world->trace, world->sched.asked);
    return !world->is_broken;
}

void world_clear(struct world *world)
{
    for (struct link *link = world->links, *next; link != NULL; link = next) {
        next = link->after;
        link_free(link);
    }
    world->links = NULL;
    for (size_t i = 0; i < world->n_roads; i++)
        road_clear(&world->roads[i]);
    for (size_t i = 0; i < world->count; i++)
        process_clear(&world->processes[i]);
    free(world->roads);
    free(world->processes);
    roll_clear(&world->roll);
    book_clear(&world->book);
    sched_clear(&world->sched);
    trace_clear(&world->trace);
}
