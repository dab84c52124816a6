/* scribe: making records of one's own. Many payloads, one durable commit; answered only when it is on the
 * disk. What is said and how is registry/author's; here it becomes the node's feed. */
#pragma once

#include "daemon/node.h"
#include "registry/author.h"

/* All or nothing, from any thread. As author_write; and E_FULL, E_IO. */
enum err scribe_write(struct node *node, const struct author_request *request, struct author_result *results);
