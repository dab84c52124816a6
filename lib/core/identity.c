/* Identity events: what kind-2 payloads say, who authorised them, and what they do to a feed's keys. */
#include <assert.h>

#include "core/statement.h"
#include "statement.pb-c.h"

/* Sixty times the largest payload and more: decoding one never fails for want of memory. */
#define IDENTITY_BUDGET (4U << 20)

static enum err malformed(const char *what)
{
    return fail(E_MALFORMED, "an identity event with %s", what);
}

static bool take_key(ProtobufCBinaryData data, struct key *out)
{
    if (data.len != KEY_BYTES)
        return false;
    memcpy(out->b, data.data, KEY_BYTES);
    return true;
}

/* An Ed25519 key that must be there. */
static enum err read_key(ProtobufCBinaryData data, const char *what, struct key *out)
{
    if (!take_key(data, out) || !key_is_good(out))
        return fail(E_MALFORMED, "an identity event whose %s is not a good Ed25519 key", what);
    return E_OK;
}

static enum err read_optional_key(ProtobufCBinaryData data, const char *what, struct key *out)
{
    return data.len == 0 ? E_OK : read_key(data, what, out);
}

/* X25519: canonical, that is below 2^255 - 19, and not of small order. */
static bool is_exchange_key(const struct key *key)
{
    static const struct key
        small_order[] = {
            { { 0 } },
            { { 1 } },
            { { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
                0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
                0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 } },
            { { 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
                0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
                0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 } },
        };
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++)
        if (key_equal(key, &small_order[i]))
            return false;

    /* 2^255 - 20 is of small order too: it and all above are refused as one. Little-endian. */
    if (key->b[31] != 0x7f)
        return key->b[31] < 0x7f;
    for (int i = 30; i > 0; i--)
        if (key->b[i] != 0xff)
            return true;
    return key->b[0] < 0xec;
}

static enum err read_exchange_key(ProtobufCBinaryData data, const char *what, struct key *out)
{
    if (data.len > 0 && (!take_key(data, out) || !is_exchange_key(out)))
        return fail(E_MALFORMED, "an identity event whose %s is not a good X25519 key", what);
    return E_OK;
}

static enum err read_next(ProtobufCBinaryData data, struct hash *out)
{
    if (data.len != HASH_BYTES)
        return malformed("a `next` that is not 32 bytes");
    memcpy(out->b, data.data, HASH_BYTES);
    return E_OK;
}

static enum err read_recovery(const Chancery__RecoveryPolicy *policy, struct recovery *out)
{
    *out = (struct recovery){ 0 };
    if (policy == NULL)
        return E_OK;
    size_t n = policy->n_keys;
    if (n < 2 || n > RECOVERY_KEYS_MAX || policy->k < 1 || policy->k >= n)
        return malformed("a recovery set that is not 2 to 16 keys of which 1 to all but one are needed");
    for (size_t i = 0; i < n; i++) {
        TRY(read_key(policy->keys[i], "recovery key", &out->keys[i]));
        for (size_t j = 0; j < i; j++)
            if (key_equal(&out->keys[i], &out->keys[j]))
                return malformed("a recovery key listed twice");
    }
    out->count = (uint8_t)n;
    out->k = (uint8_t)policy->k;
    return E_OK;
}

/* What is too long for us is cut at a character: no name is a reason to refuse an identity. */
static void cut_text(const char *text, char *out, size_t size)
{
    size_t len = strnlen(text, size);
    if (len == size)
        do
            len--;
        while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80);
    memcpy(out, text, len);
    out[len] = 0;
}

static enum err read_charter(const Chancery__Charter *charter, struct inception *out)
{
    if (charter == NULL)
        return E_OK;
    struct key archive_key;
    TRY(read_optional_key(charter->log_key, "log key", &out->log_key));
    TRY(read_exchange_key(charter->archive_key, "archive key", &archive_key));
    cut_text(charter->origin, out->origin, sizeof out->origin);
    out->window_days = charter->window_days;
    return E_OK;
}

