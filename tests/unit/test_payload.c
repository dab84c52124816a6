#include "app/payload.h"

#include "payload_help.h"

#include "app/payload_fields.h"
#include "base/limits.h"

#define ROUNDS 300

static void assert_refused(const char *text, const char *why)
{
    AUTO(buf_clear) struct buf out = { 0 };
    assert_int_equal(from_text(TYPE_ENGAGEMENT, text, &out), E_USAGE);
    assert_string_equal(err_message(), why);
    assert_int_equal(out.len, 0);
}

/* ---- what is said comes back */

static void the_golden_payloads_come_back_byte_for_byte(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json"), *record;
    size_t i, read = 0;
    json_array_foreach(json_object_get(vectors, "feed"), i, record)
    {
        AUTO(buf_clear) struct buf payload = { 0 }, again = { 0 };
        uint32_t type = (uint32_t)vector_number(record, "payload_type");
        json_t *json;
        vector_bytes(record, "payload", &payload);
        if (statement_type(type) == NULL)
            continue;
        assert_int_equal(payload_to_json(type, buf_view(&payload), &json), E_OK);
        assert_int_equal(payload_from_json(type, json, &again), E_OK);
        assert_true(bytes_equal(buf_view(&payload), buf_view(&again)));
        json_decref(json);
        read++;
    }
    assert_int_equal(read, 4);
    json_decref(vectors);
}

/* ---- any message of any type: made up by its descriptor, shown, and read again */

static uint32_t seed = 1;

static uint32_t draw(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static json_t *make_message(const ProtobufCMessageDescriptor *type);

static json_t *make_date(void)
{
    char text[16];
    uint32_t date = (1000 + draw(9000)) * 10000, precision = draw(3);
    date += precision > 0 ? (1 + draw(12)) * 100 : 0;
    date += precision > 1 ? 1 + draw(28) : 0;
    date_format(date, text);
    return json_string(text);
}

static json_t *make_text(const ProtobufCFieldDescriptor *field)
{
    static const char *const candidates[] = { "JP", "USD", "0644000", "\u014ciso \u4e94 \U0001f5fd" };
    const char *expected;
    for (size_t i = 0; i < 3; i++)
        if (field_accepts(field, candidates[i], &expected) && !field_accepts(field, "free text", &expected))
            return json_string(candidates[i]);
    return json_string(candidates[3]);
}

static json_t *make_hex(const ProtobufCFieldDescriptor *field)
{
    AUTO(buf_clear) struct buf hex = { 0 };
    size_t length = field_length(field) > 0 ? field_length(field) : 1 + draw(40);
    for (size_t i = 0; i < length; i++)
        buf_printf(&hex, "%02x", draw(256));
    return json_string(buf_string(&hex));
}

static json_t *make_word(const ProtobufCEnumDescriptor *type)
{
    char word[64];
    int value = draw(8) == 0 ? (int)(500 + draw(499)) : type->values[draw(type->n_values)].value;
    statement_word(type, value != 0 ? value : type->values[1].value, word, sizeof word);
    return json_string(word);
}

static json_t *make_value(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    if (field_is_date(type, field))
        return make_date();
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return make_text(field);
    case PROTOBUF_C_TYPE_BYTES:
        return make_hex(field);
    case PROTOBUF_C_TYPE_MESSAGE:
        return make_message(field->descriptor);
    case PROTOBUF_C_TYPE_ENUM:
        return make_word(field->descriptor);
    case PROTOBUF_C_TYPE_BOOL:
        return json_true();
    case PROTOBUF_C_TYPE_UINT64:
        return json_integer(draw(2) ? INT64_MAX : 1 + (json_int_t)draw(100));
    case PROTOBUF_C_TYPE_SINT64:
        return json_integer(draw(2) ? INT64_MIN : 1 + (json_int_t)draw(100));
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(draw(2) ? UINT32_MAX : 1 + draw(100));
    default:
        return json_integer(draw(2) ? INT32_MIN : INT32_MAX);
    }
}

static json_t *make_message(const ProtobufCMessageDescriptor *type)
{
    json_t *json = json_object();
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        bool leads = json_object_get(json, "nonce") != NULL && strcmp(field->name, "subject") == 0;
        if (draw(2) == 0 || leads)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            json_object_set_new(json, field->name, make_value(type, field));
            continue;
        }
        json_t *list = json_array();
        for (uint32_t n = 1 + draw(2); n > 0; n--)
            json_array_append_new(list, make_value(type, field));
        json_object_set_new(json, field->name, list);
    }
    return json;
}

