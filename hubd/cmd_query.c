/* The commands that ask the view: query, export. */
#include <inttypes.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "hubd/cmd.h"
#include "hubd/office.h"
#include "registry/row.h"

#define EXPORT_PAGE_BYTES (4U << 20) /* of payloads in one answer */

static enum err limit_or_usual(const struct control_request *request, size_t *out)
{
    uint64_t limit;
    TRY(param_number(request, "limit", 0, &limit));
    if (limit > MAX_PAGE_ROWS)
        return fail(E_USAGE, "limit: expected 1 to %u", MAX_PAGE_ROWS);
    *out = (size_t)limit;
    return E_OK;
}

enum err cmd_query(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    const char *text = control_param(request, "q");
    struct view_query query = {
        .text = text != NULL ? text : "",
        .sort = control_param(request, "sort"),
        .fields = control_param(request, "fields"),
        .group_by = control_param(request, "group_by"),
        .cursor = control_param(request, "cursor"),
    };
    TRY(limit_or_usual(request, &query.limit));
    return view_query(hub->view, &query, &answer->body);
}

/* ---- export */

struct exporting {
    const struct registry *registry;
    struct store_view *view;
    struct control_answer *answer;
    json_t *rows;
    size_t bytes, taken;
    uint64_t began_ms; /* monotonic */
    bool is_full;
    enum err err;
};

static void export_one(void *context, const struct view_statement *statement)
{
    struct exporting *e = context;
    struct row row;
    if (e->is_full || e->err != E_OK)
        return;
    e->err = row_at(e->view, statement->position, &row);
    if (e->err != E_OK)
        return;
    if (e->taken > 0 &&
        (e->bytes + row.record.payload.len > EXPORT_PAGE_BYTES || page_takes_long(e->began_ms, e->taken))) {
        e->is_full = true;
        return;
    }
    json_array_append_new(e->rows, row_export_json(e->registry, e->view, statement->engagement, &row));
    control_answer_blob(e->answer, row.record.payload);
    e->bytes += row.record.payload.len;
    e->taken++;
}

static void forget(void *context, const struct view_statement *statement)
{
    (void)context, (void)statement;
}

enum err cmd_export(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    const char *text = control_param(request, "q");
    const char *cursor = control_param(request, "cursor");
    char next[VIEW_CURSOR_BYTES];
    uint64_t limit, total;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(param_limit(request, &limit));
    TRY(store_read(hub->store, &view));

    struct registry registry = office_registry(hub);
    struct exporting e = { .registry = &registry,
                           .view = view,
                           .answer = answer,
                           .rows = json_array(),
                           .began_ms = clock_mono_ms() };
    answer->body = json_pack("{s:o}", "rows", e.rows);
    text = text != NULL ? text : "";
    TRY(view_export(hub->view, text, cursor, limit, export_one, &e, next, &total));
    if (e.is_full) /* fewer than asked for: the cursor has to stand behind those */
        TRY(view_export(hub->view, text, cursor, e.taken, forget, NULL, next, NULL));
    TRY(e.err);
    json_object_set_new(answer->body, "total", json_count(total));
    if (next[0] != 0)
        json_object_set_new(answer->body, "cursor", json_string(next));
    return E_OK;
}
