/* Federation events (kind 4) that this version writes and reads. */
#include "core/statement.h"
#include "statement.pb-c.h"

#define FEDERATION_BUDGET (1U << 20)

static enum err take_hash(ProtobufCBinaryData data, const char *what, struct hash *out)
{
    if (data.len != HASH_BYTES)
        return fail(E_MALFORMED, "a federation event whose %s is not 32 bytes", what);
    memcpy(out->b, data.data, HASH_BYTES);
    return E_OK;
}

static enum err take_text(const char *text, const char *what, char *out, size_t size)
{
    if (strlen(text) >= size)
        return fail(E_MALFORMED, "a federation event whose %s has more than %zu bytes", what, size - 1);
    memcpy(out, text, strlen(text) + 1);
    return E_OK;
}

static ProtobufCBinaryData lend(const struct hash *hash)
{
    return (ProtobufCBinaryData){ HASH_BYTES, (uint8_t *)hash->b };
}

void admission_write(const struct admission *admission, struct buf *out)
{
    Chancery__Admission m = CHANCERY__ADMISSION__INIT;
    m.jurisdiction = lend(&admission->jurisdiction);
    m.name = (char *)admission->name;
    m.level = (Chancery__PartyType)admission->level;
    m.geoid = (char *)admission->geoid;
    if (!hash_is_zero(&admission->invite))
        m.invite = lend(&admission->invite);
    m.basis = (char *)admission->basis;
    char *role = "node";
    m.roles = &role;
    m.n_roles = 1;
    encode_message(&m.base, out);
}

enum err admission_read(struct bytes payload, struct admission *out)
{
    *out = (struct admission){ 0 };
    AUTO(arena_free) struct arena *arena = arena_new(FEDERATION_BUDGET);
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__admission__descriptor, payload, arena, &base));
    const Chancery__Admission *m = (const Chancery__Admission *)base;
    out->level = (uint32_t)m->level;
    TRY(take_hash(m->jurisdiction, "jurisdiction", &out->jurisdiction));
    TRY(take_text(m->name, "name", out->name, sizeof out->name));
    TRY(take_text(m->geoid, "geoid", out->geoid, sizeof out->geoid));
    TRY(take_text(m->basis, "basis", out->basis, sizeof out->basis));
    return m->invite.len > 0 ? take_hash(m->invite, "invite", &out->invite) : E_OK;
}

void suspension_write(const struct suspension *suspension, struct buf *out)
{
    Chancery__Suspension m = CHANCERY__SUSPENSION__INIT;
    m.jurisdiction = lend(&suspension->jurisdiction);
    m.reason = (Chancery__Suspension__Reason)suspension->reason;
    m.lifted = suspension->lifted;
    m.until_ms = suspension->until_ms;
    encode_message(&m.base, out);
}

enum err suspension_read(struct bytes payload, struct suspension *out)
{
    *out = (struct suspension){ 0 };
    AUTO(arena_free) struct arena *arena = arena_new(FEDERATION_BUDGET);
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__suspension__descriptor, payload, arena, &base));
    const Chancery__Suspension *m = (const Chancery__Suspension *)base;
    out->reason = (uint32_t)m->reason;
    out->lifted = m->lifted != 0;
    out->until_ms = m->until_ms;
    return take_hash(m->jurisdiction, "jurisdiction", &out->jurisdiction);
}

void tick_write(uint64_t time_ms, struct buf *out)
{
    Chancery__Tick m = CHANCERY__TICK__INIT;
    m.time_ms = time_ms;
    encode_message(&m.base, out);
}

enum err tick_read(struct bytes payload, uint64_t *time_ms)
{
    AUTO(arena_free) struct arena *arena = arena_new(FEDERATION_BUDGET);
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__tick__descriptor, payload, arena, &base));
    *time_ms = ((const Chancery__Tick *)base)->time_ms;
    return E_OK;
}
