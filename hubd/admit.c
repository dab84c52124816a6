#include "hubd/admit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "hubd/front.h"

static enum err log_event(struct write *write, uint32_t type, struct bytes payload)
{
    return own_append(write->own, write->txn, KIND_FEDERATION, VISIBLE_PUBLIC, type, payload, NULL, NULL);
}

bool admit_key_is_free(struct write *write, const struct key *key, const struct hash *author)
{
    struct invite invite;
    struct hash owner;
    enum err err = invite_in(write->txn, key, &invite, &owner);
    return err == E_NOT_FOUND || (err == E_EXISTS && hash_equal(&owner, author));
}

static enum err check_free(struct write *write, const struct member *member)
{
    struct hash owner;
    if (member_named_in(write->txn, member->name, &owner) && !hash_equal(&owner, &member->author))
        return fail(E_EXISTS, "the name \"%s\" belongs to another member", member->name);
    if (key_is_zero(&member->transport))
        return fail(E_MALFORMED, "the inception names no transport key");
    if (!admit_key_is_free(write, &member->transport, &member->author))
        return fail(E_EXISTS, "the transport key belongs to another member");
    return E_OK;
}

static enum err log_admission(struct write *write, const struct member *member)
{
    struct admission admission = { .jurisdiction = member->author,
                                   .level = member->level,
                                   .invite = member->invite };
    snprintf(admission.name, sizeof admission.name, "%s", member->name);
    snprintf(admission.geoid, sizeof admission.geoid, "%s", member->geoid);
    AUTO(buf_clear) struct buf payload = { 0 };
    admission_write(&admission, &payload);
    return log_event(write, TYPE_ADMISSION, buf_view(&payload));
}

enum err admit_member(struct write *write, struct member *member, struct bytes inception)
{
    struct record record;
    struct feed feed, held;
    size_t accepted;
    TRY(check_free(write, member));
    TRY(run_next(&inception, &record));
    feed_init(&feed, &member->author);
    TRY(feed_take(&feed, &record, 1, &accepted));

    TRY(log_admission(write, member));
    if (!store_feed_in(write->txn, &member->author, &held))
        store_append(write->txn, &feed, &record, 1);
    member->state = MEMBER_ACTIVE;
    member->since_ms = write->now_ms;
    member_put(write->txn, member, bytes_of(NULL, 0));
    return store_error(write->txn);
}

static enum err change(struct write *write, struct member *member, const struct suspension *suspension,
                       enum member_state state)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    suspension_write(suspension, &payload);
    TRY(log_event(write, TYPE_SUSPENSION, buf_view(&payload)));
    member->state = state;
    member->reason = suspension->lifted ? 0 : suspension->reason;
    member->since_ms = write->now_ms;
    member_put(write->txn, member, bytes_of(NULL, 0));
    return store_error(write->txn);
}

enum err admit_suspend(struct write *write, struct member *member, uint32_t reason, enum member_state state)
{
    if (member->state == state || member->state == MEMBER_REMOVED || member->state == MEMBER_PENDING)
        return fail(E_UNMET, "\"%s\" is %s", member->name, member_state_word(member->state));
    struct suspension suspension = { .jurisdiction = member->author, .reason = reason };
    return change(write, member, &suspension, state);
}

enum err admit_resume(struct write *write, struct member *member)
{
    if (member->state != MEMBER_SUSPENDED && member->state != MEMBER_REMOVED)
        return fail(E_UNMET, "\"%s\" is not suspended: it is %s", member->name,
                    member_state_word(member->state));
    struct suspension suspension = { .jurisdiction = member->author,
                                     .reason = member->reason,
                                     .lifted = true };
    return change(write, member, &suspension, MEMBER_ACTIVE);
}

/* ---- invites, copied out: what is done to them takes the lock of their table again */

struct invites {
    const struct hash *used_by; /* NULL: all */
    struct invite *list;
    size_t count, cap;
};

static void invites_clear(struct invites *all)
{
    free(all->list);
}

static bool collect(void *context, const struct invite *invite)
{
    struct invites *all = context;
    if (all->used_by != NULL && (invite->state != INVITE_USED || !hash_equal(&invite->author, all->used_by)))
        return true;
    if (all->count == all->cap) {
        all->cap = all->cap > 0 ? 2 * all->cap : 64;
        all->list = mem_resize(all->list, all->cap * sizeof *all->list);
    }
    all->list[all->count++] = *invite;
    return true;
}

