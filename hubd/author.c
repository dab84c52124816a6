#include "hubd/author.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "hubd/table.h"
#include "hubd/writer.h"

#define CHANGE_OF_UPSERT 4U /* Change: a source was read again */

/* One record to be. */
struct planned {
    uint32_t type;
    enum visibility visibility;
    struct buf payload;
    struct author_result *result;
};

/* What is asked, while it becomes records in the writer's transaction. */
struct plan {
    const struct author_put *put; /* one of these three */
    const struct amendment {
        struct bytes payload;
        uint32_t change;
    } * amend;
    const struct retraction {
        uint32_t reason;
        const char *note;
    } * retract;
    struct author_result *results;

    struct hub *hub;
    struct write *write;
    struct store_view *view;
    struct planned *planned;
    size_t count;
    struct table latest; /* engagement -> planned, of this request */
};

static void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        buf_clear(&plan->planned[i].payload);
    free(plan->planned);
    plan->planned = NULL;
    plan->count = 0;
    table_clear(&plan->latest);
    store_done(&plan->view);
}

/* Only engagements and their retractions take turns; an attestation of the same subject stands beside them.
 */
static bool takes_turns(uint32_t type)
{
    return type == TYPE_ENGAGEMENT || type == TYPE_RETRACTION;
}

/* A statement that is held or planned. */
struct current {
    uint64_t seq;
    struct hash id; /* zero while it is planned */
    uint32_t type;
    enum visibility visibility;
    struct bytes payload;
    bool has_payload;
};

static void table_key(const uint8_t engagement[static 16], uint8_t key[static TABLE_KEY_BYTES])
{
    memset(key, 0, TABLE_KEY_BYTES);
    memcpy(key, engagement, 16);
}

static void current_of_planned(const struct planned *planned, struct current *out)
{
    *out = (struct current){
        .seq = planned->result->seq,
        .type = planned->type,
        .visibility = planned->visibility,
        .payload = buf_view(&planned->payload),
        .has_payload = true,
    };
}

/* The latest statement about an engagement. E_NOT_FOUND when there is none. */
static enum err find_current(struct plan *plan, const uint8_t engagement[static 16], struct current *out)
{
    uint8_t key[TABLE_KEY_BYTES];
    table_key(engagement, key);
    const struct planned *planned = table_get(&plan->latest, key);
    if (planned != NULL) {
        current_of_planned(planned, out);
        return E_OK;
    }
    struct bytes value, entry, salted;
    uint64_t position;
    struct record record;
    if (!store_get(plan->view, STORE_SUBJECTS, bytes_of(engagement, 16), &value) || value.len != 8)
        return fail(E_NOT_FOUND, "the office has no statement about this engagement");
    TRY(store_locate(plan->view, &plan->hub->home.author, get_u64(value.data), &position));
    TRY(store_at(plan->view, position, &entry, &salted));
    TRY(record_parse(entry, &record));
    record_open(&record, salted);
    *out = (struct current){ record.header.seq,          record.id,      record.header.payload_type,
                             record_visibility(&record), record.payload, record.has_payload };
    return E_OK;
}

static enum err add(struct plan *plan, uint32_t type, enum visibility visibility, struct bytes payload,
                    struct author_result *result)
{
    if (payload.len > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "a payload of %zu bytes; at most %u", payload.len, MAX_PAYLOAD_BYTES);
    struct planned *planned = &plan->planned[plan->count];
    *planned = (struct planned){ .type = type, .visibility = visibility, .result = result };
    result->seq = own_next(plan->write->own) + plan->count;
    buf_bytes(&planned->payload, payload);
    plan->count++;
    if (takes_turns(type)) {
        uint8_t key[TABLE_KEY_BYTES];
        table_key(result->engagement, key);
        table_put(&plan->latest, key, planned);
    }
    return E_OK;
}

/* There is a statement of the same engagement: the same again changes nothing, another amends it, and what
 * was retracted stays retracted. */
static enum err plan_upsert(struct plan *plan, const struct current *old, struct bytes payload,
                            struct author_result *result)
{
    const struct author_put *put = plan->put;
    if (old->type == TYPE_RETRACTION) {
        result->seq = old->seq;
        result->id = old->id;
        result->outcome = AUTHOR_RETRACTED;
        return E_OK;
    }
    if (old->type != put->type || !old->has_payload)
        return add(plan, put->type, put->visibility, payload, result);
    if (old->visibility == put->visibility && statement_same(put->type, old->payload, payload)) {
        result->seq = old->seq;
        result->id = old->id;
        result->outcome = AUTHOR_UNCHANGED;
        return E_OK;
    }
    AUTO(buf_clear) struct buf amended = { 0 };
    TRY(statement_amend(old->payload, payload, old->seq, CHANGE_OF_UPSERT, &amended));
    result->outcome = AUTHOR_AMENDED;
    return add(plan, put->type, put->visibility, buf_view(&amended), result);
}

static enum err plan_one(struct plan *plan, struct bytes payload, struct author_result *result)
{
    const struct author_put *put = plan->put;
    struct current old;
    *result = (struct author_result){ .outcome = AUTHOR_ADDED };
    enum err err = statement_subject(&plan->hub->home.author, payload, result->engagement);
    if (err == E_NOT_FOUND)
        return fail(E_MALFORMED, "a statement needs a nonce or a subject of 16 bytes");
    TRY(err);
    if (!takes_turns(put->type))
        return add(plan, put->type, put->visibility, payload, result);
    err = find_current(plan, result->engagement, &old);
    if (err == E_NOT_FOUND)
        return add(plan, put->type, put->visibility, payload, result);
    TRY(err);
    if (put->upsert)
        return plan_upsert(plan, &old, payload, result);
    char id[ID16_TEXT_LEN + 1];
    id16_encode(result->engagement, id);
    return fail(E_EXISTS, "record %" PRIu64 " speaks about engagement %s already", old.seq, id);
}

