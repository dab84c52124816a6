#include "hubd/view/view.h"

#include <pthread.h>

#include "view_log.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define MAP_BYTES (1ULL << 32)

static struct view_log record_log;
static struct voice dayton, tampa, austin;
static struct view *view;
static char folder[160];

static void open_view(void)
{
    view_close(&view);
    assert_int_equal(view_open(folder, MAP_BYTES, record_log.store, &view), E_OK);
}

static int setup(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/view", scratch);
    log_open(&record_log);
    log_join(&record_log, &dayton, "us-oh-dayton", "3921000", 2);
    log_join(&record_log, &tampa, "us-fl-tampa", "", 3);
    log_join(&record_log, &austin, "austin", "4805000", 4);
    log_commit(&record_log);
    open_view();
    return 0;
}

static int teardown(void **state)
{
    view_close(&view);
    log_close(&record_log);
    return scratch_drop(state);
}

/* ---- asking */

static void catch_up(size_t batch)
{
    bool more = true;
    log_commit(&record_log);
    while (more)
        assert_int_equal(view_advance(view, batch, &more), E_OK);
    assert_int_equal(view_cursor(view), record_log.size);
}

static json_t *ask(struct view_query query)
{
    json_t *answer;
    if (view_query(view, &query, &answer) != E_OK)
        fail_msg("'%s': %s", query.text, err_message());
    return answer;
}

static long long total(const char *text)
{
    json_t *answer = ask((struct view_query){ .text = text });
    long long sum = json_integer_value(json_object_get(answer, "total"));
    json_decref(answer);
    return sum;
}

/* The rows' values of a field, with spaces between. */
static const char *column(struct view_query query, const char *name)
{
    static char text[4096];
    size_t i, n = 0;
    json_t *row;
    query.fields = name;
    json_t *answer = ask(query);
    text[0] = '\0';
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        AUTO(free_ptr) char *value = json_dumps(json_object_get(row, name), JSON_ENCODE_ANY | JSON_COMPACT);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? " " : "", value);
    }
    json_decref(answer);
    return text;
}

static const char *titles(const char *text)
{
    return column((struct view_query){ .text = text }, "title");
}

static long long stat_of(const char *name)
{
    json_t *stats;
    assert_int_equal(view_stats(view, &stats), E_OK);
    long long value = json_integer_value(json_object_get(stats, name));
    json_decref(stats);
    return value;
}

static struct said oiso(void)
{
    return (struct said){ .nonce = 1,
                          .kind = 1,
                          .status = 2,
                          .title = "Dayton and Oiso",
                          .partner = "Oiso",
                          .countries = "JP",
                          .us = "Dayton",
                          .regions = "US-OH",
                          .geoids = "3921000",
                          .themes = { 3, 4 },
                          .start = 19680000 };
}

/* ---- facts */

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
    const char *const yes[] = {
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
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (total(yes[i]) != 1)
            fail_msg("%s does not find it", yes[i]);
    const char *const no[] = {
        "kind:agreement",
        "country:FR",
        "country:none",
        "state:FL",
        "theme:sport",
        "status:ended",
        "by:us-fl-tampa",
        "by:nobody",
        "year:1969",
        "since:1969",
        "until:1967",
        "until:1967-12",
        "network:none",
        "flag:no-geoid",
        "ois",
        "\"Oiso and Dayton\"",
        "\"harbours Dayton\"",
        "-country:JP",
        "country:JP -oiso",
        "country:JP country:FR",
    };
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (total(no[i]) != 0)
            fail_msg("%s finds it", no[i]);
}

static void an_amendment_replaces_the_terms(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    struct said later = oiso();
    later.countries = "JP|KR";
    later.status = 5;
    later.title = "Dayton and Busan";
    later.end = 20010000;
    log_say(&record_log, &dayton, later);
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("status:active"), 0);
    assert_int_equal(total("status:ended"), 1);
    assert_int_equal(total("country:KR country:JP"), 1);
    assert_int_equal(total("word:busan"), 1);
    assert_int_equal(total("year:1999"), 1);
    assert_string_equal(titles(""), "\"Dayton and Busan\"");
    assert_string_equal(column((struct view_query){ 0 }, "seq"), "2");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
}

static void a_retraction_takes_it_out_and_a_new_account_brings_it_back(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    log_retract(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 0);
    assert_int_equal(total("word:oiso"), 0);
    assert_int_equal(stat_of("withdrawn"), 1);
    assert_int_equal(stat_of("engagements"), 0);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total("word:oiso"), 1);
    assert_int_equal(stat_of("withdrawn"), 0);
}

static void two_leads_never_share_an_engagement(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 2);
    log_retract(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("by:us-oh-dayton"), 1);
}

