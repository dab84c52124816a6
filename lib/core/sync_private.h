/* sync_private: what the files of the sync machine share. sync.c: greeting and time; sync_feeds.c: the table
 * of feeds and the marks; sync_flow.c: sending; sync_take.c: receiving. */
#pragma once

#include "core/sync.h"

/* Credit beyond this is forgotten: no sum of grants overflows. */
#define SYNC_CREDIT_MAX (INT64_C(1) << 40)
/* One packed record at its largest: entry, presence, salt, payload. */
#define SYNC_RECORD_MAX (ENTRY_BYTES + 1U + SALT_BYTES + MAX_PAYLOAD_BYTES)
#define SYNC_NEVER UINT64_MAX

/* One feed on one link: a hub holds tens of thousands of these, so every byte is counted. */
struct sync_feed {
    struct hash author;
    struct hash head;     /* ours */
    uint64_t next;        /* ours: 0 .. next-1 are held here */
    uint64_t oldest;      /* ours */
    uint64_t peer_next;   /* 0 .. peer_next-1 are held there */
    uint64_t peer_head;   /* first 8 bytes of its head at peer_next; 0 unknown */
    uint64_t sent;        /* the next seq to send */
    uint64_t last_first;  /* first seq of the last batch sent */
    uint64_t expected;    /* the next seq to receive */
    uint64_t retry_at_ms; /* 0: not waiting */
    uint32_t reserved;    /* credit that the fetch under way may use */
    uint32_t ready_next;  /* index + 1 in the queue of feeds that have something to send */
    uint8_t tries;        /* refusals since the last progress */
    bool offers : 1;      /* we */
    bool wants : 1;       /* we */
    bool announced : 1;   /* our mark went out */
    bool met : 1;         /* its mark came in */
    bool peer_offers : 1;
    bool peer_wants : 1;
    bool ready : 1; /* in the queue */
    bool fetching : 1;
    bool unacked : 1;  /* sent and not yet answered */
    bool stopped : 1;  /* sending is over: refused for good, or forked */
    bool later : 1;    /* refused for lack of room or quota: growth does not help */
    bool behind : 1;   /* told the host that the peer is ahead */
    bool skipping : 1; /* receiving: refused, what was under way is dropped until the sender starts over */
    bool refused : 1;  /* receiving is over */
};

struct sync {
    struct sync_options options;
    struct sync_host host;
    struct sync_peer peer;
    enum sync_state state;
    bool is_dialer;
    uint32_t session;
    uint32_t heartbeat_ms; /* as agreed */
    uint32_t batch_bytes;  /* the peer's most */
    uint64_t last_heard_ms;
    uint64_t stale;                   /* messages of other sessions, dropped */
    uint64_t greet_until_ms;          /* 0: not yet counted */
    uint64_t next_ping_ms;            /* 0: not yet drawn */
    uint64_t next_retry_ms;           /* SYNC_NEVER: no feed waits */
    uint64_t granted_early;           /* granted while greeting, told once up */
    int64_t send_credit;              /* what we may send; may go below zero by one record */
    int64_t take_credit;              /* what the peer may send */
    uint64_t reserved;                /* of send_credit, by fetches under way */
    uint64_t under_way;               /* bytes sent whose credit has not come back */
    uint32_t fetching;                /* feeds */
    uint32_t unacked;                 /* feeds */
    uint32_t ready_first, ready_last; /* index + 1 */
    struct sync_feed *feeds;
    uint32_t count, cap;
    uint32_t *slots; /* author -> index + 1, open addressing; NULL while the table is small */
    uint32_t slot_count;
};

/* ---- sync.c */
void sync_send(struct sync *sync, struct sync_message *message);
void sync_go_down(struct sync *sync, enum err code, uint64_t retry_after_ms, const char *text);

/* ---- sync_feeds.c */
struct sync_feed *sync_feed_find(const struct sync *sync, const struct hash *author);
void sync_announce_all(struct sync *sync);
enum err sync_take_frontier(struct sync *sync, const struct sync_message *message, uint64_t now_ms);

/* ---- sync_flow.c: this side sends */
void sync_flow_met(struct sync *sync, struct sync_feed *feed, const struct sync_mark *mark);
void sync_flow_grown(struct sync *sync, struct sync_feed *feed, uint64_t next, const struct hash *head);
/* The peer sent us records up to next-1, so it needs none of them. */
void sync_flow_echo(struct sync *sync, struct sync_feed *feed, uint64_t next);
void sync_flow_queue(struct sync *sync, struct sync_feed *feed);
void sync_flow_pump(struct sync *sync);
void sync_flow_retry(struct sync *sync, uint64_t now_ms);
void sync_flow_credit(struct sync *sync, uint64_t bytes);
enum err sync_take_ack(struct sync *sync, const struct sync_message *message, uint64_t now_ms);
enum err sync_take_nack(struct sync *sync, const struct sync_message *message, uint64_t now_ms);
enum err sync_take_credit(struct sync *sync, const struct sync_message *message, uint64_t now_ms);

/* ---- sync_take.c: this side receives */
enum err sync_take_batch(struct sync *sync, const struct sync_message *message, uint64_t now_ms);
