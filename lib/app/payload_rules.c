#include "app/payload_rules.h"

#include <stddef.h>
#include <string.h>

static bool is_among(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

bool payload_is_date(const ProtobufCFieldDescriptor *field)
{
    static const char *const dates[] = {
        "start",     "end",       "planned_start", "planned_end", "as_of",      "until",
        "since",     "retrieved", "joined",        "left",        "signed",     "date",
        "effective", "expires",   "opens",         "closes",      "report_due", "administration_since",
        NULL
    };
    return field->type == PROTOBUF_C_TYPE_UINT32 && is_among(field->name, dates);
}

bool payload_is_country(const ProtobufCFieldDescriptor *field)
{
    static const char *const countries[] = { "country", "countries", NULL };
    return field->type == PROTOBUF_C_TYPE_STRING && is_among(field->name, countries);
}

bool payload_is_geoid(const ProtobufCFieldDescriptor *field)
{
    static const char *const geoids[] = { "geoid", "alt_geoid", "county_geoid", NULL };
    return field->type == PROTOBUF_C_TYPE_STRING && is_among(field->name, geoids);
}
