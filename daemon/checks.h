/* checks: what an operator must know about this node, each with what to do about it. */
#pragma once

#include <jansson.h>

#include "daemon/node.h"

/* [{name, state: "ok"|"warn"|"crit", detail, advice}]. New reference. */
json_t *checks_run(struct node *node, struct store_view *view);
