/* hub_node: nodes made by hand, for the hub of hub_help.h: a DEALER, core/sync as the dialer, and a feed in
 * memory. */
#pragma once

#include "hub_help.h"

#define NODE_RECORDS 4096

struct node {
    struct home home;
    struct feed feed;
    struct buf *packed[NODE_RECORDS]; /* own records, one each */
    struct dealer *dealer;
    struct sync *sync;
    bool is_up, wants_own;

    /* what came */
    struct sync_message last; /* without what it points to */
    bool has_last;
    uint64_t acked_next;
    enum err nacked;
    uint64_t nacked_seq;
    bool down;
    enum err down_code;
    uint64_t retry_after_ms;
    char down_text[200];
    struct feed hubs; /* the hub's feed, as received */
    struct buf received;
    size_t n_received;
    bool sends_nothing;

    struct { /* asked by the machine, to be answered outside of it */
        bool fetch, store;
        struct hash author;
        uint64_t from;
        uint64_t bytes;
    } pending;
};

static inline void node_keep(struct node *node, struct buf *packed)
{
    struct buf *kept = mem_alloc(sizeof *kept);
    *kept = *packed;
    *packed = (struct buf){ 0 };
    node->packed[node->feed.next - 1] = kept;
}

static inline void node_make(struct node *node, const char *name)
{
    AUTO(buf_clear) struct buf inception = { 0 };
    struct home_new wanted = { .role = HOME_NODE, .name = name, .geoid = "", .level = "city", .title = name };
    *node = (struct node){ 0 };
    assert_int_equal(home_identity(&wanted, &node->home, &inception), E_OK);
    struct bytes rest = buf_view(&inception);
    struct record record;
    size_t accepted;
    assert_int_equal(run_next(&rest, &record), E_OK);
    feed_init(&node->feed, &node->home.author);
    assert_int_equal(feed_take(&node->feed, &record, 1, &accepted), E_OK);
    node_keep(node, &inception);
    feed_init(&node->hubs, &hub.home.author);
}

static inline void node_hang_up(struct node *node)
{
    sync_free(&node->sync);
    if (node->dealer != NULL)
        dealer_note(node->dealer, NULL);
    dealer_free(&node->dealer);
    node->is_up = node->down = node->has_last = false;
    memset(&node->pending, 0, sizeof node->pending);
}

static inline void node_clear(struct node *node)
{
    node_hang_up(node);
    for (size_t i = 0; i < NODE_RECORDS; i++)
        if (node->packed[i] != NULL) {
            buf_clear(node->packed[i]);
            free(node->packed[i]);
        }
    buf_clear(&node->received);
}

/* An Engagement: nonce (field 1) of 16 bytes, kind (field 3) 1, title (field 4). */
static inline struct bytes engagement_payload(uint32_t nonce, const char *title, struct buf *out)
{
    out->len = 0;
    buf_u16(out, 0x0a10);
    buf_u64(out, 0x1122334455667788);
    buf_u32(out, 7);
    buf_u32(out, nonce);
    buf_u16(out, 0x1801);
    buf_u8(out, 0x22);
    buf_u8(out, (uint8_t)strlen(title));
    buf_text(out, title);
    return buf_view(out);
}

static inline void node_say(struct node *node, enum visibility visibility, const char *title)
{
    uint8_t salt[SALT_BYTES] = { 1 };
    AUTO(buf_clear) struct buf payload = { 0 };
    struct buf packed = { 0 };
    struct bytes bytes = engagement_payload((uint32_t)node->feed.next, title, &payload);
    assert_int_equal(feed_append(&node->feed, &node->home.record, KIND_STATEMENT, (uint16_t)visibility,
                                 TYPE_ENGAGEMENT, clock_wall_ms(), salt, bytes, &packed),
                     E_OK);
    node_keep(node, &packed);
}

static inline void node_sends(struct node *node, const struct sync_message *message)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    wire_encode(message, 1, &frame);
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    while (dealer_send(node->dealer, buf_view(&frame)) == E_BUSY && clock_mono_ms() < until)
        zmq_poll(NULL, 0, 1);
}

static inline void on_send(void *context, const struct sync_message *message)
{
    node_sends(context, message);
}

static inline void on_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct node *node = context;
    (void)max_bytes;
    node->pending.fetch = true;
    node->pending.author = *author;
    node->pending.from = from;
}

static inline void on_store(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                            struct bytes records)
{
    struct node *node = context;
    (void)first_seq;
    node->pending.store = true;
    node->pending.author = *author;
    node->pending.bytes += records.len;
    buf_bytes(&node->received, records);
    node->n_received += count;
    struct record parsed[MAX_RUN_RECORDS];
    size_t n = 0, accepted = 0;
    assert_int_equal(run_parse(&records, parsed, MAX_RUN_RECORDS, &n), E_OK);
    if (hash_equal(author, &node->hubs.author))
        assert_int_equal(feed_take(&node->hubs, parsed, n, &accepted), E_OK);
}

static inline bool on_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    (void)context, (void)author, (void)mark;
    return false;
}

static inline void on_up(void *context, const struct sync_peer *peer)
{
    (void)peer;
    ((struct node *)context)->is_up = true;
}

static inline void on_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct node *node = context;
    (void)author, (void)head;
    node->acked_next = next;
}

static inline void on_nacked(void *context, const struct hash *author, uint64_t seq, enum err code,
                             const char *text)
{
    struct node *node = context;
    (void)author, (void)text;
    node->nacked = code;
    node->nacked_seq = seq;
}

static inline void on_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct node *node = context;
    node->down = true;
    node->down_code = code;
    node->retry_after_ms = retry_after_ms;
    snprintf(node->down_text, sizeof node->down_text, "%s", text);
}

