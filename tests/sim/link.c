#include "link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "turn.h"
#include "world.h"

#define STRIKES_MAX 16U
#define BANNED_MS 30000U
#define REPAY_MS 3000U
#define READ_MS 3U /* what reading records from a disk may take */

static const char *const words[] = {
    [SYNC_HELLO] = "HELLO",       [SYNC_WELCOME] = "WELCOME", [SYNC_REJECT] = "REJECT",
    [SYNC_FRONTIER] = "FRONTIER", [SYNC_BATCH] = "BATCH",     [SYNC_ACK] = "ACK",
    [SYNC_NACK] = "NACK",         [SYNC_CREDIT] = "CREDIT",   [SYNC_PING] = "PING",
    [SYNC_PONG] = "PONG",         [SYNC_BYE] = "BYE",
};

static uint64_t now_ms(const struct link *link)
{
    return process_mono_ms(link->self);
}

/* ---- the trace */

static void tell(const struct link *link, const char *verb, const struct sync_message *m)
{
    struct world *world = link->self->world;
    const char *what = m->type <= SYNC_BYE ? words[m->type] : "?";
    const char *peer = link->peer->name;
    if (world->trace.mode == TRACE_OFF)
        return;
    if (m->type == SYNC_BATCH)
        SAY(link->self, "%s %s %s: %s %" PRIu64 "..%" PRIu64 " (%zu bytes)", verb, peer, what,
            world_name(world, &m->batch.author), m->batch.first_seq, m->batch.first_seq + m->batch.count - 1,
            m->batch.records.len);
    else if (m->type == SYNC_ACK)
        SAY(link->self, "%s %s %s: %s up to %" PRIu64 ", credit %" PRIu64, verb, peer, what,
            world_name(world, &m->ack.author), m->ack.next, m->ack.credit_bytes);
    else if (m->type == SYNC_NACK)
        SAY(link->self, "%s %s %s: %s %" PRIu64 " %s%s: %s", verb, peer, what,
            world_name(world, &m->nack.author), m->nack.seq, err_name(m->nack.code),
            m->nack.final ? ", final" : "", m->nack.text);
    else if (m->type == SYNC_FRONTIER)
        for (size_t i = 0; i < m->frontier.count; i++)
            SAY(link->self, "%s %s %s: %s holds %" PRIu64 "%s%s", verb, peer, what,
                world_name(world, &m->frontier.marks[i].author), m->frontier.marks[i].next,
                m->frontier.marks[i].offers ? ", offers" : "", m->frontier.marks[i].wants ? ", wants" : "");
    else
        SAY(link->self, "%s %s %s, session %08" PRIx32, verb, peer, what, m->session);
}

/* ---- the host of the machine */

static void on_send(void *context, const struct sync_message *message)
{
    struct link *link = context;
    struct world *world = link->self->world;
    if (link->is_dead)
        return;
    world->messages++;
    trace_mix(&world->trace, world->sched.now_ms * 16 + message->type);
    trace_mix(&world->trace, message->session);
    tell(link, "to", message);
    observe_sent(link, message);
    if (message->type == SYNC_BATCH && link->self->mutant == MUTANT_RESEND_UNCHECKED) {
        link->last = *message;
        link->last_batch.len = 0;
        buf_bytes(&link->last_batch, message->batch.records);
    }
    if (conn_send(link->conn, link->end, message) || link->end == 0)
        return;
    snprintf(link->why, sizeof link->why, "nobody is there any more");
    link->is_dead = true;
}

static void serve_fetch(void *context, uint64_t argument);

static void on_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct link *link = context;
    struct world *world = link->self->world;
    if (link->n_fetches == link->cap_fetches) {
        link->cap_fetches = link->cap_fetches > 0 ? 2 * link->cap_fetches : 2;
        link->fetches = mem_resize(link->fetches, link->cap_fetches * sizeof *link->fetches);
    }
    link->fetches[link->n_fetches++] = (struct fetch){ *author, from, max_bytes };
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, READ_MS), serve_fetch, link, 0);
}

static void on_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                     struct bytes records)
{
    struct link *link = context;
    (void)count;
    observe_taken(link, records.len);
    turn_store(link->self, link, author, first_seq, records);
}

static bool on_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    struct link *link = context;
    return actor_stand(&link->self->actor, &link->who, author, mark);
}

static void on_up(void *context, const struct sync_peer *peer)
{
    struct link *link = context;
    (void)peer;
    link->is_up = true;
    link->up_ms = now_ms(link);
    SAY(link->self, "is up with %s", link->peer->name);
}

static void on_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct link *link = context;
    const struct shelf *shelf = disk_shelf(&link->self->disk, author);
    if (link->peer->hostile || link->self->hostile)
        return;
    if (next > 0 &&
        (shelf == NULL || next > shelf->count || !hash_equal(&shelf->records[next - 1]->id, head)))
        world_broken(link->self->world, link->self, "%s acknowledges %" PRIu64 " of %s, which are not ours",
                     link->peer->name, next, world_name(link->self->world, author));
}

/* Between honest peers nothing is refused for good, and nobody has another record of a
 * feed, or more of it than its author. */
