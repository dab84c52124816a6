/* job: one piece of work on its way through the hub's threads: front -> verifier -> writer -> front.
 *
 * The same object travels the whole way, so that a batch is copied once (off the socket) and answered where
 * it came from. It has one owner at a time: whoever took it off a queue. */
#pragma once

#include "core/statement.h"
#include "hubd/member.h"
#include "net/peer.h"
#include "net/wire.h"

enum job_kind {
    JOB_RUN,    /* records to be verified and made durable */
    JOB_FETCH,  /* records to be read for a peer */
    JOB_ENROL,  /* an inception that came with an invite */
    JOB_CALL,   /* what the control thread wants written (writer_call) */
    JOB_NOTICE, /* to the front: something happened */
};

enum notice {
    NOTICE_GROWN, /* the hub's own feed: next, head */
    NOTICE_FULL,  /* nothing can be made durable */
    NOTICE_BACK,  /* it can again */
    NOTICE_TIGHT, /* room.h: half the credit */
    NOTICE_AMPLE, /* all of it again */
    NOTICE_CUT,   /* author may talk to us no more */
};

struct cached;
struct waiting;

struct job {
    struct job *after; /* in a list */
    enum job_kind kind;

    /* whom to answer */
    struct key key;
    struct route route;
    uint32_t session;

    /* the question; records borrow from frame or wire, which it owns */
    struct hash author;
    uint64_t seq; /* RUN: of the first record. FETCH: from */
    uint32_t count;
    uint32_t max_bytes; /* FETCH */
    bool whole;         /* FETCH: for its own author: payloads of every visibility */
    struct bytes records;
    struct buf frame;
    struct wire_message wire;

    /* RUN, verified: the first n_accepted of accepted[] are to be written; feed is the state after them */
    struct buf held; /* from batches before (tail.h): n_held records that come first */
    size_t n_held;
    struct record *parsed; /* owned */
    const struct record *accepted;
    size_t n_accepted;
    struct feed feed;
    struct cached *cached;
    unsigned generation;
    bool rekeyed; /* the feed has named a new transport key */

    /* RUN, answered: durable up to next-1 with that head; or refused at refused_seq */
    uint64_t next;
    struct hash head;
    bool refused;
    const struct record *refused_record; /* into parsed; NULL when it could not be parsed */
    uint64_t refused_seq;
    bool keep_refusal; /* a new one: goes into the quarantine */
    enum err code;
    bool final;
    char text[200];

    /* ENROL */
    struct inception *inception; /* owned */
    enum sync_reject verdict;    /* 0: enrolled */
    uint64_t retry_ms;
    struct member member; /* after the commit, when changed */
    struct invite invite;
    bool member_changed, invite_changed;

    struct waiting *waiting; /* CALL: who waits for it (writer.c) */
    enum notice notice;
    struct buf out; /* FETCH: packed records. ENROL: the hub's inception, packed */
};

/* A list of jobs, oldest first. { 0 } is empty. */
struct jobs {
    struct job *first, *last;
    size_t count;
    uint64_t bytes;
};
void jobs_put(struct jobs *jobs, struct job *job);
void jobs_put_back(struct jobs *jobs, struct job *job); /* as the oldest */
struct job *jobs_take(struct jobs *jobs);               /* NULL: empty */

struct job *job_new(enum job_kind kind);
void job_free(struct job *job);
/* For queue_free. */
void job_drop(void *job);
/* How much memory it holds, for the bounds of queues. */
size_t job_bytes(const struct job *job);
/* It cannot be accepted: from seq on. Keeps err_message(). */
void job_refuse(struct job *job, uint64_t seq, enum err code, bool final);
