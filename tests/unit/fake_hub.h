/* fake_hub: the other end of an uplink, made by hand: a ROUTER, core/sync as the listener, and everything in
 * memory.
 *
 * It does what a test asks: refuses invites, keeps silent, withholds acknowledgements, offers a feed of its
 * own. */
#pragma once

#include "office.h"

#include <zmq.h>

#include "core/sync.h"
#include "core/token.h"
#include "net/peer.h"
#include "net/wire.h"
#include "net/zap.h"

enum enrolment { ENROL_ADMITS, ENROL_SILENT, ENROL_REJECTS, ENROL_SHOWS_ANOTHER };

struct fake_hub {
    struct office office;
    struct zap *zap;
    struct router *router;
    char endpoint[MAX_ENDPOINT_BYTES + 1];
    struct secret invite;

    enum enrolment enrolment;
    enum sync_reject reject; /* of enrolments, and of greetings when reject_hello */
    uint64_t retry_after_ms; /* of rejects */
    bool wordless;           /* rejects without a word */
    bool reject_hello;
    bool stares; /* takes a HELLO and does not answer */
    enum sync_role role;
    bool keeps_quiet; /* receives nothing */
    bool withholds_acks;
    int64_t clock_off_ms;

    struct sync *sync;
    struct route route;
    struct hash author; /* of the node */
    struct feed received;
    struct buf arrived; /* packed records of the node, as they came */
    unsigned enrolments, hellos, batches, records, acks, strikes;
    uint64_t acked_next; /* of the hub's own feed */
    enum err nacked;
    uint64_t nacked_seq;
    enum err ended; /* how the last session ended */

    struct { /* what the machine asked for */
        bool fetch, store;
        uint64_t from, bytes;
    } pending;
};

static void hub_sends(struct fake_hub *hub, const struct sync_message *message)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    wire_encode(message, 1, &frame);
    (void)router_send(hub->router, &hub->route, buf_view(&frame));
}

static void hub_on_send(void *context, const struct sync_message *message)
{
    hub_sends(context, message);
}

static void hub_on_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct fake_hub *hub = context;
    (void)author, (void)max_bytes;
    hub->pending.fetch = true;
    hub->pending.from = from;
}

static void hub_on_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                         struct bytes records)
{
    struct fake_hub *hub = context;
    (void)author, (void)first_seq;
    hub->pending.store = true;
    hub->pending.bytes += records.len;
    hub->batches++;
    hub->records += count;
    buf_bytes(&hub->arrived, records);
    struct record parsed[MAX_RUN_RECORDS];
    size_t n = 0, accepted = 0;
    assert_int_equal(run_parse(&records, parsed, MAX_RUN_RECORDS, &n), E_OK);
    assert_int_equal(n, count);
    assert_int_equal(feed_take(&hub->received, parsed, n, &accepted), E_OK);
    assert_int_equal(accepted, n);
}

static bool hub_on_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    struct fake_hub *hub = context;
    bool own = hash_equal(author, &hub->office.home.author);
    if (!own && !hash_equal(author, &hub->author))
        return false;
    const struct feed *feed = own ? &hub->office.feed : &hub->received;
    *mark = (struct sync_mark){
        .author = *author, .next = feed->next, .head = feed->head, .offers = own, .wants = !own
    };
    return true;
}

static void hub_on_up(void *context, const struct sync_peer *peer)
{
    (void)context, (void)peer;
}

static void hub_on_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct fake_hub *hub = context;
    (void)author, (void)head;
    hub->acks++;
    hub->acked_next = next;
}

static void hub_on_nacked(void *context, const struct hash *author, uint64_t seq, enum err code,
                          const char *text)
{
    struct fake_hub *hub = context;
    (void)author, (void)text;
    hub->nacked = code;
    hub->nacked_seq = seq;
}

static void hub_on_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct fake_hub *hub = context;
    (void)retry_after_ms, (void)text;
    hub->ended = code;
}

