/* enrol: a jurisdiction presents its inception with an invite: admitted, kept waiting, or refused. */
#pragma once

#include "hubd/writer.h"

/* In a verifier: is it an inception at all? Fills job->inception and author. E_MALFORMED, E_BAD_SIGNATURE ...
 */
enum err enrol_check(struct job *job);
/* In the writer's transaction: decides, and logs an admission in the transaction that uses up the invite. The
 * same inception with the same invite gets the same answer again; another inception is refused. Fills
 * job->verdict. */
void enrol_write(struct write *write, struct job *job);
/* In the writer's transaction: the feed of job has named a new transport key. The first author keeps a key.
 */
void enrol_new_key(struct write *write, struct job *job);
/* After the commit. */
void enrol_committed(struct hub *hub, struct job *job);
