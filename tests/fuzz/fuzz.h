/* fuzz: what every target of this folder is: one function that takes any bytes and comes back.
 *
 * A target aborts when what it decoded breaks a promise of the header; the sanitizers see the rest. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stays on in every build, unlike assert(). */
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            abort();                                                                                         \
    } while (0)
