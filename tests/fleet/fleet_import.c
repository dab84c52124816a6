#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/importer.h"
#include "app/payload.h"
#include "base/file.h"
#include "base/text.h"
#include "core/statement.h"
#include "daemon/scribe.h"
#include "fleet.h"

static const char *const tables[] = { "sister_relations", "network_memberships", "climate_disclosures",
                                      "foreign_missions_in_us", "curated_facts" };
static const char *const formats[] = { "tsv", "csv", "jsonl" };
#define N_TABLES (sizeof tables / sizeof *tables)
#define N_FORMATS (sizeof formats / sizeof *formats)

/* Does one thing with every statement of a folder's tables. */
struct walk {
    struct fleet *fleet;
    const char *path;                 /* of the table */
    bool tells;                       /* names refused and flagged rows */
    json_t *flags;                    /* of the statement that is being made */
    size_t accepted, refused, others; /* rows of the table: refused here, behind the importer; the office's */
    enum err (*each)(struct walk *walk, const struct import_statement *statement);
    struct buf *waiting; /* payloads by node, AUTHOR_MAX_PAYLOADS each, when loading */
    size_t *n_waiting;
};

static void take_problem(void *context, const struct import_problem *problem)
{
    struct walk *walk = context;
    if (walk->tells && problem->refused)
        fprintf(stderr, "%s:%zu: refused: %s\n", walk->path, problem->line, problem->reason);
    else
        json_array_append_new(walk->flags, json_sprintf("%zu: flagged: %s", problem->line, problem->reason));
}

static void tell_flags(struct walk *walk)
{
    size_t i;
    json_t *flag;
    json_array_foreach(walk->flags, i, flag) if (walk->tells)
        fprintf(stderr, "%s:%s\n", walk->path, json_string_value(flag));
}

static enum err walk_statements(struct walk *walk, struct importer *importer)
{
    struct import_statement statement;
    for (;;) {
        json_array_clear(walk->flags);
        enum err err = importer_next(importer, &statement);
        if (err == E_NOT_FOUND)
            return E_OK;
        TRY(err);
        if (statement.geoid[0] == 0) {
            walk->others += statement.rows; /* the office's own: nodectl import tells them to the hub */
            continue;
        }
        tell_flags(walk);
        walk->accepted += statement.rows;
        TRY(walk->each(walk, &statement));
    }
}

/* Every row is somewhere: with a jurisdiction, with the office, or refused. */
static enum err account(struct walk *walk, const char *table, struct import_counts counts)
{
    struct fleet *fleet = walk->fleet;
    size_t refused = counts.refused + walk->refused;
    json_t *line = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "table", table, "file", walk->path,
                             "rows", (json_int_t)counts.read, "accepted", (json_int_t)walk->accepted,
                             "refused", (json_int_t)refused, "others", (json_int_t)walk->others, "flagged",
                             (json_int_t)counts.flagged);
    if (fleet->import_tables == NULL)
        fleet->import_tables = json_array();
    json_array_append_new(fleet->import_tables, line);
    if (counts.read != walk->accepted + refused + walk->others)
        return fail(E_CORRUPT, "%s: %zu rows read, but %zu accepted, %zu refused, %zu of the office",
                    walk->path, counts.read, walk->accepted, refused, walk->others);
    return E_OK;
}

static enum err open_file(const struct fleet_options *o, const char *path, const char *format,
                          struct importer **out)
{
    const char *snapshot = o->snapshot != NULL && strcmp(o->snapshot, "all") != 0 ? o->snapshot : NULL;
    return importer_open(path, format, NULL, snapshot, out);
}

static void name_file(const struct fleet_options *o, const char *table, const char *format, struct buf *out)
{
    buf_printf(out, "%s/%s.%s", o->import, table, format);
    buf_string(out);
}

