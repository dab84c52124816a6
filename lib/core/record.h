/* record: the fixed bytes of one signed statement (doc/PROTOCOL.md, "The record").
 *
 * entry = header[128] || signature[64]; id = SHA-256(0x00 || entry). Salt and payload travel beside it and
 * may be absent. Parsing, opening and verifying are three functions: the first looks at structure only. */
#pragma once

#include "core/hash.h"
#include "core/id.h"

#define HEADER_BYTES 128
#define ENTRY_BYTES 192
#define SALT_BYTES 32

enum record_kind { KIND_STATEMENT = 1, KIND_IDENTITY = 2, KIND_REDACT = 3, KIND_FEDERATION = 4 };
enum visibility { VISIBLE_PUBLIC = 0, VISIBLE_FEDERAL = 1, VISIBLE_LOCAL = 2 };

struct header {
    uint8_t version;
    uint8_t kind;
    uint16_t flags;
    uint32_t epoch;
    struct hash author;
    uint64_t seq;
    uint64_t time_ms;
    struct hash prev;
    struct hash commit;
    uint32_t payload_len;
    uint32_t payload_type;
};

/* A parsed record. Borrows its bytes. */
struct record {
    struct header header;
    const uint8_t *entry; /* ENTRY_BYTES */
    struct hash id;
    bool has_payload;     /* salt and payload are here and match the commitment */
    const uint8_t *salt;  /* SALT_BYTES */
    struct bytes payload; /* header.payload_len bytes */
};

/* Decodes and checks a header: version, kind, flags, lengths by kind and type, prev zero iff seq 0, kind 2
 * type and epoch at seq 0. E_MALFORMED. */
enum err header_parse(struct bytes bytes, struct header *out);
void header_write(const struct header *header, uint8_t out[static HEADER_BYTES]);

/* Parses an entry of ENTRY_BYTES (header checks as above) and computes its id. No payload. E_MALFORMED. */
enum err record_parse(struct bytes entry, struct record *out);

/* Lays salt || payload beside a parsed record: true when length and commitment match; else it is absent. */
bool record_open(struct record *record, struct bytes salted_payload);

/* SHA-256("chancery/payload/v1\n" || salt[32] || payload). */
struct hash payload_commit(const uint8_t salt[static SALT_BYTES], struct bytes payload);

/* True when the record's own signature is valid under key. */
bool record_verify(const struct record *record, const struct key *key);

/* Signs header (whose commit and payload_len the caller has set) into out[ENTRY_BYTES]. */
void record_sign(const struct header *header, const struct secret *secret, uint8_t out[static ENTRY_BYTES]);

static inline enum visibility record_visibility(const struct record *r)
{
    return (enum visibility)(r->header.flags & 3U);
}
