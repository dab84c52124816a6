#include "hubd/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "hubd/enrol.h"
#include "hubd/feeds.h"
#include "hubd/front.h"
#include "hubd/projector.h"
#include "hubd/quarantine.h"
#include "hubd/upkeep.h"

#define QUEUE_JOBS 65536
#define GROUP_JOBS 8192
#define IDLE_MS 1000

struct writer {
    struct hub *hub;
    struct queue *queue;
    pthread_t thread;
    struct own own;
    _Atomic unsigned generation;
    _Atomic bool full;
    _Atomic int room; /* enum room, for other threads */
    struct room_watch watch;
    bool has_begun; /* with its first group: there is a front */
    bool reserved;  /* full by room.h, not by a commit that failed */
    _Atomic uint64_t beats;
    uint64_t probe_at_ms; /* monotonic: when a full store is tried again */
    uint64_t contacts_at_ms;

    /* the group of one commit */
    struct job *jobs[GROUP_JOBS];
    size_t n_jobs, records;
    uint64_t bytes, log_size, own_next;
};

/* Where a call waits for its turn to end. */
struct waiting {
    struct call *call;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    enum err err;
    char text[512];
};

/* ---- one job within the transaction */

static void write_run(struct writer *w, struct write *write, struct job *job)
{
    if (job->n_accepted > 0) {
        store_append(write->txn, &job->feed, job->accepted, job->n_accepted);
        w->records += job->n_accepted;
        if (job->rekeyed && !key_is_zero(&job->feed.transport_key))
            enrol_new_key(write, job);
    }
    if (job->keep_refusal)
        quarantine_put(write->txn, job, write->now_ms);
}

static void write_call(struct write *write, struct job *job)
{
    struct waiting *waiting = job->waiting;
    waiting->err = waiting->call->run(waiting->call->context, write);
    if (waiting->err != E_OK)
        snprintf(waiting->text, sizeof waiting->text, "%s", err_message());
}

static void write_job(struct writer *w, struct write *write, struct job *job)
{
    switch (job->kind) {
    case JOB_RUN:
        if (job->n_accepted > 0)
            own_tick(&w->own, write->txn);
        write_run(w, write, job);
        break;
    case JOB_ENROL:
        enrol_write(write, job);
        w->records += 2;
        break;
    case JOB_CALL:
        write_call(write, job);
        break;
    default:
        break;
    }
    w->bytes += job->records.len;
}

/* ---- the end of a job */

static void end_call(struct job *job, enum err err)
{
    struct waiting *waiting = job->waiting;
    job_free(job);
    pthread_mutex_lock(&waiting->lock);
    if (err != E_OK && waiting->err == E_OK) {
        waiting->err = err;
        snprintf(waiting->text, sizeof waiting->text, "%s", err_message());
    }
    waiting->done = true;
    pthread_cond_signal(&waiting->ended);
    pthread_mutex_unlock(&waiting->lock);
}

static void end_run(struct writer *w, struct job *job)
{
    if (job->n_accepted > 0) {
        job->next = job->feed.next;
        job->head = job->feed.head;
        atomic_store(&job->cached->durable, job->next);
        members_held(w->hub->members, &job->author, job->next, &job->head);
        atomic_fetch_add(&w->hub->counters.accepted, job->n_accepted);
    }
    if (job->member_changed)
        enrol_committed(w->hub, job);
}

static void end_job(struct writer *w, struct job *job)
{
    struct waiting *waiting = job->waiting;
    switch (job->kind) {
    case JOB_RUN:
        end_run(w, job);
        atomic_fetch_sub(&job->cached->users, 1);
        break;
    case JOB_ENROL:
        enrol_committed(w->hub, job);
        break;
    case JOB_CALL:
        if (waiting->err == E_OK && waiting->call->committed != NULL)
            waiting->call->committed(waiting->call->context, w->hub);
        end_call(job, E_OK);
        return;
    default:
        break;
    }
    front_post(w->hub->front, job);
}

/* Nothing of it is durable: the peer is told to come again. */
static void fail_job(struct writer *w, struct job *job, enum err err)
{
    if (job->kind == JOB_CALL) {
        end_call(job, err);
        return;
    }
    if (job->kind == JOB_RUN) {
        uint64_t first = job->n_accepted > 0 ? job->accepted[0].header.seq : job->seq;
        atomic_fetch_sub(&job->cached->users, 1);
        job->n_accepted = 0;
        job_refuse(job, first, err, false);
    } else {
        job->verdict = SYNC_REJECT_FULL;
        job->retry_ms = w->hub->options.full_ms;
    }
    job->member_changed = job->invite_changed = false;
    front_post(w->hub->front, job);
}

/* ---- groups */

static void notice(struct writer *w, enum notice what)
{
    struct job *job = job_new(JOB_NOTICE);
    job->notice = what;
    job->next = w->own.feed.next;
    job->head = w->own.feed.head;
    front_post(w->hub->front, job);
}

