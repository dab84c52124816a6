#include "app/importer_map.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/maps.h"
#include "base/file.h"
#include "base/text.h"

#define PATH_MAX_BYTES 127 /* the schema's longest is a fifth of it */

static const char *cell_of(const struct table *table, const struct row *row, const char *column)
{
    size_t i = table_column(table, column);
    return i < table->columns ? row->cells[i] : "";
}

static const char *built_in(const char *table)
{
    for (const struct map_text *m = built_in_maps; m->name != NULL; m++)
        if (strcmp(m->name, table) == 0)
            return m->text;
    return NULL;
}

static enum err load_text(const char *path, const char *table, struct buf *text)
{
    if (path != NULL)
        return file_read(path, 1 << 20, text);
    const char *own = built_in(table);
    if (own == NULL)
        return fail(E_NOT_FOUND, "there is no map for a table called \"%s\"", table);
    buf_text(text, own);
    return E_OK;
}

enum err map_open(const char *path, const char *table, struct map *out)
{
    *out = (struct map){ 0 };
    snprintf(out->name, sizeof out->name, "%s", path != NULL ? path : table);
    AUTO(buf_clear) struct buf text = { 0 };
    TRY(load_text(path, table, &text));
    json_error_t why;
    out->json = json_loadb(buf_string(&text), text.len, JSON_REJECT_DUPLICATES, &why);
    if (out->json == NULL)
        return fail(E_USAGE, "%s:%d: %s", out->name, why.line, why.text);
    if (!json_is_object(json_object_get(out->json, "engagement")) ||
        json_object_get(out->json, "key") == NULL)
        return fail(E_USAGE, "%s: expected the members \"key\" and \"engagement\"", out->name);
    return E_OK;
}

void map_clear(struct map *map)
{
    json_decref(map->json);
    *map = (struct map){ 0 };
}

const char *map_text(const struct map *map, const char *member)
{
    const char *text = json_string_value(json_object_get(map->json, member));
    return text != NULL ? text : "";
}

enum err map_check(const struct map *map, const struct table *table)
{
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(map->json, "columns"), i, column)
    {
        const char *name = json_string_value(column);
        if (name != NULL && table_column(table, name) == table->columns)
            return fail(E_USAGE, "%s: the table has no column \"%s\"", map->name, name);
    }
    return E_OK;
}

/* One template. False, and nothing appended, when a column in it is empty. */
static bool fill_one(const char *template, const struct table *table, const struct row *row, struct buf *out)
{
    size_t before = out->len;
    while (*template != 0) {
        const char *open = strchr(template, '{'), *close = open != NULL ? strchr(open, '}') : NULL;
        if (close == NULL) {
            buf_text(out, template);
            return true;
        }
        char column[128];
        snprintf(column, sizeof column, "%.*s", (int)(close - open - 1), open + 1);
        const char *cell = cell_of(table, row, column);
        if (cell[0] == 0) {
            out->len = before;
            return false;
        }
        buf_append(out, template, (size_t)(open - template));
        buf_text(out, cell);
        template = close + 1;
    }
    return true;
}

void map_fill(const json_t *templates, const struct table *table, const struct row *row, struct buf *out)
{
    if (json_is_string(templates)) {
        fill_one(json_string_value(templates), table, row, out);
        return;
    }
    size_t i;
    json_t *template;
    json_array_foreach(templates, i, template)
    {
        if (json_is_string(template) && fill_one(json_string_value(template), table, row, out))
            return;
    }
}

/* Puts value at a path like partners[0].point.lat, making what is missing on the way. Takes over value. */
static enum err set_path(json_t *target, const char *path, json_t *value)
{
    char name[PATH_MAX_BYTES + 1];
    size_t length = strcspn(path, ".[");
    snprintf(name, sizeof name, "%.*s", (int)length, path);
    path += length;
    if (*path == '[') {
        char *end;
        unsigned long index = strtoul(path + 1, &end, 10);
        json_t *list = json_object_get(target, name);
        if (list == NULL) {
            json_object_set_new(target, name, json_array());
            list = json_object_get(target, name);
        }
        if (*end != ']' || index > json_array_size(list)) {
            json_decref(value);
            return fail(E_USAGE, "the map's path %s%s leaves out a place of its list", name, path);
        }
        path = end + 1;
        if (*path == 0)
            return json_array_insert_new(list, index, value) == 0
                       ? E_OK
                       : fail(E_USAGE, "the map's path %s is no list", name);
        if (index == json_array_size(list))
            json_array_append_new(list, json_object());
        return set_path(json_array_get(list, index), path + (*path == '.'), value);
    }
    if (*path == 0)
        return json_object_set_new(target, name, value) == 0
                   ? E_OK
                   : fail(E_USAGE, "the map's path %s cannot be set", name);
    if (json_object_get(target, name) == NULL)
        json_object_set_new(target, name, json_object());
    return set_path(json_object_get(target, name), path + 1, value);
}

