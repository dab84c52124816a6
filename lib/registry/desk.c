#include "registry/desk.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/statement.h"
#include "registry/author.h"
#include "registry/verdict.h"

#define PREFIX_MIN 6
#define NO_CURSOR UINT64_MAX /* past every feed and every log */

static const struct word visibilities[] = {
    { "public", VISIBLE_PUBLIC },
    { "federal", VISIBLE_FEDERAL },
    { "local", VISIBLE_LOCAL },
    { NULL, 0 },
};
enum mode { MODE_ADD, MODE_UPSERT, MODE_MISSING };
static const struct word modes[] = {
    { "add", MODE_ADD },
    { "upsert", MODE_UPSERT },
    { "missing", MODE_MISSING },
    { NULL, 0 },
};

/* What the commands take; each reads what its own table names. */
struct asked {
    const char *type, *ref, *engagement, *author, *note;
    uint32_t visibility, mode, why;
    uint64_t limit, cursor;
    bool reverse, keep_visibility, current;
};
#define AT(member) offsetof(struct asked, member)

static const struct param put_params[] = {
    { "visibility", PARAM_WORD, AT(visibility), visibilities, "public", 0 },
    { "mode", PARAM_WORD, AT(mode), modes, "add", 0 },
    { "keep_visibility", PARAM_FLAG, AT(keep_visibility), NULL, NULL, 0 },
    { "type", PARAM_TEXT, AT(type), NULL, "engagement", 0 },
    { NULL },
};
static const struct param amend_params[] = {
    { "change", PARAM_VALUE, AT(why), "Change", "update", 0 },
    { "ref", PARAM_TEXT, AT(ref), NULL, NULL, 0 },
    { "engagement", PARAM_TEXT, AT(engagement), NULL, NULL, 0 },
    { NULL },
};
static const struct param retract_params[] = {
    { "reason", PARAM_VALUE, AT(why), "RetractionReason", NULL, 0 },
    { "note", PARAM_TEXT, AT(note), NULL, "", 0 },
    { "ref", PARAM_TEXT, AT(ref), NULL, NULL, 0 },
    { "engagement", PARAM_TEXT, AT(engagement), NULL, NULL, 0 },
    { NULL },
};
static const struct param ls_params[] = {
    { "author", PARAM_TEXT, AT(author), NULL, "", 0 },
    { "reverse", PARAM_FLAG, AT(reverse), NULL, NULL, 0 },
    { "limit", PARAM_LIMIT, AT(limit), NULL, NULL, 0 },
    { "cursor", PARAM_NUMBER, AT(cursor), NULL, NULL, NO_CURSOR },
    { NULL },
};
static const struct param tail_params[] = {
    { "limit", PARAM_LIMIT, AT(limit), NULL, NULL, 0 },
    { "cursor", PARAM_NUMBER, AT(cursor), NULL, NULL, NO_CURSOR },
    { NULL },
};
static const struct param ref_params[] = {
    { "ref", PARAM_NEEDED, AT(ref), NULL, NULL, 0 },
    { NULL },
};

static const struct param show_params[] = {
    { "ref", PARAM_TEXT, AT(ref), NULL, NULL, 0 },
    { "engagement", PARAM_TEXT, AT(engagement), NULL, NULL, 0 },
    { "current", PARAM_FLAG, AT(current), NULL, NULL, 0 },
    { NULL },
};

/* ---- writing */

static json_t *result_json(const struct registry *registry, const struct author_result *result)
{
    char ref[ROW_REF_BYTES];
    row_ref(registry->home->inception.name, result->seq, &result->id, ref);
    return json_pack("{s:s,s:o,s:o,s:o,s:s}", "ref", ref, "seq", json_count(result->seq), "id",
                     json_hex(result->id.b, HASH_BYTES), "engagement", json_id16(result->engagement),
                     "outcome", author_outcome_word(result->outcome));
}

