#include "app/answers.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#define DEFAULT_ROWS 100
#define PAGE_MS 40
#define PAGE_ROWS_MIN 16 /* of 256 KiB at most */

enum err param_word(const struct control_request *request, const char *name, const struct word *words,
                    const char *fallback, uint32_t *out)
{
    const char *given = control_param(request, name);
    given = given != NULL ? given : fallback;
    AUTO(buf_clear) struct buf expected = { 0 };
    for (const struct word *w = words; w->word != NULL; w++) {
        if (given != NULL && strcmp(w->word, given) == 0) {
            *out = w->number;
            return E_OK;
        }
        buf_printf(&expected, "%s%s", w == words ? "" : ", ", w->word);
    }
    if (given == NULL)
        return fail(E_USAGE, "%s is missing: expected one of %s", name, buf_string(&expected));
    return fail(E_USAGE, "%s: \"%.60s\" is not one of %s", name, given, buf_string(&expected));
}

static bool has_value(const ProtobufCEnumDescriptor *type, int value)
{
    for (unsigned i = 0; i < type->n_values; i++)
        if (type->values[i].value == value)
            return value != 0;
    return false;
}

enum err param_value(const struct control_request *request, const char *name, const char *type,
                     const char *fallback, uint32_t *out)
{
    const ProtobufCEnumDescriptor *all = statement_enum(type);
    const char *given = control_param(request, name);
    int value = 0;
    given = given != NULL ? given : fallback;
    if (given != NULL && statement_value(all, given, &value) && has_value(all, value)) {
        *out = (uint32_t)value;
        return E_OK;
    }
    AUTO(buf_clear) struct buf expected = { 0 };
    for (unsigned i = 0; i < all->n_values; i++) {
        char word[64];
        statement_word(all, all->values[i].value, word, sizeof word);
        if (all->values[i].value != 0)
            buf_printf(&expected, "%s%s", expected.len > 0 ? ", " : "", word);
    }
    if (given == NULL)
        return fail(E_USAGE, "%s is missing: expected one of %s", name, buf_string(&expected));
    return fail(E_USAGE, "%s: \"%.60s\" is not one of %s", name, given, buf_string(&expected));
}

enum err param_number(const struct control_request *request, const char *name, uint64_t fallback,
                      uint64_t *out)
{
    const char *given = control_param(request, name);
    *out = fallback;
    if (given == NULL || given[0] == 0)
        return E_OK;
    if (parse_u64(given, out) != E_OK)
        return fail(E_USAGE, "%s: expected a number, not \"%.60s\"", name, given);
    return E_OK;
}

enum err param_limit(const struct control_request *request, uint64_t *out)
{
    TRY(param_number(request, "limit", DEFAULT_ROWS, out));
    if (*out == 0 || *out > MAX_PAGE_ROWS)
        return fail(E_USAGE, "limit: expected 1 to %u", MAX_PAGE_ROWS);
    return E_OK;
}

bool param_flag(const struct control_request *request, const char *name)
{
    const char *given = control_param(request, name);
    return given != NULL && (strcmp(given, "1") == 0 || strcmp(given, "true") == 0);
}

enum err param_text(const struct control_request *request, const char *name, const char **out)
{
    *out = control_param(request, name);
    if (*out == NULL || (*out)[0] == 0)
        return fail(E_USAGE, "%s is missing", name);
    return E_OK;
}

static enum err read_one(const struct control_request *request, const struct param *param, void *place)
{
    const char **text = place;
    switch (param->kind) {
    case PARAM_TEXT:
        *text = control_param(request, param->name);
        if (*text == NULL)
            *text = param->fallback;
        return E_OK;
    case PARAM_NEEDED:
        return param_text(request, param->name, text);
    case PARAM_WORD:
        return param_word(request, param->name, param->words, param->fallback, place);
    case PARAM_VALUE:
        return param_value(request, param->name, param->words, param->fallback, place);
    case PARAM_NUMBER:
        return param_number(request, param->name, param->otherwise, place);
    case PARAM_LIMIT:
        return param_limit(request, place);
    case PARAM_FLAG:
        *(bool *)place = param_flag(request, param->name);
        return E_OK;
    }
    return E_OK;
}

enum err params_read(const struct control_request *request, const struct param *table, void *out)
{
    for (const struct param *param = table; param->name != NULL; param++)
        TRY(read_one(request, param, (char *)out + param->place));
    return E_OK;
}

bool page_takes_long(uint64_t began_ms, size_t rows)
{
    return rows >= PAGE_ROWS_MIN && clock_mono_ms() - began_ms >= PAGE_MS;
}

json_t *json_count(uint64_t number)
{
    return json_integer((json_int_t)number);
}

json_t *json_hex(const void *data, size_t len)
{
    AUTO(buf_clear) struct buf hex = { 0 };
    hex_append(&hex, bytes_of(data, len));
    return json_string(buf_string(&hex));
}

json_t *json_time(uint64_t time_ms)
{
    char text[25];
    if (time_ms == 0)
        return json_null();
    time_format(time_ms, text);
    return json_string(text);
}

json_t *json_age(uint64_t time_ms, uint64_t now_ms)
{
    if (time_ms == 0)
        return json_null();
    return json_count(now_ms > time_ms ? (now_ms - time_ms) / 1000 : 0);
}

json_t *json_id16(const uint8_t id[static 16])
{
    char text[ID16_TEXT_LEN + 1];
    id16_encode(id, text);
    return json_string(text);
}
