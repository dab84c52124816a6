#include "app/importer_map.h"

#include "scratch.h"

#include "base/file.h"

#include <cmocka.h>

/* One row of a table, and a map for it. */
struct bench {
    struct map map;
    struct table table;
    json_t *target;
    struct buf leftover;
};

static void refuse_nothing(void *context, size_t line, const char *reason)
{
    (void)context;
    fail_msg("line %zu: %s", line, reason);
}

static int make_bench(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    char path[200];
    snprintf(path, sizeof path, "%s/table.tsv", scratch);
    assert_int_equal(file_write(path,
                                bytes_text("no\twhen\tguests\tempty\tlat\todd\tus\tthem\n"
                                           "7\t2024-05\tOiso\t\t35.3\tSan JosA(c)\t1\t0\n"),
                                0600),
                     E_OK);
    assert_int_equal(table_read(path, true, refuse_nothing, NULL, &b->table), E_OK);
    b->target = json_object();
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    map_clear(&b->map);
    table_clear(&b->table);
    json_decref(b->target);
    buf_clear(&b->leftover);
    free(b);
    return scratch_drop(state);
}

static enum err open_text(struct bench *b, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/map.json", scratch);
    assert_int_equal(file_write(path, bytes_text(text), 0600), E_OK);
    map_clear(&b->map);
    return map_open(path, "visits", &b->map);
}

/* ---- opening */

static void the_built_in_maps_are_whole(void **state)
{
    (void)state;
    static const char *const names[] = { "sister_relations", "network_memberships", "climate_disclosures",
                                         "foreign_missions_in_us", "curated_facts" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        AUTO(map_clear) struct map map;
        assert_int_equal(map_open(NULL, names[i], &map), E_OK);
        assert_string_equal(map.name, names[i]);
        assert_string_equal(map_text(&map, "table"), names[i]);
        assert_string_equal(map_text(&map, "no such member"), "");
        assert_string_equal(map_text(&map, "columns"), ""); /* no text */
    }
}

static void a_table_that_nobody_knows_has_no_map(void **state)
{
    struct bench *b = *state;
    assert_int_equal(map_open(NULL, "visits", &b->map), E_NOT_FOUND);
    assert_non_null(strstr(err_message(), "\"visits\""));
    assert_int_equal(map_open("/nowhere/map.json", "sister_relations", &b->map), E_NOT_FOUND);
    assert_int_equal(map_open(scratch, "sister_relations", &b->map), E_IO);
}

static void a_map_that_is_no_json_is_refused_with_its_line(void **state)
{
    struct bench *b = *state;
    assert_int_equal(open_text(b, "{\n\"key\": \"{no}\",\n\"engagement\": {,}\n}\n"), E_USAGE);
    assert_non_null(strstr(err_message(), "map.json:3: "));
    assert_int_equal(open_text(b, ""), E_USAGE);
    assert_non_null(strstr(err_message(), "map.json:1: "));
    assert_int_equal(open_text(b, "{\"key\":\"a\",\n\"key\":\"b\",\"engagement\":{}}"), E_USAGE);
    assert_non_null(strstr(err_message(), "map.json:2: duplicate"));
    assert_int_equal(open_text(b, "{\"key\":\"a\xff\",\"engagement\":{}}"), E_USAGE);
}

static void a_map_needs_a_key_and_an_engagement(void **state)
{
    struct bench *b = *state;
    static const char *const wrong[] = { "{}", "[]", "{\"key\":\"{no}\"}", "{\"engagement\":{}}",
                                         "{\"key\":\"{no}\",\"engagement\":[]}" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(open_text(b, wrong[i]), E_USAGE);
        assert_non_null(strstr(err_message(), "expected the members \"key\" and \"engagement\""));
    }
    assert_int_equal(open_text(b, "{\"key\":\"{no}\",\"engagement\":{}}"), E_OK);
}

static void a_map_past_a_mebibyte_is_too_big(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf text = { 0 };
    buf_text(&text, "{\"key\":\"{no}\",\"engagement\":{}}");
    while (text.len <= 1 << 20)
        buf_u8(&text, ' ');
    assert_int_equal(open_text(b, buf_string(&text)), E_TOO_BIG);
}

