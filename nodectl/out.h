/* out: what goes to standard output: tables for people, JSON for programs, tsv, csv and names for pipes.
 *
 * Everything is kept until out_flush(), so that a command that fails leaves standard output empty; commands
 * that stream flush as they go. Nothing that a peer wrote reaches a terminal unescaped. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum out_format { OUT_TABLE, OUT_JSON, OUT_JSONL, OUT_TSV, OUT_CSV, OUT_NAME };

enum out_kind {
    OUT_TEXT,
    OUT_NUMBER,
    OUT_TIME,    /* RFC 3339; "3m ago" on a terminal */
    OUT_SECONDS, /* a number of seconds; "3m" on a terminal */
    OUT_BYTES,   /* "4.2 MiB" on a terminal */
    OUT_STATE,   /* a word that may be coloured */
    OUT_LIST,    /* an array of texts, joined by commas */
    OUT_DYNAMIC, /* whatever the JSON value is */
};

enum out_flag {
    OUT_NAMES = 1, /* what -o name prints */
    OUT_WHOLE = 2, /* never cut to the terminal's width */
    OUT_EXTRA = 4, /* not in tables: there it would only take room */
};

/* One column or field; a table of them ends with a NULL key. */
struct out_column {
    const char *key;   /* member of the row; "store.records" goes deeper */
    const char *label; /* column headers are written in upper case */
    enum out_kind kind;
    unsigned flags;
};

struct out {
    enum out_format format;
    bool tty; /* people look at it: relative ages, cut to width */
    bool colour;
    bool quiet;      /* no remarks on stderr */
    size_t width;    /* of the terminal */
    uint64_t now_ms; /* ages are relative to it */
    struct buf text;
    struct buf remarks; /* those that belong behind the text */
    FILE *to;
    bool headed; /* the header of tsv and csv is out */
};

/* Looks at stdout, the environment (NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS) and the locale. */
void out_init(struct out *out, enum out_format format, bool quiet);
void out_clear(struct out *out);
/* E_IO when standard output cannot take it. A reader that has gone (EPIPE) is no error. */
enum err out_flush(struct out *out);

/* Text for people, as it stands: what came from elsewhere goes through out_escaped first. */
void out_printf(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_escaped(struct out *out, const char *text);
/* A remark on stderr, unless quiet or a program reads along; behind what waits for out_flush(), and dropped
 * with it. */
void out_remark(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool out_is_json(const struct out *out)
{
    return out->format == OUT_JSON || out->format == OUT_JSONL;
}

/* body[list] as asked for; --json prints all of body. An empty list says `empty` on stderr. */
void out_list(struct out *out, const json_t *body, const char *list, const struct out_column *columns,
              const char *empty);
/* The same with the columns that the rows have. */
void out_rows(struct out *out, const json_t *body, const char *list, const char *empty);
/* One object: "label: value" a line; --json all of it. */
void out_object(struct out *out, const json_t *object, const struct out_column *fields);
/* body with api_version before all else. */
void out_json(struct out *out, const json_t *body);
/* One compact line. */
void out_json_line(struct out *out, const json_t *row);

/* One value as a person reads it, escaped. */
void out_value(const struct out *out, const json_t *value, enum out_kind kind, struct buf *text);
/* The member that a key such as "store.records" means; NULL. */
const json_t *out_member(const json_t *row, const char *key);
/* A word in its colour: ok, connected green; warn yellow; crit, refused red. Without colour the word alone.
 */
void out_state(const struct out *out, const char *word, struct buf *text);