static enum err walk_table(struct walk *walk, const char *table, const char *format)
{
    AUTO(buf_clear) struct buf path = { 0 };
    AUTO(importer_free) struct importer *importer = NULL;
    name_file(&walk->fleet->options, table, format, &path);
    walk->path = buf_string(&path);
    walk->accepted = walk->refused = walk->others = 0;
    if (!file_exists(walk->path))
        return E_OK;
    TRY(open_file(&walk->fleet->options, walk->path, format, &importer));
    importer_problems(importer, take_problem, walk);
    walk->flags = json_array();
    enum err err = walk_statements(walk, importer);
    json_decref(walk->flags);
    if (err != E_OK || !walk->tells)
        return err;
    return account(walk, table, importer_counts(importer));
}

static enum err walk_folder(struct walk *walk)
{
    for (size_t t = 0; t < N_TABLES; t++)
        for (size_t f = 0; f < N_FORMATS; f++)
            TRY(walk_table(walk, tables[t], formats[f]));
    return E_OK;
}

/* ---- which files there are */

static enum err list_file(const struct fleet_options *o, const char *table, const char *format, json_t *files)
{
    AUTO(buf_clear) struct buf path = { 0 };
    AUTO(importer_free) struct importer *importer = NULL;
    name_file(o, table, format, &path);
    if (!file_exists(buf_string(&path)))
        return E_OK;
    TRY(open_file(o, buf_string(&path), format, &importer));
    const char *const *snapshots;
    size_t n = importer_snapshots(importer, &snapshots);
    json_t *names = json_array();
    for (size_t i = 0; i < n; i++)
        if (snapshots[i][0] != 0)
            json_array_append_new(names, json_string(snapshots[i]));
    json_array_append_new(files, json_pack("{s:s, s:s, s:s, s:o}", "table", table, "format", format, "file",
                                           buf_string(&path), "snapshots", names));
    return E_OK;
}

enum err fleet_import_list(const struct fleet *fleet, FILE *to)
{
    enum err err = E_OK;
    json_t *files = json_array();
    for (size_t t = 0; err == E_OK && t < N_TABLES; t++)
        for (size_t f = 0; err == E_OK && f < N_FORMATS; f++)
            err = list_file(&fleet->options, tables[t], formats[f], files);
    if (err == E_OK) {
        json_dumpf(files, to, JSON_COMPACT);
        fputc('\n', to);
    }
    json_decref(files);
    return err;
}

/* ---- who there is */

static struct fleet_node *node_of(struct fleet *fleet, const char *geoid)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (strcmp(fleet->nodes[i].geoid, geoid) == 0)
            return &fleet->nodes[i];
    return NULL;
}

static bool is_taken(struct fleet *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (strcmp(fleet->nodes[i].home.inception.name, name) == 0)
            return true;
    return false;
}

/* us-oh-dayton; of a state us-oh; where two have one name, the GEOID tells them apart. */
static void make_name(struct fleet *fleet, const struct import_statement *s, struct buf *out)
{
    buf_text(out, "us-");
    text_slug(out, bytes_text(s->state));
    if (strlen(s->geoid) > 2) {
        buf_text(out, "-");
        text_slug(out, bytes_text(s->name));
    }
    if (out->len > 50)
        out->len = 50;
    if (is_taken(fleet, buf_string(out)))
        buf_printf(out, "-%s", s->geoid);
}

static enum err meet(struct walk *walk, const struct import_statement *s)
{
    struct fleet *fleet = walk->fleet;
    if (node_of(fleet, s->geoid) != NULL)
        return E_OK;
    if (strlen(s->geoid) >= sizeof fleet->nodes->geoid)
        return fail(E_USAGE, "%s: GEOID %s is too long", walk->path, s->geoid);
    AUTO(buf_clear) struct buf name = { 0 }, title = { 0 };
    make_name(fleet, s, &name);
    buf_text(&title, s->name[0] != 0 ? s->name : buf_string(&name));
    fleet->nodes = mem_resize(fleet->nodes, (fleet->count + 1) * sizeof *fleet->nodes);
    struct fleet_node *one = &fleet->nodes[fleet->count];
    *one = (struct fleet_node){ 0 };
    snprintf(one->geoid, sizeof one->geoid, "%s", s->geoid);
    struct fleet_person person = {
        .folder = s->geoid,
        .name = buf_string(&name),
        .geoid = s->geoid,
        .title = buf_string(&title),
    };
    TRY(fleet_identity(fleet, &person, one));
    fleet->count++;
    return E_OK;
}

