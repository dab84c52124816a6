/* upkeep: what a hub does from time to time beside its work, so that it is well after years and says after a
 * restart what it said before. */
#pragma once

#include "hubd/writer.h"

#define UPKEEP_MS 60000
#define UPKEEP_CONTACTS 1024U /* written in one transaction at most */

/* Drops the slots of readers that died, in store and view: each would keep the pages of its snapshot from
 * being used again. How many there were. */
unsigned upkeep_reap(struct hub *hub);
/* In the writer's transaction: when each member was last heard, of those that were heard since that was
 * written last. True when there are more of them. */
bool upkeep_contacts(struct write *write);
