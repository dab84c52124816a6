#include "base/text.h"

#include <string.h>

#include "base/limits.h"

#define WORD_BYTES 63

/* Latin letters without their marks, from U+00C0, U+01CD, U+0218 and U+1E00. '.' is no letter; capitals
 * stand for two letters. */
static const char latin_1[] = "aaaaaaAceeeeiiiidnooooo.ouuuuyTSaaaaaaAceeeeiiiidnooooo.ouuuuyTy"
                              "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiIIjjkkklllllll"
                              "lllnnnnnnnnnooooooOOrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static const char latin_2[] = "aaiioouuuuuuuuuu";
static const char latin_3[] = "sstt";
static const char latin_4[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
                              "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
                              "wwwwwwwwwwxxxxyyzzzzzzhtwy.s..S.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
                              "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";

static const struct {
    uint32_t first;
    size_t count;
    const char *letters;
} latin[] = {
    { 0xc0, sizeof latin_1 - 1, latin_1 },
    { 0x1cd, sizeof latin_2 - 1, latin_2 },
    { 0x218, sizeof latin_3 - 1, latin_3 },
    { 0x1e00, sizeof latin_4 - 1, latin_4 },
};

/* Code points past ASCII that separate words: punctuation, symbols, spaces, private use. */
static const uint32_t separators[][2] = {
    { 0x80, 0xa9 },     { 0xab, 0xb4 },        { 0xb6, 0xb9 },     { 0xbb, 0xbf },     { 0xd7, 0xd7 },
    { 0xf7, 0xf7 },     { 0x2b9, 0x2df },      { 0x2000, 0x206f }, { 0x20a0, 0x20cf }, { 0x2100, 0x2bff },
    { 0x2e00, 0x2e7f }, { 0x3000, 0x3004 },    { 0x3008, 0x3020 }, { 0x30fb, 0x30fb }, { 0xe000, 0xf8ff },
    { 0xfe10, 0xfe6f }, { 0xfeff, 0xff0f },    { 0xff1a, 0xff20 }, { 0xff3b, 0xff40 }, { 0xff5b, 0xff65 },
    { 0xffe0, 0xffff }, { 0xe0000, 0x10ffff },
};

/* The least code point that needs so many bytes: anything below is an overlong spelling. */
static const uint32_t shortest[5] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t sequence_length(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

/* Bytes of the code point at the front of p[left], left > 0; 0 when it is broken. */
static size_t next_code(const uint8_t *p, size_t left, uint32_t *code)
{
    size_t n = sequence_length(p[0]);
    if (n == 0 || n > left)
        return 0;
    if (n == 1) {
        *code = p[0];
        return 1;
    }

    uint32_t c = p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < shortest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

bool text_is_utf8(struct bytes text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        size_t n = next_code(text.data + at, text.len - at, &code);
        if (n == 0 || code == 0)
            return false;
        at += n;
    }
    return true;
}

/* What moves a terminal's cursor or turns its text around. */
static bool is_control(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
        return true;
    return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void text_escape(struct buf *out, struct bytes text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        size_t n = next_code(text.data + at, text.len - at, &code);
        if (n > 0 && !is_control(code)) {
            buf_append(out, text.data + at, n);
            at += n;
            continue;
        }
        for (size_t end = at + (n > 0 ? n : 1); at < end; at++)
            buf_printf(out, "\\x%02x", text.data[at]);
    }
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool text_is_line(const char *text)
{
    bool filled = false;
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        bool beyond = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f; /* U+0080 to U+009F */
        if (*c < 32 || *c == 127 || beyond)
            return false;
        filled = filled || *c != ' ';
    }
    return filled;
}

bool text_is_name(const char *text)
{
    if (!is_lower_or_digit(text[0]))
        return false;
    size_t len = 1;
    while (is_lower_or_digit(text[len]) || text[len] == '-')
        if (++len > MAX_NAME_BYTES)
            return false;
    return text[len] == 0;
}

static size_t spell_two(char capital, char *out)
{
    static const char pairs[][3] = { "Aae", "Iij", "Ooe", "Sss", "Tth" };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i][0] == capital) {
            memcpy(out, pairs[i] + 1, 2);
            return 2;
        }
    return 0;
}

