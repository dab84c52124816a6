#include "app/importer_table.h"

#include "scratch.h"

#include "base/file.h"
#include "base/limits.h"

#include <cmocka.h>

static char refusals[4096];
static struct table table;

static void note(void *context, size_t line, const char *reason)
{
    (void)context;
    size_t used = strlen(refusals);
    snprintf(refusals + used, sizeof refusals - used, "%zu: %s\n", line, reason);
}

static enum err read_bytes_of(const char *text, size_t len, bool tsv)
{
    char path[200];
    snprintf(path, sizeof path, "%s/table", scratch);
    assert_int_equal(file_write(path, bytes_of(text, len), 0600), E_OK);
    table_clear(&table);
    refusals[0] = 0;
    return table_read(path, tsv, note, NULL, &table);
}

static enum err read_tsv(const char *text)
{
    return read_bytes_of(text, strlen(text), true);
}

static enum err read_csv(const char *text)
{
    return read_bytes_of(text, strlen(text), false);
}

/* Rows as "line:cell|cell", one a line. */
static void assert_rows(const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    for (size_t i = 0; i < table.count; i++) {
        buf_printf(&text, "%zu:", table.rows[i].line);
        for (size_t j = 0; j < table.columns; j++)
            buf_printf(&text, "%s%s", j > 0 ? "|" : "", table.rows[i].cells[j]);
        buf_text(&text, "\n");
    }
    assert_string_equal(buf_string(&text), expected);
}

static int clear_table(void **state)
{
    table_clear(&table);
    table_clear(&table); /* twice does no harm */
    return scratch_drop(state);
}

static void tabs_part_cells_and_each_row_knows_its_line(void **state)
{
    (void)state;
    assert_int_equal(read_tsv("a\tb\tc\n1\t2\t3\n\n\"4\"\t\t \n5\t6\t7"), E_OK);
    assert_int_equal(table.columns, 3);
    assert_rows("2:1|2|3\n4:\"4\"|| \n5:5|6|7\n");
    assert_int_equal(table.refused, 0);
    assert_int_equal(table_column(&table, "a"), 0);
    assert_int_equal(table_column(&table, "c"), 2);
    assert_int_equal(table_column(&table, "d"), 3);
    assert_int_equal(table_column(&table, ""), 3);
}

static void quotes_hold_commas_quotes_and_line_ends(void **state)
{
    (void)state;
    assert_int_equal(read_csv("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"x\"\nlast,one\n"), E_OK);
    assert_rows("2:1,5|say \"hi\"\n3:two\nlines|x\n5:last|one\n");
}

static void line_ends_of_windows_and_a_byte_order_mark_are_taken(void **state)
{
    (void)state;
    assert_int_equal(read_tsv("\xef\xbb\xbf"
                              "a\tb\r\n1\t2\r\n\r\n3\t4\r\n"),
                     E_OK);
    assert_int_equal(table_column(&table, "a"), 0);
    assert_rows("2:1|2\n4:3|4\n");
    assert_int_equal(read_csv("\xef\xbb\xbf"
                              "a,b\r\n1,2\r\n\r\n3,4\r\n"),
                     E_OK);
    assert_int_equal(table_column(&table, "a"), 0);
    assert_rows("2:1|2\n4:3|4\n");
}

static void rows_of_another_width_are_refused_by_line(void **state)
{
    (void)state;
    static const char expected[] = "3: 1 columns, the header has 2\n5: 3 columns, the header has 2\n";
    assert_int_equal(read_tsv("a\tb\n1\t2\n3\n4\t5\n6\t7\t8\n9\t10\n"), E_OK);
    assert_rows("2:1|2\n4:4|5\n6:9|10\n");
    assert_string_equal(refusals, expected);
    assert_int_equal(table.refused, 2);
    assert_int_equal(read_csv("a,b\n1,2\n3\n4,5\n6,7,8\n9,10\n"), E_OK);
    assert_rows("2:1|2\n4:4|5\n6:9|10\n");
    assert_string_equal(refusals, expected);
}

static void bytes_that_are_no_text_are_refused_by_line(void **state)
{
    (void)state;
    static const char tsv[] = "a\tb\n1\t\xff\n2\tx\0y\n3\tok\n";
    static const char csv[] = "a,b\n1,\xff\n2,x\0y\n3,ok\n";
    static const char expected[] = "2: broken UTF-8 or a NUL byte\n3: broken UTF-8 or a NUL byte\n";
    assert_int_equal(read_bytes_of(tsv, sizeof tsv - 1, true), E_OK);
    assert_rows("4:3|ok\n");
    assert_string_equal(refusals, expected);
    assert_int_equal(read_bytes_of(csv, sizeof csv - 1, false), E_OK);
    assert_rows("4:3|ok\n");
    assert_string_equal(refusals, expected);
}

