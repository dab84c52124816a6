/* args: what the person typed, read by tables: which command, its options and values, its words.
 *
 * Everything that names a command or an option - errors, help, completion, the man page - reads the same
 * rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct ctl;

enum arg_type { ARG_FLAG, ARG_TEXT, ARG_NUMBER, ARG_DURATION, ARG_DATE, ARG_WORD };

/* One option; a table of them ends with a NULL name. */
struct arg_option {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    enum arg_type type;
    const char *value; /* how help calls the value: "FILE" */
    const char
        *words; /* ARG_WORD: what is allowed: "csv tsv jsonl", or "@Kind", an enum of statement.proto */
    const char *help;
};

enum arg_place { AT_NO_DAEMON, AT_HUB, AT_NODE, AT_BOTH };

/* One command. */
struct command {
    const char *name;      /* "record add": one word or two */
    const char *group;     /* its line of the first screen: "record" */
    const char *arguments; /* "REF", "[TOKEN | -]", "" */
    unsigned min, max;     /* how many words after the name */
    enum arg_place at;
    bool terms; /* its words are query terms: -kind:agreement is no option */
    const struct arg_option *options;
    enum err (*run)(struct ctl *ctl);
    const char *summary;  /* a line of help */
    const char *about;    /* a paragraph, or "" */
    const char *examples; /* lines, or "" */
};

struct arg_value {
    const struct arg_option *option;
    const char *text;
};

struct args {
    const struct command *command; /* NULL: nothing was named */
    struct arg_value *values;      /* in the order given */
    size_t n_values;
    const char **words;
    size_t n_words;
};

/* What every command takes: --home, --json, -o ... */
extern const struct arg_option args_common[];

/* Reads argv[1..]. Borrows it. commands ends with a NULL name. E_USAGE with a hint for what nearly fits. */
enum err args_parse(const struct command *commands, int argc, char **argv, struct args *out);
void args_clear(struct args *args);

/* The last value of an option; NULL when it was not given. Flags give "". */
const char *args_text(const struct args *args, const char *name);
bool args_flag(const struct args *args, const char *name);
/* Checked by args_parse; `fallback` when not given. Durations in ms. */
uint64_t args_number(const struct args *args, const char *name, uint64_t fallback);
/* The value of an option that may be repeated: the i-th, NULL past the last. */
const char *args_nth(const struct args *args, const char *name, size_t i);

/* The i-th word allowed for an option ("@Kind" resolved), false past the last. */
bool args_word(const char *words, size_t i, char *out, size_t size);
/* All of them: "csv, tsv, jsonl". */
void args_words(const char *words, struct buf *out);
/* True when one command or a first word of several is called so. */
const struct command *args_find(const struct command *commands, const char *name);
