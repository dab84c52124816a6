#include "process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "link.h"
#include "net/redial.h"
#include "turn.h"
#include "world.h"

#define STEADY_MS 60000U

uint64_t process_mono_ms(const struct process *process)
{
    return process->world->sched.now_ms - process->boot_ms;
}

uint64_t process_wall_ms(const struct process *process)
{
    return UINT64_C(1760000000000) + process->world->sched.now_ms + (uint64_t)process->skew_ms;
}

/* ---- dialing */

static void dial(void *context, uint64_t argument)
{
    struct process *p = context;
    struct dial *d = &p->dials[argument & 0xffff];
    if (!p->is_alive || p->life != argument >> 16 || d->link != NULL || d->at_ms > p->world->sched.now_ms)
        return;
    SAY(p, "dials %s", d->road->end[1]->name);
    d->link = link_dial(p, d->road);
    if (d->link->sync == NULL)
        d->link = NULL;
}

static void dial_after(struct process *p, size_t i, uint64_t wait_ms)
{
    struct world *world = p->world;
    p->dials[i].at_ms = world->sched.now_ms + wait_ms;
    sched_at(&world->sched, p->dials[i].at_ms, dial, p, p->life << 16 | i);
}

void process_ended(struct process *p, struct link *link, uint64_t asked_ms, uint64_t up_ms)
{
    struct world *world = p->world;
    const struct plan *plan = &world->plan;
    for (size_t i = 0; i < p->n_dials; i++) {
        struct dial *d = &p->dials[i];
        if (link->end != 0 || d->road != link->conn->road)
            continue;
        d->link = NULL;
        if (!p->is_alive || p->mutant == MUTANT_NO_REDIAL)
            continue;
        if (up_ms >= STEADY_MS)
            d->wait_ms = 0;
        d->wait_ms = redial_wait_ms(d->wait_ms, plan->redial_min_ms, plan->redial_max_ms, asked_ms,
                                    dice_next(&world->dice));
        dial_after(p, i, d->wait_ms);
    }
}

/* ---- life */

static void forget(struct process *p)
{
    actor_clear(&p->actor);
    turn_forget(p);
}

/* What the disk holds, through its stored form. */
static void recall(struct process *p)
{
    struct world *world = p->world;
    for (size_t i = 0; i < p->disk.roll.count; i++) {
        const struct shelf *shelf = &p->disk.shelves[i];
        AUTO(buf_clear) struct buf stored = { 0 };
        struct feed feed;
        feed_encode(&shelf->feed, &stored);
        if (feed_decode(buf_view(&stored), &feed) != E_OK || feed.next != shelf->count)
            world_broken(world, p, "comes up with a torn feed of %s: %" PRIu64 " records, %" PRIu64 " said",
                         world_name(world, &feed.author), shelf->count, feed.next);
        if (p->mutant == MUTANT_FORGET_FRONTIER && p->life > 0 && i == p->disk.roll.count - 1)
            continue;
        actor_learn(&p->actor, &feed);
    }
}

void process_boot(struct process *p)
{
    struct world *world = p->world;
    forget(p);
    p->is_alive = true;
    p->boot_ms = world->sched.now_ms > 0 ? world->sched.now_ms - 1 : 0;
    p->actor = (struct actor){ .self = p->author,
                               .role = p->role,
                               .takes_any = p->takes_any,
                               .carries = p->carries,
                               .follows = &p->follows,
                               .mutant = p->mutant };
    SAY(p, "comes up");
    recall(p);
    observe_restart(p);
    if (actor_feed(&p->actor, &p->author) == NULL)
        turn_append(p, 1); /* its inception */
    for (size_t i = 0; i < p->n_dials; i++) {
        p->dials[i] = (struct dial){ .road = p->dials[i].road };
        dial_after(p, i,
                   redial_wait_ms(0, world->plan.redial_min_ms, world->plan.redial_max_ms, 0,
                                  dice_next(&world->dice)));
    }
}

static void end_links(struct process *p, bool lingers)
{
    while (p->n_links > 0)
        link_drop(p->links[p->n_links - 1], lingers);
    for (size_t i = 0; i < p->n_roads; i++)
        for (struct conn *conn = p->roads[i]->conns; conn != NULL; conn = conn->next)
            conn_close(conn, 1, lingers);
}

void process_kill(struct process *p, const char *why)
{
    struct world *world = p->world;
    if (!p->is_alive)
        return;
    SAY(p, "dies%s: %s", p->is_busy ? " in a transaction" : "", why);
    world->deaths++;
    p->is_alive = false;
    p->life++;
    /* The kernel may say yet what the process had said; or the machine went down with it. */
    end_links(p, dice_chance(&world->dice, 500));
    if (disk_crash(&p->disk, &world->dice, p->mutant == MUTANT_HALF_COMMIT) != E_OK)
        world_broken(world, p, "%s", err_message());
    forget(p);
}

void process_stop(struct process *p, uint64_t window_ms)
{
    if (!p->is_alive)
        return;
    SAY(p, "stops");
    while (p->n_links > 0)
        link_bye(p->links[p->n_links - 1], window_ms);
    process_kill(p, "stopped");
}

void process_clear(struct process *p)
{
    forget(p);
    disk_clear(&p->disk);
    roll_clear(&p->follows);
    buf_clear(&p->inception);
    free(p->links);
    free(p->dials);
    free(p->roads);
}

/* ---- what comes */

static void answer_nobody(struct process *p, struct conn *conn, const struct sync_message *message)
{
    struct sync_message bye = { .type = SYNC_BYE, .session = message->session };
    SAY(p, "has no link with %s, who says something", conn->road->end[0]->name);
    conn_send(conn, 1, &bye);
}

static void hear_hello(struct process *p, struct conn *conn, const struct sync_message *hello)
{
    struct link *older = conn->road->session;
    if (!hash_equal(&hello->hello.author, &conn->road->end[0]->author)) {
        if (!conn->road->end[0]->hostile)
            world_broken(p->world, p, "%s greets in another's name", conn->road->end[0]->name);
        return;
    }
    if (older != NULL && older->conn == conn) {
        link_hear(older, E_OK, hello);
        return;
    }
    if (older != NULL) {
        snprintf(older->why, sizeof older->why, "superseded");
        link_drop(older, true);
    }
    link_listen(p, conn, hello);
}

void process_hear(struct process *p, struct conn *conn, enum err bad, const struct sync_message *message)
{
    bool listens = conn->road->end[1] == p;
    struct link *link = listens ? conn->road->session : conn->dialer;
    if (!p->is_alive)
        return;
    if (listens && bad == E_OK && message->type == SYNC_HELLO && message->session == 0)
        hear_hello(p, conn, message);
    else if (link != NULL)
        link_hear(link, bad, message);
    else if (listens && bad == E_OK)
        answer_nobody(p, conn, message);
}
