/* room: how full a store is, and what may still be written into it.
 *
 * Measured against the end that comes first: that of the map, or that of the disk it lies on. Up to 70 % all
 * is well. From 70 % on people are told. From 85 % on peers get half the credit, so that less is under way
 * when it ends. From 95 % on the store takes no statements, neither peers' nor one's own: what is left is for
 * what a full store still has to write: who may connect, what was acknowledged. It takes statements again
 * below 93 %, so that peers are not called back for a page. */
#pragma once

#include "store/db.h"

#define ROOM_TOLD_PERCENT 70U
#define ROOM_TIGHT_PERCENT 85U
#define ROOM_FULL_PERCENT 95U
#define ROOM_AGAIN_PERCENT 93U

enum room { ROOM_ENOUGH, ROOM_TOLD, ROOM_TIGHT, ROOM_FULL };

/* 0 to 100. A disk whose room is unknown has no say. */
unsigned room_percent(const struct db_usage *usage);
/* was: what it gave before; ROOM_ENOUGH at first. */
enum room room_of(const struct db_usage *usage, enum room was);
/* E_OK, or E_FULL with the sentence that says which of the two is full. */
enum err room_check(const struct db_usage *usage, enum room was);

/* Whether a store that was full, or said so in a commit, is worth trying again: next to nothing always fits
 * somewhere, and who is called back for that is turned away again. */
bool room_is_back(const struct db_usage *usage);

/* When to look again: each second, and after so much was written that a mark may have been passed. */
struct room_watch {
    enum room room;
    uint64_t looked_ms; /* monotonic; 0: not yet */
    uint64_t written;   /* bytes since */
    uint64_t step;      /* bytes until the next look */
};
/* room is as it is now, or was a moment ago. E_FULL with its sentence when that is ROOM_FULL; what cannot be
 * measured has room. */
enum err room_look(struct room_watch *watch, struct db *db, uint64_t now_ms);
