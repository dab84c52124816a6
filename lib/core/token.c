#include "core/token.h"

#include "base/text.h"

#define PREFIX "chancery1-"
#define VERSION 1
#define SUM_BYTES 4
#define MAX_TOKEN_BYTES 1024

static void add_short(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    buf_u8(out, (uint8_t)len);
    buf_append(out, text, len);
}

void token_encode(const struct token *token, struct buf *out)
{
    AUTO(buf_clear) struct buf raw = { 0 };
    buf_u8(&raw, VERSION);
    add_short(&raw, token->name);
    add_short(&raw, token->endpoint);
    buf_append(&raw, token->hub_key.b, KEY_BYTES);
    buf_append(&raw, token->hub_author.b, HASH_BYTES);
    buf_append(&raw, token->invite_secret, sizeof token->invite_secret);
    buf_u64(&raw, token->expires_ms);
    struct hash sum = hash_bytes(buf_view(&raw));
    buf_append(&raw, sum.b, SUM_BYTES);

    buf_text(out, PREFIX);
    base64url_append(out, buf_view(&raw));
}

/* False when it is longer than size - 1. The characters are checked by whoever knows what they spell. */
static bool read_short(struct reader *in, char *out, size_t size)
{
    size_t len = read_u8(in);
    struct bytes text = read_bytes(in, len);
    if (len >= size)
        return false;
    memset(out, 0, size);
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    return memchr(out, 0, len) == NULL || in->bad;
}

/* Printable ASCII without spaces: it is shown, and given to a dialer. */
static bool is_endpoint(const char *text)
{
    if (*text == 0)
        return false;
    for (; *text != 0; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static enum err check_sum(struct bytes raw)
{
    if (raw.len <= SUM_BYTES)
        return fail(E_MALFORMED, "the invite is cut short");
    size_t covered = raw.len - SUM_BYTES;
    struct hash sum = hash_bytes(bytes_of(raw.data, covered));
    if (memcmp(sum.b, raw.data + covered, SUM_BYTES) != 0)
        return fail(E_MALFORMED, "the invite is mistyped or cut short: its checksum is wrong");
    return E_OK;
}

static enum err read_fields(struct bytes raw, struct token *out)
{
    struct reader in = reader_of(raw);
    uint8_t version = read_u8(&in);
    if (version != VERSION)
        return fail(E_VERSION, "an invite of version %u", version);

    bool fits = read_short(&in, out->name, sizeof out->name);
    fits = read_short(&in, out->endpoint, sizeof out->endpoint) && fits;
    read_into(&in, out->hub_key.b, KEY_BYTES);
    read_into(&in, out->hub_author.b, HASH_BYTES);
    read_into(&in, out->invite_secret, sizeof out->invite_secret);
    out->expires_ms = read_u64(&in);
    if (in.bad || in.left != SUM_BYTES)
        return fail(E_MALFORMED, "the invite's fields do not fill it");
    if (!fits || (out->name[0] != 0 && !text_is_name(out->name)))
        return fail(E_MALFORMED, "the invite's name is not one");
    if (!is_endpoint(out->endpoint))
        return fail(E_MALFORMED, "the invite's endpoint is not one");
    return E_OK;
}

enum err token_decode(const char *text, struct token *out)
{
    *out = (struct token){ 0 };
    size_t prefix = strlen(PREFIX);
    if (strncmp(text, PREFIX, prefix) != 0)
        return fail(E_MALFORMED, "not an invite: those begin with %s", PREFIX);
    size_t len = strnlen(text + prefix, MAX_TOKEN_BYTES + 1);
    if (len > MAX_TOKEN_BYTES)
        return fail(E_MALFORMED, "longer than any invite");

    AUTO(buf_clear) struct buf raw = { 0 };
    TRY(base64url_decode(text + prefix, len, &raw));
    TRY(check_sum(buf_view(&raw)));
    enum err err = read_fields(buf_view(&raw), out);
    if (err != E_OK)
        *out = (struct token){ 0 };
    return err;
}
