#include "vectors.h"

#include "core/token.h"

static struct token a_token(void)
{
    struct token t = { .name = "us-oh-dayton",
                       .endpoint = "tcp://hub.example:7443",
                       .expires_ms = 1800000000000 };
    memset(t.hub_key.b, 0x51, KEY_BYTES);
    memset(t.hub_author.b, 0x52, HASH_BYTES);
    memset(t.invite_secret, 0x53, sizeof t.invite_secret);
    return t;
}

/* The text of a token made of these raw bytes, with the right checksum behind them. */
static void seal(struct bytes raw, struct buf *out)
{
    AUTO(buf_clear) struct buf all = { 0 };
    struct hash sum = hash_bytes(raw);
    buf_bytes(&all, raw);
    buf_append(&all, sum.b, 4);
    buf_text(out, "chancery1-");
    base64url_append(out, buf_view(&all));
    buf_string(out);
}

/* The raw bytes of a token, without their checksum. */
static void unseal(const struct token *token, struct buf *out)
{
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(token, &text);
    assert_int_equal(base64url_decode((char *)text.data + 10, text.len - 10, out), E_OK);
    out->len -= 4;
}

static void assert_raw(struct bytes raw, enum err expect)
{
    AUTO(buf_clear) struct buf text = { 0 };
    struct token t, zero = { 0 };
    seal(raw, &text);
    assert_int_equal(token_decode((char *)text.data, &t), expect);
    if (expect != E_OK)
        assert_memory_equal(&t, &zero, sizeof t);
}

static void assert_round(const struct token *token)
{
    AUTO(buf_clear) struct buf text = { 0 };
    struct token back;
    token_encode(token, &text);
    assert_int_equal(token_decode(buf_string(&text), &back), E_OK);
    assert_string_equal(back.name, token->name);
    assert_string_equal(back.endpoint, token->endpoint);
    assert_true(key_equal(&back.hub_key, &token->hub_key));
    assert_true(hash_equal(&back.hub_author, &token->hub_author));
    assert_memory_equal(back.invite_secret, token->invite_secret, 32);
    assert_true(back.expires_ms == token->expires_ms);
}

static void an_invite_says_the_same_after_the_mail(void **state)
{
    (void)state;
    struct token t = a_token();
    assert_round(&t);
    t.name[0] = 0;
    assert_round(&t);
    memset(t.name, 'n', MAX_NAME_BYTES);
    memset(t.endpoint, 'e', MAX_ENDPOINT_BYTES);
    t.expires_ms = UINT64_MAX;
    assert_round(&t);
}

static void its_bytes_are_fixed(void **state)
{
    (void)state;
    struct token t = a_token();
    AUTO(buf_clear) struct buf raw = { 0 };
    unseal(&t, &raw);
    assert_int_equal(raw.len, 1 + 1 + 12 + 1 + 22 + 32 + 32 + 32 + 8);
    assert_memory_equal(raw.data, "\x01\x0cus-oh-dayton\x16tcp://hub.example:7443\x51", 38);
    assert_memory_equal(raw.data + 37 + 31, "\x51\x52", 2);
    assert_memory_equal(raw.data + raw.len - 9, "\x53\x00\x00\x01\xa3\x18\x5c\x50\x00", 9);
    AUTO(buf_clear) struct buf text = { 0 };
    AUTO(buf_clear) struct buf made = { 0 };
    token_encode(&t, &text);
    seal(buf_view(&raw), &made);
    assert_string_equal(buf_string(&text), (char *)made.data);
}

static void every_cut_is_malformed(void **state)
{
    (void)state;
    struct token t = a_token(), out;
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(&t, &text);
    for (size_t len = 0; len < text.len; len++) {
        AUTO(buf_clear) struct buf cut = { 0 };
        buf_append(&cut, text.data, len);
        assert_int_equal(token_decode(buf_string(&cut), &out), E_MALFORMED);
    }
}

