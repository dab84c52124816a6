/* join: enrol this node at a hub with a token, and wait until the hub has taken it. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "core/token.h"
#include "nodectl/cmd.h"

#define WAIT_MS 60000
#define LOOK_EVERY_MS 200

const struct arg_option options_join[] = {
    { "no-wait", 0, ARG_FLAG, NULL, NULL, "do not wait until the hub has taken this node" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "read the token, say what it names, and do nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct out_column fields[] = {
    { "hub", "hub", OUT_TEXT, OUT_NAMES },
    { "name", "name", OUT_TEXT, 0 },
    { "endpoint", "endpoint", OUT_TEXT, 0 },
    { "state", "state", OUT_STATE, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static void forget(struct buf *text)
{
    if (text->data != NULL)
        explicit_bzero(text->data, text->cap);
    buf_clear(text);
}

/* A token is as good as a key: it is read without being shown. */
static enum err prompt(struct buf *out)
{
    struct termios old, quiet;
    if (tcgetattr(STDIN_FILENO, &old) != 0)
        return cmd_read("-", 65536, out);
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fputs("Token: ", stderr);
    fflush(stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    char line[4096];
    bool got = false;
    do
        got = fgets(line, sizeof line, stdin) != NULL;
    while (got && strspn(line, " \t\r\n") == strlen(line));
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fputc('\n', stderr);
    if (got)
        buf_text(out, line);
    explicit_bzero(line, sizeof line);
    return got ? E_OK : fail(E_USAGE, "no token was given");
}

static enum err read_token(struct ctl *ctl, struct buf *text)
{
    if (ctl->args.n_words > 0 && strcmp(ctl->args.words[0], "-") != 0) {
        buf_text(text, ctl->args.words[0]);
        out_remark(&ctl->out,
                   "Others on this machine can see a token on the command line; standard input hides it.");
    } else if (isatty(STDIN_FILENO)) {
        TRY(prompt(text));
    } else {
        TRY(cmd_read("-", 65536, text));
    }
    buf_string(text);
    size_t blank = strspn((const char *)text->data, " \t\r\n"); /* out of a mail */
    memmove(text->data, text->data + blank, text->len + 1 - blank);
    text->len -= blank;
    while (text->len > 0 && strchr(" \t\r\n", text->data[text->len - 1]) != NULL)
        text->data[--text->len] = 0;
    if (text->len == 0)
        return errors_fail(E_USAGE, "the hub's operator makes one with 'nodectl invite --for NAME'",
                           "no token was given");
    return E_OK;
}

static enum err check_token(const char *text, struct token *token)
{
    enum err err = token_decode(text, token);
    if (err == E_VERSION)
        return err;
    if (err != E_OK) {
        AUTO(buf_clear) struct buf why = { 0 };
        buf_text(&why, err_message());
        return errors_fail(E_USAGE,
                           "copy it whole: one line from 'nodectl invite', beginning with chancery1-",
                           "the token is not right: %s", buf_string(&why));
    }
    if (token->expires_ms != 0 && token->expires_ms < clock_wall_ms()) {
        char when[25];
        time_format(token->expires_ms, when);
        return errors_fail(E_DENIED, "ask the hub's operator for a new one", "the token expired at %s", when);
    }
    return E_OK;
}

/* Of the peers in a status, the hub of this token. */
static const json_t *find_hub(const json_t *status, const struct token *token)
{
    const json_t *peers = json_object_get(status, "peers");
    size_t i;
    json_t *peer;
    json_array_foreach(peers, i, peer)
    {
        const char *endpoint = json_string_value(json_object_get(peer, "endpoint"));
        if (endpoint != NULL && strcmp(endpoint, token->endpoint) == 0)
            return peer;
    }
    return json_array_size(peers) == 1 ? json_array_get(peers, 0) : NULL;
}

/* closed: how many looks running have found the invite not let in; the first may be of a token before this
 * one.
 */
static enum err look(struct ctl *ctl, const struct token *token, json_t *joined, unsigned *closed,
                     bool *there)
{
    AUTO(control_request_clear) struct control_request request = cmd_request("status", NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    const json_t *peer = find_hub(answer.body, token);
    const char *state = json_string_value(json_object_get(peer, "state"));
    const char *error = json_string_value(json_object_get(peer, "last_error"));
    if (json_object_get(peer, "name") != NULL)
        json_object_set(joined, "name", json_object_get(peer, "name"));
    if (state == NULL)
        return E_OK;
    json_object_set_new(joined, "state", json_string(state));
    if (error != NULL && error[0] != 0)
        json_object_set_new(joined, "last_error", json_string(error));
    *there = strcmp(state, "connected") == 0;
    *closed = json_is_true(json_object_get(peer, "closed")) ? *closed + 1 : 0;
    if (strcmp(state, "refused") == 0 || *closed > 1)
        return errors_fail(E_DENIED, "ask the hub's operator for a new token",
                           "the hub refuses this node: %s",
                           error != NULL && error[0] != 0 ? error : "no reason given");
    return E_OK;
}

static enum err wait_for_hub(struct ctl *ctl, const struct token *token, json_t *joined)
{
    uint64_t start = clock_mono_ms(), wait = args_number(&ctl->args, "timeout", WAIT_MS);
    unsigned closed = 0;
    for (uint64_t said = start;;) {
        bool there = false;
        TRY(look(ctl, token, joined, &closed, &there));
        if (there)
            return E_OK;
        uint64_t now = clock_mono_ms();
        if (now - start >= wait)
            break;
        if (now - said >= 10000) {
            said = now;
            out_remark(&ctl->out, "Still waiting for %s.", token->endpoint);
        }
        if (!cmd_pause(LOOK_EVERY_MS))
            return fail(E_TIMEOUT, "interrupted; the node goes on trying by itself");
    }
    const char *error = json_string_value(json_object_get(joined, "last_error"));
    errors_hint("the node goes on trying by itself; 'nodectl status' tells how it goes%s%s",
                error != NULL ? "; last: " : "", error != NULL ? error : "");
    return fail(E_TIMEOUT, "the hub at %s has not taken this node within %llu s", token->endpoint,
                (unsigned long long)(wait / 1000));
}

static enum err join(struct ctl *ctl, const char *text, const struct token *token, json_t **joined)
{
    AUTO(control_request_clear) struct control_request request = cmd_request("join", "token", text, NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    enum err err = cmd_call(ctl, &request, &answer);
    if (err == E_EXISTS && errors_hint_text()[0] == 0)
        errors_hint("this node has joined that hub already: 'nodectl peer ls'");
    TRY(err);
    *joined = json_incref(answer.body);
    json_object_set_new(*joined, "endpoint", json_string(token->endpoint));
    return E_OK;
}

static enum err join_with(struct ctl *ctl, const char *text)
{
    struct token token;
    TRY(check_token(text, &token));
    cmd_doing(ctl, "join the hub at %s", token.endpoint);
    if (token.name[0] != 0 && strcmp(token.name, ctl->home.inception.name) != 0) {
        errors_hint("it would have to be made with 'nodectl invite --for %s'", ctl->home.inception.name);
        return fail(E_DENIED, "the token is for %s, and this node is %s", token.name,
                    ctl->home.inception.name);
    }
    if (args_flag(&ctl->args, "dry-run")) {
        out_remark(&ctl->out, "This node would enrol at %s as %s.", token.endpoint, ctl->home.inception.name);
        return E_OK;
    }
    json_t *joined = NULL;
    enum err err = join(ctl, text, &token, &joined);
    if (err == E_OK && !args_flag(&ctl->args, "no-wait"))
        err = wait_for_hub(ctl, &token, joined);
    explicit_bzero(&token, sizeof token);
    if (err == E_OK)
        out_object(&ctl->out, joined, fields);
    json_decref(joined);
    return err;
}

enum err cmd_join(struct ctl *ctl)
{
    cmd_doing(ctl, "join");
    AUTO(forget) struct buf text = { 0 };
    TRY(cmd_home(ctl));
    TRY(read_token(ctl, &text));
    return join_with(ctl, buf_string(&text));
}
