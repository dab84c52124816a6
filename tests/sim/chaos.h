/* chaos: what goes wrong in a world, and when: the faults of its plan, until it is calm. */
#pragma once

struct world;

/* Lets records be made and things go wrong, from now on. */
void chaos_begin(struct world *world);
/* Nothing goes wrong any more: roads are mended, disks have room, everybody is up. */
void chaos_end(struct world *world);
