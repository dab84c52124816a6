#include "turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/statement.h"
#include "link.h"
#include "process.h"
#include "world.h"

#define BEGIN_MS 3U    /* until a transaction begins, */
#define SYNC_MS 20U    /* until it is on the disk, */
#define TELL_MS 4U     /* until its process knows */
#define APPEND_MAX 64U /* own records in one transaction */

static void clear_jobs(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++)
        buf_clear(&jobs->items[i].records);
    free(jobs->items);
    *jobs = (struct jobs){ 0 };
}

void turn_forget(struct process *p)
{
    clear_jobs(&p->waiting);
    clear_jobs(&p->writing);
    roll_clear(&p->grown);
    p->to_append = 0;
    p->is_due = p->is_busy = false;
}

/* ---- what waits */

void turn_store(struct process *p, struct link *link, const struct hash *author, uint64_t first_seq,
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
    turn_wake(p);
}

void turn_append(struct process *p, unsigned count)
{
    if (!p->is_alive)
        return;
    p->to_append += count;
    turn_wake(p);
}

static void tell_links(struct process *p, const struct hash *author)
{
    const struct feed *feed = actor_feed(&p->actor, author);
    bool is_own = hash_equal(author, &p->author);
    if (p->mutant == MUTANT_NO_WAKE || feed == NULL || (!is_own && !p->carries && !p->takes_any))
        return;
    for (size_t i = p->n_links; i-- > 0;)
        if (i < p->n_links)
            link_grown(p->links[i], feed);
}

/* A hub acknowledges once a commit. */
static bool is_answered_with(const struct job *job, const struct job *next)
{
    return job->link == next->link && job->verdict.code == E_OK && next->verdict.code == E_OK &&
           hash_equal(&job->author, &next->author);
}

static void answer_jobs(struct process *p)
{
    struct jobs jobs = p->writing;
    p->writing = (struct jobs){ 0 };
    uint64_t bytes = 0;
    for (size_t i = 0; i < jobs.count; i++) {
        struct job *job = &jobs.items[i];
        bytes += job->records.len;
        if (p->role == SYNC_HUB && i + 1 < jobs.count && is_answered_with(job, job + 1))
            continue;
        link_answer(job->link, &job->author, &job->verdict, bytes);
        bytes = 0;
    }
    clear_jobs(&jobs);
}

/* What a new record says: an inception first; then statements, and now and then an identity event. */
struct saying {
    uint8_t kind;
    uint16_t flags;
    uint32_t type;
    struct buf payload;
};

static void say_something(struct process *p, uint64_t seq, bool may_rekey, struct saying *out)
{
    const struct plan *plan = &p->world->plan;
    struct dice *dice = &p->world->dice;
    *out = (struct saying){ .kind = KIND_IDENTITY, .type = seq == 0 ? TYPE_INCEPTION : TYPE_KEYS };
    if (seq == 0)
        buf_bytes(&out->payload, buf_view(&p->inception));
    if (seq == 0 || (may_rekey && dice_chance(dice, plan->rekeyed)))
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

/* sloppy: its own signature is nobody's. Identity events stand behind good ones only. */
static enum err write_one(struct process *p, struct draft *draft, bool sloppy, bool may_rekey)
{
    struct world *world = p->world;
    struct saying saying;
    uint8_t salt[SALT_BYTES];
    for (size_t i = 0; i < sizeof salt; i += 8)
        put_u64(salt + i, dice_next(&world->dice));
    say_something(p, draft->feed.next, may_rekey && !sloppy, &saying);
    AUTO(buf_clear) struct buf packed = { 0 }, payload = saying.payload;
    TRY(feed_append(&draft->feed, &p->secret, saying.kind, saying.flags, saying.type, process_wall_ms(p),
                    salt, buf_view(&payload), &packed));
    if (sloppy)
        packed.data[HEADER_BYTES] ^= 1;
    struct record record;
    struct bytes rest = buf_view(&packed);
    TRY(run_next(&rest, &record));
    draft->feed.head = record.id;
    disk_put(draft, book_keep(&world->book, &record, true));
    world->records++;
    return E_OK;
}

static void write_own(struct process *p)
{
    struct draft *draft = disk_draft(&p->disk, &p->author);
    enum err err = E_OK;
    /* Who follows the hub does not keep what nothing vouches for (daemon/accept.c). */
    unsigned chance = p->role == SYNC_HUB ? 0 : p->world->plan.sloppy;
    bool was_sloppy = false;
    for (unsigned n = 1; p->to_append > 0 && n <= APPEND_MAX && err == E_OK; n++, p->to_append--) {
        bool is_last = n == APPEND_MAX || p->to_append == 1;
        bool sloppy = !is_last && draft->feed.next > 0 && dice_chance(&p->world->dice, chance);
        err = write_one(p, draft, sloppy, !was_sloppy);
        was_sloppy = sloppy;
    }
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
    turn_wake(p);
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
        actor_judge(&p->actor, shelf, draft, &p->world->book, job->first_seq, buf_view(&job->records),
                    &job->verdict);
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

void turn_wake(struct process *p)
{
    struct world *world = p->world;
    if (!p->is_alive || p->is_due || p->is_busy || (p->waiting.count == 0 && p->to_append == 0))
        return;
    p->is_due = true;
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, BEGIN_MS), begin, p, p->life);
}