static void columns_that_the_map_names_must_be_there(void **state)
{
    struct bench *b = *state;
    assert_int_equal(open_text(b, "{\"key\":\"k\",\"engagement\":{},\"columns\":[\"no\",\"lat\"]}"), E_OK);
    assert_int_equal(map_check(&b->map, &b->table), E_OK);
    assert_int_equal(open_text(b, "{\"key\":\"k\",\"engagement\":{},\"columns\":[\"no\",\"long\"]}"), E_OK);
    assert_int_equal(map_check(&b->map, &b->table), E_USAGE);
    assert_non_null(strstr(err_message(), "map.json: the table has no column \"long\""));
}

static void columns_that_are_required_must_not_be_empty(void **state)
{
    struct bench *b = *state;
    const struct row *row = &b->table.rows[0];
    assert_int_equal(open_text(b, "{\"key\":\"k\",\"engagement\":{},\"require\":[\"no\",\"lat\"]}"), E_OK);
    assert_int_equal(map_require(&b->map, &b->table, row), E_OK);
    assert_int_equal(open_text(b, "{\"key\":\"k\",\"engagement\":{},\"require\":[\"no\",\"empty\"]}"), E_OK);
    assert_int_equal(map_require(&b->map, &b->table, row), E_USAGE);
    assert_string_equal(err_message(), "the column empty is empty");
    assert_int_equal(open_text(b, "{\"key\":\"k\",\"engagement\":{},\"require\":[\"none\"]}"), E_OK);
    assert_int_equal(map_require(&b->map, &b->table, row), E_USAGE);
}

/* ---- templates */

static void assert_filled(struct bench *b, const char *templates, const char *expected)
{
    AUTO(buf_clear) struct buf out = { 0 };
    json_t *json = json_loads(templates, JSON_DECODE_ANY, NULL);
    map_fill(json, &b->table, &b->table.rows[0], &out);
    assert_string_equal(buf_string(&out), expected);
    json_decref(json);
}

static void a_template_is_filled_whole_or_not_at_all(void **state)
{
    struct bench *b = *state;
    assert_filled(b, "\"plain\"", "plain");
    assert_filled(b, "\"Visit {no} from {guests}!\"", "Visit 7 from Oiso!");
    assert_filled(b, "\"{no}{no}\"", "77");
    assert_filled(b, "\"{guests} and {empty}\"", "");
    assert_filled(b, "\"{no such column}\"", "");
    assert_filled(b, "\"an {open brace\"", "an {open brace");
    assert_filled(b, "\"}{\"", "}{");
    assert_filled(b, "\"{}\"", "");
    assert_filled(b, "\"\"", "");
    assert_filled(b, "[\"{empty}\",\"{guests}\",\"{no}\"]", "Oiso");
    assert_filled(b, "[\"{empty}\"]", "");
    assert_filled(b, "[7,\"{no}\"]", "7");
    assert_filled(b, "7", "");
    assert_filled(b, "null", "");
}

/* ---- rules */

static enum err apply(struct bench *b, const char *rules)
{
    json_error_t why;
    json_t *json = json_loads(rules, 0, &why);
    if (json == NULL)
        fail_msg("%s: %s", rules, why.text);
    json_object_clear(b->target);
    b->leftover.len = 0;
    enum err err = map_apply(&b->map, json, &b->table, &b->table.rows[0], b->target, &b->leftover);
    json_decref(json);
    return err;
}