static inline struct sync_peer node_peer(const struct node *node)
{
    return (struct sync_peer){ .proto_min = 1,
                               .proto_max = 1,
                               .author = node->home.author,
                               .store_id = { 1 },
                               .role = SYNC_NODE,
                               .heartbeat_ms = 2000,
                               .credit_bytes = 1 << 20,
                               .software = "test" };
}

static inline void node_dial_with(struct node *node, const struct secret *own)
{
    node_hang_up(node);
    assert_int_equal(
        dealer_new(front_endpoint(hub.front), &hub.home.transport.public_key, own, false, &node->dealer),
        E_OK);
    dealer_note(NULL, node->dealer);
}

static inline void node_dial(struct node *node)
{
    node_dial_with(node, &node->home.transport);
    struct sync_options options = { .self = node_peer(node),
                                    .greeting_timeout_ms = PATIENCE_MS,
                                    .max_feeds = 4 };
    struct sync_host host = {
        node, on_send, on_fetch, on_store, on_stand, on_up, on_acked, on_nacked, on_down
    };
    node->sync = sync_new(&options, &host);
    struct sync_mark own = { .author = node->home.author,
                             .next = node->feed.next,
                             .head = node->feed.head,
                             .offers = true,
                             .wants = node->wants_own };
    struct sync_mark hubs = {
        .author = hub.home.author, .next = node->hubs.next, .head = node->hubs.head, .wants = true
    };
    sync_follow(node->sync, &own);
    sync_follow(node->sync, &hubs);
    sync_dial(node->sync, clock_mono_ms());
}

static inline void answer_fetch(struct node *node)
{
    AUTO(buf_clear) struct buf run = { 0 };
    uint64_t from = node->pending.from, seq = from;
    for (; seq < node->feed.next && seq - from < MAX_RUN_RECORDS &&
           run.len + node->packed[seq]->len < MAX_BATCH_BYTES;
         seq++)
        buf_bytes(&run, buf_view(node->packed[seq]));
    node->pending.fetch = false;
    sync_fetched(node->sync, &node->home.author, from, (uint32_t)(seq - from), buf_view(&run),
                 clock_mono_ms());
}

static inline void answer_store(struct node *node)
{
    node->pending.store = false;
    uint64_t bytes = node->pending.bytes;
    node->pending.bytes = 0;
    sync_stored(node->sync, &node->hubs.author, node->hubs.next, &node->hubs.head, bytes, clock_mono_ms());
}

/* One turn of the node's loop. */
static inline void node_turn(struct node *node)
{
    zmq_pollitem_t item = { dealer_socket(node->dealer), 0, ZMQ_POLLIN, 0 };
    zmq_poll(&item, 1, 2);
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message wire = { 0 };
    while (dealer_receive(node->dealer, &frame) == E_OK && wire_decode(buf_view(&frame), &wire) == E_OK) {
        node->last = wire.message;
        node->has_last = true;
        if (node->sync != NULL)
            assert_int_equal(sync_receive(node->sync, &wire.message, clock_mono_ms()), E_OK);
    }
    if (node->sync == NULL)
        return;
    if (node->pending.fetch && !node->sends_nothing)
        answer_fetch(node);
    if (node->pending.store)
        answer_store(node);
    sync_tick(node->sync, clock_mono_ms(), 0);
}

#define UNTIL(node, condition)                                                                               \
    do {                                                                                                     \
        uint64_t until_ = clock_mono_ms() + PATIENCE_MS;                                                     \
        while (!(condition)) {                                                                               \
            if (clock_mono_ms() > until_)                                                                    \
                fail_msg("waited in vain for %s", #condition);                                               \
            node_turn(node);                                                                                 \
        }                                                                                                    \
    } while (0)

/* Presents its inception with the key of an invite (or any other), and waits for the word. */
static inline struct sync_message node_enrol(struct node *node, const struct secret *with)
{
    node_dial_with(node, with);
    struct sync_message enrol = { .type = SYNC_ENROL };
    enrol.enrol.inception = buf_view(node->packed[0]);
    node_sends(node, &enrol);
    UNTIL(node, node->has_last);
    return node->last;
}

static inline struct secret invite_secret(const struct token *token)
{
    struct secret secret;
    secret_transport_from_seed(token->invite_secret, &secret);
    return secret;
}

static inline void node_join(struct node *node, const char *name)
{
    node_make(node, name);
    struct token token = invite_for(name, true);
    struct secret secret = invite_secret(&token);
    assert_int_equal(node_enrol(node, &secret).type, SYNC_ENROLLED);
    node_hang_up(node);
}

static inline void node_connect(struct node *node)
{
    node_dial(node);
    UNTIL(node, node->is_up);
}

/* One batch, past the machine: what a hostile or broken node sends. */
static inline void send_batch(struct node *node, uint64_t first, uint32_t count, struct bytes records)
{
    struct sync_message message = { .type = SYNC_BATCH, .session = sync_session(node->sync) };
    message.batch.author = node->home.author;
    message.batch.first_seq = first;
    message.batch.count = count;
    message.batch.records = records;
    node_sends(node, &message);
}

/* ---- what the hub's log holds */

static inline void at_position(uint64_t position, struct record *out, struct store_view *view)
{
    struct bytes entry, salted;
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    assert_int_equal(record_parse(entry, out), E_OK);
    record_open(out, salted);
}

/* ---- the office's own statements */

static inline enum err office_put(uint32_t nonce, const char *title, const char *mode, struct asked *asked)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    ask_with(asked, "mode", mode);
    control_request_blob(&asked->request, engagement_payload(nonce, title, &payload));
    return ask(asked, cmd_record_put);
}
