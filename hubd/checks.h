/* checks: what an operator must know about this hub, each with what to do about it. */
#pragma once

#include <jansson.h>

#include "hubd/hub.h"

/* [{name, state: "ok"|"warn"|"crit", detail, advice}]. New reference. */
json_t *checks_run(struct hub *hub, struct store_view *view);
