#include "process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/statement.h"
#include "link.h"
#include "net/redial.h"
#include "world.h"

#define BEGIN_MS 3U /* until a transaction begins, */
#define SYNC_MS 20U /* until it is on the disk, */
#define TELL_MS 4U  /* until its process knows */
#define STEADY_MS 60000U
#define APPEND_MAX 64U /* own records in one transaction */

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

static void clear_jobs(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++)
        buf_clear(&jobs->items[i].records);
    free(jobs->items);
    *jobs = (struct jobs){ 0 };
}

static void forget(struct process *p)
{
    actor_clear(&p->actor);
    clear_jobs(&p->waiting);
    clear_jobs(&p->writing);
    roll_clear(&p->grown);
    p->to_append = 0;
    p->is_due = p->is_busy = false;
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
        process_append(p, 1); /* its inception */
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

/* ---- storing: one transaction at a time, of all that waits */

void process_store(struct process *p, struct link *link, const struct hash *author, uint64_t first_seq,
                   struct bytes records)
{
    struct jobs *jobs = &p->waiting;
    if (jobs->count == jobs->cap) {
        jobs->cap = jobs->cap > 0 ? 2 * jobs->cap : 4;
        jobs->items = mem_resize(jobs->items, jobs->cap * sizeof *jobs->items);
    }
    struct job *job = &jobs->items[jobs->count++];
    *job = (struct job){ .link = link, .author = *author, .first_seq = first_seq };
    buf_bytes(&job->records, records);
    process_wake(p);
}

void process_append(struct process *p, unsigned count)
{
    if (!p->is_alive)
        return;
    p->to_append += count;
    process_wake(p);
}

static void tell_links(struct process *p, const struct hash *author)
{
    const struct feed *feed = actor_feed(&p->actor, author);
    bool is_own = hash_equal(author, &p->author);
    if (p->mutant == MUTANT_NO_WAKE || feed == NULL || (!is_own && !p->carries))
        return;
    for (size_t i = p->n_links; i-- > 0;)
        if (i < p->n_links)
            link_grown(p->links[i], feed);
}

static void answer_jobs(struct process *p)
{
    struct jobs jobs = p->writing;
    p->writing = (struct jobs){ 0 };
    for (size_t i = 0; i < jobs.count; i++)
        link_answer(jobs.items[i].link, &jobs.items[i].author, &jobs.items[i].verdict,
                    jobs.items[i].records.len);
    clear_jobs(&jobs);
}

/* What a new record says: an inception first; then statements, and now and then an identity event. */
struct saying {
    uint8_t kind;
    uint16_t flags;
    uint32_t type;
    struct buf payload;
};

static void say_something(struct process *p, uint64_t seq, struct saying *out)
{
    const struct plan *plan = &p->world->plan;
    struct dice *dice = &p->world->dice;
    *out = (struct saying){ .kind = KIND_IDENTITY, .type = seq == 0 ? TYPE_INCEPTION : TYPE_KEYS };
    if (seq == 0)
        buf_bytes(&out->payload, buf_view(&p->inception));
    if (seq == 0 || dice_chance(dice, plan->rekeyed))
        return;
    out->kind = KIND_STATEMENT;
    out->type = 999;
    if (dice_chance(dice, plan->federal))
        out->flags = VISIBLE_FEDERAL;
    else if (dice_chance(dice, plan->local))
        out->flags = VISIBLE_LOCAL;
    size_t len = dice_chance(dice, plan->huge) ? MAX_PAYLOAD_BYTES : 1 + dice_below(dice, plan->payload);
    buf_reserve(&out->payload, len);
    memset(out->payload.data, (int)(seq & 127) + 1, len);
    out->payload.len = len;
}

static enum err write_one(struct process *p, struct draft *draft)
{
    struct world *world = p->world;
    struct saying saying;
    uint8_t salt[SALT_BYTES];
    for (size_t i = 0; i < sizeof salt; i += 8)
        put_u64(salt + i, dice_next(&world->dice));
    say_something(p, draft->feed.next, &saying);
    AUTO(buf_clear) struct buf packed = { 0 }, payload = saying.payload;
    TRY(feed_append(&draft->feed, &p->secret, saying.kind, saying.flags, saying.type, process_wall_ms(p),
                    salt, buf_view(&payload), &packed));
    struct record record;
    struct bytes rest = buf_view(&packed);
    TRY(run_next(&rest, &record));
    disk_put(draft, book_keep(&world->book, &record, true));
    world->records++;
    return E_OK;
}

static void write_own(struct process *p)
{
    struct draft *draft = disk_draft(&p->disk, &p->author);
    enum err err = E_OK;
    for (unsigned n = 0; p->to_append > 0 && n < APPEND_MAX && err == E_OK; n++, p->to_append--)
        err = write_one(p, draft);
    if (err != E_OK)
        world_broken(p->world, p, "cannot make its own record %" PRIu64 ": %s", draft->feed.next,
                     err_message());
}

static void end_turn(struct process *p, enum err err)
{
    p->is_busy = false;
    for (size_t i = 0; i < p->writing.count; i++) {
        struct job *job = &p->writing.items[i];
        if (err == E_OK || p->mutant == MUTANT_FULL_IS_FINE)
            continue;
        /* Nothing of it is on the disk: it is to come again. */
        job->verdict = (struct verdict){ .code = err, .refused_seq = job->first_seq };
        snprintf(job->verdict.text, sizeof job->verdict.text, "%s", err_name(err));
    }
    if (err == E_OK || p->mutant != MUTANT_LOSE_REFUSAL)
        answer_jobs(p);
    clear_jobs(&p->writing);
    process_wake(p);
}

static void finish(void *context, uint64_t life)
{
    struct process *p = context;
    if (p->life != life)
        return;
    struct roll grown = p->grown;
    p->grown = (struct roll){ 0 };
    for (size_t i = 0; i < grown.count; i++)
        actor_learn(&p->actor, &disk_shelf(&p->disk, &grown.authors[i])->feed);
    end_turn(p, E_OK);
    for (size_t i = 0; i < grown.count && p->life == life; i++)
        tell_links(p, &grown.authors[i]);
    roll_clear(&grown);
}

static void commit(void *context, uint64_t life)
{
    struct process *p = context;
    struct world *world = p->world;
    if (p->life != life)
        return;
    if (p->disk.fails_next) {
        p->disk.fails_next = false;
        process_kill(p, "the disk failed");
        return;
    }
    if (p->disk.is_full) {
        SAY(p, "cannot commit: its disk is full");
        disk_abort(&p->disk);
        end_turn(p, E_FULL);
        return;
    }
    for (size_t i = 0; i < p->disk.open.count; i++)
        if (p->disk.drafts[i].count > 0)
            roll_add(&p->grown, &p->disk.drafts[i].feed.author);
    if (disk_sync(&p->disk) != E_OK)
        world_broken(world, p, "%s", err_message());
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, TELL_MS), finish, p, life);
}