static void every_mistyped_character_is_malformed(void **state)
{
    (void)state;
    struct token t = a_token(), out;
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(&t, &text);
    buf_string(&text);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t right = text.data[i];
        text.data[i] = right == 'A' ? 'B' : 'A';
        assert_int_equal(token_decode((char *)text.data, &out), E_MALFORMED);
        text.data[i] = '!';
        assert_int_equal(token_decode((char *)text.data, &out), E_MALFORMED);
        text.data[i] = right;
    }
    assert_int_equal(token_decode((char *)text.data, &out), E_OK);
    buf_text(&text, "A");
    assert_int_equal(token_decode(buf_string(&text), &out), E_MALFORMED);
}

static void what_is_no_invite_is_malformed(void **state)
{
    (void)state;
    struct token out;
    static const char *const texts[] = {
        "", "chancery1", "chancery1-", "chancery2-AAAA", "https://example.org", "CHANCERY1-AAAA"
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(token_decode(texts[i], &out), E_MALFORMED);

    static char endless[100000];
    memset(endless, 'A', sizeof endless - 1);
    memcpy(endless, "chancery1-", 10);
    assert_int_equal(token_decode(endless, &out), E_MALFORMED);
    assert_non_null(strstr(err_message(), "longer"));
}

static void another_version_is_named(void **state)
{
    (void)state;
    struct token t = a_token();
    AUTO(buf_clear) struct buf raw = { 0 };
    unseal(&t, &raw);
    raw.data[0] = 2;
    assert_raw(buf_view(&raw), E_VERSION);
    assert_raw(bytes_text("\x02 anything"), E_VERSION);
    raw.data[0] = 1;
    assert_raw(buf_view(&raw), E_OK);
}

static void fields_fill_the_invite_exactly(void **state)
{
    (void)state;
    struct token t = a_token();
    AUTO(buf_clear) struct buf raw = { 0 };
    unseal(&t, &raw);
    for (size_t len = 1; len < raw.len; len++)
        assert_raw(bytes_of(raw.data, len), E_MALFORMED);
    buf_u8(&raw, 0);
    assert_raw(buf_view(&raw), E_MALFORMED);
}

static void names_and_endpoints_are_what_they_are_called(void **state)
{
    (void)state;
    static const char *const names[] = { "US", "us oh", "-us", "us/oh" };
    static const char *const endpoints[] = { "", "tcp://a b", "tcp://a\n", "tcp://\x1b[2J",
                                             "tcp://jos\xc3\xa9" };
    for (size_t i = 0; i < 4; i++) {
        struct token t = a_token();
        AUTO(buf_clear) struct buf raw = { 0 };
        strcpy(t.name, names[i]);
        unseal(&t, &raw);
        assert_raw(buf_view(&raw), E_MALFORMED);
    }
    for (size_t i = 0; i < 5; i++) {
        struct token t = a_token();
        AUTO(buf_clear) struct buf raw = { 0 };
        strcpy(t.endpoint, endpoints[i]);
        unseal(&t, &raw);
        assert_raw(buf_view(&raw), E_MALFORMED);
    }
}

static void a_nul_or_a_name_past_its_limit_is_malformed(void **state)
{
    (void)state;
    struct token t = a_token();
    AUTO(buf_clear) struct buf raw = { 0 };
    unseal(&t, &raw);
    raw.data[4] = 0; /* within the name */
    assert_raw(buf_view(&raw), E_MALFORMED);

    AUTO(buf_clear) struct buf longer = { 0 };
    AUTO(buf_clear) struct buf rest = { 0 };
    unseal(&t, &rest);
    buf_u8(&longer, 1);
    buf_u8(&longer, MAX_NAME_BYTES + 1);
    for (unsigned i = 0; i <= MAX_NAME_BYTES; i++)
        buf_u8(&longer, 'n');
    buf_append(&longer, rest.data + 14, rest.len - 14);
    assert_raw(buf_view(&longer), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_says_the_same_after_the_mail),
        cmocka_unit_test(its_bytes_are_fixed),
        cmocka_unit_test(every_cut_is_malformed),
        cmocka_unit_test(every_mistyped_character_is_malformed),
        cmocka_unit_test(what_is_no_invite_is_malformed),
        cmocka_unit_test(another_version_is_named),
        cmocka_unit_test(fields_fill_the_invite_exactly),
        cmocka_unit_test(names_and_endpoints_are_what_they_are_called),
        cmocka_unit_test(a_nul_or_a_name_past_its_limit_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
