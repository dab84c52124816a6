#include "daemon/commands.h"

#include "node_help.h"

#include "daemon/face.h"
#include "daemon/refused.h"
#include "daemon/uplink.h"
#include "net/peer.h"

/* A node with three peers, none of which is there. */
struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct control_answer answer;
};

static int net_begin(void **state)
{
    (void)state;
    return id_init() == E_OK && net_init(64, 1) == E_OK ? 0 : -1;
}

static int net_end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

static void put_peer(struct bench *b, const char *name, uint8_t author, enum peer_state state)
{
    struct store_txn *txn;
    struct peer_row row = { .author = { { author, 0xcd } }, .state = state, .since_ms = 1 };
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.endpoint, sizeof row.endpoint, "tcp://127.0.0.1:1");
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    peer_put(txn, &row);
    assert_int_equal(store_commit(&txn), E_OK);
    b->node->peers_changed = true;
}

static int make_bench(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    if (node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) != E_OK)
        return -1;
    put_peer(b, "office", 0xac, PEER_REFUSED);
    put_peer(b, "office-2", 0xab, PEER_REFUSED);
    put_peer(b, "state", 0xbb, PEER_REFUSED);
    node_turn(b->node, clock_mono_ms());
    return b->node->n_uplinks == 3 ? 0 : -1;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    control_answer_clear(&b->answer);
    node_close(&b->node);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static enum err ask(struct bench *b, const char *command, const char *name, const char *value)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_object() };
    if (name != NULL)
        json_object_set_new(request.params, name, json_string(value));
    control_answer_clear(&b->answer);
    for (const struct control_command *c = node_commands; c->name != NULL; c++)
        if (strcmp(c->name, command) == 0)
            return c->handle(b->node, &request, &b->answer);
    assert_string_equal(command, "a command of the table");
    return E_NOT_FOUND;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static size_t listed(struct bench *b, const char *state)
{
    assert_int_equal(ask(b, "peer.ls", state != NULL ? "state" : NULL, state), E_OK);
    return json_array_size(json_object_get(b->answer.body, "peers"));
}

static void every_command_stands_in_the_table_once(void **state)
{
    (void)state;
    static const char *const expected[] = { "status",       "doctor",           "record.put",
                                            "record.amend", "record.retract",   "record.ls",
                                            "record.tail",  "record.show",      "record.verify",
                                            "export",       "peer.ls",          "peer.show",
                                            "peer.rm",      "peer.acknowledge", "join" };
    size_t count = 0;
    for (; node_commands[count].name != NULL; count++)
        assert_non_null(node_commands[count].handle);
    assert_int_equal(count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        for (size_t j = 0; j < count; j++)
            times += strcmp(expected[i], node_commands[j].name) == 0;
        assert_int_equal(times, 1);
    }
}

static void peers_are_listed_by_their_state(void **state)
{
    struct bench *b = *state;
    put_peer(b, "far", 0xcc, PEER_MEMBER);
    node_turn(b->node, clock_mono_ms());
    assert_int_equal(listed(b, NULL), 4);
    assert_int_equal(listed(b, "refused"), 3);
    assert_int_equal(listed(b, "connecting"), 1);
    const json_t *peer = json_array_get(json_object_get(b->answer.body, "peers"), 0);
    assert_string_equal(text_of(peer, "name"), "far");
    assert_string_equal(text_of(peer, "role"), "hub");
    assert_string_equal(text_of(peer, "endpoint"), "tcp://127.0.0.1:1");
    assert_int_equal(strlen(text_of(peer, "author")), 64);
    assert_int_equal(json_integer_value(json_object_get(peer, "behind_records")), 1);
    assert_true(json_is_null(json_object_get(peer, "last_contact_seconds")));
    assert_int_equal(listed(b, "connected"), 0);
    assert_int_equal(listed(b, "no such state"), 0);
}

static void contact_after_a_clock_was_set_back_is_no_age(void **state)
{
    struct bench *b = *state;
    struct face *face = (struct face *)uplink_face(b->node->uplinks[0]);
    face->last_contact_ms = clock_wall_ms() + 3600000;
    assert_int_equal(ask(b, "peer.show", "peer", face->name), E_OK);
    const json_t *seconds = json_object_get(b->answer.body, "last_contact_seconds");
    assert_true(json_is_integer(seconds));
    assert_int_equal(json_integer_value(seconds), 0);
}

static void a_peer_is_found_by_its_name_its_author_or_the_beginning_of_either(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *word, *name;
    } words[] = {
        { "office", "office" }, /* whole, although another begins so */
        { "office-2", "office-2" }, { "office-", "office-2" }, { "st", "state" },
        { "accd00", "office" },     { "AB", "office-2" },      { "bb", "state" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_int_equal(ask(b, "peer.show", "peer", words[i].word), E_OK);
        assert_string_equal(text_of(b->answer.body, "name"), words[i].name);
    }
    assert_int_equal(json_integer_value(json_object_get(b->answer.body, "acknowledged")), 0);
    assert_true(json_is_real(json_object_get(b->answer.body, "clock_skew_seconds")));
}

static void who_is_not_one_peer_is_refused(void **state)
{
    struct bench *b = *state;
    static const char *const commands[] = { "peer.show", "peer.rm" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(b, commands[i], NULL, NULL), E_USAGE);
        assert_int_equal(ask(b, commands[i], "peer", ""), E_USAGE);
        assert_int_equal(ask(b, commands[i], "peer", "off"), E_USAGE);
        assert_non_null(strstr(err_message(), "several peers begin with \"off\""));
        assert_int_equal(ask(b, commands[i], "peer", "a"), E_USAGE);
        assert_int_equal(ask(b, commands[i], "peer", "nobody"), E_NOT_FOUND);
        assert_int_equal(ask(b, commands[i], "peer", "officer"), E_NOT_FOUND);
        assert_int_equal(ask(b, commands[i], "peer", "OFFICE"), E_NOT_FOUND);
        assert_null(b->answer.body);
    }
    assert_int_equal(listed(b, NULL), 3);
}

