#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nodectl/errors.h"
#include "nodectl/out.h"
#include "nodectl/out_value.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static const struct out_column columns[] = {
    { "name", "name", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "state", "state", OUT_STATE, 0 },
    { "since", "since", OUT_TIME, 0 },
    { "store.bytes", "bytes", OUT_BYTES, 0 },
    { "title", "title", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

/* 2026-11-23T21:00:00Z */
#define NOW_MS 1795467600000ULL

static struct out make(enum out_format format, bool tty, bool colour)
{
    struct out out;
    out_init(&out, format, true);
    out.tty = tty;
    out.colour = colour;
    out.width = 80;
    out.now_ms = NOW_MS;
    return out;
}

static json_t *two_rows(void)
{
    return json_loads(
        "{\"peers\":["
        "{\"name\":\"us-oh-dayton\",\"state\":\"connected\",\"since\":\"2026-11-23T20:57:00.000Z\","
        "\"store\":{\"bytes\":4404019},\"title\":\"Say \\\"hi\\\", all\"},"
        "{\"name\":\"us-ca\",\"state\":\"crit\",\"since\":\"2026-11-21T17:00:00.000Z\","
        "\"store\":{\"bytes\":7},\"title\":\"red\\u001b[31m\\nline\\ttab\"}],"
        "\"cursor\":\"c\"}",
        0, NULL);
}

/* What a list of two rows looks like. */
static char *listed(enum out_format format, bool tty, bool colour)
{
    AUTO(out_clear) struct out out = make(format, tty, colour);
    json_t *body = two_rows();
    out_list(&out, body, "peers", columns, "none");
    json_decref(body);
    return mem_text(buf_string(&out.text));
}

static void a_table_has_upper_case_headers_and_numbers_to_the_right(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_TABLE, false, false);
    assert_string_equal(
        text, "NAME          STATE      SINCE                       BYTES  TITLE\n"
              "us-oh-dayton  connected  2026-11-23T20:57:00.000Z  4404019  Say \"hi\", all\n"
              "us-ca         crit       2026-11-21T17:00:00.000Z        7  red\\x1b[31m\\x0aline\\x09tab\n");
}

static void on_a_terminal_ages_are_relative_and_bytes_have_units(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_TABLE, true, false);
    assert_non_null(strstr(text, "3m ago"));
    assert_non_null(strstr(text, "2d 4h ago"));
    assert_non_null(strstr(text, "4.2 MiB"));
    assert_null(strchr(text, 0x1b));
}

static void on_a_terminal_only_long_texts_are_cut_and_never_names(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, true, false);
    out.width = 56;
    json_t *body = two_rows();
    out_list(&out, body, "peers", columns, "none");
    const char *text = buf_string(&out.text);
    assert_non_null(strstr(text, "us-oh-dayton"));
    assert_null(strstr(text, "line\\x09tab"));
    for (const char *line = text; *line != 0; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 56);
    json_decref(body);
}

static void colour_never_stands_alone(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_TABLE, true, true);
    assert_non_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "connected"));
    assert_non_null(strstr(text, "crit"));
}

static void colour_follows_the_environment(void **state)
{
    (void)state;
    struct out out;
    unsetenv("NO_COLOR");
    setenv("CLICOLOR_FORCE", "1", 1);
    setenv("TERM", "dumb", 1);
    out_init(&out, OUT_TABLE, true);
    assert_true(out.colour);
    setenv("NO_COLOR", "1", 1);
    out_init(&out, OUT_TABLE, true);
    assert_false(out.colour);
    unsetenv("NO_COLOR");
    setenv("CLICOLOR_FORCE", "0", 1);
    out_init(&out, OUT_TABLE, true);
    assert_false(out.colour); /* no terminal */
    setenv("CLICOLOR_FORCE", "1", 1);
    out_init(&out, OUT_JSON, true);
    assert_false(out.colour);
    unsetenv("CLICOLOR_FORCE");
}

static void json_is_the_whole_body_with_its_version_first(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_JSON, true, false);
    assert_memory_equal(text, "{\n  \"api_version\": 1,\n  \"peers\": [", 33);
    json_t *root = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(root, "cursor")), "c");
    assert_int_equal(json_array_size(json_object_get(root, "peers")), 2);
    json_decref(root);
}

static void json_lines_are_one_document_a_row(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_JSONL, false, false);
    char *second = strchr(text, '\n') + 1;
    assert_ptr_equal(strchr(second, '\n'), text + strlen(text) - 1);
    json_t *row = json_loads(second, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "us-ca");
    json_decref(row);
}

static void tsv_keeps_numbers_and_times_and_escapes_tabs(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_TSV, true, false);
    assert_string_equal(text, "name\tstate\tsince\tstore.bytes\ttitle\n"
                              "us-oh-dayton\tconnected\t2026-11-23T20:57:00.000Z\t4404019\tSay \"hi\", all\n"
                              "us-ca\tcrit\t2026-11-21T17:00:00.000Z\t7\tred\\x1b[31m\\x0aline\\x09tab\n");
}

static void csv_quotes_what_needs_it(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_CSV, false, false);
    assert_non_null(strstr(text, ",4404019,\"Say \"\"hi\"\", all\"\n"));
    assert_non_null(strstr(text, ",7,\"red\\x1b[31m\nline\ttab\"\n"));
}

