#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire.h"

#include <cmocka.h>

static uint8_t packed[5000];

static struct hash hash_of(uint8_t n)
{
    struct hash h;
    memset(&h, n, sizeof h);
    return h;
}

static const struct sync_mark marks[] = {
    { .author = { { 1 } }, .next = 5, .head = { { 2 } }, .oldest = 3, .offers = true },
    { .author = { { 3 } }, .wants = true },
    { .author = { { 4 } },
      .next = UINT64_MAX,
      .head = { { 255 } },
      .oldest = UINT64_MAX,
      .offers = true,
      .wants = true },
};

static struct sync_peer a_hub(void)
{
    struct sync_peer peer = { .proto_min = 1,
                              .proto_max = 4,
                              .author = hash_of(7),
                              .incarnation = 1ULL << 60,
                              .role = SYNC_HUB,
                              .clock_ms = 1764000000000,
                              .max_batch_bytes = 262144,
                              .heartbeat_ms = 15000,
                              .credit_bytes = UINT64_MAX,
                              .software = "noded 0.1.0 (São Paulo)" };
    memset(peer.store_id, 9, sizeof peer.store_id);
    return peer;
}

static struct sync_message message_of(enum sync_type type)
{
    struct sync_message m = { .type = type, .session = 0xDEADBEEF };
    switch (type) {
    case SYNC_HELLO:
    case SYNC_WELCOME:
        m.hello = a_hub();
        break;
    case SYNC_REJECT:
    case SYNC_BYE:
        m.reject.code = SYNC_REJECT_BUSY;
        m.reject.retry_after_ms = 60000;
        strcpy(m.reject.text, "come back later");
        break;
    case SYNC_FRONTIER:
        m.frontier.marks = marks;
        m.frontier.count = sizeof marks / sizeof *marks;
        break;
    case SYNC_BATCH:
        for (size_t i = 0; i < sizeof packed; i++)
            packed[i] = (uint8_t)(i * 7);
        m.batch.author = hash_of(1);
        m.batch.first_seq = UINT64_MAX - 3;
        m.batch.count = 300;
        m.batch.records = BYTES(packed);
        break;
    case SYNC_ACK:
        m.ack.author = hash_of(1);
        m.ack.next = 12;
        m.ack.head = hash_of(2);
        m.ack.credit_bytes = 70000;
        break;
    case SYNC_NACK:
        m.nack.author = hash_of(1);
        m.nack.seq = 12;
        m.nack.code = E_BROKEN_CHAIN;
        m.nack.final = true;
        m.nack.credit_bytes = 70000;
        strcpy(m.nack.text, "prev is another");
        break;
    case SYNC_CREDIT:
        m.credit.bytes = 1 << 20;
        break;
    case SYNC_PING:
    case SYNC_PONG:
        m.ping.clock_ms = 1764000000000;
        break;
    case SYNC_ENROL:
    case SYNC_ENROLLED:
        m.enrol.inception = bytes_of(packed, 700);
        break;
    }
    return m;
}

static void assert_same(const struct sync_message *m, const struct sync_message *got)
{
    assert_int_equal(got->type, m->type);
    assert_int_equal(got->session, m->session);
    switch (m->type) {
    case SYNC_FRONTIER:
        assert_int_equal(got->frontier.count, m->frontier.count);
        for (size_t i = 0; i < m->frontier.count; i++) {
            const struct sync_mark *a = &m->frontier.marks[i], *b = &got->frontier.marks[i];
            assert_true(hash_equal(&a->author, &b->author) && hash_equal(&a->head, &b->head));
            assert_true(a->next == b->next && a->oldest == b->oldest);
            assert_true(a->offers == b->offers && a->wants == b->wants);
        }
        return;
    case SYNC_BATCH:
        assert_true(hash_equal(&got->batch.author, &m->batch.author));
        assert_int_equal(got->batch.first_seq, m->batch.first_seq);
        assert_int_equal(got->batch.count, m->batch.count);
        assert_true(bytes_equal(got->batch.records, m->batch.records));
        return;
    case SYNC_ENROL:
    case SYNC_ENROLLED:
        assert_true(bytes_equal(got->enrol.inception, m->enrol.inception));
        return;
    default: /* no pointers in them */
        assert_memory_equal(&got->hello, &m->hello, sizeof m->hello);
        assert_memory_equal(&got->nack, &m->nack, sizeof m->nack);
    }
}

