#include "observe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/sync_private.h"
#include "link.h"
#include "process.h"
#include "world.h"

static bool is_honest(const struct link *link)
{
    return !link->self->hostile;
}

static struct tally_feed *tally_of(struct link *link, const struct hash *author)
{
    struct tally *tally = &link->tally;
    for (size_t i = 0; i < tally->count; i++)
        if (hash_equal(&tally->feeds[i].author, author))
            return &tally->feeds[i];
    if (tally->count == tally->cap) {
        tally->cap = tally->cap > 0 ? 2 * tally->cap : 2;
        tally->feeds = mem_resize(tally->feeds, tally->cap * sizeof *tally->feeds);
    }
    tally->feeds[tally->count] = (struct tally_feed){ .author = *author };
    return &tally->feeds[tally->count++];
}

/* ---- what leaves */

/* One packed record as it leaves: the author's to the bit, durable here, and its payload may go there. */
static void check_record(struct link *link, const struct hash *author, uint64_t seq, const uint8_t *entry,
                         bool has_payload)
{
    struct process *self = link->self;
    struct world *world = self->world;
    const char *name = world_name(world, author);
    const struct process *maker = world_process(world, author);
    const struct shelf *here = disk_shelf(&self->disk, author);
    if (here == NULL || seq >= here->count) {
        world_broken(world, self, "sends %s %" PRIu64 ", which is not durable here", name, seq);
        return;
    }
    const struct shelf *made = maker != NULL && !maker->hostile ? disk_shelf(&maker->disk, author) : NULL;
    if (made != NULL && (seq >= made->count || memcmp(made->records[seq]->bytes, entry, ENTRY_BYTES) != 0))
        world_broken(world, self, "sends %s %" PRIu64 ", which its author does not hold so", name, seq);
    enum visibility visibility = (enum visibility)(entry[3] & 3);
    if (has_payload && !actor_may_show(&link->who, author, visibility))
        world_broken(world, self, "sends %s the payload of %s %" PRIu64 ", which is %s", link->peer->name,
                     name, seq, visibility == VISIBLE_LOCAL ? "local" : "federal");
}

static void check_records(struct link *link, const struct sync_message *m)
{
    struct reader in = reader_of(m->batch.records);
    for (uint32_t i = 0; i < m->batch.count && !in.bad && !link->self->world->is_broken; i++) {
        struct bytes entry = read_bytes(&in, ENTRY_BYTES);
        bool has_payload = read_u8(&in) != 0;
        if (in.bad)
            break;
        if (has_payload)
            read_bytes(&in, SALT_BYTES + (size_t)get_u32(entry.data + 120));
        check_record(link, &m->batch.author, m->batch.first_seq + i, entry.data, has_payload);
    }
    if ((in.bad || in.left > 0) && !link->self->world->is_broken)
        world_broken(link->self->world, link->self, "sends a batch of other records than it says");
}

static void check_batch(struct link *link, const struct sync_message *m)
{
    struct world *world = link->self->world;
    int64_t len = (int64_t)m->batch.records.len;
    const struct tally_feed *feed = tally_of(link, &m->batch.author);
    world->batches++;
    if (m->batch.first_seq < feed->acked)
        world_broken(world, link->self,
                     "sends %s %s %" PRIu64 " again, which was acknowledged up to %" PRIu64, link->peer->name,
                     world_name(world, &m->batch.author), m->batch.first_seq, feed->acked);
    if (link->tally.credit <= 0 || (m->batch.count > 1 && len > link->tally.credit))
        world_broken(world, link->self, "sends %s %" PRId64 " bytes on a credit of %" PRId64,
                     link->peer->name, len, link->tally.credit);
    link->tally.credit -= len;
    check_records(link, m);
}

