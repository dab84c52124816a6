#include "core/id.h"

#include <sodium.h>

#define RECORD_DOMAIN "chancery/record/v1\n"
#define AUTHORIZE_DOMAIN "chancery/authorize/v1\n"
#define NEXT_DOMAIN "chancery/next/v1\n"
#define IDENTITY_DOMAIN "chancery/identity/v1\n"
#define ENGAGEMENT_DOMAIN "chancery/engagement/v1\n"

#define SIGNED_HEADER_BYTES 128
/* The longest thing that any key here signs. */
#define MAX_MESSAGE 160

struct message {
    uint8_t data[MAX_MESSAGE];
    size_t len;
};

enum err id_init(void)
{
    if (sodium_init() < 0)
        return fail(E_IO, "libsodium does not start");
    return E_OK;
}

void secret_from_seed(const uint8_t seed[static 32], struct secret *out)
{
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    memcpy(out->seed, seed, sizeof out->seed);
    crypto_sign_seed_keypair(out->public_key.b, expanded, seed);
    sodium_memzero(expanded, sizeof expanded);
}

void secret_transport_from_seed(const uint8_t seed[static 32], struct secret *out)
{
    memcpy(out->seed, seed, sizeof out->seed);
    crypto_scalarmult_base(out->public_key.b, seed);
}

void secret_clear(struct secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

/* The y coordinate (the sign bit aside) is below p = 2^255 - 19: RFC 8032 section 5.1.3. */
static bool is_canonical(const struct key *key)
{
    if ((key->b[31] & 0x7f) != 0x7f || key->b[0] < 0xed)
        return true;
    for (int i = 1; i < 31; i++)
        if (key->b[i] != 0xff)
            return true;
    return false;
}

bool key_is_good(const struct key *key)
{
    static const struct key identity = { { 1 } };
    if (!is_canonical(key))
        return false;

    /* Eight times a point of small order is the identity; crypto_core_ed25519_is_valid_point() would also
     * turn away points with a small-order part, which signatures allow. Adding refuses what is not on the
     * curve. */
    struct key sum = *key;
    for (int i = 0; i < 3; i++) {
        struct key twice;
        if (crypto_core_ed25519_add(twice.b, sum.b, sum.b) != 0)
            return false;
        sum = twice;
    }
    return !key_equal(&sum, &identity);
}

static void add(struct message *message, const void *data, size_t len)
{
    memcpy(message->data + message->len, data, len);
    message->len += len;
}

static void sign(const struct secret *secret, const struct message *message, uint8_t *signature)
{
    /* libsodium's form of a secret key: seed and public key. */
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    memcpy(expanded, secret->seed, 32);
    memcpy(expanded + 32, secret->public_key.b, 32);
    crypto_sign_detached(signature, NULL, message->data, message->len, expanded);
    sodium_memzero(expanded, sizeof expanded);
}

static bool verify(const struct key *key, const struct message *message, const uint8_t *signature)
{
    return crypto_sign_verify_detached(signature, message->data, message->len, key->b) == 0;
}

static void record_message(struct bytes header, struct message *out)
{
    out->len = 0;
    add(out, RECORD_DOMAIN, strlen(RECORD_DOMAIN));
    add(out, header.data, SIGNED_HEADER_BYTES);
}

void sign_record(const struct secret *secret, struct bytes header, uint8_t signature[static SIGNATURE_BYTES])
{
    struct message message;
    memset(signature, 0, SIGNATURE_BYTES);
    if (header.len != SIGNED_HEADER_BYTES)
        return; /* a signature of zeros is never valid */
    record_message(header, &message);
    sign(secret, &message, signature);
}

bool verify_record(const struct key *key, struct bytes header,
                   const uint8_t signature[static SIGNATURE_BYTES])
{
    struct message message;
    if (header.len != SIGNED_HEADER_BYTES)
        return false;
    record_message(header, &message);
    return verify(key, &message, signature);
}

static void authorize_message(const struct hash *author, uint32_t epoch, struct bytes body,
                              struct message *out)
{
    uint8_t number[4];
    struct hash digest = hash_bytes(body);
    put_u32(number, epoch);
    out->len = 0;
    add(out, AUTHORIZE_DOMAIN, strlen(AUTHORIZE_DOMAIN));
    add(out, author->b, sizeof author->b);
    add(out, number, sizeof number);
    add(out, digest.b, sizeof digest.b);
}

void sign_authorize(const struct secret *secret, const struct hash *author, uint32_t epoch, struct bytes body,
                    uint8_t signature[static SIGNATURE_BYTES])
{
    struct message message;
    authorize_message(author, epoch, body, &message);
    sign(secret, &message, signature);
}

bool verify_authorize(const struct key *key, const struct hash *author, uint32_t epoch, struct bytes body,
                      const uint8_t signature[static SIGNATURE_BYTES])
{
    struct message message;
    authorize_message(author, epoch, body, &message);
    return verify(key, &message, signature);
}

struct hash next_commit(const struct key *rotation_key)
{
    return hash_parts((struct bytes[]){ bytes_text(NEXT_DOMAIN), BYTES(rotation_key->b) }, 2);
}

struct hash author_of(struct bytes inception_payload)
{
    return hash_parts((struct bytes[]){ bytes_text(IDENTITY_DOMAIN), inception_payload }, 2);
}

void engagement_id(const struct hash *author, const uint8_t nonce[static 16], uint8_t id[static 16])
{
    struct bytes parts[] = { bytes_text(ENGAGEMENT_DOMAIN), BYTES(author->b), bytes_of(nonce, 16) };
    struct hash digest = hash_parts(parts, 3);
    memcpy(id, digest.b, 16);
}
