/* The field's words for types and enum values. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/statement.h"
#include "statement.pb-c.h"

static const struct type_row {
    uint32_t number;
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
} types[] = {
    { 1, "engagement", &chancery__engagement__descriptor },
    { 2, "retraction", &chancery__retraction__descriptor },
    { 3, "attestation", &chancery__attestation__descriptor },
    { 4, "link", &chancery__link__descriptor },
    { 5, "notice", &chancery__notice__descriptor },
    { 6, "reply", &chancery__reply__descriptor },
    { 7, "decision", &chancery__decision__descriptor },
    { 8, "capacity", &chancery__capacity__descriptor },
    { 9, "partner", &chancery__partner__descriptor },
    { 10, "profile", &chancery__profile__descriptor },
    { 11, "dataset", &chancery__dataset__descriptor },
    { 12, "review", &chancery__review__descriptor },
    { 100, "inception", &chancery__inception__descriptor },
    { 101, "rotation", &chancery__authorized__descriptor },
    { 102, "recovery", &chancery__authorized__descriptor },
    { 103, "retirement", &chancery__authorized__descriptor },
    { 104, "keys", &chancery__keys__descriptor },
    { 200, "admission", &chancery__admission__descriptor },
    { 201, "suspension", &chancery__suspension__descriptor },
    { 202, "delegation", &chancery__delegation__descriptor },
    { 203, "recognition", &chancery__recognition__descriptor },
    { 204, "handover", &chancery__handover__descriptor },
    { 205, "continuation", &chancery__continuation__descriptor },
    { 206, "tick", &chancery__tick__descriptor },
    { 207, "fork", &chancery__fork_notice__descriptor },
    { 208, "charter_amendment", &chancery__charter_amendment__descriptor },
    { 209, "contest", &chancery__contest__descriptor },
    { 300, "redaction", &chancery__redaction__descriptor },
};

static const struct type_row *find_type(uint32_t number)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].number == number)
            return &types[i];
    return NULL;
}

const ProtobufCMessageDescriptor *statement_type(uint32_t payload_type)
{
    const struct type_row *row = find_type(payload_type);
    return row != NULL ? row->descriptor : NULL;
}

const char *statement_type_name(uint32_t payload_type)
{
    const struct type_row *row = find_type(payload_type);
    return row != NULL ? row->name : NULL;
}

uint32_t statement_type_number(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].number;
    return 0;
}

static const struct {
    const char *name;
    const ProtobufCEnumDescriptor *descriptor;
} enums[] = {
    { "Kind", &chancery__kind__descriptor },
    { "Theme", &chancery__theme__descriptor },
    { "Status", &chancery__status__descriptor },
    { "Role", &chancery__role__descriptor },
    { "PartyType", &chancery__party_type__descriptor },
    { "Instrument", &chancery__instrument__descriptor },
    { "Verification", &chancery__verification__descriptor },
    { "Standing", &chancery__standing__descriptor },
    { "Change", &chancery__change__descriptor },
    { "RetractionReason", &chancery__retraction__reason__descriptor },
    { "SuspensionReason", &chancery__suspension__reason__descriptor },
};

const ProtobufCEnumDescriptor *statement_enum(const char *name)
{
    for (size_t i = 0; i < sizeof enums / sizeof *enums; i++)
        if (strcmp(enums[i].name, name) == 0)
            return enums[i].descriptor;
    return NULL;
}

/* The prefix that all names of an enum share, up to its last underscore: "KIND_", "PARTY_". Taken from the
 * value 0, whose name ends in UNSPECIFIED, or else from what all names begin with. */
static size_t prefix_length(const ProtobufCEnumDescriptor *type)
{
    const char *zero = type->values[0].name;
    const char *end = strstr(zero, "UNSPECIFIED");
    if (end != NULL)
        return (size_t)(end - zero);
    size_t shared = strlen(zero);
    for (unsigned i = 1; i < type->n_values; i++) {
        size_t n = 0;
        while (n < shared && type->values[i].name[n] == zero[n])
            n++;
        shared = n;
    }
    while (shared > 0 && zero[shared - 1] != '_')
        shared--;
    return shared;
}

/* Themes are written with dashes in the field, all other words with underscores. */
static bool has_dashes(const ProtobufCEnumDescriptor *type)
{
    return type == &chancery__theme__descriptor;
}

static void write_word(const ProtobufCEnumDescriptor *type, const char *name, char *out, size_t size)
{
    size_t n = 0;
    for (name += prefix_length(type); *name != 0 && n + 1 < size; name++)
        out[n++] = *name == '_' && has_dashes(type) ? '-' : (char)tolower((unsigned char)*name);
    out[n] = 0;
}

void statement_word(const ProtobufCEnumDescriptor *type, int value, char *out, size_t size)
{
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
    if (row != NULL)
        write_word(type, row->name, out, size);
    else
        snprintf(out, size, "%d", value);
}

bool statement_value(const ProtobufCEnumDescriptor *type, const char *word, int *value)
{
    uint32_t number;
    if (parse_u32(word, &number) == E_OK && number <= 999) {
        *value = (int)number;
        return true;
    }
    char plain[64];
    snprintf(plain, sizeof plain, "%s", word);
    for (char *p = plain; *p != 0; p++)
        if (*p == '-' || *p == '_')
            *p = has_dashes(type) ? '-' : '_';
    for (unsigned i = 0; i < type->n_values; i++) {
        char name[64];
        write_word(type, type->values[i].name, name, sizeof name);
        if (strcmp(name, plain) == 0) {
            *value = type->values[i].value;
            return true;
        }
    }
    return false;
}
