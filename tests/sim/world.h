/* world: one history: its plan, its time, its chance, its processes and roads, and whether an invariant
 * broke. */
#pragma once

#include "book.h"
#include "dice.h"
#include "net.h"
#include "plan.h"
#include "roll.h"
#include "sched.h"
#include "trace.h"

struct process;
struct link;

struct world {
    struct plan plan;
    struct sched sched;
    struct dice dice;
    struct trace trace;
    struct book book;
    struct roll roll; /* authors, in the order of the processes */
    struct process *processes;
    size_t count;
    struct road *roads;
    size_t n_roads, roads_cap;
    struct link *links; /* all that ever were */
    uint32_t frames;
    bool is_calm; /* nothing goes wrong any more */
    bool is_broken;
    char why[512];
    uint64_t messages, batches, records, deaths, dials, refusals, strikes, stale;
};

/* Plays the plan's history. False when an invariant broke: why says which, and the trace how it came. */
bool world_play(struct world *world, const struct plan *plan, enum trace_mode mode, FILE *out);
void world_clear(struct world *world);

/* An invariant does not hold. The first one counts. who may be NULL. */
void world_broken(struct world *world, const struct process *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* NULL when nobody is that author. */
struct process *world_process(const struct world *world, const struct hash *author);
/* The name of an author, for people. */
const char *world_name(const struct world *world, const struct hash *author);

#define SAY(process, ...)                                                                                    \
    do {                                                                                                     \
        struct world *world_ = (process)->world;                                                             \
        if (world_->trace.mode != TRACE_OFF) {                                                               \
            world_->trace.now_ms = world_->sched.now_ms;                                                     \
            trace_say(&world_->trace, (process)->name, __VA_ARGS__);                                         \
        }                                                                                                    \
    } while (0)
