#include "hubd/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define SMALLEST 16

void table_clear(struct table *table)
{
    free(table->slots);
    *table = (struct table){ 0 };
}

static size_t home_of(const struct table *table, const uint8_t *key)
{
    uint64_t h = table->seed;
    for (int i = 0; i < TABLE_KEY_BYTES; i += 8) {
        uint64_t word;
        memcpy(&word, key + i, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return (size_t)h & (table->capacity - 1);
}

/* The slot of key, or the free slot where it would be. */
static size_t find(const struct table *table, const uint8_t *key)
{
    size_t at = home_of(table, key);
    while (table->slots[at].value != NULL && memcmp(table->slots[at].key, key, TABLE_KEY_BYTES) != 0)
        at = (at + 1) & (table->capacity - 1);
    return at;
}

static void grow(struct table *table)
{
    struct table old = *table;
    table->capacity = old.capacity > 0 ? 2 * old.capacity : SMALLEST;
    table->slots = mem_alloc(table->capacity * sizeof *table->slots);
    if (table->seed == 0)
        random_bytes(&table->seed, sizeof table->seed);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].value != NULL)
            table->slots[find(table, old.slots[i].key)] = old.slots[i];
    free(old.slots);
}

void *table_get(const struct table *table, const uint8_t key[static TABLE_KEY_BYTES])
{
    return table->count > 0 ? table->slots[find(table, key)].value : NULL;
}

void *table_put(struct table *table, const uint8_t key[static TABLE_KEY_BYTES], void *value)
{
    if (4 * (table->count + 1) > 3 * table->capacity)
        grow(table);
    struct table_slot *slot = &table->slots[find(table, key)];
    void *before = slot->value;
    memcpy(slot->key, key, TABLE_KEY_BYTES);
    slot->value = value;
    table->count += before == NULL;
    return before;
}

/* Closes the hole at `hole`: slots behind it move up as long as that brings them no further than their home.
 */
static void close_hole(struct table *table, size_t hole)
{
    size_t mask = table->capacity - 1;
    for (size_t at = (hole + 1) & mask; table->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = home_of(table, table->slots[at].key);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->slots[hole].value = NULL;
}

void *table_remove(struct table *table, const uint8_t key[static TABLE_KEY_BYTES])
{
    if (table->count == 0)
        return NULL;
    size_t at = find(table, key);
    void *value = table->slots[at].value;
    if (value != NULL) {
        close_hole(table, at);
        table->count--;
    }
    return value;
}

void *table_next(const struct table *table, size_t *at)
{
    while (*at < table->capacity)
        if (table->slots[(*at)++].value != NULL)
            return table->slots[*at - 1].value;
    return NULL;
}