/* Writes, and answers what became of each. */
static enum err write_all(const struct registry *registry, const struct author_request *request,
                          size_t n_results, struct control_answer *answer)
{
    AUTO(free_ptr) struct author_result *results = mem_alloc(n_results * sizeof *results);
    TRY(registry->host->write(registry->context, request, results));
    json_t *rows = json_array();
    for (size_t i = 0; i < n_results; i++)
        json_array_append_new(rows, result_json(registry, &results[i]));
    answer->body = json_pack("{s:o}", "results", rows);
    return E_OK;
}

DESK_COMMAND(desk_put)
{
    struct asked asked;
    TRY(params_read(request, put_params, &asked));
    struct author_request put = {
        .act = AUTHOR_PUT,
        .type = statement_type_number(asked.type),
        .visibility = (enum visibility)asked.visibility,
        .upsert = asked.mode != MODE_ADD,
        .leave_standing = asked.mode == MODE_MISSING,
        .keep_visibility = asked.keep_visibility || control_param(request, "visibility") == NULL,
        .count = request->n_blobs,
    };
    if (put.type == 0)
        return fail(E_USAGE, "type: \"%.60s\" is not a statement", asked.type);
    if (put.count == 0 || put.count > AUTHOR_MAX_PAYLOADS)
        return fail(E_USAGE, "%zu payloads; expected 1 to %u", put.count, AUTHOR_MAX_PAYLOADS);

    AUTO(free_ptr) struct bytes *payloads = mem_alloc(put.count * sizeof *payloads);
    for (size_t i = 0; i < put.count; i++)
        payloads[i] = buf_view(&request->blobs[i]);
    put.payloads = payloads;
    return write_all(registry, &put, put.count, answer);
}

/* Which engagement is meant: by its id, or by any own record about it. */
static enum err find_engagement(const struct registry *registry, const struct asked *asked,
                                struct store_view *view, uint8_t engagement[static 16])
{
    if (asked->engagement != NULL) {
        uint8_t low[16], high[16];
        if (strlen(asked->engagement) < PREFIX_MIN || id16_range(asked->engagement, low, high) != E_OK)
            return fail(E_USAGE, "an engagement is named by %d to %d characters of its id", PREFIX_MIN,
                        ID16_TEXT_LEN);
        return author_find(view, low, high, engagement);
    }
    if (asked->ref == NULL)
        return fail(E_USAGE, "which record? ref or engagement is missing");
    struct row row;
    TRY(row_resolve(registry, view, asked->ref, &row));
    const struct record *record = &row.record;
    if (!registry_is_own(registry, &record->header.author))
        return fail(E_DENIED, "record %s is not our own", asked->ref);
    if (record->header.kind != KIND_STATEMENT || !record->has_payload ||
        statement_subject(&record->header.author, record->payload, engagement) != E_OK)
        return fail(E_USAGE, "record %s does not speak about an engagement", asked->ref);
    return E_OK;
}

DESK_COMMAND(desk_amend)
{
    struct asked asked;
    TRY(params_read(request, amend_params, &asked));
    if (request->n_blobs != 1)
        return fail(E_USAGE, "%zu payloads; expected the new one", request->n_blobs);
    struct bytes payload = buf_view(&request->blobs[0]);
    struct author_request amend = { .act = AUTHOR_AMEND, .payloads = &payload, .count = 1, .why = asked.why };
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(registry->store, &view));
    TRY(find_engagement(registry, &asked, view, amend.engagement));
    store_done(&view);
    return write_all(registry, &amend, 1, answer);
}

DESK_COMMAND(desk_retract)
{
    struct asked asked;
    TRY(params_read(request, retract_params, &asked));
    struct author_request retract = { .act = AUTHOR_RETRACT, .why = asked.why, .note = asked.note };
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(registry->store, &view));
    TRY(find_engagement(registry, &asked, view, retract.engagement));
    store_done(&view);
    return write_all(registry, &retract, 1, answer);
}

/* ---- reading */

