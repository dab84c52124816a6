/* carry_hand: a link's machine and its carry without any socket: the test is the hub, and says what it says
 * by hand. */
#pragma once

#include "node_bench.h"

#include "daemon/carry.h"

#define SESSION 5

struct said {
    unsigned times[16]; /* of each type */
    uint64_t first_seq[64];
    uint32_t count[64];
    size_t bytes[64], n_batches;
    struct sync_message last; /* its bytes are gone */
};

struct hand {
    struct face face;
    struct carry carry;
    struct sync *sync;
    struct said said;
    uint64_t now_ms;
};

static inline void note_said(void *context, const struct sync_message *message)
{
    struct said *said = context;
    said->times[message->type & 15]++;
    said->last = *message;
    if (message->type != SYNC_BATCH)
        return;
    assert_true(said->n_batches < 64);
    said->first_seq[said->n_batches] = message->batch.first_seq;
    said->count[said->n_batches] = message->batch.count;
    said->bytes[said->n_batches++] = message->batch.records.len;
}

static inline enum err hear(struct hand *h, struct sync_message message)
{
    message.session = SESSION;
    enum err err = sync_receive(h->sync, &message, h->now_ms);
    carry_push(&h->carry, h->sync, h->now_ms);
    while (carry_serve(&h->carry, h->sync, h->now_ms))
        continue;
    return err;
}

/* A link that is greeted, with so many bytes of credit from the hub. */
static inline void greet(struct bench *b, struct hand *h, uint64_t credit_bytes)
{
    *h = (struct hand){ .now_ms = 1000000 };
    const struct hash *hub = &b->hub.office.home.author;
    h->face.author = *hub;
    assert_int_equal(carry_init(&h->carry, b->node, &h->face, note_said, &h->said), E_OK);
    struct sync_options options = {
        .self = { .proto_min = SYNC_MAJOR,
                  .proto_max = SYNC_MAJOR,
                  .author = b->home.author,
                  .role = SYNC_NODE,
                  .max_batch_bytes = MAX_BATCH_BYTES,
                  .heartbeat_ms = 1000,
                  .credit_bytes = b->options.credit_bytes },
        .greeting_timeout_ms = 1000,
        .missed_heartbeats = 4,
        .max_feeds = 8,
    };
    struct sync_host host = carry_host(&h->carry);
    h->sync = sync_new(&options, &host);
    carry_follow(&h->carry, h->sync);
    sync_dial(h->sync, h->now_ms);
    struct sync_message welcome = { .type = SYNC_WELCOME };
    welcome.hello = options.self;
    welcome.hello.author = *hub;
    welcome.hello.role = b->hub.role;
    welcome.hello.credit_bytes = credit_bytes;
    welcome.hello.max_batch_bytes = credit_bytes < MAX_BATCH_BYTES ? (uint32_t)credit_bytes : MAX_BATCH_BYTES;
    assert_int_equal(hear(h, welcome), E_OK);
    assert_true(h->carry.up);
}

static inline struct hash own_head(struct bench *b, uint64_t next)
{
    AUTO(store_done) struct store_view *view = NULL;
    uint64_t position;
    struct bytes entry, salted;
    if (next == 0)
        return (struct hash){ { 0 } };
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(store_locate(view, &b->home.author, next - 1, &position), E_OK);
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    return hash_leaf(entry);
}

/* The hub says where it stands with our feed. */
static inline enum err stand_at(struct bench *b, struct hand *h, uint64_t next, const struct hash *head)
{
    struct sync_mark mark = { .author = b->home.author, .next = next, .head = *head, .wants = true };
    struct sync_message frontier = { .type = SYNC_FRONTIER, .frontier = { &mark, 1 } };
    return hear(h, frontier);
}

static inline enum err ask_from(struct bench *b, struct hand *h, uint64_t next)
{
    struct hash head = own_head(b, next);
    return stand_at(b, h, next, &head);
}

static inline enum err acknowledge(struct bench *b, struct hand *h, uint64_t next, uint64_t credit_bytes)
{
    struct sync_message ack = { .type = SYNC_ACK };
    ack.ack.author = b->home.author;
    ack.ack.next = next;
    ack.ack.head = own_head(b, next);
    ack.ack.credit_bytes = credit_bytes;
    return hear(h, ack);
}

static inline void let_go(struct hand *h)
{
    sync_free(&h->sync);
    carry_clear(&h->carry);
}

static inline uint64_t sent_next(const struct hand *h)
{
    size_t n = h->said.n_batches;
    return n > 0 ? h->said.first_seq[n - 1] + h->said.count[n - 1] : 0;
}
