/* invite: one-line tokens with which nodes enrol. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "nodectl/cmd.h"

#define NAMES_IN_ONE_REQUEST 1000

const struct arg_option options_invite[] = {
    { "for", 0, ARG_TEXT, "NAME", NULL, "whom it is for: us-oh-dayton; it is then admitted by itself" },
    { "names", 0, ARG_TEXT, "FILE", NULL, "one invite for each name in FILE (- for stdin), one a line" },
    { "expires", 0, ARG_DURATION, "TIME", NULL, "how long it can be used (72h)" },
    { "no-auto-admit", 0, ARG_FLAG, NULL, NULL, "an operator admits it by hand" },
    { "endpoint", 0, ARG_TEXT, "URL", NULL, "where to dial, when not as configured: tcp://HOST:PORT" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "check the names, and make nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_list[] = {
    { "limit", 0, ARG_NUMBER, "N", NULL, "at most so many rows" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_dry_run[] = {
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "show what would be done, and do nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

/* -o name prints the tokens: that is what scripts hand on. */
static const struct out_column columns[] = {
    { "name", "name", OUT_TEXT, OUT_WHOLE },
    { "expires", "expires", OUT_TIME, OUT_WHOLE },
    { "token", "token", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "id", "id", OUT_TEXT, OUT_WHOLE },
    { NULL, NULL, OUT_TEXT, 0 },
};

static const struct out_column list_columns[] = {
    { "id", "id", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "name", "name", OUT_TEXT, OUT_WHOLE },
    { "expires", "expires", OUT_TIME, 0 },
    { "state", "state", OUT_STATE, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static enum err check_name(const char *name, const char *file, size_t line)
{
    AUTO(buf_clear) struct buf slug = { 0 };
    if (text_is_name(name))
        return E_OK;
    text_slug(&slug, bytes_text(name));
    if (slug.len > 0)
        errors_hint("perhaps %s; small letters, digits and dashes, like us-oh-dayton", buf_string(&slug));
    else
        errors_hint("small letters, digits and dashes, like us-oh-dayton");
    if (file != NULL)
        return fail(E_USAGE, "%s:%zu: \"%s\" is no name", file, line, name);
    return fail(E_USAGE, "\"%s\" is no name", name);
}

/* The names of a file, checked, NUL-terminated in place. */
static enum err read_names(const char *path, struct buf *text, const char ***names, size_t *count)
{
    TRY(cmd_read(path, 16 << 20, text));
    buf_string(text);
    size_t line = 0;
    for (char *at = (char *)text->data, *end = at + text->len; at < end;) {
        size_t len = strcspn(at, "\n");
        line++;
        char *next = at + len + 1;
        at[len] = 0;
        while (len > 0 && strchr(" \t\r", at[len - 1]) != NULL)
            at[--len] = 0;
        if (len > 0 && at[0] != '#') {
            TRY(check_name(at, path, line));
            *names = mem_resize(*names, (*count + 1) * sizeof **names);
            (*names)[(*count)++] = at;
        }
        at = next;
    }
    if (*count == 0)
        return fail(E_USAGE, "%s names nobody", path);
    return E_OK;
}

static enum err make_some(struct ctl *ctl, const char **names, size_t count, json_t *invites)
{
    AUTO(buf_clear) struct buf joined = { 0 };
    for (size_t i = 0; i < count; i++)
        buf_printf(&joined, "%s%s", i > 0 ? "\n" : "", names[i]);
    char expires[32];
    snprintf(expires, sizeof expires, "%llu", (unsigned long long)args_number(&ctl->args, "expires", 0));
    AUTO(control_request_clear)
    struct control_request request =
        cmd_request("invite.new", "for", count > 0 ? buf_string(&joined) : NULL, "expires_ms",
                    args_flag(&ctl->args, "expires") ? expires : NULL, "auto_admit",
                    args_flag(&ctl->args, "no-auto-admit") ? "0" : NULL, "endpoint",
                    args_text(&ctl->args, "endpoint"), NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    if (answer.hint[0] != 0 && json_array_size(invites) == 0) /* once is enough */
        out_remark(&ctl->out, "hint: %s", answer.hint);
    json_array_extend(invites, json_object_get(answer.body, "invites"));
    return E_OK;
}

static void print_invites(struct ctl *ctl, json_t *invites, bool many)
{
    json_t *body = json_pack("{s:O}", "invites", invites);
    const char *token = json_string_value(json_object_get(json_array_get(invites, 0), "token"));
    if (!many && ctl->out.format == OUT_TABLE && token != NULL)
        out_printf(&ctl->out, "%s\n", token);
    else
        out_list(&ctl->out, body, "invites", columns, "no invites");
    json_decref(body);
    out_remark(&ctl->out, "%s",
               many ? "Each token can be used once; send each by a way you trust."
                    : "The token can be used once; send it by a way you trust.");
}

static enum err make_all(struct ctl *ctl, const char **names, size_t count, bool many)
{
    if (args_flag(&ctl->args, "dry-run")) {
        TRY(cmd_connect(ctl));
        out_remark(&ctl->out, "%zu invites would be made.", count > 0 ? count : 1);
        return E_OK;
    }
    json_t *invites = json_array();
    enum err err = count == 0 ? make_some(ctl, NULL, 0, invites) : E_OK;
    for (size_t i = 0; i < count && err == E_OK; i += NAMES_IN_ONE_REQUEST)
        err = make_some(ctl, names + i, count - i < NAMES_IN_ONE_REQUEST ? count - i : NAMES_IN_ONE_REQUEST,
                        invites);
    if (err == E_OK)
        print_invites(ctl, invites, many);
    json_decref(invites);
    return err;
}

enum err cmd_invite(struct ctl *ctl)
{
    const char *name = args_text(&ctl->args, "for"), *file = args_text(&ctl->args, "names");
    if (name != NULL && file != NULL)
        return errors_fail(E_USAGE, "choose one", "--for and --names do not go together");
    AUTO(buf_clear) struct buf text = { 0 };
    AUTO(free_ptr) const char **names = NULL;
    size_t count = 0;
    cmd_doing(ctl, "invite");
    if (name != NULL)
        TRY(check_name(name, NULL, 0));
    if (file != NULL) {
        TRY(read_names(file, &text, &names, &count));
        return make_all(ctl, names, count, true);
    }
    return make_all(ctl, &name, name != NULL, false);
}

enum err cmd_invite_ls(struct ctl *ctl)
{
    cmd_doing(ctl, "list the invites");
    AUTO(control_request_clear) struct control_request request = cmd_request("invite.ls", NULL);
    json_t *body;
    TRY(cmd_pages(ctl, &request, "invites", args_number(&ctl->args, "limit", 0), &body));
    out_list(&ctl->out, body, "invites", list_columns, "no invites");
    json_decref(body);
    return E_OK;
}

enum err cmd_invite_revoke(struct ctl *ctl)
{
    static const struct out_column fields[] = { { "id", "revoked", OUT_TEXT, OUT_NAMES },
                                                { NULL, NULL, OUT_TEXT, 0 } };
    cmd_doing(ctl, "revoke invite \"%s\"", ctl->args.words[0]);
    if (args_flag(&ctl->args, "dry-run")) {
        out_remark(&ctl->out, "Invite %s would be revoked.", ctl->args.words[0]);
        return E_OK;
    }
    AUTO(control_request_clear)
    struct control_request request = cmd_request("invite.revoke", "id", ctl->args.words[0], NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    out_object(&ctl->out, answer.body, fields);
    return E_OK;
}
