/* completion: scripts for bash, zsh and fish, made from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "nodectl/cmd.h"

/* ---- what can stand where */

/* The first words, each once. */
static void first_words(const struct command *commands, struct buf *out)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        size_t len = strcspn(c->name, " ");
        bool seen = false;
        for (const struct command *before = commands; before < c; before++)
            seen = seen || (strncmp(before->name, c->name, len) == 0 && strcspn(before->name, " ") == len);
        if (!seen)
            buf_printf(out, "%s%.*s", out->len > 0 ? " " : "", (int)len, c->name);
    }
}

static void second_words(const struct command *commands, const char *first, size_t len, struct buf *out)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strncmp(c->name, first, len) == 0 && c->name[len] == ' ')
            buf_printf(out, "%s%s", out->len > 0 ? " " : "", c->name + len + 1);
}

static void option_names(const struct arg_option *options, struct buf *out)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++)
        buf_printf(out, "%s--%s", out->len > 0 ? " " : "", o->name);
}

static void option_words(const struct arg_option *option, struct buf *out)
{
    char word[80];
    for (size_t i = 0; option->words != NULL && args_word(option->words, i, word, sizeof word); i++)
        buf_printf(out, "%s%s", out->len > 0 ? " " : "", word);
}

/* ---- bash (and zsh, through its bashcompinit) */

static void bash_values(struct out *out, const char *pattern, const struct arg_option *options)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++) {
        AUTO(buf_clear) struct buf words = { 0 };
        option_words(o, &words);
        if (words.len > 0)
            out_printf(out, "    '%s --%s') words='%s' ;;\n", pattern, o->name, buf_string(&words));
        else if (strcmp(o->name, "home") == 0)
            out_printf(out, "    '%s --%s') COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n", pattern,
                       o->name);
        else if (o->value != NULL && strcmp(o->value, "FILE") == 0)
            out_printf(out, "    '%s --%s') COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", pattern,
                       o->name);
    }
}

static void bash_names(struct ctl *ctl)
{
    AUTO(buf_clear) struct buf first = { 0 };
    first_words(ctl->commands, &first);
    out_printf(&ctl->out, "    '') words='%s' ;;\n", buf_string(&first));
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        AUTO(buf_clear) struct buf words = { 0 };
        option_names(c->options, &words);
        option_names(args_common, &words);
        if (strchr(c->name, ' ') == NULL)
            second_words(ctl->commands, c->name, strlen(c->name), &words);
        if (strcmp(c->name, "completion") == 0)
            buf_text(&words, " bash zsh fish");
        out_printf(&ctl->out, "    '%s') words='%s' ;;\n", c->name, buf_string(&words));
    }
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        size_t len = strcspn(c->name, " ");
        char name[80];
        snprintf(name, sizeof name, "%.*s", (int)len, c->name);
        bool seen = args_find(ctl->commands, name) != NULL;
        for (const struct command *before = ctl->commands; before < c; before++)
            seen = seen || (strncmp(before->name, name, len) == 0 && strcspn(before->name, " ") == len);
        if (seen)
            continue;
        AUTO(buf_clear) struct buf words = { 0 };
        second_words(ctl->commands, name, len, &words);
        out_printf(&ctl->out, "    '%s') words='%s' ;;\n", name, buf_string(&words));
    }
}

