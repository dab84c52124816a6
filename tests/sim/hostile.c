#include "hostile.h"

#include "base/limits.h"
#include "core/run.h"
#include "link.h"
#include "process.h"
#include "world.h"

#define EVERY_MS 700U
#define MARKS 8U

/* A number that is small, close to a limit, or anything. */
static uint64_t any_number(struct dice *dice)
{
    switch (dice_below(dice, 4)) {
    case 0:
        return dice_below(dice, 50);
    case 1:
        return UINT64_MAX - dice_below(dice, 3);
    case 2:
        return dice_below(dice, 2) * MAX_BATCH_BYTES;
    default:
        return dice_next(dice);
    }
}

static struct hash any_hash(struct dice *dice)
{
    struct hash hash;
    for (size_t i = 0; i < HASH_BYTES; i += 8)
        put_u64(hash.b + i, dice_next(dice));
    return hash;
}

/* Somebody's, or nobody's. */
static struct hash any_author(struct world *world)
{
    if (dice_chance(&world->dice, 200))
        return any_hash(&world->dice);
    return world->processes[dice_below(&world->dice, world->count)].author;
}

static struct hash any_head(struct world *world, uint64_t next)
{
    bool fits = dice_chance(&world->dice, 900);
    return (next == 0) == fits ? (struct hash){ { 0 } } : any_hash(&world->dice);
}

/* Its own feed, told otherwise from some record on; or somebody else's, as it is held here. */
static uint32_t any_records(struct process *p, const struct hash *author, struct buf *out, uint64_t *first)
{
    struct world *world = p->world;
    const struct shelf *shelf = disk_shelf(&p->disk, author);
    uint32_t count = 0;
    *first = 0;
    if (shelf == NULL || shelf->count == 0)
        return 0;
    *first = dice_below(&world->dice, shelf->count);
    if (hash_equal(author, &p->author) && *first > 0 && dice_chance(&world->dice, 500)) {
        uint8_t salt[SALT_BYTES] = { 1 };
        struct feed feed = shelf->feed;
        feed.next = *first;
        feed.head = shelf->records[*first - 1]->id;
        return feed_append(&feed, &p->secret, KIND_STATEMENT, 0, 999, dice_next(&world->dice) >> 20, salt,
                           bytes_text("otherwise"), out) == E_OK;
    }
    for (uint64_t seq = *first; seq < shelf->count && count < 5; seq++, count++)
        buf_append(out, shelf->records[seq]->bytes, shelf->records[seq]->len);
    return count;
}

static void forge_frontier(struct world *world, struct sync_mark marks[static MARKS])
{
    for (size_t i = 0; i < MARKS; i++) {
        uint64_t next = any_number(&world->dice);
        marks[i] = (struct sync_mark){ .author = any_author(world), .next = next };
        marks[i].head = any_head(world, next);
        marks[i].offers = dice_chance(&world->dice, 500);
        marks[i].wants = dice_chance(&world->dice, 500);
    }
}

static void forge_goodbye(struct dice *dice, struct sync_message *m)
{
    m->reject.code = (enum sync_reject)dice_below(dice, 12);
    m->reject.retry_after_ms = any_number(dice);
}

static void forge_answer(struct process *p, struct sync_message *m)
{
    struct world *world = p->world;
    struct dice *dice = &world->dice;
    if (m->type == SYNC_ACK) {
        m->ack.author = any_author(world);
        m->ack.next = any_number(dice);
        m->ack.head = any_head(world, m->ack.next);
        m->ack.credit_bytes = any_number(dice);
    } else {
        m->nack.author = any_author(world);
        m->nack.seq = any_number(dice);
        m->nack.code = (enum err)dice_below(dice, E_COUNT);
        m->nack.final = dice_chance(dice, 300);
        m->nack.credit_bytes = any_number(dice);
    }
}

static void forge(struct process *p, struct link *link)
{
    struct world *world = p->world;
    struct dice *dice = &world->dice;
    AUTO(buf_clear) struct buf records = { 0 };
    struct sync_mark marks[MARKS];
    struct sync_message m = { .type = (enum sync_type)dice_between(dice, SYNC_HELLO, SYNC_PONG) };
    m.session = dice_chance(dice, 900) ? sync_session(link->sync) : (uint32_t)dice_next(dice);
    if (m.type == SYNC_FRONTIER) {
        forge_frontier(world, marks);
        m.frontier.marks = marks;
        m.frontier.count = dice_below(dice, MARKS + 1);
    } else if (m.type == SYNC_BATCH) {
        m.batch.author = dice_chance(dice, 700) ? p->author : any_author(world);
        m.batch.count = any_records(p, &m.batch.author, &records, &m.batch.first_seq);
        if (dice_chance(dice, 100))
            m.batch.first_seq = any_number(dice);
        m.batch.records = buf_view(&records);
    } else if (m.type == SYNC_ACK || m.type == SYNC_NACK) {
        forge_answer(p, &m);
    } else if (m.type == SYNC_REJECT || m.type == SYNC_BYE) {
        forge_goodbye(dice, &m);
    } else if (m.type == SYNC_CREDIT) {
        m.credit.bytes = any_number(dice);
    } else if (m.type == SYNC_HELLO || m.type == SYNC_WELCOME) {
        m.hello = (struct sync_peer){ .proto_min = 1,
                                      .proto_max = (uint32_t)any_number(dice),
                                      .author = p->author };
        m.hello.max_batch_bytes = (uint32_t)any_number(dice);
        m.hello.credit_bytes = any_number(dice);
    }
    world->messages++;
    SAY(p, "forges a message of type %d to %s", (int)m.type, link->peer->name);
    conn_send(link->conn, link->end, &m);
}

static void misbehave(void *context, uint64_t argument)
{
    struct process *p = context;
    struct world *world = p->world;
    if (p->is_alive && p->n_links > 0)
        forge(p, p->links[dice_below(&world->dice, p->n_links)]);
    sched_at(&world->sched, world->sched.now_ms + dice_wait(&world->dice, EVERY_MS), misbehave, p, argument);
}

void hostile_begin(struct process *p)
{
    struct world *world = p->world;
    sched_at(&world->sched, world->sched.now_ms + dice_wait(&world->dice, EVERY_MS), misbehave, p, 0);
}
