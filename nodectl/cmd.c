#include "nodectl/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/service.h"
#include "base/file.h"
#include "base/limits.h"
#include "nodectl/hints.h"

#define DEFAULT_TIMEOUT_MS 30000
#define PAGE_ROWS 1000

/* A closed standard descriptor would become some socket, and be written to. */
void cmd_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY); /* the lowest that is free: fd */
}

/* What a signal handler can reach. */
static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

void cmd_signals(void)
{
    struct sigaction action = { .sa_handler = note_signal }; /* no SA_RESTART: waits end at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cmd_interrupted(void)
{
    return interrupted != 0;
}

bool cmd_pause(unsigned ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&time, NULL);
    return !cmd_interrupted();
}

void cmd_clear(struct ctl *ctl)
{
    control_disconnect(&ctl->client);
    args_clear(&ctl->args);
    out_clear(&ctl->out);
    if (ctl->home_known)
        home_clear(&ctl->home);
}

void cmd_doing(struct ctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ctl->doing, sizeof ctl->doing, format, args);
    va_end(args);
}

/* ---- the home and its daemon */

enum err cmd_home_path(const struct ctl *ctl, const char **path)
{
    *path = args_text(&ctl->args, "home");
    if (*path == NULL)
        *path = getenv("CHANCERY_HOME");
    if ((*path == NULL || (*path)[0] == 0) && file_exists(SERVICE_HOME))
        *path = SERVICE_HOME;
    if (*path == NULL || (*path)[0] == 0)
        return errors_fail(E_USAGE, "say --home DIR, or set CHANCERY_HOME",
                           "which home? none is named, and there is no %s", SERVICE_HOME);
    return E_OK;
}

static enum err check_place(const struct ctl *ctl)
{
    enum arg_place at = ctl->args.command->at;
    if (at == AT_HUB && ctl->home.role != HOME_HUB)
        return errors_fail(E_USAGE, "name the hub's home with --home DIR",
                           "%s is for a hub, and %s is a node's home", ctl->args.command->name,
                           ctl->home.path);
    if (at == AT_NODE && ctl->home.role != HOME_NODE)
        return errors_fail(E_USAGE, "name a node's home with --home DIR",
                           "%s is for a node, and %s is a hub's home", ctl->args.command->name,
                           ctl->home.path);
    return E_OK;
}

enum err cmd_home(struct ctl *ctl)
{
    if (ctl->home_known)
        return E_OK;
    const char *path;
    TRY(cmd_home_path(ctl, &path));
    enum err err = home_probe(path, &ctl->home);
    if (err == E_NOT_FOUND)
        errors_hint("make one with 'nodectl init node --home %s', or name another with --home", path);
    TRY(err);
    ctl->home_known = true;
    return check_place(ctl);
}

enum err cmd_connect(struct ctl *ctl)
{
    if (ctl->client != NULL)
        return E_OK;
    TRY(cmd_home(ctl));
    const char *program = ctl->home.role == HOME_HUB ? "hubd" : "noded";
    enum err err = control_connect(ctl->home.control, args_number(&ctl->args, "timeout", DEFAULT_TIMEOUT_MS),
                                   &ctl->client);
    cmd_signals(); /* czmq has put its own handlers in their place */
    if (err == E_UNREACHABLE)
        errors_hint("start it: '%s --home %s', or 'systemctl start %s'", program, ctl->home.path, program);
    else if (err == E_DENIED)
        errors_hint("act as the user that owns %s, with sudo -u", ctl->home.path);
    return err;
}

/* ---- asking */

void cmd_param(struct control_request *request, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_new(request->params, name, json_string(value));
}

struct control_request cmd_request(const char *command, ...)
{
    struct control_request request = { .params = json_object() };
    snprintf(request.command, sizeof request.command, "%s", command);
    va_list args;
    va_start(args, command);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;)
        cmd_param(&request, name, va_arg(args, const char *));
    va_end(args);
    return request;
}