enum err fleet_import_identities(struct fleet *fleet)
{
    struct walk walk = { .fleet = fleet, .each = meet };
    return walk_folder(&walk);
}

/* ---- what they say */

static enum err flush(struct walk *walk, size_t i)
{
    AUTO(free_ptr) struct bytes *views = mem_alloc(walk->n_waiting[i] * sizeof *views);
    AUTO(free_ptr) struct author_result *results = mem_alloc(walk->n_waiting[i] * sizeof *results);
    struct buf *payloads = &walk->waiting[i * AUTHOR_MAX_PAYLOADS];
    for (size_t n = 0; n < walk->n_waiting[i]; n++)
        views[n] = buf_view(&payloads[n]);
    struct author_request put = {
        .type = TYPE_ENGAGEMENT, .upsert = true, .payloads = views, .count = walk->n_waiting[i]
    };
    enum err err = scribe_write(walk->fleet->nodes[i].node, &put, results);
    for (size_t n = 0; n < walk->n_waiting[i]; n++) {
        walk->fleet->written += err == E_OK && results[n].outcome != AUTHOR_UNCHANGED;
        buf_clear(&payloads[n]);
    }
    walk->n_waiting[i] = 0;
    return err;
}

static enum err encode(const struct home *home, const struct import_statement *s, struct buf *out)
{
    uint8_t nonce[16];
    char hex[33];
    import_nonce(home->author.b, s->table, s->key, nonce);
    hex_encode(nonce, sizeof nonce, hex);
    json_t *statement = json_copy((json_t *)s->engagement);
    json_object_set_new(statement, "nonce", json_string(hex));
    enum err err = payload_from_json(TYPE_ENGAGEMENT, statement, out);
    json_decref(statement);
    return err;
}

static void refuse(struct walk *walk, const struct import_statement *s)
{
    walk->accepted -= s->rows;
    walk->refused += s->rows;
    for (size_t i = 0; i < s->rows; i++)
        fprintf(stderr, "%s:%zu: refused: %s\n", walk->path, s->lines != NULL ? s->lines[i] : 0,
                err_message());
}

static enum err say(struct walk *walk, const struct import_statement *s)
{
    struct fleet_node *one = node_of(walk->fleet, s->geoid);
    if (one == NULL)
        return fail(E_CORRUPT, "%s: GEOID %s came out of nowhere", walk->path, s->geoid);
    size_t i = (size_t)(one - walk->fleet->nodes);
    struct buf *payload = &walk->waiting[i * AUTHOR_MAX_PAYLOADS + walk->n_waiting[i]];
    if (encode(&one->home, s, payload) != E_OK) {
        buf_clear(payload);
        refuse(walk, s);
        return E_OK;
    }
    if (++walk->n_waiting[i] < AUTHOR_MAX_PAYLOADS)
        return E_OK;
    return flush(walk, i);
}

enum err fleet_load_import(struct fleet *fleet)
{
    struct walk walk = { .fleet = fleet, .tells = true, .each = say };
    walk.waiting = mem_alloc((fleet->count + 1) * AUTHOR_MAX_PAYLOADS * sizeof *walk.waiting);
    walk.n_waiting = mem_alloc((fleet->count + 1) * sizeof *walk.n_waiting);
    enum err err = walk_folder(&walk);
    for (size_t i = 0; i < fleet->count; i++)
        if (walk.n_waiting[i] > 0) {
            enum err flushed = flush(&walk, i);
            err = err == E_OK ? flushed : err;
        }
    free(walk.waiting);
    free(walk.n_waiting);
    return err;
}
