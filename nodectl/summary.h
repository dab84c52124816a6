/* summary: the national summary, counted from statements as they are exported (doc/SUMMARY.md tells the
 * rules).
 *
 * Rows are counted over the sources of statements: each source stands for one row of a table. */
#pragma once

#include <jansson.h>

#include "core/statement.h"

struct summary {
    json_t *counts;                                                     /* the answer so far */
    json_t *with_sister, *with_chinese_sister, *in_network, *countries; /* sets: names of an object */
};

void summary_init(struct summary *summary);
void summary_clear(struct summary *summary);
/* One engagement that stands: not one that was retracted. */
void summary_add(struct summary *summary, const struct engagement *engagement);
/* The whole, keys sorted. The caller frees. */
json_t *summary_finish(const struct summary *summary);
