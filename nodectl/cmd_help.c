/* help, version: made from the table of commands, as is the man page. */
#include <stdlib.h>
#include <string.h>

#include "core/statement.h"
#include "nodectl/cmd.h"

#define WIDTH 79

const struct arg_option options_help[] = {
    { "man", 0, ARG_FLAG, NULL, NULL, "the manual page, in roff" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

/* ---- paragraphs */

/* Words in lines of at most WIDTH columns, behind an indent; the first line goes on at column `at`. */
static void wrap(struct out *out, const char *text, size_t indent, size_t at)
{
    bool begun = false;
    while (*text != 0) {
        size_t len = strcspn(text, " ");
        if (begun && at + 1 + len > WIDTH) {
            out_printf(out, "\n");
            at = 0;
            begun = false;
        }
        size_t gap = begun ? 1 : indent > at ? indent - at : 0;
        out_printf(out, "%*s%.*s", (int)gap, "", (int)len, text);
        at += gap + len;
        begun = true;
        text += len;
        text += *text == ' ';
    }
    out_printf(out, "\n");
}

/* Lines of a text, each behind two spaces. */
static void print_lines(struct out *out, const char *text)
{
    while (*text != 0) {
        size_t len = strcspn(text, "\n");
        out_printf(out, "  %.*s\n", (int)len, text);
        text += len;
        text += *text == '\n';
    }
}

/* ---- one command */

static void print_words(struct out *out, const struct arg_option *option)
{
    AUTO(buf_clear) struct buf words = { 0 };
    char word[80];
    for (size_t i = 0; args_word(option->words, i, word, sizeof word); i++)
        buf_printf(&words, "%s%s", i > 0 ? " " : "", word);
    wrap(out, buf_string(&words), 24, 0);
}

static void print_options(struct out *out, const struct arg_option *options)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++) {
        char left[80], letter[8] = "    ";
        if (o->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
                 o->value != NULL ? o->value : "");
        out_printf(out, "%s", left);
        if (strlen(left) >= 23)
            out_printf(out, "\n");
        wrap(out, o->help, 24, strlen(left) >= 23 ? 0 : strlen(left));
        if (o->words != NULL)
            print_words(out, o);
    }
}

void cmd_help_page(struct ctl *ctl, const struct command *command)
{
    struct out *out = &ctl->out;
    out_printf(out, "usage: nodectl %s%s%s [OPTIONS]\n\n", command->name,
               command->arguments[0] != 0 ? " " : "", command->arguments);
    wrap(out, command->summary, 0, 0);
    if (command->about[0] != 0) {
        out_printf(out, "\n");
        wrap(out, command->about, 0, 0);
    }
    if (command->options != NULL && command->options[0].name != NULL)
        out_printf(out, "\nOptions:\n");
    print_options(out, command->options);
    out_printf(out, "\nOptions of every command:\n");
    print_options(out, args_common);
    if (command->examples[0] != 0) {
        out_printf(out, "\nExamples:\n");
        print_lines(out, command->examples);
    }
}

/* ---- topics */

static const struct topic {
    const char *name, *text;
} topics[] = {
    { "exit",
      "0 ok\n1 failed\n2 usage: the words are off\n3 not found\n4 not allowed\n5 no daemon answers\n"
      "6 conflict: it is there already, or another holds it\n7 some of many failed, the others went well\n"
      "8 a condition that was asked about does not hold\n9 integrity: something is damaged or forged\n"
      "10 timed out\n11 another version\n130 interrupted\n"
      "status --check: 0 ok, 1 warning, 2 critical\n" },
    { "refs", "us-oh-dayton/42            record 42 of that feed\n"
              "us-oh-dayton/42@7f475950   the same, pinned by the beginning of its id\n"
              "42                         record 42 of the daemon's own feed\n"
              "HEX/42                     the author as 64 hex digits in place of the name\n"
              "0HX4QK...                  an engagement: its id, or any unique beginning of 6\n" },
    { "query", "kind:mission_outbound      terms: kind country state theme status instrument\n"
               "                           verification by year network geoid dataset form flag;\n"
               "                           --group-by takes one or two of them\n"
               "country:JP,KR              a comma is or\n"
               "-status:cancelled          a dash is not\n"
               "since:2022 until:2024-06   dates\n"
               "trade \"semiconductor\"      free words; all must be there\n"
               "all terms must hold; put the whole query in quotes\n" },
    { "environment", "CHANCERY_HOME     the daemon's home, when --home is not given\n"
                     "NO_COLOR          no colours\n"
                     "CLICOLOR_FORCE    colours even in a pipe\n"
                     "TERM=dumb         no colours\n"
                     "COLUMNS           how wide tables may be on a terminal\n" },
    { "output", "standard output is data, standard error is everything else;\n"
                "on failure standard output is empty\n"
                "--json     one JSON document; times RFC 3339 UTC, _seconds, _bytes\n"
                "--jsonl    one JSON document a row\n"
                "-o tsv     a header line and tab-separated rows; -o csv likewise\n"
                "           (csv: a ' stands before what a spreadsheet would take for a formula)\n"
                "-o name    only names: refs, tokens, engagements\n"
                "with --json an error is one object on standard error:\n"
                "{\"error\":{\"code\":...,\"message\":...,\"hint\":...,\"exit\":...}}\n" },
};

