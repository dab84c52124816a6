#include "app/importer_export.h"

#include <stdio.h>
#include <string.h>

bool export_is_line(const json_t *object)
{
    return json_is_string(json_object_get(object, "engagement")) && json_object_get(object, "ref") != NULL &&
           json_object_get(object, "statement") != NULL;
}

static enum err take_text(const json_t *object, const char *name, size_t least, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t len = text != NULL ? strlen(text) : 0;
    if (len < least || len >= size)
        return fail(E_MALFORMED, "a line of an export whose \"%s\" is not one", name);
    memcpy(out, text != NULL ? text : "", len + 1);
    return E_OK;
}

enum err export_open(json_t **object, struct import_origin *out)
{
    json_t *statement = json_object_get(*object, "statement");
    *out = (struct import_origin){ .author = "" };
    TRY(take_text(*object, "author", sizeof out->author - 1, out->author, sizeof out->author));
    TRY(take_text(*object, "engagement", sizeof out->engagement - 1, out->engagement,
                  sizeof out->engagement));
    TRY(take_text(*object, "ref", 1, out->ref, sizeof out->ref));
    TRY(take_text(*object, "visibility", 0, out->visibility, sizeof out->visibility));
    if (json_is_null(statement))
        return fail(E_NOT_FOUND, "%s: its payload was not there to be exported", out->ref);
    if (!json_is_object(statement))
        return fail(E_MALFORMED, "%s: the statement is not a JSON object", out->ref);
    json_incref(statement);
    json_decref(*object);
    *object = statement;
    json_object_del(statement, "amends");
    json_object_del(statement, "change");
    return E_OK;
}

void export_restate(json_t *statement, const struct import_origin *origin)
{
    json_t *sources = json_object_get(statement, "sources");
    json_object_del(statement, "nonce");
    json_object_del(statement, "subject");
    if (!json_is_array(sources)) {
        sources = json_array();
        json_object_set_new(statement, "sources", sources);
    }
    json_array_append_new(sources, json_pack("{s:s, s:s}", "dataset", "chancery", "key", origin->ref));
}
