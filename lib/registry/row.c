#include "registry/row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/answers.h"
#include "base/text.h"
#include "core/statement.h"

#define PIN_DIGITS_MIN 8
#define ROW_BUDGET (4U * MAX_PAYLOAD_BYTES) /* of decoding one payload for its title */

enum err row_at(struct store_view *view, uint64_t position, struct row *out)
{
    struct bytes entry, salted;
    TRY(store_at(view, position, &entry, &salted));
    out->position = position;
    if (record_parse(entry, &out->record) != E_OK)
        return fail(E_CORRUPT, "the entry at position %" PRIu64 " cannot be read", position);
    record_open(&out->record, salted);
    return E_OK;
}

enum err row_find(struct store_view *view, const struct hash *author, uint64_t seq, struct row *out)
{
    uint64_t position;
    enum err err = store_locate(view, author, seq, &position);
    if (err == E_NOT_FOUND)
        return fail(E_NOT_FOUND, "no record %" PRIu64 " in this feed here", seq);
    TRY(err);
    return row_at(view, position, out);
}

/* ---- references */

/* Cuts ref, a copy of its own, into its parts. */
static enum err split_ref(char *ref, const char **author, uint64_t *seq, const char **pin)
{
    *pin = "";
    *author = "";
    char *number = ref;
    char *at = strchr(ref, '@');
    if (at != NULL) {
        *at = 0;
        *pin = at + 1;
    }
    char *slash = strchr(ref, '/');
    if (slash != NULL) {
        *slash = 0;
        *author = ref;
        number = slash + 1;
    }
    if (parse_u64(number, seq) != E_OK || (slash != NULL && slash == ref) ||
        (at != NULL && strlen(*pin) < PIN_DIGITS_MIN))
        return fail(E_USAGE, "a record is named like us-oh-dayton/42, us-oh-dayton/42@7f475950 or 42");
    return E_OK;
}

static enum err check_pin(const struct record *record, const char *pin)
{
    char id[2 * HASH_BYTES + 1];
    hex_encode(record->id.b, HASH_BYTES, id);
    if (strncasecmp(id, pin, strlen(pin)) != 0)
        return fail(E_UNMET, "record %" PRIu64 " has the id %.8s, not %.8s", record->header.seq, id, pin);
    return E_OK;
}

enum err row_resolve(const struct registry *registry, struct store_view *view, const char *ref,
                     struct row *out)
{
    AUTO(free_ptr) char *copy = mem_text(ref);
    const char *word, *pin;
    uint64_t seq;
    struct hash author;
    TRY(split_ref(copy, &word, &seq, &pin));
    TRY(registry_author(registry, view, word, &author));
    TRY(row_find(view, &author, seq, out));
    return check_pin(&out->record, pin);
}

void row_ref(const char *name, uint64_t seq, const struct hash *id, char out[static ROW_REF_BYTES])
{
    char hex[9];
    hex_encode(id->b, 4, hex);
    snprintf(out, ROW_REF_BYTES, "%s/%" PRIu64 "@%s", name, seq, hex);
}

/* ---- JSON */

static json_t *type_word(uint32_t type)
{
    const char *word = statement_type_name(type);
    return word != NULL ? json_string(word) : json_sprintf("%u", type);
}

static const char *visibility_word(enum visibility visibility)
{
    return visibility == VISIBLE_PUBLIC ? "public" : visibility == VISIBLE_FEDERAL ? "federal" : "local";
}

static void describe_event(const struct record *record, json_t *out)
{
    struct inception inception;
    struct admission admission;
    uint32_t type = record->header.payload_type;
    if (type == TYPE_INCEPTION && inception_read(record->payload, &inception) == E_OK)
        json_object_set_new(out, "title", json_string(inception.title));
    if (type == TYPE_ADMISSION && admission_read(record->payload, &admission) == E_OK)
        json_object_set_new(out, "title", json_string(admission.name));
}

/* Kind, title and engagement, where the payload is here and tells. */
static void describe(const struct record *record, json_t *out)
{
    if (record->header.kind != KIND_STATEMENT) {
        describe_event(record, out);
        return;
    }
    uint8_t subject[16];
    if (!record->has_payload)
        return;
    if (statement_subject(&record->header.author, record->payload, subject) == E_OK)
        json_object_set_new(out, "engagement", json_id16(subject));
    if (record->header.payload_type != TYPE_ENGAGEMENT)
        return;

    AUTO(arena_free) struct arena *arena = arena_new(ROW_BUDGET);
    struct engagement engagement;
    if (engagement_read(record->payload, arena, &engagement) != E_OK)
        return;
    char kind[64];
    statement_word(statement_enum("Kind"), engagement.kind, kind, sizeof kind);
    json_object_set_new(out, "kind", json_string(kind));
    json_object_set_new(out, "title", json_string(engagement.title));
}

json_t *row_json(const struct registry *registry, struct store_view *view, const struct row *row)
{
    const struct record *record = &row->record;
    const struct header *header = &record->header;
    char name[MAX_NAME_BYTES + 1], ref[ROW_REF_BYTES];
    registry_name(registry, view, &header->author, name);
    row_ref(name, header->seq, &record->id, ref);

    json_t *out = json_object();
    json_object_set_new(out, "ref", json_string(ref));
    json_object_set_new(out, "author", json_hex(header->author.b, HASH_BYTES));
    json_object_set_new(out, "name", json_string(name));
    json_object_set_new(out, "seq", json_count(header->seq));
    json_object_set_new(out, "id", json_hex(record->id.b, HASH_BYTES));
    json_object_set_new(out, "type", type_word(header->payload_type));
    json_object_set_new(out, "kind", json_string(""));
    json_object_set_new(out, "title", json_string(""));
    json_object_set_new(out, "time", json_time(header->time_ms));
    json_object_set_new(out, "visibility", json_string(visibility_word(record_visibility(record))));
    json_object_set_new(out, "position", json_count(row->position));
    json_object_set_new(out, "bytes", json_count(header->payload_len));
    json_object_set_new(out, "engagement", json_string(""));
    describe(record, out);
    if (registry->host->complete != NULL)
        registry->host->complete(registry->context, record, out);
    return out;
}

json_t *row_export_json(const struct registry *registry, struct store_view *view,
                        const uint8_t engagement[static 16], const struct row *row)
{
    const struct record *record = &row->record;
    const struct header *header = &record->header;
    char name[MAX_NAME_BYTES + 1], ref[ROW_REF_BYTES];
    registry_name(registry, view, &header->author, name);
    row_ref(name, header->seq, &record->id, ref);
    return json_pack("{s:o,s:s,s:o,s:o,s:s,s:s,s:o,s:s}", "engagement", json_id16(engagement), "ref", ref,
                     "id", json_hex(record->id.b, HASH_BYTES), "author",
                     json_hex(header->author.b, HASH_BYTES), "name", name, "state", "current", "time",
                     json_time(header->time_ms), "visibility", visibility_word(record_visibility(record)));
}
