#include "vectors.h"

#include <malloc.h>

#include "base/limits.h"
#include "core/decode.h"
#include "statement.pb-c.h"

#define MIB 1048576U

static enum err decode(const ProtobufCMessageDescriptor *type, struct bytes bytes, struct arena *arena,
                       ProtobufCMessage **out)
{
    /* On the heap and to the byte, so that reading past the end is seen. */
    uint8_t *exact = mem_alloc(bytes.len > 0 ? bytes.len : 1);
    if (bytes.len > 0)
        memcpy(exact, bytes.data, bytes.len);
    enum err err = decode_message(type, bytes_of(exact, bytes.len), arena, out);
    free(exact);
    return err;
}

static enum err decode_engagement(const char *data, size_t len)
{
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message;
    enum err err = decode(&chancery__engagement__descriptor, bytes_of(data, len), arena, &message);
    assert_true((err == E_OK) == (message != NULL));
    return err;
}
#define ENGAGEMENT(text) decode_engagement(text, sizeof(text) - 1)

static bool is_canonical(const ProtobufCMessageDescriptor *type, struct bytes bytes)
{
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message;
    assert_int_equal(decode_message(type, bytes, arena, &message), E_OK);
    return decode_is_canonical(message, bytes);
}

/* ---- texts */

static void texts_are_utf8_without_a_nul(void **state)
{
    (void)state;
    assert_int_equal(ENGAGEMENT("\x22\x05\xc5\x8ciso"), E_OK);
    assert_int_equal(ENGAGEMENT("\x22\x00"), E_OK);
    assert_int_equal(ENGAGEMENT("\x22\x03"
                                "a\0b"),
                     E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\x01\xc5"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\x01\xff"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\x02\xc0\x80"), E_MALFORMED);     /* a NUL in two bytes */
    assert_int_equal(ENGAGEMENT("\x22\x03\xed\xa0\x80"), E_MALFORMED); /* half of a pair */
}

static void texts_are_checked_however_deep_they_are(void **state)
{
    (void)state;
    assert_int_equal(ENGAGEMENT("\x2a\x03\x0a\x01x"), E_OK);
    assert_int_equal(ENGAGEMENT("\x2a\x03\x0a\x01\xff"), E_MALFORMED);             /* partners.name */
    assert_int_equal(ENGAGEMENT("\x2a\x06\x8a\x01\x03\x12\x01\xff"), E_MALFORMED); /* partners.ids.value */
    assert_int_equal(ENGAGEMENT("\x92\x03\x04\x2a\x02\xff\xff"), E_MALFORMED);     /* sister.keeper */
}

static void every_copy_of_a_text_is_checked(void **state)
{
    (void)state;
    assert_int_equal(ENGAGEMENT("\x22\x01\xff\x22\x01x"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\x01x\x22\x01\xff"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\xda\x01\x01x\xda\x01\x01\xff"), E_MALFORMED); /* sdg_targets */
}

static void bytes_and_unknown_fields_hold_anything(void **state)
{
    (void)state;
    assert_int_equal(ENGAGEMENT("\x0a\x02\xff\x00"), E_OK);
    assert_int_equal(ENGAGEMENT("\xc2\x3e\x02\xff\x00"), E_OK); /* field 1000 */
}

/* ---- broken bytes */

static void what_is_not_protobuf_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(ENGAGEMENT(""), E_OK);
    assert_int_equal(ENGAGEMENT("\x22"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\x02x"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                     E_MALFORMED); /* 2^64 - 1 bytes */
    assert_int_equal(ENGAGEMENT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x23\x24"), E_MALFORMED); /* a group */
    assert_int_equal(ENGAGEMENT("\x26"), E_MALFORMED);     /* wire types 6 and 7 */
    assert_int_equal(ENGAGEMENT("\x27"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x20\x01"), E_MALFORMED);  /* title as a number */
    assert_int_equal(ENGAGEMENT("\x1a\x01x"), E_MALFORMED); /* kind as a text */
    assert_int_equal(ENGAGEMENT("\x2d\x01\x02\x03"), E_MALFORMED);
    assert_int_equal(ENGAGEMENT("\x29\x01\x02\x03\x04\x05\x06\x07"), E_MALFORMED);
}

static void no_cut_of_a_payload_reads_past_its_end(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json");
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        vector_bytes(json_array_get(json_object_get(vectors, "feed"), i), "payload", &payload);
        for (size_t len = 0; len <= payload.len; len++) {
            AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
            ProtobufCMessage *message;
            enum err err =
                decode(i == 0 ? &chancery__inception__descriptor : &chancery__engagement__descriptor,
                       bytes_of(payload.data, len), arena, &message);
            assert_true(err == E_OK || (err == E_MALFORMED && len < payload.len));
        }
    }
    json_decref(vectors);
}

/* ---- the budget */

static enum err decode_within(size_t budget, const ProtobufCMessageDescriptor *type, struct bytes bytes)
{
    AUTO(arena_free) struct arena *arena = arena_new(budget);
    ProtobufCMessage *message;
    struct mallinfo2 before = mallinfo2();
    enum err err = decode_message(type, bytes, arena, &message);
    struct mallinfo2 after = mallinfo2();
    /* Blocks are rounded up, and the last of each size may be half empty. */
    assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 2 * budget + 65536);
    return err;
}

static void a_mebibyte_of_unknown_fields_is_refused_within_the_budget(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf bytes = { 0 };
    for (size_t i = 0; i < MIB / 2; i++)
        buf_u16(&bytes, 0x7800); /* field 15 is none of Tick's */
    assert_int_equal(decode_within(MAX_DECODE_BYTES, &chancery__tick__descriptor, buf_view(&bytes)),
                     E_TOO_BIG);
    assert_int_equal(decode_within(MIB, &chancery__tick__descriptor, buf_view(&bytes)), E_TOO_BIG);
    bytes.len = 2000;
    assert_int_equal(decode_within(MIB, &chancery__tick__descriptor, buf_view(&bytes)), E_OK);
}

static void no_flood_of_small_fields_outgrows_the_budget(void **state)
{
    (void)state;
    static const uint16_t floods[] = {
        0x2a00, /* empty parties */
        0x5a00, /* empty sources */
        0x5001, /* themes, one at a time */
        0x2200, /* the title again and again */
        0x7800, /* documents as numbers */
    };
    for (size_t f = 0; f < sizeof floods / sizeof *floods; f++) {
        AUTO(buf_clear) struct buf bytes = { 0 };
        while (bytes.len < MAX_PAYLOAD_BYTES)
            buf_u16(&bytes, floods[f]);
        assert_int_equal(decode_within(MAX_DECODE_BYTES, &chancery__engagement__descriptor, buf_view(&bytes)),
                         E_TOO_BIG);
    }
}

static void an_arena_gives_no_more_than_its_budget(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(1000);
    char *a = arena_alloc(arena, 600);
    char *b = arena_alloc(arena, 300);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal((uintptr_t)a % _Alignof(max_align_t), 0);
    assert_int_equal((uintptr_t)b % _Alignof(max_align_t), 0);
    memset(a, 1, 600);
    memset(b, 2, 300);
    assert_null(arena_alloc(arena, 200));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_int_equal(a[599], 1);
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

static void a_refusal_for_size_does_not_colour_the_next(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(4096);
    AUTO(buf_clear) struct buf bytes = { 0 };
    ProtobufCMessage *message;
    for (size_t i = 0; i < 4096; i++)
        buf_u16(&bytes, 0x2a00);
    assert_int_equal(decode(&chancery__engagement__descriptor, buf_view(&bytes), arena, &message), E_TOO_BIG);
    assert_null(message);
    assert_int_equal(decode(&chancery__engagement__descriptor, bytes_of("\x22\x01", 2), arena, &message),
                     E_MALFORMED);
}

/* ---- the canonical form */

static void the_canonical_form_is_the_one_that_we_write(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *tick = &chancery__tick__descriptor, *link = &chancery__link__descriptor;
    assert_true(is_canonical(tick, bytes_text("")));
    assert_true(is_canonical(tick, bytes_text("\x08\x05")));
    assert_false(is_canonical(tick, bytes_of("\x08\x00", 2)));                 /* a default */
    assert_false(is_canonical(tick, bytes_of("\x08\x85\x00", 3)));             /* two bytes for one */
    assert_false(is_canonical(tick, bytes_text("\x08\x05\x08\x05")));          /* twice */
    assert_false(is_canonical(tick, bytes_text("\x08\x05\x10\x01")));          /* unknown */
    assert_true(is_canonical(link, bytes_text("\x18\x01\x28\x01")));           /* relation, removed */
    assert_false(is_canonical(link, bytes_text("\x28\x01\x18\x01")));          /* the other way round */
    assert_false(is_canonical(link, bytes_text("\x18\x01\x28\x02")));          /* a truth of 2 */
    assert_false(is_canonical(link, bytes_of("\x18\x81\x80\x80\x80\x10", 6))); /* past 32 bits */
    assert_true(is_canonical(link, bytes_text("\x5a\x03\x0a\x01x")));
    assert_false(is_canonical(link, bytes_text("\x5a\x06\x0a\x01x\xf8\x06\x01"))); /* unknown, within */
    assert_false(is_canonical(link, bytes_of("\x5a\x05\x0a\x01x\x12\x00", 7))); /* an empty text, written */
}

static void what_was_encoded_decodes_to_the_same(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    Chancery__Tick tick = CHANCERY__TICK__INIT;
    encode_message(&tick.base, &out);
    assert_int_equal(out.len, 0);
    buf_text(&out, "ahead");
    tick.time_ms = 300;
    encode_message(&tick.base, &out);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.data, "ahead\x08\xac\x02", 8);
}

static void a_number_ends_within_ten_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t value;
        bool bad;
    } rows[] = {
        { "\0", 1, 0, false },
        { "\x7f", 1, 127, false },
        { "\x80\x01", 2, 128, false },
        { "\xac\x02", 2, 300, false },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, false },
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10, 0, false }, /* past the 64th bit */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, 0, true },
        { "\x80", 1, 0, true },
        { "", 0, 0, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader reader = reader_of(bytes_of(rows[i].bytes, rows[i].len));
        assert_true(decode_varint(&reader) == rows[i].value);
        assert_int_equal(reader.bad, rows[i].bad);
        assert_int_equal(reader.left, rows[i].len == 11 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_utf8_without_a_nul),
        cmocka_unit_test(texts_are_checked_however_deep_they_are),
        cmocka_unit_test(every_copy_of_a_text_is_checked),
        cmocka_unit_test(bytes_and_unknown_fields_hold_anything),
        cmocka_unit_test(what_is_not_protobuf_is_malformed),
        cmocka_unit_test(no_cut_of_a_payload_reads_past_its_end),
        cmocka_unit_test(a_mebibyte_of_unknown_fields_is_refused_within_the_budget),
        cmocka_unit_test(no_flood_of_small_fields_outgrows_the_budget),
        cmocka_unit_test(an_arena_gives_no_more_than_its_budget),
        cmocka_unit_test(a_refusal_for_size_does_not_colour_the_next),
        cmocka_unit_test(the_canonical_form_is_the_one_that_we_write),
        cmocka_unit_test(what_was_encoded_decodes_to_the_same),
        cmocka_unit_test(a_number_ends_within_ten_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
