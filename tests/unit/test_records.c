#include "daemon/records.h"

#include "node_help.h"
#include "spoil.h"

#include "daemon/commands.h"

struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct control_answer answer; /* the last one */
};

static int bench_make(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    assert_int_equal(id_init(), E_OK);
    b->options = test_options();
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    return node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) == E_OK ? 0 : -1;
}

static int bench_drop(void **state)
{
    struct bench *b = *state;
    control_answer_clear(&b->answer);
    node_close(&b->node);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

/* Name and value pairs, NULL at the end. blob: one payload, or none. */
static enum err ask(struct bench *b, const char *command, struct bytes blob, ...)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_object() };
    snprintf(request.command, sizeof request.command, "%s", command);
    va_list args;
    va_start(args, blob);
    for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *))
        json_object_set_new(request.params, name, json_string(va_arg(args, const char *)));
    va_end(args);
    if (blob.len > 0)
        control_request_blob(&request, blob);
    control_answer_clear(&b->answer);
    b->answer = (struct control_answer){ 0 };
    for (const struct control_command *c = node_commands; c->name != NULL; c++)
        if (strcmp(c->name, command) == 0)
            return c->handle(b->node, &request, &b->answer);
    return E_NOT_FOUND;
}

#define NO_BLOB ((struct bytes){ NULL, 0 })

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static json_t *row_at(struct bench *b, const char *list, size_t i)
{
    json_t *row = json_array_get(json_object_get(b->answer.body, list), i);
    assert_non_null(row);
    return row;
}

static size_t rows(struct bench *b, const char *list)
{
    return json_array_size(json_object_get(b->answer.body, list));
}

static void put(struct bench *b, uint8_t nonce, const char *title)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(ask(b, "record.put", engagement_payload(nonce, title, &payload), NULL), E_OK);
}

static void a_put_says_what_became_of_each_payload(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes osaka = engagement_payload(1, "Osaka", &payload);
    assert_int_equal(ask(b, "record.put", osaka, "visibility", "federal", "mode", "upsert", NULL), E_OK);
    json_t *result = row_at(b, "results", 0);
    assert_string_equal(text_at(result, "outcome"), "added");
    assert_int_equal(json_integer_value(json_object_get(result, "seq")), 1);
    assert_int_equal(strlen(text_at(result, "engagement")), 26);
    assert_int_equal(strncmp(text_at(result, "ref"), "us-oh-dayton/1@", 15), 0);
    assert_int_equal(ask(b, "record.put", osaka, "visibility", "federal", "mode", "upsert", NULL), E_OK);
    assert_string_equal(text_at(row_at(b, "results", 0), "outcome"), "unchanged");
    assert_int_equal(ask(b, "record.put", osaka, "mode", "add", NULL), E_EXISTS);
    assert_int_equal(ask(b, "record.put", osaka, "mode", "maybe", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.put", osaka, "visibility", "secret", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.put", osaka, "type", "inception", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.put", osaka, "type", "nonsense", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.put", NO_BLOB, NULL), E_USAGE);
}

static void a_record_is_shown_to_the_bit(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf payload = { 0 };
    put(b, 1, "Osaka");
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "us-oh-dayton/1", NULL), E_OK);
    assert_string_equal(text_at(b->answer.body, "type"), "engagement");
    assert_string_equal(text_at(b->answer.body, "kind"), "sister_relation");
    assert_string_equal(text_at(b->answer.body, "title"), "Osaka");
    assert_string_equal(text_at(b->answer.body, "visibility"), "public");
    assert_true(json_is_false(json_object_get(b->answer.body, "acknowledged")));
    assert_int_equal(b->answer.n_blobs, 3);
    struct record record;
    assert_int_equal(b->answer.blobs[0].len, ENTRY_BYTES);
    assert_int_equal(record_parse(buf_view(&b->answer.blobs[0]), &record), E_OK);
    assert_true(record_verify(&record, &b->home.inception.record_key));
    assert_int_equal(b->answer.blobs[1].len, SALT_BYTES);
    assert_true(bytes_equal(buf_view(&b->answer.blobs[2]), engagement_payload(1, "Osaka", &payload)));
}

static void a_reference_may_be_pinned(void **state)
{
    struct bench *b = *state;
    char ref[128], author[65];
    put(b, 1, "Osaka");
    snprintf(ref, sizeof ref, "%s", text_at(row_at(b, "results", 0), "ref"));
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", ref, NULL), E_OK);
    size_t last = strlen(ref) - 1;
    ref[last] = ref[last] == '0' ? '1' : '0';
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", ref, NULL), E_UNMET);
    hex_encode(b->home.author.b, HASH_BYTES, author);
    snprintf(ref, sizeof ref, "%s/1", author);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", ref, NULL), E_OK);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "1", NULL), E_OK);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "2", NULL), E_NOT_FOUND);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "us-ca-fresno/1", NULL), E_NOT_FOUND);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "one", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "/1", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.show", NO_BLOB, "ref", "1@12", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.show", NO_BLOB, NULL), E_USAGE);
}