static void end_group(struct writer *w)
{
    atomic_fetch_add(&w->hub->counters.commits, 1);
    projector_signal(w->hub->projector, w->log_size);
    for (size_t i = 0; i < w->n_jobs; i++)
        end_job(w, w->jobs[i]);
    if (w->own.feed.next != w->own_next)
        notice(w, NOTICE_GROWN);
    if (!w->reserved && atomic_exchange(&w->full, false)) {
        log_info("msg=\"the store takes records again\"");
        notice(w, NOTICE_BACK);
    }
    front_wake(w->hub->front);
}

static void tell_full(struct writer *w, const char *text)
{
    if (atomic_exchange(&w->full, true))
        return;
    log_error("msg=\"the store is full: nothing is accepted until there is room\" detail=\"%s\"", text);
    notice(w, NOTICE_FULL);
}

static void fail_group(struct writer *w, enum err err)
{
    char text[512];
    snprintf(text, sizeof text, "%s", err_message());
    atomic_fetch_add(&w->generation, 1);
    if (own_load(&w->own, w->hub->store, clock_wall_ms(), clock_mono_ms()) != E_OK && err == E_FULL)
        err = E_IO;
    if (err != E_FULL) {
        log_error("msg=\"a commit failed\" error=\"%s\" detail=\"%s\"", err_name(err), text);
        hub_fail(w->hub, err);
    } else {
        tell_full(w, text);
    }
    w->probe_at_ms = clock_mono_ms() + w->hub->options.full_ms;
    fail(err, "%s", text);
    for (size_t i = 0; i < w->n_jobs; i++)
        fail_job(w, w->jobs[i], err);
    front_wake(w->hub->front);
}

static bool is_stale(const struct writer *w, const struct job *job)
{
    return job->kind == JOB_RUN && job->generation != atomic_load(&w->generation);
}

static bool has_room(const struct writer *w)
{
    return w->n_jobs < GROUP_JOBS && w->records < w->hub->options.commit_records &&
           w->bytes < w->hub->options.commit_bytes;
}

static enum err look_at_room(struct writer *w)
{
    enum err err = room_look(&w->watch, store_db(w->hub->store), clock_mono_ms());
    int was = atomic_exchange(&w->room, (int)w->watch.room);
    bool tight = w->watch.room >= ROOM_TIGHT;
    if (w->has_begun && tight != (was >= (int)ROOM_TIGHT))
        notice(w, tight ? NOTICE_TIGHT : NOTICE_AMPLE);
    return err;
}

/* What is left of a store that is nearly full is kept for the office's decisions. */
static void keep_reserve(struct writer *w)
{
    bool was = w->reserved;
    w->has_begun = true;
    if (look_at_room(w) == E_FULL) {
        tell_full(w, err_message());
        w->reserved = true;
        if (!was)
            w->probe_at_ms = clock_mono_ms() + w->hub->options.full_ms;
    }
    w->own.full = w->reserved;
}

/* The verifiers went on from these records, or take this refusal for kept: all that they have verified since
 * is to come again. */
static void turn_away(struct writer *w, struct job *job)
{
    if (job->n_accepted > 0 || job->keep_refusal)
        atomic_fetch_add(&w->generation, 1);
    fail(E_FULL, "the hub's store is full");
    fail_job(w, job, E_FULL);
}

/* Now and then a commit carries along when members were last heard: that is worth no commit of its own. */
static void keep_contacts(struct writer *w, struct write *write)
{
    uint64_t now = clock_mono_ms();
    if (now < w->contacts_at_ms || w->reserved)
        return;
    if (!upkeep_contacts(write))
        w->contacts_at_ms = now + UPKEEP_MS;
}

/* But for the last. */
static void keep_last_contacts(struct writer *w)
{
    struct write write = { w->hub, NULL, &w->own, clock_wall_ms() };
    for (bool more = true; more;) {
        if (store_begin(w->hub->store, &write.txn) != E_OK)
            return;
        more = upkeep_contacts(&write);
        if (store_commit(&write.txn) != E_OK)
            return;
    }
}

/* Takes jobs until the queue is empty or the group is large enough, and commits. */
static void write_group(struct writer *w, struct job *job)
{
    w->n_jobs = w->records = 0;
    w->bytes = 0;
    w->own_next = w->own.feed.next;
    struct write write = { w->hub, NULL, &w->own, clock_wall_ms() };
    own_begin(&w->own, write.now_ms, clock_mono_ms());
    keep_reserve(w);
    enum err err = store_begin(w->hub->store, &write.txn);
    for (; job != NULL; job = has_room(w) ? queue_take(w->queue, 0) : NULL) {
        if (is_stale(w, job)) {
            fail(E_BUSY, "an earlier commit failed");
            fail_job(w, job, E_BUSY);
            continue;
        }
        if (w->reserved && job->kind != JOB_CALL) {
            turn_away(w, job);
            continue;
        }
        w->jobs[w->n_jobs++] = job;
        if (err == E_OK)
            write_job(w, &write, job);
    }
    if (err == E_OK) {
        keep_contacts(w, &write);
        w->log_size = store_size_in(write.txn);
        err = store_commit(&write.txn);
    }
    w->watch.written += w->bytes;
    if (err == E_OK)
        end_group(w);
    else
        fail_group(w, err);
}

