/* front: the one thread that owns the ROUTER and the links to the nodes.
 *
 * It looks at frames, sessions, credit and strikes, and hands records on to the verifiers; it never touches
 * the disk and never waits for a peer. A key has one session: the newest; frames of an older one are dropped.
 */
#pragma once

#include "hubd/hub.h"
#include "hubd/job.h"

/* Listens when E_OK; *out is set before the thread starts. E_USAGE, E_IO: the endpoint will not do; E_EXISTS:
 * somebody listens there already; E_FULL: too few descriptors. */
enum err front_new(struct hub *hub, struct front **out);
/* Takes in nothing more; answers go on being delivered. */
void front_quiesce(struct front *front);
/* Delivers the last answers, says goodbye to everybody, and waits for the thread. */
void front_free(struct front **front);

/* Takes over an answered job, or a notice. Any thread. */
void front_post(struct front *front, struct job *job);
/* After one or several front_post. */
void front_wake(struct front *front);

const char *front_endpoint(const struct front *front);
size_t front_sessions(const struct front *front);
uint64_t front_credit(const struct front *front); /* bytes that peers may send, or that are under way */
uint64_t front_beats(const struct front *front);  /* goes up while the thread is alive */
