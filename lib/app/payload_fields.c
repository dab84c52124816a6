#include "app/payload_fields.h"

#include <stdio.h>
#include <string.h>

/* Message.field. Those that are not here and look as if they might be: Visit.size, Source.label_year,
 * Outcome.value. */
static const char *const dates[] = {
    "Money.as_of",
    "Source.as_of",
    "Source.until",
    "Source.retrieved",
    "Document.date",
    "Party.since",
    "Party.until",
    "Milestone.date",
    "Outcome.date",
    "Agreement.signed",
    "Agreement.effective",
    "Agreement.expires",
    "Membership.joined",
    "Membership.left",
    "Declaration.signed",
    "Grant.report_due",
    "Engagement.start",
    "Engagement.end",
    "Engagement.planned_start",
    "Engagement.planned_end",
    "Attestation.as_of",
    "Notice.opens",
    "Notice.closes",
    "Decision.start",
    "Decision.end",
    "Decision.report_due",
    "Capacity.as_of",
    "Partner.start",
    "Partner.end",
    "Profile.administration_since",
    "Dataset.as_of",
    "Review.as_of",
    "RetirementBody.effective",
    "Delegation.start",
    "Delegation.end",
};

/* By name alone: a name means the same in every message. `body`, `proof`, `note` and checkpoints are of any
 * length. */
static const struct {
    const char *name;
    size_t bytes;
} lengths[] = {
    { "nonce", 16 },
    { "subject", 16 },
    { "other", 16 },
    { "replaced_by", 16 },
    { "call", 16 },
    { "application", 16 },
    { "on", 16 },
    { "notice", 16 },
    { "engagement", 16 },
    { "about", 16 },
    { "engagements", 16 },
    { "author", 32 },
    { "id", 32 },
    { "sha256", 32 },
    { "jurisdiction", 32 },
    { "to", 32 },
    { "digest", 32 },
    { "keys", 32 },
    { "log_key", 32 },
    { "members", 32 },
    { "redaction_authorities", 32 },
    { "archive_key", 32 },
    { "record_key", 32 },
    { "next", 32 },
    { "transport_key", 32 },
    { "witness_key", 32 },
    { "mirror_key", 32 },
    { "seal_key", 32 },
    { "rotation_key", 32 },
    { "successors", 32 },
    { "signature", 64 },
    { "invite", 32 },
    { "kept", 32 },
    { "hub", 32 },
    { "root", 32 },
    { "old_log_key", 32 },
    { "new_log_key", 32 },
    { "new_hub", 32 },
    { "order_sha256", 32 },
    { "sealed_sha256", 32 },
};

size_t field_value_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

bool field_is_date(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_UINT32)
        return false;
    char name[128];
    snprintf(name, sizeof name, "%s.%s", type->short_name, field->name);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (strcmp(dates[i], name) == 0)
            return true;
    return false;
}

size_t field_length(const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; field->type == PROTOBUF_C_TYPE_BYTES && i < sizeof lengths / sizeof *lengths; i++)
        if (strcmp(lengths[i].name, field->name) == 0)
            return lengths[i].bytes;
    return 0;
}

static bool is_capitals(const char *text, size_t count)
{
    return strlen(text) == count && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == count;
}

static bool is_geoid(const char *text)
{
    size_t len = strlen(text);
    return strspn(text, "0123456789") == len && (len == 2 || len == 5 || len == 7 || len == 10);
}

bool field_accepts(const ProtobufCFieldDescriptor *field, const char *text, const char **expected)
{
    if (text[0] == 0)
        return true; /* not stated */
    if (strcmp(field->name, "country") == 0 || strcmp(field->name, "countries") == 0) {
        *expected = "two capital letters, such as JP";
        return is_capitals(text, 2);
    }
    if (strcmp(field->name, "currency") == 0) {
        *expected = "three capital letters, such as USD";
        return is_capitals(text, 3);
    }
    if (strcmp(field->name, "geoid") == 0 || strcmp(field->name, "alt_geoid") == 0 ||
        strcmp(field->name, "county_geoid") == 0) {
        *expected = "2, 5, 7 or 10 digits";
        return is_geoid(text);
    }
    return true;
}
