/* status: who am I, who are my peers, how far behind, what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nodectl/cmd.h"

#define WATCH_EVERY_MS 1000
#define WAIT_EVERY_MS 50
#define WAIT_MS 60000

const struct arg_option options_status[] = {
    { "watch", 'w', ARG_FLAG, NULL, NULL, "again every second, until interrupted" },
    { "check", 0, ARG_FLAG, NULL, NULL, "exit 0 when all is well, 1 for a warning, 2 when critical" },
    { "wait-view", 0, ARG_FLAG, NULL, NULL,
      "at a hub: first wait until the view has all of the log (--timeout, 60s)" },
    { "wait-outbox", 0, ARG_FLAG, NULL, NULL, "at a node: first wait until a hub has all records" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

static const struct out_column fields[] = {
    { "name", "name", OUT_TEXT, OUT_NAMES },
    { "title", "title", OUT_TEXT, 0 },
    { "state", "state", OUT_STATE, 0 },
    { "program", "program", OUT_TEXT, 0 },
    { "version", "version", OUT_TEXT, 0 },
    { "home", "home", OUT_TEXT, 0 },
    { "author", "author", OUT_TEXT, 0 },
    { "uptime_seconds", "up for", OUT_SECONDS, 0 },
    { "feed.next", "own records", OUT_NUMBER, 0 },
    { "feed.epoch", "epoch", OUT_NUMBER, 0 },
    { "store.records", "records held", OUT_NUMBER, 0 },
    { "store.used_bytes", "store uses", OUT_BYTES, 0 },
    { "store.disk_free_bytes", "disk free", OUT_BYTES, 0 },
    { "store.incarnation", "incarnation", OUT_NUMBER, 0 },
    { "outbox.records", "outbox", OUT_NUMBER, 0 },
    { "outbox.oldest_seconds", "oldest waits", OUT_SECONDS, 0 },
    { "endpoint", "endpoint", OUT_TEXT, 0 },
    { "log.size", "log size", OUT_NUMBER, 0 },
    { "log.root", "log root", OUT_TEXT, 0 },
    { "view.engagements", "engagements", OUT_NUMBER, 0 },
    { "view.lag_records", "view behind by", OUT_NUMBER, 0 },
    { "view.lag_seconds", "view behind since", OUT_SECONDS, 0 },
    { "sessions.connected", "connected", OUT_NUMBER, 0 },
    { "sessions.admitted", "admitted", OUT_NUMBER, 0 },
    { "sessions.pending", "pending", OUT_NUMBER, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static const struct out_column peer_columns[] = {
    { "name", "peer", OUT_TEXT, OUT_NAMES },
    { "state", "state", OUT_STATE, OUT_WHOLE },
    { "since", "since", OUT_TIME, OUT_WHOLE },
    { "behind_records", "behind", OUT_NUMBER, 0 },
    { "acknowledged", "acknowledged", OUT_NUMBER, 0 },
    { "last_contact_seconds", "last contact", OUT_SECONDS, OUT_WHOLE },
    { "endpoint", "endpoint", OUT_TEXT, 0 },
    { "last_error", "last error", OUT_TEXT, 0 },
    { NULL, NULL, OUT_TEXT, 0 },
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void print_alarms(struct ctl *ctl, const json_t *alarms)
{
    size_t i;
    json_t *alarm;
    json_array_foreach(alarms, i, alarm)
    {
        bool critical = strcmp(text_of(alarm, "state"), "crit") == 0;
        out_state(&ctl->out, critical ? "CRIT" : "WARN", &ctl->out.text);
        out_printf(&ctl->out, " ");
        out_escaped(&ctl->out, text_of(alarm, "text"));
        if (text_of(alarm, "advice")[0] != 0) {
            out_printf(&ctl->out, ": ");
            out_escaped(&ctl->out, text_of(alarm, "advice"));
        }
        out_printf(&ctl->out, "\n");
    }
}

static void print_status(struct ctl *ctl, const json_t *body)
{
    out_object(&ctl->out, body, fields);
    if (ctl->out.format != OUT_TABLE)
        return;
    if (json_array_size(json_object_get(body, "peers")) > 0) {
        out_printf(&ctl->out, "\n");
        out_list(&ctl->out, body, "peers", peer_columns, "");
    }
    if (json_array_size(json_object_get(body, "alarms")) > 0)
        out_printf(&ctl->out, "\n");
    print_alarms(ctl, json_object_get(body, "alarms"));
}

static json_int_t number(const json_t *body, const char *key)
{
    return json_integer_value(out_member(body, key));
}

/* For pipes and journals: one line a look. */
static void print_line(struct ctl *ctl, const json_t *body)
{
    out_printf(&ctl->out, "state=%s name=%s records=%lld", text_of(body, "state"), text_of(body, "name"),
               (long long)number(body, "store.records"));
    if (ctl->home.role == HOME_HUB) {
        out_printf(&ctl->out, " log=%lld view_lag=%lld connected=%lld", (long long)number(body, "log.size"),
                   (long long)number(body, "view.lag_records"),
                   (long long)number(body, "sessions.connected"));
    } else {
        const json_t *peer = json_array_get(json_object_get(body, "peers"), 0);
        out_printf(&ctl->out, " outbox=%lld hub=%s", (long long)number(body, "outbox.records"),
                   peer != NULL ? text_of(peer, "state") : "none");
    }
    out_printf(&ctl->out, "\n");
}

