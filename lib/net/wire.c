#include "net/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/decode.h"
#include "net/wire_batch.h"
#include "sync.pb-c.h"

#define MAGIC 0x4348U /* "CH" */
#define CRC_AT 20
/* What decoding may allocate: for a list of marks, and for anything else but a batch, which allocates
 * nothing. */
#define FRONTIER_BUDGET (1024U * 1024U)
#define SMALL_BUDGET (64U * 1024U)

/* ---- pieces */

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    return (ProtobufCBinaryData){ .len = len, .data = (uint8_t *)data };
}

static ProtobufCBinaryData binary_head(const struct hash *head)
{
    return hash_is_zero(head) ? binary(NULL, 0) : binary(head->b, HASH_BYTES);
}

/* A message with broken text would be refused whole. Cuts where a character was cut. */
static char *clean_text(char *text)
{
    if (!text_is_utf8(bytes_text(text)))
        for (char *c = text; *c != 0; c++)
            if ((unsigned char)*c > 127)
                *c = '?';
    return text;
}

static void copy_text(const char *from, char *to, size_t cap)
{
    size_t len = strlen(from);
    if (len >= cap) {
        len = cap - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = 0;
}

static enum err copy_exact(ProtobufCBinaryData from, void *to, size_t len, const char *what)
{
    if (from.len != len)
        return fail(E_MALFORMED, "%s of %zu bytes", what, from.len);
    memcpy(to, from.data, len);
    return E_OK;
}

static enum err copy_head(ProtobufCBinaryData from, struct hash *to)
{
    if (from.len == 0)
        return E_OK; /* zero already */
    return copy_exact(from, to->b, HASH_BYTES, "head");
}

/* doc/PROTOCOL.md, section 6, "NACK codes". A hole in the table is read as "not allowed". */
static const enum err refusals[] = {
    [1] = E_MALFORMED, [2] = E_UNKNOWN_AUTHOR, [3] = E_GAP,           [4] = E_BROKEN_CHAIN,
    [5] = E_EPOCH,     [6] = E_NOT_AUTHORISED, [7] = E_BAD_SIGNATURE, [8] = E_FORK,
    [11] = E_DENIED,   [12] = E_BUSY,          [13] = E_FULL,         [14] = E_TOO_BIG,
};
#define REFUSALS (sizeof refusals / sizeof *refusals)

static uint32_t refusal_number(enum err code)
{
    for (uint32_t i = 1; i < REFUSALS; i++)
        if (refusals[i] == code)
            return i;
    return 0;
}

static enum err refusal_of(uint32_t number)
{
    return number < REFUSALS && refusals[number] != E_OK ? refusals[number] : E_DENIED;
}

/* ---- writing */

static void put_hello(const struct sync_message *m, struct buf *out)
{
    struct sync_peer p = m->hello;
    Chancery__Sync__Hello b = CHANCERY__SYNC__HELLO__INIT;
    b.proto_min = p.proto_min;
    b.proto_max = p.proto_max;
    b.author = binary(p.author.b, HASH_BYTES);
    b.store_id = binary(p.store_id, sizeof p.store_id);
    b.incarnation = p.incarnation;
    b.role = p.role;
    b.clock_ms = p.clock_ms;
    b.max_batch_bytes = p.max_batch_bytes;
    b.heartbeat_ms = p.heartbeat_ms;
    b.credit_bytes = p.credit_bytes;
    b.software = clean_text(p.software);
    encode_message(&b.base, out);
}

static void put_reject(const struct sync_message *m, struct buf *out)
{
    char text[sizeof m->reject.text];
    memcpy(text, m->reject.text, sizeof text);
    Chancery__Sync__Reject b = CHANCERY__SYNC__REJECT__INIT;
    b.code = m->reject.code;
    b.retry_after_ms = m->reject.retry_after_ms;
    b.text = clean_text(text);
    encode_message(&b.base, out);
}

static void put_frontier(const struct sync_message *m, struct buf *out)
{
    size_t count = m->frontier.count;
    AUTO(free_ptr) Chancery__Sync__Mark *marks = mem_alloc((count + 1) * sizeof *marks);
    AUTO(free_ptr) Chancery__Sync__Mark **list = mem_alloc((count + 1) * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        const struct sync_mark *from = &m->frontier.marks[i];
        chancery__sync__mark__init(&marks[i]);
        marks[i].author = binary(from->author.b, HASH_BYTES);
        marks[i].next = from->next;
        marks[i].head = binary_head(&from->head);
        marks[i].oldest = from->oldest;
        marks[i].offers = from->offers;
        marks[i].wants = from->wants;
        list[i] = &marks[i];
    }
    Chancery__Sync__Frontier b = CHANCERY__SYNC__FRONTIER__INIT;
    b.n_marks = count;
    b.marks = list;
    encode_message(&b.base, out);
}

static void put_ack(const struct sync_message *m, struct buf *out)
{
    Chancery__Sync__Ack b = CHANCERY__SYNC__ACK__INIT;
    b.author = binary(m->ack.author.b, HASH_BYTES);
    b.next = m->ack.next;
    b.head = binary_head(&m->ack.head);
    b.credit_bytes = m->ack.credit_bytes;
    encode_message(&b.base, out);
}

static void put_nack(const struct sync_message *m, struct buf *out)
{
    char text[sizeof m->nack.text];
    memcpy(text, m->nack.text, sizeof text);
    Chancery__Sync__Nack b = CHANCERY__SYNC__NACK__INIT;
    b.author = binary(m->nack.author.b, HASH_BYTES);
    b.seq = m->nack.seq;
    b.code = refusal_number(m->nack.code);
    b.final = m->nack.final;
    b.credit_bytes = m->nack.credit_bytes;
    b.text = clean_text(text);
    encode_message(&b.base, out);
}

static void put_credit(const struct sync_message *m, struct buf *out)
{
    Chancery__Sync__Credit b = CHANCERY__SYNC__CREDIT__INIT;
    b.bytes = m->credit.bytes;
    encode_message(&b.base, out);
}

static void put_ping(const struct sync_message *m, struct buf *out)
{
    Chancery__Sync__Ping b = CHANCERY__SYNC__PING__INIT;
    b.clock_ms = m->ping.clock_ms;
    encode_message(&b.base, out);
}

static void put_enrol(const struct sync_message *m, struct buf *out)
{
    Chancery__Sync__Enrol b = CHANCERY__SYNC__ENROL__INIT;
    b.inception = binary(m->enrol.inception.data, m->enrol.inception.len);
    encode_message(&b.base, out);
}

/* ---- reading */

static enum err unpack(const ProtobufCMessageDescriptor *type, struct bytes body, size_t budget,
                       struct wire_message *out, ProtobufCMessage **message)
{
    out->arena = arena_new(budget);
    return decode_message(type, body, out->arena, message);
}

static enum err get_hello(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__hello__descriptor, body, SMALL_BUDGET, out, &message));
    const Chancery__Sync__Hello *b = (const Chancery__Sync__Hello *)message;
    struct sync_peer *p = &out->message.hello;
    TRY(copy_exact(b->author, p->author.b, HASH_BYTES, "author"));
    TRY(copy_exact(b->store_id, p->store_id, sizeof p->store_id, "store id"));
    p->proto_min = b->proto_min;
    p->proto_max = b->proto_max;
    p->incarnation = b->incarnation;
    p->role = (enum sync_role)b->role;
    p->clock_ms = b->clock_ms;
    p->max_batch_bytes = b->max_batch_bytes;
    p->heartbeat_ms = b->heartbeat_ms;
    p->credit_bytes = b->credit_bytes;
    copy_text(b->software, p->software, sizeof p->software);
    return E_OK;
}