static enum err read_inception(const Chancery__Inception *m, struct inception *out)
{
    *out = (struct inception){ .level = (uint32_t)m->level };
    cut_text(m->name, out->name, sizeof out->name);
    cut_text(m->geoid, out->geoid, sizeof out->geoid);
    cut_text(m->ocd_id, out->ocd_id, sizeof out->ocd_id);
    cut_text(m->title, out->title, sizeof out->title);
    TRY(read_key(m->record_key, "record key", &out->record_key));
    TRY(read_next(m->next, &out->next_commit));
    TRY(read_recovery(m->recovery, &out->recovery));
    TRY(read_exchange_key(m->transport_key, "transport key", &out->transport_key));
    TRY(read_optional_key(m->witness_key, "witness key", &out->witness_key));
    TRY(read_optional_key(m->mirror_key, "mirror key", &out->mirror_key));
    TRY(read_exchange_key(m->seal_key, "sealing key", &out->seal_key));
    if (m->nonce.len != sizeof out->nonce)
        return malformed("a nonce that is not 16 bytes");
    memcpy(out->nonce, m->nonce.data, sizeof out->nonce);
    return read_charter(m->charter, out);
}

enum err inception_read(struct bytes payload, struct inception *out)
{
    AUTO(arena_free) struct arena *arena = arena_new(IDENTITY_BUDGET);
    ProtobufCMessage *base;
    if (decode_message(&chancery__inception__descriptor, payload, arena, &base) != E_OK)
        return fail(E_MALFORMED, "not an inception");
    return read_inception((const Chancery__Inception *)base, out);
}

static ProtobufCBinaryData lend(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){ len, (uint8_t *)data };
}

static ProtobufCBinaryData lend_key(const struct key *key)
{
    return key_is_zero(key) ? (ProtobufCBinaryData){ 0, NULL } : lend(key->b, KEY_BYTES);
}

void inception_write(const struct inception *in, struct buf *out)
{
    Chancery__Inception m = CHANCERY__INCEPTION__INIT;
    Chancery__RecoveryPolicy policy = CHANCERY__RECOVERY_POLICY__INIT;
    Chancery__Charter charter = CHANCERY__CHARTER__INIT;
    ProtobufCBinaryData keys[RECOVERY_KEYS_MAX];

    m.name = (char *)in->name;
    m.level = (Chancery__PartyType)in->level;
    m.geoid = (char *)in->geoid;
    m.ocd_id = (char *)in->ocd_id;
    m.title = (char *)in->title;
    m.record_key = lend_key(&in->record_key);
    m.next = lend(in->next_commit.b, HASH_BYTES);
    for (unsigned i = 0; i < in->recovery.count; i++)
        keys[i] = lend_key(&in->recovery.keys[i]);
    policy.keys = keys;
    policy.n_keys = in->recovery.count;
    policy.k = in->recovery.k;
    if (in->recovery.count > 0)
        m.recovery = &policy;
    m.transport_key = lend_key(&in->transport_key);
    m.witness_key = lend_key(&in->witness_key);
    m.mirror_key = lend_key(&in->mirror_key);
    m.seal_key = lend_key(&in->seal_key);
    m.nonce = lend(in->nonce, sizeof in->nonce);
    charter.origin = (char *)in->origin;
    charter.log_key = lend_key(&in->log_key);
    charter.window_days = in->window_days;
    if (in->origin[0] != 0)
        m.charter = &charter;
    encode_message(&m.base, out);
}

/* ---- the bodies that change keys, as one plain struct */

struct change {
    struct key rotation_key, record_key;
    struct hash next_commit;
    struct key transport_key, witness_key, mirror_key, seal_key; /* zero = as before */
    struct recovery recovery;
};

static enum err decode_canonical(const ProtobufCMessageDescriptor *type, struct bytes bytes,
                                 struct arena *arena, ProtobufCMessage **out)
{
    if (decode_message(type, bytes, arena, out) != E_OK)
        return fail(E_MALFORMED, "not a %s", type->short_name);
    if (!decode_is_canonical(*out, bytes))
        return fail(E_MALFORMED, "a %s that is not in canonical form", type->short_name);
    return E_OK;
}

