/* commands: what nodectl may ask of the hub (doc/CONTROL.md). Runs in the control thread; what it wants
 * written goes to the writer, and it waits for the commit. */
#pragma once

#include "hubd/hub.h"

extern const struct control_command hub_commands[];