static enum err get_reject(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__reject__descriptor, body, SMALL_BUDGET, out, &message));
    const Chancery__Sync__Reject *b = (const Chancery__Sync__Reject *)message;
    out->message.reject.code = (enum sync_reject)b->code;
    out->message.reject.retry_after_ms = b->retry_after_ms;
    copy_text(b->text, out->message.reject.text, sizeof out->message.reject.text);
    return E_OK;
}

static enum err get_mark(const Chancery__Sync__Mark *b, struct sync_mark *mark)
{
    TRY(copy_exact(b->author, mark->author.b, HASH_BYTES, "author"));
    TRY(copy_head(b->head, &mark->head));
    mark->next = b->next;
    mark->oldest = b->oldest;
    mark->offers = b->offers;
    mark->wants = b->wants;
    return E_OK;
}

static enum err get_frontier(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__frontier__descriptor, body, FRONTIER_BUDGET, out, &message));
    const Chancery__Sync__Frontier *b = (const Chancery__Sync__Frontier *)message;
    if (b->n_marks > MAX_FRONTIER_FEEDS)
        return fail(E_TOO_BIG, "%zu marks in one message", b->n_marks);
    out->marks = mem_alloc((b->n_marks + 1) * sizeof *out->marks);
    for (size_t i = 0; i < b->n_marks; i++)
        TRY(get_mark(b->marks[i], &out->marks[i]));
    out->message.frontier.marks = out->marks;
    out->message.frontier.count = b->n_marks;
    return E_OK;
}

static enum err get_batch(struct bytes body, struct wire_message *out)
{
    return wire_batch_read(body, &out->message);
}

static enum err get_ack(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__ack__descriptor, body, SMALL_BUDGET, out, &message));
    const Chancery__Sync__Ack *b = (const Chancery__Sync__Ack *)message;
    TRY(copy_exact(b->author, out->message.ack.author.b, HASH_BYTES, "author"));
    TRY(copy_head(b->head, &out->message.ack.head));
    out->message.ack.next = b->next;
    out->message.ack.credit_bytes = b->credit_bytes;
    return E_OK;
}

