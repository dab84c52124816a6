#include "hubd/enrol.h"

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "hubd/admit.h"

enum err enrol_check(struct job *job)
{
    struct bytes rest = job->records;
    struct record record;
    struct feed feed;
    size_t accepted;
    if (run_next(&rest, &record) != E_OK || rest.len > 0 || record.header.seq != 0 ||
        record.header.kind != KIND_IDENTITY || !record.has_payload)
        return fail(E_MALFORMED, "expected one inception");
    job->author = record.header.author;
    feed_init(&feed, &job->author);
    TRY(feed_take(&feed, &record, 1, &accepted));
    job->inception = mem_alloc(sizeof *job->inception);
    TRY(inception_read(record.payload, job->inception));
    if (key_is_zero(&job->inception->transport_key))
        return fail(E_MALFORMED, "the inception names no transport key");
    if (job->inception->origin[0] != 0)
        return fail(E_MALFORMED, "this is the inception of a hub");
    if (!text_is_name(job->inception->name))
        return fail(E_MALFORMED, "the inception's name is not one");
    return E_OK;
}

static void refuse(struct job *job, enum sync_reject verdict, uint64_t retry_ms, const char *text)
{
    job->verdict = verdict;
    job->retry_ms = retry_ms;
    snprintf(job->text, sizeof job->text, "%s", text);
}

/* Of one that is known: how it stands. */
static void answer_known(struct write *write, struct job *job, const struct member *member)
{
    if (member->state == MEMBER_PENDING)
        refuse(job, SYNC_REJECT_PENDING, write->hub->options.pending_ms, "an operator has to admit you");
    else if (member->state != MEMBER_ACTIVE)
        refuse(job, SYNC_REJECT_REVOKED, 0, "suspended");
}

static void describe(const struct job *job, const struct invite *invite, struct member *out)
{
    const struct inception *inception = job->inception;
    *out = (struct member){
        .author = job->author,
        .transport = inception->transport_key,
        .level = inception->level,
        .invite = invite->id,
    };
    snprintf(out->name, sizeof out->name, "%s", inception->name);
    snprintf(out->title, sizeof out->title, "%s", inception->title);
    snprintf(out->geoid, sizeof out->geoid, "%s", inception->geoid);
}

static void use_up(struct write *write, struct job *job, const struct invite *invite)
{
    job->invite = *invite;
    job->invite.state = INVITE_USED;
    job->invite.author = job->author;
    job->invite_changed = true;
    invite_put(write->txn, &job->invite);
}

static void keep_waiting(struct write *write, struct job *job, const struct invite *invite)
{
    describe(job, invite, &job->member);
    job->member.state = MEMBER_PENDING;
    job->member.since_ms = write->now_ms;
    member_put(write->txn, &job->member, job->records);
    job->member_changed = true;
    use_up(write, job, invite);
    answer_known(write, job, &job->member);
}

static void admit(struct write *write, struct job *job, const struct invite *invite)
{
    describe(job, invite, &job->member);
    if (admit_member(write, &job->member, job->records) != E_OK) {
        refuse(job, SYNC_REJECT_INVITE, 0, err_message());
        return;
    }
    job->member_changed = true;
    use_up(write, job, invite);
}

static void use_invite(struct write *write, struct job *job, const struct invite *invite,
                       const struct member *known)
{
    bool names = invite->name[0] != 0;
    if (invite->state == INVITE_REVOKED)
        refuse(job, SYNC_REJECT_INVITE, 0, "the invite was revoked");
    else if (invite->state == INVITE_USED && !hash_equal(&invite->author, &job->author))
        refuse(job, SYNC_REJECT_INVITE, 0, "the invite was used by another");
    else if (known != NULL && (invite->state == INVITE_USED || known->state != MEMBER_PENDING))
        answer_known(write, job, known);
    else if (invite->state == INVITE_USED)
        refuse(job, SYNC_REJECT_INVITE, 0, "the invite was used");
    else if (invite->expires_ms != 0 && invite->expires_ms <= write->now_ms)
        refuse(job, SYNC_REJECT_INVITE, 0, "the invite has expired");
    else if (names && strcmp(invite->name, job->inception->name) != 0)
        refuse(job, SYNC_REJECT_INVITE, 0, "the invite is for another name");
    else if (names && invite->auto_admit)
        admit(write, job, invite);
    else
        keep_waiting(write, job, invite);
}

void enrol_write(struct write *write, struct job *job)
{
    struct invite invite;
    struct hash owner;
    struct member known;
    bool is_known = member_in(write->txn, &job->author, &known, NULL);
    enum err err = invite_in(write->txn, &job->key, &invite, &owner);
    if (err == E_EXISTS && hash_equal(&owner, &job->author) && is_known)
        answer_known(write, job, &known); /* with its own key: it missed the answer */
    else if (err != E_OK)
        refuse(job, SYNC_REJECT_UNKNOWN, 0, "this key is no invite");
    else
        use_invite(write, job, &invite, is_known ? &known : NULL);
}

void enrol_new_key(struct write *write, struct job *job)
{
    struct member member;
    if (!member_in(write->txn, &job->author, &member, NULL))
        return;
    if (!admit_key_is_free(write, &job->feed.transport_key, &job->author)) {
        char author[2 * HASH_BYTES + 1];
        hex_encode(job->author.b, HASH_BYTES, author);
        log_warn("author=%s msg=\"claims a transport key that belongs to another\"", author);
        return;
    }
    member.transport = job->feed.transport_key; /* the old one stays good: both are in the table of keys */
    member_put(write->txn, &member, bytes_of(NULL, 0));
    job->member = member;
    job->member_changed = true;
}

void enrol_committed(struct hub *hub, struct job *job)
{
    if (job->member_changed)
        admit_apply(hub, &job->member);
    if (job->invite_changed)
        admit_apply_invite(hub, &job->invite);
    if (!job->member_changed || job->kind != JOB_ENROL)
        return;
    if (job->member.state == MEMBER_ACTIVE)
        admit_apply_first(hub, &job->member);
    else
        log_info("name=%s msg=\"waits for an operator to admit it\"", job->member.name);
}
