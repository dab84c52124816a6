#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control.h"
#include "base/limits.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static void make_request(struct control_request *request)
{
    *request =
        (struct control_request){ .command = "record.put",
                                  .params = json_pack("{s:s,s:s}", "type", "engagement", "mode", "upsert") };
    control_request_blob(request, bytes_text("one"));
    control_request_blob(request, bytes_text("two"));
}

static void a_request_comes_back_whole(void **state)
{
    (void)state;
    AUTO(control_request_clear) struct control_request request, back;
    AUTO(buf_clear) struct buf frame = { 0 };
    make_request(&request);
    control_encode_request(&request, &frame);
    assert_int_equal(control_decode_request(buf_view(&frame), &back), E_OK);
    assert_string_equal(back.command, "record.put");
    assert_string_equal(control_param(&back, "mode"), "upsert");
    assert_null(control_param(&back, "none"));
    assert_int_equal(back.n_blobs, 2);
    assert_memory_equal(back.blobs[1].data, "two", 3);
}

static void an_answer_comes_back_whole(void **state)
{
    (void)state;
    AUTO(control_answer_clear)
    struct control_answer answer = { .code = E_EXISTS, .message = "it is there", .hint = "look" }, back;
    AUTO(buf_clear) struct buf frame = { 0 };
    answer.body = json_pack("{s:i}", "seq", 42);
    control_answer_blob(&answer, bytes_text("blob"));
    control_encode_answer(&answer, &frame);
    assert_int_equal(control_decode_answer(buf_view(&frame), &back), E_OK);
    assert_int_equal(back.code, E_EXISTS);
    assert_string_equal(back.message, "it is there");
    assert_string_equal(back.hint, "look");
    assert_int_equal(json_integer_value(json_object_get(back.body, "seq")), 42);
    assert_int_equal(back.n_blobs, 1);
}

static void a_frame_cut_anywhere_is_refused_or_holds_less(void **state)
{
    (void)state;
    AUTO(control_request_clear) struct control_request request;
    AUTO(buf_clear) struct buf frame = { 0 };
    make_request(&request);
    control_encode_request(&request, &frame);
    for (size_t n = 0; n < frame.len; n++) {
        struct control_request back;
        enum err err = control_decode_request(bytes_of(frame.data, n), &back);
        assert_true(err == E_OK || err == E_MALFORMED || err == E_VERSION);
        assert_true(err != E_OK || back.n_blobs < 2 || json_object_size(back.params) <= 2);
        control_request_clear(&back);
    }
}

static void another_version_is_named(void **state)
{
    (void)state;
    struct control_request back;
    static const uint8_t version_9[] = { 0x08, 9 };
    assert_int_equal(control_decode_request(BYTES(version_9), &back), E_VERSION);
}

static void a_frame_past_the_limit_is_not_even_looked_at(void **state)
{
    (void)state;
    struct control_request back;
    AUTO(free_ptr) uint8_t *huge = mem_alloc(MAX_CONTROL_BYTES + 1);
    assert_int_equal(control_decode_request(bytes_of(huge, MAX_CONTROL_BYTES + 1), &back), E_TOO_BIG);
}

static void many_small_blobs_cannot_use_up_the_memory(void **state)
{
    (void)state;
    struct control_request back;
    AUTO(buf_clear) struct buf frame = { 0 };
    for (size_t i = 0; i < 1000000; i++)
        buf_append(&frame, "\x22\x00", 2); /* blobs, empty */
    assert_int_equal(control_decode_request(buf_view(&frame), &back), E_TOO_BIG);
}

static void a_sentence_that_is_no_utf8_still_arrives(void **state)
{
    (void)state;
    AUTO(control_answer_clear) struct control_answer answer = { .code = E_IO, .hint = "caf\xc3" }, back;
    AUTO(buf_clear) struct buf frame = { 0 };
    memset(answer.message, 'x', sizeof answer.message - 1);
    memcpy(answer.message, "\xff", 1);
    memcpy(answer.message + sizeof answer.message - 6, "\xc3\xa9", 2);
    control_encode_answer(&answer, &frame);
    assert_int_equal(control_decode_answer(buf_view(&frame), &back), E_OK);
    assert_string_equal(back.hint, "caf\\xc3");
    assert_memory_equal(back.message, "\\xffx", 5);
    assert_int_equal(strlen(back.message), sizeof back.message - 1);
}

static void a_sentence_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    AUTO(control_answer_clear) struct control_answer back = { 0 };
    AUTO(buf_clear) struct buf frame = { 0 };
    buf_append(&frame, "\x08\x01\x22\x81\x04x", 6); /* api 1, a hint of 513 bytes */
    for (size_t i = 0; i < 256; i++)
        buf_text(&frame, "\xc3\xa9");
    assert_int_equal(control_decode_answer(buf_view(&frame), &back), E_OK);
    assert_int_equal(strlen(back.hint), sizeof back.hint - 1);
    control_answer_clear(&back);
    buf_clear(&frame);
    buf_append(&frame, "\x08\x01\x22\x80\x04", 5);
    for (size_t i = 0; i < 256; i++)
        buf_text(&frame, "\xc3\xa9");
    assert_int_equal(control_decode_answer(buf_view(&frame), &back), E_OK);
    assert_int_equal(strlen(back.hint), sizeof back.hint - 2);
}

static void a_command_too_long_and_a_body_that_is_a_list_are_refused(void **state)
{
    (void)state;
    AUTO(control_request_clear) struct control_request request = { 0 };
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    AUTO(buf_clear) struct buf frame = { 0 };
    buf_append(&frame, "\x08\x01\x12\x40", 4); /* api 1, a command of 64 bytes */
    for (size_t i = 0; i < 64; i++)
        buf_u8(&frame, 'c');
    assert_int_equal(control_decode_request(buf_view(&frame), &request), E_MALFORMED);
    assert_int_equal(control_decode_answer(BYTES(((uint8_t[]){ 8, 1, 42, 2, '[', ']' })), &answer),
                     E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_that_is_no_utf8_still_arrives),
        cmocka_unit_test(a_sentence_too_long_is_cut_between_characters),
        cmocka_unit_test(a_command_too_long_and_a_body_that_is_a_list_are_refused),
        cmocka_unit_test(a_request_comes_back_whole),
        cmocka_unit_test(an_answer_comes_back_whole),
        cmocka_unit_test(a_frame_cut_anywhere_is_refused_or_holds_less),
        cmocka_unit_test(another_version_is_named),
        cmocka_unit_test(a_frame_past_the_limit_is_not_even_looked_at),
        cmocka_unit_test(many_small_blobs_cannot_use_up_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