/* A table whose second cell has so many bytes. */
static void long_cell(size_t len, bool tsv)
{
    AUTO(buf_clear) struct buf text = { 0 };
    buf_text(&text, tsv ? "a\tb\n1\t" : "a,b\n1,");
    while (len-- > 0)
        buf_u8(&text, 'x');
    buf_text(&text, tsv ? "\n2\tok\n" : "\n2,ok\n");
    assert_int_equal(read_bytes_of((char *)text.data, text.len, tsv), E_OK);
}

static void a_cell_has_its_bound(void **state)
{
    (void)state;
    for (int tsv = 0; tsv < 2; tsv++) {
        long_cell(MAX_CSV_FIELD_BYTES, tsv);
        assert_int_equal(table.count, 2);
        assert_int_equal(strlen(table.rows[0].cells[1]), MAX_CSV_FIELD_BYTES);
        long_cell(MAX_CSV_FIELD_BYTES + 1, tsv);
        assert_int_equal(table.count, 1);
        assert_string_equal(refusals, "2: a cell of more than 65,536 bytes\n");
        assert_string_equal(table.rows[0].cells[0], "2"); /* and the rest goes on */
    }
}

static void append_columns(struct buf *text, unsigned count, const char *before)
{
    for (unsigned i = 0; i < count; i++)
        buf_printf(text, "%s%s%u", i > 0 ? "\t" : "", before, i);
    buf_text(text, "\n");
}

static void a_row_has_its_bound_of_columns(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf text = { 0 };
    append_columns(&text, 1000, "c");
    append_columns(&text, 1000, "");
    append_columns(&text, 1001, "");
    assert_int_equal(read_bytes_of((char *)text.data, text.len, true), E_OK);
    assert_int_equal(table.columns, 1000);
    assert_int_equal(table.count, 1);
    assert_string_equal(refusals, "3: more than 1,000 columns\n");
}

static void assert_no_table(enum err err, const char *part)
{
    assert_int_equal(err, E_USAGE);
    assert_non_null(strstr(err_message(), part));
}

static void a_header_that_is_none_refuses_the_file(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf wide = { 0 };
    append_columns(&wide, 1001, "c");
    assert_no_table(read_tsv(""), "no header line");
    assert_no_table(read_tsv("\n\n"), "no header line");
    assert_no_table(read_csv("\xef\xbb\xbf"), "no header line");
    assert_no_table(read_tsv("a\tb\ta\n1\t2\t3\n"), ":1: the column \"a\" stands there twice");
    assert_no_table(read_csv("a,\xff\n1,2\n"), "the header has broken UTF-8");
    assert_no_table(read_bytes_of("a\tb\0\n1\t2\n", 9, true), "the header has broken UTF-8 or a NUL byte");
    assert_no_table(read_bytes_of((char *)wide.data, wide.len, true),
                    "the header has more than 1,000 columns");
}

static void quotes_that_do_not_close_refuse_the_file_with_the_line(void **state)
{
    (void)state;
    assert_int_equal(read_csv("a,b\n1,2\n3,\"open\n4,5\n"), E_USAGE);
    assert_non_null(strstr(err_message(), "table: line 3: "));
    assert_int_equal(read_csv("a,b\n1,2\n\"3\"x,4\n"), E_USAGE);
    assert_non_null(strstr(err_message(), "line 3: "));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    char path[200];
    table_clear(&table);
    snprintf(path, sizeof path, "%s/none", scratch);
    assert_int_equal(table_read(path, true, note, NULL, &table), E_NOT_FOUND);
    assert_int_equal(table_read(scratch, true, note, NULL, &table), E_IO);
}

static void a_file_past_256_mib_is_too_big(void **state)
{
    (void)state;
    char path[200];
    table_clear(&table);
    snprintf(path, sizeof path, "%s/large", scratch);
    assert_int_equal(file_write(path, bytes_text("a\tb\n"), 0600), E_OK);
    assert_int_equal(truncate(path, (256 << 20) + 1), 0); /* a hole: it takes no room */
    assert_int_equal(table_read(path, true, note, NULL, &table), E_TOO_BIG);
}

static void a_header_alone_is_a_table_without_rows(void **state)
{
    (void)state;
    assert_int_equal(read_csv("a,b"), E_OK);
    assert_int_equal(table.columns, 2);
    assert_int_equal(table.count, 0);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, scratch_make, clear_table)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(tabs_part_cells_and_each_row_knows_its_line),
        FACT(quotes_hold_commas_quotes_and_line_ends),
        FACT(line_ends_of_windows_and_a_byte_order_mark_are_taken),
        FACT(rows_of_another_width_are_refused_by_line),
        FACT(bytes_that_are_no_text_are_refused_by_line),
        FACT(a_cell_has_its_bound),
        FACT(a_row_has_its_bound_of_columns),
        FACT(a_header_that_is_none_refuses_the_file),
        FACT(quotes_that_do_not_close_refuse_the_file_with_the_line),
        FACT(a_file_that_cannot_be_read_is_named),
        FACT(a_file_past_256_mib_is_too_big),
        FACT(a_header_alone_is_a_table_without_rows),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
