#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_empty_buffer_can_be_used_and_cleared(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    buf_append(&buf, NULL, 0);
    buf_bytes(&buf, (struct bytes){ 0 });
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf_string(&buf), "");
    assert_int_equal(buf.len, 0);
    buf_clear(&buf);
    buf_clear(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.cap, 0);
}

static void what_is_appended_stands_there_in_order(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf buf = { 0 };
    buf_text(&buf, "a");
    buf_printf(&buf, "%d-%s", 7, "b");
    buf_bytes(&buf, bytes_of("\0c", 2));
    assert_int_equal(buf.len, 6);
    assert_memory_equal(buf.data, "a7-b\0c", 6);
    assert_int_equal(buf_string(&buf)[6], 0);
    assert_int_equal(buf.len, 6);
}

static void it_grows_past_any_first_guess(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf buf = { 0 };
    for (unsigned i = 0; i < 100000; i++)
        buf_u8(&buf, (uint8_t)i);
    assert_int_equal(buf.len, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], (uint8_t)i);

    char big[5001];
    memset(big, 'x', 5000);
    big[5000] = 0;
    buf_printf(&buf, "%s", big);
    assert_int_equal(buf.len, 105000);
    assert_memory_equal(buf.data + 100000, big, 5000);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf buf = { 0 };
    buf_u8(&buf, 0x01);
    buf_u16(&buf, 0x0203);
    buf_u32(&buf, 0x84050607);
    buf_u64(&buf, UINT64_C(0x88090a0b0c0d0e0f));
    assert_int_equal(buf.len, 15);
    assert_memory_equal(buf.data, "\x01\x02\x03\x84\x05\x06\x07\x88\x09\x0a\x0b\x0c\x0d\x0e\x0f", 15);

    struct reader in = reader_of(buf_view(&buf));
    assert_int_equal(read_u8(&in), 0x01);
    assert_int_equal(read_u16(&in), 0x0203);
    assert_true(read_u32(&in) == 0x84050607);
    assert_true(read_u64(&in) == UINT64_C(0x88090a0b0c0d0e0f));
    assert_int_equal(in.left, 0);
    assert_false(in.bad);
}

static void a_reader_stays_bad_once_it_was_short(void **state)
{
    (void)state;
    struct reader in = reader_of(bytes_of("abcd", 4));
    assert_int_equal(read_u8(&in), 'a');
    assert_true(read_u32(&in) == 0);
    assert_true(in.bad);
    assert_int_equal(read_u8(&in), 0);
    assert_int_equal(read_u16(&in), 0);
    assert_true(read_u64(&in) == 0);
    assert_null(read_bytes(&in, 0).data);
    assert_null(read_bytes(&in, 1).data);

    uint8_t filled[3] = { 1, 2, 3 };
    read_into(&in, filled, sizeof filled);
    assert_memory_equal(filled, "\0\0\0", 3);
}

static void a_reader_of_nothing_reads_nothing(void **state)
{
    (void)state;
    struct reader in = reader_of((struct bytes){ 0 });
    assert_int_equal(read_bytes(&in, 0).len, 0);
    read_into(&in, NULL, 0);
    assert_false(in.bad);
    assert_int_equal(read_bytes(&in, SIZE_MAX).len, 0);
    assert_true(in.bad);
}

static void bytes_are_borrowed_from_the_reader(void **state)
{
    (void)state;
    const char *text = "abcd";
    struct reader in = reader_of(bytes_text(text));
    struct bytes part = read_bytes(&in, 3);
    assert_ptr_equal(part.data, text);
    assert_int_equal(part.len, 3);
    assert_int_equal(in.left, 1);
}

static void bytes_compare_as_memcmp_and_the_shorter_comes_first(void **state)
{
    (void)state;
    assert_true(bytes_compare(bytes_text("a"), bytes_text("b")) < 0);
    assert_true(bytes_compare(bytes_text("b"), bytes_text("a")) > 0);
    assert_true(bytes_compare(bytes_text("a"), bytes_text("ab")) < 0);
    assert_true(bytes_compare(bytes_text("\xff"), bytes_text("a")) > 0);
    assert_true(bytes_compare(bytes_text(""), bytes_text("")) == 0);
    assert_true(bytes_equal(bytes_text("ab"), bytes_text("ab")));
    assert_true(bytes_equal((struct bytes){ 0 }, bytes_text("")));
    assert_false(bytes_equal(bytes_text("ab"), bytes_text("a")));
    assert_false(bytes_equal(bytes_text("ab"), bytes_text("ac")));
}

static void memory_comes_zeroed_and_copies_are_ones_own(void **state)
{
    (void)state;
    AUTO(free_ptr) char *zeroed = mem_alloc(3);
    assert_memory_equal(zeroed, "\0\0\0", 3);
    AUTO(free_ptr) char *none = mem_alloc(0);
    assert_non_null(none);
    AUTO(free_ptr) char *copy = mem_text("abc");
    assert_string_equal(copy, "abc");
    copy = mem_resize(copy, 100);
    assert_string_equal(copy, "abc");
    free_ptr(&copy);
    assert_null(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_buffer_can_be_used_and_cleared),
        cmocka_unit_test(what_is_appended_stands_there_in_order),
        cmocka_unit_test(it_grows_past_any_first_guess),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_reader_stays_bad_once_it_was_short),
        cmocka_unit_test(a_reader_of_nothing_reads_nothing),
        cmocka_unit_test(bytes_are_borrowed_from_the_reader),
        cmocka_unit_test(bytes_compare_as_memcmp_and_the_shorter_comes_first),
        cmocka_unit_test(memory_comes_zeroed_and_copies_are_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
