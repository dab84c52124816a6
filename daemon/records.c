#include "daemon/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "daemon/rows.h"
#include "daemon/scribe.h"
#include "daemon/verify.h"

#define DEFAULT_ROWS 100
#define PREFIX_MIN 6
#define EXPORT_PAGE_BYTES (2U * 1024 * 1024) /* of payloads in one answer */

/* ---- parameters */

struct word {
    const char *word;
    uint32_t number;
};

static const struct word visibilities[] = {
    { "public", VISIBLE_PUBLIC },
    { "federal", VISIBLE_FEDERAL },
    { "local", VISIBLE_LOCAL },
    { NULL, 0 },
};
/* Change and Retraction.Reason of proto/statement.proto. */
static const struct word changes[] = {
    { "new", 1 },     { "update", 2 },     { "correction", 3 },   { "source", 4 },
    { "reissue", 5 }, { "succession", 6 }, { "reclassified", 7 }, { NULL, 0 },
};
static const struct word reasons[] = {
    { "error", 1 }, { "duplicate", 2 }, { "not_ours", 3 }, { "source_withdrawn", 4 },
    { "moved", 5 }, { "consent", 6 },   { NULL, 0 },
};
static const struct word modes[] = { { "add", 0 }, { "upsert", 1 }, { NULL, 0 } };

static enum err word_param(const struct control_request *request, const char *name, const struct word *words,
                           const char *fallback, uint32_t *out)
{
    const char *given = control_param(request, name);
    given = given != NULL ? given : fallback;
    AUTO(buf_clear) struct buf expected = { 0 };
    for (const struct word *w = words; w->word != NULL; w++) {
        if (given != NULL && strcmp(w->word, given) == 0) {
            *out = w->number;
            return E_OK;
        }
        buf_printf(&expected, "%s%s", expected.len > 0 ? ", " : "", w->word);
    }
    return fail(E_USAGE, "%s: expected one of %s", name, buf_string(&expected));
}

static enum err number_param(const struct control_request *request, const char *name, uint64_t fallback,
                             uint64_t *out)
{
    const char *given = control_param(request, name);
    *out = fallback;
    if (given == NULL || given[0] == 0)
        return E_OK;
    if (parse_u64(given, out) != E_OK)
        return fail(E_USAGE, "%s: expected a number", name);
    return E_OK;
}

static enum err limit_param(const struct control_request *request, uint64_t *out)
{
    TRY(number_param(request, "limit", DEFAULT_ROWS, out));
    if (*out == 0 || *out > MAX_PAGE_ROWS)
        return fail(E_USAGE, "limit: expected 1 to %u", MAX_PAGE_ROWS);
    return E_OK;
}

static bool flag_param(const struct control_request *request, const char *name)
{
    const char *given = control_param(request, name);
    return given != NULL && (strcmp(given, "1") == 0 || strcmp(given, "true") == 0);
}

/* ---- writing */

static json_t *result_json(const struct node *node, const struct scribe_result *result)
{
    char ref[128];
    row_ref(node->home.inception.name, result->seq, &result->id, ref);
    return json_pack("{s:s,s:I,s:o,s:o,s:s}", "ref", ref, "seq", (json_int_t)result->seq, "id",
                     json_hex(result->id.b, HASH_BYTES), "engagement", json_id16(result->engagement),
                     "outcome", scribe_outcome_word(result->outcome));
}

static void answer_results(const struct node *node, const struct scribe_result *results, size_t count,
                           struct control_answer *answer)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, result_json(node, &results[i]));
    answer->body = json_pack("{s:o}", "results", rows);
}

enum err records_put(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    uint32_t visibility, upsert;
    TRY(word_param(request, "visibility", visibilities, "public", &visibility));
    TRY(word_param(request, "mode", modes, "add", &upsert));
    const char *type = control_param(request, "type");
    struct scribe_put put = {
        .type = statement_type_number(type != NULL ? type : "engagement"),
        .visibility = (enum visibility)visibility,
        .upsert = upsert != 0,
        .count = request->n_blobs,
    };
    if (put.type == 0)
        return fail(E_USAGE, "type: \"%s\" is not a statement", type);
    if (put.count == 0 || put.count > SCRIBE_MAX_PAYLOADS)
        return fail(E_USAGE, "%zu payloads; expected 1 to %u", put.count, SCRIBE_MAX_PAYLOADS);

    AUTO(free_ptr) struct bytes *payloads = mem_alloc(put.count * sizeof *payloads);
    AUTO(free_ptr) struct scribe_result *results = mem_alloc(put.count * sizeof *results);
    for (size_t i = 0; i < put.count; i++)
        payloads[i] = buf_view(&request->blobs[i]);
    put.payloads = payloads;
    TRY(scribe_put(node, &put, results));
    answer_results(node, results, put.count, answer);
    return E_OK;
}

