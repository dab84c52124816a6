/* groups: how many engagements of a selection have each value of one or two fields. */
#pragma once

#include "hubd/view/selection.h"

#define MAX_GROUPS 100000U

/* [{"kind":"...","count":N}] or, with two fields,
 * [{"kind":"...","count":N,"groups":[{"state":"...","count":N}]}], the largest first; what has no value is
 * under "(none)". total: the selection's size. An engagement with several values counts under each. E_USAGE
 * (no such field, more than two), E_TOO_BIG past MAX_GROUPS different values. */
enum err groups_count(struct snapshot *snapshot, struct selection *selection, const char *group_by,
                      uint64_t *total, json_t **out);