static void any_payload_of_every_type_survives_the_round_trip(void **state)
{
    (void)state;
    size_t types = 0;
    for (uint32_t type = 0; type <= LAST_TYPE; type++) {
        if (statement_type(type) == NULL)
            continue;
        types++;
        for (int round = 0; round < ROUNDS; round++) {
            AUTO(buf_clear) struct buf payload = { 0 };
            json_t *said = make_message(statement_type(type)), *shown;
            if (payload_from_json(type, said, &payload) != E_OK)
                fail_msg("type %u: %s", type, err_message());
            assert_int_equal(payload_to_json(type, buf_view(&payload), &shown), E_OK);
            if (!json_equal(said, shown))
                fail_msg("type %u, round %d:\n%s\n%s", type, round, json_dumps(said, 0),
                         json_dumps(shown, 0));
            json_decref(said);
            json_decref(shown);
        }
    }
    assert_int_equal(types, 28);
}

static void a_payload_cut_anywhere_is_malformed_or_shorter_but_never_more(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        json_t *said = make_message(statement_type(TYPE_ENGAGEMENT)), *shown;
        assert_int_equal(payload_from_json(TYPE_ENGAGEMENT, said, &payload), E_OK);
        for (size_t len = 0; len < payload.len; len++) {
            uint8_t *exact = mem_copy(payload.data, len + 1);
            enum err err = payload_to_json(TYPE_ENGAGEMENT, bytes_of(exact, len), &shown);
            assert_true(err == E_OK || err == E_MALFORMED);
            assert_true((err == E_OK) == (shown != NULL));
            if (err == E_OK)
                assert_false(json_equal(said, shown));
            json_decref(shown);
            free(exact);
        }
        json_decref(said);
    }
}

/* ---- what is refused, and how it is said */

static void what_is_wrong_is_named_by_its_path(void **state)
{
    (void)state;
    assert_refused("[]", "expected an object with named members");
    assert_refused("{\"title\":5}", "title: expected a text");
    assert_refused("{\"title\":null}", "title: expected a text");
    assert_refused("{\"partners\":{}}", "partners: expected a list");
    assert_refused("{\"partners\":[[]]}", "partners[0]: expected an object with named members");
    assert_refused("{\"partners\":[{},{\"country\":\"Japan\"}]}",
                   "partners[1].country: expected two capital letters, such as JP");
    assert_refused("{\"us\":[{\"geoid\":\"644000\"}]}", "us[0].geoid: expected 2, 5, 7 or 10 digits");
    assert_refused("{\"value\":{\"currency\":\"usd\"}}",
                   "value.currency: expected three capital letters, such as USD");
    assert_refused("{\"value\":{\"estimated\":1}}", "value.estimated: expected true or false");
    assert_refused("{\"sources\":[{\"listed\":[\"us_side\",3]}]}", "sources[0].listed[1]: expected a word");
    assert_refused("{\"partners\":[{\"point\":{\"lat\":35.3}}]}",
                   "partners[0].point.lat: expected a whole number");
}

static void a_wrong_word_is_answered_with_the_nearest(void **state)
{
    (void)state;
    assert_refused("{\"kind\":\"sister_relations\"}",
                   "kind: \"sister_relations\" is no Kind; did you mean \"sister_relation\"?");
    assert_refused("{\"themes\":[\"watre\"]}", "themes[0]: \"watre\" is no Theme; did you mean \"water\"?");
    assert_refused("{\"status\":\"on the rocks\"}", "status: \"on the rocks\" is no Status");
    assert_refused("{\"partners\":[{\"contry\":\"JP\"}]}",
                   "partners[0].contry: there is no such field; did you mean \"country\"?");
    assert_refused("{\"zzzzzzzzzz\":1}", "zzzzzzzzzz: there is no such field");
    assert_refused("{\"kind\":\"1000\"}", "kind: \"1000\" is no Kind");
    assert_refused("{\"kind\":\"-1\"}", "kind: \"-1\" is no Kind");
}

static void impossible_dates_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "2023-02-30", "2023-13", "2023-00", "2023-1", "14-06",
                                         "20230101",   "0000",    "",        "soon",   "2023-06-00" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[80];
        AUTO(buf_clear) struct buf out = { 0 };
        snprintf(text, sizeof text, "{\"start\":\"%s\"}", wrong[i]);
        assert_int_equal(from_text(TYPE_ENGAGEMENT, text, &out), E_USAGE);
        assert_memory_equal(err_message(), "start: ", 7);
    }
    assert_refused("{\"agreement\":{\"signed\":20230101}}",
                   "agreement.signed: expected a date as text, such as \"2014-06\"");
    assert_refused("{\"start\":\"2023\\u0000\"}", "start: the text holds a NUL");
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"amends\":-1}", "amends: expected a whole number, 0 or more");
    assert_refused("{\"amends\":\"18446744073709551616\"}", "amends: expected a whole number, 0 or more");
    assert_refused("{\"amends\":\"+1\"}", "amends: expected a whole number, 0 or more");
    assert_refused("{\"sdg\":[4294967296]}", "sdg[0]: expected a number from 0 to 4294967295");
    assert_refused("{\"sdg\":[-1]}", "sdg[0]: expected a number from 0 to 4294967295");
    assert_refused("{\"partners\":[{\"point\":{\"lat\":2147483648}}]}",
                   "partners[0].point.lat: expected a number from -2147483648 to 2147483647");
}

