/* query: the national view asked with words. */
#include <string.h>

#include "base/limits.h"
#include "nodectl/cmd.h"

#define DEFAULT_LIMIT 100
/* A terminal narrower than all fields need shows those by which one goes on. */
#define ROOMY_COLUMNS 140
#define NARROW_FIELDS "title,country,start,ref"

const struct arg_option options_query[] = {
    { "fields", 0, ARG_TEXT, "F,F", NULL, "which fields to show: id,title,country" },
    { "sort", 0, ARG_TEXT, "F", NULL, "by which field; -F for the greatest first" },
    { "limit", 0, ARG_NUMBER, "N", NULL, "at most so many rows (100); 0 for all" },
    { "group-by", 0, ARG_TEXT, "F,F", NULL, "count them by these fields" },
    { "cursor", 0, ARG_TEXT, "CURSOR", NULL, "go on behind an earlier page" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static enum err join_words(const struct args *args, struct buf *out)
{
    for (size_t i = 0; i < args->n_words; i++)
        buf_printf(out, "%s%s", i > 0 ? " " : "", args->words[i]);
    if (out->len > MAX_QUERY_BYTES)
        return fail(E_USAGE, "the query has %zu bytes, at most %u are taken", out->len, MAX_QUERY_BYTES);
    return E_OK;
}

/* Groups in groups, as rows of both fields and their count: {kind, count, groups: [{state, count}]} is a row
 * {kind, state, count} for each state. */
static json_t *pairs_of(const json_t *groups)
{
    json_t *pairs = json_array(), *outer, *inner;
    size_t i, k;
    json_array_foreach(groups, i, outer)
    {
        json_array_foreach(json_object_get(outer, "groups"), k, inner)
        {
            json_t *pair = json_copy(outer);
            json_object_del(pair, "groups");
            json_object_del(pair, "count"); /* which goes last */
            json_object_update(pair, inner);
            json_array_append_new(pairs, pair);
        }
    }
    return pairs;
}

static void print_pairs(struct ctl *ctl, const json_t *groups)
{
    json_t *pairs = pairs_of(groups);
    size_t limit = args_number(&ctl->args, "limit", 0), total = json_array_size(pairs);
    while (limit > 0 && json_array_size(pairs) > limit)
        json_array_remove(pairs, json_array_size(pairs) - 1);
    json_t *body = json_pack("{s:o}", "groups", pairs);
    out_rows(&ctl->out, body, "groups", "nothing matches");
    if (limit > 0 && limit < total)
        out_remark(&ctl->out, "%zu of %zu pairs shown", limit, total);
    json_decref(body);
}

static enum err groups(struct ctl *ctl, struct control_request *request)
{
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    bool in_pairs = strchr(args_text(&ctl->args, "group-by"), ',') != NULL && !out_is_json(&ctl->out);
    if (args_flag(&ctl->args, "limit") && !in_pairs)
        cmd_param(request, "limit", args_text(&ctl->args, "limit"));
    TRY(cmd_call(ctl, request, &answer));
    if (in_pairs)
        print_pairs(ctl, json_object_get(answer.body, "groups"));
    else
        out_rows(&ctl->out, answer.body, "groups", "nothing matches");
    return E_OK;
}

static const char *fields(const struct ctl *ctl)
{
    bool narrow = ctl->out.tty && ctl->out.format == OUT_TABLE && ctl->out.width < ROOMY_COLUMNS;
    const char *given = args_text(&ctl->args, "fields");
    return given != NULL || !narrow ? given : NARROW_FIELDS;
}

static enum err rows(struct ctl *ctl, struct control_request *request)
{
    json_t *body;
    TRY(cmd_pages(ctl, request, "rows", args_number(&ctl->args, "limit", DEFAULT_LIMIT), &body));
    out_rows(&ctl->out, body, "rows", "nothing matches");
    json_int_t total = json_integer_value(json_object_get(body, "total"));
    size_t shown = json_array_size(json_object_get(body, "rows"));
    if (shown > 0 && (json_int_t)shown < total && !args_flag(&ctl->args, "cursor"))
        out_remark(&ctl->out, "%zu of %" JSON_INTEGER_FORMAT " shown; --limit 0 shows all", shown, total);
    json_decref(body);
    return E_OK;
}

enum err cmd_query(struct ctl *ctl)
{
    cmd_doing(ctl, "query");
    AUTO(buf_clear) struct buf text = { 0 };
    TRY(join_words(&ctl->args, &text));
    const char *group_by = args_text(&ctl->args, "group-by");
    if (group_by != NULL && args_flag(&ctl->args, "fields"))
        return errors_fail(E_USAGE, "choose one", "--group-by and --fields do not go together");
    AUTO(control_request_clear)
    struct control_request request =
        cmd_request("query", "q", buf_string(&text), "sort", args_text(&ctl->args, "sort"), "fields",
                    group_by != NULL ? NULL : fields(ctl), "group_by", group_by, "cursor",
                    args_text(&ctl->args, "cursor"), NULL);
    return group_by != NULL ? groups(ctl, &request) : rows(ctl, &request);
}