static enum err to_scaled(const char *text, double scale, json_t **out)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (strspn(text, "+-.0123456789eE") != strlen(text) || end == text || *end != 0 || errno != 0 ||
        !isfinite(number) || fabs(number * scale) > 2147483647.0)
        return fail(E_USAGE, "\"%.60s\" is not a number that fits", text);
    *out = json_integer(llround(number * scale));
    return E_OK;
}

static enum err to_integer(const char *text, bool prefix, json_t **out)
{
    uint64_t number;
    char digits[24];
    snprintf(digits, sizeof digits, "%s", text);
    if (prefix)
        digits[strspn(digits, "0123456789")] = 0;
    if (strlen(text) >= sizeof digits || parse_u64(digits, &number) != E_OK || number > INT64_MAX)
        return fail(E_USAGE, "\"%.60s\" is not a whole number", text);
    *out = json_integer((json_int_t)number);
    return E_OK;
}

static enum err convert(const char *as, const char *text, json_t **out)
{
    uint32_t date;
    if (strcmp(as, "integer") == 0 || strcmp(as, "integer_prefix") == 0)
        return to_integer(text, as[7] != 0, out);
    if (strcmp(as, "microdegrees") == 0)
        return to_scaled(text, 1e6, out);
    if (strcmp(as, "tenths") == 0)
        return to_scaled(text, 10, out);
    if (as[0] != 0 && strcmp(as, "date") != 0)
        return fail(E_USAGE,
                    "the map's \"as\" is \"%.60s\": expected date, integer, integer_prefix, microdegrees or "
                    "tenths",
                    as);
    if (as[0] != 0 && date_parse(text, &date) != E_OK)
        return fail(E_USAGE, "\"%.60s\" is not a date like 2014, 2014-06 or 2014-06-17", text);
    *out = json_string(text);
    return *out != NULL ? E_OK : fail(E_USAGE, "broken UTF-8");
}

static json_t *split(const char *text, const char *separator)
{
    json_t *list = json_array();
    size_t width = strlen(separator);
    while (*text != 0) {
        const char *end = width > 0 ? strstr(text, separator) : NULL;
        size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
        if (len > 0)
            json_array_append_new(list, json_stringn(text, len));
        text = end != NULL ? end + width : text + len;
    }
    return list;
}

/* {"columns": {"a": "us_side", ...}, "equals": "1"}: the words of the columns whose cell is that. */
static json_t *collect(const json_t *rule, const struct table *table, const struct row *row)
{
    json_t *list = json_array(), *word;
    const char *column, *equals = json_string_value(json_object_get(rule, "equals"));
    json_object_foreach(json_object_get(rule, "columns"), column, word)
    {
        if (equals != NULL && strcmp(cell_of(table, row, column), equals) == 0)
            json_array_append(list, word);
    }
    return list;
}

static void keep_words(const json_t *rule, const char *text, struct buf *leftover)
{
    const char *from = json_string_value(json_object_get(rule, "from"));
    int n = from != NULL ? (int)strcspn(from + 1, "}") : 0; /* "{column}" */
    buf_printf(leftover, "%s%.*s: %s", leftover->len > 0 ? "; " : "", n, from != NULL ? from + 1 : "", text);
}

/* The code for a source's words. NULL when none fits: the words go to leftover, unless the rule says it is
 * partial. */
static json_t *look_up(const struct map *map, const json_t *rule, const char *text, struct buf *leftover)
{
    const json_t *words = json_object_get(rule, "words");
    if (json_is_string(words))
        words = json_object_get(json_object_get(map->json, "words"), json_string_value(words));
    json_t *code = json_object_get(words, text);
    if (code != NULL)
        return json_incref(code);
    if (json_object_get(rule, "else") != NULL)
        return json_string(text);
    if (!json_is_true(json_object_get(rule, "partial")))
        keep_words(rule, text, leftover);
    return NULL;
}

