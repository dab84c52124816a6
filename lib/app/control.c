#include "app/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "control.pb-c.h"
#include "core/decode.h"

void control_request_clear(struct control_request *request)
{
    json_decref(request->params);
    for (size_t i = 0; i < request->n_blobs; i++)
        buf_clear(&request->blobs[i]);
    free(request->blobs);
    *request = (struct control_request){ 0 };
}

void control_answer_clear(struct control_answer *answer)
{
    json_decref(answer->body);
    for (size_t i = 0; i < answer->n_blobs; i++)
        buf_clear(&answer->blobs[i]);
    free(answer->blobs);
    *answer = (struct control_answer){ 0 };
}

static void add_blob(struct buf **blobs, size_t *count, struct bytes blob)
{
    if ((*count & (*count + 1)) == 0) /* 0, 1, 3, 7 ...: room for twice as many and one */
        *blobs = mem_resize(*blobs, (2 * *count + 1) * sizeof **blobs);
    (*blobs)[*count] = (struct buf){ 0 };
    buf_bytes(&(*blobs)[(*count)++], blob);
}

void control_request_blob(struct control_request *request, struct bytes blob)
{
    add_blob(&request->blobs, &request->n_blobs, blob);
}

void control_answer_blob(struct control_answer *answer, struct bytes blob)
{
    add_blob(&answer->blobs, &answer->n_blobs, blob);
}

const char *control_param(const struct control_request *request, const char *name)
{
    return json_string_value(json_object_get(request->params, name));
}

static ProtobufCBinaryData *pack_blobs(const struct buf *blobs, size_t count)
{
    ProtobufCBinaryData *out = mem_alloc(count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = (ProtobufCBinaryData){ blobs[i].len, blobs[i].data };
    return out;
}

void control_encode_request(const struct control_request *request, struct buf *out)
{
    Chancery__Control__Request message = CHANCERY__CONTROL__REQUEST__INIT;
    message.api = CONTROL_API;
    message.command = (char *)request->command;

    size_t n = json_object_size(request->params);
    AUTO(free_ptr) Chancery__Control__Param *params = mem_alloc(n * sizeof *params);
    AUTO(free_ptr) Chancery__Control__Param **list = mem_alloc(n * sizeof *list);
    const char *name;
    json_t *value;
    json_object_foreach(request->params, name, value)
    {
        Chancery__Control__Param *param = &params[message.n_params];
        *param = (Chancery__Control__Param)CHANCERY__CONTROL__PARAM__INIT;
        param->name = (char *)name;
        param->value = (char *)json_string_value(value);
        if (param->value != NULL)
            list[message.n_params++] = param;
    }
    message.params = list;
    AUTO(free_ptr) ProtobufCBinaryData *blobs = pack_blobs(request->blobs, request->n_blobs);
    message.blobs = blobs;
    message.n_blobs = request->n_blobs;
    encode_message(&message.base, out);
}

static enum err check_frame(struct bytes frame)
{
    if (frame.len > MAX_CONTROL_BYTES)
        return fail(E_TOO_BIG, "a control frame of %zu bytes, at most %u are taken", frame.len,
                    MAX_CONTROL_BYTES);
    return E_OK;
}

enum err control_decode_request(struct bytes frame, struct control_request *out)
{
    *out = (struct control_request){ 0 };
    TRY(check_frame(frame));
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__control__request__descriptor, frame, arena, &base));

    const Chancery__Control__Request *message = (const Chancery__Control__Request *)base;
    if (message->api != CONTROL_API)
        return fail(E_VERSION, "a request of control version %u, this daemon speaks %d", message->api,
                    CONTROL_API);
    if (strlen(message->command) >= sizeof out->command)
        return fail(E_MALFORMED, "a command of %zu bytes", strlen(message->command));
    snprintf(out->command, sizeof out->command, "%s", message->command);
    out->params = json_object();
    for (size_t i = 0; i < message->n_params; i++)
        json_object_set_new(out->params, message->params[i]->name, json_string(message->params[i]->value));
    for (size_t i = 0; i < message->n_blobs; i++)
        control_request_blob(out, bytes_of(message->blobs[i].data, message->blobs[i].len));
    return E_OK;
}

/* What was quoted in a sentence, or where it was cut, may have left it no UTF-8: nobody would take the
 * answer. */
static const char *utf8_of(const char *text, struct buf *escaped)
{
    if (text_is_utf8(bytes_text(text)))
        return text;
    text_escape(escaped, bytes_text(text));
    return buf_string(escaped);
}

void control_encode_answer(const struct control_answer *answer, struct buf *out)
{
    Chancery__Control__Answer message = CHANCERY__CONTROL__ANSWER__INIT;
    message.api = CONTROL_API;
    message.code = (uint32_t)answer->code;
    message.code_name = (char *)err_name(answer->code);
    AUTO(buf_clear) struct buf sentence = { 0 }, hint = { 0 };
    message.message = (char *)utf8_of(answer->message, &sentence);
    message.hint = (char *)utf8_of(answer->hint, &hint);
    AUTO(free_ptr) char *body = answer->body != NULL ? json_dumps(answer->body, JSON_COMPACT) : NULL;
    if (body != NULL)
        message.body = body;
    AUTO(free_ptr) ProtobufCBinaryData *blobs = pack_blobs(answer->blobs, answer->n_blobs);
    message.blobs = blobs;
    message.n_blobs = answer->n_blobs;
    encode_message(&message.base, out);
}

/* A sentence is cut to its room, but not inside a character: the rest would be no UTF-8. */
static void take_sentence(const char *text, char *out, size_t room)
{
    size_t len = strnlen(text, room);
    if (len == room)
        for (len--; len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80;)
            len--;
    memcpy(out, text, len);
    out[len] = 0;
}

static enum err take_body(const char *text, json_t **out)
{
    if (text[0] == 0)
        return E_OK;
    json_error_t why;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (*out == NULL)
        return fail(E_MALFORMED, "the daemon's answer is not JSON: %s", why.text);
    if (!json_is_object(*out))
        return fail(E_MALFORMED, "the daemon's answer is not a JSON object");
    return E_OK;
}

enum err control_decode_answer(struct bytes frame, struct control_answer *out)
{
    *out = (struct control_answer){ 0 };
    AUTO(arena_free) struct arena *arena = arena_new(8 * (size_t)MAX_CONTROL_BYTES);
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__control__answer__descriptor, frame, arena, &base));

    const Chancery__Control__Answer *message = (const Chancery__Control__Answer *)base;
    if (message->api != CONTROL_API)
        return fail(E_VERSION, "the daemon speaks control version %u, this nodectl %d", message->api,
                    CONTROL_API);
    out->code = message->code < E_COUNT ? (enum err)message->code : E_IO;
    take_sentence(message->message, out->message, sizeof out->message);
    take_sentence(message->hint, out->hint, sizeof out->hint);
    for (size_t i = 0; i < message->n_blobs; i++)
        control_answer_blob(out, bytes_of(message->blobs[i].data, message->blobs[i].len));
    return take_body(message->body, &out->body);
}
