#include "hubd/verify.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/text.h"
#include "hubd/enrol.h"
#include "hubd/feeds.h"
#include "hubd/front.h"
#include "hubd/quarantine.h"
#include "hubd/writer.h"

#define QUEUE_JOBS 16384
#define FEEDS_MAX 4096 /* that a thread remembers */
#define TRIM_MS 2000

struct worker {
    struct hub *hub;
    struct queue *queue;
    pthread_t thread;
    struct feeds feeds;
    uint64_t trimmed_ms; /* monotonic */
};

struct verify {
    size_t count;
    struct worker workers[];
};

/* ---- JOB_RUN */

/* How many of the job's records could be read; the rest is refused. */
static size_t parse(struct job *job)
{
    enum err err = E_OK;
    size_t count = 0, most = job->records.len / (ENTRY_BYTES + 1), all = job->n_held + job->count;
    struct bytes held = buf_view(&job->held), rest = job->records;
    if (job->count <= most) {
        job->parsed = mem_alloc(all * sizeof *job->parsed);
        for (size_t taken = 1; err == E_OK && taken > 0 && count < job->n_held; count += taken)
            err = run_parse(&held, job->parsed + count, job->n_held - count, &taken);
        for (size_t taken = 1; err == E_OK && taken > 0 && count < all; count += taken)
            err = run_parse(&rest, job->parsed + count, all - count, &taken);
    }
    if (err == E_OK && (count != all || rest.len > 0))
        err = fail(E_MALFORMED, "%" PRIu32 " records were announced, others came", job->count);
    if (err != E_OK)
        job_refuse(job, job->seq + count, err, true);
    return count;
}

static bool is_placed(const struct job *job, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (job->parsed[i].header.seq != job->seq + i ||
            !hash_equal(&job->parsed[i].header.author, &job->author))
            return false;
    return true;
}

/* Payloads that no node may let out are not kept, should one do so. */
static void drop_local(struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (record_visibility(&records[i]) == VISIBLE_LOCAL)
            records[i].has_payload = false;
}

/* Counts the records at the front of the run that are held already. False: one differs, and is refused. */
static bool skip_held(struct worker *worker, struct job *job, size_t count, size_t *held)
{
    for (; *held < count && job->parsed[*held].header.seq < job->cached->feed.next; ++*held) {
        enum err err = feeds_compare(&worker->feeds, job->cached, &job->parsed[*held], count - *held);
        if (err == E_OK)
            continue;
        job_refuse(job, job->parsed[*held].header.seq, err, err == E_FORK);
        job->refused_record = &job->parsed[*held];
        return false;
    }
    return true;
}

/* Not refused but kept: the sender goes on behind it. */
static bool keep_tail(struct worker *worker, struct job *job, const struct record *bad, size_t count)
{
    return tail_keep(&job->cached->tail, bad, count, job->n_held > 0, &worker->feeds.tail_bytes);
}

static void take(struct worker *worker, struct job *job, size_t first, size_t count)
{
    struct record *records = job->parsed + first;
    size_t offered = count - first, accepted = 0;
    job->feed = job->cached->feed;
    enum err err = feed_take(&job->feed, records, offered, &accepted);
    if (err != E_OK) {
        const struct record *bad = accepted < offered ? &records[accepted] : NULL;
        bool final = feed_is_final(err, offered - accepted, bad);
        if (final || err != E_BAD_SIGNATURE || !keep_tail(worker, job, bad, offered - accepted)) {
            job_refuse(job, job->feed.next, err, final);
            job->refused_record = bad;
        }
    }
    if (accepted == 0)
        return;
    drop_local(records, accepted);
    job->accepted = records;
    job->n_accepted = accepted;
    job->rekeyed = !key_equal(&job->feed.transport_key, &job->cached->feed.transport_key);
    feeds_took(job->cached, &job->feed, records, accepted);
}

