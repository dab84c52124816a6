/* projection_take: what one record of the log does to engagements and to who is known by which name. */
#include <stdlib.h>
#include <string.h>

#include "hubd/view/projection_private.h"

#define YEAR_2020_MS 1577836800000ULL
#define DAY_MS 86400000U

/* A record as it is taken. */
struct taken {
    struct header header;
    struct bytes payload; /* empty when absent */
    uint64_t position;
    uint32_t author;
    uint8_t marks; /* ROW_CLOCK */
};

/* ---- accounts */

static void stand(struct standing *row, const struct account *account, uint8_t lead)
{
    row->author = account->author;
    row->seq = account->seq;
    row->position = account->position;
    row->flags = account->flags | lead;
}

static bool is_withdrawn(const struct account *account)
{
    return (account->flags & ROW_WITHDRAWN) != 0;
}

static void set_lead(struct projection *p, struct touched *t, const struct account *account)
{
    struct account old = { .flags = ROW_WITHDRAWN };
    if ((t->now.flags & ROW_LEAD) != 0)
        old.flags = t->now.flags & ROW_WITHDRAWN;
    else if (account_read(p->txn, t->ordinal, account->author, &old))
        account_delete(p->txn, t->ordinal, account->author);
    t->now.accounts += (uint32_t)is_withdrawn(&old) - (uint32_t)is_withdrawn(account);
    stand(&t->now, account, ROW_LEAD);
}

static void set_other(struct projection *p, struct touched *t, const struct account *account)
{
    struct account old = { .flags = ROW_WITHDRAWN };
    account_read(p->txn, t->ordinal, account->author, &old);
    t->now.accounts += (uint32_t)is_withdrawn(&old) - (uint32_t)is_withdrawn(account);
    account_write(p->txn, t->ordinal, account);
    struct account first;
    if ((t->now.flags & ROW_LEAD) == 0 && account_first(p->txn, t->ordinal, &first))
        stand(&t->now, &first, 0);
}

static bool leads(const struct touched *t, uint32_t author)
{
    return (t->now.flags & ROW_LEAD) != 0 && t->now.author == author;
}

static struct account account_of(const struct taken *taken)
{
    return (struct account){ taken->author, taken->header.seq, taken->position, taken->marks };
}

static void take_account(struct projection *p, const struct taken *taken, const uint8_t id[static 16],
                         bool lead)
{
    struct touched *t = projection_find_or_make(p, id);
    struct account account = account_of(taken);
    if (lead || leads(t, taken->author))
        set_lead(p, t, &account);
    else
        set_other(p, t, &account);
    t->payload = taken->payload;
    t->position = taken->position;
    p->meta->statements++;
}

/* Withdraws what the author said; who has said nothing has nothing to withdraw. */
static void take_retraction(struct projection *p, const struct taken *taken, const uint8_t id[static 16])
{
    struct account account = account_of(taken), old;
    account.flags |= ROW_WITHDRAWN;
    struct touched *t = projection_find(p, id);
    if (t != NULL && leads(t, taken->author))
        set_lead(p, t, &account);
    else if (t != NULL && account_read(p->txn, t->ordinal, taken->author, &old))
        set_other(p, t, &account);
    else {
        p->meta->no_effect++;
        return;
    }
    p->meta->retractions++;
}

static void take_statement(struct projection *p, const struct taken *taken)
{
    uint32_t type = taken->header.payload_type;
    if (type != TYPE_ENGAGEMENT && type != TYPE_RETRACTION) {
        *(statement_type(type) != NULL ? &p->meta->no_effect : &p->meta->unknown_types) += 1;
        return;
    }
    if (taken->payload.data == NULL) {
        p->meta->withheld++;
        return;
    }
    struct statement_head head;
    if (statement_head(taken->payload, &head) != E_OK || head.has_nonce == head.has_subject) {
        p->meta->undecodable++;
        return;
    }
    uint8_t id[16];
    if (head.has_nonce)
        engagement_id(&taken->header.author, head.nonce, id);
    else
        memcpy(id, head.subject, sizeof id);
    if (type == TYPE_ENGAGEMENT)
        take_account(p, taken, id, head.has_nonce);
    else
        take_retraction(p, taken, id);
}

/* ---- who speaks */

static void remember_move(struct projection *p, const struct terms_author *before)
{
    if (before->index >= p->old_authors)
        return; /* nothing of his is indexed yet */
    for (size_t i = 0; i < p->n_moved; i++)
        if (p->moved[i].author == before->index)
            return;
    p->moved = mem_resize(p->moved, (p->n_moved + 1) * sizeof *p->moved);
    p->moved[p->n_moved++] = (struct moved){ before->index, *before };
}