/* What is said to be held is on the disk, and never less than was promised. */
static void check_claim(struct link *link, const struct hash *author, uint64_t next, const struct hash *head,
                        const char *what)
{
    struct world *world = link->self->world;
    struct shelf *shelf = disk_shelf(&link->self->disk, author);
    uint64_t held = shelf != NULL ? shelf->count : 0, promised = shelf != NULL ? shelf->promised : 0;
    const char *name = world_name(world, author);
    if (next > held)
        world_broken(world, link->self, "%s %" PRIu64 " records of %s to %s, %" PRIu64 " are durable", what,
                     next, name, link->peer->name, held);
    else if (next > 0 && !hash_equal(head, &shelf->records[next - 1]->id))
        world_broken(world, link->self, "%s %" PRIu64 " records of %s to %s, with another head", what, next,
                     name, link->peer->name);
    else if (next < promised)
        world_broken(world, link->self, "%s %" PRIu64 " records of %s to %s, %" PRIu64 " were acknowledged",
                     what, next, name, link->peer->name, promised);
}

static void check_ack(struct link *link, const struct sync_message *m)
{
    check_claim(link, &m->ack.author, m->ack.next, &m->ack.head, "acknowledges");
    struct shelf *shelf = disk_shelf(&link->self->disk, &m->ack.author);
    if (shelf != NULL && m->ack.next > shelf->promised)
        shelf->promised = m->ack.next;
}

static void check_nack(struct link *link, const struct sync_message *m)
{
    struct world *world = link->self->world;
    if (m->nack.final && !link->peer->hostile)
        world_broken(world, link->self, "refuses %s %" PRIu64 " of %s for good: %s: %s",
                     world_name(world, &m->nack.author), m->nack.seq, link->peer->name,
                     err_name(m->nack.code), m->nack.text);
}

void observe_sent(struct link *link, const struct sync_message *m)
{
    if (!is_honest(link))
        return;
    if (m->type == SYNC_BATCH)
        check_batch(link, m);
    else if (m->type == SYNC_ACK)
        check_ack(link, m);
    else if (m->type == SYNC_NACK)
        check_nack(link, m);
    else if (m->type == SYNC_FRONTIER)
        for (size_t i = 0; i < m->frontier.count; i++)
            if (m->frontier.marks[i].offers || m->frontier.marks[i].wants)
                check_claim(link, &m->frontier.marks[i].author, m->frontier.marks[i].next,
                            &m->frontier.marks[i].head, "announces");
}

/* ---- what arrives */

static void note_held(struct link *link, const struct hash *author, uint64_t next)
{
    struct tally_feed *feed = tally_of(link, author);
    if (next > feed->acked)
        feed->acked = next;
}

static void note_credit(struct link *link, uint64_t bytes)
{
    int64_t room = SYNC_CREDIT_MAX - link->tally.credit;
    link->tally.credit += bytes < (uint64_t)room ? (int64_t)bytes : room;
}

void observe_heard(struct link *link, const struct sync_message *m)
{
    if (m->type == SYNC_HELLO || m->type == SYNC_WELCOME)
        note_credit(link, m->hello.credit_bytes);
    else if (m->type == SYNC_CREDIT)
        note_credit(link, m->credit.bytes);
    else if (m->type == SYNC_NACK)
        note_credit(link, m->nack.credit_bytes);
    else if (m->type == SYNC_ACK) {
        note_credit(link, m->ack.credit_bytes);
        note_held(link, &m->ack.author, m->ack.next);
    } else if (m->type == SYNC_FRONTIER) {
        for (size_t i = 0; i < m->frontier.count; i++)
            note_held(link, &m->frontier.marks[i].author, m->frontier.marks[i].next);
    }
}

void observe_taken(struct link *link, uint64_t bytes)
{
    struct tally *tally = &link->tally;
    tally->waiting += bytes;
    if (tally->waiting > tally->granted + SYNC_RECORD_MAX)
        world_broken(link->self->world, link->self, "keeps %" PRIu64 " bytes of %s, and granted %" PRIu64,
                     tally->waiting, link->peer->name, tally->granted);
}

void observe_restart(struct process *p)
{
    for (size_t i = 0; i < p->disk.roll.count; i++) {
        const struct shelf *shelf = &p->disk.shelves[i];
        if (shelf->count < shelf->promised)
            world_broken(p->world, p,
                         "comes up with %" PRIu64 " records of %s, %" PRIu64 " were acknowledged",
                         shelf->count, world_name(p->world, &shelf->feed.author), shelf->promised);
    }
}

/* ---- when all is quiet */

