#include "app/payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/payload_fields.h"
#include "base/text.h"
#include "core/statement.h"

/* Words further from each other than this are no slips of the pen. */
#define NEAR_EDITS 3
#define WORD_BYTES 64
/* Jurisdictions write kind 1; its types end here. */
#define LAST_STATEMENT_TYPE 99

/* Where in the JSON we are: member, or element `index` of the place around. */
struct place {
    const struct place *outer;
    const char *member; /* NULL: an element */
    size_t index;
};

static void append_path(const struct place *place, struct buf *out)
{
    if (place == NULL)
        return;
    append_path(place->outer, out);
    if (place->member == NULL)
        buf_printf(out, "[%zu]", place->index);
    else
        buf_printf(out, "%s%.80s", out->len > 0 ? "." : "", place->member);
}

static enum err refuse(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum err refuse(const struct place *place, const char *format, ...)
{
    char why[400];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);

    AUTO(buf_clear) struct buf path = { 0 };
    append_path(place, &path);
    return fail(E_USAGE, "%s%s%s", buf_string(&path), path.len > 0 ? ": " : "", why);
}

static enum err too_big(void)
{
    return fail(E_TOO_BIG, "the statement would take more memory than it may");
}

/* ---- words, and the nearest to a wrong one */

struct nearest {
    char word[WORD_BYTES];
    unsigned distance;
};

static void consider(struct nearest *nearest, const char *given, const char *word)
{
    unsigned distance = text_distance(given, word);
    if (distance >= nearest->distance || distance >= strlen(word))
        return;
    nearest->distance = distance;
    snprintf(nearest->word, sizeof nearest->word, "%s", word);
}

static enum err refuse_word(const struct place *place, const char *given, const char *what,
                            const struct nearest *nearest)
{
    if (nearest->word[0] == 0)
        return refuse(place, "\"%.80s\" is no %s", given, what);
    return refuse(place, "\"%.80s\" is no %s; did you mean \"%s\"?", given, what, nearest->word);
}

static enum err refuse_member(const ProtobufCMessageDescriptor *type, const struct place *outer,
                              const char *member)
{
    struct nearest nearest = { .distance = NEAR_EDITS + 1 };
    for (unsigned i = 0; i < type->n_fields; i++)
        consider(&nearest, member, type->fields[i].name);
    struct place place = { outer, member, 0 };
    if (nearest.word[0] == 0)
        return refuse(&place, "there is no such field");
    return refuse(&place, "there is no such field; did you mean \"%s\"?", nearest.word);
}

/* A JSON text, as C has them. */
static enum err take_text(const json_t *json, const struct place *place, const char *expected,
                          const char **out)
{
    *out = json_string_value(json);
    if (*out == NULL)
        return refuse(place, "expected %s", expected);
    if (strlen(*out) != json_string_length(json))
        return refuse(place, "the text holds a NUL");
    return E_OK;
}

static enum err read_enum(const ProtobufCEnumDescriptor *type, const json_t *json, const struct place *place,
                          int *out)
{
    const char *word;
    TRY(take_text(json, place, "a word", &word));
    if (statement_value(type, word, out))
        return E_OK;
    struct nearest nearest = { .distance = NEAR_EDITS + 1 };
    for (unsigned i = 0; i < type->n_values; i++) {
        char known[WORD_BYTES];
        statement_word(type, type->values[i].value, known, sizeof known);
        consider(&nearest, word, known);
    }
    return refuse_word(place, word, type->short_name, &nearest);
}

/* ---- numbers */

static enum err read_signed(const json_t *json, const struct place *place, int64_t low, int64_t high,
                            int64_t *out)
{
    if (!json_is_integer(json))
        return refuse(place, "expected a whole number");
    *out = json_integer_value(json);
    if (*out < low || *out > high)
        return refuse(place, "expected a number from %" PRId64 " to %" PRId64, low, high);
    return E_OK;
}

static enum err read_unsigned(const json_t *json, const struct place *place, uint64_t *out)
{
    if (json_is_string(json) && parse_u64(json_string_value(json), out) == E_OK)
        return E_OK;
    if (!json_is_integer(json) || json_integer_value(json) < 0)
        return refuse(place, "expected a whole number, 0 or more");
    *out = (uint64_t)json_integer_value(json);
    return E_OK;
}

static enum err read_date(const json_t *json, const struct place *place, uint32_t *out)
{
    const char *text;
    TRY(take_text(json, place, "a date as text, such as \"2014-06\"", &text));
    if (date_parse(text, out) == E_OK)
        return E_OK;
    char why[200];
    snprintf(why, sizeof why, "%s", err_message());
    return refuse(place, "%s", why);
}

/* ---- texts and bytes */

static enum err read_text(const ProtobufCFieldDescriptor *field, const json_t *json, struct arena *arena,
                          const struct place *place, char **out)
{
    const char *text, *expected;
    TRY(take_text(json, place, "a text", &text));
    size_t len = strlen(text);
    if (!field_accepts(field, text, &expected))
        return refuse(place, "expected %s", expected);
    *out = arena_alloc(arena, len + 1);
    if (*out == NULL)
        return too_big();
    memcpy(*out, text, len + 1);
    return E_OK;
}

