#include "registry/author.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/statement.h"
#include "registry/row.h"

#define CHANGE_OF_UPSERT 4U /* Change: a source was read again */
#define SLOTS 2048U         /* a power of two, more than AUTHOR_MAX_PAYLOADS */

/* One record to be. */
struct planned {
    uint32_t type;
    enum visibility visibility;
    struct buf payload;
    struct author_result *result;
};

/* What is asked, while it becomes records. */
struct plan {
    const struct author_pen *pen;
    const struct author_request *request;
    struct author_result *results;
    struct planned *planned;
    size_t count;
    /* Engagement -> 1 + index of what is planned last about it. Ids are hashes, or chosen by somebody who may
     * write here anyway; there are few enough of them that a bad choice costs little. */
    uint16_t slots[SLOTS];
};

static void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        buf_clear(&plan->planned[i].payload);
    free(plan->planned);
}

static uint16_t *slot_of(struct plan *plan, const uint8_t engagement[static 16])
{
    size_t at = get_u32(engagement) % SLOTS;
    while (plan->slots[at] != 0 &&
           memcmp(plan->planned[plan->slots[at] - 1].result->engagement, engagement, 16) != 0)
        at = (at + 1) % SLOTS;
    return &plan->slots[at];
}

/* Only engagements and their retractions take turns; an attestation of the same subject stands beside them.
 */
static bool takes_turns(uint32_t type)
{
    return type == TYPE_ENGAGEMENT || type == TYPE_RETRACTION;
}

/* ---- what stands */

/* A statement that is held or planned. */
struct current {
    bool exists;
    uint64_t seq;
    struct hash id; /* zero while it is planned */
    uint32_t type;
    enum visibility visibility;
    struct bytes payload;
    bool has_payload;
};

/* Another request of the same transaction wrote it, which no snapshot shows; or the index is wrong. */
static enum err not_in_view(const struct author_pen *pen, uint64_t seq)
{
    struct feed feed;
    if (store_feed(pen->view, pen->author, &feed) && seq >= feed.next)
        return fail(E_BUSY, "record %" PRIu64 " about this engagement is being written; try again", seq);
    return fail(E_CORRUPT, "record %" PRIu64 " stands in the index of subjects and is not there", seq);
}

static enum err find_held(const struct author_pen *pen, const uint8_t engagement[static 16],
                          struct current *out)
{
    struct bytes value;
    struct row row;
    *out = (struct current){ 0 };
    if (!store_get_in(pen->txn, STORE_SUBJECTS, bytes_of(engagement, 16), &value) || value.len != 8)
        return store_error(pen->txn);
    uint64_t seq = get_u64(value.data);
    enum err err = row_find(pen->view, pen->author, seq, &row);
    if (err == E_NOT_FOUND)
        return not_in_view(pen, seq);
    TRY(err);
    const struct record *record = &row.record;
    *out = (struct current){ .exists = true,
                             .seq = seq,
                             .id = record->id,
                             .type = record->header.payload_type,
                             .visibility = record_visibility(record),
                             .payload = record->payload,
                             .has_payload = record->has_payload };
    return E_OK;
}

/* The latest statement about an engagement. */
static enum err find_current(struct plan *plan, const uint8_t engagement[static 16], struct current *out)
{
    uint16_t slot = *slot_of(plan, engagement);
    if (slot == 0)
        return find_held(plan->pen, engagement, out);
    const struct planned *planned = &plan->planned[slot - 1];
    *out = (struct current){ .exists = true,
                             .seq = planned->result->seq,
                             .type = planned->type,
                             .visibility = planned->visibility,
                             .payload = buf_view(&planned->payload),
                             .has_payload = true };
    return E_OK;
}

/* One that must be there, with its payload. */
static enum err need_current(struct plan *plan, const uint8_t engagement[static 16], struct current *out)
{
    TRY(find_current(plan, engagement, out));
    if (out->exists && out->has_payload)
        return E_OK;
    if (out->exists)
        return fail(E_NOT_FOUND, "the payload of record %" PRIu64 " is not here any more", out->seq);
    char id[ID16_TEXT_LEN + 1];
    id16_encode(engagement, id);
    return fail(E_NOT_FOUND, "no statement of ours about engagement %s", id);
}

/* ---- planning */

