/* queue: a bounded queue of pointers between threads (mutex and condition, so that every tool sees it).
 *
 * Bounded by count and by bytes: a full queue makes its producer wait or turn away, it never drops. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue *queue_new(size_t max_items, size_t max_bytes);
/* Frees what is left in it with free_item (may be NULL). *queue becomes NULL. */
void queue_free(struct queue **queue, void (*free_item)(void *item));

/* Takes over item. False, and item stays the caller's, when the queue is closed, or (try) full.
 * An item larger than max_bytes goes through when the queue is empty. */
bool queue_put(struct queue *queue, void *item, size_t bytes);
bool queue_try_put(struct queue *queue, void *item, size_t bytes);

/* The oldest item; waits at most timeout_ms (-1 for ever, 0 not at all). NULL when nothing came, or
 * when the queue is closed and empty. */
void *queue_take(struct queue *queue, int timeout_ms);

/* No more puts; takers drain what is left and then get NULL. */
void queue_close(struct queue *queue);
bool queue_is_closed(struct queue *queue);

size_t queue_items(struct queue *queue);
size_t queue_bytes(struct queue *queue);
