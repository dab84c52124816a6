/* commands: the table of what noded answers over its control socket (doc/CONTROL.md). */
#pragma once

#include "app/control.h"

/* Ends with a NULL name; context is the struct node. */
extern const struct control_command node_commands[];
