#include "vectors.h"

#include "core/statement.h"

/* ---- types */

static void every_type_has_a_name_and_every_name_a_type(void **state)
{
    (void)state;
    size_t types = 0;
    for (uint32_t type = 0; type < 2000; type++) {
        const char *name = statement_type_name(type);
        assert_true((name != NULL) == (statement_type(type) != NULL));
        if (name == NULL)
            continue;
        assert_int_equal(statement_type_number(name), type);
        types++;
    }
    assert_int_equal(types, 28);
    assert_string_equal(statement_type_name(TYPE_ENGAGEMENT), "engagement");
    assert_string_equal(statement_type_name(TYPE_FORK), "fork");
    assert_int_equal(statement_type_number("engagements"), 0);
    assert_int_equal(statement_type_number(""), 0);
}

/* ---- enums: all that any payload can hold */

#define MAX_ENUMS 80

struct enums {
    const ProtobufCEnumDescriptor *list[MAX_ENUMS];
    size_t count;
};

static void add_enum(struct enums *enums, const ProtobufCEnumDescriptor *type)
{
    for (size_t i = 0; i < enums->count; i++)
        if (enums->list[i] == type)
            return;
    assert_true(enums->count < MAX_ENUMS);
    enums->list[enums->count++] = type;
}

static void find_enums(struct enums *enums, const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].type == PROTOBUF_C_TYPE_ENUM)
            add_enum(enums, type->fields[i].descriptor);
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            find_enums(enums, type->fields[i].descriptor);
    }
}

static struct enums all_enums(void)
{
    struct enums enums = { .count = 0 };
    for (uint32_t type = 0; type < 1000; type++)
        if (statement_type(type) != NULL)
            find_enums(&enums, statement_type(type));
    return enums;
}

static void every_word_is_plain_and_comes_back(void **state)
{
    (void)state;
    struct enums enums = all_enums();
    assert_true(enums.count > 40);
    for (size_t e = 0; e < enums.count; e++) {
        for (unsigned i = 0; i < enums.list[e]->n_values; i++) {
            char word[64];
            int value = enums.list[e]->values[i].value, back = -1;
            statement_word(enums.list[e], value, word, sizeof word);
            if (word[0] == 0 || strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(word) ||
                !statement_value(enums.list[e], word, &back) || back != value)
                fail_msg("%s %d: \"%s\" (%d)", enums.list[e]->name, value, word, back);
        }
    }
}

/* Nothing that is written may mean "not stated". */
static void zero_is_unspecified_but_where_it_is_a_state_of_its_own(void **state)
{
    (void)state;
    struct enums enums = all_enums();
    for (size_t e = 0; e < enums.count; e++) {
        char word[64];
        statement_word(enums.list[e], 0, word, sizeof word);
        assert_int_equal(strcmp(word, "unspecified") != 0,
                         strcmp(enums.list[e]->short_name, "DateQualifier") == 0);
    }
}

static void the_words_are_the_fields(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int value;
        const char *word;
    } rows[] = {
        { "Kind", 1, "sister_relation" },
        { "Kind", 18, "disclosure" },
        { "Theme", 6, "climate-environment" },
        { "Theme", 1, "trade-investment" },
        { "Status", 2, "active" },
        { "Role", 1, "lead" },
        { "PartyType", 12, "us_state" },
        { "Instrument", 3, "mou" },
        { "Verification", 5, "third_party_listed" },
        { "Kind", 899, "899" },
        { "Kind", -7, "-7" },
        { "Theme", 2147483647, "2147483647" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char word[64];
        statement_word(statement_enum(rows[i].type), rows[i].value, word, sizeof word);
        assert_string_equal(word, rows[i].word);
    }
    assert_null(statement_enum("kind"));
    assert_null(statement_enum(""));
}

static void words_are_taken_with_dashes_underscores_and_as_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *type, *word;
        int value; /* -1: none */
    } rows[] = {
        { "Kind", "sister_relation", 1 },
        { "Kind", "sister-relation", 1 },
        { "Theme", "climate_environment", 6 },
        { "Theme", "climate-environment", 6 },
        { "Kind", "7", 7 },
        { "Kind", "999", 999 },
        { "Kind", "0", 0 },
        { "Kind", "1000", -1 },
        { "Kind", "07", -1 },
        { "Kind", "-1", -1 },
        { "Kind", "", -1 },
        { "Kind", "KIND_SISTER_RELATION", -1 },
        { "Kind", "Sister_Relation", -1 },
        { "Kind", "sister relation", -1 },
        { "Kind", "sister_relation_", -1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int value = -1;
        assert_int_equal(statement_value(statement_enum(rows[i].type), rows[i].word, &value),
                         rows[i].value != -1);
        assert_int_equal(value, rows[i].value);
    }
    char word[400];
    int value;
    memset(word, 'a', sizeof word);
    word[sizeof word - 1] = 0;
    assert_false(statement_value(statement_enum("Kind"), word, &value));
}

static void a_word_is_cut_to_its_room(void **state)
{
    (void)state;
    char word[8];
    memset(word, 'x', sizeof word);
    statement_word(statement_enum("Kind"), 1, word, sizeof word);
    assert_string_equal(word, "sister_");
    statement_word(statement_enum("Kind"), 123456789, word, sizeof word);
    assert_string_equal(word, "1234567");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_name_and_every_name_a_type),
        cmocka_unit_test(every_word_is_plain_and_comes_back),
        cmocka_unit_test(zero_is_unspecified_but_where_it_is_a_state_of_its_own),
        cmocka_unit_test(the_words_are_the_fields),
        cmocka_unit_test(words_are_taken_with_dashes_underscores_and_as_numbers),
        cmocka_unit_test(a_word_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
