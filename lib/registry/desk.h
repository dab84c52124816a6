/* desk: where records are handed in and asked for: the control commands about records, as every keeper of
 * records answers them. What each takes and answers stands in doc/CONTROL.md.
 *
 * All of them give E_USAGE for parameters that are missing or wrong, and E_CORRUPT or E_IO when the store
 * cannot be read. */
#pragma once

#include "app/control.h"
#include "registry/registry.h"

#define DESK_COMMAND(name)                                                                                   \
    enum err name(const struct registry *registry, const struct control_request *request,                    \
                  struct control_answer *answer)

/* These write: also what author.h and the registry's write() give. E_EXISTS: about this engagement something
 * is said already, or it is retracted; E_MALFORMED, E_TOO_BIG: a payload; E_FULL, E_BUSY. */
DESK_COMMAND(desk_put);
/* And by ref or engagement: E_NOT_FOUND, E_DENIED for another's record, E_UNMET for a beginning or a pin that
 * does not tell, and for what was retracted. */
DESK_COMMAND(desk_amend);
DESK_COMMAND(desk_retract);
/* E_NOT_FOUND: no such feed. */
DESK_COMMAND(desk_ls);
DESK_COMMAND(desk_tail);
/* E_NOT_FOUND; E_UNMET when another id stands there. */
DESK_COMMAND(desk_show);
/* The same, with the record's place in the log where the registry has one. */
DESK_COMMAND(desk_verify);
