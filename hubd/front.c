#include "hubd/front.h"

#include <czmq.h>
#include <inttypes.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "hubd/front_private.h"
#include "hubd/own.h"
#include "hubd/verify.h"
#include "hubd/writer.h"

#define FRAMES_A_TURN 1000 /* then mail and timers have theirs */
#define MAIL_ITEMS 65536
#define PUSH_BURST 64
#define PEERS_A_MS_BACK 1 /* so many nodes a millisecond can be taken back after a restart: c.6 */

/* ---- saying things to those without a session */

void front_say(struct front *front, const struct route *to, const struct sync_message *message)
{
    front->out.len = 0;
    wire_encode(message, ++front->message_id, &front->out);
    router_send(front->router, to, buf_view(&front->out)); /* it may have gone: no matter */
}

void front_reject(struct front *front, const struct route *to, enum sync_reject code, uint64_t retry_ms,
                  const char *text)
{
    struct sync_message message = { .type = SYNC_REJECT };
    message.reject.code = code;
    message.reject.retry_after_ms = retry_ms;
    snprintf(message.reject.text, sizeof message.reject.text, "%s", text);
    front_say(front, to, &message);
}

void front_strike(struct front *front, const struct route *from, const struct key *key, const char *why)
{
    struct counters *counters = &front->hub->counters;
    struct member member;
    uint64_t now = clock_mono_ms();
    atomic_fetch_add(&counters->strikes, 1);
    bool is_known = members_key(front->hub->members, key, &member, NULL) == KEY_MEMBER;
    log_debug("peer=%s strike=\"%s\"", is_known ? member.name : "invite", why);
    if (!strikes_add(&front->strikes, key, now))
        return;
    uint64_t wait = strikes_wait(&front->strikes, key, now);
    atomic_fetch_add(&counters->bans, 1);
    log_warn("peer=%s last=\"%s\" wait_ms=%" PRIu64
             " msg=\"broke the protocol too often: refused for a while\"",
             is_known ? member.name : "invite", why, wait);
    struct session *session = session_of(front, key);
    bool by_session = session != NULL && route_equal(&session->route, from);
    if (session != NULL)
        session_reject(session, SYNC_REJECT_PROTOCOL, wait, why);
    if (!by_session) /* another connection of that key */
        front_reject(front, from, SYNC_REJECT_PROTOCOL, wait, why);
}

void front_hand_on(struct front *front, struct job *job)
{
    if (front->drains || front->parked.count > 0 || !verify_try(front->hub->verify, job))
        jobs_put(&front->parked, job);
}

/* ---- frames */

static void on_message(struct front *f, const struct route *from, const struct key *key, uint64_t now)
{
    struct counters *counters = &f->hub->counters;
    const struct sync_message *message = &f->wire.message;
    if (message->type == SYNC_HELLO) {
        greet_hello(f, from, key, message, now);
        return;
    }
    if (message->type == SYNC_ENROL) {
        greet_enrol(f, from, key, message);
        return;
    }
    struct session *session = session_of(f, key);
    if (message->session == 0) {
        front_strike(f, from, key, "a message before hello");
    } else if (session == NULL && f->full) { /* its own was told, but that may be lost in a full pipe */
        front_reject(f, from, SYNC_REJECT_FULL, f->hub->options.full_ms, "the hub's store is full");
    } else if (session == NULL) {
        atomic_fetch_add(&counters->stale, 1);
        struct sync_message bye = { .type = SYNC_BYE, .session = message->session };
        front_say(f, from, &bye);
    } else if (message->session != session->number || !route_equal(&session->route, from)) {
        atomic_fetch_add(&counters->stale, 1);
    } else {
        session_receive(session, message, now);
    }
}

static void on_frame(struct front *f, const struct route *from, const struct key *key, uint64_t now)
{
    if (strikes_wait(&f->strikes, key, now) > 0) {
        atomic_fetch_add(&f->hub->counters.ignored, 1);
        return;
    }
    enum err err = wire_decode(buf_view(&f->frame), &f->wire);
    if (err == E_OK)
        on_message(f, from, key, now);
    else if (err == E_VERSION) {
        front_reject(f, from, SYNC_REJECT_VERSION, 0, err_message());
        front_strike(f, from, key, "a frame of another version");
    } else if (err != E_NOT_FOUND) /* a type of later versions is tolerated */
        front_strike(f, from, key, err_message());
    wire_clear(&f->wire);
}