static struct said about(const uint8_t id[static 16], const char *title)
{
    return (struct said){ .subject = id, .kind = 2, .title = title, .countries = "FR" };
}

static void others_are_counted_but_the_lead_stands(void **state)
{
    (void)state;
    uint8_t id[16];
    log_say(&record_log, &dayton, oiso());
    said_id(&dayton, 1, id);
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("country:FR"), 0);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "2");
    log_retract(&record_log, &tampa, about(id, ""));
    catch_up(1000);
    assert_int_equal(total("word:oiso"), 1);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
}

static void an_engagement_stands_on_others_until_its_lead_speaks(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &austin, about(id, "What Austin says"));
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    assert_int_equal(total("flag:no-lead"), 1);
    assert_string_equal(titles(""), "\"What Tampa says\"");
    log_retract(&record_log, &tampa, about(id, ""));
    catch_up(1000);
    assert_string_equal(titles(""), "\"What Austin says\"");
    log_retract(&record_log, &austin, about(id, ""));
    catch_up(1000);
    assert_int_equal(total(""), 0);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_string_equal(titles(""), "\"Dayton and Oiso\"");
    assert_int_equal(total("flag:no-lead"), 0);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
    /* Gone with its lead, whatever others say. */
    log_say(&record_log, &tampa, about(id, "Tampa again"));
    log_retract(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 0);
}

static void a_lead_that_first_spoke_as_another_is_one_account(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &dayton, about(id, "by subject"));
    catch_up(1000);
    assert_string_equal(titles("flag:no-lead"), "\"by subject\"");
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &dayton, about(id, "by subject again"));
    catch_up(1000);
    assert_string_equal(titles("-flag:no-lead"), "\"by subject again\"");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
}

static void a_retraction_of_nothing_does_nothing(void **state)
{
    (void)state;
    uint8_t id[16];
    log_say(&record_log, &dayton, oiso());
    said_id(&dayton, 1, id);
    log_retract(&record_log, &tampa, about(id, ""));
    log_retract(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(stat_of("no_effect"), 2);
    assert_int_equal(stat_of("retractions"), 0);
}

static void what_cannot_be_read_is_counted_and_named(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct said said = oiso();
    said_write(&said, &payload);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), true);
    log_put(&record_log, &dayton, KIND_STATEMENT, 77, buf_view(&payload), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, 3, buf_view(&payload), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, bytes_text("\xff\xff\xff"), false);
    log_put(&record_log, &dayton, KIND_FEDERATION, TYPE_ADMISSION, bytes_text(""), false);
    log_put(&record_log, &dayton, KIND_FEDERATION, 299, bytes_text(""), false);
    catch_up(1000);
    assert_int_equal(stat_of("withheld"), 1);
    assert_int_equal(stat_of("unknown_types"), 2);
    assert_int_equal(stat_of("no_effect"), 2);
    assert_int_equal(stat_of("undecodable"), 1);
    assert_int_equal(total(""), 0);
}

static void a_statement_that_names_its_subject_and_no_more_stands_flagged(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    said_write(&(struct said){ .nonce = 5 }, &payload);
    buf_append(&payload, "\x22\x02\xff\xfe", 4); /* a title that is no UTF-8 */
    log_say(&record_log, &dayton, (struct said){ .nonce = 5, .title = "before", .kind = 1 });
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), false);
    catch_up(1000);
    assert_int_equal(total("flag:unreadable by:us-oh-dayton kind:none"), 1);
    assert_int_equal(total("word:before"), 0);
    assert_string_equal(titles(""), "null");
    assert_string_equal(column((struct view_query){ 0 }, "flags"), "[\"unreadable\"]");
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

static void an_author_that_moves_is_indexed_anew(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .title = "one" });
    catch_up(1000);
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .title = "two" });
    log_admit(&record_log, &dayton.feed.author, "us-fl-daytona", "1216525", 1);
    log_say(&record_log, &dayton, (struct said){ .nonce = 3, .title = "three" });
    catch_up(1000);
    assert_int_equal(total("state:OH"), 0);
    assert_int_equal(total("by:us-oh-dayton"), 0);
    assert_int_equal(total("state:FL geoid:1216525 by:us-fl-daytona"), 3);
}

static void only_the_hub_admits(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct admission admission = { .jurisdiction = dayton.feed.author, .name = "us-ca-impostor" };
    admission_write(&admission, &payload);
    log_put(&record_log, &dayton, KIND_FEDERATION, TYPE_ADMISSION, buf_view(&payload), false);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total("by:us-ca-impostor"), 0);
    assert_int_equal(total("by:us-oh-dayton"), 1);
}

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

