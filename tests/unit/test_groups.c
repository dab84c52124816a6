#include "hubd/view/groups.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(groups_add_up),
        FACT(groups_count_what_the_query_finds),
        FACT(groups_are_paged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