static enum err get_nack(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__nack__descriptor, body, SMALL_BUDGET, out, &message));
    const Chancery__Sync__Nack *b = (const Chancery__Sync__Nack *)message;
    TRY(copy_exact(b->author, out->message.nack.author.b, HASH_BYTES, "author"));
    out->message.nack.seq = b->seq;
    out->message.nack.code = refusal_of(b->code);
    out->message.nack.final = b->final;
    out->message.nack.credit_bytes = b->credit_bytes;
    copy_text(b->text, out->message.nack.text, sizeof out->message.nack.text);
    return E_OK;
}

static enum err get_credit(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__credit__descriptor, body, SMALL_BUDGET, out, &message));
    out->message.credit.bytes = ((const Chancery__Sync__Credit *)message)->bytes;
    return E_OK;
}

static enum err get_ping(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__ping__descriptor, body, SMALL_BUDGET, out, &message));
    out->message.ping.clock_ms = ((const Chancery__Sync__Ping *)message)->clock_ms;
    return E_OK;
}

static enum err get_enrol(struct bytes body, struct wire_message *out)
{
    ProtobufCMessage *message;
    TRY(unpack(&chancery__sync__enrol__descriptor, body, SMALL_BUDGET, out, &message));
    const Chancery__Sync__Enrol *b = (const Chancery__Sync__Enrol *)message;
    out->message.enrol.inception = bytes_of(b->inception.data, b->inception.len);
    return E_OK;
}

/* ---- frames */

static const struct codec {
    void (*put)(const struct sync_message *message, struct buf *out);
    enum err (*get)(struct bytes body, struct wire_message *out);
} codecs[] = {
    [SYNC_HELLO] = { put_hello, get_hello },        [SYNC_WELCOME] = { put_hello, get_hello },
    [SYNC_REJECT] = { put_reject, get_reject },     [SYNC_FRONTIER] = { put_frontier, get_frontier },
    [SYNC_BATCH] = { wire_batch_write, get_batch }, [SYNC_ACK] = { put_ack, get_ack },
    [SYNC_NACK] = { put_nack, get_nack },           [SYNC_CREDIT] = { put_credit, get_credit },
    [SYNC_PING] = { put_ping, get_ping },           [SYNC_PONG] = { put_ping, get_ping },
    [SYNC_BYE] = { put_reject, get_reject },        [SYNC_ENROL] = { put_enrol, get_enrol },
    [SYNC_ENROLLED] = { put_enrol, get_enrol },
};
#define CODECS (sizeof codecs / sizeof *codecs)

void wire_encode(const struct sync_message *message, uint32_t message_id, struct buf *out)
{
    size_t start = out->len;
    buf_u16(out, MAGIC);
    buf_u8(out, SYNC_MAJOR);
    buf_u8(out, (uint8_t)message->type);
    buf_u32(out, message->session);
    buf_u32(out, message_id);
    buf_u32(out, 0);
    buf_u64(out, 0);
    codecs[message->type].put(message, out);
    uint8_t *header = out->data + start;
    put_u32(header + 16, (uint32_t)(out->len - start - WIRE_HEADER_BYTES));
    put_u32(header + CRC_AT, crc32c(bytes_of(header, CRC_AT)));
}

/* The header, as far as it can be told without knowing the type. */
static enum err read_header(struct bytes frame, struct wire_message *out)
{
    if (frame.len > MAX_MESSAGE_BYTES)
        return fail(E_TOO_BIG, "a frame of %zu bytes", frame.len);
    if (frame.len < WIRE_HEADER_BYTES || get_u16(frame.data) != MAGIC)
        return fail(E_MALFORMED, "a frame without our header");
    if (get_u32(frame.data + CRC_AT) != crc32c(bytes_of(frame.data, CRC_AT)))
        return fail(E_MALFORMED, "a frame header with a wrong sum");
    out->major = frame.data[2];
    out->message.type = (enum sync_type)frame.data[3];
    out->message.session = get_u32(frame.data + 4);
    out->message_id = get_u32(frame.data + 8);
    if (out->major != SYNC_MAJOR)
        return fail(E_VERSION, "a frame of major version %u, this is %u", out->major, SYNC_MAJOR);
    if (get_u32(frame.data + 16) != frame.len - WIRE_HEADER_BYTES)
        return fail(E_MALFORMED, "a frame whose length is not its header's");
    return E_OK;
}

enum err wire_decode(struct bytes frame, struct wire_message *out)
{
    wire_clear(out);
    TRY(read_header(frame, out));
    size_t type = (size_t)out->message.type;
    if (type >= CODECS || codecs[type].get == NULL)
        return fail(E_NOT_FOUND, "a frame of unknown type %zu", type);
    struct bytes body = { frame.data + WIRE_HEADER_BYTES, frame.len - WIRE_HEADER_BYTES };
    return codecs[type].get(body, out);
}

void wire_clear(struct wire_message *message)
{
    arena_free(&message->arena);
    free(message->marks);
    memset(message, 0, sizeof *message);
}
