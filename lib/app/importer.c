#include "app/importer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/importer_map.h"
#include "app/importer_table.h"
#include "app/payload.h"
#include "base/file.h"
#include "base/text.h"
#include "core/statement.h"

/* Rows that say one thing: indexes into the table, in its order. */
struct group {
    size_t *rows;
    size_t count;
};

struct importer {
    struct map map;
    struct table table;
    char table_name[128];
    char *snapshot; /* rows up to this one; NULL: the table has none */
    const char **snapshots;
    size_t n_snapshots;
    struct group *groups;
    size_t n_groups;
    size_t next;
    size_t office_rows;
    struct import_counts counts;
    /* what the last statement lends out */
    json_t *engagement;
    struct buf key, geoid, state, name, level, ocd_id;
    struct import_origin origin;
    size_t *lines;
    /* problems: kept until somebody listens */
    void (*problem)(void *context, const struct import_problem *problem);
    void *context;
    struct import_problem *kept;
    size_t n_kept;
    size_t flag_line;
    bool flagged;
};

static void report(struct importer *importer, size_t line, bool refused, const char *reason)
{
    struct import_problem problem = { line, refused, reason };
    if (importer->problem != NULL) {
        importer->problem(importer->context, &problem);
        return;
    }
    problem.reason = mem_text(reason);
    importer->kept = mem_resize(importer->kept, (importer->n_kept + 1) * sizeof *importer->kept);
    importer->kept[importer->n_kept++] = problem;
}

static void refuse_line(void *context, size_t line, const char *reason)
{
    struct importer *importer = context;
    importer->counts.read++;
    importer->counts.refused++;
    report(importer, line, true, reason);
}

void importer_problems(struct importer *importer,
                       void (*problem)(void *context, const struct import_problem *), void *context)
{
    importer->problem = problem;
    importer->context = context;
    for (size_t i = 0; i < importer->n_kept; i++) {
        problem(context, &importer->kept[i]);
        free((char *)importer->kept[i].reason);
    }
    importer->n_kept = 0;
}

/* ---- JSON lines: each line an engagement, with the members "key" and, if it is not one's own, "geoid". */

static bool is_blank(const char *at, size_t len)
{
    while (len > 0 && (*at == ' ' || *at == '\t' || *at == '\r')) {
        at++;
        len--;
    }
    return len == 0;
}

static enum err next_line(struct importer *importer, json_t **out)
{
    struct buf *file = &importer->table.file;
    while (importer->next < file->len) {
        const char *at = (const char *)file->data + importer->next;
        const char *end = memchr(at, '\n', file->len - importer->next);
        size_t len = end != NULL ? (size_t)(end - at) : file->len - importer->next;
        importer->next += len + 1;
        importer->flag_line++;
        if (is_blank(at, len))
            continue;
        importer->counts.read++;
        json_error_t why;
        *out = json_loadb(at, len, JSON_REJECT_DUPLICATES, &why);
        if (json_is_object(*out))
            return E_OK;
        json_decref(*out);
        importer->counts.refused++;
        report(importer, importer->flag_line, true, "not a JSON object");
    }
    return fail(E_NOT_FOUND, "no more rows");
}

static void take_member(json_t *object, const char *name, struct buf *out)
{
    out->len = 0;
    const json_t *member = json_object_get(object, name);
    if (json_is_string(member))
        buf_text(out, json_string_value(member));
    json_object_del(object, name);
}

/* Of an export: the engagement that it was is the key of the one that it will be. */
static enum err take_exported(struct importer *importer)
{
    TRY(export_open(&importer->engagement, &importer->origin));
    importer->key.len = importer->geoid.len = 0;
    buf_text(&importer->key, importer->origin.engagement);
    AUTO(buf_clear) struct buf payload = { 0 };
    return payload_from_json(TYPE_ENGAGEMENT, importer->engagement, &payload);
}

/* The key and the jurisdiction stand beside what goes into the payload. */
static enum err take_object(struct importer *importer)
{
    importer->origin = (struct import_origin){ .author = "" };
    if (export_is_line(importer->engagement))
        return take_exported(importer);
    take_member(importer->engagement, "key", &importer->key);
    take_member(importer->engagement, "geoid", &importer->geoid);
    if (importer->key.len == 0)
        return fail(
            E_USAGE,
            "the member \"key\" is missing: a text that stays the same when the row is imported again");
    AUTO(buf_clear) struct buf payload = { 0 };
    return payload_from_json(TYPE_ENGAGEMENT, importer->engagement, &payload);
}