static void say_many(unsigned count)
{
    static const char *const countries[] = { "JP", "FR", "DE", "", "MX|CA" };
    for (unsigned i = 0; i < count; i++) {
        char title[32];
        snprintf(title, sizeof title, "T%03u", i * 37 % count);
        log_say(&record_log, i % 3 != 0 ? &dayton : &austin,
                (struct said){ .nonce = 100 + i,
                               .kind = (int)(1 + i % 4),
                               .title = title,
                               .countries = countries[i % 5],
                               .start = i % 7 != 0 ? (2000 + i % 20) * 10000 : 0 });
    }
}

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

/* ---- groups */

static long long group_count(json_t *groups, const char *field, const char *value)
{
    size_t i;
    json_t *group;
    json_array_foreach(groups, i, group)
    {
        if (strcmp(json_string_value(json_object_get(group, field)), value) == 0)
            return json_integer_value(json_object_get(group, "count"));
    }
    return 0;
}

static void groups_add_up(void **state)
{
    (void)state;
    say_many(60);
    catch_up(1000);
    const char *const single[] = { "kind", "state", "by", "flag", "status", "network", "verification" };
    for (size_t k = 0; k < sizeof single / sizeof single[0]; k++) {
        json_t *answer = ask((struct view_query){ .group_by = single[k] }), *group;
        long long sum = 0;
        size_t i;
        json_array_foreach(json_object_get(answer, "groups"), i, group)
        {
            sum += json_integer_value(json_object_get(group, "count"));
        }
        if (strcmp(single[k], "flag") != 0)
            assert_int_equal(sum, 60);
        assert_int_equal(json_integer_value(json_object_get(answer, "total")), 60);
        json_decref(answer);
    }
}

static void groups_count_what_the_query_finds(void **state)
{
    (void)state;
    say_many(60);
    catch_up(1000);
    json_t *answer = ask((struct view_query){ .text = "kind:sister_relation", .group_by = "countries,by" });
    json_t *groups = json_object_get(answer, "groups"), *group;
    size_t i, k;
    json_array_foreach(groups, i, group)
    {
        char text[80];
        const char *country = json_string_value(json_object_get(group, "country"));
        snprintf(text, sizeof text, "kind:1 country:%s", strcmp(country, "(none)") == 0 ? "none" : country);
        assert_int_equal(json_integer_value(json_object_get(group, "count")), total(text));
        json_t *inner;
        long long sum = 0;
        json_array_foreach(json_object_get(group, "groups"), k, inner)
        {
            sum += json_integer_value(json_object_get(inner, "count"));
        }
        assert_int_equal(sum, total(text));
    }
    assert_int_equal(group_count(groups, "country", "(none)"), 3);
    assert_int_equal(group_count(groups, "country", "MX"), 3);
    assert_int_equal(json_array_size(groups), 6);
    json_decref(answer);
}