static void examine(struct worker *worker, struct job *job)
{
    job->generation = writer_generation(worker->hub->writer);
    enum err err = feeds_get(&worker->feeds, &job->author, job->generation, &job->cached);
    if (err != E_OK) {
        job_refuse(job, job->seq, err, err == E_UNKNOWN_AUTHOR);
        return;
    }
    tail_join(&job->cached->tail, job->cached->feed.next, job, &worker->feeds.tail_bytes);
    size_t count = parse(job);
    if (!is_placed(job, count)) {
        fail(E_MALFORMED, "a run of other records than it says");
        job_refuse(job, job->seq, E_MALFORMED, true);
        return;
    }
    size_t held = 0;
    if (skip_held(worker, job, count, &held) && held < count)
        take(worker, job, held, count);
    atomic_fetch_add(&worker->hub->counters.duplicate, held);
    job->next = job->cached->feed.next;
    job->head = job->cached->feed.head;
}

static void log_refusal(const struct job *job)
{
    char author[2 * HASH_BYTES + 1];
    hex_encode(job->author.b, HASH_BYTES, author);
    enum log_level level = job->code == E_FORK ? LOG_ERROR : LOG_WARN;
    log_line(level, "author=%s seq=%" PRIu64 " code=\"%s\" detail=\"%s\" msg=\"%s\"", author,
             job->refused_seq, err_name(job->code), job->text,
             job->code == E_FORK ? "a fork: two records with one number"
                                 : "a record is refused, its feed stops here");
}

/* Whether the refusal is a new one, to be logged and kept. */
static bool note_refusal(struct job *job)
{
    if (!quarantine_wants(job) || job->cached == NULL)
        return false;
    struct hash id = job->refused_record != NULL ? job->refused_record->id : (struct hash){ { 0 } };
    struct cached *cached = job->cached;
    if (cached->refused && cached->refused_seq == job->refused_seq && hash_equal(&cached->refused_id, &id))
        return false;
    cached->refused = true;
    cached->refused_seq = job->refused_seq;
    cached->refused_id = id;
    log_refusal(job);
    return true;
}

static void verify_run(struct worker *worker, struct job *job)
{
    examine(worker, job);
    if (job->refused && (unsigned)job->code < E_COUNT)
        atomic_fetch_add(&worker->hub->counters.refused[job->code], 1);
    job->keep_refusal = job->refused && note_refusal(job);
    bool in_flight = job->cached != NULL && atomic_load(&job->cached->durable) < job->next;
    if (job->n_accepted == 0 && !job->keep_refusal && (!in_flight || job->refused)) {
        front_post(worker->hub->front, job);
        front_wake(worker->hub->front);
        return;
    }
    /* Copies of what the writer still has are acknowledged behind it, for an acknowledgement means: on the
     * disk. */
    atomic_fetch_add(&job->cached->users, 1);
    writer_put(worker->hub->writer, job);
}

/* ---- JOB_FETCH */

/* Looks at headers alone: as a rule there is nothing to withhold, and then nothing is hashed. */
static bool has_restricted(struct bytes packed)
{
    struct header header;
    for (struct reader in = reader_of(packed); in.left > 0 && !in.bad;) {
        struct bytes entry = read_bytes(&in, ENTRY_BYTES);
        if (in.bad || header_parse(bytes_of(entry.data, HEADER_BYTES), &header) != E_OK ||
            (header.flags & 3U) != VISIBLE_PUBLIC)
            return true;
        if (read_u8(&in) != 0)
            read_bytes(&in, SALT_BYTES + header.payload_len);
    }
    return false;
}

/* Payloads of restricted visibility stay here: those records go out without. */
static void withhold(struct buf *packed)
{
    if (!has_restricted(buf_view(packed)))
        return;
    AUTO(buf_clear) struct buf out = { 0 };
    struct bytes rest = buf_view(packed);
    struct record record;
    while (run_next(&rest, &record) == E_OK) {
        if (record_visibility(&record) != VISIBLE_PUBLIC)
            record.has_payload = false;
        run_append(&out, &record);
    }
    struct buf old = *packed;
    *packed = out;
    out = old;
}

