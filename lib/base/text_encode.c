/* The encodings of text.h: hex, Crockford base32, base64url. */
#include <string.h>

#include "base/text.h"

static const char hex_digits[] = "0123456789abcdef";
static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_encode(const void *data, size_t len, char *out)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) {
        *out++ = hex_digits[p[i] >> 4];
        *out++ = hex_digits[p[i] & 15];
    }
    *out = 0;
}

void hex_append(struct buf *out, struct bytes bytes)
{
    buf_reserve(out, 2 * bytes.len + 1);
    hex_encode(bytes.data, bytes.len, (char *)out->data + out->len);
    out->len += 2 * bytes.len;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err hex_decode(const char *text, void *out, size_t len)
{
    size_t given = strlen(text);
    if (given != 2 * len)
        return fail(E_MALFORMED, "%zu hex digits wanted, %zu given", 2 * len, given);
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return fail(E_MALFORMED, "not a hex digit in the pair at %zu", 2 * i);
        p[i] = (uint8_t)(high << 4 | low);
    }
    return E_OK;
}

enum err hex_decode_buf(const char *text, struct buf *out)
{
    size_t given = strlen(text);
    if (given % 2 != 0)
        return fail(E_MALFORMED, "an odd number of hex digits (%zu)", given);
    buf_reserve(out, given / 2 + 1);
    TRY(hex_decode(text, out->data + out->len, given / 2));
    out->len += given / 2;
    return E_OK;
}

/* The id is 130 bits of text: two zero bits, then 128. Character i holds the five bits from 5 * i - 2. */
void id16_encode(const uint8_t id[static 16], char out[static ID16_TEXT_LEN + 1])
{
    unsigned held = 0;
    int bits = 2;
    size_t at = 0;
    for (int i = 0; i < ID16_TEXT_LEN; i++) {
        if (bits < 5) {
            held = (held << 8 | id[at++]) & 0xfff;
            bits += 8;
        }
        bits -= 5;
        out[i] = crockford[held >> bits & 31];
    }
    out[ID16_TEXT_LEN] = 0;
}

static int crockford_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 32);
    if (c == 'O')
        return 0;
    if (c == 'I' || c == 'L')
        return 1;
    const char *found = c != 0 ? strchr(crockford, c) : NULL;
    return found != NULL ? (int)(found - crockford) : -1;
}

static void id16_pack(const uint8_t values[static ID16_TEXT_LEN], uint8_t id[static 16])
{
    unsigned held = values[0];
    int bits = 3;
    size_t at = 0;
    for (int i = 1; i < ID16_TEXT_LEN; i++) {
        held = (held << 5 | values[i]) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            id[at++] = (uint8_t)(held >> bits);
        }
    }
}

enum err id16_range(const char *prefix, uint8_t low[static 16], uint8_t high[static 16])
{
    size_t len = strlen(prefix);
    if (len == 0 || len > ID16_TEXT_LEN)
        return fail(E_MALFORMED, "an id is 1 to %d characters, not %zu", ID16_TEXT_LEN, len);

    uint8_t least[ID16_TEXT_LEN] = { 0 };
    uint8_t most[ID16_TEXT_LEN];
    memset(most, 31, sizeof most);
    most[0] = 7;
    for (size_t i = 0; i < len; i++) {
        int value = crockford_value(prefix[i]);
        if (value < 0)
            return fail(E_MALFORMED, "character %zu does not stand in an id", i + 1);
        if (i == 0 && value > 7)
            return fail(E_MALFORMED, "an id begins with 0 to 7");
        least[i] = most[i] = (uint8_t)value;
    }
    id16_pack(least, low);
    id16_pack(most, high);
    return E_OK;
}

enum err id16_decode(const char *text, uint8_t id[static 16])
{
    uint8_t same[16];
    if (strlen(text) != ID16_TEXT_LEN)
        return fail(E_MALFORMED, "an id is %d characters, not %zu", ID16_TEXT_LEN, strlen(text));
    return id16_range(text, id, same);
}

void base64url_append(struct buf *out, struct bytes bytes)
{
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        held = (held << 8 | bytes.data[i]) & 0xffff;
        for (bits += 8; bits >= 6;) {
            bits -= 6;
            buf_u8(out, (uint8_t)base64url[held >> bits & 63]);
        }
    }
    if (bits > 0)
        buf_u8(out, (uint8_t)base64url[held << (6 - bits) & 63]);
}

enum err base64url_decode(const char *text, size_t len, struct buf *out)
{
    if (len % 4 == 1)
        return fail(E_MALFORMED, "base64url is never %zu characters long", len);
    size_t old = out->len;
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] != 0 ? strchr(base64url, text[i]) : NULL;
        if (found == NULL) {
            out->len = old;
            return fail(E_MALFORMED, "character %zu is not base64url", i + 1);
        }
        held = (held << 6 | (unsigned)(found - base64url)) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_u8(out, (uint8_t)(held >> bits));
        }
    }
    /* Bits that no byte uses must be zero, or one value had several spellings. */
    if ((held & ((1U << bits) - 1)) != 0) {
        out->len = old;
        return fail(E_MALFORMED, "base64url ends in bits that mean nothing");
    }
    return E_OK;
}