static bool is_member_or_invite(struct front *f, const struct key *key)
{
    struct member member;
    switch (members_key(f->hub->members, key, &member, NULL)) {
    case KEY_MEMBER:
        return member.state == MEMBER_ACTIVE;
    case KEY_INVITE:
        return zap_is_allowed(f->hub->zap, ZAP_PEERS, key);
    case KEY_NOBODY:
        break;
    }
    return false;
}

/* Frames of a key that was cut off are dropped: libzmq cannot close one connection. Members with a session
 * are known. */
static bool may_speak(struct front *f, const struct key *key)
{
    if (session_of(f, key) != NULL || is_member_or_invite(f, key))
        return true;
    atomic_fetch_add(&f->hub->counters.ignored, 1);
    return false;
}

static void receive_frames(struct front *f, uint64_t now)
{
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        struct route from = { 0 };
        struct key key = { { 0 } };
        f->frame.len = 0;
        enum err err = router_receive(f->router, &from, &key, &f->frame);
        if (err == E_NOT_FOUND)
            return;
        if (err == E_OK && may_speak(f, &key))
            on_frame(f, &from, &key, now);
        else if (err == E_MALFORMED && !key_is_zero(&key) && may_speak(f, &key) &&
                 strikes_wait(&f->strikes, &key, now) == 0)
            front_strike(f, &from, &key, "a message of several frames");
        else if (err != E_OK && err != E_MALFORMED)
            return;
    }
}

/* ---- mail from the other threads */

static void cut(struct front *f, const struct hash *author)
{
    for (size_t i = f->count; i-- > 0;)
        if (hash_equal(&f->sessions[i]->author, author))
            session_reject(f->sessions[i], SYNC_REJECT_REVOKED, 0, "suspended");
}

static void part_from_all(struct front *f, uint64_t retry_ms, uint64_t now)
{
    while (f->count > 0)
        session_bye(f->sessions[f->count - 1], retry_ms, now);
}

static void on_notice(struct front *f, const struct job *job)
{
    switch (job->notice) {
    case NOTICE_GROWN:
        f->own.next = job->next;
        f->own.head = job->head;
        f->push_left = f->count;
        break;
    case NOTICE_FULL:
        f->full = true;
        session_reject_all(f, SYNC_REJECT_FULL, f->hub->options.full_ms, "the hub's store is full");
        break;
    case NOTICE_BACK:
        f->full = false;
        break;
    case NOTICE_TIGHT:
    case NOTICE_AMPLE:
        f->credit.tight = job->notice == NOTICE_TIGHT;
        break;
    case NOTICE_CUT:
        cut(f, &job->author);
        break;
    }
}

static void on_mail(struct front *f, struct job *job, uint64_t now)
{
    if (job->kind == JOB_NOTICE) {
        on_notice(f, job);
        return;
    }
    if (job->kind == JOB_ENROL) {
        greet_enrolled(f, job);
        return;
    }
    struct session *session = session_of(f, &job->key);
    if (session != NULL && session->number == job->session)
        session_answer(session, job, now); /* else the link is over: its frontier will tell next time */
}

static void read_mail(struct front *f, uint64_t now)
{
    struct job *job;
    while ((job = queue_take(f->mail, 0)) != NULL) {
        on_mail(f, job, now);
        job_free(job);
    }
    session_flush_acks(f, now);
}

/* ---- the rest of a turn */

static void unpark(struct front *f, uint64_t now)
{
    if (f->parked.count == 0 || f->drains)
        return;
    struct job *job;
    while ((job = jobs_take(&f->parked)) != NULL)
        if (!verify_try(f->hub->verify, job)) {
            jobs_put_back(&f->parked, job);
            return;
        }
    for (size_t i = f->count; i-- > 0;)
        session_repay(f->sessions[i], now);
}

/* Links learn of the hub's own new records at a bounded rate: an admission must not cost a message a link at
 * once. */
