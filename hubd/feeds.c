#include "hubd/feeds.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"

#define TAIL_IDLE_MS 300000 /* a batch on a slow link takes minutes */

static void free_cached(struct feeds *feeds, struct cached *cached)
{
    tail_clear(&cached->tail, &feeds->tail_bytes);
    free(cached->ids);
    free(cached);
}

void feeds_clear(struct feeds *feeds)
{
    struct cached *cached;
    for (size_t at = 0; (cached = table_next(&feeds->by_author, &at)) != NULL;)
        free_cached(feeds, cached);
    table_clear(&feeds->by_author);
}

static enum err load(struct feeds *feeds, const struct hash *author, unsigned generation,
                     struct cached *cached)
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(feeds->store, &view));
    if (!store_feed(view, author, &cached->feed)) {
        TRY(store_view_error(view));
        return fail(E_UNKNOWN_AUTHOR, "no inception of this author is held");
    }
    cached->generation = generation;
    cached->ids_from = cached->feed.next;
    cached->refused = false; /* its row may not have become durable */
    atomic_store(&cached->durable, cached->feed.next);
    return E_OK;
}

enum err feeds_get(struct feeds *feeds, const struct hash *author, unsigned generation, struct cached **out)
{
    struct cached *cached = table_get(&feeds->by_author, author->b);
    if (cached != NULL && cached->generation == generation) {
        cached->is_touched = true;
        *out = cached;
        return E_OK;
    }
    if (cached == NULL) {
        cached = mem_alloc(sizeof *cached);
        table_put(&feeds->by_author, author->b, cached);
    }
    enum err err = load(feeds, author, generation, cached);
    if (err != E_OK && atomic_load(&cached->users) == 0) {
        table_remove(&feeds->by_author, author->b);
        free_cached(feeds, cached);
        return err;
    }
    cached->is_touched = true;
    *out = cached;
    return err;
}

static void forget_durable(struct cached *cached)
{
    uint64_t durable = atomic_load(&cached->durable);
    if (durable <= cached->ids_from)
        return;
    uint64_t held = cached->feed.next - cached->ids_from;
    uint64_t gone = durable - cached->ids_from < held ? durable - cached->ids_from : held;
    memmove(cached->ids, cached->ids + gone, (size_t)(held - gone) * sizeof *cached->ids);
    cached->ids_from += gone;
}

void feeds_took(struct cached *cached, const struct feed *feed, const struct record *records, size_t count)
{
    if (cached->ids != NULL)
        forget_durable(cached);
    size_t held = (size_t)(cached->feed.next - cached->ids_from);
    if (held + count > cached->ids_cap) {
        cached->ids_cap = held + count;
        cached->ids = mem_resize(cached->ids, cached->ids_cap * sizeof *cached->ids);
    }
    assert(count == 0 || cached->ids != NULL);
    for (size_t i = 0; i < count; i++)
        cached->ids[held + i] = records[i].id;
    cached->feed = *feed;
    if (cached->refused && feed->next > cached->refused_seq)
        cached->refused = false;
}

static enum err compare_ids(struct feeds *feeds, const struct cached *cached, const struct record *record)
{
    uint64_t seq = record->header.seq;
    if (seq >= cached->ids_from)
        return feed_compare(record, &cached->ids[seq - cached->ids_from]);

    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(feeds->store, &view));
    uint64_t position;
    struct bytes entry, payload;
    TRY(store_locate(view, &cached->feed.author, seq, &position));
    TRY(store_at(view, position, &entry, &payload));
    struct hash id = hash_leaf(entry);
    return feed_compare(record, &id);
}

/* The record key that was open at seq: of what is not durable yet, the one that is open now. */
static enum err key_at(struct feeds *feeds, const struct cached *cached, uint64_t seq, struct key *out)
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(feeds->store, &view));
    if (store_record_key(view, &cached->feed.author, seq, out) != E_OK)
        *out = cached->feed.record_key;
    return E_OK;
}

enum err feeds_compare(struct feeds *feeds, const struct cached *cached, const struct record *records,
                       size_t count)
{
    enum err err = compare_ids(feeds, cached, records);
    if (err != E_FORK || records->header.kind == KIND_IDENTITY)
        return err;
    struct key key;
    TRY(key_at(feeds, cached, records->header.seq, &key));
    if (!fork_is_vouched(records, count, &key))
        return fail(E_BAD_SIGNATURE,
                    "seq %llu differs from the record held there, and no valid signature vouches for it",
                    (unsigned long long)records->header.seq);
    return fail(E_FORK, "another record is held at seq %llu of this feed",
                (unsigned long long)records->header.seq);
}

/* Ids of what is durable are read from the store again when they are needed. */
static void release_ids(struct cached *cached)
{
    if (atomic_load(&cached->durable) != cached->feed.next)
        return;
    free(cached->ids);
    cached->ids = NULL;
    cached->ids_cap = 0;
    cached->ids_from = cached->feed.next;
}

/* A tail that nobody comes back for takes the room of those of others. */
static void release_tail(struct feeds *feeds, struct cached *cached, uint64_t now_ms)
{
    if (cached->is_touched) {
        cached->is_touched = false;
        cached->idle_since_ms = now_ms;
    } else if (now_ms - cached->idle_since_ms >= TAIL_IDLE_MS) {
        tail_clear(&cached->tail, &feeds->tail_bytes);
    }
}

void feeds_trim(struct feeds *feeds, uint64_t now_ms)
{
    struct cached *cached;
    struct cached **idle = mem_alloc((feeds->by_author.count + 1) * sizeof *idle);
    size_t n = 0;
    for (size_t at = 0; (cached = table_next(&feeds->by_author, &at)) != NULL;) {
        if (atomic_load(&cached->users) > 0)
            continue;
        release_ids(cached);
        release_tail(feeds, cached, now_ms);
        idle[n++] = cached;
    }
    while (n > 0 && feeds->by_author.count > feeds->max) {
        cached = idle[--n];
        table_remove(&feeds->by_author, cached->feed.author.b);
        free_cached(feeds, cached);
    }
    free(idle);
}
