/* The commands about records: put, amend, retract, ls, tail, show, verify. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "hubd/answers.h"
#include "hubd/author.h"
#include "hubd/cmd.h"
#include "hubd/rows.h"

#define PREFIX_MIN 6

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

/* ---- writing */

static json_t *result_json(const struct hub *hub, const struct author_result *result)
{
    char ref[128];
    row_ref(hub->home.inception.name, result->seq, &result->id, ref);
    return json_pack("{s:s,s:o,s:o,s:o,s:s}", "ref", ref, "seq", json_count(result->seq), "id",
                     json_hex(result->id.b, HASH_BYTES), "engagement", json_id16(result->engagement),
                     "outcome", author_outcome_word(result->outcome));
}

static void answer_results(const struct hub *hub, const struct author_result *results, size_t count,
                           struct control_answer *answer)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, result_json(hub, &results[i]));
    answer->body = json_pack("{s:o}", "results", rows);
}

enum err cmd_record_put(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    uint32_t visibility, upsert;
    TRY(param_word(request, "visibility", visibilities, "public", &visibility));
    TRY(param_word(request, "mode", modes, "add", &upsert));
    const char *type = control_param(request, "type");
    struct author_put put = {
        .type = statement_type_number(type != NULL ? type : "engagement"),
        .visibility = (enum visibility)visibility,
        .upsert = upsert != 0,
        .count = request->n_blobs,
    };
    if (put.type == 0)
        return fail(E_USAGE, "type: \"%.60s\" is not a statement", type);
    if (put.count == 0 || put.count > AUTHOR_MAX_PAYLOADS)
        return fail(E_USAGE, "%zu payloads; expected 1 to %u", put.count, AUTHOR_MAX_PAYLOADS);

    AUTO(free_ptr) struct bytes *payloads = mem_alloc(put.count * sizeof *payloads);
    AUTO(free_ptr) struct author_result *results = mem_alloc(put.count * sizeof *results);
    for (size_t i = 0; i < put.count; i++)
        payloads[i] = buf_view(&request->blobs[i]);
    put.payloads = payloads;
    TRY(author_put(hub, &put, results));
    answer_results(hub, results, put.count, answer);
    return E_OK;
}

/* Which engagement is meant: by its id, or by any own record about it. */
static enum err engagement_param(struct hub *hub, struct store_view *view,
                                 const struct control_request *request, uint8_t engagement[static 16])
{
    const char *ref = control_param(request, "ref");
    const char *id = control_param(request, "engagement");
    if (id != NULL) {
        uint8_t low[16], high[16];
        if (strlen(id) < PREFIX_MIN || id16_range(id, low, high) != E_OK)
            return fail(E_USAGE, "an engagement is named by %d to %d characters of its id", PREFIX_MIN,
                        ID16_TEXT_LEN);
        return author_find(view, low, high, engagement);
    }
    if (ref == NULL)
        return fail(E_USAGE, "which record? ref or engagement is missing");
    struct row row;
    TRY(row_resolve(hub, view, ref, &row));
    if (!hash_equal(&row.record.header.author, &hub->home.author))
        return fail(E_DENIED, "record %s is not the office's own", ref);
    if (row.record.header.kind != KIND_STATEMENT || !row.record.has_payload ||
        statement_subject(&hub->home.author, row.record.payload, engagement) != E_OK)
        return fail(E_USAGE, "record %s does not speak about an engagement", ref);
    return E_OK;
}

static enum err find_engagement(struct hub *hub, const struct control_request *request,
                                uint8_t engagement[static 16])
{
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    return engagement_param(hub, view, request, engagement);
}

enum err cmd_record_amend(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    struct author_result result;
    uint8_t engagement[16];
    uint32_t change;
    TRY(param_word(request, "change", changes, "update", &change));
    if (request->n_blobs != 1)
        return fail(E_USAGE, "%zu payloads; expected the new one", request->n_blobs);
    TRY(find_engagement(hub, request, engagement));
    TRY(author_amend(hub, engagement, buf_view(&request->blobs[0]), change, &result));
    answer_results(hub, &result, 1, answer);
    return E_OK;
}

