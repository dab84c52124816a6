/* office: the hub as the keeper of its own records: what registry/registry.h wants to be given.
 *
 * The office's own statements go through the writer, behind everything else that the log takes; other authors
 * are called by the names under which they were admitted. */
#pragma once

#include "hubd/hub.h"
#include "registry/registry.h"

struct registry office_registry(struct hub *hub);
