/* hostile: a peer that does wrong things to a hub on purpose, and knows what doc/PROTOCOL.md says the hub
 * does about it. For bad_input.bats. */
#pragma once

#include "app/home.h"
#include "base/file.h"
#include "core/run.h"
#include "net/peer.h"
#include "net/wire.h"

struct hostile {
    const char *endpoint;
    struct home hub;  /* without its keys */
    struct home home; /* whom we play */
    struct dealer *dealer;
    struct buf frame;
    struct wire_message in; /* the last message that came */
    uint32_t session;
    uint64_t next; /* the hub holds our feed up to next - 1 ... */
    struct hash head;
    bool has_mark;
};

/* ---- hostile_link.c: one connection. All fail with E_TIMEOUT, E_DENIED or E_UNREACHABLE when it ends. */

enum err link_dial(struct hostile *h, const struct key *hub_key, const struct secret *own);
/* Sends bytes as they are. */
enum err link_raw(struct hostile *h, struct bytes frame);
enum err link_send(struct hostile *h, struct sync_message *message);
/* The next message that is no small talk (credit, heartbeats, frontiers, records of the hub's feed) in h->in.
 */
enum err link_hear(struct hostile *h, uint64_t wait_ms);
/* The next message, which must be of this type. E_UNMET. */
enum err link_expect(struct hostile *h, enum sync_type type);
struct sync_message link_hello(const struct hostile *h);
/* Dials as the home's owner, says HELLO, and learns where the hub stands with our feed. */
enum err link_greet(struct hostile *h);
/* Does it over and over: a REJECT for breaking the protocol must come of it. Does it some times more: nothing
 * comes of that until the time is over that the REJECT names. */
enum err link_provoke(struct hostile *h, enum err (*misdeed)(struct hostile *h), int more);
/* So many bytes of no meaning. */
void zeros(struct buf *out, size_t len);
/* On one line of stdout: what came last. */
void link_print(const struct hostile *h);
void link_clear(struct hostile *h);

/* ---- hostile_records.c: what is wrong with records */

enum err records_misdeed(struct hostile *h, const char *name); /* E_NOT_FOUND: none of these */
void records_names(void);
