#include "core/sync_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HEARTBEAT_MS 15000U
#define MISSED_HEARTBEATS 4U
#define GREETING_TIMEOUT_MS 15000U

struct sync *sync_new(const struct sync_options *options, const struct sync_host *host)
{
    struct sync *sync = mem_alloc(sizeof *sync);
    sync->options = *options;
    sync->host = *host;
    struct sync_options *o = &sync->options;
    if (o->greeting_timeout_ms == 0)
        o->greeting_timeout_ms = GREETING_TIMEOUT_MS;
    if (o->missed_heartbeats == 0)
        o->missed_heartbeats = MISSED_HEARTBEATS;
    if (o->self.heartbeat_ms == 0)
        o->self.heartbeat_ms = HEARTBEAT_MS;
    if (o->self.max_batch_bytes == 0 || o->self.max_batch_bytes > MAX_BATCH_BYTES)
        o->self.max_batch_bytes = MAX_BATCH_BYTES;
    if (o->retry_min_ms == 0)
        o->retry_min_ms = 1000;
    if (o->retry_max_ms < o->retry_min_ms)
        o->retry_max_ms = o->retry_min_ms > 60000 ? o->retry_min_ms : 60000;
    sync->heartbeat_ms = o->self.heartbeat_ms;
    sync->next_retry_ms = SYNC_NEVER;
    return sync;
}

void sync_free(struct sync **sync)
{
    if (*sync == NULL)
        return;
    free((*sync)->feeds);
    free((*sync)->slots);
    free(*sync);
    *sync = NULL;
}

void sync_send(struct sync *sync, struct sync_message *message)
{
    message->session = sync->session;
    sync->host.send(sync->host.context, message);
}

void sync_go_down(struct sync *sync, enum err code, uint64_t retry_after_ms, const char *text)
{
    sync->state = SYNC_DOWN;
    sync->host.down(sync->host.context, code, retry_after_ms, text);
}

static void say_goodbye(struct sync *sync, enum sync_type type, enum sync_reject code,
                        uint64_t retry_after_ms, const char *text)
{
    struct sync_message m = { .type = type };
    m.reject.code = code;
    m.reject.retry_after_ms = retry_after_ms;
    snprintf(m.reject.text, sizeof m.reject.text, "%s", text);
    sync_send(sync, &m);
}

/* ---- greeting */

static void say_hello(struct sync *sync, enum sync_type type)
{
    struct sync_message m = { .type = type, .hello = sync->options.self };
    if (type == SYNC_WELCOME) {
        m.hello.proto_min = sync->peer.proto_min;
        m.hello.proto_max = sync->peer.proto_max;
    }
    uint64_t grant = m.hello.credit_bytes;
    sync->take_credit = grant < SYNC_CREDIT_MAX ? (int64_t)grant : SYNC_CREDIT_MAX;
    sync_send(sync, &m);
}

void sync_dial(struct sync *sync, uint64_t now_ms)
{
    if (sync->state != SYNC_IDLE)
        return;
    sync->is_dialer = true;
    sync->state = SYNC_GREETING;
    sync->greet_until_ms = now_ms + sync->options.greeting_timeout_ms;
    say_hello(sync, SYNC_HELLO);
}

static void go_up(struct sync *sync, uint64_t now_ms)
{
    uint32_t batch = sync->peer.max_batch_bytes;
    sync->batch_bytes = batch == 0 || batch > MAX_BATCH_BYTES ? MAX_BATCH_BYTES : batch;
    sync->state = SYNC_UP;
    sync->last_heard_ms = now_ms;
    sync_flow_credit(sync, sync->peer.credit_bytes);
    sync->host.up(sync->host.context, &sync->peer);
    sync_announce_all(sync);
    uint64_t early = sync->granted_early;
    sync->granted_early = 0;
    if (early > 0)
        sync_grant(sync, early, now_ms);
}

static enum err refuse_version(struct sync *sync, const struct sync_peer *hello)
{
    const struct sync_peer *self = &sync->options.self;
    char text[120];
    snprintf(text, sizeof text,
             "protocol versions %" PRIu32 " to %" PRIu32 " offered, %" PRIu32 " to %" PRIu32 " spoken here",
             hello->proto_min, hello->proto_max, self->proto_min, self->proto_max);
    say_goodbye(sync, SYNC_REJECT, SYNC_REJECT_VERSION, 0, text);
    sync_go_down(sync, E_VERSION, 0, text);
    return E_OK;
}

/* The highest version that both speak; 0 when there is none. */
static uint32_t common_version(const struct sync_peer *a, const struct sync_peer *b)
{
    uint32_t low = a->proto_min > b->proto_min ? a->proto_min : b->proto_min;
    uint32_t high = a->proto_max < b->proto_max ? a->proto_max : b->proto_max;
    return low <= high ? high : 0;
}