static void every_type_survives_the_round_trip(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct wire_message got = { 0 };
    for (int type = SYNC_HELLO; type <= SYNC_ENROLLED; type++) {
        struct sync_message m = message_of((enum sync_type)type);
        frame.len = 0;
        wire_encode(&m, 77, &frame);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
        assert_int_equal(got.message_id, 77);
        assert_int_equal(got.major, SYNC_MAJOR);
        assert_same(&m, &got.message);
    }
    wire_clear(&got);
    wire_clear(&got);
}

static void empty_messages_survive_too(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct wire_message got = { 0 };
    static const enum sync_type types[] = { SYNC_REJECT, SYNC_FRONTIER, SYNC_CREDIT,
                                            SYNC_PING,   SYNC_BYE,      SYNC_ENROL };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct sync_message m = { .type = types[i] };
        frame.len = 0;
        wire_encode(&m, 0, &frame);
        assert_int_equal(frame.len, WIRE_HEADER_BYTES);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
        assert_int_equal(got.message.type, types[i]);
    }
    wire_clear(&got);
}

static void the_header_is_as_documented(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct sync_message m = { .type = SYNC_CREDIT, .session = 0x01020304 };
    m.credit.bytes = 300;
    buf_text(&frame, "before");
    wire_encode(&m, 0x0A0B0C0D, &frame);
    static const uint8_t expected[] = { 'C',  'H',  1, 8, 1, 2, 3, 4, 0x0A, 0x0B,
                                        0x0C, 0x0D, 0, 0, 0, 0, 0, 0, 0,    3 };
    assert_memory_equal(frame.data, "before", 6);
    assert_memory_equal(frame.data + 6, expected, sizeof expected);
    assert_int_equal(get_u32(frame.data + 26), crc32c(bytes_of(frame.data + 6, 20)));
    static const uint8_t body[] = { 0x08, 0xAC, 0x02 };
    assert_memory_equal(frame.data + 30, body, sizeof body);
    assert_int_equal(frame.len, 33);
}

static void every_truncation_and_every_extension_is_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct wire_message got = { 0 };
    for (int type = SYNC_HELLO; type <= SYNC_ENROLLED; type++) {
        struct sync_message m = message_of((enum sync_type)type);
        frame.len = 0;
        wire_encode(&m, 1, &frame);
        for (size_t len = 0; len < frame.len; len++) {
            AUTO(free_ptr) uint8_t *exact = mem_copy(frame.data, len);
            assert_int_equal(wire_decode(bytes_of(exact, len), &got), E_MALFORMED);
        }
        buf_u8(&frame, 0);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_MALFORMED);
    }
    wire_clear(&got);
}

static void every_flipped_bit_of_the_header_is_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    struct wire_message got = { 0 };
    struct sync_message m = message_of(SYNC_ACK);
    wire_encode(&m, 1, &frame);
    for (size_t bit = 0; bit < 8 * WIRE_HEADER_BYTES; bit++) {
        frame.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_MALFORMED);
        frame.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    wire_clear(&got);
}

/* A frame with a header that is right for this body. */
static void frame_of(struct buf *frame, uint8_t major, uint8_t type, uint32_t flags, const void *body,
                     size_t len)
{
    frame->len = 0;
    buf_text(frame, "CH");
    buf_u8(frame, major);
    buf_u8(frame, type);
    buf_u32(frame, 5);
    buf_u32(frame, 6);
    buf_u32(frame, flags);
    buf_u32(frame, (uint32_t)len);
    buf_u32(frame, crc32c(buf_view(frame)));
    buf_append(frame, body, len);
}

