#include "nodectl/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "nodectl/args_check.h"
#include "nodectl/errors.h"

const struct arg_option args_common[] = {
    { "home", 0, ARG_TEXT, "DIR", NULL, "the daemon's home (or CHANCERY_HOME)" },
    { "json", 0, ARG_FLAG, NULL, NULL, "one JSON document on standard output" },
    { "jsonl", 0, ARG_FLAG, NULL, NULL, "one JSON document a row" },
    { "output", 'o', ARG_WORD, "FORMAT", "table json jsonl tsv csv name", "how to print" },
    { "timeout", 0, ARG_DURATION, "TIME", NULL, "wait at most so long for an answer (30s)" },
    { "quiet", 'q', ARG_FLAG, NULL, NULL, "no progress and no remarks" },
    { "help", 'h', ARG_FLAG, NULL, NULL, "what this command does" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

/* What is being read. */
struct parse {
    const struct command *commands;
    int argc;
    char **argv;
    int at;
    struct args *out;
};

static const struct arg_option *find_in(const struct arg_option *options, const char *name, size_t len)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++)
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct arg_option *find_option(const struct parse *parse, const char *name, size_t len)
{
    const struct arg_option *own =
        parse->out->command != NULL ? find_in(parse->out->command->options, name, len) : NULL;
    return own != NULL ? own : find_in(args_common, name, len);
}

static const struct arg_option *find_letter(const struct parse *parse, char letter)
{
    const struct arg_option *tables[] = { parse->out->command != NULL ? parse->out->command->options : NULL,
                                          args_common };
    for (size_t t = 0; t < 2; t++)
        for (const struct arg_option *o = tables[t]; o != NULL && o->name != NULL; o++)
            if (o->letter == letter)
                return o;
    return NULL;
}

static enum err unknown_option(const struct parse *parse, const char *name)
{
    struct args_nearest best = { "", 99 };
    const struct command *command = parse->out->command;
    for (const struct arg_option *o = command != NULL ? command->options : NULL; o != NULL && o->name != NULL;
         o++)
        args_consider(&best, name, o->name);
    for (const struct arg_option *o = args_common; o->name != NULL; o++)
        args_consider(&best, name, o->name);
    if (best.word[0] != 0)
        errors_hint("did you mean --%s?", best.word);
    else if (command != NULL)
        errors_hint("'nodectl %s --help' lists the options", command->name);
    else
        errors_hint("options of a command come after its name; 'nodectl help' lists the commands");
    return fail(E_USAGE, "unknown option --%s%s%s", name, command != NULL ? " of " : "",
                command != NULL ? command->name : "");
}

static enum err take_value(struct parse *parse, const struct arg_option *option, const char *text)
{
    if (!text_is_utf8(bytes_text(text)))
        return errors_fail(E_USAGE, "set the terminal to UTF-8, or use -f FILE", "--%s is not UTF-8",
                           option->name);
    TRY(args_check(option, text));
    struct args *out = parse->out;
    out->values = mem_resize(out->values, (out->n_values + 1) * sizeof *out->values);
    out->values[out->n_values++] = (struct arg_value){ option, text };
    return E_OK;
}

static enum err next_value(struct parse *parse, const struct arg_option *option)
{
    if (option->type == ARG_FLAG)
        return take_value(parse, option, "");
    if (parse->at + 1 >= parse->argc) {
        errors_hint("--%s %s: %s", option->name, option->value, option->help);
        return fail(E_USAGE, "--%s needs a value", option->name);
    }
    return take_value(parse, option, parse->argv[++parse->at]);
}

static enum err take_long(struct parse *parse, const char *text)
{
    size_t len = strcspn(text, "=");
    const struct arg_option *option = find_option(parse, text, len);
    if (option == NULL) {
        char name[80];
        snprintf(name, sizeof name, "%.*s", (int)len, text);
        return unknown_option(parse, name);
    }
    if (text[len] == 0)
        return next_value(parse, option);
    if (option->type == ARG_FLAG)
        return errors_fail(E_USAGE, "give it alone, or leave it out", "--%s takes no value", option->name);
    return take_value(parse, option, text + len + 1);
}

/* -q, -o tsv, -otsv */
static enum err take_short(struct parse *parse, const char *text)
{
    const struct arg_option *option = find_letter(parse, text[0]);
    if (option == NULL || (option->type == ARG_FLAG && text[1] != 0)) {
        const struct arg_option *meant = find_option(parse, text, strlen(text));
        if (meant != NULL)
            errors_hint("options have two dashes: --%s", meant->name);
        else
            errors_hint("'nodectl help' lists what there is");
        return fail(E_USAGE, "unknown option -%s", text);
    }
    return text[1] != 0 ? take_value(parse, option, text + 1) : next_value(parse, option);
}

/* ---- the command's name */

const struct command *args_find(const struct command *commands, const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static bool begins_with_word(const char *name, const char *word)
{
    size_t len = strlen(word);
    return strncmp(name, word, len) == 0 && name[len] == ' ';
}

static enum err unfinished_command(const struct parse *parse, const char *word, const char *second)
{
    AUTO(buf_clear) struct buf all = { 0 };
    struct args_nearest best = { "", 99 };
    for (const struct command *c = parse->commands; c->name != NULL; c++) {
        if (!begins_with_word(c->name, word))
            continue;
        buf_printf(&all, "%s%s", all.len > 0 ? ", " : "", c->name);
        if (second != NULL)
            args_consider(&best, second, c->name + strlen(word) + 1);
    }
    if (best.word[0] != 0)
        errors_hint("did you mean 'nodectl %s %s'?", word, best.word);
    else
        errors_hint("there are: %s", buf_string(&all));
    if (second != NULL)
        return fail(E_USAGE, "unknown command \"%s %s\"", word, second);
    return fail(E_USAGE, "\"%s\" is not a whole command", word);
}

static enum err unknown_command(const struct parse *parse, const char *word)
{
    struct args_nearest best = { "", 99 };
    for (const struct command *c = parse->commands; c->name != NULL; c++) {
        char first[80];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(c->name, " "), c->name);
        args_consider(&best, word, first);
    }
    if (best.word[0] != 0)
        errors_hint("did you mean 'nodectl %s'?", best.word);
    else
        errors_hint("'nodectl help' lists the commands");
    return fail(E_USAGE, "unknown command \"%s\"", word);
}

/* The longest name wins: "invite ls" before "invite". */
static enum err take_command(struct parse *parse)
{
    const char *first = parse->argv[parse->at];
    const char *second = parse->at + 1 < parse->argc ? parse->argv[parse->at + 1] : NULL;
    if (second != NULL && second[0] == '-')
        second = NULL;

    char name[160];
    snprintf(name, sizeof name, "%.70s %.70s", first, second != NULL ? second : "");
    const struct command *command = second != NULL ? args_find(parse->commands, name) : NULL;
    if (command != NULL)
        parse->at++;
    else
        command = args_find(parse->commands, first);
    parse->out->command = command;
    if (command != NULL)
        return E_OK;
    for (const struct command *c = parse->commands; c->name != NULL; c++)
        if (begins_with_word(c->name, first))
            return unfinished_command(parse, first, second);
    return unknown_command(parse, first);
}

/* -kind:agreement in a query means "not". */
static bool is_term(const struct parse *parse, const char *text)
{
    if (parse->out->command == NULL || !parse->out->command->terms || text[1] == '-')
        return false;
    return strchr(text, ':') != NULL || find_letter(parse, text[1]) == NULL;
}

static enum err take_word(struct parse *parse, const char *text)
{
    if (parse->out->command == NULL)
        return take_command(parse);
    struct args *out = parse->out;
    out->words = mem_resize(out->words, (out->n_words + 1) * sizeof *out->words);
    out->words[out->n_words++] = text;
    return E_OK;
}

static enum err check_count(const struct args *args)
{
    const struct command *c = args->command;
    if (c == NULL || args_flag(args, "help") || (args->n_words >= c->min && args->n_words <= c->max))
        return E_OK;
    errors_hint("nodectl %s%s%s; 'nodectl %s --help' says more", c->name, c->arguments[0] != 0 ? " " : "",
                c->arguments, c->name);
    if (args->n_words < c->min)
        return fail(E_USAGE, "%s needs %s", c->name, c->arguments);
    return fail(E_USAGE, "%s does not know what to do with \"%s\"", c->name, args->words[c->max]);
}

enum err args_parse(const struct command *commands, int argc, char **argv, struct args *out)
{
    *out = (struct args){ 0 };
    struct parse parse = { commands, argc, argv, 1, out };
    bool only_words = false;
    for (; parse.at < argc; parse.at++) {
        const char *text = argv[parse.at];
        bool option = !only_words && text[0] == '-' && text[1] != 0 && !is_term(&parse, text);
        if (option && strcmp(text, "--") == 0)
            only_words = true;
        else if (option && text[1] == '-')
            TRY(take_long(&parse, text + 2));
        else if (option)
            TRY(take_short(&parse, text + 1));
        else
            TRY(take_word(&parse, text));
    }
    return check_count(out);
}

void args_clear(struct args *args)
{
    free(args->values);
    free(args->words);
    *args = (struct args){ 0 };
}

const char *args_text(const struct args *args, const char *name)
{
    for (size_t i = args->n_values; i > 0; i--)
        if (strcmp(args->values[i - 1].option->name, name) == 0)
            return args->values[i - 1].text;
    return NULL;
}

bool args_flag(const struct args *args, const char *name)
{
    return args_text(args, name) != NULL;
}

uint64_t args_number(const struct args *args, const char *name, uint64_t fallback)
{
    uint64_t number = fallback;
    for (size_t i = 0; i < args->n_values; i++) {
        const struct arg_value *v = &args->values[i];
        if (strcmp(v->option->name, name) != 0)
            continue;
        if (v->option->type == ARG_DURATION)
            parse_duration_ms(v->text, &number);
        else
            parse_u64(v->text, &number);
    }
    return number;
}

const char *args_nth(const struct args *args, const char *name, size_t i)
{
    for (size_t k = 0; k < args->n_values; k++)
        if (strcmp(args->values[k].option->name, name) == 0 && i-- == 0)
            return args->values[k].text;
    return NULL;
}