static enum err check_size(size_t len)
{
    if (len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes; at most %u", len, MAX_PAYLOAD_BYTES);
    return E_OK;
}

static enum err add(struct plan *plan, uint32_t type, enum visibility visibility, struct bytes payload,
                    struct author_result *result)
{
    TRY(check_size(payload.len));
    struct planned *planned = &plan->planned[plan->count];
    *planned = (struct planned){ .type = type, .visibility = visibility, .result = result };
    result->seq = plan->pen->next + plan->count;
    result->id = (struct hash){ 0 };
    buf_bytes(&planned->payload, payload);
    uint16_t *slot = slot_of(plan, result->engagement);
    plan->count++;
    if (takes_turns(type))
        *slot = (uint16_t)plan->count;
    return E_OK;
}

static void leave(const struct current *old, enum author_outcome outcome, struct author_result *result)
{
    result->seq = old->seq;
    result->id = old->id;
    result->outcome = outcome;
}

/* The same again changes nothing. The amendment is looked at, too: it keeps what payload left out. */
static enum err amend(struct plan *plan, const struct current *old, enum visibility visibility,
                      struct bytes payload, uint32_t change, struct author_result *result)
{
    bool as_visible = old->visibility == visibility;
    AUTO(buf_clear) struct buf amended = { 0 };
    leave(old, AUTHOR_UNCHANGED, result);
    if (as_visible && statement_same(TYPE_ENGAGEMENT, old->payload, payload))
        return E_OK;
    TRY(statement_amend(old->payload, payload, old->seq, change, &amended));
    if (as_visible && statement_same(TYPE_ENGAGEMENT, old->payload, buf_view(&amended)))
        return E_OK;
    result->outcome = AUTHOR_AMENDED;
    return add(plan, TYPE_ENGAGEMENT, visibility, buf_view(&amended), result);
}

static enum err refuse_second(const struct current *old, const uint8_t engagement[static 16])
{
    char id[ID16_TEXT_LEN + 1];
    id16_encode(engagement, id);
    return fail(E_EXISTS, "record %" PRIu64 " speaks about engagement %s already", old->seq, id);
}

static enum err plan_one(struct plan *plan, struct bytes payload, struct author_result *result)
{
    const struct author_request *request = plan->request;
    struct current old = { 0 };
    *result = (struct author_result){ .outcome = AUTHOR_ADDED };
    TRY(check_size(payload.len));
    enum err err = statement_subject(plan->pen->author, payload, result->engagement);
    if (err == E_NOT_FOUND)
        return fail(E_MALFORMED, "a statement needs a nonce or a subject of 16 bytes");
    TRY(err);
    if (takes_turns(request->type))
        TRY(find_current(plan, result->engagement, &old));
    if (old.exists && !request->upsert)
        return refuse_second(&old, result->engagement);
    if (!old.exists)
        return add(plan, request->type, request->visibility, payload, result);
    if (old.type == TYPE_RETRACTION) { /* a source that is read again does not know of it */
        leave(&old, AUTHOR_RETRACTED, result);
        return E_OK;
    }
    enum visibility visibility = request->keep_visibility ? old.visibility : request->visibility;
    if (!old.has_payload)
        return add(plan, request->type, visibility, payload, result);
    if (request->leave_standing) {
        leave(&old, AUTHOR_UNCHANGED, result);
        return E_OK;
    }
    return amend(plan, &old, visibility, payload, CHANGE_OF_UPSERT, result);
}

static enum err plan_put(struct plan *plan)
{
    const struct author_request *request = plan->request;
    if (request->type < 1 || request->type > 99 || request->type == TYPE_RETRACTION)
        return fail(E_USAGE, "payload type %u is not a statement that can be added", request->type);
    for (size_t i = 0; i < request->count; i++)
        TRY(plan_one(plan, request->payloads[i], &plan->results[i]));
    return E_OK;
}

static enum err plan_amend(struct plan *plan)
{
    const struct author_request *request = plan->request;
    struct current old;
    TRY(check_size(request->payloads[0].len));
    TRY(need_current(plan, request->engagement, &old));
    if (old.type != TYPE_ENGAGEMENT)
        return fail(E_UNMET, "record %" PRIu64 " retracted it", old.seq);
    return amend(plan, &old, old.visibility, request->payloads[0], request->why, &plan->results[0]);
}

static enum err plan_retract(struct plan *plan)
{
    const struct author_request *request = plan->request;
    struct current old;
    TRY(need_current(plan, request->engagement, &old));
    if (old.type == TYPE_RETRACTION)
        return fail(E_EXISTS, "record %" PRIu64 " has retracted it already", old.seq);
    AUTO(buf_clear) struct buf payload = { 0 };
    TRY(retraction_write(old.payload, request->why, request->note, &payload));
    plan->results[0].outcome = AUTHOR_RETRACTED;
    return add(plan, TYPE_RETRACTION, old.visibility, buf_view(&payload), &plan->results[0]);
}

/* ---- writing */

static enum err append(struct plan *plan, const struct planned *planned)
{
    const struct author_pen *pen = plan->pen;
    struct author_result *result = planned->result;
    uint64_t seq;
    TRY(pen->append(pen->context, planned->type, planned->visibility, buf_view(&planned->payload), &seq,
                    &result->id));
    assert(seq == result->seq); /* amendments of the same request name it */
    if (!takes_turns(planned->type))
        return E_OK;
    uint8_t value[8];
    put_u64(value, seq);
    store_put(pen->txn, STORE_SUBJECTS, BYTES(result->engagement), BYTES(value));
    return store_error(pen->txn);
}

/* One that is unchanged against another of the same request has got its id only now. */
static void fill_ids(struct plan *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct author_result *result = &plan->results[i];
        if (hash_is_zero(&result->id))
            result->id = plan->planned[result->seq - plan->pen->next].result->id;
    }
}

