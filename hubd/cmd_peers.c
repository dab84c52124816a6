/* The commands about members: peer.ls, show, rm, suspend, resume, admit, acknowledge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "hubd/admit.h"
#include "hubd/cmd.h"
#include "hubd/quarantine.h"

/* Of Suspension.Reason in proto/statement.proto. */
#define REASON_REQUEST 4U

/* ---- one peer */

static const char *state_of(const struct member *member, const struct member_live *live)
{
    if (member->state == MEMBER_ACTIVE)
        return live->connected ? "connected" : "away";
    return member_state_word(member->state);
}

static uint64_t behind(const struct member_live *live)
{
    return live->offered > live->next ? live->offered - live->next : 0;
}

static json_t *reason_json(uint32_t reason)
{
    char word[64] = "";
    if (reason != 0)
        statement_word(statement_enum("SuspensionReason"), (int)reason, word, sizeof word);
    return json_string(word);
}

static json_t *peer_json(const struct member *member, const struct member_live *live)
{
    uint64_t now = clock_wall_ms();
    return json_pack("{s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:o,s:o}", "name", member->name, "author",
                     json_hex(member->author.b, HASH_BYTES), "state", state_of(member, live), "role", "node",
                     "since", json_time(member->since_ms), "last_contact", json_time(live->last_contact_ms),
                     "last_contact_seconds", json_age(live->last_contact_ms, now), "behind_records",
                     json_count(behind(live)), "held_records", json_count(live->next), "software",
                     live->software, "endpoint", "", "key", json_hex(member->transport.b, KEY_BYTES),
                     "reason", reason_json(member->reason));
}

static json_t *invited_json(const struct invite *invite)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:n,s:n,s:i,s:i,s:s,s:s,s:o,s:s,s:o}", "name", invite->name,
                     "author", "", "state", "invited", "role", "node", "since", json_time(invite->created_ms),
                     "last_contact", "last_contact_seconds", "behind_records", 0, "held_records", 0,
                     "software", "", "endpoint", "", "key", json_hex(invite->key.b, KEY_BYTES), "reason", "",
                     "expires", json_time(invite->expires_ms));
}

/* ---- lists: sorted by name, the cursor is the key of the last row */

struct listed {
    char key[MAX_NAME_BYTES + 40]; /* name, and what tells rows of one name apart */
    bool is_invite;
    struct member member;
    struct member_live live;
    struct invite invite;
};

struct listing {
    struct listed **rows;
    size_t count, cap;
    const char *cursor, *state;
    uint64_t now_ms;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->rows[i]);
    free(listing->rows);
}

static struct listed *new_row(struct listing *listing, const char *name, const struct hash *tell)
{
    char hex[33];
    struct listed *row = mem_alloc(sizeof *row);
    hex_encode(tell->b, 16, hex);
    snprintf(row->key, sizeof row->key, "%s/%s", name, hex);
    if (listing->count == listing->cap) {
        listing->cap = listing->cap > 0 ? 2 * listing->cap : 256;
        listing->rows = mem_resize(listing->rows, listing->cap * sizeof(struct listed *));
    }
    listing->rows[listing->count++] = row;
    return row;
}

static bool is_asked_for(const struct listing *listing, const char *state)
{
    return listing->state == NULL || strcmp(listing->state, state) == 0;
}

static bool list_member(void *context, const struct member *member, const struct member_live *live)
{
    struct listing *listing = context;
    if (!is_asked_for(listing, state_of(member, live)))
        return true;
    struct listed *row = new_row(listing, member->name, &member->author);
    row->member = *member;
    row->live = *live;
    return true;
}

static bool list_invite(void *context, const struct invite *invite)
{
    struct listing *listing = context;
    if (invite->state != INVITE_OPEN || invite->expires_ms <= listing->now_ms ||
        !is_asked_for(listing, "invited"))
        return true;
    struct listed *row = new_row(listing, invite->name, &invite->id);
    row->is_invite = true;
    row->invite = *invite;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct listed *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

enum err cmd_peer_ls(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    uint64_t limit;
    TRY(param_limit(request, &limit));
    AUTO(listing_clear)
    struct listing all = { .cursor = control_param(request, "cursor"),
                           .state = control_param(request, "state"),
                           .now_ms = clock_wall_ms() };
    members_each(hub->members, list_member, &all);
    members_each_invite(hub->members, list_invite, &all);
    if (all.count > 0)
        qsort(all.rows, all.count, sizeof(struct listed *), by_key);

    size_t i = 0;
    while (all.cursor != NULL && i < all.count && strcmp(all.rows[i]->key, all.cursor) <= 0)
        i++;
    json_t *peers = json_array();
    answer->body = json_pack("{s:o}", "peers", peers);
    for (; limit > 0 && i < all.count; limit--, i++) {
        const struct listed *row = all.rows[i];
        json_array_append_new(peers, row->is_invite ? invited_json(&row->invite)
                                                    : peer_json(&row->member, &row->live));
    }
    if (i < all.count)
        json_object_set_new(answer->body, "cursor", json_string(all.rows[i - 1]->key));
    return E_OK;
}

/* What is known to wait: the node says how far its feed goes when it connects. */
static uint64_t waiting_behind(const struct quarantined *refused, const struct member_live *live)
{
    return live->offered > refused->seq ? live->offered - refused->seq : 1;
}

static json_t *refusal_json(const struct quarantined *refused, const struct member_live *live)
{
    json_t *out = json_pack(
        "{s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "seq", json_count(refused->seq), "code", err_name(refused->code),
        "detail", refused->text, "entry", json_hex(refused->entry.data, refused->entry.len), "since",
        json_time(refused->time_ms), "since_seconds", json_age(refused->time_ms, clock_wall_ms()),
        "waiting_records", json_count(waiting_behind(refused, live)), "acknowledged",
        json_time(refused->acknowledged_ms));
    if (refused->later_ms != 0)
        json_object_set_new(out, "later",
                            json_pack("{s:o,s:s,s:o}", "seq", json_count(refused->later_seq), "code",
                                      err_name(refused->later_code), "since", json_time(refused->later_ms)));
    return out;
}

static void add_refusal(struct hub *hub, const struct member *member, const struct member_live *live,
                        json_t *out)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct quarantined refused;
    if (store_read(hub->store, &view) != E_OK || quarantine_get(view, &member->author, &refused) != E_OK)
        return;
    json_object_set_new(out, "refused", refusal_json(&refused, live));
}

