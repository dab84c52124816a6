#include "actor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "core/run.h"

void actor_clear(struct actor *actor)
{
    roll_clear(&actor->roll);
    free(actor->feeds);
    for (size_t i = 0; i < actor->n_tails; i++)
        buf_clear(&actor->tails[i].packed);
    free(actor->tails);
    roll_clear(&actor->tail_roll);
    actor->feeds = NULL;
    actor->tails = NULL;
    actor->cap = actor->tail_cap = actor->n_tails = 0;
}

void actor_learn(struct actor *actor, const struct feed *feed)
{
    size_t place = roll_add(&actor->roll, &feed->author);
    if (place >= actor->cap) {
        actor->cap = actor->cap > 0 ? 2 * actor->cap : 4;
        actor->feeds = mem_resize(actor->feeds, actor->cap * sizeof *actor->feeds);
    }
    actor->feeds[place] = *feed;
}

const struct feed *actor_feed(const struct actor *actor, const struct hash *author)
{
    size_t place = roll_find(&actor->roll, author);
    return place == ROLL_NONE ? NULL : &actor->feeds[place];
}

/* ---- what a link is about */

bool actor_stand(const struct actor *actor, const struct actor_peer *peer, const struct hash *author,
                 struct sync_mark *mark)
{
    bool mine = hash_equal(author, &actor->self);
    bool theirs = hash_equal(author, &peer->author);
    bool follows = !mine && roll_find(actor->follows, author) != ROLL_NONE;
    *mark = (struct sync_mark){ .author = *author };
    mark->wants = follows && (actor->takes_any || theirs);
    mark->offers = mine || (follows && (actor->carries || (theirs && actor->role == SYNC_HUB)));
    const struct feed *feed = actor_feed(actor, author);
    if (feed != NULL) {
        mark->next = feed->next;
        mark->head = feed->head;
    }
    return mark->wants || mark->offers;
}

static void name(const struct actor *actor, const struct actor_peer *peer, const struct hash *author,
                 struct sync *sync)
{
    struct sync_mark mark;
    if (actor_stand(actor, peer, author, &mark))
        sync_follow(sync, &mark);
}

/* Who takes from authors alone need not look through all whom it follows. */
void actor_follow(const struct actor *actor, const struct actor_peer *peer, struct sync *sync)
{
    name(actor, peer, &actor->self, sync);
    if (!actor->takes_any && !actor->carries) {
        name(actor, peer, &peer->author, sync);
        return;
    }
    for (size_t i = 0; i < actor->follows->count; i++)
        name(actor, peer, &actor->follows->authors[i], sync);
}

/* ---- sending */

bool actor_may_show(const struct actor_peer *peer, const struct hash *author, enum visibility visibility)
{
    return visibility == VISIBLE_PUBLIC ||
           (visibility == VISIBLE_FEDERAL && (peer->role == SYNC_HUB || hash_equal(author, &peer->author)));
}

static bool shows(const struct actor *actor, const struct actor_peer *peer, const struct hash *author,
                  const struct copy *copy)
{
    if (actor->mutant == MUTANT_LEAK_LOCAL && copy->visibility == VISIBLE_LOCAL)
        return true;
    if (actor->mutant == MUTANT_LEAK_FEDERAL && copy->visibility == VISIBLE_FEDERAL)
        return true;
    return actor_may_show(peer, author, copy->visibility);
}

static const struct copy *record_at(const struct shelf *shelf, const struct draft *draft, uint64_t seq)
{
    uint64_t held = shelf != NULL ? shelf->count : 0;
    if (seq < held)
        return shelf->records[seq];
    return draft != NULL && seq - held < draft->count ? draft->records[seq - held] : NULL;
}

void actor_pack(const struct actor *actor, const struct actor_peer *peer, const struct shelf *shelf,
                const struct draft *draft, uint64_t from, uint32_t max_bytes, struct buf *out,
                uint32_t *count)
{
    *count = 0;
    const struct hash *author = shelf != NULL   ? &shelf->feed.author
                                : draft != NULL ? &draft->feed.author
                                                : NULL;
    const struct feed *known = author != NULL ? actor_feed(actor, author) : NULL;
    size_t most = actor->mutant == MUTANT_GREEDY ? 2 * (size_t)max_bytes : max_bytes;
    for (uint64_t seq = from; known != NULL && seq < known->next && *count < MAX_RUN_RECORDS; seq++) {
        const struct copy *copy = record_at(shelf, draft, seq);
        if (copy == NULL)
            return;
        bool whole = copy->present && shows(actor, peer, author, copy);
        size_t len = whole || !copy->present ? copy->len : ENTRY_BYTES + 1;
        if (*count > 0 && out->len + len > most)
            return;
        if (whole || !copy->present)
            buf_append(out, copy->bytes, copy->len);
        else
            run_append_parts(out, copy->bytes, (struct bytes){ NULL, 0 });
        ++*count;
    }
}

/* ---- taking */

static void refuse(struct verdict *verdict, enum err code, uint64_t seq, bool final)
{
    verdict->code = code;
    verdict->refused_seq = seq;
    verdict->final = final;
    snprintf(verdict->text, sizeof verdict->text, "%s", err_message());
}

