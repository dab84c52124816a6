/* buf: bytes that are borrowed, bytes that are owned, and big-endian numbers in them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

/* Borrows: whoever made it keeps it alive. Passed by value. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Owns. { 0 } is the empty buffer. */
struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

#define BYTES(array) ((struct bytes){ (const uint8_t *)(array), sizeof(array) })
#define BYTES_OF(value) ((struct bytes){ (const uint8_t *)&(value), sizeof(value) })

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){ (const uint8_t *)data, len };
}

struct bytes bytes_text(const char *text); /* without the NUL */
bool bytes_equal(struct bytes a, struct bytes b);
int bytes_compare(struct bytes a, struct bytes b); /* memcmp order, the shorter first */

/* Out of memory aborts, here and nowhere else. */
void *mem_alloc(size_t size);             /* zeroed; never NULL */
void *mem_resize(void *old, size_t size); /* as realloc */
void *mem_copy(const void *data, size_t size);
char *mem_text(const char *text); /* as strdup */

void buf_clear(struct buf *buf); /* frees; buf is { 0 } again */
void buf_reserve(struct buf *buf, size_t more);
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_bytes(struct buf *buf, struct bytes bytes);
void buf_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_u8(struct buf *buf, uint8_t value);
void buf_u16(struct buf *buf, uint16_t value);
void buf_u32(struct buf *buf, uint32_t value);
void buf_u64(struct buf *buf, uint64_t value);
/* A NUL behind the content (not counted in len), so that it reads as a string. */
const char *buf_string(struct buf *buf);
static inline struct bytes buf_view(const struct buf *buf)
{
    return (struct bytes){ buf->data, buf->len };
}

/* Big-endian, unaligned. */
static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}
static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t get_u64(const uint8_t *p)
{
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}
static inline void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void put_u32(uint8_t *p, uint32_t v)
{
    put_u16(p, (uint16_t)(v >> 16));
    put_u16(p + 2, (uint16_t)v);
}
static inline void put_u64(uint8_t *p, uint64_t v)
{
    put_u32(p, (uint32_t)(v >> 32));
    put_u32(p + 4, (uint32_t)v);
}

/* A reader over borrowed bytes. It is sticky: past the end every read gives zeros and `bad` stays set. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static inline struct reader reader_of(struct bytes bytes)
{
    return (struct reader){ bytes.data, bytes.len, false };
}
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
struct bytes read_bytes(struct reader *reader, size_t len); /* borrowed; { NULL, 0 } when short */
void read_into(struct reader *reader, void *out, size_t len);
