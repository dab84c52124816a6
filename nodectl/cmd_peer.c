/* peer: who belongs to this hub, or whom this node dials. */
#include "nodectl/cmd.h"

#include <string.h>

const struct arg_option options_peer_ls[] = {
    { "state", 0, ARG_WORD, "STATE",
      "connected away invited pending suspended removed joining connecting refused",
      "only those in this state" },
    { "limit", 0, ARG_NUMBER, "N", NULL, "at most so many rows" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

const struct arg_option options_dangerous[] = {
    { "yes", 'y', ARG_FLAG, NULL, NULL, "do not ask" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "show what would be done, and do nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

#define REASONS "@SuspensionReason"

const struct arg_option options_peer_suspend[] = {
    { "reason", 0, ARG_WORD, "WORD", REASONS, "why; it stands in the log for everyone" },
    { "yes", 'y', ARG_FLAG, NULL, NULL, "do not ask" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "show what would be done, and do nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct out_column columns[] = {
    { "name", "name", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "state", "state", OUT_STATE, OUT_WHOLE },
    { "role", "role", OUT_TEXT, OUT_WHOLE },
    { "since", "since", OUT_TIME, OUT_WHOLE },
    { "last_contact", "last contact", OUT_TIME, OUT_WHOLE },
    { "behind_records", "behind", OUT_NUMBER, 0 },
    { "held_records", "held", OUT_NUMBER, 0 },
    { "endpoint", "endpoint", OUT_TEXT, 0 },
    { "reason", "reason", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static const struct out_column fields[] = {
    { "name", "name", OUT_TEXT, OUT_NAMES },
    { "author", "author", OUT_TEXT, 0 },
    { "title", "title", OUT_TEXT, 0 },
    { "geoid", "geoid", OUT_TEXT, 0 },
    { "state", "state", OUT_STATE, 0 },
    { "role", "role", OUT_TEXT, 0 },
    { "reason", "reason", OUT_TEXT, 0 },
    { "since", "since", OUT_TIME, 0 },
    { "last_contact", "last contact", OUT_TIME, 0 },
    { "behind_records", "behind by records", OUT_NUMBER, 0 },
    { "held_records", "records held", OUT_NUMBER, 0 },
    { "acknowledged", "acknowledged", OUT_NUMBER, 0 },
    { "endpoint", "endpoint", OUT_TEXT, 0 },
    { "key", "transport key", OUT_TEXT, 0 },
    { "software", "software", OUT_TEXT, 0 },
    { "last_error", "last error", OUT_TEXT, 0 },
    { "refused.seq", "refused record", OUT_NUMBER, 0 },
    { "refused.code", "refused for", OUT_TEXT, 0 },
    { "refused.detail", "refused because", OUT_TEXT, 0 },
    { "refused.since", "refused since", OUT_TIME, 0 },
    { "refused.waiting_records", "waiting behind it", OUT_NUMBER, 0 },
    { "refused.acknowledged", "acknowledged at", OUT_TIME, 0 },
    { "refused.later.seq", "refused later record", OUT_NUMBER, 0 },
    { "refused.later.code", "refused later for", OUT_TEXT, 0 },
    { "refused.later.since", "refused later at", OUT_TIME, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

enum err cmd_peer_ls(struct ctl *ctl)
{
    cmd_doing(ctl, "list the peers");
    AUTO(control_request_clear)
    struct control_request request = cmd_request("peer.ls", "state", args_text(&ctl->args, "state"), NULL);
    json_t *body;
    TRY(cmd_pages(ctl, &request, "peers", args_number(&ctl->args, "limit", 0), &body));
    out_list(&ctl->out, body, "peers", columns,
             ctl->home.role == HOME_HUB ? "no peers; 'nodectl invite --for NAME' invites one"
                                        : "no hub; 'nodectl join' with a token enrols at one");
    json_decref(body);
    return E_OK;
}

static enum err act(struct ctl *ctl, const char *command, const char *reason)
{
    AUTO(control_request_clear)
    struct control_request request = cmd_request(command, "peer", ctl->args.words[0], "reason", reason, NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    out_object(&ctl->out, answer.body, fields);
    return E_OK;
}

enum err cmd_peer_show(struct ctl *ctl)
{
    cmd_doing(ctl, "show \"%s\"", ctl->args.words[0]);
    return act(ctl, "peer.show", NULL);
}

/* Finds the peer first: the plan names it whole, and its name has to be typed. */
static enum err plan(struct ctl *ctl, const char *verb, const char *consequence, bool *go)
{
    cmd_doing(ctl, "%s \"%s\"", verb, ctl->args.words[0]);
    AUTO(control_request_clear)
    struct control_request request = cmd_request("peer.show", "peer", ctl->args.words[0], NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));

    const char *name = json_string_value(json_object_get(answer.body, "name"));
    const char *author = json_string_value(json_object_get(answer.body, "author"));
    if (name == NULL || name[0] == 0)
        name = author != NULL ? author : ctl->args.words[0];
    AUTO(buf_clear) struct buf text = { 0 };
    buf_printf(&text, "This will %s %s", verb, name);
    if (author != NULL)
        buf_printf(&text, " (author %.16s...)", author);
    const json_t *held = json_object_get(answer.body, "held_records");
    if (json_is_integer(held))
        buf_printf(&text, ", of which %" JSON_INTEGER_FORMAT " records are held", json_integer_value(held));
    buf_printf(&text, ".\n%s", consequence);
    return cmd_confirm(ctl, buf_string(&text), name, go);
}

enum err cmd_peer_rm(struct ctl *ctl)
{
    bool go;
    TRY(cmd_connect(ctl));
    const char *consequence = "This node stops dialing it. Records that only wait for it stay here.";
    if (ctl->home.role == HOME_HUB)
        consequence =
            "A member is suspended until 'nodectl peer resume', and its keys are denied; its records "
            "stay in the log.\n"
            "One that waits for admission is forgotten, and the invite that it used is revoked.";
    TRY(plan(ctl, "remove", consequence, &go));
    return go ? act(ctl, "peer.rm", NULL) : E_OK;
}

enum err cmd_peer_suspend(struct ctl *ctl)
{
    const char *reason = args_text(&ctl->args, "reason");
    if (reason == NULL) {
        AUTO(buf_clear) struct buf hint = { 0 };
        buf_text(&hint, "--reason with one of ");
        args_words(REASONS, &hint);
        return errors_fail(E_USAGE, buf_string(&hint),
                           "peer suspend needs --reason: it stands in the log for everyone");
    }
    bool go;
    TRY(plan(ctl, "suspend",
             "It cannot connect until 'nodectl peer resume'. Its records stay; the suspension is logged.",
             &go));
    return go ? act(ctl, "peer.suspend", reason) : E_OK;
}

enum err cmd_peer_resume(struct ctl *ctl)
{
    cmd_doing(ctl, "resume \"%s\"", ctl->args.words[0]);
    if (args_flag(&ctl->args, "dry-run"))
        return cmd_peer_show(ctl);
    return act(ctl, "peer.resume", NULL);
}

enum err cmd_peer_admit(struct ctl *ctl)
{
    bool go;
    TRY(plan(ctl, "admit", "Compare the author with what the jurisdiction told you by another way first.",
             &go));
    return go ? act(ctl, "peer.admit", NULL) : E_OK;
}

/* As the daemon finds it when it is asked in earnest. */
static enum err check_refused(const json_t *refused)
{
    if (refused == NULL)
        return errors_fail(E_NOT_FOUND, "'nodectl doctor' tells what is wrong, if anything is",
                           "nothing of this feed was refused");
    if (json_is_string(json_object_get(refused, "acknowledged")))
        return errors_fail(E_EXISTS, "'nodectl peer show PEER' tells since when",
                           "what was refused of this feed is acknowledged already");
    return E_OK;
}

enum err cmd_peer_acknowledge(struct ctl *ctl)
{
    const char *peer = ctl->args.words[0];
    cmd_doing(ctl, "acknowledge what was refused of \"%s\"", peer);
    if (args_flag(&ctl->args, "dry-run")) {
        AUTO(control_request_clear)
        struct control_request request = cmd_request("peer.show", "peer", peer, NULL);
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        TRY(cmd_call(ctl, &request, &answer));
        TRY(check_refused(json_object_get(answer.body, "refused")));
        out_object(&ctl->out, answer.body, fields);
        return E_OK;
    }
    return act(ctl, "peer.acknowledge", NULL);
}
