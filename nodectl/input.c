#include "nodectl/input.h"

#include <string.h>

#include "nodectl/cmd.h"

#define MAX_INPUT_BYTES (256U << 20)

static enum err parse_line(const char *line, size_t len, const char *path, size_t number, json_t *list)
{
    json_error_t why;
    json_t *statement = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    if (statement == NULL)
        return errors_fail(E_USAGE, "one JSON object, or one a line", "%s:%zu:%d: %s", path,
                           number + (size_t)(why.line > 0 ? why.line - 1 : 0), why.column, why.text);
    json_array_append_new(list, statement);
    if (!json_is_object(statement))
        return errors_fail(E_USAGE, "one JSON object, or one a line", "%s:%zu: not an object", path, number);
    return E_OK;
}

static enum err parse_lines(struct bytes text, const char *path, json_t *list)
{
    const char *at = (const char *)text.data, *end = at + text.len;
    for (size_t number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline != NULL ? newline : end) - at);
        bool blank = true;
        for (size_t i = 0; i < len && blank; i++)
            blank = strchr(" \t\r", at[i]) != NULL;
        if (!blank)
            TRY(parse_line(at, len, path, number, list));
        at += len + 1;
    }
    return E_OK;
}

/* One object over several lines, or an object a line. Which, the first line tells. */
enum err input_statements(const char *path, json_t *list)
{
    AUTO(buf_clear) struct buf text = { 0 };
    TRY(cmd_read(path, MAX_INPUT_BYTES, &text));
    if (strcmp(path, "-") == 0)
        path = "standard input";
    json_t *whole = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(whole)) {
        json_array_append_new(list, whole);
        return E_OK;
    }
    json_decref(whole);
    const char *newline = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
    size_t first = newline != NULL ? (size_t)(newline - (const char *)text.data) : text.len;
    json_t *line = json_loadb((const char *)text.data, first, 0, NULL);
    bool lines = line != NULL;
    json_decref(line);
    if (!lines && text.len > 0)
        return parse_line((const char *)text.data, text.len, path, 1, list);
    TRY(parse_lines(buf_view(&text), path, list));
    if (json_array_size(list) == 0)
        return fail(E_USAGE, "%s holds no statement", path);
    return E_OK;
}
