/* import: a table's rows as statements of this feed. Every row is accounted for: taken, or refused with line
 * and reason.
 *
 * Statements go to the daemon in batches, each one durable commit, as upserts: what is there already stays as
 * it is, so an import that was cut off is simply run again; what was retracted stays retracted, and is told.
 */
#include <stdlib.h>
#include <string.h>

#include "app/importer.h"
#include "app/payload.h"
#include "base/file.h"
#include "base/text.h"
#include "core/statement.h"
#include "nodectl/batch.h"
#include "nodectl/cmd.h"
#include "nodectl/edit.h"
#include "nodectl/progress.h"

const struct arg_option options_import[] = {
    { "format", 0, ARG_WORD, "FORMAT", "csv tsv jsonl", "of the file (by its ending)" },
    { "map", 0, ARG_TEXT, "FILE", NULL, "which column is what (built in for the known tables)" },
    { "snapshot", 0, ARG_TEXT, "NAME", NULL, "up to this snapshot of a table that has several" },
    { "geoid", 0, ARG_TEXT, "DIGITS", NULL, "whose rows are taken (those of the home's own GEOID)" },
    { "office", 0, ARG_FLAG, NULL, NULL, "at a hub: take what nobody owns, pass over the rest" },
    { "skip-others", 0, ARG_FLAG, NULL, NULL, "pass over rows of other jurisdictions, and count them" },
    { "visibility", 0, ARG_WORD, "WORD", "public federal local",
      "who may read them (public; of an export: as they were)" },
    { "dry-run", 0, ARG_FLAG, NULL, NULL, "check every row, and write nothing" },
    { NULL, 0, ARG_FLAG, NULL, NULL, NULL },
};

/* A statement that waits to be sent: the lines behind it, in case it is refused. */
struct waiting {
    size_t rows;
    size_t *lines; /* NULL when they are not known */
};

struct import {
    struct ctl *ctl;
    const char *path;
    const char *geoid; /* whose rows are taken; "" = those of nobody, at the office */
    bool dry;
    struct importer *importer;
    struct waiting waiting[BATCH_MOST];
    struct buf payloads[BATCH_MOST + 1]; /* beside waiting */
    size_t n_waiting;
    char visibility[8];                      /* of those that wait: what of them is new has it */
    const char *mode;                        /* of those that wait: "upsert", or "missing" */
    size_t taken, refused, skipped, flagged; /* rows */
    size_t statements;
    json_t *flags;    /* of the statement that the importer is making */
    json_t *outcomes; /* word -> how many */
    json_t *problems;
    struct progress progress;
};

static void clear_waiting(struct import *import)
{
    for (size_t i = 0; i < import->n_waiting; i++) {
        free(import->waiting[i].lines);
        buf_clear(&import->payloads[i]);
    }
    import->n_waiting = 0;
}

static void clear(struct import *import)
{
    clear_waiting(import);
    importer_free(&import->importer);
    json_decref(import->outcomes);
    json_decref(import->problems);
    json_decref(import->flags);
}

/* ---- problems */

static void report(struct import *import, size_t line, bool refused, const char *reason)
{
    const char *outcome = refused ? "refused" : "flagged";
    if (out_is_json(&import->ctl->out)) {
        json_t *number = line > 0 ? json_integer((json_int_t)line) : json_null();
        json_array_append_new(import->problems, json_pack("{s:o, s:s, s:s}", "line", number, "outcome",
                                                          outcome, "reason", reason));
        return;
    }
    AUTO(buf_clear) struct buf text = { 0 };
    text_escape(&text, bytes_text(reason));
    progress_hide(&import->progress);
    fprintf(stderr, "%s:%zu: %s: %s\n", import->path, line, outcome, buf_string(&text));
}

/* Flags wait until it is clear that their row is ours. */
static void take_problem(void *context, const struct import_problem *problem)
{
    struct import *import = context;
    if (problem->refused) {
        import->refused++;
        report(import, problem->line, true, problem->reason);
        return;
    }
    json_array_append_new(
        import->flags, json_pack("{s:I, s:s}", "line", (json_int_t)problem->line, "reason", problem->reason));
}