static void judge_all(struct process *p)
{
    for (size_t i = 0; i < p->writing.count; i++) {
        struct job *job = &p->writing.items[i];
        const struct shelf *shelf = disk_shelf(&p->disk, &job->author);
        struct draft *draft = disk_draft(&p->disk, &job->author);
        actor_judge(&p->actor, shelf, draft, &p->world->book, buf_view(&job->records), &job->verdict);
    }
}

static void begin(void *context, uint64_t life)
{
    struct process *p = context;
    struct world *world = p->world;
    if (p->life != life)
        return;
    p->is_due = false;
    p->is_busy = true;
    p->writing = p->waiting;
    p->waiting = (struct jobs){ 0 };
    disk_begin(&p->disk);
    judge_all(p);
    if (p->to_append > 0)
        write_own(p);
    if (p->mutant == MUTANT_ACK_BEFORE_COMMIT)
        answer_jobs(p);
    if (p->mutant == MUTANT_SEND_BEFORE_DURABLE && disk_drafted(&p->disk, &p->author) != NULL) {
        actor_learn(&p->actor, &disk_drafted(&p->disk, &p->author)->feed);
        tell_links(p, &p->author);
    }
    if (p->life == life)
        sched_at(&world->sched, world->sched.now_ms + 1 + dice_below(&world->dice, SYNC_MS), commit, p, life);
}

void process_wake(struct process *p)
{
    struct world *world = p->world;
    if (!p->is_alive || p->is_due || p->is_busy || (p->waiting.count == 0 && p->to_append == 0))
        return;
    p->is_due = true;
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, BEGIN_MS), begin, p, p->life);
}
