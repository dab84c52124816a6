/* From payload to JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/payload.h"
#include "app/payload_fields.h"
#include "base/text.h"
#include "core/statement.h"

static json_t *show_message(const ProtobufCMessage *message, size_t *unknown);

static json_t *show_unsigned(uint64_t number)
{
    char text[24];
    if (number <= INT64_MAX)
        return json_integer((json_int_t)number);
    snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string(text);
}

static json_t *show_date(uint32_t date)
{
    char text[16];
    uint32_t again;
    date_format(date, text);
    if (date_parse(text, &again) != E_OK || again != date)
        snprintf(text, sizeof text, "%08" PRIu32, date);
    return json_string(text);
}

static json_t *show_enum(const ProtobufCEnumDescriptor *type, int value)
{
    char word[64];
    statement_word(type, value, word, sizeof word);
    return json_string(word);
}

static json_t *show_bytes(const ProtobufCBinaryData *data)
{
    AUTO(buf_clear) struct buf hex = { 0 };
    hex_append(&hex, bytes_of(data->data, data->len));
    return json_string(buf_string(&hex));
}

static int64_t read_number(const ProtobufCFieldDescriptor *field, const void *at)
{
    uint32_t narrow;
    int64_t wide;
    if (field_value_size(field) == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    bool is_unsigned = field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_FIXED32;
    return is_unsigned ? (int64_t)narrow : (int64_t)(int32_t)narrow;
}

static json_t *show_number(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                           int64_t number)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return show_enum(field->descriptor, (int)number);
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        return json_boolean(number != 0);
    if (field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64)
        return show_unsigned((uint64_t)number);
    return field_is_date(type, field) ? show_date((uint32_t)number) : json_integer(number);
}

/* NULL for a value that is the default, unless it stands in a list. */
static json_t *show_value(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                          const void *at, bool in_list, size_t *unknown)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)at;
        return in_list || text[0] != 0 ? json_string(text) : NULL;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *data = at;
        return in_list || data->len > 0 ? show_bytes(data) : NULL;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(ProtobufCMessage *const *)at;
        return message != NULL ? show_message(message, unknown) : NULL;
    }
    default: {
        int64_t number = read_number(field, at);
        return in_list || number != 0 ? show_number(type, field, number) : NULL;
    }
    }
}

static json_t *show_list(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                         const ProtobufCMessage *message, size_t *unknown)
{
    size_t count = *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
    const char *list = *(char *const *)(const void *)((const char *)message + field->offset);
    if (count == 0)
        return NULL;
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(out,
                              show_value(type, field, list + i * field_value_size(field), true, unknown));
    return out;
}

static json_t *show_message(const ProtobufCMessage *message, size_t *unknown)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    json_t *out = json_object();
    *unknown += message->n_unknown_fields;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const void *at = (const char *)message + field->offset;
        json_t *value = field->label == PROTOBUF_C_LABEL_REPEATED
                            ? show_list(type, field, message, unknown)
                            : show_value(type, field, at, false, unknown);
        if (value != NULL)
            json_object_set_new(out, field->name, value);
    }
    return out;
}

enum err payload_to_json(uint32_t payload_type, struct bytes payload, json_t **out)
{
    const ProtobufCMessageDescriptor *type = statement_type(payload_type);
    *out = NULL;
    if (type == NULL)
        return fail(E_NOT_FOUND, "no payload type %" PRIu32 " is known here", payload_type);
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message;
    size_t unknown = 0;
    TRY(decode_message(type, payload, arena, &message));
    *out = show_message(message, &unknown);
    if (unknown > 0)
        json_object_set_new(*out, "unknown_fields", json_integer((json_int_t)unknown));
    return E_OK;
}
