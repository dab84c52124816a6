#include "sched.h"

#include <stdlib.h>

#include "base/buf.h"

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void sink(struct event *heap, size_t count, struct event event)
{
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &event))
            break;
        heap[i] = heap[child];
    }
    heap[i] = event;
}

void sched_at(struct sched *sched, uint64_t at_ms, void (*run)(void *context, uint64_t argument),
              void *context, uint64_t argument)
{
    if (sched->count == sched->cap) {
        sched->cap = sched->cap > 0 ? 2 * sched->cap : 256;
        sched->heap = mem_resize(sched->heap, sched->cap * sizeof *sched->heap);
    }
    struct event event = { at_ms > sched->now_ms ? at_ms : sched->now_ms, sched->asked++, run, context,
                           argument };
    size_t i = sched->count++;
    while (i > 0 && is_before(&event, &sched->heap[(i - 1) / 2])) {
        sched->heap[i] = sched->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sched->heap[i] = event;
}

bool sched_step(struct sched *sched)
{
    if (sched->count == 0)
        return false;
    struct event event = sched->heap[0];
    sched->count--;
    if (sched->count > 0)
        sink(sched->heap, sched->count, sched->heap[sched->count]);
    sched->now_ms = event.at_ms;
    event.run(event.context, event.argument);
    return true;
}

void sched_clear(struct sched *sched)
{
    free(sched->heap);
    *sched = (struct sched){ 0 };
}
