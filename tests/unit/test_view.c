#include "hubd/view/view.h"

#include <pthread.h>

#include "view_bench.h"

/* ---- what is found */

static void a_new_view_is_empty(void **state)
{
    (void)state;
    assert_int_equal(view_cursor(view), 0);
    assert_int_equal(total(""), 0);
    assert_int_equal(stat_of("log_size"), 0);
    catch_up(1000);
    assert_int_equal(total(""), 0);
    assert_int_equal(stat_of("records"), 8);
}

/* Of what Dayton says below. */
static const char *const finds_it[] = {
    "kind:sister_relation",
    "country:JP",
    "country:FR,JP",
    "state:OH",
    "theme:culture-arts",
    "theme:education-youth",
    "status:active",
    "verification:self_reported",
    "by:us-oh-dayton",
    "year:1968",
    "since:1968",
    "until:1968",
    "since:1968-05",
    "until:1968-03-01",
    "network:C40",
    "geoid:3921000",
    "dataset:sis-cities@1",
    "form:\"consulate general\"",
    "flag:none",
    "instrument:none",
    "oiso",
    "DAYTON oiso",
    "\"gardens and harbours\"",
    "-country:FR",
    "-flag:cdp",
    "kind:1",
    "country:JP -status:ended since:1960 until:1970 \"Dayton and Oiso\"",
};
static const char *const finds_nothing[] = {
    "kind:agreement",      "country:FR",          "country:none", "state:FL",         "theme:sport",
    "status:ended",        "by:us-fl-tampa",      "by:nobody",    "year:1969",        "since:1969",
    "until:1967",          "until:1967-12",       "network:none", "flag:no-geoid",    "ois",
    "\"Oiso and Dayton\"", "\"harbours Dayton\"", "-country:JP",  "country:JP -oiso", "country:JP country:FR",
};

static void what_is_said_is_found_by_every_term(void **state)
{
    (void)state;
    struct said said = oiso();
    said.network = "c40";
    said.form = "Consulate General";
    said.dataset = "sis-cities@1";
    said.summary = "A tie of gardens and harbours.";
    log_say(&record_log, &dayton, said);
    catch_up(1000);
    for (size_t i = 0; i < sizeof finds_it / sizeof finds_it[0]; i++)
        if (total(finds_it[i]) != 1)
            fail_msg("%s does not find it", finds_it[i]);
    for (size_t i = 0; i < sizeof finds_nothing / sizeof finds_nothing[0]; i++)
        if (total(finds_nothing[i]) != 0)
            fail_msg("%s finds it", finds_nothing[i]);
}

static void flags_say_what_is_odd(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .kind = 1, .title = "a", .us = "Somewhere" });
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .kind = 1, .title = "b", .countries = "ZZ" });
    log_say(&record_log, &dayton,
            (struct said){ .nonce = 3, .title = "c", .geoids = "5103000", .us_type = 11 });
    log_say(&record_log, &dayton, (struct said){ .nonce = 4, .title = "d", .start = 20201301 });
    log_say(&record_log, &dayton,
            (struct said){ .nonce = 5, .title = "e", .start = 20200000, .end = 20190000 });
    log_say(&record_log, &tampa, (struct said){ .nonce = 6, .title = "f" });
    record_log.time_ms += 2 * 86400000U;
    log_say(&record_log, &dayton, (struct said){ .nonce = 7, .title = "g" });
    log_tick(&record_log);
    log_say(&record_log, &dayton, (struct said){ .nonce = 8, .title = "h" });
    uint64_t now_ms = record_log.time_ms;
    record_log.time_ms = 1;
    log_say(&record_log, &dayton, (struct said){ .nonce = 9, .title = "i" });
    record_log.time_ms = now_ms;
    catch_up(1000);
    assert_string_equal(titles("flag:no-country"), "\"a\"");
    assert_string_equal(titles("flag:no-geoid"), "\"f\" \"a\"");
    assert_string_equal(titles("flag:unknown-country"), "\"b\"");
    assert_string_equal(titles("flag:cdp"), "\"c\"");
    assert_string_equal(titles("flag:bad-date"), "\"e\" \"d\"");
    assert_string_equal(titles("flag:clock"), "\"i\" \"g\"");
    assert_string_equal(titles("flag:none"), "\"h\"");
    assert_int_equal(stat_of("flagged"), 8);
}