static void hub_new_session(struct fake_hub *hub)
{
    struct sync_options options = {
        .self = {
            .proto_min = SYNC_MAJOR,
            .proto_max = SYNC_MAJOR,
            .author = hub->office.home.author,
            .store_id = "a hub's store id",
            .role = hub->role,
            .clock_ms = clock_wall_ms() + hub->clock_off_ms,
            .max_batch_bytes = MAX_BATCH_BYTES,
            .heartbeat_ms = 200,
            .credit_bytes = 1 << 20,
            .software = "fake",
        },
        .greeting_timeout_ms = 1000,
        .missed_heartbeats = 10,
        .max_feeds = 8,
    };
    struct sync_host host = { hub,       hub_on_send,  hub_on_fetch,  hub_on_store, hub_on_stand,
                              hub_on_up, hub_on_acked, hub_on_nacked, hub_on_down };
    sync_free(&hub->sync);
    memset(&hub->pending, 0, sizeof hub->pending);
    hub->sync = sync_new(&options, &host);
    sync_session_set(hub->sync, ++hub->hellos);
}

static void hub_serves(struct fake_hub *hub)
{
    uint64_t now_ms = clock_mono_ms();
    while (hub->pending.fetch) {
        uint64_t from = hub->pending.from;
        hub->pending.fetch = false;
        AUTO(buf_clear) struct buf run = { 0 };
        uint32_t count = 0;
        for (; from + count < hub->office.feed.next; count++)
            buf_bytes(&run, buf_view(&hub->office.packed[from + count]));
        sync_fetched(hub->sync, &hub->office.home.author, from, count, buf_view(&run), now_ms);
    }
    if (hub->pending.store && !hub->withholds_acks) {
        uint64_t bytes = hub->pending.bytes;
        hub->pending.store = false;
        hub->pending.bytes = 0;
        sync_stored(hub->sync, &hub->author, hub->received.next, &hub->received.head, bytes, now_ms);
        hub_serves(hub);
    }
}

static void hub_rejects(struct fake_hub *hub, const char *text)
{
    struct sync_message answer = { .type = SYNC_REJECT };
    answer.reject.code = hub->reject;
    answer.reject.retry_after_ms = hub->retry_after_ms;
    snprintf(answer.reject.text, sizeof answer.reject.text, "%s", hub->wordless ? "" : text);
    hub_sends(hub, &answer);
}

static void hub_hears_enrol(struct fake_hub *hub, const struct sync_message *message)
{
    hub->enrolments++;
    struct bytes inception = message->enrol.inception;
    struct record record;
    struct inception said;
    assert_int_equal(run_next(&inception, &record), E_OK);
    assert_int_equal(inception_read(record.payload, &said), E_OK);
    struct sync_message answer = { .type = SYNC_ENROLLED, .enrol = { buf_view(&hub->office.packed[0]) } };
    AUTO(buf_clear) struct buf other = { 0 };
    struct home another;
    if (hub->enrolment == ENROL_ADMITS || hub->enrolment == ENROL_SILENT)
        zap_allow(hub->zap, "peers", &said.transport_key, 0);
    if (hub->enrolment == ENROL_SILENT)
        return;
    if (hub->enrolment == ENROL_SHOWS_ANOTHER) {
        make_identity(HOME_HUB, "impostor", &another, &other);
        answer.enrol.inception = buf_view(&other);
    }
    if (hub->enrolment == ENROL_REJECTS)
        hub_rejects(hub, "the invite is used up");
    else
        hub_sends(hub, &answer);
}

static void hub_hears(struct fake_hub *hub, const struct sync_message *message)
{
    if (message->type == SYNC_ENROL) {
        hub_hears_enrol(hub, message);
        return;
    }
    if (message->type == SYNC_HELLO && (hub->reject_hello || hub->stares)) {
        hub->hellos++;
        if (hub->reject_hello)
            hub_rejects(hub, "not now");
        return;
    }
    if (message->type == SYNC_HELLO)
        hub_new_session(hub);
    if (hub->sync == NULL)
        return;
    if (sync_receive(hub->sync, message, clock_mono_ms()) != E_OK)
        hub->strikes++;
    hub_serves(hub);
}