static enum err decode_body(uint8_t type, const void *body, size_t len)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    frame_of(&frame, SYNC_MAJOR, type, 0, body, len);
    return wire_decode(buf_view(&frame), &got);
}

static void every_body_cut_anywhere_is_decoded_or_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    for (int type = SYNC_HELLO; type <= SYNC_ENROLLED; type++) {
        struct sync_message m = message_of((enum sync_type)type);
        frame.len = 0;
        wire_encode(&m, 1, &frame);
        size_t whole = frame.len - WIRE_HEADER_BYTES, decoded = 0;
        for (size_t len = 0; len < whole; len++) {
            enum err err = decode_body((uint8_t)type, frame.data + WIRE_HEADER_BYTES, len);
            assert_true(err == E_OK || err == E_MALFORMED);
            decoded += err == E_OK;
        }
        assert_true(decoded <= 12); /* only where a field ends */
    }
}

static void another_major_is_told_with_its_header(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    frame_of(&frame, 2, SYNC_HELLO, 0, "anything", 8);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_VERSION);
    assert_int_equal(got.major, 2);
    assert_int_equal(got.message.type, SYNC_HELLO);
    assert_int_equal(got.message.session, 5);
    assert_int_equal(got.message_id, 6);
}

static void unknown_types_are_not_found_and_unknown_flags_ignored(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    for (unsigned type = 0; type < 256; type++) {
        frame_of(&frame, SYNC_MAJOR, (uint8_t)type, 0, "\xFF\xFF", 2);
        enum err expected = type >= SYNC_HELLO && type <= SYNC_ENROLLED ? E_MALFORMED : E_NOT_FOUND;
        assert_int_equal(wire_decode(buf_view(&frame), &got), expected);
        assert_int_equal(got.message.session, 5);
    }
    frame_of(&frame, SYNC_MAJOR, SYNC_CREDIT, UINT32_MAX, "\x08\x05", 2);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_int_equal(got.message.credit.bytes, 5);
}

static void a_frame_past_the_limit_is_too_big_before_anything_else(void **state)
{
    (void)state;
    AUTO(free_ptr) uint8_t *big = mem_alloc(MAX_MESSAGE_BYTES + 1);
    AUTO(wire_clear) struct wire_message got = { 0 };
    assert_int_equal(wire_decode(bytes_of(big, MAX_MESSAGE_BYTES + 1), &got), E_TOO_BIG);
    assert_int_equal(wire_decode(bytes_of(big, MAX_MESSAGE_BYTES), &got), E_MALFORMED);
}

static void the_largest_record_fits_a_frame(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    size_t len = ENTRY_BYTES + 1 + SALT_BYTES + MAX_PAYLOAD_BYTES;
    AUTO(free_ptr) uint8_t *record = mem_alloc(len);
    struct sync_message m = message_of(SYNC_BATCH);
    m.batch.count = 1;
    m.batch.records = bytes_of(record, len);
    wire_encode(&m, 1, &frame);
    assert_true(frame.len <= MAX_MESSAGE_BYTES);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_ptr_equal(got.message.batch.records.data, frame.data + frame.len - len); /* borrowed */
}

static void keys_of_another_length_are_malformed(void **state)
{
    (void)state;
    uint8_t ack[2 + 33] = { 0x0A };
    for (uint8_t len = 0; len <= 33; len++) {
        ack[1] = len;
        enum err expected = len == 32 ? E_OK : E_MALFORMED;
        assert_int_equal(decode_body(SYNC_ACK, ack, 2U + len), expected);
        assert_int_equal(decode_body(SYNC_NACK, ack, 2U + len), expected);
        ack[2] = 1;
        assert_int_equal(decode_body(SYNC_BATCH, ack, 2U + len), expected);
        ack[2] = 0;
    }
    uint8_t head[34 + 2 + 31] = { 0x0A, 32 };
    head[34] = 0x1A;
    head[35] = 31;
    assert_int_equal(decode_body(SYNC_ACK, head, sizeof head), E_MALFORMED);
    assert_int_equal(decode_body(SYNC_HELLO, "", 0), E_MALFORMED);
    assert_int_equal(decode_body(SYNC_BATCH, "", 0), E_MALFORMED);
}

