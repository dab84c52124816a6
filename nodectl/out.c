#include "nodectl/out.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "nodectl/errors.h"
#include "nodectl/out_value.h"

static bool want_colour(bool tty)
{
    const char *force = getenv("CLICOLOR_FORCE"), *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no != NULL && no[0] != 0)
        return false;
    if (force != NULL && force[0] != 0 && strcmp(force, "0") != 0)
        return true;
    return tty && term != NULL && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    uint32_t width;
    if (columns != NULL && parse_u32(columns, &width) == E_OK && width >= 20)
        return width;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

/* libsmartcols measures text by the locale, and writes \x codes for what the C locale does not know. */
static void set_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

void out_init(struct out *out, enum out_format format, bool quiet)
{
    set_locale();
    bool tty = isatty(STDOUT_FILENO);
    *out = (struct out){ .format = format, .tty = tty, .quiet = quiet, .to = stdout };
    out->colour = format == OUT_TABLE && want_colour(tty);
    out->width = terminal_width();
    out->now_ms = clock_wall_ms();
}

void out_clear(struct out *out)
{
    buf_clear(&out->text);
    buf_clear(&out->remarks);
}

enum err out_flush(struct out *out)
{
    size_t written = out->text.len > 0 ? fwrite(out->text.data, 1, out->text.len, out->to) : 0;
    bool good = written == out->text.len && fflush(out->to) == 0;
    int why = errno;
    out->text.len = 0;
    if (out->remarks.len > 0)
        fwrite(out->remarks.data, 1, out->remarks.len, stderr);
    out->remarks.len = 0;
    errno = why;
    if (good || errno == EPIPE)
        return E_OK;
    errors_hint(
        "look where standard output goes: a file on a full disk, or a descriptor that is closed; what the "
        "command did is done");
    return fail_errno(E_IO, "cannot write to standard output");
}

void out_printf(struct out *out, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n >= 0)
        buf_append(&out->text, text, (size_t)n);
    free(text);
}

void out_escaped(struct out *out, const char *text)
{
    text_escape(&out->text, bytes_text(text));
}

void out_remark(struct out *out, const char *format, ...)
{
    if (out->quiet || out_is_json(out))
        return;
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n >= 0 && out->text.len > 0)
        buf_printf(&out->remarks, "%s\n", text);
    else if (n >= 0)
        fprintf(stderr, "%s\n", text);
    free(text);
}

/* ---- JSON */

static void dump(struct out *out, const json_t *value, size_t flags)
{
    AUTO(free_ptr) char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
    if (text != NULL)
        buf_text(&out->text, text);
    buf_text(&out->text, "\n");
}

void out_json(struct out *out, const json_t *body)
{
    json_t *whole = json_pack("{s:i}", "api_version", 1);
    json_object_update(whole, (json_t *)body);
    dump(out, whole, JSON_INDENT(2));
    json_decref(whole);
}

void out_json_line(struct out *out, const json_t *row)
{
    dump(out, row, JSON_COMPACT);
}

/* ---- tsv, csv, names */

/* Spreadsheets take what begins so for a formula, and may do what it says; numbers they may have. */
static bool is_formula(const char *text)
{
    char *end;
    if (text[0] == 0 || strchr("=+-@\t\r", text[0]) == NULL)
        return false;
    if (strspn(text, "+-.0123456789eE") < strlen(text))
        return true;
    (void)strtod(text, &end);
    return *end != 0;
}

/* Quoted cells may hold line breaks and tabs; other control characters are shown, not sent to the terminal.
 */
static void csv_cell(struct buf *out, const char *text)
{
    bool formula = is_formula(text), quoted = strpbrk(text, ",\"\r\n") != NULL;
    buf_text(out, quoted ? "\"" : "");
    buf_text(out, formula ? "'" : "");
    while (*text != 0) {
        size_t plain = strcspn(text, "\"\n\t");
        text_escape(out, bytes_of(text, plain));
        text += plain;
        if (*text != 0) {
            buf_append(out, text, 1);
            buf_text(out, *text == '"' ? "\"" : "");
            text++;
        }
    }
    buf_text(out, quoted ? "\"" : "");
}

