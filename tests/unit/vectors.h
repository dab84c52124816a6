/* vectors: the golden bytes of tests/vectors, as tests want them. */
#pragma once

/* Before cmocka, which has a macro of the name fail(). A test that means ours writes (fail)(...). */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* tests/vectors/NAME; json_decref() when done. */
static inline json_t *vectors_load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/vectors/%s", TESTS_DIR, name);
    json_t *vectors = json_load_file(path, 0, &error);
    if (vectors == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return vectors;
}

static inline const char *vector_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        fail_msg("no %s in the vector", key);
    return text;
}

static inline uint64_t vector_number(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);
    assert_true(json_is_integer(number));
    return (uint64_t)json_integer_value(number);
}

/* Appends the bytes that stand there in hex. */
static inline void vector_bytes(const json_t *object, const char *key, struct buf *out)
{
    assert_int_equal(hex_decode_buf(vector_text(object, key), out), E_OK);
}

/* header || signature */
static inline void vector_entry(const json_t *object, struct buf *out)
{
    vector_bytes(object, "header", out);
    vector_bytes(object, "signature", out);
}

static inline void vector_salted(const json_t *object, struct buf *out)
{
    vector_bytes(object, "salt", out);
    vector_bytes(object, "payload", out);
}

/* As record ids, roots and keys stand there. */
static inline void assert_hex(const void *data, size_t len, const char *hex)
{
    char text[1025];
    assert_true(2 * len < sizeof text);
    hex_encode(data, len, text);
    assert_string_equal(text, hex);
}
