/* credit: how much each node may send ahead of its acknowledgements.
 *
 * A node alone gets the whole window. Once half of the budget is out, everybody's share shrinks to the budget
 * over the number of sessions, and once all of it is, to the floor; nodes with larger shares give them up as
 * their batches are answered. So what all may send at once is bounded by the budget and one window, plus one
 * floor a session. While room is tight (store/room.h) window and budget count half. Belongs to one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct credit {
    uint64_t window, floor, budget; /* bytes */
    bool tight;
    int64_t out; /* held by peers, or under way in here */
    size_t sessions;
};

/* A session begins: its first grant. *held is the session's own account. */
uint64_t credit_open(struct credit *credit, int64_t *held);
/* A batch of `bytes` is answered: what goes back to the session, 0 and more. */
uint64_t credit_return(struct credit *credit, int64_t *held, uint64_t bytes);
void credit_close(struct credit *credit, int64_t *held);
