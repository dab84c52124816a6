/* process: a simulated daemon: its disk, its clocks, its links, and the one transaction that it has under
 * way. */
#pragma once

#include "actor.h"
#include "disk.h"
#include "net.h"

struct job { /* a batch that waits to be stored */
    struct link *link;
    struct hash author;
    uint64_t first_seq;
    struct buf records;
    struct verdict verdict;
};

struct jobs {
    struct job *items;
    size_t count, cap;
};

/* A road out, and when to try it again. */
struct dial {
    struct road *road;
    struct link *link; /* NULL between two dials */
    uint64_t wait_ms;  /* the last wait */
    uint64_t at_ms;
};

struct process {
    struct world *world;
    char name[16];
    enum sync_role role;
    bool hostile;
    bool takes_any, carries;
    struct hash author;
    struct secret secret;
    struct buf inception;
    struct roll follows;
    struct disk disk;
    enum mutant mutant;
    int64_t skew_ms;  /* of the clock on its wall; time_ms of records and clock_ms of greetings */
    uint64_t boot_ms; /* of its monotonic clock */

    bool is_alive;
    uint64_t life; /* how often it has died */
    struct actor actor;
    struct jobs waiting, writing;
    struct roll grown; /* feeds that the transaction under way makes longer */
    unsigned to_append;
    bool is_due;  /* an event will begin a transaction */
    bool is_busy; /* one is under way */
    struct link **links;
    size_t n_links, links_cap;
    struct dial *dials;
    size_t n_dials;
    struct road **roads; /* on which it listens */
    size_t n_roads;
};

/* Comes up with what its disk holds, and dials. */
void process_boot(struct process *process);
/* Dies at once. */
void process_kill(struct process *process, const char *why);
/* Says goodbye everywhere, naming a window for coming back, and ends. */
void process_stop(struct process *process, uint64_t window_ms);
void process_clear(struct process *process);

/* What came for it over a connection; bad: it could not be decoded. */
void process_hear(struct process *process, struct conn *conn, enum err bad,
                  const struct sync_message *message);
/* A link of its own is over: dial again, if it dialed. */
void process_ended(struct process *process, struct link *link, uint64_t asked_ms, uint64_t up_ms);

uint64_t process_mono_ms(const struct process *process);
uint64_t process_wall_ms(const struct process *process);
