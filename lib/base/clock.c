#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static struct timespec now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return t;
}

uint64_t clock_wall_ms(void)
{
    struct timespec t = now(CLOCK_REALTIME);
    /* A clock set before 1970 reads as 1970. */
    if (t.tv_sec < 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

uint64_t clock_mono_us(void)
{
    struct timespec t = now(CLOCK_MONOTONIC);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void random_bytes(void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("the kernel has no random bytes\n", stderr);
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

uint64_t random_below(uint64_t limit)
{
    if (limit == 0)
        return 0;
    /* Values past the last whole multiple of limit would favour the small results. */
    uint64_t surplus = (UINT64_MAX % limit + 1) % limit;
    uint64_t value;
    do
        random_bytes(&value, sizeof value);
    while (value > UINT64_MAX - surplus);
    return value % limit;
}
