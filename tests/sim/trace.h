/* trace: what happened, for a person: time, process, what. And a digest of it for the machine: two runs of
 * one seed are the same when their digests are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_LINE 200

enum trace_mode { TRACE_OFF, TRACE_LAST, TRACE_ALL };

struct trace {
    enum trace_mode mode; /* nothing; the last lines are kept for trace_show; every line is printed at once */
    FILE *out;
    uint64_t now_ms;
    char (*lines)[TRACE_LINE];
    size_t count;
    uint64_t digest;
};

void trace_begin(struct trace *trace, enum trace_mode mode, FILE *out);
void trace_clear(struct trace *trace);
void trace_say(struct trace *trace, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Prints the lines that are kept. */
void trace_show(const struct trace *trace);

static inline void trace_mix(struct trace *trace, uint64_t value)
{
    trace->digest = (trace->digest ^ value) * UINT64_C(0x100000001B3);
    trace->digest ^= trace->digest >> 29;
}
