#include "daemon/outgoing.h"

#include <string.h>

#include "core/run.h"

/* Where the header keeps what is asked here (record.h); the hashes of these records need no checking again.
 */
#define FLAGS_AT 2
#define PAYLOAD_LEN_AT 120

static bool may_leave(const uint8_t *entry, bool to_hub)
{
    unsigned visibility = get_u16(entry + FLAGS_AT) & 3U;
    return visibility == VISIBLE_PUBLIC || (visibility == VISIBLE_FEDERAL && to_hub);
}

enum err outgoing_withhold(struct buf *packed, bool to_hub)
{
    size_t read = 0, written = 0;
    while (read < packed->len) {
        const uint8_t *entry = packed->data + read;
        size_t left = packed->len - read;
        if (left < ENTRY_BYTES + 1)
            return fail(E_CORRUPT, "packed records end within an entry");
        size_t beside = entry[ENTRY_BYTES] != 0 ? SALT_BYTES + (size_t)get_u32(entry + PAYLOAD_LEN_AT) : 0;
        if (left - ENTRY_BYTES - 1 < beside)
            return fail(E_CORRUPT, "packed records end within a payload");

        bool goes = may_leave(entry, to_hub);
        size_t keep = ENTRY_BYTES + 1 + (goes ? beside : 0);
        if (written != read)
            memmove(packed->data + written, entry, keep);
        if (!goes)
            packed->data[written + ENTRY_BYTES] = 0;
        read += ENTRY_BYTES + 1 + beside;
        written += keep;
    }
    packed->len = written;
    return E_OK;
}

/* One record is its own run: there is no better place to cut, and no signature to look at. */
static enum err pack_one(struct store_view *view, const struct hash *author, uint64_t from, struct buf *out,
                         size_t *count)
{
    uint64_t position;
    struct bytes entry, salted;
    *count = 0;
    enum err err = store_locate(view, author, from, &position);
    if (err != E_OK)
        return err == E_NOT_FOUND ? E_OK : err;
    TRY(store_at(view, position, &entry, &salted));
    run_append_parts(out, entry.data, salted);
    *count = 1;
    return E_OK;
}

enum err outgoing_pack(struct store_view *view, const struct hash *author, uint64_t from, size_t max_bytes,
                       size_t max_count, bool to_hub, struct buf *out, size_t *count, uint64_t *held)
{
    if (max_count == 1)
        TRY(pack_one(view, author, from, out, count));
    else
        TRY(store_pack(view, author, from, max_bytes, max_count, out, count));
    *held = out->len - *count;
    return outgoing_withhold(out, to_hub);
}
