/* From payload to JSON. */
#include <inttypes.h>
#include <stdio.h>

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

/* NULL for a value that is the default, unless `always`. */
static json_t *show_value(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field, const void *at,
                          bool always, size_t *unknown)
{
    int32_t i32;
    int64_t i64;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)at;
        return always || (text != NULL && text[0] != 0) ? json_string(text) : NULL;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *data = at;
        return always || data->len > 0 ? show_bytes(data) : NULL;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(ProtobufCMessage *const *)at;
        return message != NULL ? show_message(message, unknown) : NULL;
    }
    case PROTOBUF_C_TYPE_BOOL: {
        bool value = *(const protobuf_c_boolean *)at;
        return always || value ? json_boolean(value) : NULL;
    }
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&i32, at, sizeof i32);
        return always || i32 != 0 ? show_enum(field->descriptor, i32) : NULL;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        memcpy(&i32, at, sizeof i32);
        if (!always && i32 == 0)
            return NULL;
        return field_is_date(type, field) ? show_date((uint32_t)i32) : json_integer((uint32_t)i32);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        memcpy(&i64, at, sizeof i64);
        return always || i64 != 0 ? show_unsigned((uint64_t)i64) : NULL;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        memcpy(&i64, at, sizeof i64);
        return always || i64 != 0 ? json_integer(i64) : NULL;
    default:
        memcpy(&i32, at, sizeof i32);
        return always || i32 != 0 ? json_integer(i32) : NULL;
    }
}

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}