enum err cmd_record_retract(void *context, const struct control_request *request,
                            struct control_answer *answer)
{
    struct hub *hub = context;
    struct author_result result;
    uint8_t engagement[16];
    uint32_t reason;
    const char *note = control_param(request, "note");
    TRY(param_word(request, "reason", reasons, NULL, &reason));
    TRY(find_engagement(hub, request, engagement));
    TRY(author_retract(hub, engagement, reason, note != NULL ? note : "", &result));
    answer_results(hub, &result, 1, answer);
    return E_OK;
}

/* ---- reading */

enum err cmd_record_ls(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    const char *word = control_param(request, "author");
    bool reverse = param_flag(request, "reverse");
    struct hash author;
    struct feed feed;
    uint64_t limit, seq;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(param_limit(request, &limit));
    TRY(store_read(hub->store, &view));
    TRY(row_author(hub, word != NULL ? word : "", &author));
    if (!store_feed(view, &author, &feed))
        return fail(E_NOT_FOUND, "the hub holds no such feed");
    TRY(param_number(request, "cursor", reverse ? feed.next - 1 : 0, &seq));

    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    for (; limit > 0 && seq < feed.next; limit--) {
        struct row row;
        TRY(row_find(view, &author, seq, &row));
        json_array_append_new(rows, row_json(hub, &row));
        seq += reverse ? UINT64_MAX : 1; /* below 0 is past every feed */
    }
    if (seq < feed.next)
        json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, seq));
    return E_OK;
}

enum err cmd_record_tail(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    uint64_t limit, position;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(param_limit(request, &limit));
    TRY(store_read(hub->store, &view));
    uint64_t size = store_size(view);
    TRY(param_number(request, "cursor", size > limit ? size - limit : 0, &position));

    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    for (; limit > 0 && position < size; limit--, position++) {
        struct row row;
        TRY(row_at(view, position, &row));
        json_array_append_new(rows, row_json(hub, &row));
    }
    json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, position));
    return E_OK;
}

static enum err row_param(struct hub *hub, struct store_view *view, const struct control_request *request,
                          struct row *out)
{
    const char *ref;
    TRY(param_text(request, "ref", &ref));
    return row_resolve(hub, view, ref, out);
}

enum err cmd_record_show(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    struct row row;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    TRY(row_param(hub, view, request, &row));
    const struct record *r = &row.record;
    answer->body = row_json(hub, &row);
    control_answer_blob(answer, bytes_of(r->entry, ENTRY_BYTES));
    control_answer_blob(answer, bytes_of(r->has_payload ? r->salt : NULL, r->has_payload ? SALT_BYTES : 0));
    control_answer_blob(answer, r->has_payload ? r->payload : (struct bytes){ NULL, 0 });
    return E_OK;
}

static enum err log_json(struct store_view *view, uint64_t index, json_t **out)
{
    struct merkle_path path;
    uint64_t size = store_size(view);
    struct hash root = store_root(view);
    TRY(store_inclusion(view, index, size, &path));
    json_t *nodes = json_array();
    for (size_t i = 0; i < path.count; i++)
        json_array_append_new(nodes, json_hex(path.nodes[i].b, HASH_BYTES));
    *out = json_pack("{s:o,s:o,s:o,s:o}", "index", json_count(index), "size", json_count(size), "root",
                     json_hex(root.b, HASH_BYTES), "path", nodes);
    return E_OK;
}

enum err cmd_record_verify(void *context, const struct control_request *request,
                           struct control_answer *answer)
{
    struct hub *hub = context;
    struct row row;
    struct verdict verdict;
    json_t *log;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    TRY(row_param(hub, view, request, &row));
    TRY(row_verify(view, &row, &verdict));
    TRY(log_json(view, row.position, &log));

    const struct header *header = &row.record.header;
    char name[MAX_NAME_BYTES + 1], ref[128];
    row_author_name(hub, &header->author, name);
    row_ref(name, header->seq, &row.record.id, ref);
    const char *signature = verdict.own_signature ? "own" : verdict.valid ? "vouched" : "invalid";
    answer->body =
        json_pack("{s:s,s:o,s:b,s:s,s:o,s:o,s:i,s:s,s:s,s:o}", "ref", ref, "id",
                  json_hex(row.record.id.b, HASH_BYTES), "valid", verdict.valid, "signature", signature,
                  "vouched_by", json_count(verdict.vouched_by), "key", json_hex(verdict.key.b, KEY_BYTES),
                  "epoch", (int)header->epoch, "chain", verdict.chained ? "ok" : "broken", "payload",
                  row.record.has_payload ? "matches" : "absent", "log", log);
    return E_OK;
}
