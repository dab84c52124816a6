#include "hubd/office.h"

#include "hub_node.h"

#include "registry/author.h"

/* Until a tick is due again, of every millisecond. */
static void let_time_pass(void)
{
    uint64_t until = clock_mono_ms() + 2;
    while (clock_mono_ms() < until)
        continue;
}

static void tick_at_every_millisecond(void)
{
    struct options options = hub.options;
    options.tick_ms = 1;
    restart_hub(&options);
}

static const char *outcome(const struct asked *asked)
{
    json_t *first = json_array_get(json_object_get(asked->answer.body, "results"), 0);
    return json_string_value(json_object_get(first, "outcome"));
}

static enum err amend(const char *title, struct asked *asked)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    ask_with(asked, "ref", "2");
    control_request_blob(&asked->request, engagement_payload(1, title, &payload));
    return ask(asked, cmd_record_amend);
}

static void what_logs_nothing_leaves_no_tick_either(void **state)
{
    (void)state;
    tick_at_every_millisecond();
    assert_int_equal(log_size(), 1);
    invite_for("us-oh-dayton", true);
    assert_int_equal(log_size(), 1);
    ASK(added);
    assert_int_equal(office_put(1, "a mission", "add", &added), E_OK);
    assert_int_equal(log_size(), 3); /* with the tick that dates it */

    let_time_pass();
    ASK(again);
    assert_int_equal(office_put(1, "a mission", "add", &again), E_EXISTS);
    ASK(same);
    assert_int_equal(office_put(1, "a mission", "upsert", &same), E_OK);
    assert_string_equal(outcome(&same), "unchanged");
    ASK(unchanged);
    assert_int_equal(amend("a mission", &unchanged), E_OK);
    assert_string_equal(outcome(&unchanged), "unchanged");
    ASK(nobody);
    ask_with(&nobody, "peer", "us-oh-dayton");
    ask_with(&nobody, "reason", "abuse");
    assert_int_equal(ask(&nobody, cmd_peer_suspend), E_NOT_FOUND);
    assert_int_equal(log_size(), 3);

    ASK(changed);
    assert_int_equal(amend("another title", &changed), E_OK);
    assert_string_equal(outcome(&changed), "amended");
    assert_int_equal(log_size(), 5);
}

/* Both as one request, so that the second amends the first; behind a tick, which takes a number of the feed.
 */
static void an_amendment_behind_a_tick_names_the_right_record(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf one = { 0 }, two = { 0 };
    tick_at_every_millisecond();
    struct bytes payloads[] = { engagement_payload(1, "one", &one), engagement_payload(1, "two", &two) };
    struct author_request put = {
        .act = AUTHOR_PUT, .type = TYPE_ENGAGEMENT, .upsert = true, .payloads = payloads, .count = 2
    };
    struct author_result results[2];
    struct registry registry = office_registry(&hub);
    assert_int_equal(registry.host->write(registry.context, &put, results), E_OK);
    assert_int_equal(results[0].seq, 2);
    assert_int_equal(results[1].seq, 3);

    AUTO(store_done) struct store_view *view = NULL;
    struct record record;
    struct statement_head head;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    at_position(3, &record, view);
    assert_int_equal(statement_head(record.payload, &head), E_OK);
    assert_int_equal(head.amends, 2);
}

static void others_go_by_the_names_they_were_admitted_under(void **state)
{
    (void)state;
    struct node node;
    struct hash author;
    char name[MAX_NAME_BYTES + 1];
    node_join(&node, "us-oh-dayton");
    struct registry registry = office_registry(&hub);
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    registry_name(&registry, view, &node.home.author, name);
    assert_string_equal(name, "us-oh-dayton");
    registry_name(&registry, view, &hub.home.author, name);
    assert_string_equal(name, "office");
    assert_int_equal(registry_author(&registry, view, "us-oh-dayton", &author), E_OK);
    assert_true(hash_equal(&author, &node.home.author));
    assert_int_equal(registry_author(&registry, view, "us-oh", &author), E_NOT_FOUND);
    assert_non_null(strstr(err_message(), "did you mean us-oh-dayton?"));
    assert_int_equal(registry_author(&registry, view, "us-tx-waco", &author), E_NOT_FOUND);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(what_logs_nothing_leaves_no_tick_either),
        FACT(an_amendment_behind_a_tick_names_the_right_record),
        FACT(others_go_by_the_names_they_were_admitted_under),
    };
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
