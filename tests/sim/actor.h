/* actor: what a process does with feeds: which it follows, offers and wants on a link, what it sends of them
 * to whom, and how it judges what comes. No time, no network, no disk of its own: it is given the shelf and
 * the draft of the moment.
 *
 * A process is one of several kinds by its policy alone. It knows a feed as far as it was told that it is
 * durable, which may be less than what is on the disk. */
#pragma once

#include "core/feed.h"
#include "core/sync.h"
#include "disk.h"
#include "mutant.h"

/* Records behind what is held that nothing vouches for yet: kept until the next batch (as hubd/tail.c does).
 */
struct tail {
    struct buf packed;
    uint64_t first; /* seq */
    size_t count;
    uint64_t refused_seq; /* where it was refused last, and how many records were there */
    size_t refused_count;
};

struct actor {
    struct hash self;
    enum sync_role role;
    bool takes_any; /* a followed feed from anybody; else only from its author or, as a leaf, from its peer */
    bool carries;   /* offers what it follows to everybody */
    const struct roll *follows;
    enum mutant mutant;
    struct roll roll;   /* what it knows ... */
    struct feed *feeds; /* ... and how far */
    size_t cap;
    struct roll tail_roll; /* a hub's tails */
    struct tail *tails;
    size_t tail_cap, n_tails;
};

/* Whom a link is with. */
struct actor_peer {
    struct hash author;
    enum sync_role role;
};

void actor_clear(struct actor *actor);
/* The feed is durable so far. */
void actor_learn(struct actor *actor, const struct feed *feed);
/* NULL when nothing is known of it. */
const struct feed *actor_feed(const struct actor *actor, const struct hash *author);

/* Where it stands with a feed towards a peer; false when it neither offers nor wants it. */
bool actor_stand(const struct actor *actor, const struct actor_peer *peer, const struct hash *author,
                 struct sync_mark *mark);
/* Names to the machine every feed that the link is about. */
void actor_follow(const struct actor *actor, const struct actor_peer *peer, struct sync *sync);

/* Whether the payload may go there. */
bool actor_may_show(const struct actor_peer *peer, const struct hash *author, enum visibility visibility);
/* Packs records from on, as far as known, at most max_bytes (but one). shelf may be NULL; draft is looked
 * into for what is not on the shelf. */
void actor_pack(const struct actor *actor, const struct actor_peer *peer, const struct shelf *shelf,
                const struct draft *draft, uint64_t from, uint32_t max_bytes, struct buf *out,
                uint32_t *count);

/* How a batch was judged. */
struct verdict {
    uint64_t before, next; /* of the draft, before and after it */
    struct hash head;
    enum err code;
    bool final;
    uint64_t refused_seq;
    char text[160];
};
/* Judges packed records that came for the draft's feed, the first of them said to be first_seq, and puts
 * those that are accepted there. */
void actor_judge(struct actor *actor, const struct shelf *shelf, struct draft *draft, struct book *book,
                 uint64_t first_seq, struct bytes records, struct verdict *out);
