/* Payload to JSON: the way back of payload.c. */
#include <string.h>

#include "app/payload.h"
#include "app/payload_rules.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/statement.h"

static json_t *object_of(const ProtobufCMessage *message, size_t *unknown);

static json_t *hex_of(const ProtobufCBinaryData *data)
{
    AUTO(buf_clear) struct buf text = { 0 };
    hex_append(&text, bytes_of(data->data, data->len));
    return json_string(buf_string(&text));
}

static json_t *word_of(const ProtobufCEnumDescriptor *type, int value)
{
    char word[64];
    if (protobuf_c_enum_descriptor_get_value(type, value) == NULL)
        return json_integer(value);
    statement_word(type, value, word, sizeof word);
    return json_string(word);
}

static json_t *date_of(uint32_t date)
{
    char text[11];
    date_format(date, text);
    return json_string(text);
}

static size_t width_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return sizeof(uint32_t);
    }
}

/* The value at `at`; NULL when it is its default. */
static json_t *value_of(const ProtobufCFieldDescriptor *field, const void *at, bool keep_default,
                        size_t *unknown)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)at;
        return inner != NULL ? object_of(inner, unknown) : NULL;
    }
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)at;
        return text != NULL && (text[0] != 0 || keep_default) ? json_string(text) : NULL;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *data = at;
        return data->len > 0 || keep_default ? hex_of(data) : NULL;
    }
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at || keep_default ? json_boolean(*(const protobuf_c_boolean *)at)
                                                               : NULL;
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
        return *(const int64_t *)at != 0 || keep_default ? json_integer(*(const int64_t *)at) : NULL;
    default:
        break;
    }
    uint32_t number = *(const uint32_t *)at;
    if (number == 0 && !keep_default)
        return NULL;
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return word_of(field->descriptor, (int)number);
    if (payload_is_date(field))
        return date_of(number);
    return json_integer(field->type == PROTOBUF_C_TYPE_UINT32 ? (json_int_t)number
                                                              : (json_int_t)(int32_t)number);
}

static json_t *list_of(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                       size_t *unknown)
{
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *items = *(char *const *)(const void *)(base + field->offset);
    if (count == 0)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, value_of(field, items + i * width_of(field->type), true, unknown));
    return list;
}

static json_t *object_of(const ProtobufCMessage *message, size_t *unknown)
{
    json_t *object = json_object();
    *unknown += message->n_unknown_fields;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        json_t *value = field->label == PROTOBUF_C_LABEL_REPEATED
                            ? list_of(field, message, unknown)
                            : value_of(field, (const char *)message + field->offset, false, unknown);
        if (value != NULL)
            json_object_set_new(object, field->name, value);
    }
    return object;
}

enum err payload_to_json(uint32_t payload_type, struct bytes payload, json_t **out)
{
    *out = NULL;
    const ProtobufCMessageDescriptor *type = statement_type(payload_type);
    if (type == NULL)
        return fail(E_NOT_FOUND, "there is no payload type %u", payload_type);
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message;
    TRY(decode_message(type, payload, arena, &message));
    size_t unknown = 0;
    *out = object_of(message, &unknown);
    if (unknown > 0)
        json_object_set_new(*out, "unknown_fields", json_integer((json_int_t)unknown));
    return E_OK;
}
