/* sync: one link's replication as a pure state machine. No socket, clock, thread or disk.
 *
 * (message | local append | stored | fetched | tick) in; messages and store operations out, through struct
 * sync_host. Both ends run the same machine: the dialer speaks first, after that the link is symmetric. The
 * messages are those of doc/PROTOCOL.md; lib/net/wire.c turns them into bytes. Calls into the host happen
 * inside calls of the machine and must not call back into it (but for the functions that take a const struct
 * sync). ENROL and ENROLLED pass outside of the machine: the daemons exchange them before a link exists.
 *
 * A link is one connection: a reconnect is a new machine, and what both sides hold is exchanged again. */
#pragma once

#include "base/limits.h"
#include "core/record.h"

#define SYNC_MAJOR 1 /* version of the protocol; negotiated per link */

enum sync_type {
    SYNC_HELLO = 1,
    SYNC_WELCOME = 2,
    SYNC_REJECT = 3,
    SYNC_FRONTIER = 4,
    SYNC_BATCH = 5,
    SYNC_ACK = 6,
    SYNC_NACK = 7,
    SYNC_CREDIT = 8,
    SYNC_PING = 9,
    SYNC_PONG = 10,
    SYNC_BYE = 11,
    SYNC_ENROL = 12,    /* with an invite key: my inception */
    SYNC_ENROLLED = 13, /* admitted: come back with your own key */
};

enum sync_role { SYNC_NODE = 1, SYNC_RELAY = 2, SYNC_HUB = 3 };

enum sync_reject {
    SYNC_REJECT_VERSION = 1,
    SYNC_REJECT_REVOKED = 2,
    SYNC_REJECT_BUSY = 3,
    SYNC_REJECT_FULL = 4,
    SYNC_REJECT_QUOTA = 5,
    SYNC_REJECT_UNKNOWN = 6, /* not enrolled here */
    SYNC_REJECT_PROTOCOL = 7,
    SYNC_REJECT_INVITE = 8,  /* used up, expired, or for another name */
    SYNC_REJECT_PENDING = 9, /* waits for an operator */
};

/* Where one side stands with one feed. */
struct sync_mark {
    struct hash author;
    uint64_t next;    /* holds 0 .. next-1 */
    struct hash head; /* id of next-1; zero when next is 0 */
    uint64_t oldest;  /* of the payloads held: 0, as long as nothing is ever dropped */
    bool offers;      /* may send it */
    bool wants;       /* would take it */
};

struct sync_peer { /* what HELLO and WELCOME say of a side */
    uint32_t proto_min, proto_max;
    struct hash author;
    uint8_t store_id[16];
    uint64_t incarnation;
    enum sync_role role;
    uint64_t clock_ms;
    uint32_t max_batch_bytes;
    uint32_t heartbeat_ms;
    uint64_t credit_bytes; /* the first grant */
    char software[64];
};

/* One message. Pointers borrow; valid during the call that hands it over. */
struct sync_message {
    enum sync_type type;
    uint32_t session; /* header field: 0 until WELCOME names it */
    union {
        struct sync_peer hello; /* HELLO and WELCOME */
        struct {
            enum sync_reject code;
            uint64_t retry_after_ms;
            char text[200];
        } reject; /* REJECT and BYE (code 0: going away; herd window in retry_after_ms) */
        struct {
            const struct sync_mark *marks;
            size_t count;
        } frontier;
        struct {
            struct hash author;
            uint64_t first_seq;
            uint32_t count;
            struct bytes records; /* run.h */
        } batch;
        struct {
            struct hash author;
            uint64_t next; /* durable: 0 .. next-1 */
            struct hash head;
            uint64_t credit_bytes; /* given back */
        } ack;
        struct {
            struct hash author;
            uint64_t seq;
            enum err code;
            bool final; /* false: offer it again with more behind it, or later */
            uint64_t credit_bytes;
            char text[200];
        } nack;
        struct {
            uint64_t bytes;
        } credit;
        struct {
            uint64_t clock_ms;
        } ping; /* and PONG */
        struct {
            struct bytes inception; /* one packed record (run.h) */
        } enrol;                    /* ENROL: the node's; ENROLLED: the hub's */
    };
};

enum sync_state { SYNC_IDLE, SYNC_GREETING, SYNC_UP, SYNC_DOWN };

struct sync_host {
    void *context;
    /* Sends one message; the machine has no more to do with it. */
    void (*send)(void *context, const struct sync_message *message);
    /* Wants consecutive records of author from `from`, at most max_bytes of them packed (but at least one):
     * answer now or later with sync_fetched. At most one fetch a feed is under way. */
    void (*fetch)(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes);
    /* Records to be verified and made durable: answer later with sync_stored or sync_refused. Borrowed bytes.
     */
    void (*store)(void *context, const struct hash *author, uint64_t first_seq, uint32_t count,
                  struct bytes records);
    /* Where we stand with a feed: fills mark->next and head; false when we neither have nor want it.
     * Must answer from memory. */
    bool (*stand)(void *context, const struct hash *author, struct sync_mark *mark);
    /* The greeting is done: whom we talk to. */
    void (*up)(void *context, const struct sync_peer *peer);
    /* The peer holds the feed durably up to next - 1: by its mark after a reconnect, or by an ACK. */
    void (*acked)(void *context, const struct hash *author, uint64_t next, const struct hash *head);
    /* The peer will not take this record: the feed stops on this link (final), or waits (sync_progress tells
     * which). Also our own finding about a feed that we offer: E_GAP, the peer holds more of it than we do,
     * and we do not want it from there (a restored home: nothing is sent until the feed has grown to where
     * the peer stands); E_FORK, it holds another record at our head (the feed stops). */
    void (*nacked)(void *context, const struct hash *author, uint64_t seq, enum err code, const char *text);
    /* The link is over. retry_after_ms: the peer's wish, or 0. code: E_TIMEOUT no greeting, or silence;
     * E_UNREACHABLE the peer said BYE; or its REJECT: E_VERSION, E_DENIED (revoked, invite), E_BUSY (busy,
     * quota, pending), E_FULL, E_NOT_FOUND (not enrolled there), E_MALFORMED (protocol, or a code that we do
     * not know). */
    void (*down)(void *context, enum err code, uint64_t retry_after_ms, const char *text);
};

