/* export: what stands now, whole: a JSON document a line, or a table with the usual columns. */
#include <string.h>

#include "app/payload.h"
#include "base/limits.h"
#include "core/statement.h"
#include "nodectl/stream.h"

const struct arg_option options_export[] = {
    { "format", 0, ARG_WORD, "FORMAT", "jsonl csv", "jsonl (whole statements) or csv (the usual columns)" },
    { "limit", 0, ARG_NUMBER, "N", NULL, "at most so many" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

/* Keys reach into the row, and into the statement that is put into it. */
static const struct out_column csv_columns[] = {
    { "engagement", "engagement", OUT_TEXT, OUT_NAMES },
    { "ref", "ref", OUT_TEXT, 0 },
    { "author", "author", OUT_TEXT, 0 },
    { "name", "name", OUT_TEXT, 0 },
    { "state", "state", OUT_TEXT, 0 },
    { "time", "time", OUT_TIME, 0 },
    { "kind", "kind", OUT_TEXT, 0 },
    { "title", "title", OUT_TEXT, 0 },
    { "status", "status", OUT_TEXT, 0 },
    { "start", "start", OUT_TEXT, 0 },
    { "end", "end", OUT_TEXT, 0 },
    { "us_name", "us_name", OUT_TEXT, 0 },
    { "us_region", "us_region", OUT_TEXT, 0 },
    { "us_geoid", "us_geoid", OUT_TEXT, 0 },
    { "partner", "partner", OUT_LIST, 0 },
    { "partner_country", "partner_country", OUT_LIST, 0 },
    { "themes", "themes", OUT_LIST, 0 },
    { "instrument", "instrument", OUT_TEXT, 0 },
    { "network", "network", OUT_TEXT, 0 },
    { "verification", "verification", OUT_TEXT, 0 },
    { "url", "url", OUT_TEXT, 0 },
    { "summary", "summary", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

struct export
{
    struct ctl *ctl;
    bool csv;
    size_t rows;
};

/* The member `key` of each object in list, as an array. */
static json_t *pluck(const json_t *list, const char *key)
{
    json_t *out = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_object_get(item, key) != NULL)
            json_array_append(out, json_object_get(item, key));
    }
    return out;
}

static void copy(json_t *to, const json_t *from, const char *key, const char *as)
{
    json_t *value = json_object_get(from, key);
    if (value != NULL)
        json_object_set(to, as, value);
}

static json_t *flat(const json_t *row, const json_t *statement)
{
    static const char *const same[] = { "kind",   "title",      "status",       "start", "end",
                                        "themes", "instrument", "verification", "url",   "summary" };
    json_t *out = json_copy((json_t *)row);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        copy(out, statement, same[i], same[i]);
    const json_t *us = json_array_get(json_object_get(statement, "us"), 0);
    copy(out, us, "name", "us_name");
    copy(out, us, "region", "us_region");
    copy(out, us, "geoid", "us_geoid");
    copy(out, json_object_get(statement, "membership"), "network", "network");
    json_object_set_new(out, "partner", pluck(json_object_get(statement, "partners"), "name"));
    json_object_set_new(out, "partner_country", pluck(json_object_get(statement, "partners"), "country"));
    return out;
}

static void print_csv(struct ctl *ctl, const json_t *row, const json_t *statement)
{
    json_t *body = json_pack("{s:[o]}", "rows", flat(row, statement));
    out_list(&ctl->out, body, "rows", csv_columns, "");
    json_decref(body);
}

static void print_line(struct ctl *ctl, const json_t *row, json_t *statement)
{
    json_t *line = json_copy((json_t *)row);
    json_object_set(line, "statement", statement != NULL ? statement : json_null());
    out_json_line(&ctl->out, line);
    json_decref(line);
}

static enum err print_row(void *context, const json_t *row, struct bytes payload)
{
    struct export *export = context;
    export->rows++;
    const char *type = json_string_value(json_object_get(row, "type"));
    uint32_t number = type != NULL ? statement_type_number(type) : TYPE_ENGAGEMENT;
    json_t *statement = NULL;
    if (payload.len > 0)
        TRY(payload_to_json(number, payload, &statement));
    if (export->csv)
        print_csv(export->ctl, row, statement);
    else
        print_line(export->ctl, row, statement);
    json_decref(statement);
    /* A stream: from here on a failure cannot be hidden by saying nothing. */
    return export->ctl->out.text.len < 65536 ? E_OK : out_flush(&export->ctl->out);
}

enum err cmd_export(struct ctl *ctl)
{
    cmd_doing(ctl, "export");
    AUTO(buf_clear) struct buf query = { 0 };
    for (size_t i = 0; i < ctl->args.n_words; i++)
        buf_printf(&query, "%s%s", i > 0 ? " " : "", ctl->args.words[i]);
    TRY(cmd_connect(ctl));
    if (query.len > 0 && ctl->home.role != HOME_HUB)
        return errors_fail(E_USAGE, "export without a query gives this node's own statements",
                           "a query is answered by a hub, and %s is a node", ctl->home.inception.name);
    const char *format = args_text(&ctl->args, "format");
    bool csv = (format != NULL && strcmp(format, "csv") == 0) || ctl->out.format == OUT_CSV;
    struct export export = { .ctl = ctl, .csv = csv };
    if (export.csv)
        ctl->out.format = OUT_CSV;
    TRY(stream_export(ctl, query.len > 0 ? buf_string(&query) : NULL, args_number(&ctl->args, "limit", 0),
                      "statements", print_row, &export));
    if (export.rows == 0)
        out_remark(&ctl->out, "nothing to export");
    return E_OK;
}
