/* sync_pair: two sync machines and a fake store each, joined by queues that a test empties step by step. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sync.h"

#include <cmocka.h> /* after ours: it has a macro named fail */

#define RECORD_LEN 200U
#define MAX_EVENTS 65536

struct event {
    enum { EVENT_MESSAGE, EVENT_FETCH, EVENT_STORE } what;
    struct sync_message message; /* and, for a store, its batch */
    void *owned;
    uint64_t from;
    uint32_t max_bytes;
};

struct fake_feed {
    struct hash author;
    uint64_t next;
    uint8_t branch; /* another branch has other heads */
    bool offers, wants;
    uint64_t acked; /* told by host->acked */
    unsigned stored_twice;
    unsigned resent;    /* records sent although acked */
    uint64_t refuse_at; /* as a receiver: refuse this seq ... */
    enum err refuse_code;
    bool refuse_final;
    unsigned refuse_times; /* ... so often */
    unsigned nacks;
    enum err nack_code;
    uint64_t nack_seq;
};

struct end {
    struct sync *sync;
    struct end *other;
    struct fake_feed *feeds;
    size_t count;
    struct event *events; /* what waits for this end */
    size_t first, last;
    unsigned strikes;
    enum err last_strike;
    unsigned sent[16];
    uint64_t *order; /* first seq and feed of each batch sent */
    bool was_up;
    unsigned downs;
    enum err down_code;
    uint64_t down_retry_ms;
    char down_text[200];
    uint64_t fetched_most;
    unsigned fetches;
    bool hold_stores; /* keep what is to be stored */
    uint32_t record_len;
};

struct pair {
    struct end a, b;
    uint64_t now_ms;
    uint64_t steps;
};

static inline struct hash fake_author(unsigned n)
{
    struct hash h = { { 0 } };
    put_u32(h.b, n * 2654435761U);
    put_u32(h.b + 4, n);
    h.b[31] = 1;
    return h;
}

static inline struct hash fake_head(const struct hash *author, uint64_t next, uint8_t branch)
{
    struct hash h = { { 0 } };
    if (next == 0)
        return h;
    memcpy(h.b + 16, author->b, 8);
    put_u64(h.b, next * 11400714819323198485ULL + branch);
    h.b[31] = 2;
    return h;
}

static inline struct fake_feed *fake_find(struct end *end, const struct hash *author)
{
    for (size_t i = 0; i < end->count; i++)
        if (hash_equal(&end->feeds[i].author, author))
            return &end->feeds[i];
    return NULL;
}

static inline struct sync_mark fake_mark(const struct fake_feed *f)
{
    return (struct sync_mark){ .author = f->author,
                               .next = f->next,
                               .head = fake_head(&f->author, f->next, f->branch),
                               .offers = f->offers,
                               .wants = f->wants };
}

static inline struct event *push(struct end *end)
{
    assert_true(end->last < MAX_EVENTS);
    struct event *e = &end->events[end->last++];
    memset(e, 0, sizeof *e);
    return e;
}

static inline void own(struct event *e, const void *data, size_t len)
{
    e->owned = malloc(len > 0 ? len : 1);
    memcpy(e->owned, data, len);
}

static inline void push_message(struct end *to, const struct sync_message *m)
{
    struct event *e = push(to);
    e->what = EVENT_MESSAGE;
    e->message = *m;
    if (m->type == SYNC_FRONTIER) {
        own(e, m->frontier.marks, m->frontier.count * sizeof *m->frontier.marks);
        e->message.frontier.marks = e->owned;
    } else if (m->type == SYNC_BATCH) {
        own(e, m->batch.records.data, m->batch.records.len);
        e->message.batch.records.data = e->owned;
    }
}

static void host_send(void *context, const struct sync_message *m)
{
    struct end *end = context;
    end->sent[m->type & 15]++;
    if (m->type == SYNC_BATCH) {
        struct fake_feed *f = fake_find(end, &m->batch.author);
        if (f != NULL && m->batch.first_seq < f->acked)
            f->resent++;
    }
    if (end->other != NULL)
        push_message(end->other, m);
}

static void host_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct event *e = push(context);
    e->what = EVENT_FETCH;
    e->message.batch.author = *author;
    e->from = from;
    e->max_bytes = max_bytes;
}

static void host_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                       struct bytes records)
{
    struct event *e = push(context);
    e->what = EVENT_STORE;
    e->message.batch.author = *author;
    e->message.batch.first_seq = first_seq;
    e->message.batch.count = count;
    own(e, records.data, records.len);
    e->message.batch.records = bytes_of(e->owned, records.len);
}