enum err cmd_call(struct ctl *ctl, const struct control_request *request, struct control_answer *answer)
{
    *answer = (struct control_answer){ 0 };
    TRY(cmd_connect(ctl));
    TRY(control_call(ctl->client, request, answer));
    if (answer->code == E_OK)
        return E_OK;
    errors_hint("%s", answer->hint[0] != 0 ? answer->hint : hints_of(request->command, answer->code));
    return fail(answer->code, "%s", answer->message);
}

/* Moves the rows of one page behind those that are here; true when there is another page. */
static bool take_page(json_t *page, const char *list, json_t **body)
{
    if (*body == NULL) {
        *body = json_incref(page);
    } else {
        json_array_extend(json_object_get(*body, list), json_object_get(page, list));
        json_t *cursor = json_object_get(page, "cursor");
        if (cursor != NULL)
            json_object_set(*body, "cursor", cursor);
        else
            json_object_del(*body, "cursor");
    }
    return json_string_value(json_object_get(page, "cursor")) != NULL &&
           json_array_size(json_object_get(page, list)) > 0;
}

enum err cmd_pages(struct ctl *ctl, struct control_request *request, const char *list, size_t limit,
                   json_t **body)
{
    *body = NULL;
    for (bool more = true; more;) {
        size_t have = json_array_size(json_object_get(*body, list));
        size_t want = limit == 0 || limit - have > PAGE_ROWS ? PAGE_ROWS : limit - have;
        char number[24];
        snprintf(number, sizeof number, "%zu", want);
        cmd_param(request, "limit", number);
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        enum err err = cmd_call(ctl, request, &answer);
        if (err != E_OK) {
            json_decref(*body);
            *body = NULL;
            return err;
        }
        more = take_page(answer.body, list, body);
        cmd_param(request, "cursor", json_string_value(json_object_get(*body, "cursor")));
        if (limit > 0 && json_array_size(json_object_get(*body, list)) >= limit)
            more = false;
    }
    return E_OK;
}

/* ---- input */

static enum err read_stdin(size_t max, struct buf *out)
{
    for (;;) {
        buf_reserve(out, 65536);
        ssize_t n = read(STDIN_FILENO, out->data + out->len, 65536);
        if (n == 0)
            return E_OK;
        if (n < 0)
            return fail_errno(E_IO, "cannot read standard input");
        out->len += (size_t)n;
        if (out->len > max)
            return fail(E_TOO_BIG, "standard input has more than %zu bytes", max);
    }
}

enum err cmd_read(const char *path, size_t max, struct buf *out)
{
    if (strcmp(path, "-") == 0)
        return read_stdin(max, out);
    enum err err = file_read(path, max, out);
    if (err == E_NOT_FOUND)
        return fail(E_NOT_FOUND, "there is no file %s", path);
    return err;
}

static enum err ask_name(const char *name)
{
    char line[300];
    fprintf(stderr, "Type %s to go on: ", name);
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL)
        return fail(E_DENIED, "nothing was typed; nothing was changed");
    line[strcspn(line, "\r\n")] = 0;
    if (strcmp(line, name) != 0)
        return fail(E_DENIED, "\"%s\" is not %s; nothing was changed", line, name);
    return E_OK;
}

enum err cmd_confirm(struct ctl *ctl, const char *plan, const char *name, bool *go)
{
    *go = false;
    bool dry = args_flag(&ctl->args, "dry-run"), yes = args_flag(&ctl->args, "yes");
    if (!yes || dry)
        fprintf(stderr, "%s\n", plan);
    if (dry) {
        fprintf(stderr, "Nothing was changed (--dry-run).\n");
        return E_OK;
    }
    if (!yes && !isatty(STDIN_FILENO))
        return errors_fail(E_USAGE, "say --yes when you are sure", "there is no terminal to ask at");
    if (!yes)
        TRY(ask_name(name));
    *go = true;
    return E_OK;
}
