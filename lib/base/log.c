#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int threshold = LOG_INFO;

static const struct {
    const char *word;
    int priority; /* of syslog */
} levels[] = { { "error", 3 }, { "warn", 4 }, { "info", 6 }, { "debug", 7 } };

void log_level_set(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

bool log_level_parse(const char *word, enum log_level *level)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(levels[i].word, word) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

static size_t write_stamp(char *out, size_t size, enum log_level level)
{
    if (getenv("JOURNAL_STREAM") != NULL)
        return (size_t)snprintf(out, size, "<%d>", levels[level].priority);
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    return n + (size_t)snprintf(out + n, size - n, ".%03ldZ level=%s ", now.tv_nsec / 1000000,
                                levels[level].word);
}

void log_line(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;

    char plain[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(plain, sizeof plain, format, args);
    va_end(args);

    char line[4 * sizeof plain + 64];
    size_t n = write_stamp(line, 64, level);
    for (const unsigned char *p = (const unsigned char *)plain; *p != 0; p++) {
        if (*p >= 0x20 && *p != 0x7f)
            line[n++] = (char)*p;
        else
            n += (size_t)snprintf(line + n, 5, "\\x%02x", *p);
    }
    line[n++] = '\n';
    /* One write, so that lines of several threads do not mix. Nowhere to report a failure to. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}
