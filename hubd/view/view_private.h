/* view_private: the parts of a view that its own files share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "hubd/view/meta.h"
#include "hubd/view/names.h"
#include "hubd/view/speakers.h"
#include "hubd/view/tables.h"
#include "hubd/view/view.h"

struct view {
    char *folder;
    uint64_t map_bytes;
    struct store *store;
    struct db *db;
    struct speakers *authors; /* these two of the projecting thread; NULL: to be loaded */
    struct names *names;
    _Atomic uint64_t cursor;
};

/* One snapshot of the view and of the log it stands for, for one call of one thread. */
struct snapshot {
    struct db_txn *txn;
    struct store_view *log;
    struct meta meta;
};
enum err snapshot_open(struct view *view, struct snapshot *out);
void snapshot_close(struct snapshot *snapshot);
