/* id: the keys. Ed25519 keys that sign records, X25519 keys that seal and that CURVE uses, and what each may
 * sign.
 *
 * No function here signs arbitrary bytes: each purpose has its domain string and its own call. */
#pragma once

#include "base/err.h"
#include "core/hash.h"

#define KEY_BYTES 32
#define SIGNATURE_BYTES 64

/* A public key. */
struct key {
    uint8_t b[KEY_BYTES];
};

/* An Ed25519 or X25519 pair. Wipe with secret_clear when done. */
struct secret {
    uint8_t seed[32]; /* Ed25519: the seed. X25519: the secret scalar */
    struct key public_key;
};

enum err id_init(void); /* once a process, before anything of core; E_IO when libsodium will not start */

void secret_from_seed(const uint8_t seed[static 32], struct secret *out);           /* Ed25519 */
void secret_transport_from_seed(const uint8_t seed[static 32], struct secret *out); /* X25519 */
void secret_clear(struct secret *secret);
static inline bool key_equal(const struct key *a, const struct key *b)
{
    return memcmp(a->b, b->b, KEY_BYTES) == 0;
}
static inline bool key_is_zero(const struct key *k)
{
    static const struct key zero = { { 0 } };
    return key_equal(k, &zero);
}
/* Canonical, on the curve and not of small order: what an identity event may name. */
bool key_is_good(const struct key *key);

/* Over "chancery/record/v1\n" || header[128]. */
void sign_record(const struct secret *secret, struct bytes header, uint8_t signature[static SIGNATURE_BYTES]);
bool verify_record(const struct key *key, struct bytes header,
                   const uint8_t signature[static SIGNATURE_BYTES]);

/* Over "chancery/authorize/v1\n" || author || epoch u32 || SHA-256(body). */
void sign_authorize(const struct secret *secret, const struct hash *author, uint32_t epoch, struct bytes body,
                    uint8_t signature[static SIGNATURE_BYTES]);
bool verify_authorize(const struct key *key, const struct hash *author, uint32_t epoch, struct bytes body,
                      const uint8_t signature[static SIGNATURE_BYTES]);

/* SHA-256("chancery/next/v1\n" || rotation public key). */
struct hash next_commit(const struct key *rotation_key);
/* SHA-256("chancery/identity/v1\n" || payload of seq 0): an author. */
struct hash author_of(struct bytes inception_payload);
/* The first 16 bytes of SHA-256("chancery/engagement/v1\n" || author || nonce[16]). */
void engagement_id(const struct hash *author, const uint8_t nonce[static 16], uint8_t id[static 16]);