static void pipe_header(struct out *out, const struct out_column *columns)
{
    const char *separator = out->format == OUT_CSV ? "," : "\t";
    if (columns->key == NULL)
        return; /* of no rows */
    for (const struct out_column *c = columns; c->key != NULL; c++)
        out_printf(out, "%s%s", c == columns ? "" : separator, c->key);
    buf_text(&out->text, "\n");
    out->headed = true;
}

static void pipe_row(struct out *out, const json_t *row, const struct out_column *columns)
{
    for (const struct out_column *c = columns; c->key != NULL; c++) {
        AUTO(buf_clear) struct buf text = { 0 };
        if (c != columns)
            buf_text(&out->text, out->format == OUT_CSV ? "," : "\t");
        out_plain_value(out_member(row, c->key), out->format != OUT_CSV, &text);
        if (out->format == OUT_CSV)
            csv_cell(&out->text, buf_string(&text));
        else
            buf_bytes(&out->text, buf_view(&text));
    }
    buf_text(&out->text, "\n");
}

static void name_row(struct out *out, const json_t *row, const struct out_column *columns)
{
    const struct out_column *named = columns;
    for (const struct out_column *c = columns; c->key != NULL; c++)
        if (c->flags & OUT_NAMES)
            named = c;
    out_plain_value(out_member(row, named->key), true, &out->text);
    buf_text(&out->text, "\n");
}

static void print_pipe(struct out *out, const json_t *rows, const struct out_column *columns)
{
    size_t i;
    json_t *row;
    if (out->format != OUT_NAME && !out->headed)
        pipe_header(out, columns);
    json_array_foreach(rows, i, row)
    {
        if (out->format == OUT_NAME)
            name_row(out, row, columns);
        else
            pipe_row(out, row, columns);
    }
}

/* ---- tables */

static bool to_the_right(const struct out_column *column, const json_t *rows)
{
    if (column->kind == OUT_DYNAMIC)
        return json_is_number(out_member(json_array_get(rows, 0), column->key));
    return column->kind == OUT_NUMBER || column->kind == OUT_BYTES || column->kind == OUT_SECONDS;
}

static void add_columns(const struct out *out, struct libscols_table *table, const json_t *rows,
                        const struct out_column *columns)
{
    for (const struct out_column *c = columns; c->key != NULL; c++) {
        if (c->flags & OUT_EXTRA)
            continue;
        char header[80];
        size_t n = 0;
        for (; c->label[n] != 0 && n + 1 < sizeof header; n++)
            header[n] = (char)toupper((unsigned char)c->label[n]);
        header[n] = 0;
        int flags = to_the_right(c, rows) ? SCOLS_FL_RIGHT : 0;
        if (out->tty && !(c->flags & OUT_WHOLE) && flags == 0)
            flags |= SCOLS_FL_TRUNC;
        scols_table_new_column(table, header, 0, flags);
    }
}

static const char *colour_of(const struct out *out, const struct out_column *column, const json_t *value)
{
    if (!out->colour || column->kind != OUT_STATE || !json_is_string(value))
        return NULL;
    return out_colour(json_string_value(value));
}

static void add_line(const struct out *out, struct libscols_table *table, const json_t *row,
                     const struct out_column *columns)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    size_t at = 0;
    for (const struct out_column *c = columns; c->key != NULL; c++) {
        if (c->flags & OUT_EXTRA)
            continue;
        AUTO(buf_clear) struct buf text = { 0 };
        const json_t *value = out_member(row, c->key);
        out_value(out, value, c->kind, &text);
        scols_line_set_data(line, at, buf_string(&text));
        const char *colour = colour_of(out, c, value);
        if (colour != NULL)
            scols_cell_set_color(scols_line_get_cell(line, at), colour);
        at++;
    }
}

