#include "registry/desk.h"

#include "keeper.h"

static struct control_answer answer; /* the last one */

static int desk_down(void **state)
{
    control_answer_clear(&answer);
    return keeper_down(state);
}

#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, keeper_up, desk_down)
#define NO_BLOB ((struct bytes){ NULL, 0 })

/* Name and value pairs, NULL at the end. blob: one payload, or none. */
static enum err ask(DESK_COMMAND((*command)), struct bytes blob, ...)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_object() };
    va_list args;
    va_start(args, blob);
    for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *))
        json_object_set_new(request.params, name, json_string(va_arg(args, const char *)));
    va_end(args);
    if (blob.len > 0)
        control_request_blob(&request, blob);
    control_answer_clear(&answer);
    return command(&keeper.registry, &request, &answer);
}

static json_t *first_of(const char *list)
{
    json_t *first = json_array_get(json_object_get(answer.body, list), 0);
    assert_non_null(first);
    return first;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static json_int_t number_at(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static size_t rows(void)
{
    return json_array_size(json_object_get(answer.body, "records"));
}

static void what_is_handed_in_is_answered_with_its_outcome(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    assert_int_equal(ask(desk_put, osaka, "mode", "upsert", "visibility", "federal", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "added");
    assert_int_equal(number_at(first_of("results"), "seq"), 1);
    assert_int_equal(strncmp(text_at(first_of("results"), "ref"), "us-oh-dayton/1@", 15), 0);
    assert_int_equal(ask(desk_put, osaka, "mode", "upsert", "visibility", "federal", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "unchanged");
    assert_int_equal(ask(desk_put, osaka, NULL), E_EXISTS); /* add, as a rule */
    assert_null(answer.body);
    assert_int_equal(ask(desk_amend, osaka, "ref", "1", "change", "correction", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "unchanged");
    engagement_payload(1, "Osaka City", &payload);
    assert_int_equal(ask(desk_amend, buf_view(&payload), "ref", "1", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "amended");
    assert_int_equal(ask(desk_retract, NO_BLOB, "ref", "2", "reason", "error", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "retracted");
    assert_int_equal(keeper.appended, 3);
}

static void what_a_command_needs_it_asks_for(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    put_new(1, "Osaka");
    assert_int_equal(ask(desk_put, NO_BLOB, NULL), E_USAGE);
    assert_int_equal(ask(desk_put, osaka, "type", "nonsense", NULL), E_USAGE);
    assert_int_equal(ask(desk_put, osaka, "type", "inception", NULL), E_USAGE);
    assert_int_equal(ask(desk_put, osaka, "visibility", "secret", NULL), E_USAGE);
    assert_int_equal(ask(desk_put, osaka, "mode", "maybe", NULL), E_USAGE);
    assert_int_equal(ask(desk_amend, NO_BLOB, "ref", "1", NULL), E_USAGE);
    assert_int_equal(ask(desk_amend, osaka, NULL), E_USAGE);
    assert_int_equal(ask(desk_amend, osaka, "ref", "1", "change", "whim", NULL), E_USAGE);
    assert_int_equal(ask(desk_retract, NO_BLOB, "ref", "1", NULL), E_USAGE);
    assert_int_equal(ask(desk_show, NO_BLOB, NULL), E_USAGE);
    assert_int_equal(ask(desk_verify, NO_BLOB, NULL), E_USAGE);
    assert_int_equal(ask(desk_ls, NO_BLOB, "limit", "0", NULL), E_USAGE);
    assert_int_equal(ask(desk_tail, NO_BLOB, "cursor", "x", NULL), E_USAGE);
    assert_int_equal(keeper.appended, 1);
}

/* Keeps the inception of another. Its author in hex. */
static const char *hold_another(void)
{
    static char hex[2 * HASH_BYTES + 1];
    AUTO(buf_clear) struct buf inception = { 0 };
    AUTO(home_clear) struct home other = { 0 };
    struct home_new wanted = {
        .role = HOME_NODE, .name = "us-ca-fresno", .geoid = "", .level = "city", .title = "City of Fresno"
    };
    struct feed feed;
    struct record record;
    size_t accepted;
    assert_int_equal(home_identity(&wanted, &other, &inception), E_OK);
    struct bytes rest = buf_view(&inception);
    assert_int_equal(run_next(&rest, &record), E_OK);
    feed_init(&feed, &other.author);
    assert_int_equal(feed_take(&feed, &record, 1, &accepted), E_OK);
    keeper_holds(&feed, buf_view(&inception));
    keeper.known = other.author;
    hex_encode(other.author.b, HASH_BYTES, hex);
    return hex;
}

static void only_ones_own_statements_are_changed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    struct author_result result = put_new(1, "Osaka");
    char id[ID16_TEXT_LEN + 1];
    hold_another();
    assert_int_equal(ask(desk_amend, osaka, "ref", "us-ca-fresno/0", NULL), E_DENIED);
    assert_int_equal(ask(desk_retract, NO_BLOB, "ref", "0", "reason", "error", NULL),
                     E_USAGE); /* inception */
    id16_encode(result.engagement, id);
    id[5] = 0;
    assert_int_equal(ask(desk_retract, NO_BLOB, "engagement", id, "reason", "error", NULL), E_USAGE);
    id16_encode(result.engagement, id);
    id[6] = 0;
    assert_int_equal(ask(desk_retract, NO_BLOB, "engagement", id, "reason", "error", NULL), E_OK);
    assert_int_equal(ask(desk_retract, NO_BLOB, "engagement", "000000", "reason", "error", NULL),
                     E_NOT_FOUND);
}

static void a_feed_is_listed_both_ways_page_by_page(void **state)
{
    (void)state;
    for (uint8_t nonce = 1; nonce <= 4; nonce++)
        put_new(nonce, "tie");
    hold_another();
    assert_int_equal(ask(desk_ls, NO_BLOB, "limit", "3", NULL), E_OK);
    assert_int_equal(rows(), 3);
    assert_int_equal(number_at(first_of("records"), "seq"), 0);
    assert_string_equal(text_at(answer.body, "cursor"), "3");
    assert_int_equal(ask(desk_ls, NO_BLOB, "limit", "3", "cursor", "3", NULL), E_OK);
    assert_int_equal(rows(), 2);
    assert_null(json_object_get(answer.body, "cursor"));
    assert_int_equal(ask(desk_ls, NO_BLOB, "limit", "3", "reverse", "1", NULL), E_OK);
    assert_int_equal(number_at(first_of("records"), "seq"), 4);
    assert_string_equal(text_at(answer.body, "cursor"), "1");
    assert_int_equal(ask(desk_ls, NO_BLOB, "cursor", "1", "reverse", "1", NULL), E_OK);
    assert_int_equal(rows(), 2);
    assert_null(json_object_get(answer.body, "cursor"));
    assert_int_equal(ask(desk_ls, NO_BLOB, "cursor", "5", NULL), E_OK);
    assert_int_equal(rows(), 0);
    assert_int_equal(ask(desk_ls, NO_BLOB, "author", "us-ca-fresno", NULL), E_OK);
    assert_int_equal(rows(), 1);
    assert_int_equal(ask(desk_ls, NO_BLOB, "author", "us-tx-waco", NULL), E_NOT_FOUND);
    keeper.known.b[0] ^= 1; /* known, and no feed of it is held */
    assert_int_equal(ask(desk_ls, NO_BLOB, "author", "us-ca-fresno", NULL), E_NOT_FOUND);
}

static void the_tail_is_of_all_feeds_in_the_order_of_arrival(void **state)
{
    (void)state;
    put_new(1, "Osaka");
    const char *fresno = hold_another();
    assert_int_equal(ask(desk_tail, NO_BLOB, "limit", "1", NULL), E_OK);
    assert_int_equal(rows(), 1);
    assert_string_equal(text_at(first_of("records"), "author"), fresno);
    assert_string_equal(text_at(answer.body, "cursor"), "3");
    assert_int_equal(ask(desk_tail, NO_BLOB, "cursor", "3", NULL), E_OK);
    assert_int_equal(rows(), 0);
    assert_string_equal(text_at(answer.body, "cursor"), "3");
    assert_int_equal(ask(desk_tail, NO_BLOB, "cursor", "1", "limit", "1", NULL), E_OK);
    assert_string_equal(text_at(first_of("records"), "title"), "Osaka");
    assert_string_equal(text_at(answer.body, "cursor"), "2");
}

static void a_page_that_takes_long_ends_and_the_next_goes_on(void **state)
{
    (void)state;
    for (uint8_t nonce = 1; nonce <= 20; nonce++)
        put_new(nonce, "tie");
    keeper.slow_ms = 10;
    assert_int_equal(ask(desk_ls, NO_BLOB, NULL), E_OK);
    assert_int_equal(rows(), 16);
    assert_string_equal(text_at(answer.body, "cursor"), "16");
    assert_int_equal(ask(desk_ls, NO_BLOB, "cursor", "16", NULL), E_OK);
    assert_int_equal(rows(), 5);
    assert_null(json_object_get(answer.body, "cursor"));
    assert_int_equal(ask(desk_ls, NO_BLOB, "reverse", "1", NULL), E_OK);
    assert_int_equal(rows(), 16);
    assert_string_equal(text_at(answer.body, "cursor"), "4");
    assert_int_equal(ask(desk_tail, NO_BLOB, "limit", "21", NULL), E_OK);
    assert_int_equal(rows(), 16);
    assert_string_equal(text_at(answer.body, "cursor"), "16");
    assert_int_equal(ask(desk_tail, NO_BLOB, "cursor", "16", NULL), E_OK);
    assert_int_equal(rows(), 5);
}

static void a_record_is_shown_to_the_bit(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    put_new(1, "Osaka");
    assert_int_equal(ask(desk_show, NO_BLOB, "ref", "1", NULL), E_OK);
    struct record record;
    assert_int_equal(answer.n_blobs, 3);
    assert_int_equal(record_parse(buf_view(&answer.blobs[0]), &record), E_OK);
    assert_true(hash_equal(&record.id, &keeper.feed.head));
    assert_int_equal(answer.blobs[1].len, SALT_BYTES);
    assert_true(bytes_equal(buf_view(&answer.blobs[2]), osaka));
}

static void what_is_said_now_is_shown_whichever_record_names_it(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    char id[ID16_TEXT_LEN + 1];
    id16_encode(put_new(1, "Osaka").engagement, id);
    struct bytes newer = engagement_payload(1, "Osaka City", &payload);
    assert_int_equal(ask(desk_amend, newer, "ref", "1", NULL), E_OK);
    assert_int_equal(ask(desk_show, NO_BLOB, "ref", "1", NULL), E_OK);
    assert_int_equal(number_at(answer.body, "seq"), 1);
    assert_int_equal(ask(desk_show, NO_BLOB, "ref", "1", "current", "1", NULL), E_OK);
    assert_int_equal(number_at(answer.body, "seq"), 2);
    assert_int_equal(ask(desk_show, NO_BLOB, "engagement", id, NULL), E_OK);
    assert_int_equal(number_at(answer.body, "seq"), 2);
    assert_int_equal(ask(desk_show, NO_BLOB, "ref", "0", "current", "1", NULL), E_USAGE);
    assert_int_equal(ask(desk_show, NO_BLOB, "engagement", "000000", NULL), E_NOT_FOUND);
}

static void what_is_there_stays_as_visible_as_it_is_unless_it_is_said(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    assert_int_equal(ask(desk_put, osaka, "visibility", "local", NULL), E_OK);
    assert_int_equal(ask(desk_put, osaka, "mode", "upsert", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "unchanged");
    assert_int_equal(
        ask(desk_put, osaka, "mode", "upsert", "visibility", "public", "keep_visibility", "1", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "unchanged");
    assert_int_equal(ask(desk_put, osaka, "mode", "upsert", "visibility", "public", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "amended");
    osaka = engagement_payload(1, "Osaka City", &payload);
    assert_int_equal(ask(desk_put, osaka, "mode", "missing", NULL), E_OK);
    assert_string_equal(text_at(first_of("results"), "outcome"), "unchanged");
}

static void a_log_proves_where_a_record_stands_in_it(void **state)
{
    (void)state;
    put_new(1, "Osaka");
    put_new(2, "Kyoto");
    assert_int_equal(ask(desk_verify, NO_BLOB, "ref", "1", NULL), E_OK);
    assert_true(json_is_true(json_object_get(answer.body, "valid")));
    assert_string_equal(text_at(answer.body, "signature"), "own");
    assert_string_equal(text_at(answer.body, "chain"), "ok");
    assert_string_equal(text_at(answer.body, "payload"), "matches");
    json_t *log = json_object_get(answer.body, "log");
    assert_int_equal(number_at(log, "index"), 1);
    assert_int_equal(number_at(log, "size"), 3);
    assert_int_equal(json_array_size(json_object_get(log, "path")), 2);
    AUTO(store_done) struct store_view *view = keeper_view();
    struct hash root = store_root(view);
    char hex[2 * HASH_BYTES + 1];
    hex_encode(root.b, HASH_BYTES, hex);
    assert_string_equal(text_at(log, "root"), hex);

    keeper.registry.has_log = false;
    assert_int_equal(ask(desk_verify, NO_BLOB, "ref", "1", NULL), E_OK);
    assert_null(json_object_get(answer.body, "log"));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        AT_DESK(what_is_handed_in_is_answered_with_its_outcome),
        AT_DESK(what_a_command_needs_it_asks_for),
        AT_DESK(only_ones_own_statements_are_changed),
        AT_DESK(a_feed_is_listed_both_ways_page_by_page),
        AT_DESK(the_tail_is_of_all_feeds_in_the_order_of_arrival),
        AT_DESK(a_page_that_takes_long_ends_and_the_next_goes_on),
        AT_DESK(a_record_is_shown_to_the_bit),
        AT_DESK(what_is_said_now_is_shown_whichever_record_names_it),
        AT_DESK(what_is_there_stays_as_visible_as_it_is_unless_it_is_said),
        AT_DESK(a_log_proves_where_a_record_stands_in_it),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
