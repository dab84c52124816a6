#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "hubd/front_private.h"

/* ---- what the sync machine asks of us. None of these may call back into it. */

static void host_send(void *context, const struct sync_message *message)
{
    struct session *s = context;
    struct front *f = s->front;
    if (s->is_dead)
        return;
    if (message->type == SYNC_NACK && message->nack.code == E_GAP)
        atomic_fetch_add(&f->hub->counters.refused[E_GAP], 1); /* found before any verifier saw it */
    f->out.len = 0;
    wire_encode(message, ++f->message_id, &f->out);
    enum err err = router_send(f->router, &s->route, buf_view(&f->out));
    if (err == E_OK)
        return;
    /* Gone, or it does not read what we say: it will come back by itself, and nobody waits for it. */
    log_debug("session=%08" PRIx32 " msg=\"cannot send\" error=\"%s\"", s->number, err_name(err));
    s->is_dead = true;
}

static struct job *job_for(struct session *s, enum job_kind kind, const struct hash *author)
{
    struct job *job = job_new(kind);
    job->key = s->key;
    job->session = s->number;
    job->author = *author;
    return job;
}

static void host_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct session *s = context;
    struct job *job = job_for(s, JOB_FETCH, author);
    job->seq = from;
    job->max_bytes = max_bytes;
    job->whole = hash_equal(author, &s->author);
    front_hand_on(s->front, job);
}

/* The job takes over the frame that the records lie in: they are not copied again until they are on the disk.
 */
static void host_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                       struct bytes records)
{
    struct session *s = context;
    struct front *f = s->front;
    struct job *job = job_for(s, JOB_RUN, author);
    job->seq = first_seq;
    job->count = count;
    job->records = records;
    job->frame = f->frame;
    job->wire = f->wire;
    f->frame = (struct buf){ 0 };
    f->wire.arena = NULL;
    f->wire.marks = NULL;
    atomic_fetch_add(&f->hub->counters.batches, 1);
    front_hand_on(f, job);
}

static bool host_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    (void)context, (void)author, (void)mark;
    return false; /* the two feeds of a link are followed from the start */
}

static void host_up(void *context, const struct sync_peer *peer)
{
    struct session *s = context;
    char software[64];
    AUTO(buf_clear) struct buf escaped = { 0 };
    text_escape(&escaped, bytes_text(peer->software));
    snprintf(software, sizeof software, "%s", buf_string(&escaped));
    members_connected(s->front->hub->members, &s->author, true, software, clock_wall_ms());
}

static void host_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    (void)context, (void)author, (void)next, (void)head;
}

static void host_nacked(void *context, const struct hash *author, uint64_t seq, enum err code,
                        const char *text)
{
    const struct session *s = context;
    char peer[2 * HASH_BYTES + 1];
    hex_encode(s->author.b, HASH_BYTES, peer);
    bool own = hash_equal(author, &s->author);
    if (code == E_FORK)
        log_error("peer=%s feed=%s seq=%" PRIu64 " msg=\"a fork: two records with one number\"", peer,
                  own ? "its" : "ours", seq);
    else
        log_warn("peer=%s feed=%s seq=%" PRIu64
                 " code=\"%s\" detail=\"%s\" msg=\"the peer does not take it\"",
                 peer, own ? "its" : "ours", seq, err_name(code), text);
}

static void host_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct session *s = context;
    (void)retry_after_ms;
    log_debug("session=%08" PRIx32 " msg=\"link down\" error=\"%s\" detail=\"%s\"", s->number, err_name(code),
              text);
    s->is_dead = true;
}

/* ---- beginning and end */

static struct sync *make_link(struct session *s)
{
    struct hub *hub = s->front->hub;
    const struct options *o = &hub->options;
    struct sync_options options = {
        .self = { .proto_min = SYNC_MAJOR,
                  .proto_max = SYNC_MAJOR,
                  .author = hub->home.author,
                  .incarnation = store_incarnation(hub->store),
                  .role = SYNC_HUB,
                  .clock_ms = clock_wall_ms(),
                  .max_batch_bytes = MAX_BATCH_BYTES,
                  .heartbeat_ms = (uint32_t)o->heartbeat_ms,
                  .credit_bytes = credit_open(&s->front->credit, &s->credit),
                  .software = "hubd/" CHANCERY_VERSION },
        .greeting_timeout_ms = o->greeting_ms,
        .missed_heartbeats = o->missed_heartbeats,
        .max_feeds = 2,
    };
    memcpy(options.self.store_id, store_id(hub->store), sizeof options.self.store_id);
    struct sync_host host = {
        .context = s,
        .send = host_send,
        .fetch = host_fetch,
        .store = host_store,
        .stand = host_stand,
        .up = host_up,
        .acked = host_acked,
        .nacked = host_nacked,
        .down = host_down,
    };
    return sync_new(&options, &host);
}

