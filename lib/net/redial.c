#include "net/redial.h"

uint64_t redial_wait_ms(uint64_t previous_ms, uint64_t min_ms, uint64_t max_ms, uint64_t asked_ms,
                        uint64_t random)
{
    uint64_t low = previous_ms == 0 ? 0 : min_ms;
    uint64_t base = previous_ms > min_ms ? previous_ms : min_ms;
    uint64_t high = base > max_ms / 3 ? max_ms : base * 3;
    if (asked_ms > 0) {
        low = 0;
        high = asked_ms < max_ms ? asked_ms : max_ms;
    }
    if (low >= high)
        return high;
    if (high - low == UINT64_MAX)
        return random;
    return low + random % (high - low + 1);
}