/* How many are held already; another record in such a place ends the feed. */
static size_t skip_held(const struct shelf *shelf, const struct draft *draft, const struct record *records,
                        size_t count, struct verdict *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct copy *held = record_at(shelf, draft, records[i].header.seq);
        if (records[i].header.seq >= draft->feed.next || held == NULL)
            return i;
        enum err err = feed_compare(&records[i], &held->id);
        if (err == E_OK)
            continue;
        bool vouched = fork_is_vouched(records + i, count - i, &draft->feed.record_key);
        refuse(out, vouched ? E_FORK : E_BAD_SIGNATURE, records[i].header.seq, vouched);
        return i;
    }
    return count;
}

/* What a bad receiver does: it believes what it is told. */
static size_t believe(struct feed *feed, const struct record *records, size_t count)
{
    feed->next = records[count - 1].header.seq + 1;
    feed->head = records[count - 1].id;
    return count;
}

static void take(const struct actor *actor, struct draft *draft, struct book *book, struct record *records,
                 size_t count, struct verdict *out)
{
    size_t accepted = 0;
    enum err err = E_OK;
    if (actor->mutant == MUTANT_SKIP_VERIFY || actor->mutant == MUTANT_TAKE_TWICE)
        accepted = believe(&draft->feed, records, count);
    else
        err = feed_take(&draft->feed, records, count, &accepted);
    for (size_t i = 0; i < accepted; i++) {
        uint8_t other = 0;
        if (actor->mutant == MUTANT_REENCODE && records[i].payload.len == 1)
            records[i].payload.data = &other;
        disk_put(draft, book_keep(book, &records[i], record_visibility(&records[i]) != VISIBLE_LOCAL));
    }
    if (err != E_OK)
        refuse(out, err, draft->feed.next, feed_is_final(err, count - accepted, records + accepted));
}

/* ---- tails */

static struct tail *tail_of(struct actor *actor, const struct hash *author)
{
    size_t place = roll_add(&actor->tail_roll, author);
    if (place >= actor->tail_cap) {
        actor->tail_cap = actor->tail_cap > 0 ? 2 * actor->tail_cap : 4;
        actor->tails = mem_resize(actor->tails, actor->tail_cap * sizeof *actor->tails);
    }
    if (place + 1 == actor->tail_roll.count && place >= actor->n_tails) {
        actor->tails[place] = (struct tail){ 0 };
        actor->n_tails = place + 1;
    }
    return &actor->tails[place];
}

/* What came, behind the tail that it continues; else the tail is dropped. */
static bool join_tail(struct tail *tail, uint64_t next, uint64_t first_seq, struct bytes came,
                      struct buf *out)
{
    bool joins = tail->count > 0 && tail->first == next && first_seq == next + tail->count;
    if (joins)
        buf_bytes(out, buf_view(&tail->packed));
    buf_bytes(out, came);
    tail->packed.len = 0;
    tail->count = 0;
    return joins;
}

/* They come again and no more of them, or are from a tail in part: then they are kept. */
static bool keep_tail(struct tail *tail, const struct record *records, size_t count, bool again)
{
    uint64_t seq = records->header.seq;
    bool keep =
        again || (tail->refused_count > 0 && tail->refused_seq == seq && count <= tail->refused_count);
    tail->refused_seq = seq;
    tail->refused_count = count;
    for (size_t i = 0; keep && i < count; i++)
        run_append(&tail->packed, &records[i]);
    tail->first = seq;
    tail->count = keep ? count : 0;
    return keep;
}

/* ---- judging */

static enum err parse_all(struct bytes records, struct record *parsed, size_t most, size_t *count)
{
    enum err err = E_OK;
    size_t taken = 1;
    for (*count = 0; err == E_OK && records.len > 0 && taken > 0; *count += taken) {
        size_t room = most - *count;
        err = run_parse(&records, parsed + *count, room < MAX_RUN_RECORDS ? room : MAX_RUN_RECORDS, &taken);
    }
    return err;
}

void actor_judge(struct actor *actor, const struct shelf *shelf, struct draft *draft, struct book *book,
                 uint64_t first_seq, struct bytes records, struct verdict *out)
{
    *out = (struct verdict){ .code = E_OK, .before = draft->feed.next };
    struct tail *tail = actor->role == SYNC_HUB ? tail_of(actor, &draft->feed.author) : NULL;
    AUTO(buf_clear) struct buf joined = { 0 };
    bool again = tail != NULL && join_tail(tail, draft->feed.next, first_seq, records, &joined);
    if (again)
        records = buf_view(&joined);

    size_t most = records.len / (ENTRY_BYTES + 1) + 1, count, held = 0;
    AUTO(free_ptr) struct record *parsed = mem_alloc(most * sizeof *parsed);
    enum err err = parse_all(records, parsed, most, &count);
    if (actor->mutant != MUTANT_TAKE_TWICE)
        held = skip_held(shelf, draft, parsed, count, out);
    if (out->code == E_OK && held < count) {
        take(actor, draft, book, parsed + held, count - held, out);
        size_t bad = (size_t)(out->refused_seq - parsed[0].header.seq);
        if (out->code == E_BAD_SIGNATURE && !out->final && tail != NULL &&
            keep_tail(tail, parsed + bad, count - bad, again))
            out->code = E_OK;
    }
    if (err != E_OK && out->code == E_OK)
        refuse(out, err, draft->feed.next, true);
    out->next = draft->feed.next;
    out->head = draft->feed.head;
}
