/* loop: the thread of noded that turns its node: the hub's sockets, signals, pokes of the control thread. */
#pragma once

#include "app/control.h"
#include "daemon/node.h"

struct loop {
    int signal_fd; /* of service_init */
    int poke_fd;
};

/* Makes the eventfd behind loop_poke. E_IO. */
enum err loop_init(struct loop *loop, int signal_fd);
void loop_clear(struct loop *loop);
/* For node_options.poke, with the loop as context. Any thread. */
void loop_poke(void *loop);
/* Turns node until SIGTERM or SIGINT comes. E_IO, E_CORRUPT: also when its store failed. The watchdog
 * hears of us while the thread of control moves, too. */
enum err loop_run(struct loop *loop, struct node *node, const struct control_server *control);
