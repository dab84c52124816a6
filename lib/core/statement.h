/* statement: what payloads say. The one module that knows proto/statement.proto; everything else sees the
 * plain structs below, or a descriptor to walk.
 *
 * Reading never refuses a statement that decodes: unknown enum values stay numbers. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/limits.h"
#include "core/decode.h"
#include "core/feed.h"

enum payload_type {
    TYPE_ENGAGEMENT = 1,
    TYPE_RETRACTION = 2,
    TYPE_INCEPTION = 100,
    TYPE_ROTATION = 101,
    TYPE_RECOVERY = 102,
    TYPE_RETIREMENT = 103,
    TYPE_KEYS = 104,
    TYPE_ADMISSION = 200,
    TYPE_SUSPENSION = 201,
    TYPE_DELEGATION = 202,
    TYPE_RECOGNITION = 203,
    TYPE_TICK = 206,
    TYPE_FORK = 207,
};

/* NULL for a type that we do not know. */
const ProtobufCMessageDescriptor *statement_type(uint32_t payload_type);
/* "engagement", "retraction", ... or NULL; and back (0 when unknown). */
const char *statement_type_name(uint32_t payload_type);
uint32_t statement_type_number(const char *name);

/* The field's word for an enum value: KIND_SISTER_RELATION -> "sister_relation"; Theme and network codes use
 * dashes: THEME_CLIMATE_ENVIRONMENT -> "climate-environment". Writes the number in decimal when the value is
 * unknown. */
void statement_word(const ProtobufCEnumDescriptor *type, int value, char *out, size_t size);
/* And back; takes the word with dashes or underscores, or a number. False when there is none. */
bool statement_value(const ProtobufCEnumDescriptor *type, const char *word, int *value);
/* The enum named "Kind", "Theme", "Status", "Role", "PartyType", "Instrument", "Verification"; NULL
 * otherwise. */
const ProtobufCEnumDescriptor *statement_enum(const char *name);

/* ---- identity events (kind 2). The rules of doc/PROTOCOL.md, "Identity". */

struct inception {
    char name[MAX_NAME_BYTES + 1];
    uint32_t level; /* PartyType */
    char geoid[16];
    char ocd_id[160];
    char title[MAX_TITLE_BYTES + 1];
    struct key record_key;
    struct hash next_commit;
    struct recovery recovery;
    struct key transport_key, witness_key, mirror_key, seal_key;
    uint8_t nonce[16];
    /* a hub's charter; origin "" when there is none */
    char origin[128];
    struct key log_key;
    uint32_t window_days;
};

/* E_MALFORMED with what is wrong with its keys. Texts longer than their room above are cut at a character: no
 * name is a reason to refuse an identity, and the payload has them whole. */
enum err inception_read(struct bytes payload, struct inception *out);
void inception_write(const struct inception *inception, struct buf *out);

/* What a kind-2 record says, without looking at the feed: its payload decodes, is canonical (101 to 104),
 * names good keys; at seq 0 its author is its hash. Types 105 to 199 are carried unread. E_MALFORMED. */
enum err identity_check(const struct record *record);

/* Applies a kind-2 record (inceptions too) to feed (keys, epoch); its header is checked by feed_take, this
 * checks what the payload says and who authorised it. E_MALFORMED, E_NOT_AUTHORISED. feed is unchanged on
 * failure. */
enum err identity_apply(struct feed *feed, const struct record *record);

/* ---- federation events (kind 4) that this version writes and reads */

struct admission {
    struct hash jurisdiction;
    char name[MAX_NAME_BYTES + 1];
    uint32_t level;
    char geoid[16];
    struct hash invite; /* SHA-256 of the invite's public key; zero = none */
    char basis[32];
};
void admission_write(const struct admission *admission, struct buf *out);
enum err admission_read(struct bytes payload, struct admission *out);

struct suspension {
    struct hash jurisdiction;
    uint32_t reason;
    bool lifted;
    uint64_t until_ms;
};
void suspension_write(const struct suspension *suspension, struct buf *out);
enum err suspension_read(struct bytes payload, struct suspension *out);

void tick_write(uint64_t time_ms, struct buf *out);
enum err tick_read(struct bytes payload, uint64_t *time_ms);

/* ---- statements (kind 1) */

/* What any statement has (message Head). */
struct statement_head {
    bool has_nonce, has_subject;
    uint8_t nonce[16];
    uint8_t subject[16];
    uint64_t amends;
};
enum err statement_head(struct bytes payload, struct statement_head *out);
/* The engagement it is about: from the author's nonce, or the subject. E_NOT_FOUND when neither is there. */
enum err statement_subject(const struct hash *author, struct bytes payload, uint8_t id[static 16]);

/* The next statement of the same subject by the same author: desired as given, with nonce or subject of the
 * old one, amends and change (a number of enum Change) set, and fields unknown to us that the old one carried
 * kept. Both types are 1. E_MALFORMED. */
enum err statement_amend(struct bytes old, struct bytes desired, uint64_t amends, uint32_t change,
                         struct buf *out);
/* True when both say the same but for amends and change. */
bool statement_same(uint32_t payload_type, struct bytes a, struct bytes b);
/* A Retraction of the subject that `old` speaks about. reason: a number of Retraction.Reason. */
enum err retraction_write(struct bytes old, uint32_t reason, const char *note, struct buf *out);

/* A view onto a decoded Engagement. All strings are NUL-terminated, never NULL, and live in the arena. */
struct engagement_party {
    const char *name, *country, *region, *geoid, *place, *region_name;
    int role, type;
};
struct engagement_source {
    const char *dataset, *key, *label;
    uint32_t as_of;
    uint32_t label_year;
    uint32_t listed; /* bit n set: claimant n lists it */
    uint32_t not_listed;
};
struct engagement {
    int kind, status, instrument, verification, standing;
    const char *title, *summary, *url;
    uint32_t start, end;
    size_t n_partners, n_us, n_themes, n_sources;
    struct engagement_party *partners, *us;
    const int *themes;
    struct engagement_source *sources;
    const char *network;    /* membership.network, "" */
    uint32_t year;          /* of a disclosure, 0 */
    const char *form_given; /* of a foreign mission, "" */
    const char *duplicate_hint;
};
enum err engagement_read(struct bytes payload, struct arena *arena, struct engagement *out);