static enum err fetch(struct worker *worker, struct job *job)
{
    AUTO(store_done) struct store_view *view = NULL;
    size_t count = 0;
    TRY(store_read(worker->hub->store, &view));
    TRY(store_pack(view, &job->author, job->seq, job->max_bytes, MAX_RUN_RECORDS, &job->out, &count));
    job->count = (uint32_t)count;
    if (!job->whole)
        withhold(&job->out);
    return E_OK;
}

/* ---- the thread */

static void work(struct worker *worker, struct job *job)
{
    if (job->kind == JOB_RUN) {
        verify_run(worker, job);
        return;
    }
    if (job->kind == JOB_ENROL) {
        enum err err = enrol_check(job);
        if (err == E_OK) {
            writer_put(worker->hub->writer, job);
            return;
        }
        job_refuse(job, 0, err, true);
        job->verdict = SYNC_REJECT_PROTOCOL;
    }
    if (job->kind == JOB_FETCH && fetch(worker, job) != E_OK) {
        log_error("msg=\"cannot read records\" detail=\"%s\"", err_message());
        job->count = 0;
    }
    front_post(worker->hub->front, job);
    front_wake(worker->hub->front);
}

/* When there is nothing to do, or else now and then. */
static void trim(struct worker *worker, bool is_idle)
{
    uint64_t now = clock_mono_ms();
    if (!is_idle && now - worker->trimmed_ms < TRIM_MS && worker->feeds.by_author.count <= 2 * FEEDS_MAX)
        return;
    worker->trimmed_ms = now;
    feeds_trim(&worker->feeds, now);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    pthread_setname_np(pthread_self(), "verifier");
    for (;;) {
        struct job *job = queue_take(worker->queue, TRIM_MS);
        if (job != NULL)
            work(worker, job);
        else if (queue_is_closed(worker->queue) && queue_items(worker->queue) == 0)
            return NULL;
        trim(worker, job == NULL);
    }
}

static enum err start(struct hub *hub, struct worker *worker)
{
    worker->hub = hub;
    worker->feeds.store = hub->store;
    worker->feeds.max = FEEDS_MAX;
    worker->queue = queue_new(QUEUE_JOBS, hub->options.queue_bytes);
    if (pthread_create(&worker->thread, NULL, run, worker) == 0)
        return E_OK;
    queue_free(&worker->queue, NULL);
    return fail(E_IO, "cannot start a verifier's thread");
}

enum err verify_new(struct hub *hub, struct verify **out)
{
    size_t count = hub->options.verifiers;
    struct verify *verify = mem_alloc(sizeof *verify + count * sizeof verify->workers[0]);
    enum err err = E_OK;
    while (verify->count < count && err == E_OK) {
        err = start(hub, &verify->workers[verify->count]);
        verify->count += err == E_OK;
    }
    if (err != E_OK) {
        verify_stop(verify);
        verify_free(&verify);
    }
    *out = verify;
    return err;
}

void verify_stop(struct verify *verify)
{
    if (verify == NULL)
        return;
    for (size_t i = 0; i < verify->count; i++)
        queue_close(verify->workers[i].queue);
    for (size_t i = 0; i < verify->count; i++) {
        struct worker *worker = &verify->workers[i];
        pthread_join(worker->thread, NULL);
        queue_free(&worker->queue, job_drop);
    }
}

void verify_free(struct verify **verify)
{
    if (*verify == NULL)
        return;
    for (size_t i = 0; i < (*verify)->count; i++)
        feeds_clear(&(*verify)->workers[i].feeds);
    free(*verify);
    *verify = NULL;
}

/* Any byte of an author does: it is a hash. */
static struct worker *worker_of(struct verify *verify, const struct hash *author)
{
    return &verify->workers[get_u32(author->b + HASH_BYTES - 4) % verify->count];
}

bool verify_try(struct verify *verify, struct job *job)
{
    return queue_try_put(worker_of(verify, &job->author)->queue, job, job_bytes(job));
}

size_t verify_waiting(struct verify *verify)
{
    size_t waiting = 0;
    for (size_t i = 0; i < verify->count; i++)
        waiting += queue_items(verify->workers[i].queue);
    return waiting;
}
