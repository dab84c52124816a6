#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef fail /* what err.h tells the analyser */
#undef fail_errno

static _Thread_local char message[512];

static const char *const names[E_COUNT] = {
    [E_OK] = "ok",
    [E_MALFORMED] = "malformed",
    [E_UNKNOWN_AUTHOR] = "unknown author",
    [E_GAP] = "gap",
    [E_BROKEN_CHAIN] = "broken chain",
    [E_EPOCH] = "epoch not open",
    [E_NOT_AUTHORISED] = "not authorised",
    [E_BAD_SIGNATURE] = "bad signature",
    [E_FORK] = "fork",
    [E_NOT_FOUND] = "not found",
    [E_EXISTS] = "conflict",
    [E_DENIED] = "not allowed",
    [E_BUSY] = "busy",
    [E_FULL] = "full",
    [E_TOO_BIG] = "too big",
    [E_VERSION] = "unknown version",
    [E_IO] = "input or output failed",
    [E_CORRUPT] = "corrupt",
    [E_USAGE] = "usage",
    [E_TIMEOUT] = "timed out",
    [E_UNREACHABLE] = "unreachable",
    [E_PARTIAL] = "some failed",
    [E_UNMET] = "condition not met",
};

/* Written aside first: err_message() itself may be one of the arguments. */
static void keep(const char *format, va_list args, const char *reason)
{
    char text[sizeof message] = "";
    int n = vsnprintf(text, sizeof text, format, args);
    if (reason != NULL && n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", reason);
    memcpy(message, text, strlen(text) + 1);
}

enum err fail(enum err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(format, args, NULL);
    va_end(args);
    return code;
}

enum err fail_errno(enum err code, const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    keep(format, args, strerror(saved));
    va_end(args);
    if (code == E_IO && (saved == ENOSPC || saved == EDQUOT))
        return E_FULL;
    return code;
}

const char *err_message(void)
{
    return message;
}

const char *err_name(enum err code)
{
    if ((int)code < 0 || code >= E_COUNT)
        return "unknown error";
    return names[code];
}

static const unsigned char exits[E_COUNT] = {
    [E_MALFORMED] = 1, [E_UNKNOWN_AUTHOR] = 3, [E_GAP] = 9,           [E_BROKEN_CHAIN] = 9,
    [E_EPOCH] = 9,     [E_NOT_AUTHORISED] = 9, [E_BAD_SIGNATURE] = 9, [E_FORK] = 9,
    [E_NOT_FOUND] = 3, [E_EXISTS] = 6,         [E_DENIED] = 4,        [E_BUSY] = 6,
    [E_FULL] = 1,      [E_TOO_BIG] = 1,        [E_VERSION] = 11,      [E_IO] = 1,
    [E_CORRUPT] = 9,   [E_USAGE] = 2,          [E_TIMEOUT] = 10,      [E_UNREACHABLE] = 5,
    [E_PARTIAL] = 7,   [E_UNMET] = 8,
};

int err_exit(enum err code)
{
    return (int)code >= 0 && code < E_COUNT ? exits[code] : 1;
}