static enum err next_object(struct importer *importer)
{
    for (;;) {
        json_decref(importer->engagement);
        importer->engagement = NULL;
        TRY(next_line(importer, &importer->engagement));
        if (take_object(importer) == E_OK) {
            importer->counts.accepted++;
            return E_OK;
        }
        importer->counts.refused++;
        report(importer, importer->flag_line, true, err_message());
    }
}

/* ---- tables */

static const char *cell(const struct importer *importer, size_t row, const char *column)
{
    size_t i = table_column(&importer->table, column);
    return i < importer->table.columns ? importer->table.rows[row].cells[i] : "";
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_snapshots(struct importer *importer, const char *column)
{
    if (column[0] == 0)
        return;
    importer->snapshots = mem_alloc((importer->table.count + 1) * sizeof *importer->snapshots);
    for (size_t i = 0; i < importer->table.count; i++)
        importer->snapshots[i] = cell(importer, i, column);
    qsort(importer->snapshots, importer->table.count, sizeof *importer->snapshots, compare_texts);
    for (size_t i = 0; i < importer->table.count; i++)
        if (i == 0 || strcmp(importer->snapshots[i], importer->snapshots[importer->n_snapshots - 1]) != 0)
            importer->snapshots[importer->n_snapshots++] = importer->snapshots[i];
}

static void add_to_group(struct importer *importer, json_t *index, const char *key, size_t row)
{
    json_t *known = json_object_get(index, key);
    size_t at = known != NULL ? (size_t)json_integer_value(known) : importer->n_groups;
    if (known == NULL) {
        if ((importer->n_groups & (importer->n_groups + 1)) == 0)
            importer->groups =
                mem_resize(importer->groups, (2 * importer->n_groups + 1) * sizeof *importer->groups);
        importer->groups[importer->n_groups++] = (struct group){ 0 };
        json_object_set_new(index, key, json_integer((json_int_t)at));
    }
    struct group *group = &importer->groups[at];
    group->rows = mem_resize(group->rows, (group->count + 1) * sizeof *group->rows);
    group->rows[group->count++] = row;
}

static enum err check_geoid(const char *geoid)
{
    size_t n = strlen(geoid);
    if (n == 0 || (strspn(geoid, "0123456789") == n && (n == 2 || n == 5 || n == 7 || n == 10)))
        return E_OK;
    return fail(E_USAGE, "\"%.40s\" is not a Census GEOID (2, 5, 7 or 10 digits)", geoid);
}

static void fill_jurisdiction(struct importer *importer, const struct row *row)
{
    const json_t *j = json_object_get(importer->map.json, "jurisdiction");
    struct {
        const char *name;
        struct buf *out;
    } parts[] = { { "geoid", &importer->geoid },
                  { "state", &importer->state },
                  { "name", &importer->name },
                  { "level", &importer->level },
                  { "ocd_id", &importer->ocd_id } };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        parts[i].out->len = 0;
        map_fill(json_object_get(j, parts[i].name), &importer->table, row, parts[i].out);
    }
}

static enum err check_row(struct importer *importer, const struct row *row)
{
    TRY(map_require(&importer->map, &importer->table, row));
    fill_jurisdiction(importer, row);
    return check_geoid(buf_string(&importer->geoid));
}

static void group_rows(struct importer *importer)
{
    json_t *index = json_object();
    const char *column = map_text(&importer->map, "snapshot");
    for (size_t i = 0; i < importer->table.count; i++) {
        const struct row *row = &importer->table.rows[i];
        if (importer->snapshot != NULL && strcmp(cell(importer, i, column), importer->snapshot) > 0)
            continue; /* of a later snapshot: its turn comes */
        importer->counts.read++;
        AUTO(buf_clear) struct buf key = { 0 };
        enum err err = check_row(importer, row);
        map_fill(json_object_get(importer->map.json, "key"), &importer->table, row, &key);
        if (err == E_OK && key.len == 0)
            err = fail(E_USAGE, "the columns that make its key are empty");
        if (err == E_OK) {
            add_to_group(importer, index, buf_string(&key), i);
            continue;
        }
        importer->counts.refused++;
        report(importer, row->line, true, err_message());
    }
    json_decref(index);
}

