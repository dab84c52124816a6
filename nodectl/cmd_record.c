/* record add, amend, retract: what this jurisdiction says. */
#include <stdlib.h>
#include <string.h>

#include "app/payload.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/statement.h"
#include "nodectl/batch.h"
#include "nodectl/cmd.h"
#include "nodectl/edit.h"
#include "nodectl/input.h"

#define EDIT_OPTIONS                                                                                         \
    { "kind", 0, ARG_WORD, "KIND", "@Kind", "what kind of engagement" },                                     \
        { "title", 0, ARG_TEXT, "TEXT", NULL, "what it is called, on one line" },                            \
        { "partner", 0, ARG_TEXT, "NAME", NULL, "the other side; may be repeated" },                         \
        { "country", 0, ARG_TEXT, "CC", NULL, "its country: JP; the n-th goes with the n-th partner" },      \
        { "partner-region", 0, ARG_TEXT, "CODE", NULL, "its region: JP-13" },                                \
        { "partner-type", 0, ARG_WORD, "TYPE", "@PartyType", "what the other side is" },                     \
        { "start", 0, ARG_DATE, "DATE", NULL, "2024, 2024-06 or 2024-06-15" },                               \
        { "end", 0, ARG_DATE, "DATE", NULL, "the same" },                                                    \
        { "status", 0, ARG_WORD, "STATUS", "@Status", "how it stands" },                                     \
        { "theme", 0, ARG_WORD, "THEME", "@Theme", "what it is about; may be repeated" },                    \
        { "instrument", 0, ARG_WORD, "WORD", "@Instrument", "what was signed" },                             \
        { "network", 0, ARG_TEXT, "CODE", NULL, "of a membership: climate-mayors" },                         \
        { "declaration", 0, ARG_TEXT, "NAME", NULL, "the name of a declaration" },                           \
        { "summary", 0, ARG_TEXT, "TEXT", NULL, "a few sentences" },                                         \
        { "url", 0, ARG_TEXT, "URL", NULL, "a public page" },                                                \
        { "note", 0, ARG_TEXT, "TEXT", NULL, "a remark that goes with this statement" },                     \
        { "lang", 0, ARG_TEXT, "TAG", NULL, "language of the texts, when not English: es" },                 \
        { "set", 0, ARG_TEXT, "PATH=VALUE", NULL, "any other field: visit.programme=IVLP, visit.size:=12" }, \
    {                                                                                                        \
        "unset", 0, ARG_TEXT, "PATH", NULL, "take a field out"                                               \
    }

