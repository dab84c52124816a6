#include "store/room.h"

#include <inttypes.h>

#define LOOK_MS 1000
#define BACK_BYTES (1U << 20) /* on either end */
#define STEPS 256             /* looks while a store fills up, at least */

static bool disk_ends_first(const struct db_usage *usage)
{
    return usage->disk_free_bytes > 0 && usage->used_bytes < usage->map_bytes &&
           usage->disk_free_bytes < usage->map_bytes - usage->used_bytes;
}

unsigned room_percent(const struct db_usage *usage)
{
    uint64_t capacity =
        disk_ends_first(usage) ? usage->used_bytes + usage->disk_free_bytes : usage->map_bytes;
    if (usage->used_bytes >= capacity)
        return 100;
    return (unsigned)((double)usage->used_bytes * 100 / (double)capacity);
}

enum room room_of(const struct db_usage *usage, enum room was)
{
    unsigned percent = room_percent(usage);
    if (percent >= ROOM_FULL_PERCENT || (was == ROOM_FULL && percent >= ROOM_AGAIN_PERCENT))
        return ROOM_FULL;
    if (percent >= ROOM_TIGHT_PERCENT)
        return ROOM_TIGHT;
    return percent >= ROOM_TOLD_PERCENT ? ROOM_TOLD : ROOM_ENOUGH;
}

enum err room_check(const struct db_usage *usage, enum room was)
{
    if (room_of(usage, was) != ROOM_FULL)
        return E_OK;
    return fail(E_FULL, "the %s is full to %u %%: the rest is kept for what is no statement",
                disk_ends_first(usage) ? "disk" : "map", room_percent(usage));
}

bool room_is_back(const struct db_usage *usage)
{
    return usage->disk_free_bytes >= BACK_BYTES && usage->map_bytes >= usage->used_bytes + BACK_BYTES &&
           room_of(usage, ROOM_FULL) != ROOM_FULL;
}

enum err room_look(struct room_watch *watch, struct db *db, uint64_t now_ms)
{
    struct db_usage usage;
    bool is_due = watch->looked_ms == 0 || now_ms - watch->looked_ms >= LOOK_MS ||
                  watch->written >= watch->step || watch->room == ROOM_FULL;
    if (!is_due || db_usage(db, &usage) != E_OK)
        return E_OK;
    uint64_t left = usage.map_bytes;
    if (disk_ends_first(&usage))
        left = usage.used_bytes + usage.disk_free_bytes;
    watch->looked_ms = now_ms > 0 ? now_ms : 1;
    watch->written = 0;
    watch->step = left / STEPS;
    enum err err = room_check(&usage, watch->room);
    watch->room = room_of(&usage, watch->room);
    return err;
}
