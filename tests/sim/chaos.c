#include "chaos.h"

#include <inttypes.h>

#include "hostile.h"
#include "link.h"
#include "process.h"
#include "turn.h"
#include "world.h"

#define DOWN_MS 20000U       /* how long a process stays away, as a rule, */
#define LONG_DOWN_MS 300000U /* and now and then */
#define CUT_MS 30000U
#define FULL_MS 20000U
#define SLOWEST 2000U /* bytes a second */

static struct process *anybody(struct world *world)
{
    return &world->processes[dice_below(&world->dice, world->count)];
}

static struct road *any_road(struct world *world)
{
    return &world->roads[dice_below(&world->dice, world->n_roads)];
}

static void after(struct world *world, uint64_t ms, void (*run)(void *context, uint64_t argument),
                  void *context, uint64_t argument)
{
    sched_at(&world->sched, world->sched.now_ms + ms, run, context, argument);
}

/* ---- processes */

static void boot_again(void *context, uint64_t life)
{
    struct process *p = context;
    if (!p->is_alive && p->life == life)
        process_boot(p);
}

static void away(struct process *p)
{
    struct world *world = p->world;
    uint64_t mean = dice_chance(&world->dice, 100) ? LONG_DOWN_MS : DOWN_MS;
    uint64_t ms = dice_chance(&world->dice, 300) ? 1 : dice_wait(&world->dice, mean);
    after(world, ms, boot_again, p, p->life);
}

static void kill_one(struct world *world)
{
    struct process *p = anybody(world);
    if (!p->is_alive)
        return;
    process_kill(p, "killed");
    away(p);
}

static void stop_one(struct world *world)
{
    struct process *p = anybody(world);
    if (!p->is_alive)
        return;
    process_stop(p, dice_below(&world->dice, 20000));
    away(p);
}

static void kill_hub(struct world *world)
{
    struct process *hub = &world->processes[0];
    if (!hub->is_alive || hub->role != SYNC_HUB)
        return;
    process_kill(hub, "killed, and not missed for a while");
    after(world, dice_wait(&world->dice, LONG_DOWN_MS / 10), boot_again, hub, hub->life);
}

static void step_clock(struct world *world)
{
    struct process *p = anybody(world);
    p->skew_ms = (int64_t)dice_below(&world->dice, 400000000) - 200000000;
    SAY(p, "has its clock stepped to %+" PRId64 " ms", p->skew_ms);
}

/* ---- disks */

static void make_room(void *context, uint64_t argument)
{
    struct process *p = context;
    (void)argument;
    p->disk.is_full = false;
}

static void fill_disk(struct world *world)
{
    struct process *p = anybody(world);
    p->disk.is_full = true;
    SAY(p, "has a full disk");
    after(world, dice_wait(&world->dice, FULL_MS), make_room, p, 0);
}

static void reboot_failed(void *context, uint64_t life)
{
    struct process *p = context;
    p->disk.fails_next = false;
    if (!p->is_alive && p->life > life)
        process_boot(p);
}

static void fail_sync(struct world *world)
{
    struct process *p = anybody(world);
    p->disk.fails_next = true;
    SAY(p, "will have a sync fail");
    after(world, dice_wait(&world->dice, DOWN_MS), reboot_failed, p, p->life);
}

/* ---- roads */

static void mend(void *context, uint64_t end)
{
    struct road *road = context;
    SAY(road->end[end], "can reach %s again", road->end[1 - end]->name);
    road_mend(road, (int)end);
}

static void cut(struct road *road, int end, uint64_t ms)
{
    road->cut[end]++;
    SAY(road->end[end], "cannot reach %s", road->end[1 - end]->name);
    after(road->world, ms, mend, road, (uint64_t)end);
}

