/* A packed run. Taking it apart record by record and all at once must agree, and packing gives the bytes
 * back. */
#include "base/limits.h"
#include "core/run.h"
#include "fuzz.h"

static void check_record(const struct record *record, struct bytes packed)
{
    AUTO(buf_clear) struct buf again = { 0 };
    run_append(&again, record);
    MUST(again.len == run_record_bytes(record));
    /* A payload that does not match is dropped, so those bytes do not come back. */
    if (record->has_payload || packed.len == ENTRY_BYTES + 1)
        MUST(bytes_equal(buf_view(&again), packed));
    else
        MUST(packed.len == ENTRY_BYTES + 1 + SALT_BYTES + (size_t)record->header.payload_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record records[MAX_RUN_RECORDS];
    struct bytes rest = bytes_of(data, size), whole = rest;
    struct record record;
    size_t singly = 0, together = 0;
    enum err err = E_OK;
    while (singly < MAX_RUN_RECORDS) {
        struct bytes before = rest;
        err = run_next(&rest, &record);
        if (err != E_OK)
            break;
        MUST(rest.len < before.len && rest.data == before.data + (before.len - rest.len));
        check_record(&record, bytes_of(before.data, before.len - rest.len));
        singly++;
    }
    MUST(err == E_OK || err == E_MALFORMED || (err == E_NOT_FOUND && rest.len == 0));

    enum err all = run_parse(&whole, records, MAX_RUN_RECORDS, &together);
    MUST(together == singly && whole.len == rest.len);
    MUST(all == (err == E_NOT_FOUND ? E_OK : err));
    return 0;
}
