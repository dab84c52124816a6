/* sched: virtual time. Events run in the order of their times, and those of one time in the order in which
 * they were asked for, so that a seed has one history. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    uint64_t at_ms;
    uint64_t order;
    void (*run)(void *context, uint64_t argument);
    void *context;
    uint64_t argument;
};

struct sched {
    uint64_t now_ms;
    uint64_t asked; /* events so far */
    struct event *heap;
    size_t count, cap;
};

/* Runs run(context, argument) at at_ms, or now when that is past. context lives as long as the scheduler. */
void sched_at(struct sched *sched, uint64_t at_ms, void (*run)(void *context, uint64_t argument),
              void *context, uint64_t argument);
/* Runs the next event; false when there is none. */
bool sched_step(struct sched *sched);
void sched_clear(struct sched *sched);