static enum err ask(struct ctl *ctl, json_t **body)
{
    AUTO(control_request_clear) struct control_request request = cmd_request("status", NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    if (!json_is_object(answer.body))
        return fail(E_MALFORMED, "the daemon's answer says nothing");
    *body = json_incref(answer.body);
    return E_OK;
}

static void print_look(struct ctl *ctl, const json_t *body)
{
    if (ctl->out.format == OUT_TABLE && ctl->out.tty) {
        out_printf(&ctl->out, "\x1b[H\x1b[J");
        print_status(ctl, body);
        out_printf(&ctl->out, "\n(interrupt with Ctrl-C)\n");
    } else if (ctl->out.format == OUT_TABLE) {
        print_line(ctl, body);
    } else if (ctl->out.format == OUT_JSON) {
        out_json_line(&ctl->out, body);
    } else {
        print_status(ctl, body);
    }
}

static enum err watch(struct ctl *ctl)
{
    do {
        json_t *body = NULL;
        TRY(ask(ctl, &body));
        print_look(ctl, body);
        json_decref(body);
        TRY(out_flush(&ctl->out));
    } while (cmd_pause(WATCH_EVERY_MS));
    return E_OK;
}

/* Looks until what is waited for is down to nothing. */
static enum err wait_for(struct ctl *ctl, const char *key, const char *what, json_t **body)
{
    uint64_t until = clock_mono_ms() + args_number(&ctl->args, "timeout", WAIT_MS);
    for (;;) {
        TRY(ask(ctl, body));
        json_int_t left = number(*body, key);
        if (left == 0 && out_member(*body, key) != NULL)
            return E_OK;
        json_decref(*body);
        *body = NULL;
        if (clock_mono_ms() >= until)
            return fail(E_TIMEOUT, "%s %" JSON_INTEGER_FORMAT " records behind still", what, left);
        if (!cmd_pause(WAIT_EVERY_MS))
            return fail(E_TIMEOUT, "interrupted");
    }
}

static enum err look(struct ctl *ctl, json_t **body)
{
    bool view = args_flag(&ctl->args, "wait-view"), outbox = args_flag(&ctl->args, "wait-outbox");
    if (!view && !outbox)
        return ask(ctl, body);
    TRY(cmd_home(ctl));
    if (view != (ctl->home.role == HOME_HUB))
        return errors_fail(E_USAGE, "a hub has a view, a node has an outbox", "%s cannot be waited for at %s",
                           view ? "--wait-view" : "--wait-outbox", ctl->home.inception.name);
    if (view)
        return wait_for(ctl, "view.lag_records", "the view is", body);
    return wait_for(ctl, "outbox.records", "the hub is", body);
}

enum err cmd_status(struct ctl *ctl)
{
    cmd_doing(ctl, "get the status");
    bool check = args_flag(&ctl->args, "check");
    if (args_flag(&ctl->args, "watch"))
        return watch(ctl);

    json_t *body = NULL;
    enum err err = look(ctl, &body);
    if (err != E_OK) {
        ctl->exit = check && err == E_UNREACHABLE ? 2 : -1; /* a daemon that is down is critical */
        return err;
    }
    print_status(ctl, body);
    const char *state = text_of(body, "state");
    if (check)
        ctl->exit = strcmp(state, "crit") == 0 ? 2 : strcmp(state, "warn") == 0 ? 1 : 0;
    json_decref(body);
    return E_OK;
}
