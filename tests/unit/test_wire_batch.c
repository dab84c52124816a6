#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire_batch.h"

#include <cmocka.h>

static enum err read_batch(const void *body, size_t len)
{
    struct sync_message m = { .type = SYNC_BATCH };
    return wire_batch_read(bytes_of(body, len), &m);
}

static void what_is_written_is_read_at_every_size_of_number(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf body = { 0 };
    for (unsigned bits = 0; bits < 64; bits++) {
        struct sync_message m = { .type = SYNC_BATCH }, got = { .type = SYNC_BATCH };
        memset(&m.batch.author, 5, sizeof m.batch.author);
        m.batch.first_seq = UINT64_MAX >> bits;
        m.batch.count = (uint32_t)(UINT32_MAX >> (bits / 2));
        m.batch.records = bytes_of("records", bits % 8);
        body.len = 0;
        wire_batch_write(&m, &body);
        assert_int_equal(wire_batch_read(buf_view(&body), &got), E_OK);
        assert_true(hash_equal(&got.batch.author, &m.batch.author));
        assert_true(got.batch.first_seq == m.batch.first_seq);
        assert_int_equal(got.batch.count, m.batch.count);
        assert_true(bytes_equal(got.batch.records, m.batch.records));
    }
}

static void a_batch_needs_an_author_of_32_bytes(void **state)
{
    (void)state;
    uint8_t body[2 + 32] = { 0x0A, 32 };
    assert_int_equal(read_batch(body, 0), E_MALFORMED);
    assert_int_equal(read_batch(body, sizeof body), E_MALFORMED); /* zero */
    body[2] = 1;
    assert_int_equal(read_batch(body, sizeof body), E_OK);
    body[1] = 31;
    assert_int_equal(read_batch(body, sizeof body - 1), E_MALFORMED);
}

static void a_batch_that_is_not_protobuf_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        { "\x00", 1 },                                              /* field 0 */
        { "\x10", 1 },                                              /* no value */
        { "\x12\x00", 2 },                                          /* first_seq as bytes */
        { "\x08\x01", 2 },                                          /* author as a number */
        { "\x23", 1 },                                              /* a group */
        { "\x26", 1 },                                              /* wire type 6 */
        { "\x22\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11 },     /* length 2^64-1 */
        { "\x22\x02z", 3 },                                         /* longer than what is there */
        { "\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 11 },     /* 65 bits */
        { "\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12 }, /* eleven bytes */
        { "\x18\x80\x80\x80\x80\x10", 6 },                          /* count 2^32 */
        { "\x79\x01", 2 },                                          /* eight bytes cut */
        { "\x7D\x01", 2 },                                          /* four bytes cut */
    };
    uint8_t body[64] = { 0x0A, 32, 1 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(body + 34, bad[i].bytes, bad[i].len);
        assert_int_equal(read_batch(body, 34 + bad[i].len), E_MALFORMED);
    }
    memcpy(body + 34, "\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11); /* 2^64-1 is a number */
    assert_int_equal(read_batch(body, 45), E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_at_every_size_of_number),
        cmocka_unit_test(a_batch_needs_an_author_of_32_bytes),
        cmocka_unit_test(a_batch_that_is_not_protobuf_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