static enum err read_rotation(const ProtobufCMessage *base, struct change *out)
{
    const Chancery__RotationBody *m = (const Chancery__RotationBody *)base;
    TRY(read_key(m->rotation_key, "rotation key", &out->rotation_key));
    TRY(read_key(m->record_key, "record key", &out->record_key));
    TRY(read_next(m->next, &out->next_commit));
    TRY(read_exchange_key(m->transport_key, "transport key", &out->transport_key));
    TRY(read_optional_key(m->witness_key, "witness key", &out->witness_key));
    TRY(read_optional_key(m->mirror_key, "mirror key", &out->mirror_key));
    return read_exchange_key(m->seal_key, "sealing key", &out->seal_key);
}

static enum err read_recovery_body(const ProtobufCMessage *base, struct change *out)
{
    const Chancery__RecoveryBody *m = (const Chancery__RecoveryBody *)base;
    TRY(read_key(m->record_key, "record key", &out->record_key));
    TRY(read_next(m->next, &out->next_commit));
    TRY(read_exchange_key(m->transport_key, "transport key", &out->transport_key));
    TRY(read_optional_key(m->witness_key, "witness key", &out->witness_key));
    TRY(read_optional_key(m->mirror_key, "mirror key", &out->mirror_key));
    TRY(read_exchange_key(m->seal_key, "sealing key", &out->seal_key));
    return read_recovery(m->recovery, &out->recovery);
}

static enum err read_retirement(const ProtobufCMessage *base, struct change *out)
{
    const Chancery__RetirementBody *m = (const Chancery__RetirementBody *)base;
    return read_key(m->rotation_key, "rotation key", &out->rotation_key);
}

static enum err read_keys(const ProtobufCMessage *base, struct change *out)
{
    const Chancery__Keys *m = (const Chancery__Keys *)base;
    TRY(read_exchange_key(m->transport_key, "transport key", &out->transport_key));
    TRY(read_optional_key(m->witness_key, "witness key", &out->witness_key));
    TRY(read_optional_key(m->mirror_key, "mirror key", &out->mirror_key));
    return read_exchange_key(m->seal_key, "sealing key", &out->seal_key);
}

static const struct body {
    uint32_t type;
    const ProtobufCMessageDescriptor *descriptor;
    enum err (*read)(const ProtobufCMessage *base, struct change *out);
} bodies[] = {
    { TYPE_ROTATION, &chancery__rotation_body__descriptor, read_rotation },
    { TYPE_RECOVERY, &chancery__recovery_body__descriptor, read_recovery_body },
    { TYPE_RETIREMENT, &chancery__retirement_body__descriptor, read_retirement },
};

/* The payload of a Rotation, Recovery or Retirement: its body, and who signed for it. */
static enum err read_authorized(const struct body *body, struct bytes payload, struct arena *arena,
                                const Chancery__Authorized **authorized, struct change *out)
{
    ProtobufCMessage *base, *inner;
    TRY(decode_canonical(&chancery__authorized__descriptor, payload, arena, &base));
    *authorized = (const Chancery__Authorized *)base;
    struct bytes bytes = bytes_of((*authorized)->body.data, (*authorized)->body.len);
    TRY(decode_canonical(body->descriptor, bytes, arena, &inner));
    return body->read(inner, out);
}

static const struct body *find_body(uint32_t type)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (bodies[i].type == type)
            return &bodies[i];
    return NULL;
}

/* Reads any kind-2 payload of a type that is known; *authorized is NULL for Keys. */
static enum err read_change(const struct record *record, struct arena *arena,
                            const Chancery__Authorized **authorized, struct change *out)
{
    *authorized = NULL;
    *out = (struct change){ 0 };
    const struct body *body = find_body(record->header.payload_type);
    if (body != NULL)
        return read_authorized(body, record->payload, arena, authorized, out);
    ProtobufCMessage *base;
    TRY(decode_canonical(&chancery__keys__descriptor, record->payload, arena, &base));
    return read_keys(base, out);
}

static bool is_carried(const struct header *h)
{
    return h->payload_type > TYPE_KEYS;
}

enum err identity_check(const struct record *record)
{
    const struct header *h = &record->header;
    if (is_carried(h))
        return E_OK;
    if (h->payload_type == TYPE_INCEPTION) {
        struct hash author = author_of(record->payload);
        struct inception inception;
        if (!hash_equal(&author, &h->author))
            return malformed("an author that is not the hash of its inception");
        return inception_read(record->payload, &inception);
    }
    AUTO(arena_free) struct arena *arena = arena_new(IDENTITY_BUDGET);
    const Chancery__Authorized *authorized;
    struct change change;
    return read_change(record, arena, &authorized, &change);
}

