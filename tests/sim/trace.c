#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define KEPT 400U /* lines before a failure */

void trace_begin(struct trace *trace, enum trace_mode mode, FILE *out)
{
    *trace = (struct trace){ .mode = mode, .out = out, .digest = 1469598103934665603U };
    if (mode == TRACE_LAST)
        trace->lines = mem_alloc(KEPT * sizeof *trace->lines);
}

void trace_clear(struct trace *trace)
{
    free(trace->lines);
    trace->lines = NULL;
}

void trace_say(struct trace *trace, const char *who, const char *format, ...)
{
    if (trace->mode == TRACE_OFF)
        return;
    char line[TRACE_LINE];
    int head = snprintf(line, sizeof line, "%8" PRIu64 ".%03" PRIu64 " s  %-9s ", trace->now_ms / 1000,
                        trace->now_ms % 1000, who);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + head, sizeof line - (size_t)head, format, arguments);
    va_end(arguments);
    if (trace->mode == TRACE_ALL)
        fprintf(trace->out, "%s\n", line);
    else
        memcpy(trace->lines[trace->count++ % KEPT], line, sizeof line);
}

void trace_show(const struct trace *trace)
{
    size_t first = trace->count > KEPT ? trace->count - KEPT : 0;
    if (trace->mode != TRACE_LAST)
        return;
    if (first > 0)
        fprintf(trace->out, "... %zu lines before\n", first);
    for (size_t i = first; i < trace->count; i++)
        fprintf(trace->out, "%s\n", trace->lines[i % KEPT]);
}
