/* redial: when to dial again, so that many do not come back as one. Pure. */
#pragma once

#include <stdint.h>

/* How long to wait before dialing again. When the peer asked for it (retry_after, a herd's window) uniform
 * from 0 to asked_ms, otherwise decorrelated jitter: uniform from min_ms (0 the first time) to three times
 * previous_ms. Never more than max_ms. previous_ms is what this gave last time, 0 at first; random 64 random
 * bits of the kernel's. */
uint64_t redial_wait_ms(uint64_t previous_ms, uint64_t min_ms, uint64_t max_ms, uint64_t asked_ms,
                        uint64_t random);