static void groups_are_paged(void **state)
{
    (void)state;
    say_many(60);
    catch_up(1000);
    json_t *whole = ask((struct view_query){ .group_by = "year" });
    size_t count = json_array_size(json_object_get(whole, "groups")), seen = 0;
    char cursor[VIEW_CURSOR_BYTES] = "";
    do {
        json_t *page = ask((struct view_query){ .group_by = "year", .limit = 4, .cursor = cursor }), *group;
        size_t i;
        json_array_foreach(json_object_get(page, "groups"), i, group)
        {
            assert_true(json_equal(group, json_array_get(json_object_get(whole, "groups"), seen++)));
        }
        const char *next = json_string_value(json_object_get(page, "cursor"));
        snprintf(cursor, sizeof cursor, "%s", next != NULL ? next : "");
        json_decref(page);
    } while (cursor[0] != '\0');
    assert_int_equal(seen, count);
    json_decref(whole);
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

/* ---- rebuilding */

static char *digest(void)
{
    static const char *const groups[] = { "kind", "country,state", "by", "flag", "year" };
    AUTO(buf_clear) struct buf out = { 0 };
    json_t *answer = ask((struct view_query){ .fields = "all", .limit = MAX_PAGE_ROWS });
    AUTO(free_ptr) char *rows = json_dumps(answer, JSON_SORT_KEYS);
    json_decref(answer);
    buf_text(&out, rows);
    for (size_t i = 0; i < 5; i++) {
        answer = ask((struct view_query){ .group_by = groups[i] });
        AUTO(free_ptr) char *text = json_dumps(answer, JSON_SORT_KEYS);
        json_decref(answer);
        buf_text(&out, text);
    }
    const char *const counters[] = {
        "records", "engagements", "flagged", "statements", "retractions", "terms"
    };
    for (size_t i = 0; i < 6; i++)
        buf_printf(&out, " %lld", stat_of(counters[i]));
    return mem_text(buf_string(&out));
}

/* Statements, amendments, retractions, others' accounts and a move, all mixed. */
static void say_everything(unsigned rounds)
{
    struct voice *voices[] = { &dayton, &tampa, &austin };
    uint8_t id[16];
    srand(5);
    for (unsigned i = 0; i < rounds; i++) {
        struct voice *voice = voices[rand() % 3], *lead = voices[rand() % 3];
        uint64_t nonce = (uint64_t)(rand() % 25);
        char title[64];
        snprintf(title, sizeof title, "word%d port of %d sister city", rand() % 9, rand() % 5);
        struct said said = { .nonce = nonce,
                             .kind = rand() % 5,
                             .status = rand() % 3,
                             .title = title,
                             .countries = rand() % 2 != 0 ? "JP" : "FR|DE",
                             .start = (uint32_t)(1990 + rand() % 30) * 10000,
                             .themes = { rand() % 4, 7 } };
        said_id(lead, nonce, id);
        if (lead != voice)
            said.subject = id;
        if (rand() % 5 == 0)
            log_retract(&record_log, voice, said);
        else
            log_say(&record_log, voice, said);
        if (i == rounds / 2)
            log_admit(&record_log, &tampa.feed.author, "us-ga-tampa", "1301000", 1);
        if (rand() % 40 == 0)
            log_tick(&record_log);
    }
    log_commit(&record_log);
}

static void drop_view(void)
{
    char command[200];
    view_close(&view);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
    open_view();
    assert_int_equal(view_cursor(view), 0);
}

static void a_rebuilt_view_answers_alike_however_it_is_cut(void **state)
{
    (void)state;
    static const size_t batches[] = { 1, 7, 64, 1000 };
    say_everything(400);
    catch_up(1000);
    AUTO(free_ptr) char *first = digest();
    for (size_t i = 0; i < 4; i++) {
        drop_view();
        catch_up(batches[i]);
        AUTO(free_ptr) char *again = digest();
        assert_string_equal(again, first);
    }
}

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

static const char *const tables[] = { "meta",    "ids",   "waiting",  "engagements", "accounts",
                                      "authors", "names", "postings", NULL };

/* Overwrites the piece of the term "all". */
static void damage(void)
{
    struct db_options options = { .folder = folder, .tables = tables, .map_bytes = MAP_BYTES };
    struct db *db;
    struct db_txn *txn;
    view_close(&view);
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_int_equal(db_write(db, &txn), E_OK);
    db_put(txn, 7, bytes_of("\0\0\0\0all", 7), bytes_text("rotten bytes"));
    assert_int_equal(db_commit(&txn), E_OK);
    db_close(&db);
}

static void a_damaged_piece_is_no_answer_and_the_view_is_made_anew(void **state)
{
    (void)state;
    bool more;
    json_t *answer;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    damage();
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

#define EACH(fact) cmocka_unit_test_setup_teardown(fact, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_new_view_is_empty),
        EACH(what_is_said_is_found_by_every_term),
        EACH(an_amendment_replaces_the_terms),
        EACH(a_retraction_takes_it_out_and_a_new_account_brings_it_back),
        EACH(two_leads_never_share_an_engagement),
        EACH(others_are_counted_but_the_lead_stands),
        EACH(an_engagement_stands_on_others_until_its_lead_speaks),
        EACH(a_lead_that_first_spoke_as_another_is_one_account),
        EACH(a_retraction_of_nothing_does_nothing),
        EACH(what_cannot_be_read_is_counted_and_named),
        EACH(a_statement_that_names_its_subject_and_no_more_stands_flagged),
        EACH(flags_say_what_is_odd),
        EACH(the_state_is_the_partys_or_the_authors),
        EACH(an_author_that_moves_is_indexed_anew),
        EACH(only_the_hub_admits),
        EACH(a_row_shows_what_was_said),
        EACH(the_usual_fields_come_in_their_order),
        EACH(wrong_words_are_told),
        EACH(pages_show_each_row_once),
        EACH(pages_hold_while_the_log_grows),
        EACH(rows_come_newest_first_or_sorted),
        EACH(groups_add_up),
        EACH(groups_count_what_the_query_finds),
        EACH(groups_are_paged),
        EACH(an_export_names_each_standing_statement_once),
        EACH(a_rebuilt_view_answers_alike_however_it_is_cut),
        EACH(a_view_that_is_opened_again_goes_on),
        EACH(a_view_of_another_log_is_thrown_away),
        EACH(a_view_ahead_of_its_log_is_thrown_away),
        EACH(a_broken_file_is_thrown_away),
        EACH(a_full_map_stops_the_view_and_loses_nothing),
        EACH(a_damaged_piece_is_no_answer_and_the_view_is_made_anew),
        EACH(readers_see_whole_batches_while_it_advances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