static enum err plan_amend(struct plan *plan)
{
    struct current old;
    struct author_result *result = plan->results;
    TRY(find_current(plan, result->engagement, &old));
    if (old.type != TYPE_ENGAGEMENT)
        return fail(E_UNMET, "record %" PRIu64 " retracted it", old.seq);
    if (!old.has_payload)
        return fail(E_NOT_FOUND, "the payload of record %" PRIu64 " is not here any more", old.seq);
    AUTO(buf_clear) struct buf amended = { 0 };
    TRY(statement_amend(old.payload, plan->amend->payload, old.seq, plan->amend->change, &amended));
    result->outcome = AUTHOR_AMENDED;
    return add(plan, TYPE_ENGAGEMENT, old.visibility, buf_view(&amended), result);
}

static enum err plan_retract(struct plan *plan)
{
    struct current old;
    struct author_result *result = plan->results;
    TRY(find_current(plan, result->engagement, &old));
    if (old.type == TYPE_RETRACTION)
        return fail(E_EXISTS, "record %" PRIu64 " has retracted it already", old.seq);
    if (!old.has_payload)
        return fail(E_NOT_FOUND, "the payload of record %" PRIu64 " is not here any more", old.seq);
    AUTO(buf_clear) struct buf payload = { 0 };
    TRY(retraction_write(old.payload, plan->retract->reason, plan->retract->note, &payload));
    result->outcome = AUTHOR_RETRACTED;
    return add(plan, TYPE_RETRACTION, old.visibility, buf_view(&payload), result);
}

static enum err plan_all(struct plan *plan)
{
    if (plan->amend != NULL)
        return plan_amend(plan);
    if (plan->retract != NULL)
        return plan_retract(plan);
    for (size_t i = 0; i < plan->put->count; i++)
        TRY(plan_one(plan, plan->put->payloads[i], &plan->results[i]));
    return E_OK;
}

static enum err append(struct plan *plan, const struct planned *planned)
{
    struct write *write = plan->write;
    struct author_result *result = planned->result;
    TRY(own_append(write->own, write->txn, KIND_STATEMENT, (uint16_t)planned->visibility, planned->type,
                   buf_view(&planned->payload), &result->seq, &result->id));
    if (!takes_turns(planned->type))
        return E_OK;
    uint8_t value[8];
    put_u64(value, result->seq);
    store_put(write->txn, STORE_SUBJECTS, BYTES(result->engagement), BYTES(value));
    return store_error(write->txn);
}

/* One that is unchanged against another of the same request has got its id only now. */
static void fill_ids(struct plan *plan)
{
    size_t count = plan->put != NULL ? plan->put->count : 1;
    for (size_t i = 0; i < count; i++) {
        struct author_result *result = &plan->results[i];
        if (hash_is_zero(&result->id))
            result->id = plan->planned[result->seq - plan->planned[0].result->seq].result->id;
    }
}

static enum err carry_out(void *context, struct write *write)
{
    struct plan *plan = context;
    plan->write = write;
    plan->planned = mem_alloc((plan->put != NULL ? plan->put->count : 1) * sizeof *plan->planned);
    enum err err = store_read(plan->hub->store, &plan->view);
    if (err == E_OK)
        err = plan_all(plan);
    for (size_t i = 0; i < plan->count && err == E_OK; i++)
        err = append(plan, &plan->planned[i]);
    if (err == E_OK)
        fill_ids(plan);
    store_done(&plan->view); /* belongs to this thread */
    return err;
}

static enum err write_plan(struct plan *plan)
{
    struct call call = { .run = carry_out, .context = plan };
    return writer_call(plan->hub->writer, &call);
}

enum err author_put(struct hub *hub, const struct author_put *put, struct author_result *results)
{
    if (put->type < 1 || put->type > 99 || put->type == TYPE_RETRACTION)
        return fail(E_USAGE, "payload type %u is not a statement that can be added", put->type);
    if (put->count > AUTHOR_MAX_PAYLOADS)
        return fail(E_TOO_BIG, "%zu payloads at once; at most %u", put->count, AUTHOR_MAX_PAYLOADS);
    AUTO(plan_clear) struct plan plan = { .put = put, .results = results, .hub = hub };
    return write_plan(&plan);
}

enum err author_amend(struct hub *hub, const uint8_t engagement[static 16], struct bytes payload,
                      uint32_t change, struct author_result *result)
{
    struct amendment amendment = { payload, change };
    *result = (struct author_result){ 0 };
    memcpy(result->engagement, engagement, 16);
    AUTO(plan_clear) struct plan plan = { .amend = &amendment, .results = result, .hub = hub };
    return write_plan(&plan);
}

enum err author_retract(struct hub *hub, const uint8_t engagement[static 16], uint32_t reason,
                        const char *note, struct author_result *result)
{
    struct retraction retraction = { reason, note };
    *result = (struct author_result){ 0 };
    memcpy(result->engagement, engagement, 16);
    AUTO(plan_clear) struct plan plan = { .retract = &retraction, .results = result, .hub = hub };
    return write_plan(&plan);
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
    store_each(view, STORE_SUBJECTS, bytes_of(low, common), find_one, &f);
    if (f.count == 0)
        return fail(E_NOT_FOUND, "the office has no statement about such an engagement");
    if (f.count > 1)
        return fail(E_UNMET, "several engagements begin so: give more of the id");
    return E_OK;
}

const char *author_outcome_word(enum author_outcome outcome)
{
    static const char *const words[] = { "added", "amended", "unchanged", "retracted" };
    return words[outcome];
}