/* Replaces what is known of an author. */
static void change_author(struct projection *p, const struct speaker *now)
{
    struct speaker *held = speakers_of(p->authors, p->txn, &now->id);
    struct terms_author before = speaker_terms(held), after = speaker_terms(now);
    speakers_write(p->txn, now, held->name);
    if (!projection_same_terms(&before, &after))
        remember_move(p, &before);
    *held = *now;
}

static void take_inception(struct projection *p, const struct taken *taken)
{
    struct inception inception;
    if (inception_read(taken->payload, &inception) != E_OK)
        return;
    struct speaker author = *speakers_of(p->authors, p->txn, &taken->header.author);
    memcpy(author.title, inception.title, sizeof author.title);
    if (!author.confirmed)
        memcpy(author.geoid, inception.geoid, sizeof author.geoid);
    if (author.level == 0)
        author.level = inception.level;
    if (taken->position == 0)
        memcpy(author.name, inception.name, sizeof author.name);
    change_author(p, &author);
}

static void take_admission(struct projection *p, struct bytes payload)
{
    struct admission admission;
    if (admission_read(payload, &admission) != E_OK)
        return;
    struct speaker author = *speakers_of(p->authors, p->txn, &admission.jurisdiction);
    memcpy(author.name, admission.name, sizeof author.name);
    author.suspended = false;
    if (admission.level != 0)
        author.level = admission.level;
    if (admission.geoid[0] != '\0') {
        memcpy(author.geoid, admission.geoid, sizeof author.geoid);
        author.confirmed = true;
    }
    change_author(p, &author);
}

static void take_suspension(struct projection *p, struct bytes payload)
{
    struct suspension suspension;
    if (suspension_read(payload, &suspension) != E_OK)
        return;
    struct speaker author = *speakers_of(p->authors, p->txn, &suspension.jurisdiction);
    author.suspended = !suspension.lifted;
    change_author(p, &author);
}

/* Of the hub's own feed: nobody else admits, suspends or tells the time. */
static void take_hub_event(struct projection *p, const struct taken *taken)
{
    uint64_t tick = 0;
    switch (taken->header.payload_type) {
    case TYPE_ADMISSION:
        take_admission(p, taken->payload);
        break;
    case TYPE_SUSPENSION:
        take_suspension(p, taken->payload);
        break;
    case TYPE_TICK:
        if (tick_read(taken->payload, &tick) == E_OK && tick > p->meta->tick_ms)
            p->meta->tick_ms = tick;
        break;
    default:
        p->meta->no_effect++;
    }
}

static void take_event(struct projection *p, const struct taken *taken)
{
    if (statement_type(taken->header.payload_type) == NULL)
        p->meta->unknown_types++;
    else if (hash_equal(&taken->header.author, &p->meta->hub))
        take_hub_event(p, taken);
    else
        p->meta->no_effect++;
}

static void take_record(struct projection *p, const struct taken *taken)
{
    switch (taken->header.kind) {
    case KIND_STATEMENT:
        take_statement(p, taken);
        break;
    case KIND_IDENTITY:
        if (taken->header.payload_type == TYPE_INCEPTION)
            take_inception(p, taken);
        else if (statement_type(taken->header.payload_type) == NULL)
            p->meta->unknown_types++;
        break;
    case KIND_FEDERATION:
        take_event(p, taken);
        break;
    default:
        p->meta->no_effect++;
    }
}

/* Behind is usual, for a node may have been alone for long; before there were any nodes is not. */
static bool is_clock_off(const struct meta *meta, uint64_t time_ms)
{
    return time_ms < YEAR_2020_MS || (meta->tick_ms != 0 && time_ms > meta->tick_ms + DAY_MS);
}

enum err projection_take(struct projection *p, size_t *bytes)
{
    struct taken taken = { .position = p->meta->cursor };
    TRY(standing_load(p->log, taken.position, &taken.header, &taken.payload));
    if (taken.position == 0)
        p->meta->hub = taken.header.author;
    taken.author = speakers_of(p->authors, p->txn, &taken.header.author)->index;
    if (is_clock_off(p->meta, taken.header.time_ms))
        taken.marks = ROW_CLOCK;
    take_record(p, &taken);
    p->meta->cursor++;
    *bytes = ENTRY_BYTES + taken.payload.len;
    return E_OK;
}