/* Which engagement is meant: by its id, or by any own record about it. */
static enum err engagement_param(struct node *node, struct store_view *view,
                                 const struct control_request *request, uint8_t engagement[static 16])
{
    const char *ref = control_param(request, "ref");
    const char *id = control_param(request, "engagement");
    if (id != NULL) {
        uint8_t low[16], high[16];
        if (strlen(id) < PREFIX_MIN || id16_range(id, low, high) != E_OK)
            return fail(E_USAGE, "an engagement is named by %d to %d characters of its id", PREFIX_MIN,
                        ID16_TEXT_LEN);
        return scribe_find(view, low, high, engagement);
    }
    if (ref == NULL)
        return fail(E_USAGE, "which record? ref or engagement is missing");
    struct row row;
    TRY(row_resolve(node, view, ref, &row));
    if (!hash_equal(&row.record.header.author, &node->home.author))
        return fail(E_DENIED, "record %s is not this node's own", ref);
    if (row.record.header.kind != KIND_STATEMENT || !row.record.has_payload ||
        statement_subject(&node->home.author, row.record.payload, engagement) != E_OK)
        return fail(E_USAGE, "record %s does not speak about an engagement", ref);
    return E_OK;
}

static enum err find_engagement(struct node *node, const struct control_request *request,
                                uint8_t engagement[static 16])
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    return engagement_param(node, view, request, engagement);
}

enum err records_amend(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct scribe_result result;
    uint8_t engagement[16];
    uint32_t change;
    TRY(word_param(request, "change", changes, "update", &change));
    if (request->n_blobs != 1)
        return fail(E_USAGE, "%zu payloads; expected the new one", request->n_blobs);
    TRY(find_engagement(node, request, engagement));
    TRY(scribe_amend(node, engagement, buf_view(&request->blobs[0]), change, &result));
    answer_results(node, &result, 1, answer);
    return E_OK;
}

enum err records_retract(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct scribe_result result;
    uint8_t engagement[16];
    uint32_t reason;
    const char *note = control_param(request, "note");
    TRY(word_param(request, "reason", reasons, NULL, &reason));
    TRY(find_engagement(node, request, engagement));
    TRY(scribe_retract(node, engagement, reason, note != NULL ? note : "", &result));
    answer_results(node, &result, 1, answer);
    return E_OK;
}

/* ---- reading */

enum err records_ls(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    const char *word = control_param(request, "author");
    bool reverse = flag_param(request, "reverse");
    struct hash author;
    struct feed feed;
    uint64_t limit, seq;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(limit_param(request, &limit));
    TRY(store_read(node->store, &view));
    TRY(row_author(node, view, word != NULL ? word : "", &author));
    if (!store_feed(view, &author, &feed))
        return fail(E_NOT_FOUND, "this node does not hold that feed");
    TRY(number_param(request, "cursor", reverse ? feed.next - 1 : 0, &seq));

    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    for (; limit > 0 && seq < feed.next; limit--) {
        struct row row;
        TRY(row_find(view, &author, seq, &row));
        json_array_append_new(rows, row_json(node, view, &row));
        seq += reverse ? UINT64_MAX : 1; /* below 0 is past every feed */
    }
    if (seq < feed.next)
        json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, seq));
    return E_OK;
}

enum err records_tail(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    uint64_t limit, position;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(limit_param(request, &limit));
    TRY(store_read(node->store, &view));
    uint64_t size = store_size(view);
    TRY(number_param(request, "cursor", size > limit ? size - limit : 0, &position));

    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    for (; limit > 0 && position < size; limit--, position++) {
        struct row row;
        TRY(row_at(view, position, &row));
        json_array_append_new(rows, row_json(node, view, &row));
    }
    json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, position));
    return E_OK;
}

static enum err row_param(struct node *node, struct store_view *view, const struct control_request *request,
                          struct row *out)
{
    const char *ref = control_param(request, "ref");
    if (ref == NULL)
        return fail(E_USAGE, "which record? ref is missing");
    return row_resolve(node, view, ref, out);
}

enum err records_show(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct row row;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    TRY(row_param(node, view, request, &row));
    const struct record *r = &row.record;
    answer->body = row_json(node, view, &row);
    control_answer_blob(answer, bytes_of(r->entry, ENTRY_BYTES));
    control_answer_blob(answer, bytes_of(r->has_payload ? r->salt : NULL, r->has_payload ? SALT_BYTES : 0));
    control_answer_blob(answer, r->has_payload ? r->payload : (struct bytes){ NULL, 0 });
    return E_OK;
}