static void flag_row(void *context, const char *reason)
{
    struct importer *importer = context;
    importer->flagged = true;
    report(importer, importer->flag_line, false, reason);
}

static enum err add_source(struct importer *importer, const struct row *row, const char *words)
{
    json_t *source = json_object();
    AUTO(buf_clear) struct buf leftover = { 0 };
    buf_text(&leftover, words);
    enum err err = map_apply(&importer->map, json_object_get(importer->map.json, "source"), &importer->table,
                             row, source, &leftover);
    if (err != E_OK) {
        json_decref(source);
        return err;
    }
    if (leftover.len > 0) {
        const char *note = json_string_value(json_object_get(source, "note"));
        AUTO(buf_clear) struct buf whole = { 0 };
        buf_printf(&whole, "%s%s%s", note != NULL ? note : "", note != NULL ? "; " : "",
                   buf_string(&leftover));
        json_object_set_new(source, "note", json_string(buf_string(&whole)));
    }
    if (json_object_get(importer->engagement, "sources") == NULL)
        json_object_set_new(importer->engagement, "sources", json_array());
    json_array_append_new(json_object_get(importer->engagement, "sources"), source);
    return E_OK;
}

/* A row that no jurisdiction owns is the office's word about others. */
static void speak_as_office(struct importer *importer)
{
    if (json_is_true(json_object_get(importer->map.json, "office")))
        importer->geoid.len = 0;
    if (importer->geoid.len > 0 || !importer_names_owners(importer))
        return;
    json_object_set_new(importer->engagement, "verification", json_string("third_party_listed"));
    json_object_set_new(importer->engagement, "standing", json_string("reporter"));
}

static void end_what_is_gone(struct importer *importer, const struct group *group)
{
    const char *column = map_text(&importer->map, "snapshot");
    json_t *gone = json_object_get(importer->map.json, "gone");
    if (importer->snapshot == NULL || gone == NULL)
        return;
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(cell(importer, group->rows[i], column), importer->snapshot) == 0)
            return;
    json_object_update(importer->engagement, gone);
}

static enum err build(struct importer *importer, const struct group *group)
{
    const struct row *first = &importer->table.rows[group->rows[0]];
    json_decref(importer->engagement);
    importer->engagement = json_object();
    AUTO(buf_clear) struct buf leftover = { 0 };
    TRY(map_apply(&importer->map, json_object_get(importer->map.json, "engagement"), &importer->table, first,
                  importer->engagement, &leftover));
    for (size_t i = 0; i < group->count; i++)
        TRY(add_source(importer, &importer->table.rows[group->rows[i]], i == 0 ? buf_string(&leftover) : ""));

    fill_jurisdiction(importer, first);
    speak_as_office(importer);
    end_what_is_gone(importer, group);
    importer->key.len = 0;
    map_fill(json_object_get(importer->map.json, "key"), &importer->table, first, &importer->key);

    AUTO(buf_clear) struct buf payload = { 0 };
    return payload_from_json(TYPE_ENGAGEMENT, importer->engagement, &payload);
}

static void account(struct importer *importer, const struct group *group, enum err err)
{
    char why[512];
    snprintf(why, sizeof why, "%s", err_message());
    for (size_t i = 0; i < group->count; i++) {
        const struct row *row = &importer->table.rows[group->rows[i]];
        if (err != E_OK) {
            importer->counts.refused++;
            report(importer, row->line, true, why);
            continue;
        }
        importer->counts.accepted++;
        importer->flag_line = row->line;
        importer->flagged = false;
        map_flags(&importer->map, &importer->table, row, flag_row, importer);
        importer->counts.flagged += importer->flagged;
    }
}

static enum err next_group(struct importer *importer, size_t *rows)
{
    while (importer->next < importer->n_groups) {
        const struct group *group = &importer->groups[importer->next++];
        enum err err = build(importer, group);
        account(importer, group, err);
        *rows = group->count;
        importer->lines = mem_resize(importer->lines, group->count * sizeof *importer->lines);
        for (size_t i = 0; i < group->count; i++)
            importer->lines[i] = importer->table.rows[group->rows[i]].line;
        if (err == E_OK)
            return E_OK;
    }
    return fail(E_NOT_FOUND, "no more rows");
}