static enum err check_hello(const struct sync_peer *hello)
{
    if (hello->proto_min == 0 || hello->proto_min > hello->proto_max)
        return fail(E_MALFORMED, "greeting with protocol versions %" PRIu32 " to %" PRIu32, hello->proto_min,
                    hello->proto_max);
    if (hash_is_zero(&hello->author))
        return fail(E_MALFORMED, "greeting without an author");
    return E_OK;
}

static enum err take_hello(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    if (message->type != SYNC_HELLO)
        return fail(E_DENIED, "message %d before hello", (int)message->type);
    TRY(check_hello(&message->hello));
    uint32_t version = common_version(&message->hello, &sync->options.self);
    if (version == 0)
        return refuse_version(sync, &message->hello);
    sync->peer = message->hello;
    sync->peer.proto_min = sync->peer.proto_max = version;
    say_hello(sync, SYNC_WELCOME);
    go_up(sync, now_ms);
    return E_OK;
}

/* The peer asks for its rhythm of heartbeats; how far it may go from ours is bounded, so that nobody makes us
 * spin. */
static uint32_t agreed_heartbeat(const struct sync *sync)
{
    uint32_t ours = sync->options.self.heartbeat_ms;
    uint32_t asked = sync->peer.heartbeat_ms;
    uint32_t low = ours / 10 > 0 ? ours / 10 : 1;
    if (asked == 0)
        return ours;
    return asked < low ? low : asked / 10 > ours ? ours * 10 : asked;
}

static enum err take_welcome(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    const struct sync_peer *hello = &message->hello;
    TRY(check_hello(hello));
    if (message->session == 0)
        return fail(E_MALFORMED, "a welcome that names no session");
    sync->session = message->session;
    if (hello->proto_min != hello->proto_max || common_version(hello, &sync->options.self) == 0) {
        const char *text = "the version chosen was not among those offered";
        say_goodbye(sync, SYNC_BYE, 0, 0, text);
        sync_go_down(sync, E_VERSION, 0, text);
        return E_OK;
    }
    sync->peer = *hello;
    sync->heartbeat_ms = agreed_heartbeat(sync);
    go_up(sync, now_ms);
    return E_OK;
}

static enum err err_of_reject(enum sync_reject code)
{
    static const enum err codes[] = {
        [SYNC_REJECT_VERSION] = E_VERSION,    [SYNC_REJECT_REVOKED] = E_DENIED,
        [SYNC_REJECT_BUSY] = E_BUSY,          [SYNC_REJECT_FULL] = E_FULL,
        [SYNC_REJECT_QUOTA] = E_BUSY,         [SYNC_REJECT_UNKNOWN] = E_NOT_FOUND,
        [SYNC_REJECT_PROTOCOL] = E_MALFORMED, [SYNC_REJECT_INVITE] = E_DENIED,
        [SYNC_REJECT_PENDING] = E_BUSY,
    };
    if ((size_t)code >= sizeof codes / sizeof *codes || codes[code] == E_OK)
        return E_MALFORMED;
    return codes[code];
}

static enum err take_goodbye(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)now_ms;
    enum err code = message->type == SYNC_BYE ? E_UNREACHABLE : err_of_reject(message->reject.code);
    sync_go_down(sync, code, message->reject.retry_after_ms, message->reject.text);
    return E_OK;
}

/* ---- messages */

static enum err take_ping(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)now_ms;
    struct sync_message pong = { .type = SYNC_PONG };
    pong.ping.clock_ms = message->ping.clock_ms;
    sync_send(sync, &pong);
    return E_OK;
}

/* Hearing it is all there is to it. */
static enum err take_pong(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)sync, (void)message, (void)now_ms;
    return E_OK;
}

static enum err take_misplaced(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    (void)sync, (void)now_ms;
    return fail(E_DENIED, "message %d on a link that is up", (int)message->type);
}

static enum err (*const when_up[])(struct sync *, const struct sync_message *, uint64_t now_ms) = {
    [SYNC_HELLO] = take_misplaced,    [SYNC_WELCOME] = take_misplaced,
    [SYNC_REJECT] = take_goodbye,     [SYNC_FRONTIER] = sync_take_frontier,
    [SYNC_BATCH] = sync_take_batch,   [SYNC_ACK] = sync_take_ack,
    [SYNC_NACK] = sync_take_nack,     [SYNC_CREDIT] = sync_take_credit,
    [SYNC_PING] = take_ping,          [SYNC_PONG] = take_pong,
    [SYNC_BYE] = take_goodbye,        [SYNC_ENROL] = take_misplaced,
    [SYNC_ENROLLED] = take_misplaced,
};

/* A listener that has no session for a key, or refuses a frame, answers in session 0: that ends the dialer's
 * link too. */
static bool is_of_this_link(const struct sync *sync, const struct sync_message *message)
{
    bool is_end = message->type == SYNC_REJECT || message->type == SYNC_BYE;
    return message->session == sync->session || (sync->is_dialer && is_end && message->session == 0);
}

