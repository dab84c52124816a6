/* conf: a home's configuration file (libconfuse), read by a table of options. Errors name file, line and what
 * was expected. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum conf_type { CONF_TEXT, CONF_NUMBER, CONF_DURATION, CONF_SIZE, CONF_FLAG, CONF_TEXTS };

/* One row of a program's table. */
struct conf_option {
    const char *name;
    enum conf_type type;
    const char *fallback;     /* as it would be written in the file; NULL or "" = empty */
    uint64_t min, max;        /* of numbers, durations (ms) and sizes (bytes); 0, 0 = any */
    const char *const *words; /* the words allowed for a text, NULL at the end; or NULL */
    const char *help;         /* a sentence: the comment in a fresh file */
};

struct conf;

/* Reads path against the table (ended by a NULL name). A missing file gives the fallbacks. E_USAGE with
 * "FILE:LINE: ... expected ...", with a suggestion for a name nearly right; E_IO, E_TOO_BIG. */
enum err conf_read(const char *path, const struct conf_option *options, struct conf **out);
void conf_free(struct conf **conf);
const char *conf_text(const struct conf *conf, const char *name);
uint64_t conf_number(const struct conf *conf,
                     const char *name); /* numbers; durations in ms; sizes in bytes */
bool conf_flag(const struct conf *conf, const char *name);
size_t conf_texts(const struct conf *conf, const char *name, const char *const **out);
/* The commented file that `init` writes: every option with its help; values of overrides (name, value pairs,
 * NULL at the end) written, the rest commented out. */
void conf_template(const struct conf_option *options, const char *const *overrides, struct buf *out);
