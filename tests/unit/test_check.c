#include "registry/check.h"

#include "keeper.h"

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static void what_is_well_needs_no_advice(void **state)
{
    (void)state;
    json_t *checks = json_array();
    check_say(checks, "peer", "ok", "call somebody", "%d of %d", 1, 2);
    check_say(checks, "peer", "warn", "call somebody", "none");
    assert_string_equal(text_at(json_array_get(checks, 0), "advice"), "");
    assert_string_equal(text_at(json_array_get(checks, 0), "detail"), "1 of 2");
    assert_string_equal(text_at(json_array_get(checks, 1), "advice"), "call somebody");
    json_decref(checks);
}

static void the_worst_is_the_state_of_all(void **state)
{
    (void)state;
    assert_string_equal(check_grade(true, true), "crit");
    assert_string_equal(check_grade(true, false), "crit");
    assert_string_equal(check_grade(false, true), "warn");
    assert_string_equal(check_grade(false, false), "ok");
    json_t *checks = json_array();
    assert_string_equal(check_worst(checks), "ok");
    check_say(checks, "a", "ok", "", "well");
    assert_string_equal(check_worst(checks), "ok");
    check_say(checks, "b", "warn", "do this", "so so");
    assert_string_equal(check_worst(checks), "warn");
    check_say(checks, "c", "crit", "do that", "bad");
    check_say(checks, "d", "warn", "do this", "so so");
    assert_string_equal(check_worst(checks), "crit");

    json_t *alarms = check_alarms(checks);
    assert_int_equal(json_array_size(alarms), 3);
    assert_string_equal(text_at(json_array_get(alarms, 1), "state"), "crit");
    assert_string_equal(text_at(json_array_get(alarms, 1), "text"), "c: bad");
    assert_string_equal(text_at(json_array_get(alarms, 1), "advice"), "do that");
    json_decref(alarms);
    json_decref(checks);
}

static void room_is_judged_by_what_is_free(void **state)
{
    (void)state;
    struct check_limits limits = { .disk_warn_bytes = 1, .disk_crit_bytes = 1, .conf = "node.conf" };
    json_t *checks = json_array();
    check_usage(checks, keeper.store, &limits);
    limits.disk_warn_bytes = UINT64_MAX;
    check_usage(checks, keeper.store, &limits);
    limits.disk_crit_bytes = UINT64_MAX;
    check_usage(checks, keeper.store, &limits);
    assert_int_equal(json_array_size(checks), 6);
    static const char *const states[] = { "ok", "warn", "crit" };
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(text_at(json_array_get(checks, 2 * i), "name"), "disk");
        assert_string_equal(text_at(json_array_get(checks, 2 * i), "state"), states[i]);
        assert_string_equal(text_at(json_array_get(checks, 2 * i + 1), "name"), "map");
    }
    json_decref(checks);
}

static void a_clock_that_is_set_is_named_too(void **state)
{
    (void)state;
    json_t *checks = json_array();
    check_clock(checks);
    assert_string_equal(text_at(json_array_get(checks, 0), "name"), "clock");
    assert_string_equal(text_at(json_array_get(checks, 0), "state"), "ok");
    json_decref(checks);
}

static void a_store_shows_itself_and_its_room(void **state)
{
    (void)state;
    char id[33];
    hex_encode(store_id(keeper.store), 16, id);
    json_t *store = check_store_json(keeper.store, 3);
    assert_string_equal(text_at(store, "id"), id);
    assert_int_equal(json_integer_value(json_object_get(store, "records")), 3);
    assert_int_equal(json_integer_value(json_object_get(store, "map_bytes")), 64 << 20);
    assert_true(json_integer_value(json_object_get(store, "used_bytes")) > 0);
    assert_true(json_integer_value(json_object_get(store, "disk_free_bytes")) > 0);
    json_decref(store);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_is_well_needs_no_advice),      FACT(the_worst_is_the_state_of_all),
        FACT(room_is_judged_by_what_is_free),    FACT(a_clock_that_is_set_is_named_too),
        FACT(a_store_shows_itself_and_its_room),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
