/* Texts of strangers: every decoder has one spelling a value, every cleaner keeps its promise. */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

static void check_encodings(const char *text, struct bytes bytes)
{
    uint8_t id[16], low[16], high[16];
    AUTO(buf_clear) struct buf raw = { 0 };
    AUTO(buf_clear) struct buf again = { 0 };
    if (base64url_decode(text, strlen(text), &raw) == E_OK) {
        base64url_append(&again, buf_view(&raw));
        MUST(strcmp(buf_string(&again), text) == 0);
    }
    raw.len = again.len = 0;
    hex_append(&again, bytes);
    MUST(hex_decode_buf(buf_string(&again), &raw) == E_OK && bytes_equal(buf_view(&raw), bytes));
    MUST(hex_decode_buf(text, &raw) == E_OK || strlen(text) % 2 != 0 ||
         strspn(text, "0123456789abcdefABCDEF") != strlen(text));

    if (id16_range(text, low, high) == E_OK)
        MUST(memcmp(low, high, 16) <= 0);
    if (id16_decode(text, id) == E_OK) {
        char back[ID16_TEXT_LEN + 1];
        id16_encode(id, back);
        MUST(id16_decode(back, low) == E_OK && memcmp(id, low, 16) == 0);
    }
}

static void check_numbers(const char *text)
{
    uint64_t wide = 0;
    uint32_t narrow = 0, date = 0;
    char shown[25], day[11];
    if (parse_u32(text, &narrow) == E_OK)
        MUST(parse_u64(text, &wide) == E_OK && wide == narrow);
    if (parse_u64(text, &wide) == E_OK)
        MUST(parse_duration_ms(text, &wide) == E_OK && parse_size(text, &wide) == E_OK);
    (void)parse_duration_ms(text, &wide);
    (void)parse_size(text, &wide);
    time_format(wide, shown);
    MUST(strlen(shown) == 24);
    if (date_parse(text, &date) != E_OK)
        return;
    date_format(date, day);
    MUST(strcmp(day, text) == 0);
}

static void check_word(void *context, const char *word, size_t len)
{
    MUST(len > 0 && len <= 63 && strlen(word) == len);
    MUST(text_is_utf8(bytes_of(word, len)));
    *(size_t *)context += len;
}

static void check_cleaners(struct bytes bytes)
{
    AUTO(buf_clear) struct buf shown = { 0 };
    AUTO(buf_clear) struct buf slug = { 0 };
    AUTO(buf_clear) struct buf twice = { 0 };
    size_t letters = 0;
    text_escape(&shown, bytes);
    MUST(text_is_utf8(buf_view(&shown)));
    for (size_t i = 0; i < shown.len; i++)
        MUST(shown.data[i] >= 0x20 && shown.data[i] != 0x7f);
    text_slug(&slug, bytes);
    text_slug(&twice, buf_view(&slug));
    MUST(bytes_equal(buf_view(&slug), buf_view(&twice)));
    MUST(slug.len == 0 || slug.len > 64 || text_is_name(buf_string(&slug)));
    text_words(bytes, check_word, &letters);
    MUST(letters <= 2 * bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_clear) struct buf text = { 0 };
    buf_append(&text, data, size);
    check_encodings(buf_string(&text), bytes_of(data, size));
    check_numbers(buf_string(&text));
    check_cleaners(bytes_of(data, size));
    MUST(text_distance(buf_string(&text), "status") <= 9);
    return 0;
}
