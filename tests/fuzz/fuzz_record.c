/* An entry, and behind it salt and payload as a peer would send them. */
#include "core/record.h"
#include "fuzz.h"

static void check_header(const uint8_t *data, const struct header *header)
{
    uint8_t again[HEADER_BYTES];
    header_write(header, again);
    MUST(memcmp(again, data, HEADER_BYTES) == 0);
    MUST(header->payload_len <= 262144);
    MUST(hash_is_zero(&header->prev) == (header->seq == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct key key = { { 0xd7, 0x5a, 0x98 } };
    struct record record;
    struct header header;
    enum err short_err = header_parse(bytes_of(data, size < HEADER_BYTES ? size : HEADER_BYTES), &header);
    size_t len = size < ENTRY_BYTES ? size : ENTRY_BYTES;
    enum err err = record_parse(bytes_of(data, len), &record);

    MUST(err == E_OK || err == E_MALFORMED);
    MUST(size < HEADER_BYTES || size < ENTRY_BYTES || short_err == err);
    if (err != E_OK)
        return 0;
    check_header(data, &record.header);
    MUST(!record_verify(&record, &key) || size > 0);
    bool opened = record_open(&record, bytes_of(data + ENTRY_BYTES, size - ENTRY_BYTES));
    MUST(opened == record.has_payload);
    MUST(!opened || record.payload.len == size - ENTRY_BYTES - SALT_BYTES);
    return 0;
}
