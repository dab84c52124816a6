#include "hubd/projector.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define BEAT_MS 1000

struct projector {
    struct hub *hub;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    uint64_t size;      /* of the log, as last heard */
    uint64_t behind_ms; /* monotonic: since when the view is behind; 0: it is not */
    enum err err;
    bool stop;
    _Atomic uint64_t beats;
};

/* Sleeps until there are news, or the time is over. */
static void sleep_for(struct projector *p, uint64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    atomic_fetch_add(&p->beats, 1);
    pthread_cond_timedwait(&p->news, &p->lock, &until);
    atomic_fetch_add(&p->beats, 1);
}

/* Waits for a log larger than seen, or for the time to be over (0: no limit). False: stop. */
static bool wait_for_news(struct projector *p, uint64_t seen, uint64_t wait_ms)
{
    uint64_t until_ms = clock_mono_ms() + wait_ms;
    pthread_mutex_lock(&p->lock);
    while (!p->stop && wait_ms == 0 && p->size <= seen)
        sleep_for(p, BEAT_MS);
    for (uint64_t now_ms = clock_mono_ms(); !p->stop && now_ms < until_ms; now_ms = clock_mono_ms())
        sleep_for(p, until_ms - now_ms < BEAT_MS ? until_ms - now_ms : BEAT_MS);
    bool go_on = !p->stop;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

static bool is_stopping(struct projector *p)
{
    pthread_mutex_lock(&p->lock);
    bool stop = p->stop;
    pthread_mutex_unlock(&p->lock);
    return stop;
}

static void note(struct projector *p, enum err err, uint64_t cursor)
{
    pthread_mutex_lock(&p->lock);
    if (err != E_OK && p->err == E_OK)
        log_error("msg=\"the view stands still\" error=\"%s\" detail=\"%s\"", err_name(err), err_message());
    if (err == E_OK && p->err != E_OK)
        log_info("msg=\"the view goes on\"");
    p->err = err;
    if (cursor >= p->size)
        p->behind_ms = 0;
    pthread_mutex_unlock(&p->lock);
}

static enum err advance(struct projector *p)
{
    bool more = true;
    while (more && !is_stopping(p)) {
        atomic_fetch_add(&p->beats, 1);
        TRY(view_advance(p->hub->view, p->hub->options.project_records, &more));
    }
    return E_OK;
}

static void *run(void *argument)
{
    struct projector *p = argument;
    pthread_setname_np(pthread_self(), "projector");
    bool go_on = true;
    while (go_on) {
        enum err err = advance(p);
        uint64_t cursor = view_cursor(p->hub->view);
        note(p, err, cursor);
        if (err != E_OK && err != E_FULL)
            hub_fail(p->hub, err);
        go_on = wait_for_news(p, cursor, err != E_OK ? p->hub->options.full_ms : 0);
    }
    return NULL;
}

enum err projector_new(struct hub *hub, struct projector **out)
{
    struct projector *p = mem_alloc(sizeof *p);
    p->hub = hub;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->news, &attr);
    pthread_condattr_destroy(&attr);
    *out = p;
    if (pthread_create(&p->thread, NULL, run, p) == 0)
        return E_OK;
    free(p);
    *out = NULL;
    return fail(E_IO, "cannot start the projector's thread");
}

void projector_stop(struct projector **projector)
{
    struct projector *p = *projector;
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->news);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *projector = NULL;
}

void projector_signal(struct projector *projector, uint64_t log_size)
{
    pthread_mutex_lock(&projector->lock);
    if (log_size > projector->size) {
        projector->size = log_size;
        if (projector->behind_ms == 0)
            projector->behind_ms = clock_mono_ms();
        pthread_cond_signal(&projector->news);
    }
    pthread_mutex_unlock(&projector->lock);
}

uint64_t projector_lag_ms(struct projector *projector)
{
    pthread_mutex_lock(&projector->lock);
    uint64_t since = projector->behind_ms;
    pthread_mutex_unlock(&projector->lock);
    return since > 0 ? clock_mono_ms() - since : 0;
}

uint64_t projector_beats(const struct projector *projector)
{
    return atomic_load(&projector->beats);
}

enum err projector_error(struct projector *projector)
{
    pthread_mutex_lock(&projector->lock);
    enum err err = projector->err;
    pthread_mutex_unlock(&projector->lock);
    return err;
}