static void push_own(struct front *f, uint64_t now)
{
    uint64_t rate = f->hub->options.push_rate;
    uint64_t earned = (now - f->pushed_at_ms) * rate / 1000;
    if (earned > 0) {
        f->pushed_at_ms = now;
        f->push_tokens += earned;
        if (f->push_tokens > rate / 8 + PUSH_BURST)
            f->push_tokens = rate / 8 + PUSH_BURST;
    }
    while (f->push_left > 0 && f->push_tokens > 0 && f->count > 0) {
        f->push_left--;
        struct session *session = f->sessions[f->push_at++ % f->count];
        if (session->own_told == f->own.next)
            continue;
        f->push_tokens--;
        session_push_own(session, now);
    }
}

static uint64_t scan_ms(const struct front *f)
{
    uint64_t ms = f->hub->options.heartbeat_ms / 8;
    return ms < 5 ? 5 : ms > 1000 ? 1000 : ms;
}

static void scan(struct front *f, uint64_t now)
{
    if (now < f->scan_at_ms)
        return;
    f->scan_at_ms = now + scan_ms(f);
    for (size_t i = f->count; i-- > 0;)
        if (i < f->count) /* one may take others with it */
            session_tick(f->sessions[i], now);
}

static void wait_for_work(struct front *f, bool listens)
{
    uint64_t now = clock_mono_ms();
    uint64_t left = f->scan_at_ms > now ? f->scan_at_ms - now : 0;
    if (f->parked.count > 0 && left > 2)
        left = 2; /* verifiers do not tell when they have room */
    if (f->push_left > 0 && left > 10)
        left = 10;
    zmq_pollitem_t items[] = { { NULL, f->wake_fd, ZMQ_POLLIN, 0 },
                               { router_socket(f->router), 0, ZMQ_POLLIN, 0 } };
    zmq_poll(items, listens ? 2 : 1, (long)left);
    uint64_t count;
    if (items[0].revents != 0 && read(f->wake_fd, &count, sizeof count) < 0)
        return; /* woken for nothing */
}

/* From now on nothing goes to the verifiers, which may stop: whoever asked for it is told. */
static void drain(struct front *f)
{
    pthread_mutex_lock(&f->start_lock);
    f->drains = true;
    pthread_cond_broadcast(&f->started);
    pthread_mutex_unlock(&f->start_lock);
}

static void turn(struct front *f)
{
    if (!f->drains && atomic_load(&f->state) != FRONT_RUNS)
        drain(f);
    /* Peers that come back before their older records are through could fill the memory: then the sockets
     * wait. */
    bool listens = !f->drains && f->parked.bytes < f->hub->options.credit_budget;
    wait_for_work(f, listens);
    uint64_t now = clock_mono_ms();
    if (listens)
        receive_frames(f, now);
    read_mail(f, now);
    unpark(f, now);
    push_own(f, now);
    scan(f, now);
    session_bury(f);
    atomic_fetch_add(&f->beats, 1);
    atomic_store(&f->credit_out, f->credit.out > 0 ? (uint64_t)f->credit.out : 0);
}

/* The last answers, then goodbye, with the time over which the herd is to spread its return. */
static void end(struct front *f)
{
    uint64_t now = clock_mono_ms();
    size_t peers = f->count;
    read_mail(f, now);
    uint64_t herd = peers / PEERS_A_MS_BACK;
    uint64_t least = f->hub->options.herd_ms;
    part_from_all(f, herd > least ? herd : least, now);
    session_bury(f);
    struct job *job;
    while ((job = jobs_take(&f->parked)) != NULL)
        job_free(job);
    uint64_t linger = peers > 0 ? f->hub->options.linger_ms + peers / 20 : 0;
    zmq_poll(NULL, 0, (long)(linger < 2000 ? linger : 2000));
}

/* ---- the thread */

static void tell_started(struct front *f, enum err err)
{
    pthread_mutex_lock(&f->start_lock);
    f->start_err = err;
    snprintf(f->start_text, sizeof f->start_text, "%s", err != E_OK ? err_message() : "");
    f->has_started = true;
    pthread_cond_signal(&f->started);
    pthread_mutex_unlock(&f->start_lock);
}

static void *run(void *argument)
{
    struct front *f = argument;
    pthread_setname_np(pthread_self(), "front");
    const struct hub *hub = f->hub;
    enum err err = router_new(hub->options.endpoint, ZAP_PEERS, &hub->home.transport, &f->router);
    if (err == E_OK)
        snprintf(f->endpoint, sizeof f->endpoint, "%s", router_endpoint(f->router));
    tell_started(f, err);
    if (err != E_OK)
        return NULL;
    while (atomic_load(&f->state) != FRONT_ENDS)
        turn(f);
    end(f);
    router_free(&f->router);
    return NULL;
}