/* The value that a rule gives for a row; NULL in *out when it gives none. */
static enum err evaluate(const struct map *map, const json_t *rule, const struct table *table,
                         const struct row *row, struct buf *leftover, json_t **out)
{
    *out = NULL;
    if (json_object_get(rule, "columns") != NULL) {
        *out = collect(rule, table, row);
        return E_OK;
    }
    AUTO(buf_clear) struct buf text = { 0 };
    map_fill(json_is_object(rule) ? json_object_get(rule, "from") : rule, table, row, &text);
    if (text.len == 0)
        return E_OK;
    const char *as = json_string_value(json_object_get(rule, "as"));
    const char *separator = json_string_value(json_object_get(rule, "split"));
    const char *filled = json_string_value(json_object_get(rule, "filled"));
    if (json_object_get(rule, "words") != NULL)
        *out = look_up(map, rule, buf_string(&text), leftover);
    else if (separator != NULL)
        *out = split(buf_string(&text), separator);
    else {
        enum err err = convert(as != NULL ? as : "", filled != NULL ? filled : buf_string(&text), out);
        if (err == E_OK || !json_is_true(json_object_get(rule, "lenient")))
            return err;
        keep_words(rule, buf_string(&text), leftover);
    }
    return E_OK;
}

enum err map_apply(const struct map *map, const json_t *rules, const struct table *table,
                   const struct row *row, json_t *target, struct buf *leftover)
{
    const char *path;
    json_t *rule;
    json_object_foreach((json_t *)rules, path, rule)
    {
        json_t *value;
        if (strlen(path) > PATH_MAX_BYTES)
            return fail(E_USAGE, "the map's path %.40s... has more than %d bytes", path, PATH_MAX_BYTES);
        if (evaluate(map, rule, table, row, leftover, &value) != E_OK) {
            char why[200];
            snprintf(why, sizeof why, "%s", err_message());
            return fail(E_USAGE, "%s: %s", path, why);
        }
        if (value != NULL)
            TRY(set_path(target, path, value));
    }
    return E_OK;
}

enum err map_require(const struct map *map, const struct table *table, const struct row *row)
{
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(map->json, "require"), i, column)
    {
        const char *name = json_string_value(column);
        if (name != NULL && cell_of(table, row, name)[0] == 0)
            return fail(E_USAGE, "the column %s is empty", name);
    }
    return E_OK;
}

/* UTF-8 read as Latin-1 once or twice: a capital A with tilde or circumflex and then a mark, or its ASCII
 * rest. */
static bool has_mojibake(const char *text)
{
    static const char *const marks[] = { "\xc3\x83\xc2", "\xc3\x82\xc2", "A(c)",
                                         "A\xc2\xa9",    "\xef\xbf\xbd", "\xc3\x83\xc2\xa9" };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(text, marks[i]) != NULL)
            return true;
    return false;
}

static bool flag_holds(const json_t *flag, const char *cell)
{
    const json_t *empty = json_object_get(flag, "empty"), *is = json_object_get(flag, "is");
    if (empty != NULL)
        return json_is_true(empty) == (cell[0] == 0);
    if (json_is_true(json_object_get(flag, "mojibake")))
        return has_mojibake(cell);
    if (json_is_true(json_object_get(flag, "not_number")))
        return strspn(cell, "0123456789") != strlen(cell);
    size_t i;
    json_t *word;
    json_array_foreach(is, i, word)
    {
        if (json_is_string(word) && strcmp(json_string_value(word), cell) == 0)
            return true;
    }
    return false;
}

void map_flags(const struct map *map, const struct table *table, const struct row *row,
               void (*flag)(void *context, const char *reason), void *context)
{
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(map->json, "flags"), i, rule)
    {
        const char *column = json_string_value(json_object_get(rule, "column"));
        if (column == NULL || table_column(table, column) == table->columns)
            continue;
        if (!flag_holds(rule, cell_of(table, row, column)))
            continue;
        AUTO(buf_clear) struct buf reason = { 0 };
        map_fill(json_object_get(rule, "reason"), table, row, &reason);
        flag(context, reason.len > 0 ? buf_string(&reason) : column);
    }
}
