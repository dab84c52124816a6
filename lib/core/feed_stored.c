/* The stored form of struct feed. */
#include "core/feed.h"

#define FEED_FORMAT 1

void feed_encode(const struct feed *feed, struct buf *out)
{
    buf_u8(out, FEED_FORMAT);
    buf_append(out, feed->author.b, HASH_BYTES);
    buf_u64(out, feed->next);
    buf_append(out, feed->head.b, HASH_BYTES);
    buf_u32(out, feed->epoch);
    buf_append(out, feed->record_key.b, KEY_BYTES);
    buf_append(out, feed->next_commit.b, HASH_BYTES);
    buf_append(out, feed->transport_key.b, KEY_BYTES);
    buf_append(out, feed->witness_key.b, KEY_BYTES);
    buf_append(out, feed->mirror_key.b, KEY_BYTES);
    buf_append(out, feed->seal_key.b, KEY_BYTES);
    buf_u8(out, feed->retired);
    buf_u8(out, feed->recovery.k);
    buf_u8(out, feed->recovery.count);
    for (unsigned i = 0; i < feed->recovery.count; i++)
        buf_append(out, feed->recovery.keys[i].b, KEY_BYTES);
}

enum err feed_decode(struct bytes bytes, struct feed *out)
{
    struct reader reader = reader_of(bytes);
    *out = (struct feed){ 0 };
    if (bytes.len > 0 && bytes.data[0] != FEED_FORMAT)
        return fail(E_VERSION, "a stored feed of format %u, this version knows %u", bytes.data[0],
                    FEED_FORMAT);
    read_u8(&reader);
    read_into(&reader, out->author.b, HASH_BYTES);
    out->next = read_u64(&reader);
    read_into(&reader, out->head.b, HASH_BYTES);
    out->epoch = read_u32(&reader);
    read_into(&reader, out->record_key.b, KEY_BYTES);
    read_into(&reader, out->next_commit.b, HASH_BYTES);
    read_into(&reader, out->transport_key.b, KEY_BYTES);
    read_into(&reader, out->witness_key.b, KEY_BYTES);
    read_into(&reader, out->mirror_key.b, KEY_BYTES);
    read_into(&reader, out->seal_key.b, KEY_BYTES);
    uint8_t retired = read_u8(&reader), k = read_u8(&reader), count = read_u8(&reader);
    bool none = count == 0 && k == 0;
    if (retired > 1 || (!none && (count > RECOVERY_KEYS_MAX || k < 1 || k >= count)))
        return fail(E_CORRUPT, "a stored feed with %u of %u recovery keys", k, count);
    out->retired = retired;
    out->recovery.k = k;
    out->recovery.count = count;
    for (unsigned i = 0; i < count; i++)
        read_into(&reader, out->recovery.keys[i].b, KEY_BYTES);
    if (reader.bad || reader.left > 0)
        return fail(E_CORRUPT, "a stored feed of %zu bytes is cut short or too long", bytes.len);
    return E_OK;
}
