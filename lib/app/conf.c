#include "app/conf.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

struct value {
    const char *name;
    char *text;
    uint64_t number;
    char **texts;
    size_t n_texts;
};

struct conf {
    struct value *values;
    size_t count;
};

/* What libconfuse's callbacks, which carry no pointer of ours, need to know of the file being read. */
static _Thread_local struct reading {
    const char *path;
    const struct conf_option *options;
    enum err err;
} * reading;

static const struct conf_option *find_option(const struct conf_option *options, const char *name)
{
    for (; options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static void complain(const cfg_t *cfg, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(const cfg_t *cfg, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (reading->err == E_OK)
        reading->err = fail(E_USAGE, "%s:%d: %s", reading->path, cfg->line, text);
}

static const char *nearest(const char *name)
{
    const char *best = NULL;
    unsigned least = 4;
    for (const struct conf_option *o = reading->options; o->name != NULL; o++) {
        unsigned distance = text_distance(name, o->name);
        if (distance < least) {
            least = distance;
            best = o->name;
        }
    }
    return best;
}

/* libconfuse's own complaints: an unknown option is named with the nearest one, the rest goes through. */
static void on_error(cfg_t *cfg, const char *format, va_list args)
{
    char text[300], name[100];
    vsnprintf(text, sizeof text, format, args);
    if (sscanf(text, "no such option '%99[^']'", name) != 1) {
        complain(cfg, "%s, expected name = value", text);
        return;
    }
    const char *near = nearest(name);
    AUTO(buf_clear) struct buf shown = { 0 };
    text_escape(&shown, bytes_text(name));
    complain(cfg, "unknown option \"%s\"%s%s%s", buf_string(&shown),
             near != NULL ? ", did you mean " : ", expected an option of the commented file that init writes",
             near != NULL ? near : "", near != NULL ? "?" : "");
}

static enum err check_word(const struct conf_option *option, const char *text)
{
    if (option->words == NULL)
        return E_OK;
    char expected[300] = "";
    for (size_t i = 0; option->words[i] != NULL; i++) {
        if (strcmp(option->words[i], text) == 0)
            return E_OK;
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s%s", i > 0 ? ", " : "", option->words[i]);
    }
    return fail(E_USAGE, "%s = \"%s\": expected one of %s", option->name, text, expected);
}

static enum err to_number(const struct conf_option *option, const char *text, uint64_t *out)
{
    static const char *const expected[] = {
        [CONF_NUMBER] = "a whole number",
        [CONF_DURATION] = "a duration like 250ms, 10s, 5m or 72h",
        [CONF_SIZE] = "a size like 64KiB, 16MiB or 1TiB",
        [CONF_FLAG] = "yes or no",
    };
    enum err err = E_OK;
    if (option->type == CONF_NUMBER)
        err = parse_u64(text, out);
    else if (option->type == CONF_DURATION)
        err = parse_duration_ms(text, out);
    else if (option->type == CONF_SIZE)
        err = parse_size(text, out);
    else if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0)
        *out = text[0] == 'y';
    else
        err = E_USAGE;
    if (err != E_OK)
        return fail(E_USAGE, "%s = \"%s\": expected %s", option->name, text, expected[option->type]);
    if (option->max > 0 && (*out < option->min || *out > option->max))
        return fail(E_USAGE, "%s = \"%s\": expected %s from %llu to %llu", option->name, text,
                    expected[option->type], (unsigned long long)option->min, (unsigned long long)option->max);
    return E_OK;
}

static enum err check_text(const struct conf_option *option, const char *text, uint64_t *number)
{
    if (!text_is_utf8(bytes_text(text)))
        return fail(E_USAGE, "%s: expected UTF-8", option->name);
    if (option->type == CONF_TEXT || option->type == CONF_TEXTS)
        return check_word(option, text);
    return to_number(option, text, number);
}

/* Called as each value is read, while cfg knows the line. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct conf_option *option = find_option(reading->options, opt->name);
    const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
    uint64_t number;
    if (check_text(option, text != NULL ? text : "", &number) == E_OK)
        return 0;
    char why[512];
    snprintf(why, sizeof why, "%s", err_message());
    complain(cfg, "%s", why);
    return -1;
}

static size_t count_options(const struct conf_option *options)
{
    size_t n = 0;
    while (options[n].name != NULL)
        n++;
    return n;
}

static cfg_opt_t *make_opts(const struct conf_option *options, size_t count)
{
    cfg_opt_t *opts = mem_alloc((count + 1) * sizeof *opts);
    for (size_t i = 0; i < count; i++) {
        cfg_opt_t text = CFG_STR(options[i].name, NULL, CFGF_NODEFAULT);
        cfg_opt_t list = CFG_STR_LIST(options[i].name, NULL, CFGF_NODEFAULT);
        opts[i] = options[i].type == CONF_TEXTS ? list : text;
    }
    opts[count] = (cfg_opt_t)CFG_END();
    return opts;
}

/* libconfuse counts the lines behind a comment wrongly, so it gets none: they become spaces. A slash begins
 * one only where a word would begin: endpoints have some within. */
static void blank_comments(struct buf *file)
{
    enum { CODE, LINE, BLOCK } in = CODE;
    uint8_t quote = 0, before = '\n';
    for (size_t i = 0; i < file->len; before = file->data[i], i++) {
        uint8_t *c = file->data + i, next = i + 1 < file->len ? c[1] : 0;
        if (quote != 0) {
            if (*c == quote)
                quote = 0;
            i += *c == '\\' && next != 0;
            continue;
        }
        bool begins = before == ' ' || before == '\t' || before == '\n' || before == '\r';
        if (in == CODE && (*c == '"' || *c == '\''))
            quote = *c;
        else if (in == CODE && (*c == '#' || (begins && *c == '/' && next == '/')))
            in = LINE;
        else if (in == CODE && begins && *c == '/' && next == '*')
            in = BLOCK;
        else if (in == LINE && *c == '\n')
            in = CODE;
        if (in == BLOCK && *c == '*' && next == '/') {
            c[0] = c[1] = ' ';
            in = CODE;
        }
        if (in != CODE && *c != '\n')
            *c = ' ';
    }
}

static enum err load_file(const char *path, struct buf *file)
{
    enum err err = file_read(path, MAX_CONFIG_BYTES, file);
    if (err == E_NOT_FOUND)
        return E_OK;
    TRY(err);
    const uint8_t *nul = file->len > 0 ? memchr(file->data, 0, file->len) : NULL;
    if (nul == NULL)
        return E_OK;
    size_t line = 1;
    for (const uint8_t *p = file->data; p < nul; p++)
        line += *p == '\n';
    return fail(E_USAGE, "%s:%zu: a NUL byte, expected text", path, line);
}

static void take_value(cfg_t *cfg, const struct conf_option *option, struct value *value)
{
    value->name = option->name;
    unsigned n = cfg_size(cfg, option->name);
    if (option->type == CONF_TEXTS) {
        value->texts = mem_alloc((n + 1) * sizeof *value->texts);
        for (unsigned i = 0; i < n; i++)
            value->texts[value->n_texts++] = mem_text(cfg_getnstr(cfg, option->name, i));
        return;
    }
    const char *text = n > 0 ? cfg_getstr(cfg, option->name) : NULL;
    value->text = mem_text(text != NULL ? text : option->fallback != NULL ? option->fallback : "");
    if (value->text[0] != 0)
        check_text(option, value->text, &value->number); /* checked before; this keeps the number */
}

enum err conf_read(const char *path, const struct conf_option *options, struct conf **out)
{
    *out = NULL;
    AUTO(buf_clear) struct buf file = { 0 };
    TRY(load_file(path, &file));
    blank_comments(&file);

    size_t count = count_options(options);
    AUTO(free_ptr) cfg_opt_t *opts = make_opts(options, count);
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    if (cfg == NULL)
        return fail(E_IO, "libconfuse will not start");
    struct reading state = { path, options, E_OK };
    reading = &state;
    cfg_set_error_function(cfg, on_error);
    for (size_t i = 0; i < count; i++)
        cfg_set_validate_func(cfg, options[i].name, on_value);

    int result = file.len > 0 ? cfg_parse_buf(cfg, buf_string(&file)) : CFG_SUCCESS;
    if (result != CFG_SUCCESS && state.err == E_OK)
        state.err = fail(E_USAGE, "%s: expected lines of name = value", path);
    if (state.err == E_OK) {
        struct conf *conf = mem_alloc(sizeof *conf);
        conf->count = count;
        conf->values = mem_alloc((count + 1) * sizeof *conf->values);
        for (size_t i = 0; i < count; i++)
            take_value(cfg, &options[i], &conf->values[i]);
        *out = conf;
    }
    reading = NULL;
    cfg_free(cfg);
    return state.err;
}

void conf_free(struct conf **conf)
{
    if (*conf == NULL)
        return;
    for (size_t i = 0; i < (*conf)->count; i++) {
        struct value *v = &(*conf)->values[i];
        for (size_t j = 0; j < v->n_texts; j++)
            free(v->texts[j]);
        free(v->texts);
        free(v->text);
    }
    free((*conf)->values);
    free(*conf);
    *conf = NULL;
}

/* Asking for a name that the table does not have is a bug of ours. */
static const struct value *get(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->values[i].name, name) == 0)
            return &conf->values[i];
    fprintf(stderr, "no such option in the table: %s\n", name);
    abort();
}

