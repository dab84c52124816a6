/* An invite as text, and the same bytes as the inside of one: no mutation finds a checksum by itself. */
#include "base/text.h"
#include "core/token.h"
#include "fuzz.h"

static void check_text(struct buf *text)
{
    AUTO(buf_clear) struct buf again = { 0 };
    struct token token;
    enum err err = token_decode(buf_string(text), &token);
    MUST(err == E_OK || err == E_MALFORMED || err == E_VERSION);
    if (err != E_OK)
        return;
    MUST(token.name[0] == 0 || text_is_name(token.name));
    token_encode(&token, &again);
    MUST(strcmp(buf_string(&again), buf_string(text)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_clear) struct buf plain = { 0 };
    buf_append(&plain, data, size);
    check_text(&plain);

    AUTO(buf_clear) struct buf raw = { 0 };
    AUTO(buf_clear) struct buf sealed = { 0 };
    struct hash sum = hash_bytes(bytes_of(data, size));
    buf_append(&raw, data, size);
    buf_append(&raw, sum.b, 4);
    buf_text(&sealed, "chancery1-");
    base64url_append(&sealed, buf_view(&raw));
    check_text(&sealed);
    return 0;
}
