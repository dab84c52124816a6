#include "fake_daemon.h"

#include <stdlib.h>

/* A daemon that holds so many records, and says so many of them in one answer. */
struct teller {
    struct daemon daemon;
    uint64_t held, most;
    unsigned calls;
    uint64_t limits[16];
};

static enum err tell(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct teller *t = context;
    const char *cursor = control_param(request, "cursor");
    uint64_t limit, from;
    assert_int_equal(parse_u64(control_param(request, "limit"), &limit), E_OK);
    from = t->held > limit ? t->held - limit : 0;
    if (cursor != NULL)
        assert_int_equal(parse_u64(cursor, &from), E_OK);
    if (t->calls < 16)
        t->limits[t->calls] = limit;
    t->calls++;
    if (limit == 0)
        return (fail)(E_USAGE, "limit: expected 1 to 10000");
    json_t *records = json_array();
    for (uint64_t i = 0; i < limit && i < t->most && from < t->held; i++, from++)
        json_array_append_new(records, json_pack("{s:I}", "position", (json_int_t)from));
    char next[24];
    snprintf(next, sizeof next, "%llu", (unsigned long long)from);
    answer->body = json_pack("{s:o,s:s}", "records", records, "cursor", next);
    return E_OK;
}

static const struct control_command commands[] = { { "record.tail", tell }, { NULL, NULL } };

static int make_teller(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct teller *t = mem_alloc(sizeof *t);
    *state = t;
    daemon_start(&t->daemon, commands, t);
    return 0;
}

static int drop_teller(void **state)
{
    struct teller *t = *state;
    daemon_stop(&t->daemon);
    free(t);
    return scratch_drop(state);
}

/* What `record tail --json` prints. */
static json_t *printed(struct teller *t)
{
    struct ctl *ctl = &t->daemon.ctl;
    char *text = NULL;
    size_t len = 0;
    ctl->out.format = OUT_JSON;
    ctl->out.to = open_memstream(&text, &len);
    assert_non_null(ctl->out.to);
    assert_int_equal(cmd_record_tail(ctl), E_OK);
    fclose(ctl->out.to);
    json_t *body = json_loadb(text, len, 0, NULL);
    free(text);
    assert_non_null(body);
    return body;
}

static void the_last_records_are_all_there_although_answers_hold_fewer(void **state)
{
    struct teller *t = *state;
    t->held = 100;
    t->most = 7;
    json_t *body = printed(t), *records = json_object_get(body, "records");
    assert_int_equal(json_array_size(records), 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(records, i), "position")), 80 + i);
    assert_string_equal(json_string_value(json_object_get(body, "cursor")), "100");
    json_decref(body);
    assert_int_equal(t->calls, 3);
    assert_int_equal(t->limits[0], 20);
    assert_int_equal(t->limits[1], 13);
    assert_int_equal(t->limits[2], 6);
}

static void fewer_than_asked_for_are_all_that_there_are(void **state)
{
    struct teller *t = *state;
    t->held = 5;
    t->most = 7;
    json_t *body = printed(t);
    assert_int_equal(json_array_size(json_object_get(body, "records")), 5);
    json_decref(body);
    assert_int_equal(t->calls, 2);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_teller, drop_teller)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(the_last_records_are_all_there_although_answers_hold_fewer),
        FACT(fewer_than_asked_for_are_all_that_there_are),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