static void records_are_listed_page_by_page(void **state)
{
    struct bench *b = *state;
    for (uint8_t i = 1; i <= 5; i++)
        put(b, i, "tie");
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "limit", "4", NULL), E_OK);
    assert_int_equal(rows(b, "records"), 4);
    assert_string_equal(text_at(row_at(b, "records", 0), "type"), "inception");
    char cursor[32];
    snprintf(cursor, sizeof cursor, "%s", text_at(b->answer.body, "cursor"));
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "limit", "4", "cursor", cursor, NULL), E_OK);
    assert_int_equal(rows(b, "records"), 2);
    assert_null(json_object_get(b->answer.body, "cursor"));

    assert_int_equal(ask(b, "record.ls", NO_BLOB, "limit", "4", "reverse", "1", NULL), E_OK);
    assert_int_equal(json_integer_value(json_object_get(row_at(b, "records", 0), "seq")), 5);
    snprintf(cursor, sizeof cursor, "%s", text_at(b->answer.body, "cursor"));
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "reverse", "1", "cursor", cursor, NULL), E_OK);
    assert_int_equal(rows(b, "records"), 2);
    assert_null(json_object_get(b->answer.body, "cursor"));
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "limit", "0", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "limit", "10001", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.ls", NO_BLOB, "author", "us-ca-fresno", NULL), E_NOT_FOUND);
}

static void the_tail_always_tells_where_to_go_on(void **state)
{
    struct bench *b = *state;
    char cursor[32];
    put(b, 1, "Osaka");
    assert_int_equal(ask(b, "record.tail", NO_BLOB, "limit", "1", NULL), E_OK);
    assert_int_equal(rows(b, "records"), 1);
    assert_int_equal(json_integer_value(json_object_get(row_at(b, "records", 0), "seq")), 1);
    snprintf(cursor, sizeof cursor, "%s", text_at(b->answer.body, "cursor"));
    assert_int_equal(ask(b, "record.tail", NO_BLOB, "cursor", cursor, NULL), E_OK);
    assert_int_equal(rows(b, "records"), 0);
    put(b, 2, "Kyoto");
    assert_int_equal(ask(b, "record.tail", NO_BLOB, "cursor", cursor, NULL), E_OK);
    assert_int_equal(rows(b, "records"), 1);
    assert_string_equal(text_at(row_at(b, "records", 0), "title"), "Kyoto");
}

static void a_record_is_amended_and_retracted_by_any_of_its_names(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf payload = { 0 };
    char id[32];
    put(b, 1, "Osaka");
    snprintf(id, sizeof id, "%s", text_at(row_at(b, "results", 0), "engagement"));
    id[7] = 0;
    struct bytes changed = engagement_payload(1, "Osaka City", &payload);
    assert_int_equal(ask(b, "record.amend", changed, "engagement", id, NULL), E_OK);
    assert_string_equal(text_at(row_at(b, "results", 0), "outcome"), "amended");
    assert_int_equal(ask(b, "record.amend", changed, "ref", "1", "change", "correction", NULL), E_OK);
    assert_int_equal(ask(b, "record.amend", changed, "ref", "1", "change", "whim", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.amend", changed, "ref", "0", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.amend", changed, NULL), E_USAGE);
    id[5] = 0;
    assert_int_equal(ask(b, "record.amend", changed, "engagement", id, NULL), E_USAGE);
    assert_int_equal(ask(b, "record.retract", NO_BLOB, "ref", "2", NULL), E_USAGE);
    assert_int_equal(ask(b, "record.retract", NO_BLOB, "ref", "2", "reason", "duplicate", NULL), E_OK);
    assert_string_equal(text_at(row_at(b, "results", 0), "outcome"), "retracted");
    assert_int_equal(ask(b, "record.retract", NO_BLOB, "ref", "1", "reason", "duplicate", NULL), E_EXISTS);
}

static void verifying_tells_key_chain_and_payload(void **state)
{
    struct bench *b = *state;
    put(b, 1, "Osaka");
    assert_int_equal(ask(b, "record.verify", NO_BLOB, "ref", "1", NULL), E_OK);
    assert_true(json_is_true(json_object_get(b->answer.body, "valid")));
    assert_string_equal(text_at(b->answer.body, "signature"), "own");
    assert_string_equal(text_at(b->answer.body, "chain"), "ok");
    assert_string_equal(text_at(b->answer.body, "payload"), "matches");
    char key[65];
    hex_encode(b->home.inception.record_key.b, KEY_BYTES, key);
    assert_string_equal(text_at(b->answer.body, "key"), key);
    assert_int_equal(ask(b, "record.verify", NO_BLOB, "ref", "0", NULL), E_OK);
    assert_true(json_is_true(json_object_get(b->answer.body, "valid")));
}

