/* wire: the frame between two peers: a 24-byte header that little code can refuse, then a protobuf body.
 *
 * magic "CH" | major u8 | type u8 | session u32 | message id u32 | flags u32 | body_len u32 | crc32c(first 20
 * bytes) u32. Exactly one frame a message, at most MAX_MESSAGE_BYTES. */
#pragma once

#include "core/sync.h"

#define WIRE_HEADER_BYTES 24

/* Appends one frame. Text that is not UTF-8 is sent with its bytes above 127 as '?'. A NACK's code travels as
 * doc/PROTOCOL.md says; one without a number there travels as 0 and is read as E_DENIED. */
void wire_encode(const struct sync_message *message, uint32_t message_id, struct buf *out);

/* A decoded frame; owns what the message points to. { 0 } is empty. */
struct wire_message {
    struct sync_message message;
    uint32_t message_id;
    uint8_t major;
    struct arena *arena;
    struct sync_mark *marks;
};

/* E_MALFORMED (header, body, or a shape: keys of another length, text that is not UTF-8), E_TOO_BIG (frame,
 * marks, or what decoding would allocate), E_VERSION (another major: the header is filled in), E_NOT_FOUND (a
 * type that we do not know: to be tolerated; the header is filled in). A batch's records are borrowed from
 * frame, which must outlive out. out is cleared first, so one may serve a whole loop; wire_clear it at the
 * end, whatever was returned. */
enum err wire_decode(struct bytes frame, struct wire_message *out);
void wire_clear(struct wire_message *message);