static void text_must_be_text(void **state)
{
    (void)state;
    assert_int_equal(decode_body(SYNC_BYE, "\x1A\x02\xC3\xA3", 4), E_OK);
    assert_int_equal(decode_body(SYNC_BYE, "\x1A\x02\xC3\x28", 4), E_MALFORMED);
    assert_int_equal(decode_body(SYNC_BYE, "\x1A\x03hi\0", 5), E_MALFORMED);
}

static void our_own_text_never_makes_a_frame_that_is_refused(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    struct sync_message m = { .type = SYNC_BYE };
    strcpy(m.reject.text, "cut in a character: \xC3");
    wire_encode(&m, 1, &frame);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_string_equal(got.message.reject.text, "cut in a character: ?");
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    uint8_t body[3 + 300] = { 0x1A, 0xAC, 0x02 };
    for (size_t i = 3; i < sizeof body; i += 2) {
        body[i] = 0xC3;
        body[i + 1] = 0xA3;
    }
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    frame_of(&frame, SYNC_MAJOR, SYNC_BYE, 0, body, sizeof body);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_int_equal(strlen(got.message.reject.text), 198);
}

static void fields_of_later_versions_are_skipped(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf body = { 0 }, frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    buf_append(&body, "\x78\xFF\x01", 3);                         /* 15: number */
    buf_append(&body, "\x79\x01\x02\x03\x04\x05\x06\x07\x08", 9); /* 15: eight bytes */
    buf_append(&body, "\x0A\x20", 2);
    for (int i = 0; i < 32; i++)
        buf_u8(&body, 1);
    buf_append(&body, "\x7A\x03xyz", 5);          /* 15: bytes */
    buf_append(&body, "\x7D\x01\x02\x03\x04", 5); /* 15: four bytes */
    buf_append(&body, "\x18\x05\x18\x06", 4);     /* count twice: the last counts */
    buf_append(&body, "\x22\x01z", 3);
    frame_of(&frame, SYNC_MAJOR, SYNC_BATCH, 0, body.data, body.len);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_int_equal(got.message.batch.count, 6);
    assert_int_equal(got.message.batch.first_seq, 0);
    assert_int_equal(got.message.batch.records.len, 1);
    frame_of(&frame, SYNC_MAJOR, SYNC_CREDIT, 0, "\x7A\x03xyz\x08\x07", 7);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_int_equal(got.message.credit.bytes, 7);
}

static void marks_are_limited_and_decoding_has_a_budget(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf frame = { 0 };
    AUTO(wire_clear) struct wire_message got = { 0 };
    AUTO(free_ptr) struct sync_mark *many = mem_alloc((MAX_FRONTIER_FEEDS + 1) * sizeof *many);
    for (size_t i = 0; i <= MAX_FRONTIER_FEEDS; i++)
        many[i] = (struct sync_mark){ .author = hash_of(1),
                                      .next = UINT64_MAX,
                                      .head = hash_of(2),
                                      .oldest = UINT64_MAX,
                                      .offers = true,
                                      .wants = true };
    struct sync_message m = { .type = SYNC_FRONTIER };
    m.frontier.marks = many;
    m.frontier.count = MAX_FRONTIER_FEEDS;
    wire_encode(&m, 1, &frame);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
    assert_int_equal(got.message.frontier.count, MAX_FRONTIER_FEEDS);
    m.frontier.count++;
    frame.len = 0;
    wire_encode(&m, 1, &frame);
    assert_int_equal(wire_decode(buf_view(&frame), &got), E_TOO_BIG);
    /* Half a megabyte of two-byte unknown fields would take sixty times as much. */
    size_t len = MAX_MESSAGE_BYTES - WIRE_HEADER_BYTES;
    AUTO(free_ptr) uint8_t *bomb = mem_alloc(len);
    for (size_t i = 0; i + 1 < len; i += 2)
        bomb[i] = 0x78;
    assert_int_equal(decode_body(SYNC_ACK, bomb, len), E_TOO_BIG);
    assert_int_equal(decode_body(SYNC_FRONTIER, bomb, len), E_TOO_BIG);
}

