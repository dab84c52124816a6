#include "nodectl/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "nodectl/country.h"
#include "nodectl/errors.h"

#define MAX_LIST 256

/* ---- paths */

/* One step of a path: a member, and perhaps an index in it. */
struct step {
    char name[64];
    bool indexed;
    size_t index;
    bool last;
};

static enum err bad_path(const char *path)
{
    return errors_fail(E_USAGE, "like title, visit.size or partners[0].country",
                       "\"%s\" is not the path of a field", path);
}

static enum err next_step(const char *path, const char **at, struct step *step)
{
    *step = (struct step){ 0 };
    size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (len == 0 || len >= sizeof step->name)
        return bad_path(path);
    memcpy(step->name, *at, len);
    *at += len;
    if (**at == '[') {
        char *end;
        step->indexed = true;
        step->index = strtoul(*at + 1, &end, 10);
        if (end == *at + 1 || *end != ']' || step->index >= MAX_LIST)
            return bad_path(path);
        *at = end + 1;
    }
    step->last = **at == 0;
    if (!step->last && *(*at)++ != '.')
        return bad_path(path);
    return E_OK;
}

static enum err enter_list(json_t *object, const struct step *step, const char *path, json_t **list)
{
    *list = json_object_get(object, step->name);
    if (*list == NULL) {
        *list = json_array();
        json_object_set_new(object, step->name, *list);
    }
    if (!json_is_array(*list))
        return fail(E_USAGE, "\"%s\": %s is not a list", path, step->name);
    if (step->index > json_array_size(*list))
        return fail(E_USAGE, "\"%s\": the list %s has only %zu entries", path, step->name,
                    json_array_size(*list));
    return E_OK;
}

/* The object that a step leads into, made when it is not there. */
static enum err enter(json_t *object, const struct step *step, const char *path, json_t **inner)
{
    json_t *list = NULL;
    if (step->indexed)
        TRY(enter_list(object, step, path, &list));
    *inner = step->indexed ? json_array_get(list, step->index) : json_object_get(object, step->name);
    if (*inner == NULL) {
        *inner = json_object();
        if (step->indexed)
            json_array_append_new(list, *inner);
        else
            json_object_set_new(object, step->name, *inner);
    }
    return json_is_object(*inner) ? E_OK : fail(E_USAGE, "\"%s\": %s has no fields in it", path, step->name);
}

static enum err place(json_t *object, const struct step *step, const char *path, json_t *value)
{
    json_t *list;
    if (!step->indexed) {
        json_object_set(object, step->name, value);
        return E_OK;
    }
    TRY(enter_list(object, step, path, &list));
    if (step->index == json_array_size(list))
        json_array_append(list, value);
    else
        json_array_set(list, step->index, value);
    return E_OK;
}

static enum err set(json_t *root, const char *path, json_t *value)
{
    const char *at = path;
    for (;;) {
        struct step step;
        TRY(next_step(path, &at, &step));
        if (step.last)
            return place(root, &step, path, value);
        TRY(enter(root, &step, path, &root));
    }
}

enum err edit_set(json_t *root, const char *path, json_t *value)
{
    enum err err = set(root, path, value);
    json_decref(value);
    return err;
}

static enum err not_there(const char *path)
{
    return errors_fail(E_USAGE, "'nodectl record show REF --json' shows the fields that are there",
                       "there is no field \"%s\" to take out", path);
}

static enum err take_out(json_t *object, const struct step *step, const char *path)
{
    json_t *member = json_object_get(object, step->name);
    if (step->indexed && json_array_remove(member, step->index) != 0)
        return not_there(path);
    if (!step->indexed && json_object_del(object, step->name) != 0)
        return not_there(path);
    return E_OK;
}

enum err edit_unset(json_t *root, const char *path)
{
    const char *at = path;
    for (;;) {
        struct step step;
        TRY(next_step(path, &at, &step));
        if (step.last)
            return take_out(root, &step, path);
        json_t *member = json_object_get(root, step.name);
        root = step.indexed ? json_array_get(member, step.index) : member;
        if (root == NULL)
            return not_there(path);
    }
}

/* ---- options */

static const struct {
    const char *option, *path;
} texts[] = {
    { "kind", "kind" },
    { "title", "title" },
    { "start", "start" },
    { "end", "end" },
    { "status", "status" },
    { "instrument", "instrument" },
    { "summary", "summary" },
    { "url", "url" },
    { "note", "note" },
    { "lang", "lang" },
    { "network", "membership.network" },
    { "declaration", "declaration.name" },
};

/* Several --country and --partner go together in the order given. */
static const struct {
    const char *option, *member;
} partner_texts[] = {
    { "partner", "name" },
    { "country", "country" },
    { "partner-region", "region" },
    { "partner-type", "type" },
};

