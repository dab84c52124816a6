#include "vectors.h"

#include <stdio.h>

static void hex_goes_both_ways(void **state)
{
    (void)state;
    char text[9];
    uint8_t back[4];
    hex_encode("\x00\x9f\xAB\xff", 4, text);
    assert_string_equal(text, "009fabff");
    assert_int_equal(hex_decode("009FabfF", back, 4), E_OK);
    assert_memory_equal(back, "\x00\x9f\xab\xff", 4);
}

static void hex_of_the_wrong_length_or_alphabet_is_malformed(void **state)
{
    (void)state;
    uint8_t out[4];
    static const char *const bad[] = { "",         "009fabf",  "009fabff0", "009fabff00",
                                       "009fabfg", "009fab f", "0x9fabff" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(hex_decode(bad[i], out, 4), E_MALFORMED);

    AUTO(buf_clear) struct buf buf = { 0 };
    buf_text(&buf, "kept");
    assert_int_equal(hex_decode_buf("abc", &buf), E_MALFORMED);
    assert_int_equal(hex_decode_buf("zz", &buf), E_MALFORMED);
    assert_int_equal(buf.len, 4);
    assert_int_equal(hex_decode_buf("", &buf), E_OK);
    assert_int_equal(hex_decode_buf("21", &buf), E_OK);
    hex_append(&buf, bytes_text("!"));
    assert_string_equal(buf_string(&buf), "kept!21");
}

static void an_id_is_26_characters_of_crockford(void **state)
{
    (void)state;
    char text[ID16_TEXT_LEN + 1];
    uint8_t id[16], back[16];

    memset(id, 0, sizeof id);
    id16_encode(id, text);
    assert_string_equal(text, "00000000000000000000000000");
    memset(id, 0xff, sizeof id);
    id16_encode(id, text);
    assert_string_equal(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    /* The example of the ULID specification, which shares the alphabet. */
    assert_int_equal(id16_decode("01ARYZ6S41TSV4RRFFQ69G5FAV", id), E_OK);
    assert_hex(id, 16, "01563df36481d6764c61efb99302bd5b");

    for (unsigned i = 0; i < 256; i++) {
        for (unsigned j = 0; j < 16; j++)
            id[j] = (uint8_t)(i * 31 + j * 17);
        id16_encode(id, text);
        assert_int_equal(id16_decode(text, back), E_OK);
        assert_memory_equal(id, back, 16);
    }
}

static void an_id_forgives_case_and_look_alikes(void **state)
{
    (void)state;
    uint8_t a[16], b[16];
    assert_int_equal(id16_decode("0110000000000000000000000V", a), E_OK);
    assert_int_equal(id16_decode("oil0000000000000000000000v", b), E_OK);
    assert_memory_equal(a, b, 16);
}

static void an_id_refuses_what_128_bits_cannot_hold(void **state)
{
    (void)state;
    uint8_t id[16];
    assert_int_equal(id16_decode("80000000000000000000000000", id), E_MALFORMED);
    assert_int_equal(id16_decode("ZZZZZZZZZZZZZZZZZZZZZZZZZZ", id), E_MALFORMED);
    assert_int_equal(id16_decode("0000000000000000000000000U", id), E_MALFORMED);
    assert_int_equal(id16_decode("0000000000000000000000000-", id), E_MALFORMED);
    assert_int_equal(id16_decode("0000000000000000000000000", id), E_MALFORMED);
    assert_int_equal(id16_decode("000000000000000000000000000", id), E_MALFORMED);
    assert_int_equal(id16_decode("", id), E_MALFORMED);
}

static void a_prefix_is_a_range_of_ids(void **state)
{
    (void)state;
    uint8_t low[16], high[16];
    assert_int_equal(id16_range("7", low, high), E_OK);
    assert_hex(low, 16, "e0000000000000000000000000000000");
    assert_hex(high, 16, "ffffffffffffffffffffffffffffffff");
    assert_int_equal(id16_range("01", low, high), E_OK);
    assert_hex(low, 16, "01000000000000000000000000000000");
    assert_hex(high, 16, "01ffffffffffffffffffffffffffffff");
    assert_int_equal(id16_range("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", low, high), E_OK);
    assert_memory_equal(low, high, 16);
    assert_int_equal(id16_range("", low, high), E_MALFORMED);
    assert_int_equal(id16_range("8", low, high), E_MALFORMED);
    assert_int_equal(id16_range("0!", low, high), E_MALFORMED);
}

static void base64url_has_one_spelling_a_value(void **state)
{
    (void)state;
    /* RFC 4648 section 10, without padding. */
    static const char *const pairs[][2] = {
        { "", "" },           { "f", "Zg" },          { "fo", "Zm8" },         { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        AUTO(buf_clear) struct buf out = { 0 };
        AUTO(buf_clear) struct buf back = { 0 };
        base64url_append(&out, bytes_text(pairs[i][0]));
        assert_string_equal(buf_string(&out), pairs[i][1]);
        assert_int_equal(base64url_decode(pairs[i][1], strlen(pairs[i][1]), &back), E_OK);
        assert_string_equal(buf_string(&back), pairs[i][0]);
    }

    AUTO(buf_clear) struct buf high = { 0 };
    base64url_append(&high, bytes_of("\xfb\xff\xbf", 3));
    assert_string_equal(buf_string(&high), "-_-_");

    static const char *const bad[] = { "Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Zm+v", "Zm/v", "Z g", "Zm9\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf_clear) struct buf out = { 0 };
        assert_int_equal(base64url_decode(bad[i], strlen(bad[i]), &out), E_MALFORMED);
        assert_int_equal(out.len, 0);
    }
    assert_int_equal(base64url_decode("Zg\0A", 4, &high), E_MALFORMED);
}

static void utf8_is_well_formed_or_not(void **state)
{
    (void)state;
    static const char *const good[] = { "",
                                        "plain",
                                        "San Jos\xc3\xa9",
                                        "\xe5\xa4\xa7\xe5\x88\x86",
                                        "\xf0\x9f\x8c\x8d",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xef\xbf\xbf" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_utf8(bytes_text(good[i])));

    static const char *const bad[] = { "\x80",
                                       "\xc3",
                                       "\xc3(",
                                       "\xc0\xaf",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xed\xbf\xbf",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff",
                                       "\xe5\xa4",
                                       "ok\xf0\x9f\x8c" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(bytes_text(bad[i])));
    assert_false(text_is_utf8(bytes_of("a\0b", 3)));
}

static void what_a_terminal_would_obey_is_escaped(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    text_escape(&out, bytes_text("\x1b[31mJos\xc3\xa9\n\x7f\xc2\x9b\xe2\x80\xae\xff"));
    assert_string_equal(buf_string(&out), "\\x1b[31mJos\xc3\xa9\\x0a\\x7f\\xc2\\x9b\\xe2\\x80\\xae\\xff");
}

static void a_name_is_lower_case_and_short(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    longest[65] = 0;
    assert_false(text_is_name(longest));
    longest[64] = 0;
    assert_true(text_is_name(longest));
    assert_true(text_is_name("us-oh-dayton"));
    assert_true(text_is_name("7"));
    static const char *const bad[] = { "", "-us", "US", "us_oh", "us oh", "us/oh", "us.oh", "jos\xc3\xa9" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_name(bad[i]));
}

static void assert_slug(const char *text, const char *slug)
{
    AUTO(buf_clear) struct buf out = { 0 };
    text_slug(&out, bytes_text(text));
    assert_string_equal(buf_string(&out), slug);
}

static void a_slug_is_ascii_with_single_dashes(void **state)
{
    (void)state;
    assert_slug("San Jos\xc3\xa9", "san-jose");
    assert_slug("San Jose\xcc\x81", "san-jose");
    assert_slug("  O'Fallon -- (Missouri) ", "o-fallon-missouri");
    assert_slug("\xc3\x86r\xc3\xb8sk\xc3\xb8"
                "bing",
                "aeroskobing");
    assert_slug("Stra\xc3\x9f"
                "e \xc5\x81\xc3\xb3"
                "d\xc5\xba",
                "strasse-lodz");
    assert_slug("\xe1\xba\xbfn \xe1\xbb\x87", "en-e");
    assert_slug("\xe5\xa4\xa7", "");
    assert_slug("\xff"
                "a\xff"
                "b",
                "a-b");
    assert_slug("", "");
}

static void collect(void *context, const char *word, size_t len)
{
    assert_int_equal(strlen(word), len);
    buf_printf(context, "%s|", word);
}

static void assert_words(struct bytes text, const char *words)
{
    AUTO(buf_clear) struct buf out = { 0 };
    text_words(text, collect, &out);
    assert_string_equal(buf_string(&out), words);
}

static void words_are_folded_runs_of_letters_and_digits(void **state)
{
    (void)state;
    assert_words(bytes_text("Sister-Cities: Dayton & S\xc3\xa3o Paulo, 2014"),
                 "sister|cities|dayton|sao|paulo|2014|");
    assert_words(bytes_text("\xd0\x9a\xd0\xb8\xd1\x97\xd0\xb2"), "\xd0\xba\xd0\xb8\xd1\x97\xd0\xb2|");
    assert_words(bytes_text("\xe5\xa4\xa7\xe5\x88\x86\xe3\x80\x81\xe5\xb8\x82"),
                 "\xe5\xa4\xa7\xe5\x88\x86|\xe5\xb8\x82|");
    assert_words(bytes_text("one\xe2\x80\x94two\xffthree"), "one|two|three|");
    assert_words(bytes_text(""), "");
    assert_words(bytes_text(" .,;"), "");
    assert_words(bytes_of("a\0b", 3), "a|b|");
}

static void a_long_word_is_cut_at_a_whole_letter(void **state)
{
    (void)state;
    char text[200];
    char expect[80];
    memset(text, 'x', sizeof text);
    memcpy(text + 100, " tail", 6);
    memset(expect, 'x', 63);
    strcpy(expect + 63, "|tail|");
    assert_words(bytes_text(text), expect);

    /* 62 letters, then one of two bytes: it does not fit, and what follows it is not taken in its stead. */
    memset(text, 'x', 62);
    strcpy(text + 62, "\xd0\xb2"
                      "yz");
    strcpy(expect + 62, "|");
    assert_words(bytes_text(text), expect);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
    (void)state;
    uint64_t n = 1;
    uint32_t m = 1;
    assert_int_equal(parse_u64("0", &n), E_OK);
    assert_true(n == 0);
    assert_int_equal(parse_u64("18446744073709551615", &n), E_OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(parse_u32("4294967295", &m), E_OK);
    assert_true(m == UINT32_MAX);
    static const char *const bad[] = { "",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1x",
                                       "0x10",
                                       "01",
                                       "00",
                                       "1.0",
                                       "18446744073709551616",
                                       "99999999999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse_u64(bad[i], &n), E_MALFORMED);
        assert_int_equal(parse_u32(bad[i], &m), E_MALFORMED);
    }
    assert_int_equal(parse_u32("4294967296", &m), E_MALFORMED);
    assert_true(n == UINT64_MAX);
}

static void durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = { { "0", 0 },         { "250", 250 },       { "250ms", 250 },   { "10s", 10000 },
                 { "30m", 1800000 }, { "72h", 259200000 }, { "7d", 604800000 } };
    uint64_t ms = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(parse_duration_ms(good[i].text, &ms), E_OK);
        assert_true(ms == good[i].ms);
    }
    static const char *const bad[] = { "",      "s",   "10 s", "10S",          "10sec",
                                       "1h30m", "-1s", "1.5h", "213503982335d" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse_duration_ms(bad[i], &ms), E_MALFORMED);
}

static void sizes_have_binary_units(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_int_equal(parse_size("4096", &n), E_OK);
    assert_true(n == 4096);
    assert_int_equal(parse_size("64KiB", &n), E_OK);
    assert_true(n == 65536);
    assert_int_equal(parse_size("10MiB", &n), E_OK);
    assert_true(n == 10485760);
    assert_int_equal(parse_size("1GiB", &n), E_OK);
    assert_true(n == 1073741824);
    assert_int_equal(parse_size("1TiB", &n), E_OK);
    assert_true(n == UINT64_C(1) << 40);
    static const char *const bad[] = { "", "KiB", "1KB", "1kib", "1 KiB", "1k", "16777216TiB" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse_size(bad[i], &n), E_MALFORMED);
}

static void dates_may_know_less_than_a_day(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t date;
    } good[] = { { "2014", 20140000 },       { "2014-06", 20140600 },    { "2014-06-23", 20140623 },
                 { "2024-02-29", 20240229 }, { "2000-02-29", 20000229 }, { "0001", 10000 },
                 { "9999-12-31", 99991231 } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint32_t date = 0;
        char back[11];
        assert_int_equal(date_parse(good[i].text, &date), E_OK);
        assert_int_equal(date, good[i].date);
        date_format(date, back);
        assert_string_equal(back, good[i].text);
    }
    static const char *const bad[] = { "",           "0000",       "14",         "20140623",
                                       "2014-6",     "2014-00",    "2014-13",    "2014-06-00",
                                       "2014-06-31", "2023-02-29", "1900-02-29", "2014-06-23T00",
                                       "2014/06/23", "2014-06/23", "2014-",      "2014-06-",
                                       "2014-0a",    "-014",       "2014-06-2 " };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t date = 7;
        assert_int_equal(date_parse(bad[i], &date), E_MALFORMED);
        assert_int_equal(date, 7);
    }
}

static void any_stored_date_can_be_shown(void **state)
{
    (void)state;
    char out[11];
    date_format(0, out);
    assert_string_equal(out, "");
    date_format(20140023, out);
    assert_string_equal(out, "2014-00-23");
    date_format(UINT32_MAX, out);
    assert_true(strlen(out) <= 10);
}

static void times_are_rfc_3339_in_utc(void **state)
{
    (void)state;
    char out[25];
    time_format(0, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    time_format(1800000000007, out);
    assert_string_equal(out, "2027-01-15T08:00:00.007Z");
    time_format(253402300799999, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    time_format(253402300800000, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    time_format(UINT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
}

static void distance_counts_edits_up_to_nine(void **state)
{
    (void)state;
    assert_int_equal(text_distance("status", "status"), 0);
    assert_int_equal(text_distance("stauts", "status"), 1);
    assert_int_equal(text_distance("statu", "status"), 1);
    assert_int_equal(text_distance("status", "statue"), 1);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("abcdefghijkl", "mnopqrstuvwx"), 9);
    char longer[100];
    memset(longer, 'a', 99);
    longer[99] = 0;
    assert_int_equal(text_distance(longer, "a"), 9);
    assert_int_equal(text_distance(longer, longer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_of_the_wrong_length_or_alphabet_is_malformed),
        cmocka_unit_test(an_id_is_26_characters_of_crockford),
        cmocka_unit_test(an_id_forgives_case_and_look_alikes),
        cmocka_unit_test(an_id_refuses_what_128_bits_cannot_hold),
        cmocka_unit_test(a_prefix_is_a_range_of_ids),
        cmocka_unit_test(base64url_has_one_spelling_a_value),
        cmocka_unit_test(utf8_is_well_formed_or_not),
        cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
        cmocka_unit_test(a_name_is_lower_case_and_short),
        cmocka_unit_test(a_slug_is_ascii_with_single_dashes),
        cmocka_unit_test(words_are_folded_runs_of_letters_and_digits),
        cmocka_unit_test(a_long_word_is_cut_at_a_whole_letter),
        cmocka_unit_test(a_number_is_digits_and_nothing_else),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(dates_may_know_less_than_a_day),
        cmocka_unit_test(any_stored_date_can_be_shown),
        cmocka_unit_test(times_are_rfc_3339_in_utc),
        cmocka_unit_test(distance_counts_edits_up_to_nine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