static enum err peer_param(struct hub *hub, const struct control_request *request, struct member *out)
{
    const char *word;
    TRY(param_text(request, "peer", &word));
    return members_find(hub->members, word, out);
}

enum err cmd_peer_show(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    struct member member;
    struct member_live live = { 0 };
    TRY(peer_param(hub, request, &member));
    members_get(hub->members, &member.author, NULL, &live);
    json_t *out = peer_json(&member, &live);
    json_object_set_new(out, "title", json_string(member.title));
    json_object_set_new(out, "geoid", json_string(member.geoid));
    json_object_set_new(out, "head", json_hex(live.head.b, HASH_BYTES));
    json_object_set_new(out, "invite", json_hex(member.invite.b, HASH_BYTES));
    add_refusal(hub, &member, &live, out);
    answer->body = out;
    return E_OK;
}

/* ---- changes */

struct change {
    struct member member;
    uint32_t reason;
    enum { SUSPEND, REMOVE, RESUME, ADMIT, ACKNOWLEDGE } what;
    bool forgotten; /* it was only pending */
};

static enum err admit_pending(struct write *write, struct member *member, struct bytes inception)
{
    if (member->state != MEMBER_PENDING)
        return fail(E_UNMET, "\"%s\" does not wait for admission: it is %s", member->name,
                    member_state_word(member->state));
    /* The row that the bytes lie in is about to be written over. */
    AUTO(buf_clear) struct buf copy = { 0 };
    buf_bytes(&copy, inception);
    return admit_member(write, member, buf_view(&copy));
}

static enum err remove_member(struct write *write, struct change *change)
{
    change->forgotten = change->member.state == MEMBER_PENDING;
    if (change->forgotten)
        return admit_forget(write, &change->member);
    return admit_suspend(write, &change->member, REASON_REQUEST, MEMBER_REMOVED);
}

static enum err write_change(void *context, struct write *write)
{
    struct change *change = context;
    struct bytes inception;
    if (!member_in(write->txn, &change->member.author, &change->member, &inception))
        return fail(E_NOT_FOUND, "no such peer");
    switch (change->what) {
    case SUSPEND:
        return admit_suspend(write, &change->member, change->reason, MEMBER_SUSPENDED);
    case REMOVE:
        return remove_member(write, change);
    case RESUME:
        return admit_resume(write, &change->member);
    case ADMIT:
        return admit_pending(write, &change->member, inception);
    case ACKNOWLEDGE:
        return quarantine_acknowledge(write->txn, &change->member.author, write->now_ms);
    }
    return fail(E_USAGE, "no such change");
}

static void apply_change(void *context, struct hub *hub)
{
    const struct change *change = context;
    if (change->forgotten) {
        admit_apply_forgotten(hub, &change->member);
        return;
    }
    admit_apply(hub, &change->member);
    if (change->what == ADMIT)
        admit_apply_first(hub, &change->member);
}

static enum err carry_out(struct hub *hub, const struct control_request *request, struct change *change,
                          struct control_answer *answer)
{
    struct member_live live = { 0 };
    TRY(peer_param(hub, request, &change->member));
    struct call call = { .run = write_change, .committed = apply_change, .context = change };
    TRY(writer_call(hub->writer, &call));
    members_get(hub->members, &change->member.author, NULL, &live);
    if (change->what != RESUME && change->what != ADMIT)
        live.connected = false;
    answer->body = peer_json(&change->member, &live);
    return E_OK;
}

enum err cmd_peer_rm(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct change change = { .what = REMOVE };
    return carry_out(context, request, &change, answer);
}

enum err cmd_peer_suspend(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct change change = { .what = SUSPEND };
    TRY(param_value(request, "reason", "SuspensionReason", NULL, &change.reason));
    return carry_out(context, request, &change, answer);
}

enum err cmd_peer_resume(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct change change = { .what = RESUME };
    return carry_out(context, request, &change, answer);
}

enum err cmd_peer_acknowledge(void *context, const struct control_request *request,
                              struct control_answer *answer)
{
    struct hub *hub = context;
    struct change change = { .what = ACKNOWLEDGE };
    TRY(peer_param(hub, request, &change.member));
    struct call call = { .run = write_change, .context = &change };
    TRY(writer_call(hub->writer, &call));
    log_info("name=%s msg=\"what was refused is acknowledged\"", change.member.name);
    return cmd_peer_show(context, request, answer);
}

enum err cmd_peer_admit(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct change change = { .what = ADMIT };
    return carry_out(context, request, &change, answer);
}
