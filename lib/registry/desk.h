/* desk: where records are handed in and asked for: the control commands about records, as every keeper of
 * records answers them. What each takes and answers stands in doc/CONTROL.md. */
#pragma once

#include "app/control.h"
#include "registry/registry.h"

#define DESK_COMMAND(name)                                                                                   \
    enum err name(const struct registry *registry, const struct control_request *request,                    \
                  struct control_answer *answer)

DESK_COMMAND(desk_put);
DESK_COMMAND(desk_amend);
DESK_COMMAND(desk_retract);
DESK_COMMAND(desk_ls);
DESK_COMMAND(desk_tail);
DESK_COMMAND(desk_show);
/* With the record's place in the log where the registry has one. */
DESK_COMMAND(desk_verify);