static enum err receive_up(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    if (!is_of_this_link(sync, message)) {
        sync->stale++;
        return E_OK;
    }
    sync->last_heard_ms = now_ms;
    size_t type = (size_t)message->type;
    if (type >= sizeof when_up / sizeof *when_up || when_up[type] == NULL)
        return E_OK;
    return when_up[type](sync, message, now_ms);
}

static enum err receive_greeting(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    if (message->type == SYNC_WELCOME)
        return take_welcome(sync, message, now_ms);
    if (message->type == SYNC_REJECT || message->type == SYNC_BYE)
        return take_goodbye(sync, message, now_ms);
    return fail(E_DENIED, "message %d before welcome", (int)message->type);
}

enum err sync_receive(struct sync *sync, const struct sync_message *message, uint64_t now_ms)
{
    switch (sync->state) {
    case SYNC_IDLE:
        return take_hello(sync, message, now_ms);
    case SYNC_GREETING:
        return receive_greeting(sync, message, now_ms);
    case SYNC_UP:
        return receive_up(sync, message, now_ms);
    case SYNC_DOWN:
        break;
    }
    return E_OK;
}

void sync_bye(struct sync *sync, uint64_t retry_after_ms, uint64_t now_ms)
{
    (void)now_ms;
    if (sync->state == SYNC_UP || sync->state == SYNC_GREETING)
        say_goodbye(sync, SYNC_BYE, 0, retry_after_ms, "going away");
    sync->state = SYNC_DOWN;
}

void sync_reject(struct sync *sync, enum sync_reject code, uint64_t retry_after_ms, const char *text)
{
    if (sync->state != SYNC_DOWN)
        say_goodbye(sync, SYNC_REJECT, code, retry_after_ms, text);
    sync->state = SYNC_DOWN;
}

/* ---- time */

static uint64_t jittered(uint32_t interval_ms, uint32_t random)
{
    uint64_t spread = (uint64_t)interval_ms / 2;
    uint64_t ms = interval_ms - spread / 2 + ((spread * random) >> 32);
    return ms > 0 ? ms : 1;
}

static uint64_t tick_greeting(struct sync *sync, uint64_t now_ms)
{
    if (sync->greet_until_ms == 0)
        sync->greet_until_ms = now_ms + sync->options.greeting_timeout_ms;
    if (now_ms < sync->greet_until_ms)
        return sync->greet_until_ms;
    sync_go_down(sync, E_TIMEOUT, 0, "no greeting from the peer");
    return SYNC_NEVER;
}

static uint64_t tick_up(struct sync *sync, uint64_t now_ms, uint32_t random)
{
    uint64_t dead_at = sync->last_heard_ms + (uint64_t)sync->options.missed_heartbeats * sync->heartbeat_ms;
    if (now_ms >= dead_at) {
        say_goodbye(sync, SYNC_BYE, 0, 0, "nothing heard from you");
        sync_go_down(sync, E_TIMEOUT, 0, "nothing heard from the peer");
        return SYNC_NEVER;
    }
    uint64_t due = dead_at;
    if (sync->is_dialer) {
        if (sync->next_ping_ms != 0 && now_ms >= sync->next_ping_ms) {
            struct sync_message ping = { .type = SYNC_PING, .ping.clock_ms = now_ms };
            sync_send(sync, &ping);
            sync->next_ping_ms = 0;
        }
        if (sync->next_ping_ms == 0)
            sync->next_ping_ms = now_ms + jittered(sync->heartbeat_ms, random);
        due = sync->next_ping_ms < due ? sync->next_ping_ms : due;
    }
    if (now_ms >= sync->next_retry_ms)
        sync_flow_retry(sync, now_ms);
    return sync->next_retry_ms < due ? sync->next_retry_ms : due;
}

uint64_t sync_tick(struct sync *sync, uint64_t now_ms, uint32_t random)
{
    switch (sync->state) {
    case SYNC_IDLE:
    case SYNC_GREETING:
        return tick_greeting(sync, now_ms);
    case SYNC_UP:
        return tick_up(sync, now_ms, random);
    case SYNC_DOWN:
        break;
    }
    return SYNC_NEVER;
}

/* ---- looking */

enum sync_state sync_state(const struct sync *sync)
{
    return sync->state;
}

const struct sync_peer *sync_peer(const struct sync *sync)
{
    return &sync->peer;
}

uint32_t sync_session(const struct sync *sync)
{
    return sync->session;
}

void sync_session_set(struct sync *sync, uint32_t session)
{
    sync->session = session;
}

uint64_t sync_last_heard_ms(const struct sync *sync)
{
    return sync->last_heard_ms;
}

uint64_t sync_stale(const struct sync *sync)
{
    return sync->stale;
}
