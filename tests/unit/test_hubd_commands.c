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

static void uptime_does_not_come_from_the_clock_on_the_wall(void **state)
{
    (void)state;
    ASK(asked);
    uint64_t started_ms = hub.started_ms;
    hub.started_ms = clock_mono_ms() - 5000;
    assert_int_equal(ask(&asked, cmd_status), E_OK);
    hub.started_ms = started_ms;
    assert_in_range(json_integer_value(json_object_get(asked.answer.body, "uptime_seconds")), 5, 60);
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

/* ---- the table */

static void every_command_has_one_row_and_a_handler(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct control_command *a = hub_commands; a->name != NULL; a++, count++) {
        assert_non_null(a->handle);
        assert_true(strlen(a->name) < sizeof((struct control_request *)NULL)->command);
        for (const struct control_command *b = a + 1; b->name != NULL; b++)
            assert_string_not_equal(a->name, b->name);
    }
    assert_true(count >= 20);
}

static void every_command_stands_in_the_manual(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf manual = { 0 };
    assert_int_equal(file_read(TESTS_DIR "/../doc/CONTROL.md", 1 << 20, &manual), E_OK);
    const char *text = buf_string(&manual);
    for (const struct control_command *command = hub_commands; command->name != NULL; command++)
        if (strstr(text, command->name) == NULL)
            fail_msg("doc/CONTROL.md does not know %s", command->name);
}

/* ---- over the socket */

static struct control_client *client;

static int connected_up(void **state)
{
    return hub_up(state) != 0 ? -1 : control_connect(hub.home.control, PATIENCE_MS, &client) == E_OK ? 0 : -1;
}

static int connected_down(void **state)
{
    control_disconnect(&client);
    return hub_down(state);
}

static void call(const char *command, const char *name, const char *value, struct control_answer *answer)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_object() };
    snprintf(request.command, sizeof request.command, "%s", command);
    if (name != NULL)
        json_object_set_new(request.params, name, json_string(value));
    control_answer_clear(answer);
    assert_int_equal(control_call(client, &request, answer), E_OK);
}

static void every_command_answers_whatever_is_missing_from_its_question(void **state)
{
    (void)state;
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    for (const struct control_command *command = hub_commands; command->name != NULL; command++) {
        call(command->name, NULL, NULL, &answer);
        if (answer.code == E_OK ? answer.body == NULL : answer.message[0] == 0)
            fail_msg("%s says nothing", command->name);
        assert_true(answer.code == E_OK || answer.code == E_USAGE || answer.code == E_NOT_FOUND);
    }
    call("records.burn", NULL, NULL, &answer);
    assert_int_equal(answer.code, E_USAGE);
    call("status", NULL, NULL, &answer);
    assert_string_equal(json_string_value(json_object_get(answer.body, "program")), "hubd");
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    static const struct {
        const char *command, *name, *value;
    } cases[] = {
        { "peer.show", "peer", "us-oh-dayton" },       { "peer.resume", "peer", "us-oh-dayton" },
        { "peer.rm", "peer", "us-oh-dayton" },         { "peer.admit", "peer", "us-oh-dayton" },
        { "record.show", "ref", "us-oh-dayton/7" },    { "record.verify", "ref", "office/99" },
        { "invite.revoke", "id", "0123456789abcdef" },
    };
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    uint64_t size = log_size();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call(cases[i].command, cases[i].name, cases[i].value, &answer);
        if (answer.code != E_NOT_FOUND)
            fail_msg("%s: %s: %s", cases[i].command, err_name(answer.code), answer.message);
    }
    assert_int_equal(log_size(), size);
}

#define CONNECTED(name) cmocka_unit_test_setup_teardown(name, connected_up, connected_down)
#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(the_office_adds_amends_and_retracts),
        FACT(twins_within_one_request_are_found),
        FACT(a_record_is_verified_with_its_place_in_the_log),
        FACT(uptime_does_not_come_from_the_clock_on_the_wall),
        FACT(every_command_has_one_row_and_a_handler),
        FACT(every_command_stands_in_the_manual),
        CONNECTED(every_command_answers_whatever_is_missing_from_its_question),
        CONNECTED(what_is_not_there_is_not_found),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