static void print_topics(struct out *out, const char *before, const char *after)
{
    out_printf(out, "%s", before);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        out_printf(out, " %s", topics[i].name);
    out_printf(out, "%s", after);
}

static bool print_topic(struct ctl *ctl, const char *name)
{
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (strcmp(topics[i].name, name) == 0) {
            print_lines(&ctl->out, topics[i].text);
            return true;
        }
    return false;
}

/* `help record`: all that begin with that word. */
static bool print_family(struct ctl *ctl, const char *word)
{
    size_t len = strlen(word), found = 0;
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        if (strncmp(c->name, word, len) != 0 || (c->name[len] != ' ' && c->name[len] != 0))
            continue;
        out_printf(&ctl->out, "  %-17s", c->name);
        wrap(&ctl->out, c->summary, 20, 19);
        found++;
    }
    return found > 0;
}

/* ---- the first screen: within 24 lines of 80 columns */

static size_t first_word(const char *name)
{
    return strcspn(name, " ");
}

static bool is_family(const struct command *a, const struct command *b)
{
    size_t len = first_word(a->name);
    return b->name != NULL && len == first_word(b->name) && strncmp(a->name, b->name, len) == 0 &&
           strcmp(a->group, b->group) == 0;
}

/* "peer ls|show", "invite [ls|revoke]", "query": one command, or all of a family that stand together. Returns
 * the next one. */
static const struct command *print_commands(struct out *out, const struct command *c)
{
    const struct command *first = c;
    size_t len = first_word(c->name);
    bool stands_alone = c->name[len] == 0;
    out_printf(out, "   %.*s", (int)len, c->name);
    for (c += stands_alone; is_family(first, c); c++) {
        bool is_first = c == first + stands_alone;
        out_printf(out, "%s%s", !is_first ? "|" : stands_alone ? " [" : " ", c->name + len + 1);
    }
    if (stands_alone && c > first + 1)
        out_printf(out, "]");
    return c;
}

static bool has_come(const struct command *commands, const struct command *c)
{
    for (const struct command *before = commands; before < c; before++)
        if (strcmp(before->group, c->group) == 0)
            return true;
    return false;
}

/* A line a group, in the order in which the table names them first. */
static void print_groups(struct out *out, const struct command *commands)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (has_come(commands, c))
            continue;
        out_printf(out, "  %-8s", c->group);
        for (const struct command *each = c; each->name != NULL;)
            each = strcmp(each->group, c->group) == 0 ? print_commands(out, each) : each + 1;
        out_printf(out, "\n");
    }
}

/* Up to the first line that does not go on. */
static void print_first_example(struct out *out, const char *examples)
{
    size_t len = strcspn(examples, "\n");
    while (examples[len] != 0 && len > 0 && examples[len - 1] == '\\')
        len += 1 + strcspn(examples + len + 1, "\n");
    AUTO(buf_clear) struct buf text = { 0 };
    buf_append(&text, examples, len);
    print_lines(out, buf_string(&text));
}

