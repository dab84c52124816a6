#include "roll.h"

#include <stdlib.h>

static size_t slot_of(const struct roll *roll, const struct hash *author)
{
    size_t slot = get_u32(author->b + 4) & (roll->slot_count - 1);
    while (roll->slots[slot] != 0 && !hash_equal(&roll->authors[roll->slots[slot] - 1], author))
        slot = (slot + 1) & (roll->slot_count - 1);
    return slot;
}

size_t roll_find(const struct roll *roll, const struct hash *author)
{
    if (roll->slot_count == 0)
        return ROLL_NONE;
    uint32_t place = roll->slots[slot_of(roll, author)];
    return place == 0 ? ROLL_NONE : place - 1;
}

static void grow(struct roll *roll)
{
    free(roll->slots);
    roll->slot_count = roll->slot_count > 0 ? 2 * roll->slot_count : 8;
    roll->slots = mem_alloc(roll->slot_count * sizeof *roll->slots);
    for (size_t i = 0; i < roll->count; i++)
        roll->slots[slot_of(roll, &roll->authors[i])] = (uint32_t)i + 1;
}

size_t roll_add(struct roll *roll, const struct hash *author)
{
    size_t place = roll_find(roll, author);
    if (place != ROLL_NONE)
        return place;
    if (roll->count == roll->cap) {
        roll->cap = roll->cap > 0 ? 2 * roll->cap : 4;
        roll->authors = mem_resize(roll->authors, roll->cap * sizeof *roll->authors);
    }
    roll->authors[roll->count++] = *author;
    if (2 * roll->count > roll->slot_count)
        grow(roll);
    roll->slots[slot_of(roll, author)] = (uint32_t)roll->count;
    return roll->count - 1;
}

void roll_clear(struct roll *roll)
{
    free(roll->authors);
    free(roll->slots);
    *roll = (struct roll){ 0 };
}
