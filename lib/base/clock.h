/* clock: the wall clock, the monotonic clock, and the kernel's random bytes. Core never calls these. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t clock_wall_ms(void); /* since 1970, UTC */
uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);

void random_bytes(void *out, size_t len); /* getrandom; aborts when the kernel has none */
uint64_t random_below(uint64_t limit);    /* uniform in 0 .. limit-1; 0 for limit 0 */
