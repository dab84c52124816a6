#include "hubd/view/shown.h"

#include "view_bench.h"

static void a_row_shows_what_was_said(void **state)
{
    (void)state;
    struct said said = oiso();
    said.dataset = "table";
    log_say(&record_log, &dayton, said);
    catch_up(1000);
    json_t *answer = ask((struct view_query){ .fields = "all" });
    json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    json_t *wanted = json_pack(
        "{s[s] s[s] ss ss sn ss ss ss s[ss] si si s[] s[{ss ss}] si sn ss}", "partners", "Oiso", "countries",
        "JP", "state", "US-OH", "start", "1968", "end", "kind", "sister_relation", "status", "active", "by",
        "us-oh-dayton", "themes", "culture-arts", "education-youth", "seq", 1, "position", 8, "flags", "us",
        "geoid", "3921000", "name", "Dayton", "year", 1968, "url", "verification", "self_reported");
    const char *key;
    json_t *value;
    json_object_foreach(wanted, key, value)
    {
        if (!json_equal(json_object_get(row, key), value))
            fail_msg("%s is %s", key, json_dumps(json_object_get(row, key), JSON_ENCODE_ANY));
    }
    const char *ref = json_string_value(json_object_get(row, "ref"));
    assert_int_equal(strlen(ref), strlen("us-oh-dayton/1@01234567"));
    assert_memory_equal(ref, "us-oh-dayton/1@", 15);
    const char *id = json_string_value(json_object_get(row, "id"));
    assert_int_equal(strlen(id), 26);
    char question[40];
    snprintf(question, sizeof question, "id:%.8s", id);
    assert_int_equal(total(question), 1);
    json_decref(wanted);
    json_decref(answer);
}

static void the_usual_fields_come_in_their_order(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    json_t *answer = ask((struct view_query){ 0 });
    char names[256] = "";
    const char *key;
    json_t *value;
    json_object_foreach(json_array_get(json_object_get(answer, "rows"), 0), key, value)
    {
        strcat(strcat(names, key), " ");
    }
    assert_string_equal(names, "id kind title partners countries state start end status by ref ");
    json_decref(answer);
}

/* ---- columns */

static void columns_are_named_in_one_or_many_or_by_all(void **state)
{
    (void)state;
    struct columns columns;
    assert_int_equal(columns_parse("title", &columns), E_OK);
    assert_int_equal(columns.count, 1);
    assert_int_equal(columns_parse("seq,countries,country", &columns), E_OK);
    assert_int_equal(columns.count, 3);
    assert_string_equal(column_name(columns.list[0]), "seq");
    assert_string_equal(column_name(columns.list[2]), "countries"); /* its other name */
    struct columns usual, empty;
    assert_int_equal(columns_parse(NULL, &usual), E_OK);
    assert_int_equal(columns_parse("", &empty), E_OK);
    assert_memory_equal(&usual, &empty, sizeof usual);
    assert_int_equal(usual.count, 11);
    assert_int_equal(columns_parse("all", &columns), E_OK);
    assert_int_equal(columns.count, 27);
}

