/* The type of a payload, then the payload; and the same bytes as JSON. What is shown and said again must be
 * shown the same way. */
#include "app/payload.h"
#include "base/limits.h"
#include "core/statement.h"
#include "fuzz.h"

/* As the header of a record would have it. */
static const uint32_t types[] = { 1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  100, 101,
                                  102, 103, 104, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 300 };

/* An id of 13 bytes is shown as 26 hex digits, and those are an id of 16 in base32 too. */
static bool has_short_id(const json_t *json)
{
    const char *member;
    json_t *value;
    size_t i;
    if (json_string_length(json) == 26)
        return true;
    json_array_foreach(json, i, value) if (has_short_id(value)) return true;
    json_object_foreach((json_t *)json, member, value) if (has_short_id(value)) return true;
    return false;
}

static void check_shown(uint32_t type, struct bytes payload)
{
    AUTO(buf_clear) struct buf again = { 0 };
    json_t *shown, *twice;
    enum err err = payload_to_json(type, payload, &shown);
    MUST(err == E_OK || err == E_MALFORMED || err == E_TOO_BIG);
    MUST((err == E_OK) == (shown != NULL));
    if (err != E_OK)
        return;
    /* Odd dates, short ids and strange codes are shown and not taken. */
    if (payload_from_json(type, shown, &again) == E_OK) {
        MUST(payload_to_json(type, buf_view(&again), &twice) == E_OK);
        MUST(json_equal(shown, twice) || has_short_id(shown));
        json_decref(twice);
    }
    json_decref(shown);
}

static void check_said(uint32_t type, struct bytes text)
{
    AUTO(buf_clear) struct buf payload = { 0 }, again = { 0 };
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, NULL), *shown;
    if (json == NULL)
        return;
    enum err err = payload_from_json(type, json, &payload);
    MUST(err == E_OK || err == E_USAGE || err == E_TOO_BIG);
    if (err == E_OK) {
        MUST(payload.len <= MAX_PAYLOAD_BYTES);
        err = payload_to_json(type, buf_view(&payload), &shown);
        MUST(err == E_OK || err == E_TOO_BIG);
        if (err == E_OK) {
            MUST(payload_from_json(type, shown, &again) == E_OK);
            MUST(bytes_equal(buf_view(&payload), buf_view(&again)));
        }
        json_decref(shown);
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint32_t type = types[data[0] % (sizeof types / sizeof *types)];
    struct bytes rest = bytes_of(data + 1, size - 1);
    if (rest.len > 0 && rest.data[0] == '{')
        check_said(type, rest);
    else
        check_shown(type, rest);
    return 0;
}
