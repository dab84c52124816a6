/* hostile: a process that has an honest machine and, beside it, says whatever comes to its mind: messages of
 * every type with any values, other people's feeds, forks of its own. What it says through bytes is spoiled,
 * too (net.c). It never tires: whoever is honest must agree in spite of it. */
#pragma once

struct process;

void hostile_begin(struct process *process);