static void the_state_is_the_partys_or_the_authors(void **state)
{
    (void)state;
    log_say(&record_log, &dayton,
            (struct said){ .nonce = 1, .title = "region", .regions = "US-KY", .geoids = "39" });
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .title = "geoid", .geoids = "0667000" });
    log_say(&record_log, &dayton, (struct said){ .nonce = 3, .title = "author" });
    log_say(&record_log, &tampa, (struct said){ .nonce = 4, .title = "name" });
    log_say(&record_log, &record_log.hub, (struct said){ .nonce = 5, .title = "none", .us = "Portland" });
    log_say(&record_log, &tampa, (struct said){ .nonce = 6, .title = "two", .regions = "US-WA|US-OR|US-WA" });
    log_say(&record_log, &tampa, (struct said){ .nonce = 7, .title = "reporter", .standing = 2 });
    catch_up(1000);
    assert_string_equal(titles("state:KY"), "\"region\"");
    assert_string_equal(titles("state:CA"), "\"geoid\"");
    assert_string_equal(titles("state:OH"), "\"author\"");
    assert_string_equal(titles("state:FL"), "\"name\"");
    assert_string_equal(titles("state:none"), "\"reporter\" \"none\"");
    assert_string_equal(titles("state:WA"), "\"two\"");
    assert_string_equal(column((struct view_query){ .text = "state:OR" }, "state"), "\"US-WA,US-OR\"");
    assert_string_equal(column((struct view_query){ .text = "state:OH" }, "reporting_name"),
                        "\"The office of us-oh-dayton\"");
}

static void wrong_words_are_told(void **state)
{
    (void)state;
    struct view_query wrong[] = { { .text = "contry:JP" },    { .fields = "tilte" },
                                  { .sort = "sources" },      { .sort = "nothing" },
                                  { .group_by = "titel" },    { .group_by = "kind,kind" },
                                  { .group_by = "kind,a,b" }, { .cursor = "not ours!" },
                                  { .cursor = "AQ" },         { .group_by = "word" },
                                  { .fields = "id,,kind" } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *answer;
        assert_int_equal(view_query(view, &wrong[i], &answer), E_USAGE);
        assert_null(answer);
    }
}

/* ---- order and pages */

/* The titles of all pages, each ended by a bar. */
static char *page_through(struct view_query query, unsigned grow)
{
    static char text[16384];
    char cursor[VIEW_CURSOR_BYTES] = "";
    size_t n = 0;
    text[0] = '\0';
    for (unsigned round = 0; round < 100; round++) {
        query.cursor = cursor;
        query.fields = "title";
        json_t *answer = ask(query), *row;
        size_t i;
        json_array_foreach(json_object_get(answer, "rows"), i, row)
        {
            const char *title = json_string_value(json_object_get(row, "title"));
            n += (size_t)snprintf(text + n, sizeof text - n, "%s ", title);
        }
        const char *next = json_string_value(json_object_get(answer, "cursor"));
        snprintf(cursor, sizeof cursor, "%s", next != NULL ? next : "");
        json_decref(answer);
        if (cursor[0] == '\0')
            return text;
        for (unsigned k = 0; k < grow; k++)
            log_say(&record_log, &tampa, (struct said){ .nonce = 9000 + round, .title = "late" });
        catch_up(1000);
    }
    fail_msg("the pages do not end");
    return text;
}

static void pages_show_each_row_once(void **state)
{
    (void)state;
    say_many(60);
    catch_up(1000);
    struct view_query orders[] = { { 0 },
                                   { .sort = "title" },
                                   { .sort = "-title" },
                                   { .sort = "start" },
                                   { .sort = "-start" },
                                   { .sort = "countries" },
                                   { .sort = "position" },
                                   { .sort = "by" } };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        orders[i].text = "by:us-oh-dayton,austin";
        AUTO(free_ptr) char *whole = strdup(page_through(orders[i], 0));
        assert_int_equal(strlen(whole), 60 * 5);
        for (size_t limit = 1; limit < 70; limit += 13) {
            orders[i].limit = limit;
            assert_string_equal(page_through(orders[i], 0), whole);
        }
    }
}

