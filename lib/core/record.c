#include "core/record.h"

#include <inttypes.h>

#include "base/limits.h"

#define PAYLOAD_DOMAIN "chancery/payload/v1\n"
#define VERSION 1

#define TYPE_INCEPTION 100U
#define TYPE_IDENTITY_LAST 199U

/* The most that a payload of this kind and type may hold. */
static uint32_t payload_limit(uint8_t kind, uint32_t type)
{
    switch (kind) {
    case KIND_STATEMENT:
        return MAX_PAYLOAD_BYTES;
    case KIND_IDENTITY:
    case KIND_REDACT:
        return MAX_IDENTITY_PAYLOAD_BYTES;
    default:
        return type == 204 || type == 205 || type == 207 ? MAX_LARGE_EVENT_PAYLOAD_BYTES
                                                         : MAX_EVENT_PAYLOAD_BYTES;
    }
}

static enum err check_form(const struct header *h)
{
    if (h->version != VERSION)
        return fail(E_MALFORMED, "record version %u", h->version);
    if (h->kind < KIND_STATEMENT || h->kind > KIND_FEDERATION)
        return fail(E_MALFORMED, "record kind %u", h->kind);
    if (h->flags > VISIBLE_LOCAL)
        return fail(E_MALFORMED, "flags %#x", h->flags);
    if (h->kind != KIND_STATEMENT && h->flags != VISIBLE_PUBLIC)
        return fail(E_MALFORMED, "kind %u is always public", h->kind);
    if (h->payload_len > payload_limit(h->kind, h->payload_type))
        return fail(E_MALFORMED, "a payload of %" PRIu32 " bytes in kind %u type %" PRIu32, h->payload_len,
                    h->kind, h->payload_type);
    return E_OK;
}

/* What stands at seq 0, and only there. */
static enum err check_place(const struct header *h)
{
    bool first = h->seq == 0;
    if (hash_is_zero(&h->prev) != first)
        return fail(E_MALFORMED, "seq %" PRIu64 " %s a record before it", h->seq,
                    first ? "names" : "names no");
    if (first && (h->kind != KIND_IDENTITY || h->epoch != 0))
        return fail(E_MALFORMED, "seq 0 is not an inception in epoch 0");
    if (h->kind != KIND_IDENTITY)
        return E_OK;
    if (h->payload_type < TYPE_INCEPTION || h->payload_type > TYPE_IDENTITY_LAST)
        return fail(E_MALFORMED, "identity event of type %" PRIu32, h->payload_type);
    if ((h->payload_type == TYPE_INCEPTION) != first)
        return fail(E_MALFORMED, "identity event of type %" PRIu32 " at seq %" PRIu64, h->payload_type,
                    h->seq);
    return E_OK;
}

enum err header_parse(struct bytes bytes, struct header *out)
{
    if (bytes.len != HEADER_BYTES)
        return fail(E_MALFORMED, "a header of %zu bytes", bytes.len);

    struct reader in = reader_of(bytes);
    out->version = read_u8(&in);
    out->kind = read_u8(&in);
    out->flags = read_u16(&in);
    out->epoch = read_u32(&in);
    read_into(&in, out->author.b, HASH_BYTES);
    out->seq = read_u64(&in);
    out->time_ms = read_u64(&in);
    read_into(&in, out->prev.b, HASH_BYTES);
    read_into(&in, out->commit.b, HASH_BYTES);
    out->payload_len = read_u32(&in);
    out->payload_type = read_u32(&in);

    TRY(check_form(out));
    return check_place(out);
}

void header_write(const struct header *header, uint8_t out[static HEADER_BYTES])
{
    out[0] = header->version;
    out[1] = header->kind;
    put_u16(out + 2, header->flags);
    put_u32(out + 4, header->epoch);
    memcpy(out + 8, header->author.b, HASH_BYTES);
    put_u64(out + 40, header->seq);
    put_u64(out + 48, header->time_ms);
    memcpy(out + 56, header->prev.b, HASH_BYTES);
    memcpy(out + 88, header->commit.b, HASH_BYTES);
    put_u32(out + 120, header->payload_len);
    put_u32(out + 124, header->payload_type);
}

enum err record_parse(struct bytes entry, struct record *out)
{
    *out = (struct record){ 0 };
    if (entry.len != ENTRY_BYTES)
        return fail(E_MALFORMED, "an entry of %zu bytes", entry.len);
    TRY(header_parse(bytes_of(entry.data, HEADER_BYTES), &out->header));
    out->entry = entry.data;
    out->id = hash_leaf(entry);
    return E_OK;
}

bool record_open(struct record *record, struct bytes salted_payload)
{
    if (salted_payload.len != (size_t)SALT_BYTES + record->header.payload_len)
        return false;
    struct bytes payload = bytes_of(salted_payload.data + SALT_BYTES, record->header.payload_len);
    struct hash commit = payload_commit(salted_payload.data, payload);
    if (!hash_equal(&commit, &record->header.commit))
        return false;
    record->salt = salted_payload.data;
    record->payload = payload;
    record->has_payload = true;
    return true;
}

struct hash payload_commit(const uint8_t salt[static SALT_BYTES], struct bytes payload)
{
    return hash_parts((struct bytes[]){ bytes_text(PAYLOAD_DOMAIN), bytes_of(salt, SALT_BYTES), payload }, 3);
}

bool record_verify(const struct record *record, const struct key *key)
{
    return verify_record(key, bytes_of(record->entry, HEADER_BYTES), record->entry + HEADER_BYTES);
}

void record_sign(const struct header *header, const struct secret *secret, uint8_t out[static ENTRY_BYTES])
{
    header_write(header, out);
    sign_record(secret, bytes_of(out, HEADER_BYTES), out + HEADER_BYTES);
}