static enum err decode_bytes(const char *text, size_t length, struct buf *out)
{
    if (length == 16 && strlen(text) == ID16_TEXT_LEN) {
        uint8_t id[16];
        TRY(id16_decode(text, id));
        buf_append(out, id, sizeof id);
        return E_OK;
    }
    return hex_decode_buf(text, out);
}

static enum err refuse_bytes(const struct place *place, size_t length)
{
    if (length == 0)
        return refuse(place, "expected hex digits");
    return refuse(place, "expected %zu hex digits%s", 2 * length,
                  length == 16 ? ", or an id of 26 letters and digits" : "");
}

static enum err read_blob(const ProtobufCFieldDescriptor *field, const json_t *json, struct arena *arena,
                          const struct place *place, ProtobufCBinaryData *out)
{
    size_t length = field_length(field);
    const char *text;
    if (!json_is_string(json))
        return refuse_bytes(place, length);
    TRY(take_text(json, place, "hex digits", &text));
    AUTO(buf_clear) struct buf bytes = { 0 };
    if (decode_bytes(text, length, &bytes) != E_OK || (length > 0 && bytes.len > 0 && bytes.len != length))
        return refuse_bytes(place, length);
    *out = (ProtobufCBinaryData){ bytes.len, NULL };
    if (bytes.len == 0)
        return E_OK;
    out->data = arena_alloc(arena, bytes.len);
    if (out->data == NULL)
        return too_big();
    memcpy(out->data, bytes.data, bytes.len);
    return E_OK;
}

/* ---- fields and messages; as deep as the schema, which has no recursion */

static enum err read_message(const ProtobufCMessageDescriptor *type, const json_t *json, struct arena *arena,
                             const struct place *place, ProtobufCMessage **out);

static enum err read_integer(const ProtobufCFieldDescriptor *field, const json_t *json,
                             const struct place *place, void *at)
{
    int64_t number = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_signed(json, place, INT64_MIN, INT64_MAX, at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_unsigned(json, place, at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        TRY(read_signed(json, place, 0, UINT32_MAX, &number));
        *(uint32_t *)at = (uint32_t)number;
        return E_OK;
    default:
        TRY(read_signed(json, place, INT32_MIN, INT32_MAX, &number));
        *(int32_t *)at = (int32_t)number;
        return E_OK;
    }
}

static enum err read_value(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                           const json_t *json, struct arena *arena, const struct place *place, void *at)
{
    if (field_is_date(type, field))
        return read_date(json, place, at);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_text(field, json, arena, place, at);
    case PROTOBUF_C_TYPE_BYTES:
        return read_blob(field, json, arena, place, at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(field->descriptor, json, arena, place, at);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(field->descriptor, json, place, at);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return refuse(place, "expected true or false");
        *(protobuf_c_boolean *)at = json_is_true(json);
        return E_OK;
    default:
        return read_integer(field, json, place, at);
    }
}

static enum err read_list(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                          const json_t *json, struct arena *arena, const struct place *place,
                          ProtobufCMessage *message)
{
    if (!json_is_array(json))
        return refuse(place, "expected a list");
    size_t count = json_array_size(json), size = field_value_size(field);
    char *list = count > 0 ? arena_alloc(arena, count * size) : NULL;
    if (count > 0 && list == NULL)
        return too_big();
    for (size_t i = 0; i < count; i++) {
        struct place element = { place, NULL, i };
        TRY(read_value(type, field, json_array_get(json, i), arena, &element, list + i * size));
    }
    *(char **)(void *)((char *)message + field->offset) = list;
    *(size_t *)(void *)((char *)message + field->quantifier_offset) = count;
    return E_OK;
}

static enum err read_message(const ProtobufCMessageDescriptor *type, const json_t *json, struct arena *arena,
                             const struct place *place, ProtobufCMessage **out)
{
    if (!json_is_object(json))
        return refuse(place, "expected an object with named members");
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
    if (message == NULL)
        return too_big();
    protobuf_c_message_init(type, message);

    const char *member;
    json_t *value;
    json_object_foreach((json_t *)json, member, value)
    {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, member);
        struct place inner = { place, member, 0 };
        if (field == NULL)
            return refuse_member(type, place, member);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            TRY(read_list(type, field, value, arena, &inner, message));
        else
            TRY(read_value(type, field, value, arena, &inner, (char *)message + field->offset));
    }
    *out = message;
    return E_OK;
}

static bool is_said(const json_t *json, const char *member)
{
    return json_string_length(json_object_get(json, member)) > 0;
}

enum err payload_from_json(uint32_t payload_type, const json_t *json, struct buf *out)
{
    const ProtobufCMessageDescriptor *type = statement_type(payload_type);
    if (type == NULL)
        return fail(E_NOT_FOUND, "no payload type %" PRIu32 " is known here", payload_type);
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message = NULL;
    TRY(read_message(type, json, arena, NULL, &message));
    if (payload_type <= LAST_STATEMENT_TYPE && is_said(json, "nonce") && is_said(json, "subject"))
        return fail(E_USAGE, "subject: a statement has a nonce (its author leads) or a subject, not both");
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > MAX_PAYLOAD_BYTES)
        return fail(E_TOO_BIG, "the statement has %zu bytes, at most %u fit", size, MAX_PAYLOAD_BYTES);
    encode_message(message, out);
    return E_OK;
}