static void on_nacked(void *context, const struct hash *author, uint64_t seq, enum err code, const char *text)
{
    struct link *link = context;
    struct world *world = link->self->world;
    struct sync_progress progress;
    world->refusals++;
    SAY(link->self, "%s %" PRIu64 " stops towards %s: %s: %s", world_name(world, author), seq,
        link->peer->name, err_name(code), text);
    bool is_own = hash_equal(author, &link->self->author);
    bool stopped =
        sync_progress(link->sync, author, &progress) && (progress.stopped || (is_own && progress.behind));
    if (stopped && !link->self->hostile && !link->peer->hostile)
        world_broken(world, link->self, "%s %" PRIu64 " is stopped towards %s: %s: %s",
                     world_name(world, author), seq, link->peer->name, err_name(code), text);
}

static void on_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct link *link = context;
    snprintf(link->why, sizeof link->why, "%s: %.70s", err_name(code), text != NULL ? text : "");
    link->asked_ms = retry_after_ms;
    link->is_dead = true;
}

/* ---- life */

static struct link *make(struct process *self, struct process *peer, struct conn *conn, int end)
{
    struct world *world = self->world;
    const struct plan *plan = &world->plan;
    struct link *link = mem_alloc(sizeof *link);
    *link = (struct link){ .self = self, .peer = peer, .conn = conn, .end = end, .after = world->links };
    link->who = (struct actor_peer){ peer->author, peer->role };
    world->links = link;
    struct sync_options options = {
        .self = { .proto_min = SYNC_MAJOR,
                  .proto_max = SYNC_MAJOR,
                  .author = self->author,
                  .incarnation = 1,
                  .role = self->role,
                  .clock_ms = process_wall_ms(self),
                  .max_batch_bytes = plan->batch_bytes,
                  .heartbeat_ms = plan->heartbeat_ms,
                  .credit_bytes = plan->credit_bytes },
        .max_feeds = world->count + 1,
    };
    struct sync_host host = {
        link, on_send, on_fetch, on_store, on_stand, on_up, on_acked, on_nacked, on_down
    };
    link->sync = sync_new(&options, &host);
    link->tally.granted = plan->credit_bytes;
    if (self->n_links == self->links_cap) {
        self->links_cap = self->links_cap > 0 ? 2 * self->links_cap : 4;
        self->links = mem_resize(self->links, self->links_cap * sizeof(struct link *));
    }
    link->place = self->n_links;
    self->links[self->n_links++] = link;
    return link;
}

void link_drop(struct link *link, bool lingers)
{
    struct process *self = link->self;
    if (link->sync == NULL)
        return;
    SAY(self, "is no more linked with %s%s%s", link->peer->name, link->why[0] != 0 ? ": " : "", link->why);
    self->links[link->place] = self->links[--self->n_links];
    self->links[link->place]->place = link->place;
    self->world->stale += sync_stale(link->sync);
    sync_free(&link->sync);
    free(link->fetches);
    link->fetches = NULL;
    link->n_fetches = link->cap_fetches = 0;
    if (link->end == 1 && link->conn->road->session == link)
        link->conn->road->session = NULL;
    if (link->end == 0) /* a ROUTER's connections outlive its sessions */
        conn_close(link->conn, 0, lingers);
    process_ended(self, link, link->asked_ms, link->is_up ? now_ms(link) - link->up_ms : 0);
}

void link_free(struct link *link)
{
    sync_free(&link->sync);
    free(link->fetches);
    free(link->tally.feeds);
    buf_clear(&link->last_batch);
    free(link);
}

static void settle(struct link *link);

static void tick(void *context, uint64_t at_ms)
{
    struct link *link = context;
    if (link->sync == NULL || link->tick_at_ms != at_ms)
        return;
    link->tick_at_ms = 0;
    settle(link);
}

/* After every call into the machine: drops it when it is over, and asks when it wants to be called. */
static void settle(struct link *link)
{
    struct world *world = link->self->world;
    uint64_t wanted = SIZE_MAX;
    if (!link->is_dead)
        wanted = sync_tick(link->sync, now_ms(link), (uint32_t)dice_next(&world->dice));
    if (link->is_dead) {
        link_drop(link, dice_chance(&world->dice, 500));
        return;
    }
    if (wanted == UINT64_MAX)
        return;
    uint64_t at_ms = wanted + link->self->boot_ms;
    if (link->tick_at_ms != 0 && link->tick_at_ms <= at_ms && link->tick_at_ms > world->sched.now_ms)
        return;
    link->tick_at_ms = at_ms;
    sched_at(&world->sched, at_ms, tick, link, at_ms);
}

struct link *link_dial(struct process *process, struct road *road)
{
    struct conn *conn = conn_new(road);
    struct link *link = make(process, road->end[1], conn, 0);
    conn->dialer = link;
    process->world->dials++;
    actor_follow(&process->actor, &link->who, link->sync);
    sync_dial(link->sync, now_ms(link));
    settle(link);
    return link;
}

