#include "disk.h"

#include <inttypes.h>
#include <stdlib.h>

struct shelf *disk_shelf(const struct disk *disk, const struct hash *author)
{
    size_t place = roll_find(&disk->roll, author);
    return place == ROLL_NONE ? NULL : &disk->shelves[place];
}

static void empty_drafts(struct disk *disk)
{
    for (size_t i = 0; i < disk->open.count; i++)
        free(disk->drafts[i].records);
    roll_clear(&disk->open);
    disk->writing = false;
}

void disk_begin(struct disk *disk)
{
    empty_drafts(disk);
    disk->writing = true;
}

struct draft *disk_drafted(const struct disk *disk, const struct hash *author)
{
    size_t place = roll_find(&disk->open, author);
    return place == ROLL_NONE ? NULL : &disk->drafts[place];
}

struct draft *disk_draft(struct disk *disk, const struct hash *author)
{
    struct draft *draft = disk_drafted(disk, author);
    if (draft != NULL)
        return draft;
    size_t place = roll_add(&disk->open, author);
    if (place == disk->draft_cap) {
        disk->draft_cap = disk->draft_cap > 0 ? 2 * disk->draft_cap : 4;
        disk->drafts = mem_resize(disk->drafts, disk->draft_cap * sizeof *disk->drafts);
    }
    draft = &disk->drafts[place];
    *draft = (struct draft){ 0 };
    const struct shelf *shelf = disk_shelf(disk, author);
    if (shelf != NULL)
        draft->feed = shelf->feed;
    else
        feed_init(&draft->feed, author);
    return draft;
}

void disk_put(struct draft *draft, struct copy *copy)
{
    if (draft->count == draft->cap) {
        draft->cap = draft->cap > 0 ? 2 * draft->cap : 4;
        draft->records = mem_resize(draft->records, draft->cap * sizeof(struct copy *));
    }
    draft->records[draft->count++] = copy;
}

static struct shelf *make_shelf(struct disk *disk, const struct hash *author)
{
    size_t place = roll_add(&disk->roll, author);
    if (place >= disk->shelf_cap) {
        disk->shelf_cap = disk->shelf_cap > 0 ? 2 * disk->shelf_cap : 4;
        disk->shelves = mem_resize(disk->shelves, disk->shelf_cap * sizeof *disk->shelves);
    }
    struct shelf *shelf = &disk->shelves[place];
    *shelf = (struct shelf){ 0 };
    feed_init(&shelf->feed, author);
    return shelf;
}

static enum err shelve(struct shelf *shelf, struct copy *copy)
{
    if (copy->seq != shelf->count)
        return fail(E_CORRUPT, "record %" PRIu64 " is stored where %" PRIu64 " records are", copy->seq,
                    shelf->count);
    if (shelf->count == shelf->cap) {
        shelf->cap = shelf->cap > 0 ? 2 * shelf->cap : 8;
        shelf->records = mem_resize(shelf->records, shelf->cap * sizeof(struct copy *));
    }
    shelf->records[shelf->count++] = copy;
    return E_OK;
}

static enum err apply(struct disk *disk, const struct draft *draft, size_t count)
{
    struct shelf *shelf = disk_shelf(disk, &draft->feed.author);
    if (count == 0)
        return E_OK;
    if (shelf == NULL)
        shelf = make_shelf(disk, &draft->feed.author);
    for (size_t i = 0; i < count; i++)
        TRY(shelve(shelf, draft->records[i]));
    shelf->feed = draft->feed;
    return E_OK;
}

static enum err apply_all(struct disk *disk, bool half)
{
    enum err err = E_OK;
    for (size_t i = 0; i < disk->open.count && err == E_OK; i++)
        err = apply(disk, &disk->drafts[i], half ? disk->drafts[i].count / 2 : disk->drafts[i].count);
    empty_drafts(disk);
    return err;
}

enum err disk_sync(struct disk *disk)
{
    return apply_all(disk, false);
}

void disk_abort(struct disk *disk)
{
    empty_drafts(disk);
}

enum err disk_crash(struct disk *disk, struct dice *dice, bool half)
{
    if (disk->writing && dice_chance(dice, 500))
        return apply_all(disk, half);
    disk_abort(disk);
    return E_OK;
}

void disk_clear(struct disk *disk)
{
    empty_drafts(disk);
    free(disk->drafts);
    for (size_t i = 0; i < disk->roll.count; i++)
        free(disk->shelves[i].records);
    free(disk->shelves);
    roll_clear(&disk->roll);
}
