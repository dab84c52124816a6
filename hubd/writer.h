/* writer: the one thread that writes the store.
 *
 * Group commit: it takes what is there, up to commit_records or commit_bytes, and commits as soon as its
 * queue is empty; so a single record waits for nothing, and a backlog shares its syncs. Only then are records
 * acknowledged. */
#pragma once

#include "hubd/hub.h"
#include "hubd/job.h"
#include "hubd/own.h"
#include "store/room.h"

/* The open transaction, as those who write in it see it. */
struct write {
    struct hub *hub;
    struct store_txn *txn;
    struct own *own;
    uint64_t now_ms; /* wall clock */
};

/* What the control thread wants written. run() checks first and writes then: when it fails, it has written
 * nothing. committed() may be NULL; it is called in the writer's thread once all of it is durable. */
struct call {
    enum err (*run)(void *context, struct write *write);
    void (*committed)(void *context, struct hub *hub);
    void *context;
};

/* E_NOT_FOUND: the store does not begin with the hub's inception; E_CORRUPT, E_IO: the store cannot be read,
 * or there is no thread to be had. */
enum err writer_new(struct hub *hub, struct writer **out);
/* No more work; commits what is there, and waits for the thread. */
void writer_stop(struct writer **writer);

/* Takes over the job. Waits while the queue is full. */
void writer_put(struct writer *writer, struct job *job);
/* Durable when E_OK. Otherwise what run() gave, or why it could not be made durable; err_message() says it.
 */
enum err writer_call(struct writer *writer, struct call *call);
/* Goes up whenever what was verified is not written, for a commit failed or there is no room: nothing that
 * was verified before holds any more. */
unsigned writer_generation(const struct writer *writer);
/* Nothing of the nodes' is taken: the last commit failed for want of room, or room.h says so. Then what the
 * office itself says is refused (E_FULL), and what it decides about members is written as long as it fits. */
bool writer_is_full(const struct writer *writer);
enum room writer_room(const struct writer *writer);
size_t writer_waiting(struct writer *writer);       /* jobs in its queue */
uint64_t writer_beats(const struct writer *writer); /* goes up while the thread is alive */
