/* verify: the threads that check what nodes send and read what they ask for.
 *
 * Jobs of one author always go to the same thread, so a feed keeps its order; what is accepted goes on to the
 * writer, everything else back to the front. */
#pragma once

#include "hubd/hub.h"
#include "hubd/job.h"

enum err verify_new(struct hub *hub, struct verify **out);
/* No more work; finishes what is there. The writer must still run. */
void verify_stop(struct verify *verify);
/* After the writer has stopped, whose jobs point at the feeds in here. */
void verify_free(struct verify **verify);
/* Takes over the job. False: the queue is full, and the job stays the caller's. */
bool verify_try(struct verify *verify, struct job *job);
size_t verify_waiting(struct verify *verify); /* jobs in the queues */
