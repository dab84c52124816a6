#include "app/importer_table.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#define MAX_TABLE_BYTES ((size_t)256 << 20)
#define MAX_COLUMNS 1000

/* A row in the making. */
struct reading {
    struct table *table;
    table_refuse *refuse;
    void *context;
    char **cells;
    size_t count, cap;
    size_t line;     /* where this row began */
    size_t newlines; /* inside its quoted cells */
    size_t row_cap;
    const char *bad;
    char bad_header[100]; /* why the first row is no header; "" */
};

static void drop_cells(struct reading *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->cells[i]);
    r->count = 0;
}

static void add_cell(struct reading *r, const char *data, size_t len)
{
    if (len > MAX_CSV_FIELD_BYTES)
        r->bad = "a cell of more than 65,536 bytes";
    else if (!text_is_utf8(bytes_of(data, len)))
        r->bad = "broken UTF-8 or a NUL byte";
    if (r->count == MAX_COLUMNS) {
        r->bad = "more than 1,000 columns";
        return;
    }
    if (r->count == r->cap) {
        r->cap = 2 * r->cap + 16;
        r->cells = mem_resize(r->cells, r->cap * sizeof *r->cells);
    }
    size_t kept = r->bad == NULL ? len : 0;
    char *cell = mem_alloc(kept + 1);
    if (kept > 0)
        memcpy(cell, data, kept);
    r->cells[r->count++] = cell;
    for (size_t i = 0; i < len; i++)
        r->newlines += data[i] == '\n';
}

static void take_header(struct reading *r)
{
    r->table->header = mem_copy(r->cells, r->count * sizeof *r->cells);
    r->table->columns = r->count;
    r->count = 0;
    if (r->bad != NULL)
        snprintf(r->bad_header, sizeof r->bad_header, "%s", r->bad);
}

static void take_row(struct reading *r)
{
    struct table *t = r->table;
    char reason[200] = "";
    if (r->bad != NULL)
        snprintf(reason, sizeof reason, "%s", r->bad);
    else if (r->count != t->columns)
        snprintf(reason, sizeof reason, "%zu columns, the header has %zu", r->count, t->columns);
    if (reason[0] != 0) {
        t->refused++;
        r->refuse(r->context, r->line, reason);
        drop_cells(r);
        return;
    }
    if (t->count == r->row_cap) {
        r->row_cap = 2 * r->row_cap + 64;
        t->rows = mem_resize(t->rows, r->row_cap * sizeof *t->rows);
    }
    t->rows[t->count++] = (struct row){ r->line, mem_copy(r->cells, r->count * sizeof *r->cells) };
    r->count = 0;
}

/* ends: line ends that this row's own takes up. */
static void end_row(struct reading *r, size_t ends)
{
    if (r->count > 0) { /* an empty line is no row */
        if (r->table->header == NULL)
            take_header(r);
        else
            take_row(r);
    }
    r->line += ends + r->newlines;
    r->newlines = 0;
    r->bad = NULL;
}

static void read_tsv(struct reading *r, struct bytes text)
{
    const char *at = (const char *)text.data, *end = at + text.len;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *stop = line_end != NULL ? line_end : end;
        if (stop > at && stop[-1] == '\r')
            stop--;
        for (const char *cell = at; stop > at;) {
            const char *tab = memchr(cell, '\t', (size_t)(stop - cell));
            add_cell(r, cell, (size_t)((tab != NULL ? tab : stop) - cell));
            if (tab == NULL)
                break;
            cell = tab + 1;
        }
        end_row(r, 1);
        at = line_end != NULL ? line_end + 1 : end;
    }
}

static void on_csv_cell(void *data, size_t len, void *context)
{
    add_cell(context, data != NULL ? data : "", len);
}

static void on_csv_row(int terminator, void *context)
{
    /* Of CR LF both come here: the first ends the row, the second the line. */
    end_row(context, terminator != '\r');
}

static enum err read_csv(struct reading *r, struct bytes text)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return fail(E_IO, "libcsv will not start");
    size_t taken = csv_parse(&parser, text.data, text.len, on_csv_cell, on_csv_row, r);
    bool ok = taken == text.len && csv_fini(&parser, on_csv_cell, on_csv_row, r) == 0;
    size_t line = r->line;
    const char *why = csv_strerror(csv_error(&parser));
    if (!ok)
        fail(E_USAGE, "line %zu: %s", line, why);
    csv_free(&parser);
    return ok ? E_OK : E_USAGE;
}

static enum err check_header(const struct table *table, const char *path)
{
    if (table->columns == 0)
        return fail(E_USAGE, "%s: no header line", path);
    for (size_t i = 0; i < table->columns; i++)
        for (size_t j = i + 1; j < table->columns; j++)
            if (strcmp(table->header[i], table->header[j]) == 0)
                return fail(E_USAGE, "%s:1: the column \"%s\" stands there twice", path, table->header[i]);
    return E_OK;
}

enum err table_read(const char *path, bool tsv, table_refuse *refuse, void *context, struct table *out)
{
    *out = (struct table){ 0 };
    TRY(file_read(path, MAX_TABLE_BYTES, &out->file));
    if (out->file.len == 0)
        return check_header(out, path);
    struct bytes text = buf_view(&out->file);
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = bytes_of(text.data + 3, text.len - 3);

    struct reading reading = { .table = out, .refuse = refuse, .context = context, .line = 1 };
    enum err err = E_OK;
    if (tsv)
        read_tsv(&reading, text);
    else
        err = read_csv(&reading, text);
    drop_cells(&reading);
    free(reading.cells);
    buf_clear(&out->file);
    if (err == E_OK && reading.bad_header[0] != 0)
        err = fail(E_USAGE, "the header has %s", reading.bad_header);
    if (err != E_OK) {
        char why[300];
        snprintf(why, sizeof why, "%s", err_message());
        return fail(err, "%s: %s", path, why);
    }
    return check_header(out, path);
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        for (size_t j = 0; j < table->columns; j++)
            free(table->rows[i].cells[j]);
        free(table->rows[i].cells);
    }
    free(table->rows);
    for (size_t j = 0; j < table->columns; j++)
        free(table->header[j]);
    free(table->header);
    buf_clear(&table->file);
    *table = (struct table){ 0 };
}

size_t table_column(const struct table *table, const char *name)
{
    size_t i = 0;
    while (i < table->columns && strcmp(table->header[i], name) != 0)
        i++;
    return i;
}
