/* A frame. First byte 0: the rest as it came. Otherwise a type and a body, under a header that is right for
 * them: no fuzzer guesses a checksum. What is decoded and written again must say the same. */
#include "fuzz.h"
#include "net/wire.h"

static void check_again(const struct wire_message *first)
{
    AUTO(buf_clear) struct buf once = { 0 }, twice = { 0 };
    AUTO(wire_clear) struct wire_message second = { 0 };
    wire_encode(&first->message, first->message_id, &once);
    if (once.len > MAX_MESSAGE_BYTES)
        return;
    MUST(wire_decode(buf_view(&once), &second) == E_OK);
    MUST(second.message.type == first->message.type && second.message.session == first->message.session);
    wire_encode(&second.message, second.message_id, &twice);
    MUST(bytes_equal(buf_view(&once), buf_view(&twice)));
}

static void check(struct bytes frame)
{
    AUTO(wire_clear) struct wire_message message = { 0 };
    enum err err = wire_decode(frame, &message);
    MUST(err == E_OK || err == E_MALFORMED || err == E_TOO_BIG || err == E_VERSION || err == E_NOT_FOUND);
    if (err != E_OK)
        return;
    MUST(message.message.type != SYNC_FRONTIER || message.message.frontier.count <= MAX_FRONTIER_FEEDS);
    check_again(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] == 0) {
        check(bytes_of(data + 1, size - 1));
        return 0;
    }
    AUTO(buf_clear) struct buf frame = { 0 };
    buf_text(&frame, "CH");
    buf_u8(&frame, SYNC_MAJOR);
    buf_u8(&frame, data[1]);
    buf_u64(&frame, 0x0000000500000007);
    buf_u32(&frame, 0);
    buf_u32(&frame, (uint32_t)(size - 2));
    buf_u32(&frame, crc32c(buf_view(&frame)));
    buf_append(&frame, data + 2, size - 2);
    check(buf_view(&frame));
    return 0;
}