static void print_bash(struct ctl *ctl)
{
    struct out *out = &ctl->out;
    out_printf(out, "# nodectl completion for bash: source this, or put it into /etc/bash_completion.d\n"
                    "_nodectl() {\n"
                    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "  local command='' words='' word i\n"
                    "  COMPREPLY=()\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    word=${COMP_WORDS[i]}\n"
                    "    [[ $word == -* ]] && continue\n"
                    "    case \"$command $word\" in\n");
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        const char *space = strchr(c->name, ' ');
        if (space != NULL)
            out_printf(out, "    '%s') command='%s' ;;\n", c->name, c->name);
    }
    AUTO(buf_clear) struct buf first = { 0 };
    first_words(ctl->commands, &first);
    for (const char *at = buf_string(&first); *at != 0;) {
        size_t len = strcspn(at, " ");
        out_printf(out, "    ' %.*s') command='%.*s' ;;\n", (int)len, at, (int)len, at);
        at += len;
        at += *at == ' ';
    }
    out_printf(out, "    esac\n  done\n  case \"$command $prev\" in\n");
    for (const struct command *c = ctl->commands; c->name != NULL; c++) {
        bash_values(out, c->name, c->options);
        bash_values(out, c->name, args_common);
    }
    out_printf(out, "    *) case \"$command\" in\n");
    bash_names(ctl);
    out_printf(out, "    esac ;;\n  esac\n"
                    "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                    "  [[ ${#COMPREPLY[@]} == 0 && $cur != -* ]] && COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                    "  return 0\n"
                    "}\n"
                    "complete -o filenames -F _nodectl nodectl\n");
}

static void print_zsh(struct ctl *ctl)
{
    out_printf(&ctl->out, "#compdef nodectl\n# nodectl completion for zsh: source this\n"
                          "autoload -U +X bashcompinit && bashcompinit\n");
    print_bash(ctl);
}

/* ---- fish */

static void fish_text(struct out *out, const char *text)
{
    for (; *text != 0; text++)
        out_printf(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void fish_options(struct out *out, const char *condition, const struct arg_option *options)
{
    for (const struct arg_option *o = options; o != NULL && o->name != NULL; o++) {
        AUTO(buf_clear) struct buf words = { 0 };
        option_words(o, &words);
        out_printf(out, "complete -c nodectl %s -l %s", condition, o->name);
        if (o->letter != 0)
            out_printf(out, " -s %c", o->letter);
        if (words.len > 0)
            out_printf(out, " -x -a '%s'", buf_string(&words));
        else if (o->type != ARG_FLAG)
            out_printf(out, " -r");
        out_printf(out, " -d '");
        fish_text(out, o->help);
        out_printf(out, "'\n");
    }
}

static void fish_command(struct out *out, const struct command *c)
{
    const char *space = strchr(c->name, ' ');
    char condition[300];
    if (space == NULL) {
        out_printf(out, "complete -c nodectl -n __fish_use_subcommand -a %s -d '", c->name);
        snprintf(condition, sizeof condition, "-n '__fish_seen_subcommand_from %s'", c->name);
    } else {
        int len = (int)(space - c->name);
        out_printf(out, "complete -c nodectl -n __fish_use_subcommand -a %.*s\n", len, c->name);
        out_printf(out, "complete -c nodectl -n '__fish_seen_subcommand_from %.*s' -a %s -d '", len, c->name,
                   space + 1);
        snprintf(condition, sizeof condition,
                 "-n '__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s'", len, c->name,
                 space + 1);
    }
    fish_text(out, c->summary);
    out_printf(out, "'\n");
    fish_options(out, condition, c->options);
}

static void print_fish(struct ctl *ctl)
{
    out_printf(&ctl->out,
               "# nodectl completion for fish: put it into ~/.config/fish/completions/nodectl.fish\n");
    fish_options(&ctl->out, "", args_common);
    for (const struct command *c = ctl->commands; c->name != NULL; c++)
        fish_command(&ctl->out, c);
    out_printf(&ctl->out,
               "complete -c nodectl -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
}

enum err cmd_completion(struct ctl *ctl)
{
    const char *shell = ctl->args.words[0];
    if (strcmp(shell, "bash") == 0)
        print_bash(ctl);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(ctl);
    else if (strcmp(shell, "fish") == 0)
        print_fish(ctl);
    else
        return errors_fail(E_USAGE, "bash, zsh or fish", "there is no completion for \"%s\"", shell);
    return E_OK;
}
