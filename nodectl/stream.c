#include "nodectl/stream.h"

#include <stdio.h>

#include "nodectl/progress.h"

#define PAGE_ROWS 1000

struct stream {
    struct ctl *ctl;
    stream_each *each;
    void *context;
    size_t limit, done, page;
    struct progress progress;
};

static enum err take_rows(struct stream *stream, const struct control_answer *answer)
{
    const json_t *rows = json_object_get(answer->body, "rows");
    if (json_array_size(rows) != answer->n_blobs)
        return fail(E_MALFORMED, "the daemon sent %zu rows with %zu payloads", json_array_size(rows),
                    answer->n_blobs);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (stream->limit > 0 && stream->done >= stream->limit)
            break;
        TRY(stream->each(stream->context, row, buf_view(&answer->blobs[i])));
        stream->done++;
    }
    json_int_t total = json_integer_value(json_object_get(answer->body, "total"));
    stream->progress.total = total > 0 ? (uint64_t)total : 0;
    progress_step(&stream->progress, stream->done);
    return E_OK;
}

/* Large payloads can make a page too big for one answer: then fewer at a time. */
static enum err ask_page(struct stream *stream, struct control_request *request,
                         struct control_answer *answer)
{
    for (;;) {
        char limit[24];
        snprintf(limit, sizeof limit, "%zu", stream->page);
        cmd_param(request, "limit", limit);
        enum err err = cmd_call(stream->ctl, request, answer);
        if (err != E_TOO_BIG || stream->page == 1)
            return err;
        stream->page /= 2;
        control_answer_clear(answer);
    }
}

static enum err run(struct stream *stream, struct control_request *request)
{
    for (bool more = true; more;) {
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        TRY(ask_page(stream, request, &answer));
        TRY(take_rows(stream, &answer));
        const char *cursor = json_string_value(json_object_get(answer.body, "cursor"));
        cmd_param(request, "cursor", cursor);
        more = cursor != NULL && json_array_size(json_object_get(answer.body, "rows")) > 0 &&
               (stream->limit == 0 || stream->done < stream->limit);
        if (cmd_interrupted())
            return fail(E_TIMEOUT, "interrupted after %zu rows", stream->done);
    }
    return E_OK;
}

enum err stream_export(struct ctl *ctl, const char *query, size_t limit, const char *unit, stream_each *each,
                       void *context)
{
    struct stream stream = {
        .ctl = ctl, .each = each, .context = context, .limit = limit, .page = PAGE_ROWS
    };
    if (limit > 0 && limit < PAGE_ROWS)
        stream.page = limit;
    AUTO(control_request_clear) struct control_request request = cmd_request("export", "q", query, NULL);
    progress_start(&stream.progress, "reading", unit != NULL ? unit : "rows", 0,
                   unit == NULL || ctl->out.quiet || out_is_json(&ctl->out));
    enum err err = run(&stream, &request);
    progress_hide(&stream.progress);
    return err;
}
