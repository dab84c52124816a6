#include "daemon/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/service.h"
#include "base/clock.h"
#include "base/log.h"

#define ALIVE_MS 5000 /* how often the watchdog hears of us, at least */
#define REAP_MS 60000

enum err loop_init(struct loop *loop, int signal_fd)
{
    *loop = (struct loop){ signal_fd, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    return loop->poke_fd >= 0 ? E_OK : fail_errno(E_IO, "cannot make an eventfd");
}

void loop_clear(struct loop *loop)
{
    if (loop->poke_fd > 0)
        close(loop->poke_fd);
    loop->poke_fd = -1;
}

void loop_poke(void *context)
{
    struct loop *loop = context;
    uint64_t one = 1;
    ssize_t written = write(loop->poke_fd, &one, sizeof one);
    (void)written; /* full means poked already */
}

static void take_poke(struct loop *loop)
{
    uint64_t count;
    ssize_t got = read(loop->poke_fd, &count, sizeof count);
    (void)got;
}

/* True when it is time to go. SIGHUP is heard and changes nothing: the configuration is read at the start. */
static bool take_signal(struct loop *loop)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        log_info("signal=%u msg=received", info.ssi_signo);
        stop = stop || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
    return stop;
}

static enum err wait_for(struct loop *loop, struct node *node, uint64_t until_ms, bool *stop)
{
    struct pollfd fds[2 + PEERS_MAX] = {
        { .fd = loop->signal_fd, .events = POLLIN },
        { .fd = loop->poke_fd, .events = POLLIN },
    };
    for (size_t i = 0; i < PEERS_MAX; i++) /* negative ones are skipped */
        fds[2 + i] = (struct pollfd){ .fd = node_fd(node, i), .events = POLLIN };

    uint64_t now_ms = clock_mono_ms();
    uint64_t wait = until_ms > now_ms ? until_ms - now_ms : 0;
    int ready = poll(fds, 2 + PEERS_MAX, (int)(wait < ALIVE_MS ? wait : ALIVE_MS));
    if (ready < 0 && errno != EINTR)
        return fail_errno(E_IO, "cannot wait for the network");
    if (ready > 0 && (fds[0].revents & POLLIN) != 0)
        *stop = take_signal(loop);
    if (ready > 0 && (fds[1].revents & POLLIN) != 0)
        take_poke(loop);
    return E_OK;
}

static void tell_watchdog(const struct control_server *control, uint64_t *seen)
{
    uint64_t beats = control_beats(control);
    if (beats != *seen)
        service_alive();
    *seen = beats;
}

enum err loop_run(struct loop *loop, struct node *node, const struct control_server *control)
{
    bool stop = false;
    uint64_t beats = 0, alive_ms = 0, reap_ms = clock_mono_ms();
    while (!stop) {
        uint64_t now_ms = clock_mono_ms();
        uint64_t next_ms = node_turn(node, now_ms);
        TRY(node_failure(node));
        if (now_ms - alive_ms >= ALIVE_MS) {
            tell_watchdog(control, &beats);
            alive_ms = now_ms;
        }
        if (now_ms - reap_ms >= REAP_MS) {
            db_reap_readers(store_db(node->store));
            reap_ms = now_ms;
        }
        TRY(wait_for(loop, node, next_ms, &stop));
    }
    return E_OK;
}
