/* admit: who belongs to the log is decided by records of the hub's own feed: admissions and suspensions.
 *
 * All of these write in the writer's open transaction; what is true in memory follows after its commit
 * (admit_apply). */
#pragma once

#include "hubd/writer.h"

/* Logs the admission and then the inception (packed, run.h), and makes member an active one. E_EXISTS: the
 * name, or the transport key, is another's. E_MALFORMED, E_CORRUPT: the inception does not hold. Checks
 * first. */
enum err admit_member(struct write *write, struct member *member, struct bytes inception);
/* Logs a suspension; MEMBER_REMOVED is the harder one. Either holds until admit_resume. E_UNMET when it is in
 * that state, or removed, or pending. */
enum err admit_suspend(struct write *write, struct member *member, uint32_t reason, enum member_state state);
/* Logs that the suspension is lifted. E_UNMET when there is none. */
enum err admit_resume(struct write *write, struct member *member);
/* Turns away one that is pending: its row is deleted, and the invites that it used are revoked. Nothing is
 * logged: it never belonged to the log. E_UNMET when it is not pending. member is MEMBER_REMOVED then. */
enum err admit_forget(struct write *write, struct member *member);
/* Is this transport key free for author? */
bool admit_key_is_free(struct write *write, const struct key *key, const struct hash *author);

/* After the commit: memory, the set of those who may connect, and the front follow. */
void admit_apply(struct hub *hub, const struct member *member);
/* And of one that was admitted just now: its inception is held. */
void admit_apply_first(struct hub *hub, const struct member *member);
/* And of one that was turned away: its invites' keys are denied. */
void admit_apply_forgotten(struct hub *hub, const struct member *member);
void admit_apply_invite(struct hub *hub, const struct invite *invite);
/* At the start: lets everybody in who may come. */
void admit_allow_all(struct hub *hub);