/* The hub's own feed goes out to everybody. A member's own feed comes in, and goes back to a member that lost
 * it. */
static void follow(struct session *s)
{
    struct member_live live = { 0 };
    members_get(s->front->hub->members, &s->author, NULL, &live);
    struct sync_mark theirs = {
        .author = s->author, .next = live.next, .head = live.head, .offers = true, .wants = true
    };
    sync_follow(s->sync, &s->front->own);
    sync_follow(s->sync, &theirs);
    s->own_told = s->front->own.next;
}

static void enter(struct front *f, struct session *s)
{
    if (f->count == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 64;
        f->sessions = mem_resize(f->sessions, f->cap * sizeof *f->sessions);
    }
    s->place = (uint32_t)f->count;
    f->sessions[f->count++] = s;
    table_put(&f->by_key, s->key.b, s);
    atomic_store(&f->n_sessions, f->count);
}

static uint32_t new_number(void)
{
    uint32_t number = 0;
    while (number == 0)
        random_bytes(&number, sizeof number);
    return number;
}

struct session *session_of(struct front *front, const struct key *key)
{
    return table_get(&front->by_key, key->b);
}

/* After a new transport key the link of the old one may end while the member's new one is up. */
static bool has_newer_link(const struct session *s)
{
    struct member member;
    return members_get(s->front->hub->members, &s->author, &member, NULL) &&
           session_of(s->front, &member.transport) != NULL;
}

void session_drop(struct session *session)
{
    struct front *f = session->front;
    if (session->is_dropped)
        return;
    session->is_dead = session->is_dropped = true;
    table_remove(&f->by_key, session->key.b);
    f->sessions[session->place] = f->sessions[--f->count];
    f->sessions[session->place]->place = session->place;
    f->push_left = f->push_left > 0 ? f->count : 0; /* one has changed its place: look at all again */
    credit_close(&f->credit, &session->credit);
    if (!has_newer_link(session))
        members_connected(f->hub->members, &session->author, false, NULL, clock_wall_ms());
    atomic_store(&f->n_sessions, f->count);
    session->after = f->dropped;
    f->dropped = session;
}

void session_bury(struct front *front)
{
    while (front->dropped != NULL) {
        struct session *s = front->dropped;
        front->dropped = s->after;
        sync_free(&s->sync);
        free(s);
    }
}

static void settle(struct session *s, uint64_t now_ms)
{
    if (s->is_dead) {
        session_drop(s);
        return;
    }
    s->tick_at_ms = sync_tick(s->sync, now_ms, 0);
    if (s->is_dead)
        session_drop(s);
}

void session_begin(struct front *front, const struct route *from, const struct key *key,
                   const struct sync_message *hello, uint64_t now_ms)
{
    struct session *older = session_of(front, key);
    if (older != NULL && route_equal(&older->route, from)) {
        front_strike(front, from, key, "a second hello on one connection");
        return;
    }
    if (older != NULL) {
        atomic_fetch_add(&front->hub->counters.superseded, 1);
        session_drop(older);
    }
    struct session *s = mem_alloc(sizeof *s);
    s->front = front;
    s->route = *from;
    s->key = *key;
    s->author = hello->hello.author;
    s->number = new_number();
    s->sync = make_link(s);
    sync_session_set(s->sync, s->number);
    enter(front, s);
    follow(s);
    session_receive(s, hello, now_ms);
}

/* ---- what comes in */

static void note_offer(struct session *s, const struct sync_message *message)
{
    for (size_t i = 0; i < message->frontier.count; i++)
        if (hash_equal(&message->frontier.marks[i].author, &s->author))
            members_offered(s->front->hub->members, &s->author, message->frontier.marks[i].next);
}

void session_receive(struct session *session, const struct sync_message *message, uint64_t now_ms)
{
    struct front *f = session->front;
    struct route route = session->route;
    struct key key = session->key;
    if (message->type == SYNC_FRONTIER)
        note_offer(session, message);
    enum err err = sync_receive(session->sync, message, now_ms);
    settle(session, now_ms);
    if (err != E_OK)
        front_strike(f, &route, &key, err_message());
}

/* ---- what goes back */

