/* record ls, show, verify, tail: what is held, by whom it was said, and whether that can be proved. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/payload.h"
#include "base/text.h"
#include "core/record.h"
#include "core/statement.h"
#include "nodectl/cmd.h"

#define DEFAULT_LIMIT 100
#define TAIL_ROWS 20
#define FOLLOW_ROWS 1000 /* at once */
#define FOLLOW_EVERY_MS 500

const struct arg_option options_record_ls[] = {
    { "author", 0, ARG_TEXT, "NAME", NULL, "whose feed (one's own)" },
    { "limit", 0, ARG_NUMBER, "N", NULL, "at most so many rows (100); 0 for all" },
    { "reverse", 0, ARG_FLAG, NULL, NULL, "the newest first" },
    { "cursor", 0, ARG_TEXT, "CURSOR", NULL, "go on behind an earlier page" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_record_show[] = {
    { "raw", 0, ARG_FLAG, NULL, NULL, "id, header, signature, salt and payload in hex" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_record_tail[] = {
    { "follow", 'F', ARG_FLAG, NULL, NULL, "go on as records arrive, until interrupted" },
    { "limit", 'n', ARG_NUMBER, "N", NULL, "how many of the last to begin with (20)" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct out_column columns[] = {
    { "ref", "ref", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "type", "type", OUT_TEXT, OUT_WHOLE },
    { "kind", "kind", OUT_TEXT, OUT_WHOLE },
    { "time", "time", OUT_TIME, OUT_WHOLE },
    { "visibility", "visibility", OUT_TEXT, OUT_EXTRA },
    { "bytes", "bytes", OUT_NUMBER, OUT_EXTRA },
    { "acknowledged", "ack", OUT_TEXT, OUT_WHOLE },
    { "engagement", "engagement", OUT_TEXT, OUT_EXTRA },
    { "title", "title", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static const struct out_column fields[] = {
    { "ref", "ref", OUT_TEXT, OUT_NAMES },
    { "name", "name", OUT_TEXT, 0 },
    { "author", "author", OUT_TEXT, 0 },
    { "id", "id", OUT_TEXT, 0 },
    { "type", "type", OUT_TEXT, 0 },
    { "engagement", "engagement", OUT_TEXT, 0 },
    { "time", "time", OUT_TIME, 0 },
    { "visibility", "visibility", OUT_TEXT, 0 },
    { "position", "position", OUT_NUMBER, 0 },
    { "bytes", "bytes", OUT_BYTES, 0 },
    { "acknowledged", "acknowledged", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

/* ---- ls */

enum err cmd_record_ls(struct ctl *ctl)
{
    cmd_doing(ctl, "list the records");
    AUTO(control_request_clear)
    struct control_request request = cmd_request("record.ls", "author", args_text(&ctl->args, "author"),
                                                 "cursor", args_text(&ctl->args, "cursor"), "reverse",
                                                 args_flag(&ctl->args, "reverse") ? "1" : NULL, NULL);
    json_t *body;
    TRY(cmd_pages(ctl, &request, "records", args_number(&ctl->args, "limit", DEFAULT_LIMIT), &body));
    out_list(&ctl->out, body, "records", columns, "no records");
    if (json_string_value(json_object_get(body, "cursor")) != NULL && !args_flag(&ctl->args, "limit"))
        out_remark(&ctl->out, "There are more; --limit 0 shows all.");
    json_decref(body);
    return E_OK;
}

/* ---- show */

/* "partners[0].country: JP", a line a value, so that nothing a peer wrote can draw on the terminal. */
static void print_flat(struct ctl *ctl, const char *path, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    char inner[200];
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, member)
        {
            snprintf(inner, sizeof inner, "%s%s%s", path, path[0] != 0 ? "." : "", key);
            print_flat(ctl, inner, member);
        }
        return;
    }
    bool plain = !json_is_object(json_array_get(value, 0));
    if (json_is_array(value) && !plain) {
        json_array_foreach(value, i, member)
        {
            snprintf(inner, sizeof inner, "%s[%zu]", path, i);
            print_flat(ctl, inner, member);
        }
        return;
    }
    AUTO(buf_clear) struct buf text = { 0 };
    out_value(&ctl->out, value, OUT_LIST, &text);
    out_printf(&ctl->out, "  %s: %s\n", path, buf_string(&text));
}

static void set_hex(json_t *out, const char *key, struct bytes bytes)
{
    AUTO(buf_clear) struct buf hex = { 0 };
    hex_append(&hex, bytes);
    json_object_set_new(out, key, json_string(buf_string(&hex)));
}

/* The bytes as their author made them; the id is computed here, not believed. */
static enum err show_raw(struct ctl *ctl, const struct control_answer *answer)
{
    static const struct out_column raw_fields[] = {
        { "id", "id", OUT_TEXT, OUT_NAMES },       { "header", "header", OUT_TEXT, 0 },
        { "signature", "signature", OUT_TEXT, 0 }, { "salt", "salt", OUT_TEXT, 0 },
        { "payload", "payload", OUT_TEXT, 0 },     { NULL, NULL, OUT_TEXT, 0 },
    };
    struct bytes entry = buf_view(&answer->blobs[0]);
    struct hash id = hash_leaf(entry);
    json_t *raw = json_object();
    set_hex(raw, "id", BYTES(id.b));
    set_hex(raw, "header", bytes_of(entry.data, HEADER_BYTES));
    set_hex(raw, "signature", bytes_of(entry.data + HEADER_BYTES, SIGNATURE_BYTES));
    set_hex(raw, "salt", buf_view(&answer->blobs[1]));
    set_hex(raw, "payload", buf_view(&answer->blobs[2]));
    out_object(&ctl->out, raw, raw_fields);
    json_decref(raw);
    return E_OK;
}

static enum err show(struct ctl *ctl, const struct control_answer *answer)
{
    json_t *statement = NULL;
    const char *type = json_string_value(json_object_get(answer->body, "type"));
    uint32_t number = type != NULL ? statement_type_number(type) : 0;
    enum err err = E_NOT_FOUND;
    if (answer->blobs[2].len > 0 && number != 0)
        err = payload_to_json(number, buf_view(&answer->blobs[2]), &statement);

    json_t *body = json_copy(answer->body);
    json_object_set_new(body, "statement", statement != NULL ? json_incref(statement) : json_null());
    out_object(&ctl->out, body, fields);
    if (ctl->out.format == OUT_TABLE && statement != NULL) {
        out_printf(&ctl->out, "\n");
        print_flat(ctl, "", statement);
    } else if (ctl->out.format == OUT_TABLE) {
        out_printf(&ctl->out, "\nThe payload %s.\n",
                   answer->blobs[2].len == 0 ? "is withheld"
                   : err == E_NOT_FOUND      ? "is of a type not known here"
                                             : "cannot be read");
    }
    json_decref(body);
    json_decref(statement);
    return E_OK;
}

enum err cmd_record_show(struct ctl *ctl)
{
    cmd_doing(ctl, "show %s", ctl->args.words[0]);
    AUTO(control_request_clear)
    struct control_request request = cmd_request("record.show", "ref", ctl->args.words[0], NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    if (answer.n_blobs != 3 || answer.blobs[0].len != ENTRY_BYTES)
        return fail(E_MALFORMED, "the daemon's answer holds no entry");
    return args_flag(&ctl->args, "raw") ? show_raw(ctl, &answer) : show(ctl, &answer);
}

/* ---- verify */

enum err cmd_record_verify(struct ctl *ctl)
{
    static const struct out_column verify_fields[] = {
        { "ref", "ref", OUT_TEXT, OUT_NAMES },
        { "id", "id", OUT_TEXT, 0 },
        { "valid", "valid", OUT_TEXT, 0 },
        { "signature", "signature", OUT_TEXT, 0 },
        { "vouched_by", "vouched by", OUT_TEXT, 0 },
        { "key", "record key", OUT_TEXT, 0 },
        { "epoch", "epoch", OUT_NUMBER, 0 },
        { "chain", "chain", OUT_TEXT, 0 },
        { "payload", "payload", OUT_TEXT, 0 },
        { "log.index", "log index", OUT_NUMBER, 0 },
        { "log.size", "log size", OUT_NUMBER, 0 },
        { "log.root", "log root", OUT_TEXT, 0 },
        { NULL, NULL, OUT_TEXT, 0 },
    };
    const char *ref = ctl->args.words[0];
    cmd_doing(ctl, "verify %s", ref);
    AUTO(control_request_clear)
    struct control_request request = cmd_request("record.verify", "ref", ref, NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    if (!json_is_true(json_object_get(answer.body, "valid")))
        return errors_fail(E_BAD_SIGNATURE, "keep the home as it is, and compare with the hub's copy",
                           "the record does not verify: signature %s, chain %s",
                           json_string_value(json_object_get(answer.body, "signature")) != NULL
                               ? json_string_value(json_object_get(answer.body, "signature"))
                               : "bad",
                           json_string_value(json_object_get(answer.body, "chain")) != NULL
                               ? json_string_value(json_object_get(answer.body, "chain"))
                               : "not checked");
    out_object(&ctl->out, answer.body, verify_fields);
    return E_OK;
}

/* ---- tail */

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

/* A table's widths would jump from page to page: while following, plain lines. */
static void print_lines(struct ctl *ctl, const json_t *rows)
{
    static const char *const keys[] = { "time", "ref", "type", "kind", "title" };
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            out_printf(&ctl->out, "%s", k > 0 ? "  " : "");
            out_escaped(&ctl->out, text_of(row, keys[k])[0] != 0 ? text_of(row, keys[k]) : "-");
        }
        out_printf(&ctl->out, "\n");
    }
}

static void print_page(struct ctl *ctl, const json_t *body, bool follow)
{
    if (follow && ctl->out.format == OUT_TABLE)
        print_lines(ctl, json_object_get(body, "records"));
    else if (!follow || json_array_size(json_object_get(body, "records")) > 0)
        out_list(&ctl->out, body, "records", columns, "no records");
}

/* The next rows, `count` at most: an answer may hold only the first of them. */
static enum err next_rows(struct ctl *ctl, struct control_request *request, uint64_t count, json_t *rows)
{
    size_t came;
    do {
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        char limit[24];
        snprintf(limit, sizeof limit, "%" PRIu64, count - json_array_size(rows));
        cmd_param(request, "limit", limit);
        TRY(cmd_call(ctl, request, &answer));
        json_t *page = json_object_get(answer.body, "records");
        const char *cursor = json_string_value(json_object_get(answer.body, "cursor"));
        if (cursor == NULL)
            return fail(E_MALFORMED, "the daemon gave no cursor to go on from");
        cmd_param(request, "cursor", cursor);
        came = json_array_size(page);
        json_array_extend(rows, page);
    } while (came > 0 && json_array_size(rows) < count);
    return E_OK;
}

static enum err show_next(struct ctl *ctl, struct control_request *request, uint64_t count, bool follow)
{
    json_t *rows = json_array();
    json_t *body = json_pack("{s:o}", "records", rows);
    enum err err = next_rows(ctl, request, count, rows);
    if (err == E_OK) {
        json_object_set_new(body, "cursor", json_string(control_param(request, "cursor")));
        print_page(ctl, body, follow);
        err = out_flush(&ctl->out);
    }
    json_decref(body);
    return err;
}

enum err cmd_record_tail(struct ctl *ctl)
{
    cmd_doing(ctl, "follow the records");
    bool follow = args_flag(&ctl->args, "follow");
    if (follow && ctl->out.format == OUT_JSON)
        ctl->out.format = OUT_JSONL; /* a stream cannot be one document */
    uint64_t count = args_number(&ctl->args, "limit", TAIL_ROWS);
    AUTO(control_request_clear) struct control_request request = cmd_request("record.tail", NULL);
    do {
        TRY(show_next(ctl, &request, count, follow));
        count = FOLLOW_ROWS;
    } while (follow && cmd_pause(FOLLOW_EVERY_MS));
    return E_OK;
}
