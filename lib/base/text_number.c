/* The numbers of text.h: integers, durations, sizes, dates and times. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define LAST_TIME_MS 253402300799999U /* 9999-12-31T23:59:59.999Z */

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit durations[] = {
    { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
};

static const struct unit sizes[] = {
    { "", 1 },
    { "KiB", UINT64_C(1) << 10 },
    { "MiB", UINT64_C(1) << 20 },
    { "GiB", UINT64_C(1) << 30 },
    { "TiB", UINT64_C(1) << 40 },
    { NULL, 0 },
};

/* The digits at the front of text: how many; 0 when there are none, too many, or a leading zero. */
static size_t leading_number(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; text[n] >= '0' && text[n] <= '9'; n++) {
        unsigned digit = (unsigned)(text[n] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    if (n > 1 && text[0] == '0')
        return 0;
    *out = value;
    return n;
}

enum err parse_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = leading_number(text, &value);
    if (n == 0 || text[n] != 0)
        return fail(E_MALFORMED, "\"%.40s\" is not a number from 0 to %" PRIu64, text, UINT64_MAX);
    *out = value;
    return E_OK;
}

enum err parse_u32(const char *text, uint32_t *out)
{
    uint64_t value = 0;
    size_t n = leading_number(text, &value);
    if (n == 0 || text[n] != 0 || value > UINT32_MAX)
        return fail(E_MALFORMED, "\"%.40s\" is not a number from 0 to %" PRIu32, text, UINT32_MAX);
    *out = (uint32_t)value;
    return E_OK;
}

static bool parse_unit(const char *text, const struct unit *units, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = leading_number(text, &value);
    if (n == 0)
        return false;
    for (const struct unit *u = units; u->word != NULL; u++) {
        if (strcmp(u->word, text + n) != 0)
            continue;
        if (value > UINT64_MAX / u->factor)
            return false;
        *out = value * u->factor;
        return true;
    }
    return false;
}

enum err parse_duration_ms(const char *text, uint64_t *out)
{
    if (!parse_unit(text, durations, out))
        return fail(E_MALFORMED, "\"%.40s\" is not a duration such as 250ms, 10s, 30m, 72h or 7d", text);
    return E_OK;
}

enum err parse_size(const char *text, uint64_t *out)
{
    if (!parse_unit(text, sizes, out))
        return fail(E_MALFORMED, "\"%.40s\" is not a size such as 4096, 64KiB, 10MiB or 1GiB", text);
    return E_OK;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* n digits at text: their value, or -1. */
static int fixed_digits(const char *text, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum err date_parse(const char *text, uint32_t *out)
{
    size_t len = strlen(text);
    int year = len >= 4 ? fixed_digits(text, 4) : -1;
    int month = len >= 7 && text[4] == '-' ? fixed_digits(text + 5, 2) : 0;
    int day = len >= 10 && text[7] == '-' ? fixed_digits(text + 8, 2) : 0;

    bool shaped = (len == 4 || (len == 7 && month > 0) || (len == 10 && month > 0 && day > 0)) && year > 0;
    if (!shaped || month > 12)
        return fail(E_MALFORMED, "\"%.40s\" is not a date such as 2014, 2014-06 or 2014-06-23", text);
    if (day > 0 && (unsigned)day > days_in_month((unsigned)year, (unsigned)month))
        return fail(E_MALFORMED, "%.40s: that month has no day %d", text, day);
    *out = (uint32_t)(year * 10000 + month * 100 + day);
    return E_OK;
}

void date_format(uint32_t date, char out[static 11])
{
    unsigned year = date / 10000 % 10000, month = date / 100 % 100, day = date % 100;
    out[0] = 0;
    if (date == 0)
        return;
    int n = snprintf(out, 11, "%04u", year);
    if (month > 0 || day > 0)
        n += snprintf(out + n, 11 - (size_t)n, "-%02u", month);
    if (day > 0)
        snprintf(out + n, 11 - (size_t)n, "-%02u", day);
}

void time_format(uint64_t time_ms, char out[static 25])
{
    if (time_ms > LAST_TIME_MS)
        time_ms = LAST_TIME_MS;
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 25 - n, ".%03uZ", (unsigned)(time_ms % 1000));
}
