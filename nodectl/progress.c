#include "nodectl/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "nodectl/out_value.h"

#define TTY_EVERY_MS 100
#define PLAIN_EVERY_MS 10000

void progress_start(struct progress *progress, const char *what, const char *unit, uint64_t total, bool quiet)
{
    uint64_t now = clock_mono_ms();
    *progress = (struct progress){ .what = what, .unit = unit, .total = total, .quiet = quiet };
    progress->tty = isatty(STDERR_FILENO);
    progress->start_ms = progress->shown_ms = now;
}

static void append_count(struct buf *out, uint64_t number)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_text(out, ",");
        buf_append(out, digits + i, 1);
    }
}

void progress_line(const struct progress *progress, uint64_t now_ms, char *out, size_t size)
{
    AUTO(buf_clear) struct buf line = { 0 };
    uint64_t elapsed = now_ms > progress->start_ms ? now_ms - progress->start_ms : 1;
    uint64_t rate = progress->done * 1000 / elapsed;
    buf_printf(&line, "%s: ", progress->what);
    append_count(&line, progress->done);
    if (progress->total > 0) {
        buf_text(&line, " of ");
        append_count(&line, progress->total);
    }
    buf_printf(&line, " %s", progress->unit);
    if (progress->total > 0)
        buf_printf(&line, " (%u %%)", (unsigned)(progress->done * 100 / progress->total));
    buf_text(&line, ", ");
    append_count(&line, rate);
    buf_printf(&line, " %s/s", progress->unit);
    if (progress->total > progress->done && rate > 0) {
        buf_text(&line, ", ");
        out_age((progress->total - progress->done + rate - 1) / rate, &line);
        buf_text(&line, " left");
    }
    snprintf(out, size, "%s", buf_string(&line));
}

void progress_step(struct progress *progress, uint64_t done)
{
    uint64_t now = clock_mono_ms();
    progress->done = done;
    if (progress->quiet || now - progress->shown_ms < (progress->tty ? TTY_EVERY_MS : PLAIN_EVERY_MS))
        return;
    char line[200];
    progress_line(progress, now, line, sizeof line);
    fprintf(stderr, progress->tty ? "\r\x1b[K%s" : "%s\n", line);
    fflush(stderr);
    progress->shown_ms = now;
    progress->shown = progress->tty;
}

void progress_hide(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}
