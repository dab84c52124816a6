#include "net.h"

#include <stdlib.h>

#include "link.h"
#include "process.h"
#include "world.h"

#define LATE_MS 20000U /* how late what was under way may come from a connection that broke */

/* ---- frames */

static void own(struct frame *frame, const void *data, size_t len)
{
    frame->bytes.len = 0;
    buf_append(&frame->bytes, data, len);
}

static void fill(struct world *world, struct frame *frame, const struct sync_message *message)
{
    frame->is_bytes = world->plan.bytes;
    frame->bytes.len = 0;
    if (frame->is_bytes) {
        wire_encode(message, ++world->frames, &frame->bytes);
        return;
    }
    frame->message = *message;
    if (message->type == SYNC_FRONTIER)
        own(frame, message->frontier.marks, message->frontier.count * sizeof *message->frontier.marks);
    else if (message->type == SYNC_BATCH)
        own(frame, message->batch.records.data, message->batch.records.len);
}

/* A hostile peer says anything: some of its frames have other bits, other lengths, or come twice. */
static void spoil(struct dice *dice, struct buf *bytes)
{
    for (uint64_t n = 1 + dice_below(dice, 3); n > 0 && bytes->len > 0; n--)
        bytes->data[dice_below(dice, bytes->len)] ^= (uint8_t)(1U << dice_below(dice, 8));
    if (dice_chance(dice, 300))
        bytes->len = dice_below(dice, bytes->len + 1);
    if (bytes->len >= WIRE_HEADER_BYTES && dice_chance(dice, 700)) { /* past the header's sum */
        put_u32(bytes->data + 16, (uint32_t)(bytes->len - WIRE_HEADER_BYTES));
        put_u32(bytes->data + 20, crc32c(bytes_of(bytes->data, 20)));
    }
}

static struct frame *push(struct pipe *pipe)
{
    if (pipe->count == pipe->cap) {
        size_t cap = pipe->cap > 0 ? 2 * pipe->cap : 4;
        struct frame *frames = mem_alloc(cap * sizeof *frames);
        for (size_t i = 0; i < pipe->count; i++)
            frames[i] = pipe->frames[(pipe->first + i) % pipe->cap];
        free(pipe->frames);
        pipe->frames = frames;
        pipe->first = 0;
        pipe->cap = cap;
    }
    return &pipe->frames[(pipe->first + pipe->count++) % pipe->cap];
}

static void empty(struct pipe *pipe)
{
    for (size_t i = 0; i < pipe->cap; i++)
        buf_clear(&pipe->frames[i].bytes);
    free(pipe->frames);
    pipe->frames = NULL;
    pipe->first = pipe->count = pipe->cap = 0;
}

/* ---- arriving */

static void arrive(struct conn *conn, int from, struct frame *frame)
{
    struct process *to = conn->road->end[1 - from];
    if (frame->is_bytes) {
        AUTO(wire_clear) struct wire_message in = { 0 };
        enum err err = wire_decode(buf_view(&frame->bytes), &in);
        process_hear(to, conn, err, &in.message);
        return;
    }
    struct sync_message *m = &frame->message;
    if (m->type == SYNC_FRONTIER)
        m->frontier.marks = (const struct sync_mark *)frame->bytes.data;
    else if (m->type == SYNC_BATCH)
        m->batch.records = buf_view(&frame->bytes);
    process_hear(to, conn, E_OK, m);
}

static void run_pipe(void *context, uint64_t from);

static void expect(struct conn *conn, int from)
{
    struct pipe *pipe = &conn->pipe[from];
    if (pipe->is_due || pipe->count == 0 || conn->road->cut[from] > 0)
        return;
    pipe->is_due = true;
    sched_at(&conn->road->world->sched, pipe->frames[pipe->first].at_ms, run_pipe, conn, (uint64_t)from);
}

static void run_pipe(void *context, uint64_t from)
{
    struct conn *conn = context;
    struct pipe *pipe = &conn->pipe[from];
    struct world *world = conn->road->world;
    pipe->is_due = false;
    if (pipe->count == 0 || conn->road->cut[from] > 0)
        return;
    struct frame frame = pipe->frames[pipe->first];
    if (frame.at_ms <= world->sched.now_ms) {
        pipe->frames[pipe->first] = (struct frame){ 0 };
        pipe->first = (pipe->first + 1) % pipe->cap;
        pipe->count--;
        if (!conn->closed[1 - from])
            arrive(conn, (int)from, &frame);
        buf_clear(&frame.bytes);
    }
    expect(conn, (int)from);
}

/* ---- sending and hanging up */