void cmd_help_screen(struct ctl *ctl)
{
    static const char *const shown[] = { "init node", "record add", "query" };
    struct out *out = &ctl->out;
    out_printf(out, "nodectl - work with a node or a hub of Chancery\n\n"
                    "usage: nodectl COMMAND [OPTIONS]        nodectl help COMMAND says more\n\n");
    print_groups(out, ctl->commands);
    out_printf(out, "\nExamples:\n");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const struct command *command = args_find(ctl->commands, shown[i]);
        if (command != NULL)
            print_first_example(out, command->examples);
    }
    out_printf(out, "\nEvery command takes --home DIR (or CHANCERY_HOME), --json, --jsonl,\n"
                    "-o tsv|csv|name, --timeout TIME, -q and --help.\n");
    print_topics(out, "Topics:", ".\n");
}

/* ---- the manual page */

/* Dashes and backslashes mean something to roff, as does a dot at the beginning of a line. */
static void roff(struct out *out, const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        if (*c == '-' || *c == '\\')
            out_printf(out, *c == '-' ? "\\-" : "\\e");
        else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
            out_printf(out, "\\&%c", *c);
        else
            out_printf(out, "%c", *c);
    }
}

static void roff_options(struct out *out, const struct arg_option *options)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++) {
        out_printf(out, ".TP\n\\fB");
        if (o->letter != 0)
            out_printf(out, "\\-%c\\fR, \\fB", o->letter);
        out_printf(out, "\\-\\-");
        roff(out, o->name);
        out_printf(out, "\\fR%s%s%s\n", o->value != NULL ? " \\fI" : "", o->value != NULL ? o->value : "",
                   o->value != NULL ? "\\fR" : "");
        roff(out, o->help);
        out_printf(out, "\n");
    }
}

static void print_man(struct ctl *ctl)
{
    struct out *out = &ctl->out;
    out_printf(out, ".TH NODECTL 1 \"\" \"chancery " CHANCERY_VERSION "\" \"Chancery\"\n.SH NAME\n"
                    "nodectl \\- work with a node or a hub of Chancery\n.SH SYNOPSIS\n.B nodectl\n"
                    ".I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n");
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        out_printf(out, ".SS nodectl %s ", c->name);
        roff(out, c->arguments);
        out_printf(out, "\n");
        roff(out, c->summary);
        out_printf(out, "\n");
        if (c->about[0] != 0) {
            out_printf(out, ".PP\n");
            roff(out, c->about);
            out_printf(out, "\n");
        }
        roff_options(out, c->options);
    }
    out_printf(out, ".SH OPTIONS OF EVERY COMMAND\n");
    roff_options(out, args_common);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        out_printf(out, ".SH %s\n.nf\n",
                   strcmp(topics[i].name, "exit") == 0 ? "EXIT STATUS" : topics[i].name);
        roff(out, topics[i].text);
        out_printf(out, ".fi\n");
    }
}

/* ---- */

enum err cmd_help(struct ctl *ctl)
{
    const struct args *args = &ctl->args;
    if (args_flag(args, "man")) {
        print_man(ctl);
        return E_OK;
    }
    if (args->n_words == 0) {
        cmd_help_screen(ctl);
        return E_OK;
    }
    char name[160];
    snprintf(name, sizeof name, "%.70s%s%.70s", args->words[0], args->n_words > 1 ? " " : "",
             args->n_words > 1 ? args->words[1] : "");
    const struct command *command = args_find(ctl->commands, name);
    if (command != NULL) {
        cmd_help_page(ctl, command);
        return E_OK;
    }
    if (args->n_words == 1 && (print_topic(ctl, name) || print_family(ctl, name)))
        return E_OK;
    return errors_fail(E_USAGE,
                       "'nodectl help' lists the commands; topics: exit refs query environment output",
                       "there is no help on \"%s\"", name);
}

enum err cmd_version(struct ctl *ctl)
{
    static const struct out_column fields[] = { { "version", "nodectl", OUT_TEXT, OUT_NAMES },
                                                { "control_api", "control", OUT_NUMBER, 0 },
                                                { "record_version", "records", OUT_NUMBER, 0 },
                                                { NULL, NULL, OUT_TEXT, 0 } };
    json_t *body = json_pack("{s:s, s:i, s:i}", "version", CHANCERY_VERSION, "control_api", CONTROL_API,
                             "record_version", 1);
    if (ctl->out.format == OUT_TABLE)
        out_printf(&ctl->out, "nodectl %s\n", CHANCERY_VERSION);
    else
        out_object(&ctl->out, body, fields);
    json_decref(body);
    return E_OK;
}