static enum err prepare(struct front *f)
{
    const struct hub *hub = f->hub;
    char path[300];
    snprintf(path, sizeof path, "%s/inception", hub->home.path);
    TRY(file_read(path, MAX_BATCH_BYTES, &f->inception));
    struct own own = { .home = &hub->home };
    TRY(own_load(&own, hub->store, 0, 0));
    f->own = (struct sync_mark){
        .author = hub->home.author, .next = own.feed.next, .head = own.feed.head, .offers = true
    };
    f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return f->wake_fd >= 0 ? E_OK : fail_errno(E_IO, "cannot make an eventfd");
}

static void release(struct front *f)
{
    if (f->wake_fd >= 0)
        close(f->wake_fd);
    queue_free(&f->mail, job_drop);
    strikes_clear(&f->strikes);
    table_clear(&f->by_key);
    table_clear(&f->enrolling);
    wire_clear(&f->wire);
    buf_clear(&f->frame);
    buf_clear(&f->out);
    buf_clear(&f->inception);
    free(f->sessions);
    free(f->acks);
    pthread_cond_destroy(&f->started);
    pthread_mutex_destroy(&f->start_lock);
    free(f);
}

static enum err start(struct front *f)
{
    TRY(prepare(f));
    if (pthread_create(&f->thread, NULL, run, f) != 0)
        return fail(E_IO, "cannot start the front's thread");
    pthread_mutex_lock(&f->start_lock);
    while (!f->has_started)
        pthread_cond_wait(&f->started, &f->start_lock);
    enum err err = f->start_err;
    pthread_mutex_unlock(&f->start_lock);
    if (err == E_OK)
        return E_OK;
    pthread_join(f->thread, NULL);
    return fail(err, "%s", f->start_text);
}

enum err front_new(struct hub *hub, struct front **out)
{
    const struct options *o = &hub->options;
    struct front *f = mem_alloc(sizeof *f);
    f->hub = hub;
    f->wake_fd = -1;
    f->mail = queue_new(MAIL_ITEMS, SIZE_MAX / 2);
    f->credit =
        (struct credit){ .window = o->credit_window, .floor = o->credit_floor, .budget = o->credit_budget };
    f->credit.tight = writer_room(hub->writer) >= ROOM_TIGHT;
    f->strikes = (struct strikes){ .limit = o->strikes, .ban_ms = o->ban_ms, .ban_max_ms = o->ban_max_ms };
    pthread_mutex_init(&f->start_lock, NULL);
    pthread_cond_init(&f->started, NULL);
    *out = f; /* other threads answer to it as soon as it listens */
    enum err err = start(f);
    if (err != E_OK) {
        release(f);
        *out = NULL;
    }
    return err;
}

void front_quiesce(struct front *front)
{
    if (front == NULL)
        return;
    atomic_store(&front->state, FRONT_DRAINS);
    front_wake(front);
    pthread_mutex_lock(&front->start_lock);
    while (!front->drains)
        pthread_cond_wait(&front->started, &front->start_lock);
    pthread_mutex_unlock(&front->start_lock);
}

void front_free(struct front **front)
{
    struct front *f = *front;
    if (f == NULL)
        return;
    atomic_store(&f->state, FRONT_ENDS);
    front_wake(f);
    pthread_join(f->thread, NULL);
    release(f);
    *front = NULL;
}

void front_post(struct front *front, struct job *job)
{
    if (!queue_put(front->mail, job, 0))
        job_free(job);
}

void front_wake(struct front *front)
{
    uint64_t one = 1;
    ssize_t written = write(front->wake_fd, &one, sizeof one);
    (void)written; /* it is awake already when that fails */
}

const char *front_endpoint(const struct front *front)
{
    return front->endpoint;
}

size_t front_sessions(const struct front *front)
{
    return atomic_load(&front->n_sessions);
}

uint64_t front_credit(const struct front *front)
{
    return atomic_load(&front->credit_out);
}

uint64_t front_beats(const struct front *front)
{
    return atomic_load(&front->beats);
}