enum err importer_next(struct importer *importer, struct import_statement *out)
{
    size_t rows = 1;
    TRY(importer->map.json != NULL ? next_group(importer, &rows) : next_object(importer));
    *out = (struct import_statement){
        .geoid = buf_string(&importer->geoid),
        .state = buf_string(&importer->state),
        .name = buf_string(&importer->name),
        .level = buf_string(&importer->level),
        .ocd_id = buf_string(&importer->ocd_id),
        .key = buf_string(&importer->key),
        .table = importer->origin.author[0] != 0 ? "export" : importer->table_name,
        .origin = importer->origin.author[0] != 0 ? &importer->origin : NULL,
        .engagement = importer->engagement,
        .rows = rows,
        .lines = importer->map.json != NULL ? importer->lines : &importer->flag_line,
    };
    return E_OK;
}

static void set_table_name(struct importer *importer, const char *path)
{
    const char *base = strrchr(path, '/');
    base = base != NULL ? base + 1 : path;
    snprintf(importer->table_name, sizeof importer->table_name, "%.*s", (int)strcspn(base, "."), base);
}

static enum err open_table(struct importer *importer, const char *path, bool tsv, const char *map_path,
                           const char *snapshot)
{
    TRY(map_open(map_path, importer->table_name, &importer->map));
    if (map_text(&importer->map, "table")[0] != 0)
        snprintf(importer->table_name, sizeof importer->table_name, "%s", map_text(&importer->map, "table"));
    TRY(table_read(path, tsv, refuse_line, importer, &importer->table));
    TRY(map_check(&importer->map, &importer->table));
    find_snapshots(importer, map_text(&importer->map, "snapshot"));
    if (importer->n_snapshots > 0)
        importer->snapshot =
            mem_text(snapshot != NULL ? snapshot : importer->snapshots[importer->n_snapshots - 1]);
    group_rows(importer);
    return E_OK;
}

enum err importer_open(const char *path, const char *format, const char *map_path, const char *snapshot,
                       struct importer **out)
{
    *out = NULL;
    bool tsv = strcmp(format, "tsv") == 0, lines = strcmp(format, "jsonl") == 0;
    if (!tsv && !lines && strcmp(format, "csv") != 0)
        return fail(E_USAGE, "format \"%s\": expected csv, tsv or jsonl", format);
    if (lines && map_path != NULL)
        return fail(E_USAGE, "a map goes with csv and tsv; lines of JSON are engagements as they stand");

    struct importer *importer = mem_alloc(sizeof *importer);
    set_table_name(importer, path);
    enum err err = lines ? file_read(path, (size_t)256 << 20, &importer->table.file)
                         : open_table(importer, path, tsv, map_path, snapshot);
    if (err != E_OK) {
        importer_free(&importer);
        return err;
    }
    *out = importer;
    return E_OK;
}

void importer_free(struct importer **importer)
{
    struct importer *i = *importer;
    if (i == NULL)
        return;
    for (size_t g = 0; g < i->n_groups; g++)
        free(i->groups[g].rows);
    free(i->groups);
    for (size_t k = 0; k < i->n_kept; k++)
        free((char *)i->kept[k].reason);
    free(i->kept);
    free(i->snapshot);
    free(i->snapshots);
    json_decref(i->engagement);
    free(i->lines);
    struct buf *bufs[] = { &i->key, &i->geoid, &i->state, &i->name, &i->level, &i->ocd_id };
    for (size_t b = 0; b < sizeof bufs / sizeof *bufs; b++)
        buf_clear(bufs[b]);
    map_clear(&i->map);
    table_clear(&i->table);
    free(i);
    *importer = NULL;
}

struct import_counts importer_counts(const struct importer *importer)
{
    return importer->counts;
}

bool importer_names_owners(const struct importer *importer)
{
    const json_t *map = importer->map.json;
    return json_object_get(map, "jurisdiction") != NULL || json_is_true(json_object_get(map, "office"));
}

size_t importer_snapshots(const struct importer *importer, const char *const **out)
{
    *out = importer->snapshots;
    return importer->n_snapshots;
}

void import_nonce(const uint8_t author[static 32], const char *table, const char *key,
                  uint8_t nonce[static 16])
{
    const struct bytes parts[] = { bytes_text("chancery/import/v1\n"), bytes_of(author, 32),
                                   bytes_of(table, strlen(table) + 1), bytes_text(key) };
    struct hash hash = hash_parts(parts, sizeof parts / sizeof *parts);
    memcpy(nonce, hash.b, 16);
}