struct link *link_listen(struct process *process, struct conn *conn, const struct sync_message *hello)
{
    struct link *link = make(process, conn->road->end[0], conn, 1);
    uint32_t session = (uint32_t)dice_next(&process->world->dice);
    sync_session_set(link->sync, session == 0 || process->mutant == MUTANT_SAME_SESSION ? 1 : session);
    conn->road->session = link;
    actor_follow(&process->actor, &link->who, link->sync);
    link_hear(link, E_OK, hello);
    return link;
}

/* ---- what comes */

static void strike(struct link *link, enum err err)
{
    struct world *world = link->self->world;
    world->strikes++;
    SAY(link->self, "counts a strike of %s: %s: %s", link->peer->name, err_name(err), err_message());
    if (!link->peer->hostile && !link->self->hostile && world->plan.rough == 0) {
        world_broken(world, link->self, "%s breaches the protocol: %s: %s", link->peer->name, err_name(err),
                     err_message());
        return;
    }
    if (++link->strikes < STRIKES_MAX || link->sync == NULL)
        return;
    if (link->end == 1)
        sync_reject(link->sync, SYNC_REJECT_PROTOCOL, BANNED_MS, "too many breaches");
    snprintf(link->why, sizeof link->why, "too many breaches");
    link->is_dead = true;
}

void link_hear(struct link *link, enum err bad, const struct sync_message *message)
{
    struct world *world = link->self->world;
    enum err err = bad;
    if (bad == E_NOT_FOUND) /* a type of a later version */
        return;
    if (bad == E_OK) {
        bool is_ours = message->session == sync_session(link->sync) || message->type == SYNC_WELCOME;
        enum sync_state before = sync_state(link->sync);
        err = sync_receive(link->sync, message, now_ms(link));
        if (err == E_OK && (is_ours || before != SYNC_UP))
            observe_heard(link, message);
    }
    if (err != E_OK)
        strike(link, err);
    if (message->type == SYNC_ACK && link->last_batch.len > 0 && !link->is_dead) {
        link->last.batch.records = buf_view(&link->last_batch);
        on_send(link, &link->last);
    }
    trace_mix(&world->trace, (uint64_t)err);
    settle(link);
}

static void serve_fetch(void *context, uint64_t argument)
{
    struct link *link = context;
    (void)argument;
    if (link->sync == NULL || link->n_fetches == 0)
        return;
    struct process *self = link->self;
    struct fetch fetch = link->fetches[0];
    link->n_fetches--;
    memmove(link->fetches, link->fetches + 1, link->n_fetches * sizeof *link->fetches);
    AUTO(buf_clear) struct buf records = { 0 };
    uint32_t count;
    actor_pack(&self->actor, &link->who, disk_shelf(&self->disk, &fetch.author),
               disk_drafted(&self->disk, &fetch.author), fetch.from, fetch.max_bytes, &records, &count);
    sync_fetched(link->sync, &fetch.author, fetch.from, count, buf_view(&records), now_ms(link));
    settle(link);
}

void link_grown(struct link *link, const struct feed *feed)
{
    sync_grown(link->sync, &feed->author, feed->next, &feed->head, now_ms(link));
    settle(link);
}

static void repay(void *context, uint64_t argument)
{
    struct link *link = context;
    (void)argument;
    uint64_t bytes = link->owed;
    if (link->sync == NULL || bytes == 0)
        return;
    link->owed = 0;
    sync_grant(link->sync, bytes, now_ms(link));
    settle(link);
}

/* A host that is short of room keeps credit back for a while. */
static uint64_t credit_for(struct link *link, uint64_t bytes)
{
    struct world *world = link->self->world;
    if (link->self->mutant == MUTANT_KEEP_CREDIT)
        return 0;
    if (!dice_chance(&world->dice, world->plan.stingy))
        return bytes;
    link->owed += bytes;
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, REPAY_MS), repay, link, 0);
    return 0;
}

/* As daemon/carry.c and hubd/session.c answer the machine. */
void link_answer(struct link *link, const struct hash *author, const struct verdict *verdict, uint64_t bytes)
{
    if (link->sync == NULL)
        return;
    enum mutant mutant = link->self->mutant;
    uint64_t credit = credit_for(link, bytes);
    uint64_t next = verdict->next + (mutant == MUTANT_STEP_ACK);
    uint64_t now = now_ms(link);
    link->tally.waiting -= bytes;
    if (verdict->code == E_OK) {
        sync_stored(link->sync, author, next, &verdict->head, credit, now);
    } else {
        if (verdict->next > verdict->before)
            sync_stored(link->sync, author, verdict->next, &verdict->head, 0, now);
        sync_refused(link->sync, author, verdict->refused_seq, verdict->code, verdict->final, verdict->text,
                     credit, now);
    }
    settle(link);
}

void link_lost(struct link *link)
{
    if (link->sync == NULL)
        return;
    snprintf(link->why, sizeof link->why, "the connection is lost");
    link_drop(link, false);
}

void link_bye(struct link *link, uint64_t retry_after_ms)
{
    if (link->sync == NULL)
        return;
    sync_bye(link->sync, retry_after_ms, now_ms(link));
    link_drop(link, true);
}
