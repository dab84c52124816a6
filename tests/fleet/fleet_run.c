#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/uplink.h"
#include "fleet.h"

#define EVENTS_MAX 512
#define SIGNAL_TAG UINT64_MAX
#define SPANS_MAX 10000000

/* ---- one node */

/* A fresh dial has a fresh descriptor; the old one left epoll when it was closed. */
static void watch_fd(struct fleet *fleet, size_t i)
{
    struct fleet_node *one = &fleet->nodes[i];
    int fd = node_fd(one->node, 0);
    uint64_t dials = one->node->counters.dials;
    if (fd == one->fd && dials == one->dials)
        return;
    one->fd = fd;
    one->dials = dials;
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };
    if (fd >= 0 && epoll_ctl(fleet->epoll, EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
        epoll_ctl(fleet->epoll, EPOLL_CTL_MOD, fd, &event);
}

static void measure(struct fleet *fleet, struct fleet_node *one)
{
    uint64_t acknowledged = outbox_acknowledged(&one->node->outbox), now_us = clock_mono_us();
    size_t done = 0;
    while (done < one->n_sent && one->sent[done].seq < acknowledged) {
        if (fleet->n_spans < SPANS_MAX)
            fleet->spans[fleet->n_spans++] = (uint32_t)(now_us - one->sent[done].at_us);
        done++;
    }
    one->n_sent -= done;
    memmove(one->sent, one->sent + done, one->n_sent * sizeof *one->sent);
}

static bool is_settled(const struct node *node)
{
    return outbox_records(&node->outbox) == 0 && node->n_uplinks > 0 &&
           uplink_face(node->uplinks[0])->state == FACE_CONNECTED;
}

static void turn(struct fleet *fleet, size_t i, uint64_t now_ms)
{
    struct fleet_node *one = &fleet->nodes[i];
    one->next_ms = node_turn(one->node, now_ms);
    watch_fd(fleet, i);
    if (one->n_sent > 0)
        measure(fleet, one);
    bool settled = is_settled(one->node);
    fleet->settled += (size_t)settled - (size_t)one->settled;
    one->settled = settled;
}

/* ---- all of them */

static uint64_t turn_due(struct fleet *fleet, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < fleet->count; i++) {
        if (fleet->nodes[i].next_ms <= now_ms)
            turn(fleet, i, now_ms);
        if (fleet->nodes[i].next_ms < next)
            next = fleet->nodes[i].next_ms;
    }
    return next;
}

static void take_events(struct fleet *fleet, uint64_t wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(fleet->epoll, events, EVENTS_MAX, (int)(wait_ms < 1000 ? wait_ms : 1000));
    uint64_t now_ms = clock_mono_ms();
    for (int e = 0; e < count; e++) {
        struct signalfd_siginfo info;
        if (events[e].data.u64 != SIGNAL_TAG)
            turn(fleet, events[e].data.u64, now_ms);
        else if (read(fleet->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
            fleet->stopped = true;
    }
}

/* One round: what is due, then what happens until until_ms at the latest. */
static void round_once(struct fleet *fleet, uint64_t *due_ms, uint64_t until_ms)
{
    uint64_t now_ms = clock_mono_ms();
    if (*due_ms <= now_ms)
        *due_ms = turn_due(fleet, now_ms);
    uint64_t next = *due_ms < until_ms ? *due_ms : until_ms;
    take_events(fleet, next > now_ms ? next - now_ms : 0);
    if (*due_ms > now_ms + 50)
        *due_ms = now_ms + 50; /* a turn may have brought some node's time nearer */
}

static enum err open_epoll(struct fleet *fleet)
{
    if (fleet->epoll > 0)
        return E_OK;
    fleet->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (fleet->epoll < 0)
        return fail_errno(E_IO, "cannot make an epoll");
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = SIGNAL_TAG };
    epoll_ctl(fleet->epoll, EPOLL_CTL_ADD, fleet->signal_fd, &event);
    return E_OK;
}

static enum err find_refused(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        const struct node *node = fleet->nodes[i].node;
        if (node->n_uplinks > 0 && uplink_face(node->uplinks[0])->state == FACE_REFUSED)
            return fail(E_DENIED, "the hub refuses %s: %s", node->home.inception.name,
                        uplink_face(node->uplinks[0])->last_error);
    }
    return E_OK;
}

static enum err describe_unsettled(struct fleet *fleet)
{
    TRY(find_refused(fleet));
    for (size_t i = 0; i < fleet->count; i++) {
        const struct node *node = fleet->nodes[i].node;
        if (!fleet->nodes[i].settled)
            return fail(E_TIMEOUT, "%zu of %zu nodes are not settled; %s has %" PRIu64 " records waiting: %s",
                        fleet->count - fleet->settled, fleet->count, node->home.inception.name,
                        outbox_records(&node->outbox),
                        node->n_uplinks > 0 ? uplink_face(node->uplinks[0])->last_error : "joined no hub");
    }
    return E_OK;
}

enum err fleet_settle(struct fleet *fleet)
{
    uint64_t until_ms = clock_mono_ms() + fleet->options.timeout_ms, due_ms = 0;
    TRY(open_epoll(fleet));
    while (!fleet->stopped && fleet->settled < fleet->count) {
        round_once(fleet, &due_ms, until_ms);
        if (clock_mono_ms() >= until_ms)
            return describe_unsettled(fleet);
    }
    return E_OK;
}

/* ---- live */

static enum err write_live(struct fleet *fleet, size_t i)
{
    struct fleet_node *one = &fleet->nodes[i];
    size_t room = sizeof one->sent / sizeof *one->sent;
    struct fleet_sent sent = { .seq = one->node->feed.next, .at_us = clock_mono_us() };
    TRY(fleet_write(fleet, i));
    if (one->n_sent < room)
        one->sent[one->n_sent++] = sent;
    turn(fleet, i, clock_mono_ms());
    return E_OK;
}

enum err fleet_live(struct fleet *fleet)
{
    uint64_t total = fleet->options.records * fleet->count, done = 0, due_ms = 0;
    uint64_t begin_us = clock_mono_us(), until_ms = clock_mono_ms() + fleet->options.timeout_ms;
    fleet->spans = mem_alloc(SPANS_MAX * sizeof *fleet->spans);
    while (!fleet->stopped && done < total) {
        uint64_t wanted = (uint64_t)((double)(clock_mono_us() - begin_us) * fleet->options.live / 1e6) + 1;
        for (; done < wanted && done < total; done++)
            TRY(write_live(fleet, done % fleet->count));
        round_once(fleet, &due_ms, clock_mono_ms() + 1);
        if (clock_mono_ms() >= until_ms)
            return describe_unsettled(fleet);
    }
    return fleet_settle(fleet);
}

enum err fleet_stay(struct fleet *fleet)
{
    uint64_t due_ms = 0;
    TRY(open_epoll(fleet));
    while (!fleet->stopped)
        round_once(fleet, &due_ms, clock_mono_ms() + 1000);
    return E_OK;
}