/* Columns are padded; what stands at the end of a line is not worth a space. */
static void append_trimmed(struct buf *out, const char *text)
{
    while (*text != 0) {
        size_t len = strcspn(text, "\n"), kept = len;
        while (kept > 0 && text[kept - 1] == ' ')
            kept--;
        buf_append(out, text, kept);
        buf_text(out, "\n");
        text += len;
        text += *text == '\n';
    }
}

static void print_table(struct out *out, const json_t *rows, const struct out_column *columns)
{
    scols_init_debug(0);
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        abort(); /* out of memory */
    scols_table_set_termforce(table, out->tty ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    scols_table_set_termwidth(table, out->width);
    scols_table_set_column_separator(table, "  ");
    scols_table_enable_colors(table, out->colour);
    scols_table_enable_noencoding(table, 1); /* out_value has escaped */
    add_columns(out, table, rows, columns);

    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) add_line(out, table, row, columns);
    char *text = NULL;
    if (scols_print_table_to_string(table, &text) == 0 && text != NULL)
        append_trimmed(&out->text, text);
    free(text);
    scols_unref_table(table);
}

/* ---- what commands call */

void out_list(struct out *out, const json_t *body, const char *list, const struct out_column *columns,
              const char *empty)
{
    const json_t *rows = json_object_get(body, list);
    size_t i;
    json_t *row;
    if (json_array_size(rows) == 0)
        out_remark(out, "%s", empty);
    switch (out->format) {
    case OUT_JSON:
        out_json(out, body);
        return;
    case OUT_JSONL:
        json_array_foreach(rows, i, row) out_json_line(out, row);
        return;
    case OUT_TABLE:
        if (json_array_size(rows) > 0)
            print_table(out, rows, columns);
        return;
    default:
        print_pipe(out, rows, columns);
    }
}

void out_rows(struct out *out, const json_t *body, const char *list, const char *empty)
{
    json_t *first = json_array_get(json_object_get(body, list), 0);
    AUTO(free_ptr)
    struct out_column *columns = mem_alloc((json_object_size(first) + 1) * sizeof(struct out_column));
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(first, key, value)
    {
        /* A reference that is cut refers to nothing. */
        unsigned whole = strcmp(key, "ref") == 0 || strcmp(key, "id") == 0 ? OUT_WHOLE : 0;
        columns[n] = (struct out_column){ key, key, OUT_DYNAMIC, (n == 0 ? OUT_NAMES : 0) | whole };
        n++;
    }
    out_list(out, body, list, columns, empty);
}

static void print_fields(struct out *out, const json_t *object, const struct out_column *fields)
{
    size_t widest = 0;
    for (const struct out_column *f = fields; f->key != NULL; f++)
        if (out_member(object, f->key) != NULL && strlen(f->label) > widest)
            widest = strlen(f->label);
    for (const struct out_column *f = fields; f->key != NULL; f++) {
        const json_t *value = out_member(object, f->key);
        if (value == NULL || json_is_null(value))
            continue;
        AUTO(buf_clear) struct buf text = { 0 };
        if (f->kind == OUT_STATE && json_is_string(value))
            out_state(out, json_string_value(value), &text);
        else
            out_value(out, value, f->kind, &text);
        out_printf(out, "%s:%*s %s\n", f->label, (int)(widest - strlen(f->label)), "", buf_string(&text));
    }
}

void out_object(struct out *out, const json_t *object, const struct out_column *fields)
{
    switch (out->format) {
    case OUT_JSON:
        out_json(out, object);
        return;
    case OUT_JSONL:
        out_json_line(out, object);
        return;
    case OUT_TABLE:
        print_fields(out, object, fields);
        return;
    case OUT_NAME:
        name_row(out, object, fields);
        return;
    default:
        pipe_header(out, fields);
        pipe_row(out, object, fields);
    }
}