static void an_export_holds_every_current_statement_once(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf payload = { 0 };
    for (uint8_t i = 1; i <= 40; i++)
        put(b, i, "tie");
    assert_int_equal(ask(b, "record.retract", NO_BLOB, "ref", "7", "reason", "error", NULL), E_OK);
    assert_int_equal(ask(b, "record.amend", engagement_payload(9, "knot", &payload), "ref", "9", NULL), E_OK);
    size_t seen = 0, knots = 0;
    char cursor[32] = "", last[32] = "";
    do {
        assert_int_equal(ask(b, "export", NO_BLOB, "limit", "7", "cursor", cursor, NULL), E_OK);
        assert_int_equal(rows(b, "rows"), b->answer.n_blobs);
        for (size_t i = 0; i < rows(b, "rows"); i++) {
            const char *id = text_at(row_at(b, "rows", i), "engagement");
            assert_true(strcmp(last, id) < 0);
            snprintf(last, sizeof last, "%s", id);
            knots += memmem(b->answer.blobs[i].data, b->answer.blobs[i].len, "knot", 4) != NULL;
            seen++;
        }
        const char *next = json_string_value(json_object_get(b->answer.body, "cursor"));
        snprintf(cursor, sizeof cursor, "%s", next != NULL ? next : "");
    } while (cursor[0] != 0);
    assert_int_equal(seen, 39);
    assert_int_equal(knots, 1);
    assert_int_equal(ask(b, "export", NO_BLOB, "cursor", "no id", NULL), E_MALFORMED);
}

/* How many current statements there are would have to be read from all of them. */
static void a_page_of_an_export_looks_at_nothing_far_behind_it(void **state)
{
    struct bench *b = *state;
    struct store_txn *txn;
    static const uint8_t last[16] = { [0 ... 15] = 0xff }, no_record[8] = { [0 ... 7] = 9 };
    put(b, 1, "Osaka");
    put(b, 2, "Kyoto");
    put(b, 3, "Kobe");
    assert_int_equal(store_begin(b->node->store, &txn), E_OK);
    store_put(txn, STORE_SUBJECTS, BYTES(last), BYTES(no_record));
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(ask(b, "export", NO_BLOB, "limit", "2", NULL), E_OK);
    assert_int_equal(rows(b, "rows"), 2);
    assert_non_null(json_object_get(b->answer.body, "cursor"));
    assert_int_equal(ask(b, "export", NO_BLOB, NULL), E_NOT_FOUND);
}

static void an_export_of_what_cannot_be_read_fails(void **state)
{
    struct bench *b = *state;
    uint8_t engagement[16];
    put(b, 1, "tie");
    assert_int_equal(id16_decode(text_at(row_at(b, "results", 0), "engagement"), engagement), E_OK);
    assert_true(spoil_pages(b->home.store, BYTES(engagement)) > 0);
    assert_int_equal(ask(b, "export", NO_BLOB, NULL), E_CORRUPT);
}

static void a_token_that_is_none_is_refused_with_a_hint(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask(b, "join", NO_BLOB, "token", "chancery1-AAAA", NULL), E_MALFORMED);
    assert_int_not_equal(b->answer.hint[0], 0);
    assert_int_equal(ask(b, "join", NO_BLOB, NULL), E_USAGE);
    assert_int_equal(ask(b, "peer.show", NO_BLOB, "peer", "office", NULL), E_NOT_FOUND);
    assert_int_equal(ask(b, "peer.rm", NO_BLOB, NULL), E_USAGE);
    assert_int_equal(ask(b, "peer.ls", NO_BLOB, NULL), E_OK);
    assert_int_equal(rows(b, "peers"), 0);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_put_says_what_became_of_each_payload),
        FACT(a_record_is_shown_to_the_bit),
        FACT(a_reference_may_be_pinned),
        FACT(records_are_listed_page_by_page),
        FACT(the_tail_always_tells_where_to_go_on),
        FACT(a_record_is_amended_and_retracted_by_any_of_its_names),
        FACT(verifying_tells_key_chain_and_payload),
        FACT(an_export_holds_every_current_statement_once),
        FACT(a_page_of_an_export_looks_at_nothing_far_behind_it),
        FACT(an_export_of_what_cannot_be_read_fails),
        FACT(a_token_that_is_none_is_refused_with_a_hint),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
