/* decode: protobuf from strangers. A budget on what decoding may allocate, then every string checked for
 * UTF-8 and NUL.
 *
 * protobuf-c alone multiplies hostile bytes by sixty and checks no text; nothing in this project unpacks a
 * message in another way. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/err.h"

/* Owns every byte of one decoded message: one block list, freed at once. */
struct arena;
struct arena *arena_new(size_t budget);
void arena_free(struct arena **arena);
void *arena_alloc(struct arena *arena, size_t size); /* NULL when the budget is used up */

/* A number of protobuf's wire format, as protobuf-c reads it: ten bytes at most, bits past the 64th are
 * dropped. */
uint64_t decode_varint(struct reader *reader);

/* A decoded message that lives in arena; NULL in *out and E_MALFORMED (broken bytes, bad text) or E_TOO_BIG
 * (budget). */
enum err decode_message(const ProtobufCMessageDescriptor *type, struct bytes bytes, struct arena *arena,
                        ProtobufCMessage **out);

/* True when decoding and encoding gives the same bytes and nothing is unknown (kind 2's canonical form). */
bool decode_is_canonical(const ProtobufCMessage *message, struct bytes bytes);

/* protobuf_c_message_pack into out. */
void encode_message(const ProtobufCMessage *message, struct buf *out);