/* A road that does what TCP never does: the last frame is lost, or changes places with the one before. */
static void shake(struct world *world, struct pipe *pipe)
{
    struct frame *last = &pipe->frames[(pipe->first + pipe->count - 1) % pipe->cap];
    if (dice_chance(&world->dice, 500)) {
        buf_clear(&last->bytes);
        *last = (struct frame){ 0 };
        pipe->count--;
    } else if (pipe->count > 1) {
        struct frame *before = &pipe->frames[(pipe->first + pipe->count - 2) % pipe->cap];
        struct frame swapped = *before;
        uint64_t at_ms = last->at_ms;
        *before = *last;
        before->at_ms = swapped.at_ms;
        *last = swapped;
        last->at_ms = at_ms;
    }
}

static bool is_rough(struct world *world)
{
    return world->plan.rough > 0 && !world->is_calm && dice_chance(&world->dice, world->plan.rough);
}

static void launch(struct conn *conn, int end, const struct sync_message *message)
{
    struct road *road = conn->road;
    struct world *world = road->world;
    struct pipe *pipe = &conn->pipe[end];
    struct frame *frame = push(pipe);
    fill(world, frame, message);
    if (road->end[end]->hostile && frame->is_bytes && dice_chance(&world->dice, 200))
        spoil(&world->dice, &frame->bytes);

    uint64_t now = world->sched.now_ms;
    uint64_t starts = pipe->free_at_ms > now ? pipe->free_at_ms : now;
    size_t len = frame->bytes.len + 100;
    pipe->free_at_ms = starts + (road->bytes_a_second > 0 ? len * 1000 / road->bytes_a_second : 0);
    frame->at_ms = pipe->free_at_ms + road->latency_ms + dice_below(&world->dice, road->jitter_ms + 1);
    if (frame->at_ms < pipe->last_at_ms)
        frame->at_ms = pipe->last_at_ms;
    pipe->last_at_ms = frame->at_ms;
    if (is_rough(world))
        shake(world, pipe);
    expect(conn, end);
}

bool conn_send(struct conn *conn, int end, const struct sync_message *message)
{
    struct world *world = conn->road->world;
    if (conn->closed[end])
        return false;
    /* That the other end is gone shows only when its word to say so came through. */
    if (conn->closed[1 - end] || conn->broken)
        return conn->road->cut[1 - end] > 0 || dice_chance(&world->dice, 300);
    launch(conn, end, message);
    if (is_rough(world) || (conn->road->end[end]->hostile && dice_chance(&world->dice, 50)))
        launch(conn, end, message);
    return true;
}

static void tell_dialer(void *context, uint64_t argument)
{
    struct conn *conn = context;
    (void)argument;
    if (conn->dialer != NULL && conn->road->cut[1] == 0)
        link_lost(conn->dialer);
}

/* What a dialer had said before its connection ended is on its way yet, or in the listener's kernel, and read
 * late: by then it may have greeted anew. */
static void delay(struct conn *conn)
{
    struct world *world = conn->road->world;
    struct pipe *late = &conn->pipe[0];
    uint64_t later = dice_below(&world->dice, LATE_MS);
    for (size_t i = 0; i < late->count; i++)
        late->frames[(late->first + i) % late->cap].at_ms += later;
}

/* A DEALER sees within a heartbeat that it has no pipe any more; a ROUTER never does. */
static void warn_dialer(struct conn *conn)
{
    struct world *world = conn->road->world;
    sched_at(&world->sched, world->sched.now_ms + dice_below(&world->dice, world->plan.heartbeat_ms),
             tell_dialer, conn, 0);
}

struct conn *conn_new(struct road *road)
{
    struct conn *conn = mem_alloc(sizeof *conn);
    conn->road = road;
    conn->next = road->conns;
    road->conns = conn;
    if (!road->end[1]->is_alive) { /* refused */
        conn->closed[1] = true;
        warn_dialer(conn);
    }
    return conn;
}

void conn_close(struct conn *conn, int end, bool lingers)
{
    if (conn->closed[end])
        return;
    conn->closed[end] = true;
    if (end == 0)
        conn->dialer = NULL;
    empty(&conn->pipe[1 - end]);
    if (!lingers)
        empty(&conn->pipe[end]);
    if (end == 1)
        warn_dialer(conn);
    else if (dice_chance(&conn->road->world->dice, 500))
        delay(conn);
}

void conn_break(struct conn *conn)
{
    struct world *world = conn->road->world;
    conn->broken = true;
    empty(&conn->pipe[1]);
    warn_dialer(conn);
    if (dice_chance(&world->dice, 500))
        empty(&conn->pipe[0]);
    else
        delay(conn);
}

void road_mend(struct road *road, int end)
{
    if (road->cut[end] > 0)
        road->cut[end]--;
    for (struct conn *conn = road->conns; conn != NULL; conn = conn->next)
        expect(conn, end);
}

void road_clear(struct road *road)
{
    for (struct conn *conn = road->conns, *next; conn != NULL; conn = next) {
        next = conn->next;
        empty(&conn->pipe[0]);
        empty(&conn->pipe[1]);
        free(conn);
    }
    road->conns = NULL;
}
