/* front_private: what the files of the front share. front.c: the thread, its mail and its timers; session.c:
 * links and the sync machine's host; greet.c: who may come in. */
#pragma once

#include <pthread.h>

#include "base/queue.h"
#include "hubd/credit.h"
#include "hubd/front.h"
#include "hubd/strikes.h"
#include "hubd/table.h"

enum front_state { FRONT_RUNS, FRONT_DRAINS, FRONT_ENDS };

struct session {
    struct front *front;
    struct sync *sync;
    struct session *after; /* among those to be freed */
    struct route route;
    struct key key;
    struct hash author;
    uint32_t number;
    uint32_t place; /* in front->sessions */
    uint64_t tick_at_ms, heard_ms;
    int64_t credit;     /* its account */
    uint64_t owed;      /* bytes answered while we were too busy to grant anew */
    uint64_t own_told;  /* the hub's own feed, as far as the link was told */
    uint64_t ack_bytes; /* collected for one acknowledgement */
    uint64_t ack_next;
    struct hash ack_head;
    bool has_ack;
    bool is_dead; /* to be dropped as soon as the machine returns */
    bool is_dropped;
};

struct front {
    struct hub *hub;
    struct router *router;
    pthread_t thread;
    int wake_fd;
    struct queue *mail;
    _Atomic int state;
    _Atomic size_t n_sessions; /* for other threads */
    _Atomic uint64_t credit_out, beats;
    char endpoint[MAX_ENDPOINT_BYTES + 1];

    struct table by_key;       /* -> session */
    struct session **sessions; /* the same, in no order */
    size_t count, cap;
    struct session *dropped;
    struct session **acks; /* those that have_ack */
    size_t n_acks, acks_cap;
    struct table enrolling; /* keys whose inception is being looked at */

    struct credit credit;
    struct strikes strikes;
    struct jobs parked; /* did not fit into the verifiers' queues */
    struct buf frame, out;
    struct wire_message wire;
    uint32_t message_id;
    bool full;            /* the store is */
    bool drains;          /* written by the front alone, under start_lock */
    struct sync_mark own; /* the hub's own feed, durable */
    size_t push_at, push_left;
    uint64_t push_tokens, pushed_at_ms;
    uint64_t scan_at_ms;
    struct buf inception; /* the hub's, packed */

    pthread_mutex_t start_lock;
    pthread_cond_t started;
    bool has_started;
    enum err start_err;
    char start_text[512];
};

/* ---- front.c */
/* Says one message to somebody who has no session. */
void front_say(struct front *front, const struct route *to, const struct sync_message *message);
void front_reject(struct front *front, const struct route *to, enum sync_reject code, uint64_t retry_ms,
                  const char *text);
/* Counts a violation; past the limit the key is refused for a while, and its session is over. session may be
 * NULL. */
void front_strike(struct front *front, const struct route *from, const struct key *key, const char *why);
/* Hands a job to the verifiers, or keeps it until there is room. */
void front_hand_on(struct front *front, struct job *job);

/* ---- session.c */
/* Drops the key's older session, and begins one with this HELLO. */
void session_begin(struct front *front, const struct route *from, const struct key *key,
                   const struct sync_message *hello, uint64_t now_ms);
struct session *session_of(struct front *front, const struct key *key);
/* One message that belongs to it. */
void session_receive(struct session *session, const struct sync_message *message, uint64_t now_ms);
/* An answered job came back. */
void session_answer(struct session *session, struct job *job, uint64_t now_ms);
void session_flush_acks(struct front *front, uint64_t now_ms);
void session_push_own(struct session *session, uint64_t now_ms);
void session_repay(struct session *session, uint64_t now_ms);
void session_tick(struct session *session, uint64_t now_ms);
void session_reject(struct session *session, enum sync_reject code, uint64_t retry_ms, const char *text);
void session_reject_all(struct front *front, enum sync_reject code, uint64_t retry_ms, const char *text);
void session_bye(struct session *session, uint64_t retry_ms, uint64_t now_ms);
void session_drop(struct session *session);
void session_bury(struct front *front); /* frees what was dropped */

/* ---- greet.c */
void greet_hello(struct front *front, const struct route *from, const struct key *key,
                 const struct sync_message *message, uint64_t now_ms);
void greet_enrol(struct front *front, const struct route *from, const struct key *key,
                 const struct sync_message *message);
void greet_enrolled(struct front *front, struct job *job);
