/* Who may come in: greetings of members, and inceptions that come with an invite. */
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "hubd/front_private.h"
#include "hubd/verify.h"

/* An inception has at most 16 KiB, and its frame little more. */
#define ENROL_BYTES_MAX (MAX_IDENTITY_PAYLOAD_BYTES + 1024U)

/* False: refused, and told why. */
static bool may_enter(struct front *f, const struct route *from, const struct key *key,
                      const struct sync_message *hello)
{
    const struct options *o = &f->hub->options;
    struct member member;
    if (members_key(f->hub->members, key, &member, NULL) != KEY_MEMBER) {
        front_reject(f, from, SYNC_REJECT_UNKNOWN, 0, "this key belongs to no member");
        front_strike(f, from, key, "hello with an invite");
        return false;
    }
    if (member.state != MEMBER_ACTIVE) {
        front_reject(f, from, SYNC_REJECT_REVOKED, 0, "suspended");
        return false;
    }
    if (!hash_equal(&member.author, &hello->hello.author)) {
        front_reject(f, from, SYNC_REJECT_UNKNOWN, 0, "this key belongs to another member");
        front_strike(f, from, key, "hello of an author that the key does not belong to");
        return false;
    }
    if (f->full) {
        front_reject(f, from, SYNC_REJECT_FULL, o->full_ms, "the hub's store is full");
        return false;
    }
    if (f->count >= o->max_peers && session_of(f, key) == NULL) {
        front_reject(f, from, SYNC_REJECT_BUSY, o->retry_ms, "as many nodes are connected as the hub takes");
        return false;
    }
    return true;
}

void greet_hello(struct front *front, const struct route *from, const struct key *key,
                 const struct sync_message *message, uint64_t now_ms)
{
    if (may_enter(front, from, key, message))
        session_begin(front, from, key, message, now_ms);
}

void greet_enrol(struct front *front, const struct route *from, const struct key *key,
                 const struct sync_message *message)
{
    const struct options *o = &front->hub->options;
    if (message->enrol.inception.len > ENROL_BYTES_MAX) {
        front_strike(front, from, key, "an inception that is too large");
        return;
    }
    if (table_get(&front->enrolling, key->b) != NULL) {
        front_strike(front, from, key, "an inception while another is being looked at");
        return;
    }
    if (front->full) {
        front_reject(front, from, SYNC_REJECT_FULL, o->full_ms, "the hub's store is full");
        return;
    }
    struct job *job = job_new(JOB_ENROL);
    job->key = *key;
    job->route = *from;
    buf_bytes(&job->frame, message->enrol.inception);
    job->records = buf_view(&job->frame);
    if (!verify_try(front->hub->verify, job)) {
        job_free(job);
        front_reject(front, from, SYNC_REJECT_BUSY, o->retry_ms, "come back later");
        return;
    }
    table_put(&front->enrolling, key->b, front);
}

void greet_enrolled(struct front *front, struct job *job)
{
    table_remove(&front->enrolling, job->key.b);
    if (job->verdict != 0) {
        char author[2 * HASH_BYTES + 1];
        hex_encode(job->author.b, HASH_BYTES, author);
        log_info("author=%s verdict=%d detail=\"%s\" msg=\"not enrolled\"", author, (int)job->verdict,
                 job->text);
        front_reject(front, &job->route, job->verdict, job->retry_ms, job->text);
        if (job->verdict == SYNC_REJECT_PROTOCOL || job->verdict == SYNC_REJECT_INVITE)
            front_strike(front, &job->route, &job->key, job->text);
        return;
    }
    struct sync_message message = { .type = SYNC_ENROLLED };
    message.enrol.inception = buf_view(&front->inception);
    front_say(front, &job->route, &message);
}