enum err author_write(const struct author_pen *pen, const struct author_request *request,
                      struct author_result *results)
{
    static enum err (*const acts[])(struct plan *) = { plan_put, plan_amend, plan_retract };
    size_t count = request->act == AUTHOR_PUT ? request->count : 1;
    if (count > AUTHOR_MAX_PAYLOADS)
        return fail(E_TOO_BIG, "%zu payloads at once; at most %u", count, AUTHOR_MAX_PAYLOADS);
    AUTO(plan_clear) struct plan plan = { .pen = pen, .request = request, .results = results };
    plan.planned = mem_alloc(count * sizeof *plan.planned);
    if (request->act != AUTHOR_PUT) {
        results[0] = (struct author_result){ 0 };
        memcpy(results[0].engagement, request->engagement, 16);
    }
    TRY(acts[request->act](&plan));
    for (size_t i = 0; i < plan.count; i++)
        TRY(append(&plan, &plan.planned[i]));
    fill_ids(&plan, count);
    return E_OK;
}

/* ---- finding */

enum err author_current(struct store_view *view, const uint8_t engagement[static 16], uint64_t *seq)
{
    struct bytes value;
    if (!store_get(view, STORE_SUBJECTS, bytes_of(engagement, 16), &value) || value.len != 8)
        return fail(E_NOT_FOUND, "no statement of ours about this engagement");
    *seq = get_u64(value.data);
    return E_OK;
}

struct finding {
    const uint8_t *low, *high;
    uint8_t *engagement;
    size_t count;
};

static bool find_one(void *context, struct bytes key, struct bytes value)
{
    struct finding *f = context;
    (void)value;
    if (key.len != 16 || memcmp(key.data, f->low, 16) < 0)
        return true;
    if (memcmp(key.data, f->high, 16) > 0)
        return false;
    memcpy(f->engagement, key.data, 16);
    return ++f->count < 2;
}

enum err author_find(struct store_view *view, const uint8_t low[static 16], const uint8_t high[static 16],
                     uint8_t engagement[static 16])
{
    size_t common = 0; /* the bytes that low and high share narrow the walk */
    while (common < 16 && low[common] == high[common])
        common++;
    struct finding f = { low, high, engagement, 0 };
    TRY(store_each(view, STORE_SUBJECTS, bytes_of(low, common), find_one, &f));
    if (f.count == 0)
        return fail(E_NOT_FOUND, "no statement of ours about such an engagement");
    if (f.count > 1)
        return fail(E_UNMET, "several engagements begin so: give more of the id");
    return E_OK;
}

const char *author_outcome_word(enum author_outcome outcome)
{
    static const char *const words[] = { "added", "amended", "unchanged", "retracted" };
    return words[outcome];
}