static void pages_hold_while_the_log_grows(void **state)
{
    (void)state;
    say_many(20);
    catch_up(1000);
    AUTO(free_ptr) char *whole = strdup(page_through((struct view_query){ 0 }, 0));
    assert_string_equal(page_through((struct view_query){ .limit = 3 }, 1), whole);
}

static void rows_come_newest_first_or_sorted(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .title = "beta", .start = 20100000 });
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .title = "Alpha" });
    log_say(&record_log, &dayton, (struct said){ .nonce = 3, .title = "gamma", .start = 19900000 });
    catch_up(1000);
    assert_string_equal(titles(""), "\"gamma\" \"Alpha\" \"beta\"");
    assert_string_equal(column((struct view_query){ .sort = "title" }, "title"),
                        "\"Alpha\" \"beta\" \"gamma\"");
    assert_string_equal(column((struct view_query){ .sort = "-title" }, "title"),
                        "\"gamma\" \"beta\" \"Alpha\"");
    /* What has no start comes last either way. */
    assert_string_equal(column((struct view_query){ .sort = "start" }, "title"),
                        "\"gamma\" \"beta\" \"Alpha\"");
    assert_string_equal(column((struct view_query){ .sort = "-start" }, "title"),
                        "\"beta\" \"gamma\" \"Alpha\"");
}

/* ---- export */

struct exported {
    uint64_t positions[64];
    size_t count;
};

static void keep(void *context, const struct view_statement *statement)
{
    struct exported *exported = context;
    exported->positions[exported->count++] = statement->position;
}

static void an_export_names_each_standing_statement_once(void **state)
{
    (void)state;
    say_many(20);
    log_say(&record_log, &dayton, (struct said){ .nonce = 101, .title = "amended" });
    log_retract(&record_log, &dayton, (struct said){ .nonce = 102 });
    catch_up(1000);
    for (size_t limit = 0; limit < 25; limit += 6) {
        struct exported exported = { .count = 0 };
        char cursor[VIEW_CURSOR_BYTES] = "";
        uint64_t sum;
        do
            assert_int_equal(
                view_export(view, "by:us-oh-dayton,austin", cursor, limit, keep, &exported, cursor, &sum),
                E_OK);
        while (cursor[0] != '\0');
        assert_int_equal(sum, 19);
        assert_int_equal(exported.count, 19);
        assert_int_equal(exported.positions[0], 8);
        assert_int_equal(exported.positions[1], 28); /* the amendment stands where the engagement is */
    }
}

/* ---- opening */

static void a_view_that_is_opened_again_goes_on(void **state)
{
    (void)state;
    bool more;
    say_everything(100);
    assert_int_equal(view_advance(view, 30, &more), E_OK);
    assert_true(more);
    open_view();
    assert_int_equal(view_cursor(view), 30);
    catch_up(1000);
    AUTO(free_ptr) char *first = digest();
    drop_view();
    catch_up(1000);
    AUTO(free_ptr) char *again = digest();
    assert_string_equal(again, first);
}

static void a_view_of_another_log_is_thrown_away(void **state)
{
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    view_close(&view);
    log_close(&record_log);
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s/store'", scratch);
    assert_int_equal(system(command), 0);
    log_open(&record_log);
    open_view();
    assert_int_equal(view_cursor(view), 0);
    assert_int_equal(total(""), 0);
    (void)state;
}

static void a_view_ahead_of_its_log_is_thrown_away(void **state)
{
    (void)state;
    char command[400];
    log_commit(&record_log);
    view_close(&view);
    store_close(&record_log.store);
    snprintf(command, sizeof command, "cp -r '%s/store' '%s/backup'", scratch, scratch);
    assert_int_equal(system(command), 0);
    struct store_options options = { .map_bytes = 1ULL << 32, .log = true };
    char path[200];
    snprintf(path, sizeof path, "%s/store", scratch);
    options.folder = path;
    assert_int_equal(store_open(&options, &record_log.store), E_OK);
    open_view();
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);

    view_close(&view);
    store_close(&record_log.store);
    snprintf(path, sizeof path, "%s/backup", scratch);
    assert_int_equal(store_open(&options, &record_log.store), E_OK);
    open_view();
    assert_int_equal(view_cursor(view), 0);
}

