#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"

struct slot {
    void *item;
    size_t bytes;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t drained;
    struct slot *slots;
    size_t capacity;
    size_t first;
    size_t count;
    size_t bytes;
    size_t max_bytes;
    bool closed;
};

struct queue *queue_new(size_t max_items, size_t max_bytes)
{
    struct queue *q = mem_alloc(sizeof *q);
    q->slots = mem_alloc(max_items * sizeof *q->slots);
    q->capacity = max_items;
    q->max_bytes = max_bytes;

    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, &attr);
    pthread_cond_init(&q->drained, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

void queue_free(struct queue **queue, void (*free_item)(void *item))
{
    struct queue *q = *queue;
    if (q == NULL)
        return;
    for (; q->count > 0; q->count--) {
        if (free_item != NULL)
            free_item(q->slots[q->first].item);
        q->first = (q->first + 1) % q->capacity;
    }
    pthread_cond_destroy(&q->filled);
    pthread_cond_destroy(&q->drained);
    pthread_mutex_destroy(&q->lock);
    free(q->slots);
    free(q);
    *queue = NULL;
}

static bool has_room(const struct queue *q, size_t bytes)
{
    if (q->count == q->capacity)
        return false;
    return q->count == 0 || q->bytes + bytes <= q->max_bytes;
}

static bool put(struct queue *q, void *item, size_t bytes, bool wait)
{
    pthread_mutex_lock(&q->lock);
    while (wait && !q->closed && !has_room(q, bytes))
        pthread_cond_wait(&q->drained, &q->lock);
    bool ok = !q->closed && has_room(q, bytes);
    if (ok) {
        q->slots[(q->first + q->count) % q->capacity] = (struct slot){ item, bytes };
        q->count++;
        q->bytes += bytes;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

bool queue_put(struct queue *queue, void *item, size_t bytes)
{
    return put(queue, item, bytes, true);
}

bool queue_try_put(struct queue *queue, void *item, size_t bytes)
{
    return put(queue, item, bytes, false);
}

static void wait_filled(struct queue *q, int timeout_ms)
{
    if (timeout_ms < 0) {
        while (q->count == 0 && !q->closed)
            pthread_cond_wait(&q->filled, &q->lock);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (q->count == 0 && !q->closed)
        if (pthread_cond_timedwait(&q->filled, &q->lock, &until) != 0)
            return;
}

void *queue_take(struct queue *queue, int timeout_ms)
{
    void *item = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->count == 0 && timeout_ms != 0)
        wait_filled(queue, timeout_ms);
    if (queue->count > 0) {
        struct slot slot = queue->slots[queue->first];
        queue->first = (queue->first + 1) % queue->capacity;
        queue->count--;
        queue->bytes -= slot.bytes;
        item = slot.item;
        pthread_cond_broadcast(&queue->drained);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_cond_broadcast(&queue->drained);
    pthread_mutex_unlock(&queue->lock);
}

bool queue_is_closed(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool closed = queue->closed;
    pthread_mutex_unlock(&queue->lock);
    return closed;
}

size_t queue_items(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

size_t queue_bytes(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t bytes = queue->bytes;
    pthread_mutex_unlock(&queue->lock);
    return bytes;
}