static void report_flags(struct import *import)
{
    size_t i, last = 0;
    json_t *flag;
    json_array_foreach(import->flags, i, flag)
    {
        size_t line = (size_t)json_integer_value(json_object_get(flag, "line"));
        report(import, line, false, json_string_value(json_object_get(flag, "reason")));
        import->flagged += line != last; /* a row may have several */
        last = line;
    }
}

static void refuse(struct import *import, size_t rows, const size_t *lines, const char *reason)
{
    import->refused += rows;
    for (size_t i = 0; i < rows; i++)
        report(import, lines != NULL ? lines[i] : 0, true, reason);
}

/* ---- whose rows */

static bool is_ours(struct import *import, const struct import_statement *s)
{
    bool own_words = s->geoid[0] == 0 && !importer_names_owners(import->importer);
    if (own_words || strcmp(s->geoid, import->geoid) == 0)
        return true;
    if (args_flag(&import->ctl->args, "skip-others") || args_flag(&import->ctl->args, "office")) {
        import->skipped += s->rows;
        return false;
    }
    AUTO(buf_clear) struct buf reason = { 0 };
    if (s->geoid[0] == 0)
        buf_printf(&reason, "no GEOID for \"%s\": what nobody owns is recorded at the hub", s->name);
    else
        buf_printf(&reason, "of another jurisdiction: %s, GEOID %s; taken are rows %s%s", s->name, s->geoid,
                   import->geoid[0] != 0 ? "of " : "without one", import->geoid);
    refuse(import, s->rows, s->lines, buf_string(&reason));
    return false;
}

/* ---- sending */

/* What a daemon says of a statement, not of its disk or of the road to it. */
static bool is_about_statements(enum err err)
{
    return err == E_MALFORMED || err == E_USAGE || err == E_EXISTS || err == E_UNMET || err == E_TOO_BIG;
}

static void take_results(struct import *import, size_t first, size_t count, const json_t *results)
{
    size_t i;
    json_t *result;
    json_array_foreach(results, i, result)
    {
        const char *word = json_string_value(json_object_get(result, "outcome"));
        word = word != NULL ? word : "added";
        json_int_t old = json_integer_value(json_object_get(import->outcomes, word));
        json_object_set_new(import->outcomes, word, json_integer(old + 1));
    }
    for (i = first; i < first + count; i++)
        import->taken += import->waiting[i].rows;
    import->statements += count;
}

/* What is there stays as visible as it is, unless --visibility says otherwise: reading a table again must not
 * publish what was held back. */
static enum err put(struct import *import, size_t first, size_t count, json_t *results)
{
    const struct batch_how how = { .mode = import->mode,
                                   .visibility = import->visibility,
                                   .keep_visibility = args_text(&import->ctl->args, "visibility") == NULL };
    return batch_put(import->ctl, import->payloads + first, count, &how, results);
}

/* A refused batch is halved until what is refused stands alone: the others get in. */
static enum err send(struct import *import, size_t first, size_t count)
{
    json_t *results = json_array();
    enum err err = E_OK;
    if (!import->dry)
        err = put(import, first, count, results);
    if (err == E_OK)
        take_results(import, first, count, results);
    json_decref(results);
    if (err == E_OK || !is_about_statements(err))
        return err;
    if (count > 1) {
        TRY(send(import, first, count / 2));
        return send(import, first + count / 2, count - count / 2);
    }
    AUTO(buf_clear) struct buf reason = { 0 };
    buf_text(&reason, err_message());
    refuse(import, import->waiting[first].rows, import->waiting[first].lines, buf_string(&reason));
    return E_OK;
}

static enum err send_waiting(struct import *import)
{
    if (import->n_waiting > 0)
        TRY(send(import, 0, import->n_waiting));
    clear_waiting(import);
    progress_step(&import->progress, import->taken + import->refused + import->skipped);
    if (cmd_interrupted())
        return errors_fail(E_TIMEOUT, "run the same import again: what is there is left as it is",
                           "interrupted; %zu rows are in", import->taken);
    return E_OK;
}

/* ---- a statement */

/* One's own, out of an export: it is about the engagement that it was about. */
static bool is_said_again(const struct import *import, const struct import_statement *s)
{
    char own[2 * HASH_BYTES + 1];
    hex_encode(import->ctl->home.author.b, HASH_BYTES, own);
    return s->origin != NULL && strcmp(s->origin->author, own) == 0;
}

