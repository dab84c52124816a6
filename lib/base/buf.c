#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void free_ptr(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    free(*p);
    *p = NULL;
}

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static void out_of_memory(void)
{
    fputs("out of memory\n", stderr);
    abort();
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *mem_copy(const void *data, size_t size)
{
    void *p = mem_alloc(size);
    if (size > 0)
        memcpy(p, data, size);
    return p;
}

char *mem_text(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

void buf_clear(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){ 0 };
}

void buf_reserve(struct buf *buf, size_t more)
{
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
        out_of_memory();
    if (buf->cap - buf->len >= more)
        return;
    size_t cap = buf->cap > 0 ? buf->cap : 64;
    while (cap - buf->len < more)
        cap *= 2;
    buf->data = mem_resize(buf->data, cap);
    buf->cap = cap;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    buf_reserve(buf, len);
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void buf_bytes(struct buf *buf, struct bytes bytes)
{
    buf_append(buf, bytes.data, bytes.len);
}

void buf_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return;
    buf_reserve(buf, (size_t)n + 1);
    va_start(args, format);
    vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, format, args);
    va_end(args);
    buf->len += (size_t)n;
}

void buf_u8(struct buf *buf, uint8_t value)
{
    buf_append(buf, &value, 1);
}

void buf_u16(struct buf *buf, uint16_t value)
{
    uint8_t raw[2];
    put_u16(raw, value);
    buf_append(buf, raw, sizeof raw);
}

void buf_u32(struct buf *buf, uint32_t value)
{
    uint8_t raw[4];
    put_u32(raw, value);
    buf_append(buf, raw, sizeof raw);
}

void buf_u64(struct buf *buf, uint64_t value)
{
    uint8_t raw[8];
    put_u64(raw, value);
    buf_append(buf, raw, sizeof raw);
}

const char *buf_string(struct buf *buf)
{
    buf_reserve(buf, 1);
    buf->data[buf->len] = 0;
    return (const char *)buf->data;
}

static const uint8_t *take(struct reader *reader, size_t len)
{
    if (reader->bad || reader->left < len) {
        reader->bad = true;
        reader->left = 0;
        return NULL;
    }
    const uint8_t *at = reader->at;
    if (len > 0) /* at may be NULL in an empty reader, and NULL + 0 is undefined */
        reader->at += len;
    reader->left -= len;
    return at;
}

uint8_t read_u8(struct reader *reader)
{
    const uint8_t *p = take(reader, 1);
    return p != NULL ? p[0] : 0;
}

uint16_t read_u16(struct reader *reader)
{
    const uint8_t *p = take(reader, 2);
    return p != NULL ? get_u16(p) : 0;
}

uint32_t read_u32(struct reader *reader)
{
    const uint8_t *p = take(reader, 4);
    return p != NULL ? get_u32(p) : 0;
}

uint64_t read_u64(struct reader *reader)
{
    const uint8_t *p = take(reader, 8);
    return p != NULL ? get_u64(p) : 0;
}

struct bytes read_bytes(struct reader *reader, size_t len)
{
    const uint8_t *p = take(reader, len);
    return p != NULL ? bytes_of(p, len) : (struct bytes){ NULL, 0 };
}

void read_into(struct reader *reader, void *out, size_t len)
{
    const uint8_t *p = take(reader, len);
    if (len == 0)
        return;
    if (p != NULL)
        memcpy(out, p, len);
    else
        memset(out, 0, len);
}
