/* payload_help: JSON to payload and back, as its tests want it. */
#pragma once

#include "vectors.h"

#include "app/payload.h"
#include "core/statement.h"

#define LAST_TYPE 999 /* of payloads */

static inline enum err from_text(uint32_t type, const char *text, struct buf *out)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_ALLOW_NUL, &error);
    if (json == NULL)
        fail_msg("the test's own JSON, line %d: %s", error.line, error.text);
    enum err err = payload_from_json(type, json, out);
    json_decref(json);
    return err;
}

static inline void assert_accepted(uint32_t type, const char *text, struct buf *out)
{
    if (from_text(type, text, out) != E_OK)
        fail_msg("%s: %s", text, err_message());
}

/* Text in, payload, text out. */
static inline void assert_shown(uint32_t type, const char *in, const char *expected)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    json_t *json;
    assert_accepted(type, in, &payload);
    assert_int_equal(payload_to_json(type, buf_view(&payload), &json), E_OK);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}