DESK_COMMAND(desk_ls)
{
    struct asked asked;
    struct hash author;
    struct feed feed;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(params_read(request, ls_params, &asked));
    TRY(store_read(registry->store, &view));
    TRY(registry_author(registry, view, asked.author, &author));
    if (!store_feed(view, &author, &feed))
        return fail(E_NOT_FOUND, "no such feed is held here");
    uint64_t seq = asked.cursor != NO_CURSOR ? asked.cursor : asked.reverse ? feed.next - 1 : 0;

    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    uint64_t began_ms = clock_mono_ms();
    for (uint64_t left = asked.limit; left > 0 && seq < feed.next; left--) {
        struct row row;
        if (page_takes_long(began_ms, json_array_size(rows)))
            break;
        TRY(row_find(view, &author, seq, &row));
        json_array_append_new(rows, row_json(registry, view, &row));
        seq += asked.reverse ? UINT64_MAX : 1; /* below 0 is past every feed */
    }
    if (seq < feed.next)
        json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, seq));
    return E_OK;
}

DESK_COMMAND(desk_tail)
{
    struct asked asked;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(params_read(request, tail_params, &asked));
    TRY(store_read(registry->store, &view));
    uint64_t size = store_size(view);
    uint64_t position = asked.cursor != NO_CURSOR ? asked.cursor
                        : size > asked.limit      ? size - asked.limit
                                                  : 0;
    json_t *rows = json_array();
    answer->body = json_pack("{s:o}", "records", rows);
    uint64_t began_ms = clock_mono_ms();
    for (uint64_t left = asked.limit; left > 0 && position < size; left--, position++) {
        struct row row;
        if (page_takes_long(began_ms, json_array_size(rows)))
            break;
        TRY(row_at(view, position, &row));
        json_array_append_new(rows, row_json(registry, view, &row));
    }
    json_object_set_new(answer->body, "cursor", json_sprintf("%" PRIu64, position));
    return E_OK;
}

/* What one says now of an engagement. */
static enum err find_current(const struct registry *registry, const struct asked *asked,
                             struct store_view *view, struct row *out)
{
    uint8_t engagement[16];
    uint64_t seq;
    TRY(find_engagement(registry, asked, view, engagement));
    TRY(author_current(view, engagement, &seq));
    return row_find(view, &registry->home->author, seq, out);
}

DESK_COMMAND(desk_show)
{
    struct asked asked;
    struct row row;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(params_read(request, show_params, &asked));
    TRY(store_read(registry->store, &view));
    if (asked.current || asked.engagement != NULL)
        TRY(find_current(registry, &asked, view, &row));
    else if (asked.ref != NULL)
        TRY(row_resolve(registry, view, asked.ref, &row));
    else
        return fail(E_USAGE, "which record? ref is missing");
    const struct record *r = &row.record;
    answer->body = row_json(registry, view, &row);
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

static json_t *verdict_json(const struct registry *registry, struct store_view *view, const struct row *row,
                            const struct verdict *verdict)
{
    const struct header *header = &row->record.header;
    char name[MAX_NAME_BYTES + 1], ref[ROW_REF_BYTES];
    registry_name(registry, view, &header->author, name);
    row_ref(name, header->seq, &row->record.id, ref);
    const char *signature = verdict->own_signature ? "own" : verdict->valid ? "vouched" : "invalid";
    return json_pack(
        "{s:s,s:o,s:b,s:s,s:o,s:o,s:i,s:s,s:s}", "ref", ref, "id", json_hex(row->record.id.b, HASH_BYTES),
        "valid", verdict->valid, "signature", signature, "vouched_by", json_count(verdict->vouched_by), "key",
        json_hex(verdict->key.b, KEY_BYTES), "epoch", (int)header->epoch, "chain",
        verdict->chained ? "ok" : "broken", "payload", row->record.has_payload ? "matches" : "absent");
}

DESK_COMMAND(desk_verify)
{
    struct asked asked;
    struct row row;
    struct verdict verdict;
    json_t *log = NULL;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(params_read(request, ref_params, &asked));
    TRY(store_read(registry->store, &view));
    TRY(row_resolve(registry, view, asked.ref, &row));
    TRY(verdict_of(view, &row, &verdict));
    if (registry->has_log)
        TRY(log_json(view, row.position, &log));
    answer->body = verdict_json(registry, view, &row, &verdict);
    if (log != NULL)
        json_object_set_new(answer->body, "log", log);
    return E_OK;
}
