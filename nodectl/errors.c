#include "nodectl/errors.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static _Thread_local char hint[512];

enum exit_code errors_exit(enum err code)
{
    return (enum exit_code)err_exit(code);
}

void errors_hint(const char *format, ...)
{
    char text[sizeof hint];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(hint, text, sizeof hint);
}

const char *errors_hint_text(void)
{
    return hint;
}

enum err errors_fail(enum err code, const char *help, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    errors_hint("%s", help);
    return fail(code, "%s", text);
}

/* What can always be said when nobody said something better. */
static const char *usual_hint(enum err code)
{
    switch (code) {
    case E_FULL:
        return "make room on that disk, or raise store_map when the map is full; nothing that was answered "
               "for is lost";
    case E_IO:
        return "see the daemon's log and 'nodectl doctor'";
    case E_BUSY:
        return "try again in a moment";
    case E_CORRUPT:
    case E_BROKEN_CHAIN:
    case E_BAD_SIGNATURE:
        return "keep the home as it is, and compare with a backup or with the hub's copy";
    case E_VERSION:
        return "use the nodectl that came with the daemon; 'nodectl version' tells this one's";
    case E_TIMEOUT:
        return "ask again, or wait longer with --timeout 2m";
    default:
        return "";
    }
}

static const char *code_word(enum err code, int exit)
{
    return exit == EXIT_INTERRUPTED ? "interrupted" : err_name(code);
}

static void print_json(FILE *to, const char *message, const char *help, enum err code, int exit)
{
    json_t *root = json_pack("{s:{s:s, s:s%, s:s, s:i}}", "error", "code", code_word(code, exit), "message",
                             message, strlen(message), "hint", help, "exit", exit);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    fprintf(to, "%s\n", text != NULL ? text : "{\"error\":{\"code\":\"malformed\",\"exit\":1}}");
    free_ptr(&text);
    json_decref(root);
}

void errors_print(FILE *to, bool json, const char *doing, enum err code, int exit)
{
    AUTO(buf_clear) struct buf message = { 0 };
    AUTO(buf_clear) struct buf help = { 0 };
    const char *why = err_message()[0] != 0 ? err_message() : err_name(code);
    if (doing[0] != 0 && strncmp(why, "cannot ", 7) != 0)
        buf_printf(&message, "cannot %s: ", doing);
    text_escape(&message, bytes_text(why));
    text_escape(&help, bytes_text(hint[0] != 0 ? hint : usual_hint(code)));

    if (json) {
        print_json(to, buf_string(&message), buf_string(&help), code, exit);
        return;
    }
    fprintf(to, "nodectl: %s\n", buf_string(&message));
    if (help.len > 0)
        fprintf(to, "hint: %s\n", buf_string(&help));
}
