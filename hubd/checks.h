/* checks: what an operator must know about this hub, each with what to do about it. */
#pragma once

#include <jansson.h>

#include "hubd/hub.h"

/* [{name, state: "ok"|"warn"|"crit", detail, advice}]. New reference. */
json_t *checks_run(struct hub *hub, struct store_view *view);
/* The worst state of them: "ok", "warn" or "crit". */
const char *checks_worst(const json_t *checks);
/* Those that are not ok, as status shows them: [{state, text, advice}]. New reference. */
json_t *checks_alarms(const json_t *checks);