static void assert_made(struct bench *b, const char *rules, const char *expected)
{
    if (apply(b, rules) != E_OK)
        fail_msg("%s: %s", rules, err_message());
    char *text = json_dumps(b->target, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_refused(struct bench *b, const char *rules, const char *why)
{
    assert_int_equal(apply(b, rules), E_USAGE);
    assert_string_equal(err_message(), why);
}

static void a_path_makes_what_is_missing_on_its_way(void **state)
{
    struct bench *b = *state;
    assert_made(b, "{\"title\":\"{guests}\",\"summary\":\"{empty}\"}", "{\"title\":\"Oiso\"}");
    assert_made(
        b, "{\"partners[0].name\":\"{guests}\",\"partners[0].point.lat\":\"1\",\"partners[1].name\":\"x\"}",
        "{\"partners\":[{\"name\":\"Oiso\",\"point\":{\"lat\":\"1\"}},{\"name\":\"x\"}]}");
    assert_made(b, "{\"listed[0]\":\"a\",\"listed[1]\":\"b\"}", "{\"listed\":[\"a\",\"b\"]}");
}

static void a_path_that_cannot_be_is_the_maps_mistake(void **state)
{
    struct bench *b = *state;
    char rules[400], deep[300];
    assert_refused(b, "{\"a[1]\":\"x\"}", "the map's path a[1] leaves out a place of its list");
    assert_int_equal(apply(b, "{\"a[-1]\":\"x\"}"), E_USAGE);
    assert_int_equal(apply(b, "{\"a[0\":\"x\"}"), E_USAGE);
    assert_int_equal(apply(b, "{\"a[]\":\"x\",\"a[1x]\":\"y\"}"), E_USAGE);
    assert_refused(b, "{\"a\":\"x\",\"a[0]\":\"y\"}", "the map's path a is no list");
    assert_refused(b, "{\"a\":\"x\",\"a.b\":\"y\"}", "the map's path b cannot be set");
    assert_refused(b, "{\"a\":\"x\",\"a[0].b\":\"y\"}", "the map's path b cannot be set");
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = i % 2 ? '.' : 'a';
    deep[127] = 0;
    snprintf(rules, sizeof rules, "{\"%s\":\"x\"}", deep);
    assert_int_equal(apply(b, rules), E_OK);
    deep[127] = '.';
    deep[128] = 0;
    snprintf(rules, sizeof rules, "{\"%s\":\"x\"}", deep);
    assert_int_equal(apply(b, rules), E_USAGE);
    assert_non_null(strstr(err_message(), "has more than 127 bytes"));
}

static void values_take_the_form_that_they_are_to_have(void **state)
{
    struct bench *b = *state;
    assert_made(b, "{\"a\":{\"from\":\"{when}\",\"as\":\"date\"}}", "{\"a\":\"2024-05\"}");
    assert_made(b, "{\"a\":{\"from\":\"{no}\",\"as\":\"integer\"}}", "{\"a\":7}");
    assert_made(b, "{\"a\":{\"from\":\"{when}\",\"as\":\"integer_prefix\"}}", "{\"a\":2024}");
    assert_made(b, "{\"a\":{\"from\":\"{lat}\",\"as\":\"microdegrees\"}}", "{\"a\":35300000}");
    assert_made(b, "{\"a\":{\"from\":\"-{lat}\",\"as\":\"microdegrees\"}}", "{\"a\":-35300000}");
    assert_made(b, "{\"a\":{\"from\":\"{lat}\",\"as\":\"tenths\"}}", "{\"a\":353}");
    assert_made(b, "{\"a\":{\"from\":\"{empty}\",\"as\":\"integer\"}}", "{}");
    assert_made(b, "{\"a\":{\"from\":\"9223372036854775807\",\"as\":\"integer\"}}",
                "{\"a\":9223372036854775807}");
    assert_made(b, "{\"a\":{\"from\":\"{guests}\",\"filled\":\"yes\"}}", "{\"a\":\"yes\"}");
    assert_made(b, "{\"a\":{\"from\":\"{empty}\",\"filled\":\"yes\"}}", "{}");
}

static void what_does_not_have_its_form_refuses_the_row(void **state)
{
    struct bench *b = *state;
    static const char *const wrong[][3] = {
        { "2024-13", "date", "is not a date like 2014, 2014-06 or 2014-06-17" },
        { "May 2024", "date", "is not a date like 2014, 2014-06 or 2014-06-17" },
        { "seven", "integer", "is not a whole number" },
        { "-7", "integer", "is not a whole number" },
        { "7.5", "integer", "is not a whole number" },
        { "9223372036854775808", "integer", "is not a whole number" },
        { "18446744073709551616", "integer", "is not a whole number" },
        { "x2018", "integer_prefix", "is not a whole number" },
        { "north", "microdegrees", "is not a number that fits" },
        { "35.3N", "microdegrees", "is not a number that fits" },
        { "0x10", "microdegrees", "is not a number that fits" },
        { " 1", "microdegrees", "is not a number that fits" },
        { "nan", "microdegrees", "is not a number that fits" },
        { "inf", "tenths", "is not a number that fits" },
        { "1e400", "tenths", "is not a number that fits" },
        { "2147.483648", "microdegrees", "is not a number that fits" },
        { "214748364.8", "tenths", "is not a number that fits" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char rules[200], why[200];
        snprintf(rules, sizeof rules, "{\"start\":{\"from\":\"%s\",\"as\":\"%s\"}}", wrong[i][0],
                 wrong[i][1]);
        snprintf(why, sizeof why, "start: \"%s\" %s", wrong[i][0], wrong[i][2]);
        assert_refused(b, rules, why);
    }
    assert_made(b, "{\"a\":{\"from\":\"2147.483647\",\"as\":\"microdegrees\"}}", "{\"a\":2147483647}");
}

static void a_form_that_there_is_not_is_the_maps_mistake(void **state)
{
    struct bench *b = *state;
    assert_refused(
        b, "{\"start\":{\"from\":\"{when}\",\"as\":\"dat\"}}",
        "start: the map's \"as\" is \"dat\": expected date, integer, integer_prefix, microdegrees or "
        "tenths");
}

static void what_may_be_of_another_form_is_kept_as_words(void **state)
{
    struct bench *b = *state;
    assert_made(b, "{\"a\":{\"from\":\"{guests}\",\"as\":\"date\",\"lenient\":true}}", "{}");
    assert_string_equal(buf_string(&b->leftover), "guests: Oiso");
    assert_refused(b, "{\"a\":{\"from\":\"{guests}\",\"as\":\"date\",\"lenient\":false}}",
                   "a: \"Oiso\" is not a date like 2014, 2014-06 or 2014-06-17");
}

static void words_become_codes_and_those_that_fit_none_are_kept(void **state)
{
    struct bench *b = *state;
    assert_int_equal(
        open_text(b, "{\"key\":\"k\",\"engagement\":{},\"words\":{\"places\":{\"Oiso\":\"JP\"}}}"), E_OK);
    assert_made(b, "{\"a\":{\"from\":\"{guests}\",\"words\":{\"Oiso\":\"JP\"}}}", "{\"a\":\"JP\"}");
    assert_made(b, "{\"a\":{\"from\":\"{guests}\",\"words\":\"places\"}}", "{\"a\":\"JP\"}");
    assert_string_equal(buf_string(&b->leftover), "");
    assert_made(
        b, "{\"a\":{\"from\":\"{no}\",\"words\":\"places\"},\"b\":{\"from\":\"{when}\",\"words\":{}}}", "{}");
    assert_string_equal(buf_string(&b->leftover), "no: 7; when: 2024-05");
    assert_made(b, "{\"a\":{\"from\":\"{no}\",\"words\":\"places\",\"partial\":true}}", "{}");
    assert_string_equal(buf_string(&b->leftover), "");
    assert_made(b, "{\"a\":{\"from\":\"{no}\",\"words\":\"places\",\"else\":true}}", "{\"a\":\"7\"}");
    assert_made(b, "{\"a\":{\"from\":\"{no}\",\"words\":\"no such table\"}}", "{}");
    assert_string_equal(buf_string(&b->leftover), "no: 7");
}

static void lists_come_of_one_cell_or_of_several(void **state)
{
    struct bench *b = *state;
    assert_made(b, "{\"a\":{\"from\":\"x; y;; z\",\"split\":\"; \"}}", "{\"a\":[\"x\",\"y;\",\"z\"]}");
    assert_made(b, "{\"a\":{\"from\":\";x;\",\"split\":\";\"}}", "{\"a\":[\"x\"]}");
    assert_made(b, "{\"a\":{\"from\":\"xy\",\"split\":\"\"}}", "{\"a\":[\"xy\"]}");
    assert_made(b, "{\"a\":{\"columns\":{\"us\":\"us_side\",\"them\":\"partner_side\"},\"equals\":\"1\"}}",
                "{\"a\":[\"us_side\"]}");
    assert_made(b, "{\"a\":{\"columns\":{\"us\":\"us_side\"}}}", "{\"a\":[]}");
}

/* ---- flags */

static void note_flag(void *context, const char *reason)
{
    struct buf *said = context;
    buf_printf(said, "%s\n", reason);
}

static void assert_flags(struct bench *b, const char *flags, const char *expected)
{
    AUTO(buf_clear) struct buf text = { 0 }, said = { 0 };
    buf_printf(&text, "{\"key\":\"k\",\"engagement\":{},\"flags\":%s}", flags);
    assert_int_equal(open_text(b, buf_string(&text)), E_OK);
    map_flags(&b->map, &b->table, &b->table.rows[0], note_flag, &said);
    assert_string_equal(buf_string(&said), expected);
}

static void what_is_odd_is_flagged_with_its_reason(void **state)
{
    struct bench *b = *state;
    assert_flags(b, "[]", "");
    assert_flags(b, "[{\"column\":\"empty\",\"empty\":true,\"reason\":\"none in {no}\"}]", "none in 7\n");
    assert_flags(b, "[{\"column\":\"no\",\"empty\":true,\"reason\":\"none\"}]", "");
    assert_flags(b, "[{\"column\":\"no\",\"empty\":false,\"reason\":\"some\"}]", "some\n");
    assert_flags(b, "[{\"column\":\"odd\",\"mojibake\":true,\"reason\":\"{odd}?\"}]", "San JosA(c)?\n");
    assert_flags(b, "[{\"column\":\"guests\",\"mojibake\":true,\"reason\":\"{odd}?\"}]", "");
    assert_flags(b, "[{\"column\":\"when\",\"not_number\":true,\"reason\":\"{when}?\"}]", "2024-05?\n");
    assert_flags(b, "[{\"column\":\"no\",\"not_number\":true,\"reason\":\"{no}?\"}]", "");
    assert_flags(b, "[{\"column\":\"guests\",\"is\":[\"Kyoto\",\"Oiso\"],\"reason\":\"again\"}]", "again\n");
    assert_flags(b, "[{\"column\":\"guests\",\"is\":[7,\"oiso\"],\"reason\":\"again\"}]", "");
    assert_flags(b, "[{\"column\":\"empty\",\"empty\":true,\"reason\":\"{empty}\"}]", "empty\n");
    assert_flags(b, "[{\"column\":\"none\",\"empty\":true,\"reason\":\"x\"},{\"empty\":true},7]", "");
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(the_built_in_maps_are_whole),
        FACT(a_table_that_nobody_knows_has_no_map),
        FACT(a_map_that_is_no_json_is_refused_with_its_line),
        FACT(a_map_needs_a_key_and_an_engagement),
        FACT(a_map_past_a_mebibyte_is_too_big),
        FACT(columns_that_the_map_names_must_be_there),
        FACT(columns_that_are_required_must_not_be_empty),
        FACT(a_template_is_filled_whole_or_not_at_all),
        FACT(a_path_makes_what_is_missing_on_its_way),
        FACT(a_path_that_cannot_be_is_the_maps_mistake),
        FACT(values_take_the_form_that_they_are_to_have),
        FACT(what_does_not_have_its_form_refuses_the_row),
        FACT(a_form_that_there_is_not_is_the_maps_mistake),
        FACT(what_may_be_of_another_form_is_kept_as_words),
        FACT(words_become_codes_and_those_that_fit_none_are_kept),
        FACT(lists_come_of_one_cell_or_of_several),
        FACT(what_is_odd_is_flagged_with_its_reason),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
