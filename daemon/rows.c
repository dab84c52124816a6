#include "daemon/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "daemon/accept.h"

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

/* ---- names and references */

static bool is_own(const struct node *node, const struct hash *author)
{
    return hash_equal(author, &node->home.author);
}

void row_author_name(struct node *node, struct store_view *view, const struct hash *author,
                     char out[static MAX_NAME_BYTES + 1])
{
    struct row first;
    struct inception inception;
    if (is_own(node, author))
        snprintf(out, MAX_NAME_BYTES + 1, "%s", node->home.inception.name);
    else if (row_find(view, author, 0, &first) == E_OK &&
             inception_read(first.record.payload, &inception) == E_OK)
        snprintf(out, MAX_NAME_BYTES + 1, "%s", inception.name);
    else
        hex_encode(author->b, HASH_BYTES, out);
}

enum err row_author(struct node *node, struct store_view *view, const char *word, struct hash *author)
{
    if (word[0] == 0 || strcmp(word, node->home.inception.name) == 0) {
        *author = node->home.author;
        return E_OK;
    }
    if (strlen(word) == 2 * HASH_BYTES && hex_decode(word, author->b, HASH_BYTES) == E_OK)
        return E_OK;
    if (text_is_name(word) && accept_name(view, word, author))
        return E_OK;
    return fail(E_NOT_FOUND, "nobody is called \"%s\" here", word);
}

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

enum err row_resolve(struct node *node, struct store_view *view, const char *ref, struct row *out)
{
    AUTO(free_ptr) char *copy = mem_text(ref);
    const char *word, *pin;
    uint64_t seq;
    struct hash author;
    TRY(split_ref(copy, &word, &seq, &pin));
    TRY(row_author(node, view, word, &author));
    TRY(row_find(view, &author, seq, out));
    return check_pin(&out->record, pin);
}

void row_ref(const char *name, uint64_t seq, const struct hash *id, char out[static 128])
{
    char hex[9];
    hex_encode(id->b, 4, hex);
    snprintf(out, 128, "%s/%" PRIu64 "@%s", name, seq, hex);
}

/* ---- JSON */

json_t *json_hex(const void *data, size_t len)
{
    AUTO(buf_clear) struct buf hex = { 0 };
    hex_append(&hex, bytes_of(data, len));
    return json_string(buf_string(&hex));
}

json_t *json_time(uint64_t time_ms)
{
    char text[25];
    if (time_ms == 0)
        return json_null();
    time_format(time_ms, text);
    return json_string(text);
}

json_t *json_id16(const uint8_t id[static 16])
{
    char text[ID16_TEXT_LEN + 1];
    id16_encode(id, text);
    return json_string(text);
}

static json_t *type_word(uint32_t type)
{
    const char *word = statement_type_name(type);
    return word != NULL ? json_string(word) : json_sprintf("%u", type);
}

static const char *visibility_word(enum visibility visibility)
{
    return visibility == VISIBLE_PUBLIC ? "public" : visibility == VISIBLE_FEDERAL ? "federal" : "local";
}

/* Kind, title and engagement, where the payload is here and tells. */
static void describe(const struct record *record, json_t *out)
{
    if (record->header.kind == KIND_IDENTITY && record->header.payload_type == TYPE_INCEPTION) {
        struct inception inception;
        if (inception_read(record->payload, &inception) == E_OK)
            json_object_set_new(out, "title", json_string(inception.title));
    }
    if (record->header.kind != KIND_STATEMENT || !record->has_payload)
        return;
    uint8_t subject[16];
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

json_t *row_json(struct node *node, struct store_view *view, const struct row *row)
{
    const struct record *record = &row->record;
    const struct header *header = &record->header;
    char name[MAX_NAME_BYTES + 1], ref[128];
    row_author_name(node, view, &header->author, name);
    row_ref(name, header->seq, &record->id, ref);

    json_t *out = json_object();
    json_object_set_new(out, "ref", json_string(ref));
    json_object_set_new(out, "author", json_hex(header->author.b, HASH_BYTES));
    json_object_set_new(out, "name", json_string(name));
    json_object_set_new(out, "seq", json_integer((json_int_t)header->seq));
    json_object_set_new(out, "id", json_hex(record->id.b, HASH_BYTES));
    json_object_set_new(out, "type", type_word(header->payload_type));
    json_object_set_new(out, "kind", json_string(""));
    json_object_set_new(out, "title", json_string(""));
    json_object_set_new(out, "time", json_time(header->time_ms));
    json_object_set_new(out, "visibility", json_string(visibility_word(record_visibility(record))));
    json_object_set_new(out, "position", json_integer((json_int_t)row->position));
    json_object_set_new(out, "bytes", json_integer((json_int_t)header->payload_len));
    json_object_set_new(out, "engagement", json_string(""));
    describe(record, out);
    if (!is_own(node, &header->author))
        return out;
    pthread_mutex_lock(&node->lock);
    bool acknowledged = header->seq < outbox_acknowledged(&node->outbox);
    pthread_mutex_unlock(&node->lock);
    json_object_set_new(out, "acknowledged", json_boolean(acknowledged));
    return out;
}
