#include "app/payload.h"

#include "payload_help.h"

#include "base/limits.h"
#include "statement.pb-c.h"

static void every_kind_of_field_is_shown_as_it_was_written(void **state)
{
    (void)state;
    static const char text[] =
        "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"kind\":\"sister_relation\",\"title\":"
        "\"\u014ciso\","
        "\"partners\":[{\"name\":\"Oiso\",\"country\":\"JP\",\"point\":{\"lat\":35300000,\"lon\":-139310000}}"
        "],"
        "\"start\":\"1968-04\",\"themes\":[\"culture-arts\",\"education-youth\"],"
        "\"sources\":[{\"listed\":[\"us_side\",\"partner_side\"],\"until\":\"2026\"}],\"amends\":7,"
        "\"reissues\":{\"author\":\"0000000000000000000000000000000000000000000000000000000000000001\","
        "\"seq\":3},\"value\":{\"currency\":\"USD\",\"amount\":-1250,\"decimals\":2,\"estimated\":true},"
        "\"sister\":{}}";
    assert_shown(TYPE_ENGAGEMENT, text, text);
}

static void an_engagement_id_is_read_as_crockford_and_shown_as_hex(void **state)
{
    (void)state;
    static const uint8_t id[16] = { 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 1, 2, 3, 4, 5, 6, 7, 8 };
    char crockford[ID16_TEXT_LEN + 1], text[80];
    id16_encode(id, crockford);
    snprintf(text, sizeof text, "{\"subject\":\"%s\"}", crockford);
    assert_shown(TYPE_RETRACTION, text, "{\"subject\":\"fedcba98765432100102030405060708\"}");
}

static void an_unknown_enum_value_is_shown_as_its_number_and_taken_as_one(void **state)
{
    (void)state;
    assert_shown(TYPE_ENGAGEMENT, "{\"kind\":\"899\",\"themes\":[\"900\",\"water\"]}",
                 "{\"kind\":\"899\",\"themes\":[\"900\",\"water\"]}");
}

static void words_are_taken_with_dashes_or_underscores(void **state)
{
    (void)state;
    assert_shown(TYPE_ENGAGEMENT, "{\"kind\":\"sister-relation\",\"themes\":[\"climate_environment\"]}",
                 "{\"kind\":\"sister_relation\",\"themes\":[\"climate-environment\"]}");
}

static void numbers_past_what_json_libraries_hold_are_texts(void **state)
{
    (void)state;
    assert_shown(TYPE_TICK, "{\"time_ms\":\"18446744073709551615\"}",
                 "{\"time_ms\":\"18446744073709551615\"}");
    assert_shown(TYPE_TICK, "{\"time_ms\":9223372036854775807}", "{\"time_ms\":9223372036854775807}");
}

static void what_is_empty_or_zero_is_not_stated(void **state)
{
    (void)state;
    assert_shown(TYPE_ENGAGEMENT,
                 "{\"title\":\"\",\"amends\":0,\"kind\":\"unspecified\",\"nonce\":\"\",\"themes\":[]}", "{}");
}

static void a_date_that_is_none_is_shown_as_its_digits(void **state)
{
    (void)state;
    static const struct {
        uint32_t date;
        const char *shown;
    } odd[] = { { 20141300, "20141300" }, { 20230230, "20230230" }, { 120140600, "120140600" },
                { 20140023, "20140023" }, { 7, "00000007" },        { 4294967295, "4294967295" },
                { 19680000, "1968" } };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        Chancery__Engagement message = CHANCERY__ENGAGEMENT__INIT;
        json_t *json;
        message.start = odd[i].date;
        encode_message(&message.base, &payload);
        assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, buf_view(&payload), &json), E_OK);
        assert_string_equal(vector_text(json, "start"), odd[i].shown);
        json_decref(json);
    }
}

static void unknown_fields_are_left_out_and_counted(void **state)
{
    (void)state;
    /* title, field 1000 twice; a party with its name and field 99 */
    static const uint8_t payload[] = { 0x22, 1, 'x',  0xc0, 0x3e, 1,    0xc0, 0x3e, 2,
                                       0x2a, 6, 0x0a, 1,    'P',  0x98, 6,    5 };
    json_t *json;
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, BYTES(payload), &json), E_OK);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "{\"title\":\"x\",\"partners\":[{\"name\":\"P\"}],\"unknown_fields\":3}");
    free(text);
    json_decref(json);
}

static void what_does_not_decode_is_malformed_and_shows_nothing(void **state)
{
    (void)state;
    static const uint8_t cut[] = { 0x22, 5, 'x' }, broken[] = { 0x22, 1, 0xff }, nul[] = { 0x22, 1, 0 };
    json_t *json;
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, BYTES(cut), &json), E_MALFORMED);
    assert_null(json);
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, BYTES(broken), &json), E_MALFORMED);
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, BYTES(nul), &json), E_MALFORMED);
    assert_null(json);
}

static void an_unknown_type_is_not_shown(void **state)
{
    (void)state;
    json_t *json;
    assert_int_equal(payload_to_json(0, bytes_of("", 0), &json), E_NOT_FOUND);
    assert_int_equal(payload_to_json(998, bytes_of("", 0), &json), E_NOT_FOUND);
    assert_null(json);
}

static void an_empty_payload_says_nothing(void **state)
{
    (void)state;
    json_t *json;
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, bytes_of("", 0), &json), E_OK);
    assert_int_equal(json_object_size(json), 0);
    json_decref(json);
}

static void a_list_shows_its_defaults_too(void **state)
{
    (void)state;
    assert_shown(TYPE_ENGAGEMENT,
                 "{\"themes\":[\"unspecified\",\"water\"],\"partners\":[{},{\"name\":\"b\"}]}",
                 "{\"partners\":[{},{\"name\":\"b\"}],\"themes\":[\"unspecified\",\"water\"]}");
}

static void what_would_take_too_much_memory_is_not_shown(void **state)
{
    (void)state;
    /* parties without anything in them: two bytes each, some hundred once decoded */
    AUTO(buf_clear) struct buf payload = { 0 };
    json_t *json;
    while (payload.len < MAX_PAYLOAD_BYTES)
        buf_u16(&payload, 0x2a00);
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, buf_view(&payload), &json), E_TOO_BIG);
    assert_null(json);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(every_kind_of_field_is_shown_as_it_was_written),
        cmocka_unit_test(an_engagement_id_is_read_as_crockford_and_shown_as_hex),
        cmocka_unit_test(an_unknown_enum_value_is_shown_as_its_number_and_taken_as_one),
        cmocka_unit_test(words_are_taken_with_dashes_or_underscores),
        cmocka_unit_test(numbers_past_what_json_libraries_hold_are_texts),
        cmocka_unit_test(what_is_empty_or_zero_is_not_stated),
        cmocka_unit_test(a_date_that_is_none_is_shown_as_its_digits),
        cmocka_unit_test(unknown_fields_are_left_out_and_counted),
        cmocka_unit_test(what_does_not_decode_is_malformed_and_shows_nothing),
        cmocka_unit_test(an_unknown_type_is_not_shown),
        cmocka_unit_test(an_empty_payload_says_nothing),
        cmocka_unit_test(a_list_shows_its_defaults_too),
        cmocka_unit_test(what_would_take_too_much_memory_is_not_shown),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
