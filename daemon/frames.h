/* frames: what a link has said and its socket has not taken yet, oldest first. */
#pragma once

#include "base/buf.h"

struct dealer;

struct frames {
    struct buf *frames;
    size_t count, cap;
};

/* Takes over the frame; *frame becomes empty. */
void frames_put(struct frames *queue, struct buf *frame);
/* Gives the socket as many as it takes; how many. Before a connection stands it takes none. */
size_t frames_flush(struct frames *queue, struct dealer *dealer);
void frames_clear(struct frames *queue);