struct sync_options {
    struct sync_peer self; /* what we say in HELLO or WELCOME; credit_bytes is our first grant to the peer */
    uint64_t greeting_timeout_ms;
    uint32_t missed_heartbeats; /* dead after so many intervals without any traffic */
    size_t max_feeds;           /* on this link; marks beyond are E_TOO_BIG and a strike */
    uint64_t retry_min_ms; /* after a NACK that is not final and with nothing new to offer; doubles ... */
    uint64_t retry_max_ms; /* ... up to this. 0: one second, one minute */
};

struct sync; /* one link */

struct sync *sync_new(const struct sync_options *options, const struct sync_host *host);
void sync_free(struct sync **sync);

/* The dialer says HELLO. */
void sync_dial(struct sync *sync, uint64_t now_ms);
/* The feeds to announce once up (and any time after): our marks, with what we offer and want. Feeds that only
 * the peer names are answered through host->stand. Following again a feed that was refused for good asks for
 * it anew. */
void sync_follow(struct sync *sync, const struct sync_mark *mark);

/* E_MALFORMED (values that no version of ours writes), E_DENIED (what a peer must not say now: before hello,
 * over credit, a feed nobody asked for) or E_TOO_BIG (feeds): the caller counts a strike and
 * the message has no effect; the link goes down only through host->down. Unknown types are tolerated, and
 * anything after the link is down. Messages of another session are dropped and counted (sync_stale), and are
 * no misdeed: they come late from a link that this one replaced. But a dialer takes REJECT and BYE of session
 * 0, too. */
enum err sync_receive(struct sync *sync, const struct sync_message *message, uint64_t now_ms);

/* A feed has grown here, durably: 0 .. next-1 are held. */
void sync_grown(struct sync *sync, const struct hash *author, uint64_t next, const struct hash *head,
                uint64_t now_ms);
/* Answers host->fetch; count 0 when there is nothing (any more). */
void sync_fetched(struct sync *sync, const struct hash *author, uint64_t from, uint32_t count,
                  struct bytes records, uint64_t now_ms);
/* Answers host->store: durable up to next - 1; bytes of that batch (or of several: one ACK a commit) give
 * credit back. ACKs. When some of a batch is stored and the rest refused: first this, then sync_refused. */
void sync_stored(struct sync *sync, const struct hash *author, uint64_t next, const struct hash *head,
                 uint64_t bytes, uint64_t now_ms);
/* The other answer: the records from seq on are not taken. Batches of the feed that were handed over behind a
 * refused one are answered in turn, whatever the reason (nothing more is said to the peer than their credit).
 */
void sync_refused(struct sync *sync, const struct hash *author, uint64_t seq, enum err code, bool final,
                  const char *text, uint64_t bytes, uint64_t now_ms);
/* Grants the peer more credit (a hub's scheduler does this). */
void sync_grant(struct sync *sync, uint64_t bytes, uint64_t now_ms);
/* Says BYE; host->down is not called. */
void sync_bye(struct sync *sync, uint64_t retry_after_ms, uint64_t now_ms);
/* Says REJECT, in any state; host->down is not called. */
void sync_reject(struct sync *sync, enum sync_reject code, uint64_t retry_after_ms, const char *text);
/* Heartbeats and time-outs. Returns when it wants to be called next; any other call may make that earlier.
 * random: any 32 random bits, for the jitter. */
uint64_t sync_tick(struct sync *sync, uint64_t now_ms, uint32_t random);

enum sync_state sync_state(const struct sync *sync);
const struct sync_peer *sync_peer(const struct sync *sync); /* zero before WELCOME */
uint32_t sync_session(const struct sync *sync);
void sync_session_set(struct sync *sync, uint32_t session); /* the listener names it before its WELCOME */
uint64_t sync_last_heard_ms(const struct sync *sync);
uint64_t sync_stale(const struct sync *sync); /* messages of other sessions */

/* How sending one feed goes. */
struct sync_progress {
    uint64_t peer_next; /* the peer holds 0 .. peer_next-1 */
    uint64_t sent;      /* sent up to sent-1 */
    bool met;           /* the peer has named its mark */
    bool wanted;        /* by the peer */
    bool stopped;       /* refused for good, or forked */
    bool waits;         /* refused for now: will be offered again */
    bool behind;        /* the peer holds more than we do */
};
/* False when the feed is not on this link. */
bool sync_progress(const struct sync *sync, const struct hash *author, struct sync_progress *out);
