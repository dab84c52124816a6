#include "core/statement.h"

#include "statement.pb-c.h"

/* ---- the head, read without decoding the rest: once a record, by whoever indexes */

/* The last one counts, as in all of protobuf: one of another length takes an earlier one away. */
static void take_id(struct bytes bytes, bool *has, uint8_t out[static 16])
{
    static const uint8_t none[16];
    *has = bytes.len == 16;
    memcpy(out, *has ? bytes.data : none, 16);
}

enum err statement_head(struct bytes payload, struct statement_head *out)
{
    *out = (struct statement_head){ 0 };
    struct reader reader = reader_of(payload);
    while (reader.left > 0 && !reader.bad) {
        uint64_t tag = decode_varint(&reader), field = tag >> 3;
        switch (tag & 7) {
        case 0: {
            uint64_t number = decode_varint(&reader);
            if (field == 14)
                out->amends = number;
            break;
        }
        case 1:
            read_bytes(&reader, 8);
            break;
        case 2: {
            struct bytes bytes = read_bytes(&reader, (size_t)decode_varint(&reader));
            if (field == 1)
                take_id(bytes, &out->has_nonce, out->nonce);
            if (field == 2)
                take_id(bytes, &out->has_subject, out->subject);
            break;
        }
        case 5:
            read_bytes(&reader, 4);
            break;
        default:
            reader.bad = true;
        }
    }
    return reader.bad ? fail(E_MALFORMED, "a statement that is not protobuf") : E_OK;
}

enum err statement_subject(const struct hash *author, struct bytes payload, uint8_t id[static 16])
{
    struct statement_head head;
    TRY(statement_head(payload, &head));
    if (head.has_nonce == head.has_subject)
        return fail(E_NOT_FOUND, "a statement that names %s",
                    head.has_nonce ? "both a nonce and a subject" : "no subject");
    if (head.has_nonce)
        engagement_id(author, head.nonce, id);
    else
        memcpy(id, head.subject, 16);
    return E_OK;
}

/* ---- new statements out of old ones */

static enum err decode_engagement(struct bytes payload, struct arena *arena, Chancery__Engagement **out)
{
    ProtobufCMessage *base;
    TRY(decode_message(&chancery__engagement__descriptor, payload, arena, &base));
    *out = (Chancery__Engagement *)base;
    return E_OK;
}

static bool has_unknown_tag(const ProtobufCMessage *message, uint32_t tag)
{
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        if (message->unknown_fields[i].tag == tag)
            return true;
    return false;
}

/* What a later version wrote into the old statement and this one cannot read goes into the new one. */
static enum err keep_unknown(const ProtobufCMessage *old, ProtobufCMessage *desired, struct arena *arena)
{
    unsigned total = old->n_unknown_fields + desired->n_unknown_fields, n = desired->n_unknown_fields;
    if (old->n_unknown_fields == 0)
        return E_OK;
    ProtobufCMessageUnknownField *fields = arena_alloc(arena, total * sizeof *fields);
    if (fields == NULL)
        return fail(E_TOO_BIG, "a statement with too many unknown fields");
    if (n > 0)
        memcpy(fields, desired->unknown_fields, n * sizeof *fields);
    for (unsigned i = 0; i < old->n_unknown_fields; i++)
        if (!has_unknown_tag(desired, old->unknown_fields[i].tag))
            fields[n++] = old->unknown_fields[i];
    desired->unknown_fields = fields;
    desired->n_unknown_fields = n;
    return E_OK;
}

enum err statement_amend(struct bytes old, struct bytes desired, uint64_t amends, uint32_t change,
                         struct buf *out)
{
    AUTO(arena_free) struct arena *arena = arena_new(2 * (size_t)MAX_DECODE_BYTES);
    Chancery__Engagement *before, *after;
    TRY(decode_engagement(old, arena, &before));
    TRY(decode_engagement(desired, arena, &after));
    after->nonce = before->nonce;
    after->subject = before->subject;
    after->amends = amends;
    after->change = (Chancery__Change)change;
    TRY(keep_unknown(&before->base, &after->base, arena));
    encode_message(&after->base, out);
    return E_OK;
}

/* Packs an engagement as if it amended nothing. */
static enum err pack_plain(struct bytes payload, struct buf *out)
{
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    Chancery__Engagement *engagement;
    TRY(decode_engagement(payload, arena, &engagement));
    engagement->amends = 0;
    engagement->change = CHANCERY__CHANGE__CHANGE_UNSPECIFIED;
    encode_message(&engagement->base, out);
    return E_OK;
}