/* The ASCII spelling of an ASCII or Latin letter or of a digit, lower case; 0 bytes for all else. */
static size_t fold_ascii(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)(code >= 'A' && code <= 'Z' ? code + 32 : code);
        return is_lower_or_digit(out[0]) ? 1 : 0;
    }
    for (size_t i = 0; i < sizeof latin / sizeof *latin; i++) {
        if (code < latin[i].first || code - latin[i].first >= latin[i].count)
            continue;
        out[0] = latin[i].letters[code - latin[i].first];
        if (out[0] == '.')
            return 0;
        return out[0] >= 'a' ? 1 : spell_two(out[0], out);
    }
    return 0;
}

/* "e" followed by U+0301 is the same letter as U+00E9. */
static bool is_combining(uint32_t code)
{
    return code >= 0x300 && code <= 0x36f;
}

void text_slug(struct buf *out, struct bytes text)
{
    bool started = false;
    bool pending = false;
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        char folded[2];
        size_t n = next_code(text.data + at, text.len - at, &code);
        size_t letters = n > 0 ? fold_ascii(code, folded) : 0;
        at += n > 0 ? n : 1;
        if (n > 0 && is_combining(code))
            continue;
        if (letters == 0) {
            pending = started;
            continue;
        }
        if (pending)
            buf_u8(out, '-');
        buf_append(out, folded, letters);
        started = true;
        pending = false;
    }
}

static bool is_separator(uint32_t code)
{
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
        if (code >= separators[i][0] && code <= separators[i][1])
            return true;
    return code < 0x80;
}

/* Greek and Cyrillic capitals; scripts without case, and the rest, stay as they are. */
static uint32_t lower(uint32_t code)
{
    if ((code >= 0x391 && code <= 0x3a9) || (code >= 0x410 && code <= 0x42f))
        return code + 32;
    if (code >= 0x400 && code <= 0x40f)
        return code + 80;
    return code;
}

static size_t encode_utf8(uint32_t code, char *out)
{
    static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[n] | code);
    return n;
}

/* A letter or digit as it stands in an index; 0 bytes for what separates words. */
static size_t fold(uint32_t code, char *out)
{
    size_t n = fold_ascii(code, out);
    if (n > 0 || is_separator(code))
        return n;
    return encode_utf8(lower(code), out);
}

/* A word that grows until its end. */
struct growing {
    char text[WORD_BYTES + 1];
    size_t len;
    bool cut;
};

static void grow(struct growing *word, const char *letters, size_t count)
{
    word->cut = word->cut || word->len + count > WORD_BYTES;
    if (word->cut)
        return;
    memcpy(word->text + word->len, letters, count);
    word->len += count;
    word->text[word->len] = 0;
}

void text_words(struct bytes text, void (*word)(void *context, const char *word, size_t len), void *context)
{
    struct growing found = { 0 };
    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        char folded[4];
        size_t n = next_code(text.data + at, text.len - at, &code);
        size_t letters = n > 0 ? fold(code, folded) : 0;
        at += n > 0 ? n : 1;
        if (n > 0 && is_combining(code))
            continue;
        if (letters > 0) {
            grow(&found, folded, letters);
            continue;
        }
        if (found.len > 0)
            word(context, found.text, found.len);
        found.len = 0;
        found.cut = false;
    }
    if (found.len > 0)
        word(context, found.text, found.len);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned text_distance(const char *a, const char *b)
{
    size_t len_a = strlen(a), len_b = strlen(b);
    if (len_a > WORD_BYTES || len_b > WORD_BYTES)
        return strcmp(a, b) == 0 ? 0 : 9;

    /* Three rows of the usual table: the third is for two letters that changed places. */
    unsigned rows[3][WORD_BYTES + 1];
    for (size_t j = 0; j <= len_b; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= len_a; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= len_b; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1, now[j]);
        }
    }
    return least(rows[len_a % 3][len_b], 9, 9);
}