static bool has_space(const struct writer *w)
{
    struct db_usage usage;
    return db_usage(store_db(w->hub->store), &usage) == E_OK && room_is_back(&usage);
}

/* A full store is tried from time to time. */
static void probe(struct writer *w)
{
    if (!atomic_load(&w->full) || clock_mono_ms() < w->probe_at_ms)
        return;
    struct store_txn *txn = NULL;
    uint8_t now[8];
    put_u64(now, clock_wall_ms());
    w->probe_at_ms = clock_mono_ms() + w->hub->options.full_ms;
    if (!has_space(w) || store_begin(w->hub->store, &txn) != E_OK)
        return;
    w->reserved = w->own.full = false;
    store_put(txn, STORE_META, bytes_text("hub/probe"), BYTES(now));
    enum err err = store_commit(&txn);
    if (err == E_OK) {
        w->n_jobs = 0;
        w->own_next = w->own.feed.next;
        end_group(w);
    } else if (err != E_FULL) {
        hub_fail(w->hub, err);
    }
}

static int wait_ms(const struct writer *w)
{
    if (!atomic_load(&w->full))
        return IDLE_MS;
    uint64_t now = clock_mono_ms();
    uint64_t left = w->probe_at_ms > now ? w->probe_at_ms - now : 0;
    return left < IDLE_MS ? (int)left + 1 : IDLE_MS;
}

static void *run(void *argument)
{
    struct writer *w = argument;
    pthread_setname_np(pthread_self(), "writer");
    for (;;) {
        atomic_fetch_add(&w->beats, 1);
        struct job *job = queue_take(w->queue, wait_ms(w));
        if (job != NULL)
            write_group(w, job);
        else if (queue_is_closed(w->queue) && queue_items(w->queue) == 0)
            break;
        probe(w);
    }
    keep_last_contacts(w);
    return NULL;
}

enum err writer_new(struct hub *hub, struct writer **out)
{
    struct writer *w = mem_alloc(sizeof *w);
    w->hub = hub;
    w->own.home = &hub->home;
    w->own.tick_ms = hub->options.tick_ms;
    w->contacts_at_ms = clock_mono_ms() + UPKEEP_MS;
    look_at_room(w); /* credit begins as it has to be; the rest waits for the first record */
    enum err err = own_load(&w->own, hub->store, clock_wall_ms(), clock_mono_ms());
    if (err != E_OK) {
        free(w);
        return err;
    }
    w->queue = queue_new(QUEUE_JOBS, hub->options.queue_bytes);
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        queue_free(&w->queue, NULL);
        free(w);
        return fail(E_IO, "cannot start the writer's thread");
    }
    *out = w;
    return E_OK;
}

void writer_stop(struct writer **writer)
{
    struct writer *w = *writer;
    if (w == NULL)
        return;
    queue_close(w->queue);
    pthread_join(w->thread, NULL);
    queue_free(&w->queue, job_drop);
    free(w);
    *writer = NULL;
}

void writer_put(struct writer *writer, struct job *job)
{
    if (!queue_put(writer->queue, job, job_bytes(job)))
        job_free(job); /* stopping: it was never acknowledged */
}

enum err writer_call(struct writer *writer, struct call *call)
{
    struct waiting waiting = { .call = call };
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.ended, NULL);
    struct job *job = job_new(JOB_CALL);
    job->waiting = &waiting;
    if (queue_put(writer->queue, job, job_bytes(job))) {
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.done)
            pthread_cond_wait(&waiting.ended, &waiting.lock);
        pthread_mutex_unlock(&waiting.lock);
    } else {
        job_free(job);
        waiting.err = E_BUSY;
        snprintf(waiting.text, sizeof waiting.text, "the hub is stopping");
    }
    pthread_cond_destroy(&waiting.ended);
    pthread_mutex_destroy(&waiting.lock);
    return waiting.err == E_OK ? E_OK : fail(waiting.err, "%s", waiting.text);
}

unsigned writer_generation(const struct writer *writer)
{
    return atomic_load(&writer->generation);
}

bool writer_is_full(const struct writer *writer)
{
    return atomic_load(&writer->full);
}

enum room writer_room(const struct writer *writer)
{
    return (enum room)atomic_load(&writer->room);
}

size_t writer_waiting(struct writer *writer)
{
    return queue_items(writer->queue);
}

uint64_t writer_beats(const struct writer *writer)
{
    return atomic_load(&writer->beats);
}
