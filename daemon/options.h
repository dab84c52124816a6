/* options: node.conf. Every wait of the node is configuration, so that tests run in milliseconds. */
#pragma once

#include "app/conf.h"
#include "base/log.h"
#include "daemon/node.h"

/* The table of node.conf; ends with a NULL name. */
extern const struct conf_option node_conf[];

/* Reads the file over node_defaults(). A missing file is all defaults; what conf_read refuses. */
enum err node_conf_read(const char *path, struct node_options *out, enum log_level *level);