/* A request has one visibility and one mode: others wait until those before are in. What this home said
 * itself may have been said otherwise since, so that of it only what is missing is put. */
static enum err take_manner(struct import *import, const struct import_statement *s)
{
    const char *mode = is_said_again(import, s) ? "missing" : "upsert";
    const char *word = args_text(&import->ctl->args, "visibility");
    if (word == NULL)
        word = s->origin != NULL && s->origin->visibility[0] != 0 ? s->origin->visibility : "public";
    if (strcmp(word, import->visibility) == 0 && strcmp(mode, import->mode) == 0)
        return E_OK;
    TRY(send_waiting(import));
    snprintf(import->visibility, sizeof import->visibility, "%s", word);
    import->mode = mode;
    return E_OK;
}

static enum err encode(struct import *import, const struct import_statement *s, struct buf *payload)
{
    uint8_t nonce[16];
    char hex[33];
    import_nonce(import->ctl->home.author.b, s->table, s->key, nonce);
    hex_encode(nonce, sizeof nonce, hex);
    json_t *statement = json_deep_copy(s->engagement);
    bool stays = is_said_again(import, s);
    if (s->origin != NULL && !stays)
        export_restate(statement, s->origin);
    if (!stays)
        json_object_set_new(statement, "nonce", json_string(hex));
    if (!stays && !importer_names_owners(import->importer))
        edit_us_side(statement, import->ctl->home.inception.geoid, import->ctl->home.inception.title);
    enum err err = payload_from_json(TYPE_ENGAGEMENT, statement, payload);
    json_decref(statement);
    return err;
}

static enum err take(struct import *import, const struct import_statement *s)
{
    if (!is_ours(import, s))
        return E_OK;
    report_flags(import);
    TRY(take_manner(import, s));
    struct buf *payload = &import->payloads[import->n_waiting];
    if (encode(import, s, payload) != E_OK) {
        AUTO(buf_clear) struct buf reason = { 0 };
        buf_text(&reason, err_message());
        buf_clear(payload);
        refuse(import, s->rows, s->lines, buf_string(&reason));
        return E_OK;
    }
    if (batch_fit(import->payloads, import->n_waiting + 1) <= import->n_waiting) {
        struct buf next = *payload;
        *payload = (struct buf){ 0 };
        enum err err = send_waiting(import);
        if (err != E_OK) { /* those that wait still lie in their places */
            buf_clear(&next);
            return err;
        }
        import->payloads[0] = next;
    }
    size_t *lines = s->lines != NULL ? mem_copy(s->lines, s->rows * sizeof *lines) : NULL;
    import->waiting[import->n_waiting++] = (struct waiting){ s->rows, lines };
    return E_OK;
}

static enum err take_all(struct import *import)
{
    for (;;) {
        struct import_statement statement;
        json_array_clear(import->flags);
        enum err err = importer_next(import->importer, &statement);
        if (err == E_NOT_FOUND)
            return send_waiting(import);
        TRY(err);
        TRY(take(import, &statement));
    }
}

/* ---- the whole */

static json_t *account(const struct import *import)
{
    struct import_counts counts = importer_counts(import->importer);
    json_t *out =
        json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "file", import->path, "dry_run", import->dry,
                  "rows", (json_int_t)counts.read, "accepted", (json_int_t)import->taken, "refused",
                  (json_int_t)import->refused, "skipped", (json_int_t)import->skipped, "flagged",
                  (json_int_t)import->flagged, "statements", (json_int_t)import->statements);
    static const char *const words[] = { "added", "amended", "unchanged", "retracted" };
    for (size_t i = 0; i < 4; i++) {
        json_t *n = json_object_get(import->outcomes, words[i]);
        json_object_set_new(out, words[i], n != NULL ? json_incref(n) : json_integer(0));
    }
    if (out_is_json(&import->ctl->out))
        json_object_set(out, "problems", import->problems);
    return out;
}

