#include "core/run.h"

#include "base/limits.h"

void run_append(struct buf *out, const struct record *record)
{
    /* Salt and payload may come from two places: each is copied from its own. */
    buf_append(out, record->entry, ENTRY_BYTES);
    buf_u8(out, record->has_payload);
    if (!record->has_payload)
        return;
    buf_append(out, record->salt, SALT_BYTES);
    buf_bytes(out, record->payload);
}

void run_append_parts(struct buf *out, const uint8_t entry[static ENTRY_BYTES], struct bytes salted_payload)
{
    buf_append(out, entry, ENTRY_BYTES);
    buf_u8(out, salted_payload.len > 0);
    buf_bytes(out, salted_payload);
}

size_t run_record_bytes(const struct record *record)
{
    size_t beside = record->has_payload ? SALT_BYTES + record->payload.len : 0;
    return ENTRY_BYTES + 1 + beside;
}

enum err run_next(struct bytes *rest, struct record *out)
{
    if (rest->len == 0)
        return fail(E_NOT_FOUND, "the run ends here");
    struct reader in = reader_of(*rest);
    struct bytes entry = read_bytes(&in, ENTRY_BYTES);
    uint8_t present = read_u8(&in);
    if (in.bad || present > 1)
        return fail(E_MALFORMED, in.bad ? "a record cut short" : "neither with a payload nor without");

    TRY(record_parse(entry, out));
    if (present == 1) {
        struct bytes salted = read_bytes(&in, (size_t)SALT_BYTES + out->header.payload_len);
        if (in.bad)
            return fail(E_MALFORMED, "a payload cut short");
        record_open(out, salted);
    }
    *rest = bytes_of(in.at, in.left);
    return E_OK;
}

enum err run_parse(struct bytes *rest, struct record *out, size_t max, size_t *count)
{
    if (max > MAX_RUN_RECORDS)
        max = MAX_RUN_RECORDS;
    *count = 0;
    while (*count < max && rest->len > 0) {
        TRY(run_next(rest, &out[*count]));
        ++*count;
    }
    return E_OK;
}