/* What a follower must hold of a record: the author's bytes, with the payload if it may have it. */
static bool is_right(const struct process *p, const struct process *author, const struct copy *held,
                     const struct copy *made)
{
    struct actor_peer who = { p->author, p->role };
    bool whole = actor_may_show(&who, &author->author, made->visibility);
    if (held == made)
        return whole;
    if (memcmp(held->bytes, made->bytes, ENTRY_BYTES) != 0 || held->present)
        return false;
    /* Behind a relay the hub has no payload of restricted records. */
    return !whole || (made->visibility == VISIBLE_FEDERAL && p->world->plan.shape != SHAPE_STAR);
}

static bool has_feed(struct world *world, struct process *p, const struct process *author, bool explain)
{
    const struct shelf *made = disk_shelf(&author->disk, &author->author);
    const struct shelf *held = disk_shelf(&p->disk, &author->author);
    uint64_t wanted = made != NULL ? made->count : 0, got = held != NULL ? held->count : 0;
    if (author->hostile)
        return true;
    if (got != wanted && explain)
        world_broken(world, p, "holds %" PRIu64 " of %" PRIu64 " records of %s although all is quiet", got,
                     wanted, author->name);
    if (got != wanted)
        return false;
    for (uint64_t i = 0; explain && i < got; i++)
        if (!is_right(p, author, held->records[i], made->records[i]))
            world_broken(world, p, "does not hold %s %" PRIu64 " as its author made it", author->name, i);
    return true;
}

bool observe_agreed(struct world *world, bool explain)
{
    bool agreed = true;
    for (size_t i = 0; i < world->count; i++) {
        struct process *p = &world->processes[i];
        if (p->hostile)
            continue;
        if (p->is_busy || p->to_append > 0 || p->waiting.count > 0)
            agreed = false;
        for (size_t n = 0; n < p->follows.count; n++)
            agreed = has_feed(world, p, world_process(world, &p->follows.authors[n]), explain) && agreed;
    }
    return agreed;
}

void observe_known(struct world *world)
{
    for (size_t i = 0; i < world->count && !world->is_broken; i++) {
        struct process *p = &world->processes[i];
        const struct shelf *own = disk_shelf(&p->disk, &p->author);
        uint64_t written = own != NULL ? own->count : 0; /* none, if its disk was full all the while */
        for (size_t n = 0; n < p->n_links; n++) {
            struct link *link = p->links[n];
            struct sync_progress progress = { 0 };
            if (p->hostile || link->peer->hostile || !link->is_up ||
                roll_find(&link->peer->follows, &p->author) == ROLL_NONE)
                continue;
            sync_progress(link->sync, &p->author, &progress);
            if (progress.peer_next != written)
                world_broken(world, p, "does not know that %s has all of its records, but %" PRIu64,
                             link->peer->name, progress.peer_next);
        }
    }
}

/* ---- what every store must be */

static enum err verify(const struct shelf *shelf)
{
    AUTO(free_ptr) struct record *records = mem_alloc((shelf->count + 1) * sizeof *records);
    struct feed feed;
    size_t accepted = 0;
    for (uint64_t i = 0; i < shelf->count; i++) {
        struct bytes rest = bytes_of(shelf->records[i]->bytes, shelf->records[i]->len);
        TRY(run_next(&rest, &records[i]));
    }
    feed_init(&feed, &shelf->feed.author);
    TRY(feed_take(&feed, records, shelf->count, &accepted));
    return hash_equal(&feed.head, &shelf->feed.head) ? E_OK
                                                     : fail(E_CORRUPT, "another head is kept beside it");
}

static void check_shelf(struct process *p, const struct shelf *shelf)
{
    if (verify(shelf) != E_OK)
        world_broken(p->world, p, "holds a feed of %s that does not verify: %s",
                     world_name(p->world, &shelf->feed.author), err_message());
}

/* What is the same as its author's needs no second look: only what hostile authors made, and one's own. */
void observe_stores(struct world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct process *p = &world->processes[i];
        for (size_t n = 0; n < p->disk.roll.count && !p->hostile; n++) {
            const struct process *author = world_process(world, &p->disk.roll.authors[n]);
            if (author == NULL || author == p || author->hostile)
                check_shelf(p, &p->disk.shelves[n]);
        }
    }
}