const char *conf_text(const struct conf *conf, const char *name)
{
    return get(conf, name)->text;
}

uint64_t conf_number(const struct conf *conf, const char *name)
{
    return get(conf, name)->number;
}

bool conf_flag(const struct conf *conf, const char *name)
{
    return get(conf, name)->number != 0;
}

size_t conf_texts(const struct conf *conf, const char *name, const char *const **out)
{
    const struct value *value = get(conf, name);
    *out = (const char *const *)value->texts;
    return value->n_texts;
}

static const char *override_of(const char *const *overrides, const char *name)
{
    for (size_t i = 0; overrides != NULL && overrides[i] != NULL; i += 2)
        if (strcmp(overrides[i], name) == 0)
            return overrides[i + 1];
    return NULL;
}

static void quote(struct buf *out, const char *text)
{
    buf_text(out, "\"");
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\' || *text == '$')
            buf_u8(out, '\\');
        buf_u8(out, (uint8_t)*text);
    }
    buf_text(out, "\"");
}

void conf_template(const struct conf_option *options, const char *const *overrides, struct buf *out)
{
    for (const struct conf_option *o = options; o->name != NULL; o++) {
        const char *value = override_of(overrides, o->name);
        buf_printf(out, "# %s\n%s%s = ", o->help, value != NULL ? "" : "#", o->name);
        if (o->type == CONF_TEXTS)
            buf_text(out, "{");
        if (value != NULL || o->type != CONF_TEXTS)
            quote(out, value != NULL ? value : o->fallback != NULL ? o->fallback : "");
        buf_text(out, o->type == CONF_TEXTS ? "}\n\n" : "\n\n");
    }
}