static void every_refusal_keeps_its_number_and_others_are_denials(void **state)
{
    (void)state;
    static const struct {
        enum err code;
        uint8_t number;
        enum err back;
    } table[] = {
        { E_MALFORMED, 1, E_MALFORMED },
        { E_UNKNOWN_AUTHOR, 2, E_UNKNOWN_AUTHOR },
        { E_GAP, 3, E_GAP },
        { E_BROKEN_CHAIN, 4, E_BROKEN_CHAIN },
        { E_EPOCH, 5, E_EPOCH },
        { E_NOT_AUTHORISED, 6, E_NOT_AUTHORISED },
        { E_BAD_SIGNATURE, 7, E_BAD_SIGNATURE },
        { E_FORK, 8, E_FORK },
        { E_DENIED, 11, E_DENIED },
        { E_BUSY, 12, E_BUSY },
        { E_FULL, 13, E_FULL },
        { E_TOO_BIG, 14, E_TOO_BIG },
        { E_IO, 0, E_DENIED },
        { E_CORRUPT, 0, E_DENIED },
    };
    AUTO(wire_clear) struct wire_message got = { 0 };
    AUTO(buf_clear) struct buf frame = { 0 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sync_message m = { .type = SYNC_NACK };
        m.nack.author = hash_of(1);
        m.nack.code = table[i].code;
        frame.len = 0;
        wire_encode(&m, 1, &frame);
        if (table[i].number != 0)
            assert_memory_equal(frame.data + frame.len - 2, ((uint8_t[]){ 0x18, table[i].number }), 2);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
        assert_int_equal(got.message.nack.code, table[i].back);
    }
    uint8_t body[36] = { 0x0A, 32, 1 };
    for (unsigned number = 9; number < 128; number = number == 10 ? 15 : number + 1) {
        body[34] = 0x18;
        body[35] = (uint8_t)number;
        frame_of(&frame, SYNC_MAJOR, SYNC_NACK, 0, body, sizeof body);
        assert_int_equal(wire_decode(buf_view(&frame), &got), E_OK);
        assert_int_equal(got.message.nack.code, E_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_survives_the_round_trip),
        cmocka_unit_test(empty_messages_survive_too),
        cmocka_unit_test(the_header_is_as_documented),
        cmocka_unit_test(every_truncation_and_every_extension_is_malformed),
        cmocka_unit_test(every_flipped_bit_of_the_header_is_malformed),
        cmocka_unit_test(every_body_cut_anywhere_is_decoded_or_malformed),
        cmocka_unit_test(another_major_is_told_with_its_header),
        cmocka_unit_test(unknown_types_are_not_found_and_unknown_flags_ignored),
        cmocka_unit_test(a_frame_past_the_limit_is_too_big_before_anything_else),
        cmocka_unit_test(the_largest_record_fits_a_frame),
        cmocka_unit_test(keys_of_another_length_are_malformed),
        cmocka_unit_test(text_must_be_text),
        cmocka_unit_test(our_own_text_never_makes_a_frame_that_is_refused),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(fields_of_later_versions_are_skipped),
        cmocka_unit_test(marks_are_limited_and_decoding_has_a_budget),
        cmocka_unit_test(every_refusal_keeps_its_number_and_others_are_denials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