static bool host_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    struct fake_feed *f = fake_find(context, author);
    if (f == NULL)
        return false;
    *mark = fake_mark(f);
    return true;
}

static void host_up(void *context, const struct sync_peer *peer)
{
    (void)peer;
    ((struct end *)context)->was_up = true;
}

static void host_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct fake_feed *f = fake_find(context, author);
    struct hash expected = fake_head(author, next, f->branch);
    assert_true(hash_equal(head, &expected));
    assert_true(next > f->acked || next <= f->next);
    if (next > f->acked)
        f->acked = next;
}

static void host_nacked(void *context, const struct hash *author, uint64_t seq, enum err code,
                        const char *text)
{
    struct fake_feed *f = fake_find(context, author);
    assert_non_null(text);
    f->nacks++;
    f->nack_code = code;
    f->nack_seq = seq;
}

static void host_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct end *end = context;
    end->downs++;
    end->down_code = code;
    end->down_retry_ms = retry_after_ms;
    snprintf(end->down_text, sizeof end->down_text, "%s", text);
}

static inline struct sync_options fake_options(void)
{
    return (struct sync_options){ .self = { .proto_min = 1,
                                            .proto_max = 1,
                                            .author = fake_author(999),
                                            .role = SYNC_NODE,
                                            .max_batch_bytes = 10 * RECORD_LEN,
                                            .heartbeat_ms = 1000,
                                            .credit_bytes = 25 * RECORD_LEN },
                                  .greeting_timeout_ms = 5000,
                                  .missed_heartbeats = 4,
                                  .max_feeds = 2000 };
}

static inline void end_begin(struct end *end, const struct sync_options *options)
{
    struct sync_host host = { end,     host_send,  host_fetch,  host_store, host_stand,
                              host_up, host_acked, host_nacked, host_down };
    end->sync = sync_new(options, &host);
    if (end->events == NULL)
        end->events = calloc(MAX_EVENTS, sizeof *end->events);
    if (end->record_len == 0)
        end->record_len = RECORD_LEN;
}

static inline void drop_events(struct end *end)
{
    for (size_t i = end->first; i < end->last; i++)
        free(end->events[i].owned);
    end->first = end->last = 0;
}

/* The link is cut: whatever was under way is gone, what is stored stays. */
static inline void end_cut(struct end *end)
{
    sync_free(&end->sync);
    drop_events(end);
}

static inline void end_feed(struct end *end, unsigned n, uint64_t next, bool offers, bool wants)
{
    end->feeds = realloc(end->feeds, (end->count + 1) * sizeof *end->feeds);
    end->feeds[end->count++] = (struct fake_feed){
        .author = fake_author(n), .next = next, .offers = offers, .wants = wants, .refuse_at = UINT64_MAX
    };
}

static inline void end_clear(struct end *end)
{
    end_cut(end);
    free(end->events);
    free(end->feeds);
}

static inline void pair_join(struct pair *p, const struct sync_options *a, const struct sync_options *b)
{
    p->a.other = &p->b;
    p->b.other = &p->a;
    if (p->now_ms == 0)
        p->now_ms = 1000000;
    end_begin(&p->a, a);
    end_begin(&p->b, b);
    sync_session_set(p->b.sync, 77);
    /* The dialer names all it follows; the listener answers, and names what it wants itself. */
    for (size_t i = 0; i < p->a.count; i++) {
        struct sync_mark m = fake_mark(&p->a.feeds[i]);
        sync_follow(p->a.sync, &m);
    }
    sync_dial(p->a.sync, p->now_ms);
}

static inline void pair_open(struct pair *p)
{
    struct sync_options options = fake_options();
    pair_join(p, &options, &options);
}

/* An end without another: the test plays it. */
static inline void end_alone(struct end *end)
{
    struct sync_options options = fake_options();
    memset(end, 0, sizeof *end);
    end_begin(end, &options);
}

/* Feed n, which a offers and b wants: so many records here and there. */
static inline void pair_feed(struct pair *p, unsigned n, uint64_t at_a, uint64_t at_b)
{
    end_feed(&p->a, n, at_a, true, false);
    end_feed(&p->b, n, at_b, false, true);
}

static inline void do_fetch(struct end *end, struct event *e, uint64_t now_ms)
{
    struct fake_feed *f = fake_find(end, &e->message.batch.author);
    end->fetches++;
    uint64_t count = e->from < f->next ? f->next - e->from : 0;
    uint64_t most = e->max_bytes / end->record_len > 0 ? e->max_bytes / end->record_len : 1;
    count = count < most ? count : most;
    if (e->max_bytes > end->fetched_most)
        end->fetched_most = e->max_bytes;
    uint8_t *records = calloc(count > 0 ? count : 1, end->record_len);
    for (uint64_t i = 0; i < count; i++)
        put_u64(records + i * end->record_len, e->from + i);
    sync_fetched(end->sync, &f->author, e->from, (uint32_t)count, bytes_of(records, count * end->record_len),
                 now_ms);
    free(records);
}

