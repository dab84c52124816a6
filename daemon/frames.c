#include "daemon/frames.h"

#include <stdlib.h>
#include <string.h>

#include "net/peer.h"

void frames_put(struct frames *queue, struct buf *frame)
{
    if (queue->count == queue->cap) {
        queue->cap = queue->cap > 0 ? 2 * queue->cap : 4;
        queue->frames = mem_resize(queue->frames, queue->cap * sizeof *queue->frames);
    }
    queue->frames[queue->count++] = *frame;
    *frame = (struct buf){ 0 };
}

size_t frames_flush(struct frames *queue, struct dealer *dealer)
{
    size_t sent = 0;
    while (sent < queue->count && dealer_send(dealer, buf_view(&queue->frames[sent])) == E_OK)
        buf_clear(&queue->frames[sent++]);
    queue->count -= sent;
    if (sent > 0 && queue->count > 0)
        memmove(queue->frames, queue->frames + sent, queue->count * sizeof *queue->frames);
    return sent;
}

void frames_clear(struct frames *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        buf_clear(&queue->frames[i]);
    free(queue->frames);
    *queue = (struct frames){ 0 };
}