/* While jobs are parked we grant nothing: the peers stop by themselves. */
static uint64_t grant_for(struct session *s, uint64_t bytes)
{
    if (s->front->parked.count > 0) {
        s->owed += bytes;
        return 0;
    }
    bytes += s->owed;
    s->owed = 0;
    return credit_return(&s->front->credit, &s->credit, bytes);
}

void session_repay(struct session *session, uint64_t now_ms)
{
    if (session->owed == 0)
        return;
    uint64_t grant = grant_for(session, 0);
    if (grant > 0)
        sync_grant(session->sync, grant, now_ms);
    settle(session, now_ms);
}

static void flush_ack(struct session *s, uint64_t now_ms)
{
    if (!s->has_ack || s->is_dropped)
        return;
    s->has_ack = false;
    uint64_t grant = grant_for(s, s->ack_bytes);
    s->ack_bytes = 0;
    sync_stored(s->sync, &s->author, s->ack_next, &s->ack_head, grant, now_ms);
    settle(s, now_ms);
}

void session_flush_acks(struct front *front, uint64_t now_ms)
{
    for (size_t i = 0; i < front->n_acks; i++)
        flush_ack(front->acks[i], now_ms);
    front->n_acks = 0;
}

static void collect_ack(struct session *s, const struct job *job, uint64_t bytes)
{
    struct front *f = s->front;
    s->ack_next = job->next;
    s->ack_head = job->head;
    s->ack_bytes += bytes;
    if (s->has_ack)
        return;
    s->has_ack = true;
    if (f->n_acks == f->acks_cap) {
        f->acks_cap = f->acks_cap > 0 ? 2 * f->acks_cap : 64;
        f->acks = mem_resize(f->acks, f->acks_cap * sizeof *f->acks);
    }
    f->acks[f->n_acks++] = s;
}

/* Records that no version of ours makes are a strike; a fork is proven, and kept as evidence. */
static bool is_misdeed(const struct job *job)
{
    return job->final && job->code <= E_BAD_SIGNATURE;
}

static void answer_run(struct session *s, struct job *job, uint64_t now_ms)
{
    uint64_t bytes = job->records.len;
    if (!job->refused) {
        collect_ack(s, job, bytes);
        return;
    }
    if (job->n_accepted > 0)
        collect_ack(s, job, 0);
    flush_ack(s, now_ms);
    if (s->is_dropped)
        return;
    /* Our own troubles are not the record's: it is to come again. */
    enum err code =
        job->code == E_IO || job->code == E_CORRUPT || job->code == E_NOT_FOUND ? E_BUSY : job->code;
    sync_refused(s->sync, &job->author, job->refused_seq, code, job->final && code == job->code, job->text,
                 grant_for(s, bytes), now_ms);
    settle(s, now_ms);
    if (is_misdeed(job))
        front_strike(s->front, &s->route, &s->key, job->text);
}

void session_answer(struct session *session, struct job *job, uint64_t now_ms)
{
    if (job->kind == JOB_RUN) {
        answer_run(session, job, now_ms);
        return;
    }
    sync_fetched(session->sync, &job->author, job->seq, job->count, buf_view(&job->out), now_ms);
    settle(session, now_ms);
}

void session_push_own(struct session *session, uint64_t now_ms)
{
    const struct sync_mark *own = &session->front->own;
    session->own_told = own->next;
    sync_grown(session->sync, &own->author, own->next, &own->head, now_ms);
    settle(session, now_ms);
}

void session_tick(struct session *session, uint64_t now_ms)
{
    uint64_t heard = sync_last_heard_ms(session->sync);
    if (heard != session->heard_ms) {
        session->heard_ms = heard;
        members_heard(session->front->hub->members, &session->author, clock_wall_ms() - (now_ms - heard));
    }
    if (session->tick_at_ms <= now_ms)
        settle(session, now_ms);
}

void session_reject(struct session *session, enum sync_reject code, uint64_t retry_ms, const char *text)
{
    sync_reject(session->sync, code, retry_ms, text);
    session_drop(session);
}

/* With the reason: at the nodes it is what explains their outbox. */
void session_reject_all(struct front *front, enum sync_reject code, uint64_t retry_ms, const char *text)
{
    while (front->count > 0)
        session_reject(front->sessions[front->count - 1], code, retry_ms, text);
}

void session_bye(struct session *session, uint64_t retry_ms, uint64_t now_ms)
{
    sync_bye(session->sync, retry_ms, now_ms);
    session_drop(session);
}