/* ---- one that nobody admits */

enum err admit_forget(struct write *write, struct member *member)
{
    if (member->state != MEMBER_PENDING)
        return fail(E_UNMET, "\"%s\" does not wait for admission: it is %s", member->name,
                    member_state_word(member->state));
    AUTO(invites_clear) struct invites used = { .used_by = &member->author };
    members_each_invite(write->hub->members, collect, &used);
    for (size_t i = 0; i < used.count; i++) {
        used.list[i].state = INVITE_REVOKED;
        invite_put(write->txn, &used.list[i]);
    }
    member_forget(write->txn, &member->author);
    member->state = MEMBER_REMOVED;
    member->since_ms = write->now_ms;
    return store_error(write->txn);
}

/* ---- after the commit */

struct keys_of {
    struct hub *hub;
    const struct hash *author;
    bool allow;
};

static void set_key(void *context, const struct key *key, const struct member *member)
{
    const struct keys_of *of = context;
    if (of->author != NULL && !hash_equal(of->author, &member->author))
        return;
    if (of->author == NULL ? member->state == MEMBER_ACTIVE : of->allow)
        zap_allow(of->hub->zap, ZAP_PEERS, key, 0);
    else if (of->author != NULL)
        zap_deny(of->hub->zap, ZAP_PEERS, key);
}

void admit_apply(struct hub *hub, const struct member *member)
{
    struct member before = { 0 };
    members_get(hub->members, &member->author, &before, NULL);
    members_set(hub->members, member);
    if (member->state == MEMBER_PENDING)
        return;
    bool is_active = member->state == MEMBER_ACTIVE;
    if (is_active)
        zap_allow(hub->zap, ZAP_PEERS, &member->transport, 0);
    if (is_active && before.state != MEMBER_SUSPENDED && before.state != MEMBER_REMOVED)
        return; /* has no older keys that were denied */
    struct keys_of of = { hub, &member->author, is_active };
    members_each_key(hub->members, set_key, &of);
    if (is_active)
        return;
    struct job *job = job_new(JOB_NOTICE);
    job->notice = NOTICE_CUT;
    job->author = member->author;
    front_post(hub->front, job);
}

void admit_apply_first(struct hub *hub, const struct member *member)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    if (store_read(hub->store, &view) == E_OK && store_feed(view, &member->author, &feed))
        members_held(hub->members, &feed.author, feed.next, &feed.head);
    atomic_fetch_add(&hub->counters.enrolled, 1);
    log_info("name=%s msg=\"admitted\"", member->name);
}

/* One that is used up stays good for asking how it went; one that waits for an operator does not run out
 * meanwhile. */
static void allow_invite(struct hub *hub, const struct invite *invite)
{
    struct member member;
    bool waits = invite->state == INVITE_USED && members_get(hub->members, &invite->author, &member, NULL) &&
                 member.state == MEMBER_PENDING;
    if (invite->state == INVITE_REVOKED)
        zap_deny(hub->zap, ZAP_PEERS, &invite->key);
    else
        zap_allow(hub->zap, ZAP_PEERS, &invite->key, waits ? 0 : invite->expires_ms);
}

void admit_apply_invite(struct hub *hub, const struct invite *invite)
{
    members_set_invite(hub->members, invite);
    allow_invite(hub, invite);
}

void admit_apply_forgotten(struct hub *hub, const struct member *member)
{
    AUTO(invites_clear) struct invites used = { .used_by = &member->author };
    members_each_invite(hub->members, collect, &used);
    members_forget(hub->members, &member->author);
    for (size_t i = 0; i < used.count; i++) {
        used.list[i].state = INVITE_REVOKED;
        admit_apply_invite(hub, &used.list[i]);
    }
    log_info("name=%s msg=\"turned away\"", member->name);
}

void admit_allow_all(struct hub *hub)
{
    struct keys_of of = { hub, NULL, true };
    members_each_key(hub->members, set_key, &of);
    AUTO(invites_clear) struct invites all = { 0 };
    members_each_invite(hub->members, collect, &all);
    for (size_t i = 0; i < all.count; i++)
        allow_invite(hub, &all.list[i]);
}