static enum err finish(struct import *import)
{
    static const struct out_column fields[] = {
        { "file", "file", OUT_TEXT, OUT_NAMES },          { "rows", "rows read", OUT_NUMBER, 0 },
        { "accepted", "accepted", OUT_NUMBER, 0 },        { "refused", "refused", OUT_NUMBER, 0 },
        { "skipped", "skipped", OUT_NUMBER, 0 },          { "flagged", "flagged", OUT_NUMBER, 0 },
        { "statements", "statements", OUT_NUMBER, 0 },    { "added", "added", OUT_NUMBER, 0 },
        { "amended", "amended", OUT_NUMBER, 0 },          { "unchanged", "unchanged", OUT_NUMBER, 0 },
        { "retracted", "left retracted", OUT_NUMBER, 0 }, { NULL, NULL, OUT_TEXT, 0 },
    };
    size_t read = importer_counts(import->importer).read;
    progress_hide(&import->progress);
    json_t *body = account(import);
    out_object(&import->ctl->out, body, fields);
    json_int_t retracted = json_integer_value(json_object_get(body, "retracted"));
    json_decref(body);
    if (retracted > 0)
        out_remark(&import->ctl->out, "%lld %s retracted before and stay%s so.", (long long)retracted,
                   retracted == 1 ? "statement was" : "statements were", retracted == 1 ? "s" : "");
    if (import->dry)
        out_remark(&import->ctl->out, "Nothing was written (--dry-run).");
    if (read != import->taken + import->refused + import->skipped)
        return fail(E_CORRUPT,
                    "the counts do not reconcile: %zu rows read, %zu accepted, %zu refused, %zu skipped",
                    read, import->taken, import->refused, import->skipped);
    if (import->refused > 0) {
        TRY(out_flush(&import->ctl->out)); /* what went in is in, and is told */
        return errors_fail(E_PARTIAL,
                           "each is named above with its line and reason; put them right and run it again",
                           "%zu of %zu rows were refused", import->refused, read);
    }
    return E_OK;
}

static const char *format_of(const struct ctl *ctl, const char *path)
{
    const char *format = args_text(&ctl->args, "format"), *dot = strrchr(path, '.');
    if (format != NULL)
        return format;
    return dot != NULL && strchr(dot, '/') == NULL ? dot + 1 : "";
}

static enum err open_table(struct import *import)
{
    const char *format = format_of(import->ctl, import->path);
    if (strcmp(format, "csv") != 0 && strcmp(format, "tsv") != 0 && strcmp(format, "jsonl") != 0)
        return errors_fail(E_USAGE, "--format csv, tsv or jsonl", "%s does not tell its format",
                           import->path);
    if (!file_exists(import->path))
        return fail(E_NOT_FOUND, "there is no file %s", import->path);
    enum err err = importer_open(import->path, format, args_text(&import->ctl->args, "map"),
                                 args_text(&import->ctl->args, "snapshot"), &import->importer);
    if (err == E_NOT_FOUND)
        errors_hint("describe its columns in a map, and name it with --map FILE");
    return err;
}

static enum err run(struct import *import)
{
    TRY(open_table(import));
    if (!import->dry)
        TRY(cmd_connect(import->ctl));
    importer_problems(import->importer, take_problem, import);
    progress_start(&import->progress, "importing", "rows", importer_counts(import->importer).read,
                   import->ctl->out.quiet || out_is_json(&import->ctl->out));
    TRY(take_all(import));
    return finish(import);
}

enum err cmd_import(struct ctl *ctl)
{
    const char *geoid = args_text(&ctl->args, "geoid");
    cmd_doing(ctl, "import %s", ctl->args.words[0]);
    TRY(cmd_home(ctl));
    if (args_flag(&ctl->args, "office") && ctl->home.role != HOME_HUB)
        return errors_fail(E_USAGE, "name the hub's home with --home DIR",
                           "--office is for a hub, and %s is a node", ctl->home.inception.name);
    struct import *import = mem_alloc(sizeof *import); /* too large for the stack */
    import->ctl = ctl;
    import->path = ctl->args.words[0];
    import->geoid = ctl->home.role == HOME_HUB ? "" : geoid != NULL ? geoid : ctl->home.inception.geoid;
    import->dry = args_flag(&ctl->args, "dry-run");
    import->mode = "upsert";
    import->outcomes = json_object();
    import->problems = json_array();
    import->flags = json_array();
    enum err err = run(import);
    progress_hide(&import->progress);
    clear(import);
    free(import);
    return err;
}