static void hub_turn(struct fake_hub *hub)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message in = { 0 };
    struct route from;
    struct key key;
    while (!hub->keeps_quiet && router_receive(hub->router, &from, &key, &frame) == E_OK) {
        assert_int_equal(wire_decode(buf_view(&frame), &in), E_OK);
        hub->route = from;
        hub_hears(hub, &in.message);
    }
    if (hub->sync != NULL) {
        hub_serves(hub);
        sync_tick(hub->sync, clock_mono_ms(), 1);
    }
}

static void hub_listens(struct fake_hub *hub, const char *endpoint)
{
    assert_int_equal(router_new(endpoint, "peers", &hub->office.home.transport, &hub->router), E_OK);
    snprintf(hub->endpoint, sizeof hub->endpoint, "%s", router_endpoint(hub->router));
}

static void hub_goes_away(struct fake_hub *hub)
{
    sync_free(&hub->sync);
    router_free(&hub->router);
}

static void hub_make(struct fake_hub *hub)
{
    *hub = (struct fake_hub){ .role = SYNC_HUB };
    office_make(&hub->office);
    uint8_t seed[32] = { 7 };
    secret_transport_from_seed(seed, &hub->invite);
    assert_int_equal(zap_new(&hub->zap), E_OK);
    zap_allow(hub->zap, "peers", &hub->invite.public_key, 0);
    hub_listens(hub, "tcp://127.0.0.1:*");
}

static void hub_clear(struct fake_hub *hub)
{
    hub_goes_away(hub);
    zap_free(&hub->zap);
    office_clear(&hub->office);
    buf_clear(&hub->arrived);
}

static void hub_expects(struct fake_hub *hub, const struct home *node)
{
    hub->author = node->author;
    feed_init(&hub->received, &node->author);
}

static struct token hub_token(const struct fake_hub *hub, const char *name)
{
    struct token token = { .hub_key = hub->office.home.transport.public_key,
                           .hub_author = hub->office.home.author };
    snprintf(token.name, sizeof token.name, "%s", name);
    snprintf(token.endpoint, sizeof token.endpoint, "%s", hub->endpoint);
    memcpy(token.invite_secret, hub->invite.seed, 32);
    return token;
}

/* The hub says something more in its own feed: a tick. */
static inline void hub_says(struct fake_hub *hub)
{
    office_ticks(&hub->office);
    if (hub->sync != NULL) {
        sync_grown(hub->sync, &hub->office.home.author, hub->office.feed.next, &hub->office.feed.head,
                   clock_mono_ms());
        hub_serves(hub);
    }
}

/* Waits for something on the two ends, 10 ms at most. */
static void hub_waits(struct fake_hub *hub, struct node *node)
{
    zmq_pollitem_t items[2] = { { NULL, node_fd(node, 0), ZMQ_POLLIN, 0 } };
    int count = items[0].fd >= 0;
    if (hub->router != NULL)
        items[count++] = (zmq_pollitem_t){ router_socket(hub->router), 0, ZMQ_POLLIN, 0 };
    zmq_poll(items, count, 10);
}

/* Turns both ends until condition holds; fails after ten seconds. */
#define UNTIL(hub, node, condition)                                                                          \
    do {                                                                                                     \
        uint64_t until_ = clock_mono_ms() + 10000;                                                           \
        for (;;) {                                                                                           \
            node_turn(node, clock_mono_ms());                                                                \
            if ((hub)->router != NULL)                                                                       \
                hub_turn(hub);                                                                               \
            if (condition)                                                                                   \
                break;                                                                                       \
            assert_true(clock_mono_ms() < until_);                                                           \
            hub_waits(hub, node);                                                                            \
        }                                                                                                    \
    } while (0)
