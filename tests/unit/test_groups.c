#include "hubd/view/groups.h"

#include "base/text.h"

#include "view_bench.h"

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

static enum err group_by(const char *fields)
{
    json_t *answer;
    enum err code = view_query(view, &(struct view_query){ .group_by = fields }, &answer);
    json_decref(answer);
    return code;
}

static void what_cannot_be_grouped_by_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *said;
    } wrong[] = {
        { "kinf", "did you mean kind?" },         { "zzzzzzzz", "cannot group by zzzzzzzz" },
        { "title", "cannot group by title" },     { ",", "cannot group by" },
        { "kind,", "cannot group by" },           { "kind,kinds", "kind twice" },
        { "kind,state,by", "one or two fields" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(group_by(wrong[i].fields), E_USAGE);
        assert_non_null(strstr(err_message(), wrong[i].said));
    }
    static const char *const right[] = { "kind", "kinds", "state,kind", "countries,years", "by" };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(group_by(right[i]), E_OK);
}

static void nothing_has_no_groups(void **state)
{
    (void)state;
    say_many(10);
    catch_up(1000);
    static const char *const by[] = { "kind", "kind,state" };
    for (size_t i = 0; i < 2; i++) {
        json_t *answer = ask((struct view_query){ .text = "word:nowhere", .group_by = by[i] });
        assert_int_equal(json_array_size(json_object_get(answer, "groups")), 0);
        assert_int_equal(json_integer_value(json_object_get(answer, "total")), 0);
        json_decref(answer);
    }
}

static void the_largest_come_first_and_equals_by_name(void **state)
{
    (void)state;
    static const char *const countries[] = { "FR", "JP", "DE", "JP", "FR", "CA", "JP" };
    for (unsigned i = 0; i < 7; i++)
        log_say(&record_log, &dayton,
                (struct said){ .nonce = i + 1, .title = "t", .countries = countries[i] });
    catch_up(1000);
    json_t *answer = ask((struct view_query){ .group_by = "country" }), *group;
    char text[64] = "";
    size_t i;
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        strcat(strcat(text, json_string_value(json_object_get(group, "country"))), " ");
    }
    assert_string_equal(text, "JP FR CA DE ");
    json_decref(answer);
}

static void who_has_no_name_is_grouped_by_its_id(void **state)
{
    (void)state;
    struct voice stranger;
    char hex[2 * HASH_BYTES + 1];
    voice_begin(&stranger, "us-oh-xenia", 50);
    log_incept(&record_log, &stranger, "", 1);
    log_say(&record_log, &stranger, oiso());
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    hex_encode(stranger.feed.author.b, HASH_BYTES, hex);
    json_t *answer = ask((struct view_query){ .group_by = "by" });
    assert_int_equal(group_count(json_object_get(answer, "groups"), "by", hex), 1);
    assert_int_equal(group_count(json_object_get(answer, "groups"), "by", "us-oh-dayton"), 1);
    json_decref(answer);
}

/* years x countries pairs that nobody said before: block counts them. */
static void say_pairs(unsigned block, unsigned years)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    char countries[40] = "";
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = block / 50 * 8 + i;
        snprintf(countries + strlen(countries), 4, "%s%c%c", i > 0 ? "|" : "", (char)('A' + n / 26),
                 (char)('A' + n % 26));
    }
    uint32_t first = 1000 + block % 50 * 150;
    struct said said = {
        .nonce = block + 1, .countries = countries, .start = first * 10000, .end = (first + years - 1) * 10000
    };
    said_write(&said, &payload);
    log_put_unsigned(&record_log, &dayton, TYPE_ENGAGEMENT, buf_view(&payload));
}

static void groups_are_bounded_in_memory(void **state)
{
    (void)state;
    for (unsigned block = 0; block < MAX_GROUPS / 1200; block++)
        say_pairs(block, 150);
    say_pairs(90, (MAX_GROUPS - MAX_GROUPS / 1200 * 1200) / 8);
    catch_up(1000);
    assert_int_equal(group_by("year,country"), E_OK); /* just as many as may be */
    say_pairs(91, 1);
    catch_up(1000);
    assert_int_equal(group_by("year,country"), E_TOO_BIG);
    assert_non_null(strstr(err_message(), "narrow the question"));
    assert_int_equal(group_by("year"), E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(groups_add_up),
        FACT(groups_count_what_the_query_finds),
        FACT(groups_are_paged),
        FACT(what_cannot_be_grouped_by_is_told),
        FACT(nothing_has_no_groups),
        FACT(the_largest_come_first_and_equals_by_name),
        FACT(who_has_no_name_is_grouped_by_its_id),
        FACT(groups_are_bounded_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
