#include "hubd/commands.h"

#include "hub_node.h"

#include "app/control.h"

static const char *outcome(const struct asked *asked)
{
    json_t *first = json_array_get(json_object_get(asked->answer.body, "results"), 0);
    return json_string_value(json_object_get(first, "outcome"));
}

static void the_office_adds_amends_and_retracts(void **state)
{
    (void)state;
    ASK(added);
    assert_int_equal(office_put(1, "a mission", "add", &added), E_OK);
    assert_string_equal(outcome(&added), "added");
    ASK(again);
    assert_int_equal(office_put(1, "a mission", "add", &again), E_EXISTS);
    ASK(same);
    assert_int_equal(office_put(1, "a mission", "upsert", &same), E_OK);
    assert_string_equal(outcome(&same), "unchanged");
    ASK(changed);
    assert_int_equal(office_put(1, "another title", "upsert", &changed), E_OK);
    assert_string_equal(outcome(&changed), "amended");

    ASK(retracted);
    ask_with(&retracted, "ref", "2");
    ask_with(&retracted, "reason", "error");
    assert_int_equal(ask(&retracted, cmd_record_retract), E_OK);
    assert_string_equal(outcome(&retracted), "retracted");
    assert_int_equal(ask(&retracted, cmd_record_retract), E_EXISTS);
    uint64_t size = log_size();
    ASK(brought_back);
    assert_int_equal(office_put(1, "another title", "upsert", &brought_back), E_OK);
    assert_string_equal(outcome(&brought_back), "retracted");
    assert_int_equal(log_size(), size);
}

static void twins_within_one_request_are_found(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    ASK(asked);
    uint64_t size = log_size();
    control_request_blob(&asked.request, engagement_payload(1, "one", &payload));
    control_request_blob(&asked.request, engagement_payload(1, "one", &payload));
    assert_int_equal(ask(&asked, cmd_record_put), E_EXISTS); /* all or nothing */
    assert_int_equal(log_size(), size);
    ask_with(&asked, "mode", "upsert");
    assert_int_equal(ask(&asked, cmd_record_put), E_OK);
    assert_int_equal(log_size(), size + 2); /* and the first tick */
    json_t *results = json_object_get(asked.answer.body, "results");
    json_t *first = json_array_get(results, 0), *second = json_array_get(results, 1);
    assert_string_equal(json_string_value(json_object_get(second, "outcome")), "unchanged");
    assert_true(json_equal(json_object_get(first, "id"), json_object_get(second, "id")));
}

static void a_record_is_verified_with_its_place_in_the_log(void **state)
{
    (void)state;
    ASK(added);
    assert_int_equal(office_put(1, "a mission", "add", &added), E_OK);
    ASK(asked);
    ask_with(&asked, "ref", "office/2");
    assert_int_equal(ask(&asked, cmd_record_verify), E_OK);
    assert_true(json_is_true(json_object_get(asked.answer.body, "valid")));
    assert_int_equal(answered_number(&asked, "log", "index"), 2);
    assert_int_equal(ask(&asked, cmd_record_show), E_OK);
    assert_int_equal(asked.answer.n_blobs, 3);
    assert_int_equal(asked.answer.blobs[0].len, ENTRY_BYTES);
    assert_int_equal(ask(&asked, cmd_record_ls), E_OK);
    assert_int_equal(ask(&asked, cmd_record_tail), E_OK);
    ask_with(&asked, "ref", "office/99");
    assert_int_equal(ask(&asked, cmd_record_show), E_NOT_FOUND);
    ask_with(&asked, "ref", "office/2@00000000");
    assert_int_equal(ask(&asked, cmd_record_show), E_UNMET);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(the_office_adds_amends_and_retracts),
        FACT(twins_within_one_request_are_found),
        FACT(a_record_is_verified_with_its_place_in_the_log),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