static bool signature_holds(const struct record *record, const Chancery__Authorized *a, size_t i,
                            const struct key *key)
{
    const ProtobufCBinaryData *signature = &a->signatures[i]->signature;
    return signature->len == SIGNATURE_BYTES &&
           verify_authorize(key, &record->header.author, record->header.epoch,
                            bytes_of(a->body.data, a->body.len), signature->data);
}

static enum err check_rotation_key(const struct feed *feed, const struct record *record,
                                   const Chancery__Authorized *a, const struct change *change)
{
    struct hash commit = next_commit(&change->rotation_key);
    if (!hash_equal(&commit, &feed->next_commit))
        return fail(E_NOT_AUTHORISED, "the rotation key is not the one committed to");
    if (a->n_signatures != 1 || a->signatures[0]->key != 0 ||
        !signature_holds(record, a, 0, &change->rotation_key))
        return fail(E_NOT_AUTHORISED, "it is not signed by the rotation key");
    return E_OK;
}

static enum err check_recovery_keys(const struct feed *feed, const struct record *record,
                                    const Chancery__Authorized *a)
{
    uint32_t seen = 0;
    if (feed->recovery.count == 0 || a->n_signatures < feed->recovery.k ||
        a->n_signatures > feed->recovery.count)
        return fail(E_NOT_AUTHORISED, "a recovery by %zu keys, %u of %u are needed", a->n_signatures,
                    feed->recovery.k, feed->recovery.count);
    for (size_t i = 0; i < a->n_signatures; i++) {
        uint32_t index = a->signatures[i]->key;
        if (index >= feed->recovery.count || (seen & 1U << index) != 0)
            return fail(E_NOT_AUTHORISED, "a recovery that names recovery key %u twice, or no such key",
                        index);
        seen |= 1U << index;
        if (!signature_holds(record, a, i, &feed->recovery.keys[index]))
            return fail(E_NOT_AUTHORISED, "recovery key %u did not sign it", index);
    }
    return E_OK;
}

static void replace(struct key *key, const struct key *by)
{
    if (!key_is_zero(by))
        *key = *by;
}

static void apply_change(struct feed *feed, uint32_t type, const struct change *change)
{
    replace(&feed->transport_key, &change->transport_key);
    replace(&feed->witness_key, &change->witness_key);
    replace(&feed->mirror_key, &change->mirror_key);
    replace(&feed->seal_key, &change->seal_key);
    if (type == TYPE_RETIREMENT)
        feed->retired = true;
    if (type != TYPE_ROTATION && type != TYPE_RECOVERY)
        return;
    feed->epoch++;
    feed->record_key = change->record_key;
    feed->next_commit = change->next_commit;
    if (type == TYPE_RECOVERY)
        feed->recovery = change->recovery;
}

static enum err apply_inception(struct feed *feed, struct bytes payload)
{
    struct inception in;
    TRY(inception_read(payload, &in));
    feed->record_key = in.record_key;
    feed->next_commit = in.next_commit;
    feed->recovery = in.recovery;
    feed->transport_key = in.transport_key;
    feed->witness_key = in.witness_key;
    feed->mirror_key = in.mirror_key;
    feed->seal_key = in.seal_key;
    return E_OK;
}

enum err identity_apply(struct feed *feed, const struct record *record)
{
    uint32_t type = record->header.payload_type;
    if (type == TYPE_INCEPTION)
        return apply_inception(feed, record->payload);
    if (is_carried(&record->header))
        return E_OK;

    AUTO(arena_free) struct arena *arena = arena_new(IDENTITY_BUDGET);
    const Chancery__Authorized *authorized;
    struct change change;
    TRY(read_change(record, arena, &authorized, &change));
    assert(authorized != NULL || type == TYPE_KEYS);
    if (type == TYPE_RECOVERY)
        TRY(check_recovery_keys(feed, record, authorized));
    else if (authorized != NULL)
        TRY(check_rotation_key(feed, record, authorized, &change));
    apply_change(feed, type, &change);
    return E_OK;
}