static void ids_and_hashes_have_their_length(void **state)
{
    (void)state;
    static const char ids[] = ": expected 32 hex digits, or an id of 26 letters and digits";
    static const char *const wrong[] = { "00", "00112233445566778899aabbccddeef",
                                         "00112233445566778899aabbccddeefg",
                                         "00112233445566778899aabbccddeeff00", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[80], why[120];
        snprintf(text, sizeof text, "{\"nonce\":\"%s\"}", wrong[i]);
        snprintf(why, sizeof why, "nonce%s", ids);
        assert_refused(text, why);
    }
    assert_refused("{\"documents\":[{\"sha256\":\"00\"}]}", "documents[0].sha256: expected 64 hex digits");
    assert_refused("{\"nonce\":7}", "nonce: expected 32 hex digits, or an id of 26 letters and digits");
}

static void a_text_with_a_nul_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"title\":\"Day\\u0000ton\"}", "title: the text holds a NUL");
    assert_refused("{\"kind\":\"grant_award\\u0000\"}", "kind: the text holds a NUL");
    assert_refused("{\"nonce\":\"00112233445566778899aabbccddeeff\\u0000\"}", "nonce: the text holds a NUL");
}

static void a_statement_leads_or_follows_but_not_both(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    assert_refused(
        "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"subject\":\"00112233445566778899aabbccddeeff\"}",
        "subject: a statement has a nonce (its author leads) or a subject, not both");
    assert_accepted(TYPE_ENGAGEMENT, "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"subject\":\"\"}",
                    &out);
}

static void an_unknown_type_is_not_found(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    json_t *json;
    assert_int_equal(from_text(998, "{}", &out), E_NOT_FOUND);
    assert_int_equal(payload_to_json(0, bytes_of("", 0), &json), E_NOT_FOUND);
    assert_null(json);
}

static void a_statement_too_large_is_refused(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        AUTO(buf_clear) struct buf text = { 0 }, out = { 0 };
        /* a tag and three bytes of length */
        while (text.len < MAX_PAYLOAD_BYTES - 4 + over)
            buf_u8(&text, 'x');
        json_t *json = json_pack("{s:s}", "title", buf_string(&text));
        assert_int_equal(payload_from_json(TYPE_ENGAGEMENT, json, &out), over ? E_TOO_BIG : E_OK);
        assert_int_equal(out.len, over ? 0 : MAX_PAYLOAD_BYTES);
        json_decref(json);
    }
}

static void a_payload_that_would_blow_up_is_refused(void **state)
{
    (void)state;
    /* parties without anything in them: two bytes each, some hundred once decoded */
    AUTO(buf_clear) struct buf payload = { 0 };
    json_t *json;
    while (payload.len < MAX_PAYLOAD_BYTES)
        buf_u16(&payload, 0x2a00);
    assert_int_equal(payload_to_json(TYPE_ENGAGEMENT, buf_view(&payload), &json), E_TOO_BIG);
    assert_null(json);

    json_t *list = json_array();
    for (size_t i = 0; i < MAX_PAYLOAD_BYTES / 2; i++)
        json_array_append_new(list, json_object());
    json = json_pack("{s:o}", "partners", list);
    payload.len = 0;
    assert_int_equal(payload_from_json(TYPE_ENGAGEMENT, json, &payload), E_TOO_BIG);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(the_golden_payloads_come_back_byte_for_byte),
        cmocka_unit_test(any_payload_of_every_type_survives_the_round_trip),
        cmocka_unit_test(a_payload_cut_anywhere_is_malformed_or_shorter_but_never_more),
        cmocka_unit_test(what_is_wrong_is_named_by_its_path),
        cmocka_unit_test(a_wrong_word_is_answered_with_the_nearest),
        cmocka_unit_test(impossible_dates_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(ids_and_hashes_have_their_length),
        cmocka_unit_test(a_text_with_a_nul_is_refused),
        cmocka_unit_test(a_statement_leads_or_follows_but_not_both),
        cmocka_unit_test(an_unknown_type_is_not_found),
        cmocka_unit_test(a_statement_too_large_is_refused),
        cmocka_unit_test(a_payload_that_would_blow_up_is_refused),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
