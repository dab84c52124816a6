/* progress: how far long work is, on stderr: a line that is rewritten on a terminal, a plain line every 10 s
 * elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *what; /* "importing" */
    const char *unit; /* "rows" */
    uint64_t total;   /* 0: not known */
    uint64_t done;
    uint64_t start_ms, shown_ms; /* monotonic */
    bool tty, quiet;
    bool shown;
};

/* quiet: says nothing at all. */
void progress_start(struct progress *progress, const char *what, const char *unit, uint64_t total,
                    bool quiet);
void progress_step(struct progress *progress, uint64_t done);
/* Takes the line off the terminal, so that something else can be said. */
void progress_hide(struct progress *progress);
/* "importing: 1,200 of 3,038 rows (39 %), 410 rows/s, 4s left". At most size - 1 bytes. */
void progress_line(const struct progress *progress, uint64_t now_ms, char *out, size_t size);
