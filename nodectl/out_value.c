#include "nodectl/out_value.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

const json_t *out_member(const json_t *row, const char *key)
{
    const json_t *whole = json_object_get(row, key);
    const char *dot = strchr(key, '.');
    if (whole != NULL || dot == NULL)
        return whole;
    char first[64];
    snprintf(first, sizeof first, "%.*s", (int)(dot - key), key);
    return out_member(json_object_get(row, first), dot + 1);
}

void out_age(uint64_t seconds, struct buf *text)
{
    if (seconds < 60)
        buf_printf(text, "%" PRIu64 "s", seconds);
    else if (seconds < 3600)
        buf_printf(text, "%" PRIu64 "m", seconds / 60);
    else if (seconds < 86400)
        buf_printf(text, "%" PRIu64 "h %" PRIu64 "m", seconds / 3600, seconds % 3600 / 60);
    else
        buf_printf(text, "%" PRIu64 "d %" PRIu64 "h", seconds / 86400, seconds % 86400 / 3600);
}

void out_bytes(uint64_t bytes, struct buf *text)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
    if (bytes < 1024) {
        buf_printf(text, "%" PRIu64 " B", bytes);
        return;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1024;
    buf_printf(text, "%.1f %s", value, units[unit]);
}

static bool parse_time(const char *text, uint64_t *seconds)
{
    struct tm tm = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL || (rest[0] != 'Z' && rest[0] != '.'))
        return false;
    time_t time = timegm(&tm);
    *seconds = time > 0 ? (uint64_t)time : 0;
    return true;
}

static void relative_time(const struct out *out, const char *time, struct buf *text)
{
    uint64_t then, now = out->now_ms / 1000;
    if (!parse_time(time, &then)) {
        text_escape(text, bytes_text(time));
        return;
    }
    if (then > now)
        buf_text(text, "in ");
    out_age(then > now ? then - now : now - then, text);
    if (then <= now)
        buf_text(text, " ago");
}

static void append_number(const json_t *value, struct buf *text)
{
    if (json_is_real(value))
        buf_printf(text, "%.10g", json_real_value(value));
    else
        buf_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static void append_text(const char *value, bool escape, struct buf *text)
{
    if (escape)
        text_escape(text, bytes_text(value));
    else
        buf_text(text, value);
}

static void append_list(const json_t *list, bool escape, struct buf *text)
{
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value)
    {
        if (i > 0)
            buf_text(text, ",");
        out_plain_value(value, escape, text);
    }
}

void out_plain_value(const json_t *value, bool escape, struct buf *text)
{
    if (json_is_string(value))
        append_text(json_string_value(value), escape, text);
    else if (json_is_number(value))
        append_number(value, text);
    else if (json_is_boolean(value))
        buf_text(text, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        append_list(value, escape, text);
    else if (json_is_object(value)) {
        AUTO(free_ptr) char *dump = json_dumps(value, JSON_COMPACT);
        append_text(dump != NULL ? dump : "", escape, text);
    }
}

void out_value(const struct out *out, const json_t *value, enum out_kind kind, struct buf *text)
{
    bool person = out->format == OUT_TABLE && out->tty;
    uint64_t number =
        json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
    if (person && kind == OUT_TIME && json_is_string(value))
        relative_time(out, json_string_value(value), text);
    else if (person && kind == OUT_SECONDS && json_is_number(value))
        out_age(json_is_real(value) ? (uint64_t)json_real_value(value) : number, text);
    else if (person && kind == OUT_BYTES && json_is_integer(value))
        out_bytes(number, text);
    else
        out_plain_value(value, true, text);
}

static const struct {
    const char *word, *colour, *code;
} colours[] = {
    { "ok", "green", "\x1b[32m" },          { "connected", "green", "\x1b[32m" },
    { "added", "green", "\x1b[32m" },       { "warn", "yellow", "\x1b[33m" },
    { "pending", "yellow", "\x1b[33m" },    { "away", "yellow", "\x1b[33m" },
    { "connecting", "yellow", "\x1b[33m" }, { "joining", "yellow", "\x1b[33m" },
    { "crit", "red", "\x1b[31m" },          { "refused", "red", "\x1b[31m" },
    { "suspended", "red", "\x1b[31m" },     { "removed", "red", "\x1b[31m" },
};

const char *out_colour(const char *word)
{
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcasecmp(colours[i].word, word) == 0)
            return colours[i].colour;
    return NULL;
}

void out_state(const struct out *out, const char *word, struct buf *text)
{
    const char *code = NULL;
    for (size_t i = 0; out->colour && i < sizeof colours / sizeof *colours; i++)
        if (strcasecmp(colours[i].word, word) == 0)
            code = colours[i].code;
    if (code != NULL)
        buf_text(text, code);
    text_escape(text, bytes_text(word));
    if (code != NULL)
        buf_text(text, "\x1b[0m");
}
