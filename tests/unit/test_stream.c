#include "nodectl/stream.h"

#include "fake_daemon.h"

/* A daemon with so many rows, which answers as it is told. */
struct exporter {
    struct daemon daemon;
    size_t rows;
    size_t most_rows;  /* in one answer: else it is too big; 0: any */
    size_t drop_blobs; /* that are missing from an answer */
    enum err refuses;
    unsigned calls;
    size_t limits[32]; /* asked for, call by call */
    char query[64];
    /* what came */
    size_t seen, stop_at;
    bool mixed; /* a row came with another's payload, or out of order */
};

static enum err export_rows(void *context, const struct control_request *request,
                            struct control_answer *answer)
{
    struct exporter *x = context;
    const char *cursor = control_param(request, "cursor"), *q = control_param(request, "q");
    uint64_t from = 0, limit = 0;
    assert_int_equal(parse_u64(control_param(request, "limit"), &limit), E_OK);
    if (cursor != NULL)
        assert_int_equal(parse_u64(cursor, &from), E_OK);
    if (x->calls < 32)
        x->limits[x->calls] = limit;
    x->calls++;
    snprintf(x->query, sizeof x->query, "%s", q != NULL ? q : "none");
    if (x->refuses != E_OK)
        return (fail)(x->refuses, "not today");
    if (x->most_rows > 0 && limit > x->most_rows)
        return (fail)(E_TOO_BIG, "the answer is too big");
    json_t *rows = json_array();
    size_t i = from;
    for (; i < x->rows && i - from < limit; i++) {
        char text[24];
        snprintf(text, sizeof text, "%zu", i);
        json_array_append_new(rows, json_pack("{s:s}", "ref", text));
        if (i >= from + x->drop_blobs)
            control_answer_blob(answer, bytes_text(text));
    }
    answer->body = json_pack("{s:o,s:I}", "rows", rows, "total", (json_int_t)x->rows);
    if (i < x->rows) {
        char next[24];
        snprintf(next, sizeof next, "%zu", i);
        json_object_set_new(answer->body, "cursor", json_string(next));
    }
    return E_OK;
}

static const struct control_command commands[] = { { "export", export_rows }, { NULL, NULL } };

static int make_exporter(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct exporter *x = mem_alloc(sizeof *x);
    *state = x;
    x->stop_at = SIZE_MAX;
    daemon_start(&x->daemon, commands, x);
    return 0;
}

static int drop_exporter(void **state)
{
    struct exporter *x = *state;
    daemon_stop(&x->daemon);
    free(x);
    return scratch_drop(state);
}

static enum err see(void *context, const json_t *row, struct bytes payload)
{
    struct exporter *x = context;
    char text[24];
    if (x->seen == x->stop_at)
        return (fail)(E_FULL, "no more room here");
    snprintf(text, sizeof text, "%zu", x->seen++);
    x->mixed = x->mixed || strcmp(json_string_value(json_object_get(row, "ref")), text) != 0 ||
               !bytes_equal(payload, bytes_text(text));
    return E_OK;
}

static enum err stream(struct exporter *x, size_t limit)
{
    x->seen = x->calls = 0;
    return stream_export(&x->daemon.ctl, NULL, limit, NULL, see, x);
}

static void every_row_comes_once_with_its_payload(void **state)
{
    struct exporter *x = *state;
    static const size_t rows[] = { 0, 1, 999, 1000, 1001, 2500 };
    static const unsigned calls[] = { 1, 1, 1, 1, 2, 3 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        x->rows = rows[i];
        assert_int_equal(stream(x, 0), E_OK);
        assert_int_equal(x->seen, rows[i]);
        assert_int_equal(x->calls, calls[i]);
        assert_false(x->mixed);
    }
}

static void a_limit_is_kept_over_pages(void **state)
{
    struct exporter *x = *state;
    x->rows = 2500;
    static const size_t limits[] = { 1, 7, 1000, 1001, 2500, 9999 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        assert_int_equal(stream(x, limits[i]), E_OK);
        assert_int_equal(x->seen, limits[i] < 2500 ? limits[i] : 2500);
    }
    assert_int_equal(stream(x, 7), E_OK);
    assert_int_equal(x->limits[0], 7); /* no more is asked for than is wanted */
    assert_int_equal(x->calls, 1);
}

static void the_query_goes_along(void **state)
{
    struct exporter *x = *state;
    x->rows = 1;
    assert_int_equal(stream_export(&x->daemon.ctl, "kind:agreement", 0, "rows", see, x), E_OK);
    assert_string_equal(x->query, "kind:agreement");
    x->seen = 0;
    assert_int_equal(stream(x, 0), E_OK);
    assert_string_equal(x->query, "none");
}

static void an_answer_that_is_too_big_is_asked_for_in_smaller_pages(void **state)
{
    struct exporter *x = *state;
    x->rows = 300;
    x->most_rows = 130;
    assert_int_equal(stream(x, 0), E_OK);
    assert_int_equal(x->seen, 300);
    assert_false(x->mixed);
    static const size_t asked[] = { 1000, 500, 250, 125, 125, 125 };
    assert_int_equal(x->calls, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(x->limits[i], asked[i]);
    x->most_rows = 1;
    x->rows = 3;
    assert_int_equal(stream(x, 0), E_OK);
    assert_int_equal(x->seen, 3);
}

static void one_row_that_is_too_big_is_the_end(void **state)
{
    struct exporter *x = *state;
    x->rows = 3;
    x->refuses = E_TOO_BIG;
    assert_int_equal(stream(x, 0), E_TOO_BIG);
    assert_int_equal(x->seen, 0);
    assert_int_equal(x->limits[x->calls - 1], 1);
}

static void what_the_daemon_refuses_is_refused(void **state)
{
    struct exporter *x = *state;
    x->refuses = E_USAGE;
    assert_int_equal(stream(x, 0), E_USAGE);
    assert_string_equal(err_message(), "not today");
    assert_int_equal(x->calls, 1);
}

static void rows_without_their_payloads_are_malformed(void **state)
{
    struct exporter *x = *state;
    x->rows = 3;
    x->drop_blobs = 1;
    assert_int_equal(stream(x, 0), E_MALFORMED);
    assert_int_equal(x->seen, 0);
}

static void who_takes_the_rows_may_end_it(void **state)
{
    struct exporter *x = *state;
    x->rows = 2500;
    x->stop_at = 1200;
    assert_int_equal(stream(x, 0), E_FULL);
    assert_string_equal(err_message(), "no more room here");
    assert_int_equal(x->seen, 1200);
    assert_int_equal(x->calls, 2);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_exporter, drop_exporter)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(every_row_comes_once_with_its_payload),
        FACT(a_limit_is_kept_over_pages),
        FACT(the_query_goes_along),
        FACT(an_answer_that_is_too_big_is_asked_for_in_smaller_pages),
        FACT(one_row_that_is_too_big_is_the_end),
        FACT(what_the_daemon_refuses_is_refused),
        FACT(rows_without_their_payloads_are_malformed),
        FACT(who_takes_the_rows_may_end_it),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
