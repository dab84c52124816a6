#include "app/payload_fields.h"

#include "payload_help.h"

#include "statement.pb-c.h"

#define MAX_DEPTH 3

struct survey {
    unsigned depth, dates, free_blobs;
};

static void survey(const ProtobufCMessageDescriptor *type, unsigned depth, struct survey *out)
{
    assert_true(depth <= MAX_DEPTH); /* no recursion either */
    out->depth = depth > out->depth ? depth : out->depth;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            survey(field->descriptor, depth + 1, out);
        if (field->type == PROTOBUF_C_TYPE_BYTES && field_length(field) == 0) {
            assert_true(strcmp(field->name, "body") == 0 || strcmp(field->name, "proof") == 0 ||
                        strcmp(field->name, "note") == 0 || strcmp(field->name, "old_checkpoint") == 0);
            out->free_blobs++;
        }
    }
}

static void nothing_is_nested_deeper_than_three_messages(void **state)
{
    (void)state;
    struct survey all = { 0 };
    for (uint32_t type = 0; type <= LAST_TYPE; type++)
        if (statement_type(type) != NULL)
            survey(statement_type(type), 1, &all);
    assert_int_equal(all.depth, MAX_DEPTH);
    assert_true(all.free_blobs >= 4);
}

static unsigned count_dates(const ProtobufCMessageDescriptor *type)
{
    unsigned dates = 0;
    for (unsigned i = 0; i < type->n_fields; i++)
        dates += field_is_date(type, &type->fields[i]);
    return dates;
}

static void every_row_of_the_table_of_dates_is_a_field(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const with_dates[] = {
        &chancery__money__descriptor,       &chancery__source__descriptor,
        &chancery__document__descriptor,    &chancery__party__descriptor,
        &chancery__milestone__descriptor,   &chancery__outcome__descriptor,
        &chancery__agreement__descriptor,   &chancery__membership__descriptor,
        &chancery__declaration__descriptor, &chancery__grant__descriptor,
        &chancery__engagement__descriptor,  &chancery__attestation__descriptor,
        &chancery__notice__descriptor,      &chancery__decision__descriptor,
        &chancery__capacity__descriptor,    &chancery__partner__descriptor,
        &chancery__profile__descriptor,     &chancery__dataset__descriptor,
        &chancery__review__descriptor,      &chancery__retirement_body__descriptor,
        &chancery__delegation__descriptor,
    };
    unsigned dates = 0;
    for (size_t i = 0; i < sizeof with_dates / sizeof *with_dates; i++)
        dates += count_dates(with_dates[i]);
    assert_int_equal(dates, 35);
}

static void the_head_means_the_same_in_every_statement(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *head = &chancery__head__descriptor;
    for (uint32_t type = 1; type < 100; type++) {
        const ProtobufCMessageDescriptor *statement = statement_type(type);
        for (unsigned i = 0; statement != NULL && i < head->n_fields; i++) {
            const ProtobufCFieldDescriptor *expected = &head->fields[i];
            const ProtobufCFieldDescriptor *found =
                protobuf_c_message_descriptor_get_field(statement, expected->id);
            if (found == NULL)
                continue;
            assert_string_equal(found->name, expected->name);
            assert_int_equal(found->type, expected->type);
            assert_int_equal(found->label, expected->label);
            assert_ptr_equal(found->descriptor, expected->descriptor);
        }
    }
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *type, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
    assert_non_null(field);
    return field;
}

static void only_dates_are_dates(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *source = &chancery__source__descriptor;
    assert_true(field_is_date(source, field_of(source, "as_of")));
    assert_false(field_is_date(source, field_of(source, "label_year")));
    assert_false(field_is_date(source, field_of(source, "label")));
    const ProtobufCMessageDescriptor *outcome = &chancery__outcome__descriptor;
    assert_true(field_is_date(outcome, field_of(outcome, "date")));
    assert_false(field_is_date(outcome, field_of(outcome, "value")));
}

static void ids_and_hashes_have_their_length_and_bodies_any(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *engagement = &chancery__engagement__descriptor;
    assert_int_equal(field_length(field_of(engagement, "nonce")), 16);
    assert_int_equal(field_length(field_of(engagement, "subject")), 16);
    assert_int_equal(field_length(field_of(engagement, "title")), 0); /* no bytes */
    assert_int_equal(field_length(field_of(&chancery__document__descriptor, "sha256")), 32);
}

static void a_value_takes_the_room_that_its_type_has(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *engagement = &chancery__engagement__descriptor;
    assert_int_equal(field_value_size(field_of(engagement, "title")), sizeof(char *));
    assert_int_equal(field_value_size(field_of(engagement, "nonce")), sizeof(ProtobufCBinaryData));
    assert_int_equal(field_value_size(field_of(engagement, "partners")), sizeof(void *));
    assert_int_equal(field_value_size(field_of(engagement, "kind")), 4);
    assert_int_equal(field_value_size(field_of(engagement, "start")), 4);
    assert_int_equal(field_value_size(field_of(engagement, "amends")), 8);
    assert_int_equal(field_value_size(field_of(&chancery__money__descriptor, "amount")), 8);
    assert_int_equal(field_value_size(field_of(&chancery__money__descriptor, "estimated")),
                     sizeof(protobuf_c_boolean));
}

static void codes_have_their_form(void **state)
{
    (void)state;
    const ProtobufCFieldDescriptor *country = field_of(&chancery__party__descriptor, "country");
    const ProtobufCFieldDescriptor *geoid = field_of(&chancery__party__descriptor, "geoid");
    const ProtobufCFieldDescriptor *currency = field_of(&chancery__money__descriptor, "currency");
    const ProtobufCFieldDescriptor *name = field_of(&chancery__party__descriptor, "name");
    static const struct {
        const char *text;
        bool country, currency, geoid;
    } texts[] = {
        { "", true, true, true },
        { "JP", true, false, false },
        { "USD", false, true, false },
        { "jp", false, false, false },
        { "J1", false, false, false },
        { "39", false, false, true },
        { "390", false, false, false },
        { "39113", false, false, true },
        { "3921000", false, false, true },
        { "39210000", false, false, false },
        { "3911321000", false, false, true },
        { "391132100x", false, false, false },
        { "39113210001", false, false, false },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *expected = "";
        assert_int_equal(field_accepts(country, texts[i].text, &expected), texts[i].country);
        assert_true(texts[i].country || strcmp(expected, "two capital letters, such as JP") == 0);
        assert_int_equal(field_accepts(currency, texts[i].text, &expected), texts[i].currency);
        assert_true(texts[i].currency || strcmp(expected, "three capital letters, such as USD") == 0);
        assert_int_equal(field_accepts(geoid, texts[i].text, &expected), texts[i].geoid);
        assert_true(texts[i].geoid || strcmp(expected, "2, 5, 7 or 10 digits") == 0);
        assert_true(field_accepts(name, texts[i].text, &expected));
    }
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(nothing_is_nested_deeper_than_three_messages),
        cmocka_unit_test(every_row_of_the_table_of_dates_is_a_field),
        cmocka_unit_test(the_head_means_the_same_in_every_statement),
        cmocka_unit_test(only_dates_are_dates),
        cmocka_unit_test(ids_and_hashes_have_their_length_and_bodies_any),
        cmocka_unit_test(a_value_takes_the_room_that_its_type_has),
        cmocka_unit_test(codes_have_their_form),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