static void cut_one(struct world *world)
{
    struct road *road = any_road(world);
    uint64_t ms = dice_wait(&world->dice, CUT_MS), ways = dice_between(&world->dice, 1, 3);
    if (ways & 1)
        cut(road, 0, ms);
    if (ways & 2)
        cut(road, 1, ms);
}

static void partition(struct world *world)
{
    uint64_t ms = dice_wait(&world->dice, CUT_MS), side = dice_next(&world->dice);
    for (size_t i = 0; i < world->n_roads; i++) {
        struct road *road = &world->roads[i];
        uint64_t a = side >> ((road->end[0] - world->processes) & 63),
                 b = side >> ((road->end[1] - world->processes) & 63);
        if (((a ^ b) & 1) == 0)
            continue;
        cut(road, 0, ms);
        cut(road, 1, ms);
    }
}

static void break_one(struct world *world)
{
    struct road *road = any_road(world);
    if (road->conns == NULL || road->conns->broken)
        return;
    SAY(road->end[0], "has its connection to %s broken", road->end[1]->name);
    conn_break(road->conns);
}

static void speed_up(void *context, uint64_t argument)
{
    struct road *road = context;
    (void)argument;
    road->bytes_a_second = road->world->plan.bytes_a_second;
}

static void slow_one(struct world *world)
{
    struct road *road = any_road(world);
    road->bytes_a_second = SLOWEST + dice_below(&world->dice, 60000);
    SAY(road->end[0], "has a slow line to %s: %" PRIu64 " bytes a second", road->end[1]->name,
        road->bytes_a_second);
    after(world, dice_wait(&world->dice, CUT_MS), speed_up, road, 0);
}

/* ---- when */

static void (*const faults[FAULT_COUNT])(struct world *world) = {
    [FAULT_KILL] = kill_one,  [FAULT_STOP] = stop_one,       [FAULT_BREAK] = break_one,
    [FAULT_CUT] = cut_one,    [FAULT_PARTITION] = partition, [FAULT_SLOW] = slow_one,
    [FAULT_FULL] = fill_disk, [FAULT_SYNC] = fail_sync,      [FAULT_CLOCK] = step_clock,
    [FAULT_HUB] = kill_hub,
};

static void strike(void *context, uint64_t fault)
{
    struct world *world = context;
    if (world->is_calm)
        return;
    faults[fault](world);
    after(world, dice_wait(&world->dice, world->plan.fault_ms[fault]), strike, world, fault);
}

static void append(void *context, uint64_t argument)
{
    struct process *p = context;
    struct world *world = p->world;
    if (world->is_calm)
        return;
    turn_append(p, (unsigned)dice_between(&world->dice, 1, world->plan.burst));
    after(world, dice_wait(&world->dice, world->plan.append_ms), append, p, argument);
}

void chaos_begin(struct world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        after(world, dice_wait(&world->dice, world->plan.append_ms), append, &world->processes[i], 0);
        if (world->processes[i].hostile)
            hostile_begin(&world->processes[i]);
    }
    for (uint64_t fault = 0; fault < FAULT_COUNT; fault++)
        if (world->plan.fault_ms[fault] > 0)
            after(world, dice_wait(&world->dice, world->plan.fault_ms[fault]), strike, world, fault);
}

void chaos_end(struct world *world)
{
    world->is_calm = true;
    for (size_t i = 0; i < world->n_roads; i++) {
        struct road *road = &world->roads[i];
        road->bytes_a_second = world->plan.bytes_a_second;
        for (int end = 0; end < 2; end++)
            while (road->cut[end] > 0)
                road_mend(road, end);
        /* What a rough road lost is made good by a new connection only. */
        for (struct conn *conn = road->conns; conn != NULL && world->plan.rough > 0; conn = conn->next)
            conn_break(conn);
    }
    for (size_t i = 0; i < world->count; i++) {
        struct process *p = &world->processes[i];
        p->disk.is_full = p->disk.fails_next = false;
        if (!p->is_alive)
            process_boot(p);
    }
}