static enum err check_line(const char *option, const char *text)
{
    for (const char *c = text; *c != 0; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            return errors_fail(E_USAGE, "write it on one line; longer texts go into --summary",
                               "--%s has a line break or another control character in it", option);
    if (strcmp(option, "title") == 0 && !text_is_line(text))
        return errors_fail(E_USAGE, "--title 'What it is called'", "--title is empty");
    if (strcmp(option, "title") == 0 && strlen(text) > MAX_TITLE_BYTES)
        return errors_fail(E_USAGE, "put the rest into --summary",
                           "--title has %zu bytes, at most %u are taken", strlen(text), MAX_TITLE_BYTES);
    return E_OK;
}

static enum err apply_texts(json_t *statement, const struct args *args)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = args_text(args, texts[i].option);
        if (text == NULL)
            continue;
        if (strcmp(texts[i].option, "summary") != 0 && strcmp(texts[i].option, "note") != 0)
            TRY(check_line(texts[i].option, text));
        TRY(edit_set(statement, texts[i].path, json_string(text)));
    }
    return E_OK;
}

static enum err apply_themes(json_t *statement, const struct args *args)
{
    if (args_nth(args, "theme", 0) == NULL)
        return E_OK;
    json_t *themes = json_array();
    for (size_t i = 0; args_nth(args, "theme", i) != NULL; i++)
        json_array_append_new(themes, json_string(args_nth(args, "theme", i)));
    return edit_set(statement, "themes", themes);
}

static enum err apply_partners(json_t *statement, const struct args *args)
{
    for (size_t o = 0; o < sizeof partner_texts / sizeof *partner_texts; o++) {
        const char *text;
        for (size_t i = 0; (text = args_nth(args, partner_texts[o].option, i)) != NULL; i++) {
            char path[80];
            TRY(check_line(partner_texts[o].option, text));
            if (strcmp(partner_texts[o].option, "country") == 0)
                TRY(country_check(text));
            snprintf(path, sizeof path, "partners[%zu].%s", i, partner_texts[o].member);
            TRY(edit_set(statement, path, json_string(text)));
        }
    }
    return E_OK;
}

/* PATH=TEXT, or PATH:=JSON for numbers, lists and yes or no. */
static enum err apply_assignment(json_t *statement, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return errors_fail(E_USAGE, "--set visit.programme=IVLP, or --set visit.size:=12 for a number",
                           "--set \"%s\" has no value", text);
    bool as_json = equals[-1] == ':';
    AUTO(buf_clear) struct buf path = { 0 };
    buf_append(&path, text, (size_t)(equals - text) - as_json);
    if (!as_json)
        return edit_set(statement, buf_string(&path), json_string(equals + 1));
    json_error_t why;
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (value == NULL)
        return errors_fail(E_USAGE, "texts go with =, not with :=", "--set \"%s\": %s", text, why.text);
    return edit_set(statement, buf_string(&path), value);
}

static enum err check_dates(const json_t *statement)
{
    const char *start = json_string_value(json_object_get(statement, "start"));
    const char *end = json_string_value(json_object_get(statement, "end"));
    uint32_t first, last;
    if (start == NULL || end == NULL || date_parse(start, &first) != E_OK || date_parse(end, &last) != E_OK)
        return E_OK;
    /* 2024 may end in 2024-06 and may begin there: compare as far as both are known */
    uint32_t unit = first % 10000 == 0 || last % 10000 == 0 ? 10000
                    : first % 100 == 0 || last % 100 == 0   ? 100
                                                            : 1;
    if (last / unit < first / unit)
        return errors_fail(E_USAGE, "perhaps the two are changed over", "the end %s is before the start %s",
                           end, start);
    return E_OK;
}

enum err edit_apply(json_t *statement, const struct args *args)
{
    TRY(apply_texts(statement, args));
    TRY(apply_themes(statement, args));
    TRY(apply_partners(statement, args));
    for (size_t i = 0; args_nth(args, "set", i) != NULL; i++)
        TRY(apply_assignment(statement, args_nth(args, "set", i)));
    for (size_t i = 0; args_nth(args, "unset", i) != NULL; i++)
        TRY(edit_unset(statement, args_nth(args, "unset", i)));
    return check_dates(statement);
}

/* ---- the US side */

/* FIPS number and letters of each state, DC and territory. */
static const char states[] =
    "01AL02AK04AZ05AR06CA08CO09CT10DE11DC12FL13GA15HI16ID17IL18IN19IA20KS21KY22LA23ME24MD25MA"
    "26MI27MN28MS29MO30MT31NE32NV33NH34NJ35NM36NY37NC38ND39OH40OK41OR42PA44RI45SC46SD47TN48TX"
    "49UT50VT51VA53WA54WV55WI56WY60AS66GU69MP72PR78VI";

const char *edit_region(const char *geoid)
{
    static _Thread_local char region[8];
    region[0] = 0;
    for (const char *s = states; strlen(geoid) >= 2 && *s != 0; s += 4)
        if (strncmp(s, geoid, 2) == 0)
            snprintf(region, sizeof region, "US-%.2s", s + 2);
    return region;
}

void edit_us_side(json_t *statement, const char *geoid, const char *title)
{
    if (geoid[0] == 0 || json_array_size(json_object_get(statement, "us")) > 0)
        return;
    json_t *us = json_pack("{s:s, s:s, s:s}", "name", title, "geoid", geoid, "role", "lead");
    if (edit_region(geoid)[0] != 0)
        json_object_set_new(us, "region", json_string(edit_region(geoid)));
    json_object_set_new(statement, "us", json_pack("[o]", us));
}
