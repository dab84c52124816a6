/* Payloads as identity, federation and statement readers see them; and two of them amending each other. */
#include <string.h>

#include "base/limits.h"
#include "core/statement.h"
#include "fuzz.h"

static void check_code(enum err err)
{
    MUST(err == E_OK || err == E_MALFORMED || err == E_TOO_BIG || err == E_NOT_FOUND ||
         err == E_NOT_AUTHORISED);
}

static void check_engagement(struct bytes payload)
{
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    struct engagement e;
    enum err err = engagement_read(payload, arena, &e);
    check_code(err);
    size_t seen = 0;
    if (err != E_OK)
        return;
    seen += strlen(e.title) + strlen(e.summary) + strlen(e.url) + strlen(e.network) + strlen(e.form_given) +
            strlen(e.duplicate_hint);
    for (size_t i = 0; i < e.n_partners; i++)
        seen += strlen(e.partners[i].name) + strlen(e.partners[i].country) + strlen(e.partners[i].region);
    for (size_t i = 0; i < e.n_us; i++)
        seen += strlen(e.us[i].geoid) + strlen(e.us[i].place) + strlen(e.us[i].region_name);
    for (size_t i = 0; i < e.n_sources; i++)
        seen += strlen(e.sources[i].dataset) + strlen(e.sources[i].key) + strlen(e.sources[i].label);
    for (size_t i = 0; i < e.n_themes; i++)
        seen += (size_t)(e.themes[i] != 0);
    MUST(seen <= 2 * payload.len + e.n_themes);
}

/* Nonce or subject of the old one, and what was unknown in it, are in the new one. */
static void check_amendment(struct bytes old, struct bytes desired)
{
    AUTO(buf_clear) struct buf out = { 0 }, retraction = { 0 };
    struct statement_head before, after;
    enum err err = statement_amend(old, desired, 7, 3, &out);
    check_code(err);
    check_code(retraction_write(old, 1, NULL, &retraction));
    if (err != E_OK)
        return;
    MUST(statement_head(old, &before) == E_OK && statement_head(buf_view(&out), &after) == E_OK);
    MUST(after.amends == 7 && before.has_nonce == after.has_nonce && before.has_subject == after.has_subject);
    MUST(memcmp(before.nonce, after.nonce, 16) == 0 && memcmp(before.subject, after.subject, 16) == 0);
    MUST(statement_same(TYPE_ENGAGEMENT, buf_view(&out), buf_view(&out)));
}

static void check_identity(uint32_t type, struct bytes payload)
{
    struct record record = { .payload = payload, .has_payload = true };
    record.header = (struct header){ .version = 1, .kind = KIND_IDENTITY, .payload_type = type };
    record.header.seq = type == TYPE_INCEPTION ? 0 : 1;
    record.header.author = type == TYPE_INCEPTION ? author_of(payload) : (struct hash){ { 1 } };
    struct feed feed, before;
    feed_init(&feed, &record.header.author);
    before = feed;
    enum err structure = identity_check(&record), err = identity_apply(&feed, &record);
    MUST(structure == E_OK || structure == E_MALFORMED);
    MUST(err == E_OK || err == E_NOT_AUTHORISED || err == structure);
    MUST(err == E_OK || memcmp(&feed, &before, sizeof feed) == 0);
}

static void check_inception(struct bytes payload)
{
    AUTO(buf_clear) struct buf out = { 0 };
    struct inception first, again;
    enum err err = inception_read(payload, &first);
    MUST(err == E_OK || err == E_MALFORMED);
    if (err != E_OK)
        return;
    inception_write(&first, &out);
    MUST(inception_read(buf_view(&out), &again) == E_OK);
    /* What is of a charter without an origin is not written. */
    MUST(first.origin[0] == 0 || memcmp(&first, &again, sizeof first) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || id_init() != E_OK)
        return 0;
    struct bytes payload = bytes_of(data + 1, size - 1);
    struct statement_head head;
    struct hash author = { { 0 } };
    struct admission admission;
    struct suspension suspension;
    uint8_t id[16];
    uint64_t time_ms;
    check_code(statement_head(payload, &head));
    check_code(statement_subject(&author, payload, id));
    check_code(admission_read(payload, &admission));
    check_code(suspension_read(payload, &suspension));
    check_code(tick_read(payload, &time_ms));
    check_engagement(payload);
    check_inception(payload);
    check_identity(100U + data[0] % 8U, payload);

    size_t half = payload.len * data[0] / 256;
    check_amendment(bytes_of(payload.data, half), bytes_of(payload.data + half, payload.len - half));
    return 0;
}