enum err records_verify(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct row row;
    struct verdict verdict;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(node->store, &view));
    TRY(row_param(node, view, request, &row));
    const struct header *header = &row.record.header;
    TRY(verify_held(view, &header->author, header->seq, &verdict));

    char name[MAX_NAME_BYTES + 1], ref[128];
    row_author_name(node, view, &header->author, name);
    row_ref(name, header->seq, &row.record.id, ref);
    const char *signature = verdict.own_signature ? "own" : verdict.valid ? "vouched" : "invalid";
    answer->body = json_pack(
        "{s:s,s:o,s:b,s:s,s:I,s:o,s:i,s:s,s:s}", "ref", ref, "id", json_hex(row.record.id.b, HASH_BYTES),
        "valid", verdict.valid, "signature", signature, "vouched_by", (json_int_t)verdict.vouched_by, "key",
        json_hex(verdict.key.b, KEY_BYTES), "epoch", (int)verdict.epoch, "chain",
        verdict.chained ? "ok" : "broken", "payload", verdict.has_payload ? "matches" : "absent");
    return E_OK;
}

/* ---- export: one's own current statements, in the order of their engagements */

struct exporting {
    struct node *node;
    struct store_view *view;
    struct control_answer *answer;
    json_t *rows;
    uint8_t after[16]; /* only engagements behind it ... */
    bool has_after;
    uint8_t last[16]; /* the last one looked at */
    uint64_t left;    /* rows */
    size_t bytes;     /* of payloads */
    uint64_t total;
    bool counts; /* looks at all, for the total */
    bool is_full;
    enum err err;
};

static bool export_row(struct exporting *e, const uint8_t engagement[static 16], const struct row *row)
{
    const struct record *r = &row->record;
    if (e->left == 0 || (e->bytes > 0 && e->bytes + r->payload.len > EXPORT_PAGE_BYTES)) {
        e->is_full = true;
        return e->counts;
    }
    char ref[128];
    row_ref(e->node->home.inception.name, r->header.seq, &r->id, ref);
    json_t *json =
        json_pack("{s:o,s:s,s:o,s:o,s:s,s:s,s:o}", "engagement", json_id16(engagement), "ref", ref, "id",
                  json_hex(r->id.b, HASH_BYTES), "author", json_hex(r->header.author.b, HASH_BYTES), "name",
                  e->node->home.inception.name, "state", "current", "time", json_time(r->header.time_ms));
    json_array_append_new(e->rows, json);
    control_answer_blob(e->answer, r->payload);
    memcpy(e->last, engagement, 16);
    e->bytes += r->payload.len;
    e->left--;
    return true;
}

static bool export_one(void *context, struct bytes key, struct bytes value)
{
    struct exporting *e = context;
    struct row row;
    if (key.len != 16 || value.len != 8 || (e->has_after && memcmp(key.data, e->after, 16) <= 0))
        return true;
    e->err = row_find(e->view, &e->node->home.author, get_u64(value.data), &row);
    if (e->err != E_OK)
        return false;
    if (row.record.header.payload_type != TYPE_ENGAGEMENT || !row.record.has_payload)
        return true;
    e->total++;
    return e->is_full ? e->counts : export_row(e, key.data, &row);
}

enum err records_export(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    const char *cursor = control_param(request, "cursor");
    AUTO(store_done) struct store_view *view = NULL;
    struct exporting e = { .node = node, .answer = answer, .rows = json_array() };
    answer->body = json_pack("{s:o}", "rows", e.rows);
    TRY(limit_param(request, &e.left));
    e.has_after = cursor != NULL && cursor[0] != 0;
    e.counts = !e.has_after;
    if (e.has_after)
        TRY(id16_decode(cursor, e.after));
    TRY(store_read(node->store, &view));
    e.view = view;

    /* By first byte, so that a later page does not walk over all that came before. */
    for (int first = e.has_after ? e.after[0] : 0; first < 256 && e.err == E_OK && (!e.is_full || e.counts);
         first++) {
        uint8_t prefix = (uint8_t)first;
        store_each(view, STORE_SUBJECTS, BYTES_OF(prefix), export_one, &e);
    }
    TRY(e.err);
    if (e.counts)
        json_object_set_new(answer->body, "total", json_integer((json_int_t)e.total));
    if (e.is_full)
        json_object_set_new(answer->body, "cursor", json_id16(e.last));
    return E_OK;
}