static void a_removed_peer_is_gone_with_the_next_turn(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask(b, "peer.rm", "peer", "office"), E_OK);
    assert_string_equal(text_of(b->answer.body, "name"), "office");
    assert_int_equal(ask(b, "peer.rm", "peer", "office"), E_NOT_FOUND); /* its link is here still */
    node_turn(b->node, clock_mono_ms());
    assert_int_equal(listed(b, NULL), 2);
    assert_int_equal(ask(b, "peer.show", "peer", "office"), E_OK); /* now that begins but one */
    assert_string_equal(text_of(b->answer.body, "name"), "office-2");
}

/* ---- join */

static struct token some_token(const char *name)
{
    struct token token = { .endpoint = "tcp://127.0.0.1:1", .hub_author = { { 0xdd } } };
    snprintf(token.name, sizeof token.name, "%s", name);
    return token;
}

static enum err join_with(struct bench *b, const struct token *token)
{
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(token, &text);
    return ask(b, "join", "token", buf_string(&text));
}

static void joining_begins_with_a_token(void **state)
{
    struct bench *b = *state;
    struct token token = some_token("us-oh-dayton");
    assert_int_equal(join_with(b, &token), E_OK);
    assert_string_equal(text_of(b->answer.body, "state"), "joining");
    assert_string_equal(text_of(b->answer.body, "name"), "hub");
    assert_memory_equal(text_of(b->answer.body, "hub"), "dd00", 4);
    node_turn(b->node, clock_mono_ms());
    assert_int_equal(listed(b, "joining"), 1);
}

static void a_token_that_is_none_is_refused_with_what_to_copy(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask(b, "join", NULL, NULL), E_USAGE);
    assert_int_equal(ask(b, "join", "token", ""), E_MALFORMED);
    assert_int_equal(ask(b, "join", "token", "chancery1-AAAA"), E_MALFORMED);
    assert_non_null(strstr(b->answer.hint, "copy the whole line"));
    assert_null(b->answer.body);
    assert_int_equal(count_rows(b->node->store, STORE_PEERS), 3);
}

static void a_token_that_is_not_for_us_is_refused(void **state)
{
    struct bench *b = *state;
    struct token token = some_token("us-ca-fresno");
    assert_int_equal(join_with(b, &token), E_DENIED);
    assert_string_equal(b->answer.hint, "");
    token = some_token("us-oh-dayton");
    token.expires_ms = 1;
    assert_int_equal(join_with(b, &token), E_DENIED);
    assert_int_equal(count_rows(b->node->store, STORE_PEERS), 3);
}

/* Whether doctor tells of a quarantine. */
static bool is_alarmed(struct bench *b)
{
    bool found = false;
    assert_int_equal(ask(b, "doctor", NULL, NULL), E_OK);
    const json_t *checks = json_object_get(b->answer.body, "checks");
    for (size_t i = 0; i < json_array_size(checks); i++)
        found = found || strcmp(text_of(json_array_get(checks, i), "name"), "quarantine") == 0;
    return found;
}

static void what_was_refused_alarms_until_it_is_acknowledged(void **state)
{
    struct bench *b = *state;
    struct store_txn *txn;
    struct hash office = { { 0xac, 0xcd } };
    struct refused row = { .seq = 5, .code = E_FORK, .text = "another record" };
    assert_false(is_alarmed(b));
    assert_int_equal(ask(b, "peer.acknowledge", "peer", "office"), E_NOT_FOUND);
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    refused_put(txn, &office, &row);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_true(is_alarmed(b));
    assert_int_equal(ask(b, "peer.acknowledge", "peer", "state"), E_NOT_FOUND);
    assert_int_equal(ask(b, "peer.acknowledge", "peer", "office"), E_OK);
    const json_t *refused = json_object_get(b->answer.body, "refused");
    assert_int_equal(json_integer_value(json_object_get(refused, "seq")), 5);
    assert_string_equal(text_of(refused, "code"), err_name(E_FORK));
    assert_string_equal(text_of(refused, "detail"), "another record");
    assert_true(json_is_string(json_object_get(refused, "acknowledged")));
    assert_false(is_alarmed(b));
    assert_int_equal(ask(b, "peer.acknowledge", "peer", "office"), E_EXISTS);
    assert_int_equal(ask(b, "peer.acknowledge", NULL, NULL), E_USAGE);
    assert_int_equal(ask(b, "peer.show", "peer", "state"), E_OK);
    assert_null(json_object_get(b->answer.body, "refused"));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_was_refused_alarms_until_it_is_acknowledged),
        FACT(every_command_stands_in_the_table_once),
        FACT(peers_are_listed_by_their_state),
        FACT(contact_after_a_clock_was_set_back_is_no_age),
        FACT(a_peer_is_found_by_its_name_its_author_or_the_beginning_of_either),
        FACT(who_is_not_one_peer_is_refused),
        FACT(a_removed_peer_is_gone_with_the_next_turn),
        FACT(joining_begins_with_a_token),
        FACT(a_token_that_is_none_is_refused_with_what_to_copy),
        FACT(a_token_that_is_not_for_us_is_refused),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