static void csv_marks_what_a_spreadsheet_would_take_for_a_formula(void **state)
{
    (void)state;
    static const struct {
        const char *value, *cell;
    } cells[] = {
        { "=1+1", "'=1+1\n" },
        { "@SUM(A1)", "'@SUM(A1)\n" },
        { "+49 30", "'+49 30\n" },
        { "-2+3", "'-2+3\n" },
        { "-", "'-\n" },
        { "-97.5", "-97.5\n" },
        { "+4930", "+4930\n" },
        { "-1e-7", "-1e-7\n" },
        { "a=b", "a=b\n" },
        { "\ta", "'\ta\n" },
        { "\ra", "\"'\\x0da\"\n" },
    };
    static const struct out_column one[] = { { "v", "v", OUT_TEXT, OUT_NAMES }, { NULL, NULL, OUT_TEXT, 0 } };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        AUTO(out_clear) struct out out = make(OUT_CSV, false, false);
        json_t *body = json_pack("{s:[{s:s}]}", "rows", "v", cells[i].value);
        out_list(&out, body, "rows", one, "none");
        assert_string_equal(buf_string(&out.text) + strlen("v\n"), cells[i].cell);
        json_decref(body);
    }
}

static void what_cannot_be_printed_is_no_matter_of_the_store(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, false, false);
    out.to = fopen("/dev/full", "w");
    assert_non_null(out.to);
    out_printf(&out, "a line\n");
    assert_int_equal(out_flush(&out), E_FULL);
    assert_non_null(strstr(errors_hint_text(), "standard output"));
    fclose(out.to);
    errors_hint("%s", "");
}

static void names_stand_alone(void **state)
{
    (void)state;
    AUTO(free_ptr) char *text = listed(OUT_NAME, true, false);
    assert_string_equal(text, "us-oh-dayton\nus-ca\n");
}

static void an_empty_list_prints_nothing_but_json(void **state)
{
    (void)state;
    json_t *body = json_loads("{\"peers\":[]}", 0, NULL);
    for (int format = OUT_TABLE; format <= OUT_NAME; format++) {
        AUTO(out_clear) struct out out = make((enum out_format)format, true, false);
        out_list(&out, body, "peers", columns, "none");
        bool headed = format == OUT_TSV || format == OUT_CSV || format == OUT_JSON;
        assert_int_equal(out.text.len > 0, headed);
    }
    json_decref(body);
}

static void columns_can_come_from_the_rows(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, false, false);
    json_t *body = json_loads(
        "{\"groups\":[{\"country\":\"JP\",\"count\":373},{\"country\":\"MX\",\"count\":26}]}", 0, NULL);
    out_rows(&out, body, "groups", "none");
    assert_string_equal(buf_string(&out.text), "COUNTRY  COUNT\nJP         373\nMX          26\n");
    json_decref(body);
}

static void fields_that_are_not_there_are_not_printed(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, false, false);
    json_t *object = json_loads("{\"name\":\"x\",\"state\":null,\"store\":{\"bytes\":5}}", 0, NULL);
    out_object(&out, object, columns);
    assert_string_equal(buf_string(&out.text), "name:  x\nbytes: 5\n");
    json_decref(object);
}

static void nothing_leaves_before_the_flush(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, false, false);
    char *text = NULL;
    size_t size;
    out.to = open_memstream(&text, &size);
    out_printf(&out, "half");
    fflush(out.to);
    assert_int_equal(size, 0);
    assert_int_equal(out_flush(&out), E_OK);
    assert_string_equal(text, "half");
    fclose(out.to);
    free(text);
}

static void a_full_disk_is_reported(void **state)
{
    (void)state;
    AUTO(out_clear) struct out out = make(OUT_TABLE, false, false);
    out.to = fopen("/dev/full", "w");
    out_printf(&out, "text");
    assert_int_equal(out_flush(&out), E_FULL);
    fclose(out.to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_upper_case_headers_and_numbers_to_the_right),
        cmocka_unit_test(on_a_terminal_ages_are_relative_and_bytes_have_units),
        cmocka_unit_test(on_a_terminal_only_long_texts_are_cut_and_never_names),
        cmocka_unit_test(colour_never_stands_alone),
        cmocka_unit_test(colour_follows_the_environment),
        cmocka_unit_test(json_is_the_whole_body_with_its_version_first),
        cmocka_unit_test(json_lines_are_one_document_a_row),
        cmocka_unit_test(tsv_keeps_numbers_and_times_and_escapes_tabs),
        cmocka_unit_test(csv_quotes_what_needs_it),
        cmocka_unit_test(csv_marks_what_a_spreadsheet_would_take_for_a_formula),
        cmocka_unit_test(what_cannot_be_printed_is_no_matter_of_the_store),
        cmocka_unit_test(names_stand_alone),
        cmocka_unit_test(an_empty_list_prints_nothing_but_json),
        cmocka_unit_test(columns_can_come_from_the_rows),
        cmocka_unit_test(fields_that_are_not_there_are_not_printed),
        cmocka_unit_test(nothing_leaves_before_the_flush),
        cmocka_unit_test(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
