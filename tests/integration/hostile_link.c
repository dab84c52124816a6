#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "hostile.h"

#define PATIENCE_MS 10000
#define PROVOCATIONS 1000 /* more than any hub puts up with */

void zeros(struct buf *out, size_t len)
{
    static const uint8_t some[4096];
    for (size_t n; len > 0; len -= n) {
        n = len < sizeof some ? len : sizeof some;
        buf_append(out, some, n);
    }
}

void link_clear(struct hostile *h)
{
    dealer_free(&h->dealer);
    wire_clear(&h->in);
    buf_clear(&h->frame);
}

enum err link_dial(struct hostile *h, const struct key *hub_key, const struct secret *own)
{
    link_clear(h);
    h->session = 0;
    h->has_mark = false;
    return dealer_new(h->endpoint, hub_key, own, true, &h->dealer);
}

static enum err wait_a_little(struct hostile *h)
{
    zmq_pollitem_t item = { dealer_socket(h->dealer), 0, ZMQ_POLLIN, 0 };
    zmq_poll(&item, 1, 2);
    return dealer_state(h->dealer);
}

enum err link_raw(struct hostile *h, struct bytes frame)
{
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    enum err err;
    while ((err = dealer_send(h->dealer, frame)) == E_BUSY && clock_mono_ms() < until)
        TRY(wait_a_little(h));
    return err;
}

enum err link_send(struct hostile *h, struct sync_message *message)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    message->session = h->session;
    wire_encode(message, 1, &frame);
    return link_raw(h, buf_view(&frame));
}

static void note_marks(struct hostile *h)
{
    const struct sync_message *m = &h->in.message;
    for (size_t i = 0; m->type == SYNC_FRONTIER && i < m->frontier.count; i++) {
        const struct sync_mark *mark = &m->frontier.marks[i];
        if (!hash_equal(&mark->author, &h->home.author))
            continue;
        h->next = mark->next;
        h->head = mark->head;
        h->has_mark = true;
    }
}

static bool is_small_talk(enum sync_type type)
{
    return type == SYNC_FRONTIER || type == SYNC_CREDIT || type == SYNC_PING || type == SYNC_PONG ||
           type == SYNC_BATCH;
}

/* One message, of any kind. E_NOT_FOUND: none yet. */
static enum err take(struct hostile *h)
{
    TRY(dealer_receive(h->dealer, &h->frame));
    TRY(wire_decode(buf_view(&h->frame), &h->in));
    note_marks(h);
    return E_OK;
}

enum err link_hear(struct hostile *h, uint64_t wait_ms)
{
    uint64_t until = clock_mono_ms() + wait_ms;
    do {
        enum err err = take(h);
        if (err == E_OK && !is_small_talk(h->in.message.type))
            return E_OK;
        if (err == E_NOT_FOUND)
            err = wait_a_little(h);
        TRY(err);
    } while (clock_mono_ms() < until);
    return fail(E_TIMEOUT, "the hub says nothing");
}

enum err link_expect(struct hostile *h, enum sync_type type)
{
    TRY(link_hear(h, PATIENCE_MS));
    link_print(h);
    if (h->in.message.type != type)
        return fail(E_UNMET, "message %d came, not %d", (int)h->in.message.type, (int)type);
    return E_OK;
}

struct sync_message link_hello(const struct hostile *h)
{
    struct sync_message message = { .type = SYNC_HELLO };
    message.hello = (struct sync_peer){ .proto_min = SYNC_MAJOR,
                                        .proto_max = SYNC_MAJOR,
                                        .author = h->home.author,
                                        .store_id = { 1 },
                                        .role = SYNC_NODE,
                                        .clock_ms = clock_wall_ms(),
                                        .heartbeat_ms = 1000,
                                        .credit_bytes = 1 << 20,
                                        .software = "hostile" };
    return message;
}

static enum err wait_for_mark(struct hostile *h)
{
    uint64_t until = clock_mono_ms() + PATIENCE_MS;
    enum err err = E_NOT_FOUND;
    while (!h->has_mark && (err == E_OK || err == E_NOT_FOUND) && clock_mono_ms() < until) {
        err = take(h);
        if (err == E_NOT_FOUND)
            TRY(wait_a_little(h));
    }
    return h->has_mark ? E_OK : fail(E_UNMET, "the hub does not say where it stands");
}

enum err link_greet(struct hostile *h)
{
    struct sync_message hello = link_hello(h);
    TRY(link_dial(h, &h->hub.inception.transport_key, &h->home.transport));
    TRY(link_send(h, &hello));
    TRY(link_hear(h, PATIENCE_MS));
    if (h->in.message.type != SYNC_WELCOME) {
        link_print(h);
        return fail(E_UNMET, "the hub does not welcome us");
    }
    h->session = h->in.message.session;
    return wait_for_mark(h);
}

/* Until then nothing we say is heard. */
static enum err sit_out(struct hostile *h, enum err (*misdeed)(struct hostile *h), int more, uint64_t ms)
{
    uint64_t until = clock_mono_ms() + ms + 20;
    while (more-- > 0)
        TRY(misdeed(h));
    uint64_t now = clock_mono_ms();
    enum err err = link_hear(h, until > now ? until - now : 0);
    if (err != E_OK)
        return err == E_TIMEOUT ? E_OK : err;
    link_print(h);
    return fail(E_UNMET, "expected silence");
}

enum err link_provoke(struct hostile *h, enum err (*misdeed)(struct hostile *h), int more)
{
    enum err err = E_TIMEOUT;
    int count = 0;
    for (; count < PROVOCATIONS && err == E_TIMEOUT; count++) {
        TRY(misdeed(h));
        err = link_hear(h, 1);
    }
    TRY(err);
    printf("after %d: ", count);
    link_print(h);
    const struct sync_message *m = &h->in.message;
    if (m->type != SYNC_REJECT || m->reject.code != SYNC_REJECT_PROTOCOL || m->reject.retry_after_ms == 0)
        return fail(E_UNMET, "expected to be refused for breaking the protocol, and for how long");
    return sit_out(h, misdeed, more, m->reject.retry_after_ms);
}

void link_print(const struct hostile *h)
{
    const struct sync_message *m = &h->in.message;
    switch (m->type) {
    case SYNC_REJECT:
    case SYNC_BYE:
        printf("%s code=%d retry_after_ms=%" PRIu64 " text=\"%s\"\n", m->type == SYNC_BYE ? "BYE" : "REJECT",
               (int)m->reject.code, m->reject.retry_after_ms, m->reject.text);
        break;
    case SYNC_ACK:
        printf("ACK next=%" PRIu64 "\n", m->ack.next);
        break;
    case SYNC_NACK:
        printf("NACK seq=%" PRIu64 " code=\"%s\" final=%d text=\"%s\"\n", m->nack.seq, err_name(m->nack.code),
               m->nack.final, m->nack.text);
        break;
    default:
        printf("message %d\n", (int)m->type);
    }
}