static inline void do_store(struct end *end, struct event *e, uint64_t now_ms)
{
    struct fake_feed *f = fake_find(end, &e->message.batch.author);
    struct bytes records = e->message.batch.records;
    uint64_t first = e->message.batch.first_seq;
    bool refused = false;
    if (first > f->next) { /* something before it was refused */
        sync_refused(end->sync, &f->author, f->next, E_GAP, false, "gap", records.len, now_ms);
        return;
    }
    for (uint32_t i = 0; i < e->message.batch.count && !refused; i++) {
        uint64_t seq = first + i;
        assert_int_equal(get_u64(records.data + i * (records.len / e->message.batch.count)), seq);
        refused = seq == f->refuse_at && f->refuse_times > 0;
        if (refused)
            break;
        if (seq < f->next)
            f->stored_twice++;
        else
            assert_int_equal(seq, f->next++);
    }
    struct hash head = fake_head(&f->author, f->next, f->branch);
    if (!refused) {
        sync_stored(end->sync, &f->author, f->next, &head, records.len, now_ms);
        return;
    }
    f->refuse_times--;
    if (f->next > first)
        sync_stored(end->sync, &f->author, f->next, &head, 0, now_ms);
    sync_refused(end->sync, &f->author, f->refuse_at, f->refuse_code, f->refuse_final, "no", records.len,
                 now_ms);
}

static inline void end_do(struct end *end, struct event *e, uint64_t now_ms)
{
    if (e->what == EVENT_FETCH) {
        do_fetch(end, e, now_ms);
    } else if (e->what == EVENT_STORE) {
        do_store(end, e, now_ms);
    } else {
        enum err err = sync_receive(end->sync, &e->message, now_ms);
        end->strikes += err != E_OK;
        end->last_strike = err != E_OK ? err : end->last_strike;
    }
}

/* One event at one end; false when nothing waits there. */
static inline bool end_step(struct end *end, uint64_t now_ms)
{
    while (end->first < end->last) {
        struct event e = end->events[end->first++];
        if (end->hold_stores && e.what == EVENT_STORE) {
            free(e.owned);
            continue;
        }
        end_do(end, &e, now_ms);
        free(e.owned);
        if (end->first == end->last)
            end->first = end->last = 0;
        return true;
    }
    end->first = end->last = 0;
    return false;
}

static inline bool pair_step(struct pair *p)
{
    bool a = end_step(&p->a, p->now_ms);
    bool b = end_step(&p->b, p->now_ms);
    p->steps++;
    return a || b;
}

static inline void pair_settle(struct pair *p)
{
    for (unsigned i = 0; pair_step(p); i++)
        assert_true(i < 1000000);
}

/* Greeted, and everything has flowed that can. */
static inline void pair_up(struct pair *p)
{
    pair_open(p);
    pair_settle(p);
}

static inline void pair_clear(struct pair *p)
{
    end_clear(&p->a);
    end_clear(&p->b);
}

static inline void end_append(struct pair *p, struct end *end, unsigned n, uint64_t more)
{
    struct hash author = fake_author(n);
    struct fake_feed *f = fake_find(end, &author);
    f->next += more;
    struct hash head = fake_head(&author, f->next, f->branch);
    sync_grown(end->sync, &author, f->next, &head, p->now_ms);
}

/* Ticks both ends over so many milliseconds. */
static inline void pair_pass(struct pair *p, uint64_t ms)
{
    for (uint64_t until = p->now_ms + ms; p->now_ms < until;) {
        p->now_ms += 50;
        sync_tick(p->a.sync, p->now_ms, 0x80000000U);
        sync_tick(p->b.sync, p->now_ms, 0x80000000U);
        pair_settle(p);
    }
}

/* Both hold the same of a's feeds, each record came once, and the sender knows. */
static inline void assert_agreed(struct pair *p)
{
    for (size_t i = 0; i < p->a.count; i++) {
        struct fake_feed *f = &p->a.feeds[i], *g = fake_find(&p->b, &f->author);
        assert_int_equal(f->next, g->next);
        assert_int_equal(f->stored_twice + g->stored_twice, 0);
        assert_int_equal(f->resent + g->resent, 0);
        assert_int_equal((f->offers ? f : g)->acked, f->next);
    }
    assert_int_equal(p->a.strikes + p->b.strikes, 0);
}
