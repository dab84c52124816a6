/* identity_help: a jurisdiction with all its keys, and payloads that are wrapped and signed as a test likes.
 */
#pragma once

#include "vectors.h"

#include "base/limits.h"
#include "core/feed.h"
#include "core/run.h"
#include "core/statement.h"
#include "statement.pb-c.h"

enum { RECORD, ROTATION, RECOVERY, STRANGER = RECOVERY + 3, NEXT_RECORD, NEXT_ROTATION, EXCHANGE, KEYS };

static struct secret keys[KEYS];
static struct inception inception;
static struct buf first; /* its seq 0, packed */
static struct feed begun;

static inline int start(void **state)
{
    (void)state;
    uint8_t seed[32], salt[SALT_BYTES] = { 1 };
    if (id_init() != E_OK)
        return 1;
    for (unsigned i = 0; i < KEYS; i++) {
        memset(seed, (int)(0x51 + i), sizeof seed);
        i == EXCHANGE ? secret_transport_from_seed(seed, &keys[i]) : secret_from_seed(seed, &keys[i]);
    }
    inception = (struct inception){ .name = "us-oh-dayton", .level = 1, .nonce = { 7 } };
    inception.record_key = keys[RECORD].public_key;
    inception.next_commit = next_commit(&keys[ROTATION].public_key);
    inception.recovery = (struct recovery){ .count = 3, .k = 2 };
    for (int i = 0; i < 3; i++)
        inception.recovery.keys[i] = keys[RECOVERY + i].public_key;

    AUTO(buf_clear) struct buf payload = { 0 };
    inception_write(&inception, &payload);
    struct hash author = author_of(buf_view(&payload));
    feed_init(&begun, &author);
    return feed_append(&begun, &keys[RECORD], KIND_IDENTITY, 0, TYPE_INCEPTION, 1, salt, buf_view(&payload),
                       &first) != E_OK;
}

static inline int stop(void **state)
{
    (void)state;
    buf_clear(&first);
    return 0;
}

static inline ProtobufCBinaryData lend(const void *data, size_t len)
{
    return (ProtobufCBinaryData){ len, (uint8_t *)data };
}

static inline enum err append(struct feed *feed, int signer, uint32_t type, struct bytes payload)
{
    static const uint8_t salt[SALT_BYTES] = { 2 };
    AUTO(buf_clear) struct buf out = { 0 };
    return feed_append(feed, &keys[signer], KIND_IDENTITY, 0, type, 2, salt, payload, &out);
}

/* What can be done to a payload before it is signed over. */
struct wrapping {
    int signers[4];
    int indexes[4];
    size_t count;
    uint32_t epoch;
    size_t signature_len;
};

static inline void wrap(const struct wrapping *w, struct bytes body, struct buf *out)
{
    Chancery__Authorized m = CHANCERY__AUTHORIZED__INIT;
    Chancery__KeySignature by[4], *list[4];
    uint8_t signatures[4][SIGNATURE_BYTES];
    for (size_t i = 0; i < w->count; i++) {
        sign_authorize(&keys[w->signers[i]], &begun.author, w->epoch, body, signatures[i]);
        by[i] = (Chancery__KeySignature)CHANCERY__KEY_SIGNATURE__INIT;
        by[i].key = (uint32_t)w->indexes[i];
        by[i].signature = lend(signatures[i], w->signature_len ? w->signature_len : SIGNATURE_BYTES);
        list[i] = &by[i];
    }
    m.body = lend(body.data, body.len);
    m.signatures = list;
    m.n_signatures = w->count;
    encode_message(&m.base, out);
}

static inline void rotation_body(struct buf *out)
{
    Chancery__RotationBody m = CHANCERY__ROTATION_BODY__INIT;
    static struct hash next;
    next = next_commit(&keys[NEXT_ROTATION].public_key);
    m.rotation_key = lend(keys[ROTATION].public_key.b, KEY_BYTES);
    m.record_key = lend(keys[NEXT_RECORD].public_key.b, KEY_BYTES);
    m.next = lend(next.b, HASH_BYTES);
    m.seal_key = lend(keys[EXCHANGE].public_key.b, KEY_BYTES);
    m.reason = CHANCERY__KEY_CHANGE__KEY_CHANGE_NEW_ADMINISTRATION;
    encode_message(&m.base, out);
}

static inline void recovery_body(const Chancery__RecoveryPolicy *policy, struct buf *out)
{
    Chancery__RecoveryBody m = CHANCERY__RECOVERY_BODY__INIT;
    static struct hash next;
    next = next_commit(&keys[NEXT_ROTATION].public_key);
    m.record_key = lend(keys[NEXT_RECORD].public_key.b, KEY_BYTES);
    m.next = lend(next.b, HASH_BYTES);
    m.recovery = (Chancery__RecoveryPolicy *)policy;
    encode_message(&m.base, out);
}

static inline enum err take_wrapped(uint32_t type, int header_signer, const struct wrapping *w,
                                    struct bytes body, struct feed *feed)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    *feed = begun;
    wrap(w, body, &payload);
    return append(feed, header_signer, type, buf_view(&payload));
}