const struct arg_option options_record_add[] = {
    { "file", 'f', ARG_TEXT, "FILE", NULL, "JSON, one statement or one a line; - for standard input" },
    EDIT_OPTIONS,
    { "visibility", 0, ARG_WORD, "WORD", "public federal local", "who may read it (public)" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "check it, print it, and write nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_record_amend[] = {
    { "file", 'f', ARG_TEXT, "FILE", NULL, "the whole new statement as JSON; - for standard input" },
    EDIT_OPTIONS,
    { "change", 0, ARG_WORD, "WORD", "@Change", "why (update: the world changed)" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "check it, print it, and write nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

#define REASONS "@RetractionReason"

const struct arg_option options_record_retract[] = {
    { "reason", 0, ARG_WORD, "WORD", REASONS, "why" },
    { "note", 0, ARG_TEXT, "TEXT", NULL, "a remark" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "show what would be retracted, and do nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct out_column columns[] = {
    { "ref", "ref", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "outcome", "outcome", OUT_STATE, OUT_WHOLE },
    { "engagement", "engagement", OUT_TEXT, OUT_WHOLE },
    { "id", "id", OUT_TEXT, OUT_EXTRA },
    { NULL, NULL, OUT_TEXT, 0 },
};

/* ---- add */

static void give_nonce(json_t *statement)
{
    uint8_t nonce[16];
    char hex[33];
    if (json_object_get(statement, "nonce") != NULL || json_object_get(statement, "subject") != NULL)
        return;
    random_bytes(nonce, sizeof nonce);
    hex_encode(nonce, sizeof nonce, hex);
    json_object_set_new(statement, "nonce", json_string(hex));
}

/* A title is shown in lists and typed after: one line, and something on it. */
static enum err check_title(const json_t *title)
{
    const char *text = json_string_value(title);
    if (title == NULL || (text != NULL && !text_is_line(text)))
        return errors_fail(E_USAGE, "--title 'What it is called', on one line", "a statement needs a title");
    return E_OK;
}

static enum err check_whole(const json_t *statement)
{
    if (json_object_get(statement, "kind") == NULL)
        return errors_fail(E_USAGE,
                           "--kind sister_relation, agreement, network_membership, mission_outbound ...",
                           "a statement needs a kind");
    return check_title(json_object_get(statement, "title"));
}

static enum err gather(struct ctl *ctl, json_t *list)
{
    const char *file = args_text(&ctl->args, "file");
    if (file != NULL)
        TRY(input_statements(file, list));
    else
        json_array_append_new(list, json_object());
    size_t i;
    json_t *statement;
    json_array_foreach(list, i, statement)
    {
        TRY(edit_apply(statement, &ctl->args));
        edit_us_side(statement, ctl->home.inception.geoid, ctl->home.inception.title);
        give_nonce(statement);
    }
    return E_OK;
}

static enum err encode_one(const json_t *statement, size_t number, size_t count, struct buf *payload)
{
    enum err err = payload_from_json(TYPE_ENGAGEMENT, statement, payload);
    if (err == E_OK)
        err = check_whole(statement);
    if (err == E_OK)
        return E_OK;
    AUTO(buf_clear) struct buf why = { 0 };
    buf_text(&why, err_message());
    if (count == 1)
        return fail(err, "%s", buf_string(&why));
    return fail(err, "statement %zu of %zu: %s", number, count, buf_string(&why));
}

static enum err encode_all(const json_t *list, struct buf *payloads)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(encode_one(json_array_get(list, i), i + 1, json_array_size(list), &payloads[i]));
    return E_OK;
}

/* Everything is checked before anything is written: a wrong line in the middle leaves no half. */
static enum err put_all(struct ctl *ctl, const json_t *list, json_t *results)
{
    size_t count = json_array_size(list), fits = 0;
    AUTO(free_ptr) struct buf *payloads = mem_alloc(count * sizeof *payloads);
    enum err err = encode_all(list, payloads);
    bool write = !args_flag(&ctl->args, "dry-run");
    const struct batch_how how = { .mode = "add", .visibility = args_text(&ctl->args, "visibility") };
    for (size_t i = 0; write && i < count && err == E_OK; i += fits) {
        fits = batch_fit(payloads + i, count - i);
        err = batch_put(ctl, payloads + i, fits, &how, results);
    }
    for (size_t i = 0; i < count; i++)
        buf_clear(&payloads[i]);
    return err;
}

static void print_list(struct ctl *ctl, const json_t *list)
{
    size_t i;
    json_t *statement;
    json_array_foreach(list, i, statement)
    {
        if (ctl->out.format == OUT_JSONL)
            out_json_line(&ctl->out, statement);
        else
            out_json(&ctl->out, statement);
    }
    out_remark(&ctl->out, "Nothing was written (--dry-run).");
}

static void print_results(struct ctl *ctl, json_t *results)
{
    json_t *body = json_pack("{s:O}", "results", results);
    out_list(&ctl->out, body, "results", columns, "nothing was written");
    json_decref(body);
}

static enum err add(struct ctl *ctl, json_t *list, json_t *results)
{
    TRY(gather(ctl, list));
    TRY(put_all(ctl, list, results));
    if (args_flag(&ctl->args, "dry-run"))
        print_list(ctl, list);
    else
        print_results(ctl, results);
    return E_OK;
}

enum err cmd_record_add(struct ctl *ctl)
{
    cmd_doing(ctl, "add the record");
    TRY(cmd_home(ctl));
    json_t *list = json_array(), *results = json_array();
    enum err err = add(ctl, list, results);
    if (err != E_OK && json_array_size(results) > 0)
        fprintf(stderr, "%zu of %zu were written before that; 'nodectl record tail' shows them\n",
                json_array_size(results), json_array_size(list));
    json_decref(list);
    json_decref(results);
    return err;
}

/* ---- amend */

/* A word after the name is a REF when it has a slash, a pin or only digits, else an engagement. */
static bool is_ref(const char *word)
{
    return strpbrk(word, "/@") != NULL || strspn(word, "0123456789") == strlen(word);
}

/* Whether answer holds an engagement, with what it says; word: what was asked for. */
static enum err read_engagement(const struct control_answer *answer, const char *word, json_t **statement)
{
    const char *type = json_string_value(json_object_get(answer->body, "type"));
    if (type != NULL && strcmp(type, "retraction") == 0)
        return errors_fail(E_UNMET, "what was retracted stays so; say it anew with 'nodectl record add'",
                           "%s is retracted, by %s", word,
                           json_string_value(json_object_get(answer->body, "ref")));
    if (type != NULL && strcmp(type, "engagement") != 0)
        return errors_fail(E_USAGE, "'nodectl record ls' shows which records are engagements",
                           "%s is %s %s, and only engagements can be amended", word,
                           strchr("aeiou", type[0]) != NULL ? "an" : "a", type);
    if (answer->n_blobs < 3 || answer->blobs[2].len == 0)
        return fail(E_NOT_FOUND, "the payload of %s is not here", word);
    return payload_to_json(TYPE_ENGAGEMENT, buf_view(&answer->blobs[2]), statement);
}

/* Whatever record names it, what is said now is built upon: what an amendment between changed stays changed.
 */
static enum err fetch(struct ctl *ctl, const char *word, json_t **statement)
{
    AUTO(control_request_clear)
    struct control_request request =
        cmd_request("record.show", is_ref(word) ? "ref" : "engagement", word, NULL);
    AUTO(control_answer_clear) struct control_answer named = { 0 };
    AUTO(control_answer_clear) struct control_answer current = { 0 };
    TRY(cmd_call(ctl, &request, &named));
    if (!is_ref(word))
        return read_engagement(&named, word, statement);
    TRY(read_engagement(&named, word, statement));
    json_decref(*statement);
    *statement = NULL;

    cmd_param(&request, "current", "1");
    TRY(cmd_call(ctl, &request, &current));
    TRY(read_engagement(&current, word, statement));
    const char *ref = json_string_value(json_object_get(current.body, "ref"));
    if (!json_equal(json_object_get(named.body, "id"), json_object_get(current.body, "id")) && ref != NULL)
        out_remark(&ctl->out, "%s is not what is said now: that is %s.", word, ref);
    return E_OK;
}

/* The current statement with the changes in it, without what belongs to the old record only. */
static enum err amended(struct ctl *ctl, const char *ref, json_t **statement)
{
    static const char *const old_only[] = { "amends", "change", "reissues", "unknown_fields" };
    const char *file = args_text(&ctl->args, "file");
    if (file != NULL) {
        json_t *list = json_array();
        enum err err = input_statements(file, list);
        if (err == E_OK && json_array_size(list) != 1)
            err = fail(E_USAGE, "%s holds %zu statements, and one is amended", file, json_array_size(list));
        *statement = err == E_OK ? json_incref(json_array_get(list, 0)) : NULL;
        json_decref(list);
        TRY(err);
    } else {
        TRY(fetch(ctl, ref, statement));
    }
    for (size_t i = 0; i < sizeof old_only / sizeof *old_only; i++)
        json_object_del(*statement, old_only[i]);
    TRY(edit_apply(*statement, &ctl->args));
    return check_whole(*statement);
}

static enum err send_amended(struct ctl *ctl, const char *word, const json_t *statement)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    TRY(payload_from_json(TYPE_ENGAGEMENT, statement, &payload));
    if (args_flag(&ctl->args, "dry-run")) {
        out_json(&ctl->out, statement);
        out_remark(&ctl->out, "Nothing was written (--dry-run).");
        return E_OK;
    }
    AUTO(control_request_clear)
    struct control_request request = cmd_request("record.amend", is_ref(word) ? "ref" : "engagement", word,
                                                 "change", args_text(&ctl->args, "change"), NULL);
    control_request_blob(&request, buf_view(&payload));
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    out_list(&ctl->out, answer.body, "results", columns, "nothing was changed");
    return E_OK;
}

enum err cmd_record_amend(struct ctl *ctl)
{
    const char *word = ctl->args.words[0];
    cmd_doing(ctl, "amend %s", word);
    json_t *statement = NULL;
    enum err err = amended(ctl, word, &statement);
    if (err == E_OK)
        err = send_amended(ctl, word, statement);
    json_decref(statement);
    return err;
}

/* ---- retract */

static enum err show_what(struct ctl *ctl, const char *word)
{
    json_t *statement = NULL;
    enum err err = fetch(ctl, word, &statement);
    if (err == E_OK) {
        out_json(&ctl->out, statement);
        out_remark(&ctl->out, "It would be retracted; nothing was changed (--dry-run).");
    }
    json_decref(statement);
    return err;
}

enum err cmd_record_retract(struct ctl *ctl)
{
    const char *word = ctl->args.words[0], *reason = args_text(&ctl->args, "reason");
    cmd_doing(ctl, "retract %s", word);
    if (reason == NULL) {
        AUTO(buf_clear) struct buf hint = { 0 };
        buf_text(&hint, "--reason with one of ");
        args_words(REASONS, &hint);
        return errors_fail(E_USAGE, buf_string(&hint), "a retraction needs its reason");
    }
    if (args_flag(&ctl->args, "dry-run"))
        return show_what(ctl, word);
    AUTO(control_request_clear)
    struct control_request request =
        cmd_request("record.retract", is_ref(word) ? "ref" : "engagement", word, "reason", reason, "note",
                    args_text(&ctl->args, "note"), NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    out_list(&ctl->out, answer.body, "results", columns, "nothing was changed");
    return E_OK;
}