static void a_broken_file_is_thrown_away(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    view_close(&view);
    char path[200];
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (int i = 0; i < 8192; i++)
        fputc('x', file);
    fclose(file);
    open_view();
    assert_int_equal(view_cursor(view), 0);
    catch_up(1000);
    assert_int_equal(total(""), 1);
}

static void a_full_map_stops_the_view_and_loses_nothing(void **state)
{
    (void)state;
    bool more = true;
    view_close(&view);
    assert_int_equal(view_open(folder, 40 * 4096, record_log.store, &view), E_OK);
    say_everything(600);
    enum err code = E_OK;
    for (int i = 0; i < 1000 && more && code == E_OK; i++)
        code = view_advance(view, 50, &more);
    assert_int_equal(code, E_FULL);
    uint64_t held = view_cursor(view);
    assert_true(held > 0 && held < record_log.size);
    open_view();
    assert_int_equal(view_cursor(view), held);
    catch_up(1000);
    AUTO(free_ptr) char *first = digest();
    drop_view();
    catch_up(1000);
    AUTO(free_ptr) char *again = digest();
    assert_string_equal(again, first);
}

/* ---- damage, and many at once */

static void a_damaged_piece_is_no_answer_and_the_view_is_made_anew(void **state)
{
    (void)state;
    bool more;
    json_t *answer;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    damage_all();
    open_view();
    assert_int_equal(view_query(view, &(struct view_query){ 0 }, &answer), E_CORRUPT);
    assert_non_null(strstr(err_message(), "checksum"));
    log_say(&record_log, &tampa, oiso());
    log_commit(&record_log);
    assert_int_equal(view_advance(view, 1000, &more), E_CORRUPT);
    assert_non_null(strstr(err_message(), "checksum"));
    assert_int_equal(view_advance(view, 1000, &more), E_CORRUPT);
    assert_int_equal(view_query(view, &(struct view_query){ 0 }, &answer), E_CORRUPT);
    open_view();
    assert_int_equal(view_cursor(view), 0);
    catch_up(1000);
    assert_int_equal(total(""), 2);
}

static _Atomic bool done;

/* Asks until the writer is done; each answer must add up by itself and be no older than the one before. */
static void *keep_asking(void *context)
{
    long long last = 0;
    (void)context;
    while (!done) {
        struct view_query query = { .group_by = "kind" };
        json_t *answer, *group;
        long long sum = 0;
        size_t i;
        if (view_query(view, &query, &answer) != E_OK)
            return "failed";
        json_array_foreach(json_object_get(answer, "groups"), i, group)
        {
            sum += json_integer_value(json_object_get(group, "count"));
        }
        long long size = json_integer_value(json_object_get(answer, "log_size"));
        bool good = sum == json_integer_value(json_object_get(answer, "total")) && size >= last;
        last = size;
        json_decref(answer);
        if (!good)
            return "does not add up";
    }
    return NULL;
}

static void readers_see_whole_batches_while_it_advances(void **state)
{
    (void)state;
    pthread_t readers[2];
    bool more = true;
    say_everything(600);
    done = false;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, keep_asking, NULL), 0);
    while (more)
        assert_int_equal(view_advance(view, 10, &more), E_OK);
    done = true;
    for (size_t i = 0; i < 2; i++) {
        void *trouble;
        pthread_join(readers[i], &trouble);
        if (trouble != NULL)
            fail_msg("%s", (const char *)trouble);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_new_view_is_empty),
        FACT(what_is_said_is_found_by_every_term),
        FACT(flags_say_what_is_odd),
        FACT(the_state_is_the_partys_or_the_authors),
        FACT(wrong_words_are_told),
        FACT(pages_show_each_row_once),
        FACT(pages_hold_while_the_log_grows),
        FACT(rows_come_newest_first_or_sorted),
        FACT(an_export_names_each_standing_statement_once),
        FACT(a_view_that_is_opened_again_goes_on),
        FACT(a_view_of_another_log_is_thrown_away),
        FACT(a_view_ahead_of_its_log_is_thrown_away),
        FACT(a_broken_file_is_thrown_away),
        FACT(a_full_map_stops_the_view_and_loses_nothing),
        FACT(a_damaged_piece_is_no_answer_and_the_view_is_made_anew),
        FACT(readers_see_whole_batches_while_it_advances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