bool statement_same(uint32_t payload_type, struct bytes a, struct bytes b)
{
    if (bytes_equal(a, b))
        return true;
    AUTO(buf_clear) struct buf plain_a = { 0 }, plain_b = { 0 };
    if (payload_type != TYPE_ENGAGEMENT || pack_plain(a, &plain_a) != E_OK || pack_plain(b, &plain_b) != E_OK)
        return false;
    return bytes_equal(buf_view(&plain_a), buf_view(&plain_b));
}

enum err retraction_write(struct bytes old, uint32_t reason, const char *note, struct buf *out)
{
    struct statement_head head;
    TRY(statement_head(old, &head));
    if (head.has_nonce == head.has_subject)
        return fail(E_NOT_FOUND, "the statement to be retracted names no subject");
    Chancery__Retraction m = CHANCERY__RETRACTION__INIT;
    if (head.has_nonce)
        m.nonce = (ProtobufCBinaryData){ sizeof head.nonce, head.nonce };
    else
        m.subject = (ProtobufCBinaryData){ sizeof head.subject, head.subject };
    m.reason = (Chancery__Retraction__Reason)reason;
    m.note = (char *)(note != NULL ? note : "");
    encode_message(&m.base, out);
    return E_OK;
}

/* ---- a plain view of an engagement */

static struct engagement_party *view_parties(Chancery__Party *const *parties, size_t count,
                                             struct arena *arena)
{
    struct engagement_party *out = arena_alloc(arena, count * sizeof *out);
    for (size_t i = 0; out != NULL && i < count; i++) {
        const Chancery__Party *p = parties[i];
        out[i] = (struct engagement_party){ p->name,  p->country,     p->region,    p->geoid,
                                            p->place, p->region_name, (int)p->role, (int)p->type };
    }
    return out;
}

static uint32_t claimant_bits(const Chancery__Source__Claimant *claimants, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        if ((unsigned)claimants[i] < 32)
            bits |= 1U << (unsigned)claimants[i];
    return bits;
}

static struct engagement_source *view_sources(Chancery__Source *const *sources, size_t count,
                                              struct arena *arena)
{
    struct engagement_source *out = arena_alloc(arena, count * sizeof *out);
    for (size_t i = 0; out != NULL && i < count; i++) {
        const Chancery__Source *s = sources[i];
        out[i] = (struct engagement_source){
            .dataset = s->dataset,
            .key = s->key,
            .label = s->label,
            .as_of = s->as_of,
            .label_year = s->label_year,
            .listed = claimant_bits(s->listed, s->n_listed),
            .not_listed = claimant_bits(s->not_listed, s->n_not_listed),
        };
    }
    return out;
}

static void view_scalars(const Chancery__Engagement *m, struct engagement *out)
{
    *out = (struct engagement){
        .kind = (int)m->kind,
        .status = (int)m->status,
        .instrument = (int)m->instrument,
        .verification = (int)m->verification,
        .standing = (int)m->standing,
        .title = m->title,
        .summary = m->summary,
        .url = m->url,
        .start = m->start,
        .end = m->end,
        .n_partners = m->n_partners,
        .n_us = m->n_us,
        .n_themes = m->n_themes,
        .n_sources = m->n_sources,
        .network = m->membership != NULL ? m->membership->network : "",
        .year = m->disclosure != NULL ? m->disclosure->year : 0,
        .form_given = m->mission != NULL ? m->mission->form_given : "",
        .duplicate_hint = m->duplicate_hint,
    };
}

enum err engagement_read(struct bytes payload, struct arena *arena, struct engagement *out)
{
    Chancery__Engagement *m;
    TRY(decode_engagement(payload, arena, &m));
    view_scalars(m, out);
    out->partners = view_parties(m->partners, m->n_partners, arena);
    out->us = view_parties(m->us, m->n_us, arena);
    out->sources = view_sources(m->sources, m->n_sources, arena);
    int *themes = arena_alloc(arena, m->n_themes * sizeof *themes);
    for (size_t i = 0; themes != NULL && i < m->n_themes; i++)
        themes[i] = (int)m->themes[i];
    out->themes = themes;
    if (out->partners == NULL || out->us == NULL || out->sources == NULL || themes == NULL)
        return fail(E_TOO_BIG, "reading this engagement would take more memory than it may");
    return E_OK;
}
