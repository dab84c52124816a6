/* roll: authors in the order in which they were met, found by their hash. */
#pragma once

#include "core/hash.h"

#define ROLL_NONE SIZE_MAX

struct roll {
    struct hash *authors;
    size_t count, cap;
    uint32_t *slots; /* index + 1, open addressing */
    size_t slot_count;
};

/* ROLL_NONE when it is not there. */
size_t roll_find(const struct roll *roll, const struct hash *author);
/* Its place; at the end when it is new. */
size_t roll_add(struct roll *roll, const struct hash *author);
void roll_clear(struct roll *roll);
