#include "core/sync_private.h"

#include <stdlib.h>

#define FEW_FEEDS 8U         /* so many are searched in a row */
#define MARKS_A_MESSAGE 128U /* bounds the stack; far below MAX_FRONTIER_FEEDS */

/* ---- the table. Authors are digests, and a stranger's enter only when the host stands with them, so the
 * first bytes spread well enough. */

static uint32_t slot_of(const struct sync *sync, const struct hash *author)
{
    uint64_t mixed = get_u64(author->b) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) & (sync->slot_count - 1);
}

static void put_slot(struct sync *sync, uint32_t index)
{
    uint32_t slot = slot_of(sync, &sync->feeds[index].author);
    while (sync->slots[slot] != 0)
        slot = (slot + 1) & (sync->slot_count - 1);
    sync->slots[slot] = index + 1;
}

static void index_feeds(struct sync *sync)
{
    if (sync->count <= FEW_FEEDS)
        return;
    if (sync->slots != NULL && (uint64_t)sync->count * 2 <= sync->slot_count) {
        put_slot(sync, sync->count - 1);
        return;
    }
    free(sync->slots);
    sync->slot_count = sync->slot_count == 0 ? FEW_FEEDS * 4 : sync->slot_count * 2;
    sync->slots = mem_alloc(sync->slot_count * sizeof *sync->slots);
    for (uint32_t i = 0; i < sync->count; i++)
        put_slot(sync, i);
}

struct sync_feed *sync_feed_find(const struct sync *sync, const struct hash *author)
{
    if (sync->slots == NULL) {
        for (uint32_t i = 0; i < sync->count; i++)
            if (hash_equal(&sync->feeds[i].author, author))
                return &sync->feeds[i];
        return NULL;
    }
    for (uint32_t slot = slot_of(sync, author); sync->slots[slot] != 0;
         slot = (slot + 1) & (sync->slot_count - 1)) {
        struct sync_feed *feed = &sync->feeds[sync->slots[slot] - 1];
        if (hash_equal(&feed->author, author))
            return feed;
    }
    return NULL;
}

static void lay_mark(struct sync_feed *feed, const struct sync_mark *mark)
{
    feed->oldest = mark->oldest;
    feed->offers = mark->offers;
    feed->wants = mark->wants;
}

static struct sync_feed *add_feed(struct sync *sync, const struct sync_mark *mark)
{
    if (sync->count == sync->cap) {
        sync->cap = sync->cap == 0 ? 2 : sync->cap * 2;
        sync->feeds = mem_resize(sync->feeds, sync->cap * sizeof *sync->feeds);
    }
    struct sync_feed *feed = &sync->feeds[sync->count++];
    *feed = (struct sync_feed){
        .author = mark->author, .head = mark->head, .next = mark->next, .expected = mark->next
    };
    lay_mark(feed, mark);
    index_feeds(sync);
    return feed;
}

/* ---- our marks */

struct frontier {
    struct sync_mark marks[MARKS_A_MESSAGE];
    size_t count;
};

static void send_frontier(struct sync *sync, struct frontier *frontier)
{
    if (frontier->count == 0)
        return;
    struct sync_message m = { .type = SYNC_FRONTIER };
    m.frontier.marks = frontier->marks;
    m.frontier.count = frontier->count;
    sync_send(sync, &m);
    frontier->count = 0;
}

static struct sync_mark *next_mark(struct sync *sync, struct frontier *frontier)
{
    if (frontier->count == MARKS_A_MESSAGE)
        send_frontier(sync, frontier);
    return &frontier->marks[frontier->count++];
}

static void announce(struct sync *sync, struct sync_feed *feed, struct frontier *frontier)
{
    feed->announced = true;
    *next_mark(sync, frontier) = (struct sync_mark){
        .author = feed->author,
        .next = feed->next,
        .head = feed->head,
        .oldest = feed->oldest,
        .offers = feed->offers,
        .wants = feed->wants,
    };
}

void sync_announce_all(struct sync *sync)
{
    struct frontier frontier;
    frontier.count = 0;
    for (uint32_t i = 0; i < sync->count; i++)
        announce(sync, &sync->feeds[i], &frontier);
    send_frontier(sync, &frontier);
}

void sync_follow(struct sync *sync, const struct sync_mark *mark)
{
    struct sync_feed *feed = sync_feed_find(sync, &mark->author);
    if (feed == NULL) {
        feed = add_feed(sync, mark);
    } else {
        lay_mark(feed, mark);
        sync_flow_grown(sync, feed, mark->next, &mark->head);
        feed->refused = false;
        feed->skipping = false;
        feed->expected = feed->next;
    }
    if (sync->state != SYNC_UP)
        return;
    struct frontier frontier;
    frontier.count = 0;
    announce(sync, feed, &frontier);
    send_frontier(sync, &frontier);
    sync_flow_queue(sync, feed);
    sync_flow_pump(sync);
}

/* ---- the peer's marks */

/* A feed that only the peer has named: the host says where we stand. *feed NULL: we do not care, and say so.
 */
static enum err meet(struct sync *sync, const struct sync_mark *theirs, struct sync_feed **feed)
{
    *feed = NULL;
    struct sync_mark ours = { .author = theirs->author };
    if (!sync->host.stand(sync->host.context, &theirs->author, &ours))
        return E_OK;
    if (sync->count >= sync->options.max_feeds)
        return fail(E_TOO_BIG, "more than %zu feeds on one link", sync->options.max_feeds);
    ours.author = theirs->author;
    *feed = add_feed(sync, &ours);
    return E_OK;
}

static enum err take_mark(struct sync *sync, const struct sync_mark *theirs, struct frontier *answer)
{
    if ((theirs->next == 0) != hash_is_zero(&theirs->head))
        return fail(E_MALFORMED, "a mark whose head does not go with its length");
    struct sync_feed *feed = sync_feed_find(sync, &theirs->author);
    if (feed == NULL) {
        TRY(meet(sync, theirs, &feed));
        /* Only who offers or wants something is owed an answer: a bare "no" is not answered by another. */
        if (feed == NULL && (theirs->offers || theirs->wants))
            *next_mark(sync, answer) = (struct sync_mark){ .author = theirs->author };
        if (feed == NULL)
            return E_OK;
    }
    if (!feed->announced)
        announce(sync, feed, answer);
    sync_flow_met(sync, feed, theirs);
    return E_OK;
}

enum err sync_take_frontier(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)now_ms;
    struct frontier answer;
    answer.count = 0;
    enum err err = E_OK;
    for (size_t i = 0; i < message->frontier.count && err == E_OK; i++)
        err = take_mark(sync, &message->frontier.marks[i], &answer);
    send_frontier(sync, &answer);
    sync_flow_pump(sync);
    return err;
}

bool sync_progress(const struct sync *sync, const struct hash *author, struct sync_progress *out)
{
    const struct sync_feed *feed = sync_feed_find(sync, author);
    if (feed == NULL)
        return false;
    *out = (struct sync_progress){
        .peer_next = feed->peer_next,
        .sent = feed->sent,
        .met = feed->met,
        .wanted = feed->peer_wants,
        .stopped = feed->stopped,
        .waits = feed->retry_at_ms != 0,
        .behind = feed->behind,
    };
    return true;
}