static void a_column_that_is_none_is_told_with_what_was_meant(void **state)
{
    (void)state;
    struct columns columns;
    static const struct {
        const char *text, *said;
    } wrong[] = {
        { "tilte", "did you mean title?" },
        { "seq,stat", "did you mean state?" },
        { "nothingofthekind", "see 'nodectl query --help'" },
        { "title,", "there is no field" },
        { ",title", "there is no field" },
        { "TITLE", "there is no field" },
        { "a-name-that-is-far-longer-than-any-name-of-a-field-could-ever-be-in-this-program",
          "there is no field" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(columns_parse(wrong[i].text, &columns), E_USAGE);
        assert_non_null(strstr(err_message(), wrong[i].said));
    }
}

static void there_is_an_end_to_columns(void **state)
{
    (void)state;
    struct columns columns;
    AUTO(buf_clear) struct buf text = { 0 };
    for (unsigned i = 0; i < 48; i++)
        buf_text(&text, i > 0 ? ",id" : "id");
    assert_int_equal(columns_parse(buf_string(&text), &columns), E_OK);
    buf_text(&text, ",id");
    assert_int_equal(columns_parse(buf_string(&text), &columns), E_TOO_BIG);
}

static void rows_are_sorted_by_what_has_an_order(void **state)
{
    (void)state;
    const struct column *column;
    bool descending = true;
    assert_int_equal(column_of_sort("title", &column, &descending), E_OK);
    assert_false(descending);
    assert_true(column_needs_statement(column));
    assert_int_equal(column_of_sort("-position", &column, &descending), E_OK);
    assert_true(descending);
    assert_false(column_needs_statement(column));
    static const char *const wrong[] = { "sources", "us", "-places", "-", "", "--title", "nothing" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(column_of_sort(wrong[i], &column, &descending), E_USAGE);
}

/* ---- loading */

static void open_snapshot(struct snapshot *snapshot)
{
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(snapshot_open(view, snapshot), E_OK);
}

static void a_row_may_be_loaded_without_its_statement(void **state)
{
    (void)state;
    AUTO(snapshot_close) struct snapshot snapshot;
    AUTO(shown_clear) struct shown shown = { 0 };
    open_snapshot(&snapshot);
    assert_int_equal(shown_load(&snapshot, 0, false, &shown), E_OK);
    assert_false(shown.readable);
    assert_null(shown.arena);
    assert_string_equal(shown.author.name, "us-oh-dayton");
    assert_string_equal(shown.facts.state, "US-OH");
    assert_int_equal(shown_load(&snapshot, 0, true, &shown), E_OK); /* one behind the other */
    assert_true(shown.readable);
    assert_string_equal(shown.engagement.title, "Dayton and Oiso");
    assert_int_equal(shown_load(&snapshot, 1, true, &shown), E_CORRUPT);
    assert_int_equal(shown_load(&snapshot, UINT32_MAX, false, &shown), E_CORRUPT);
}

static void what_has_no_value_sorts_last_and_numbers_sort_as_numbers(void **state)
{
    (void)state;
    AUTO(snapshot_close) struct snapshot snapshot;
    AUTO(shown_clear) struct shown shown = { 0 };
    struct columns columns;
    uint8_t key[MAX_SORT_KEY_BYTES], other[MAX_SORT_KEY_BYTES];
    open_snapshot(&snapshot);
    assert_int_equal(shown_load(&snapshot, 0, true, &shown), E_OK);
    assert_int_equal(columns_parse("title,network,seq,countries", &columns), E_OK);
    assert_int_equal(shown_key(&shown, columns.list[0], key), 16);
    assert_memory_equal(key, "\0dayton and oiso", 16);
    assert_int_equal(shown_key(&shown, columns.list[1], key), 1);
    assert_int_equal(key[0], 1);
    assert_int_equal(shown_key(&shown, columns.list[3], key), 3); /* the first of them */
    assert_memory_equal(key, "\0jp", 3);
    shown.row.seq = 9;
    size_t len = shown_key(&shown, columns.list[2], key);
    shown.row.seq = 10;
    assert_int_equal(shown_key(&shown, columns.list[2], other), len);
    assert_true(bytes_compare(bytes_of(key, len), bytes_of(other, len)) < 0);
}

static void a_key_is_never_longer_than_its_room(void **state)
{
    (void)state;
    AUTO(snapshot_close) struct snapshot snapshot;
    AUTO(shown_clear) struct shown shown = { 0 };
    struct columns columns;
    uint8_t key[MAX_SORT_KEY_BYTES + 1];
    char title[1000];
    open_snapshot(&snapshot);
    assert_int_equal(shown_load(&snapshot, 0, true, &shown), E_OK);
    assert_int_equal(columns_parse("title", &columns), E_OK);
    memset(title, 'T', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    shown.engagement.title = title;
    key[MAX_SORT_KEY_BYTES] = 0x55;
    assert_int_equal(shown_key(&shown, columns.list[0], key), MAX_SORT_KEY_BYTES);
    assert_int_equal(key[MAX_SORT_KEY_BYTES], 0x55);
}

static void what_cannot_be_read_shows_what_the_record_says(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    said_write(&(struct said){ .nonce = 5 }, &payload);
    buf_append(&payload, "\x22\x02\xff\xfe", 4); /* a title that is no UTF-8 */
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), false);
    catch_up(1000);
    json_t *answer = ask((struct view_query){ .fields = "all" });
    json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    static const char *const there[] = { "id",  "by",   "ref",      "accounts",      "flags",
                                         "seq", "time", "position", "reporting_name" };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_false(json_is_null(json_object_get(row, there[i])));
    size_t nulls = 0;
    const char *key;
    json_t *value;
    json_object_foreach(row, key, value)
    {
        nulls += json_is_null(value);
    }
    assert_int_equal(nulls, 27 - sizeof there / sizeof *there);
    json_decref(answer);
}

static void dates_are_shown_as_far_as_they_were_said(void **state)
{
    (void)state;
    static const uint32_t dates[] = { 0, 19680000, 19680400, 19680415, 19681301, 20 };
    for (unsigned i = 0; i < 6; i++)
        log_say(&record_log, &dayton, (struct said){ .nonce = i + 1, .kind = 1, .start = dates[i] });
    catch_up(1000);
    assert_string_equal(column((struct view_query){ .sort = "position" }, "start"),
                        "null \"1968\" \"1968-04\" \"1968-04-15\" \"19681301\" \"20\"");
    assert_string_equal(column((struct view_query){ .sort = "position" }, "year"),
                        "null 1968 1968 1968 null null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_row_shows_what_was_said),
        FACT(the_usual_fields_come_in_their_order),
        FACT(columns_are_named_in_one_or_many_or_by_all),
        FACT(a_column_that_is_none_is_told_with_what_was_meant),
        FACT(there_is_an_end_to_columns),
        FACT(rows_are_sorted_by_what_has_an_order),
        FACT(a_row_may_be_loaded_without_its_statement),
        FACT(what_has_no_value_sorts_last_and_numbers_sort_as_numbers),
        FACT(a_key_is_never_longer_than_its_room),
        FACT(what_cannot_be_read_shows_what_the_record_says),
        FACT(dates_are_shown_as_far_as_they_were_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
