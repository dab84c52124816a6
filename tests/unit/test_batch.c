#include "nodectl/batch.h"

#include "fake_daemon.h"

#include "base/limits.h"

/* ---- how many go into one request */

static size_t fit(size_t count, size_t len)
{
    AUTO(free_ptr) struct buf *payloads = mem_alloc(count * sizeof *payloads);
    for (size_t i = 0; i < count; i++)
        payloads[i].len = len;
    return batch_fit(payloads, count);
}

static void as_many_go_as_one_request_takes(void **state)
{
    (void)state;
    size_t most = MAX_CONTROL_BYTES - 65536;
    assert_int_equal(fit(1, 100), 1);
    assert_int_equal(fit(BATCH_MOST, 100), BATCH_MOST);
    assert_int_equal(fit(BATCH_MOST + 1, 100), BATCH_MOST);
    assert_int_equal(fit(100, MAX_PAYLOAD_BYTES), most / (MAX_PAYLOAD_BYTES + 8));
    assert_int_equal(fit(2, most / 2 - 8), 2);
    assert_int_equal(fit(2, most / 2 - 7), 1);
}

static void one_always_goes(void **state)
{
    (void)state;
    assert_int_equal(fit(3, MAX_CONTROL_BYTES), 1); /* and is refused with its own code */
    assert_int_equal(batch_fit(NULL, 0), 0);
}

/* ---- over a socket */

struct asked {
    struct daemon daemon;
    unsigned calls;
    char visibility[32], mode[32];
    size_t blobs, bytes;
    size_t results; /* that are answered */
    enum err refuses;
};

static enum err put(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct asked *asked = context;
    const char *visibility = control_param(request, "visibility"), *mode = control_param(request, "mode");
    asked->calls++;
    snprintf(asked->visibility, sizeof asked->visibility, "%s", visibility != NULL ? visibility : "none");
    snprintf(asked->mode, sizeof asked->mode, "%s", mode != NULL ? mode : "none");
    asked->blobs = request->n_blobs;
    asked->bytes = 0;
    for (size_t i = 0; i < request->n_blobs; i++)
        asked->bytes += request->blobs[i].len;
    if (asked->refuses != E_OK)
        return (fail)(asked->refuses, "not today");
    json_t *results = json_array();
    for (size_t i = 0; i < asked->results; i++)
        json_array_append_new(results, json_integer((json_int_t)i));
    answer->body = json_pack("{s:o}", "results", results);
    return E_OK;
}

static const struct control_command commands[] = { { "record.put", put }, { NULL, NULL } };

static int make_asked(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct asked *asked = mem_alloc(sizeof *asked);
    *state = asked;
    daemon_start(&asked->daemon, commands, asked);
    return 0;
}

static int drop_asked(void **state)
{
    struct asked *asked = *state;
    daemon_stop(&asked->daemon);
    free(asked);
    return scratch_drop(state);
}

static enum err put_three(struct asked *asked, const char *visibility, json_t *results)
{
    struct buf payloads[3] = { 0 };
    for (int i = 0; i < 3; i++)
        buf_printf(&payloads[i], "payload %d", i);
    const struct batch_how how = { .mode = "upsert", .visibility = visibility };
    enum err err = batch_put(&asked->daemon.ctl, payloads, 3, &how, results);
    for (int i = 0; i < 3; i++)
        buf_clear(&payloads[i]);
    return err;
}

static void the_results_come_behind_those_that_are_there(void **state)
{
    struct asked *asked = *state;
    json_t *results = json_pack("[s]", "before");
    asked->results = 3;
    assert_int_equal(put_three(asked, "federal", results), E_OK);
    assert_int_equal(asked->calls, 1);
    assert_int_equal(asked->blobs, 3);
    assert_int_equal(asked->bytes, 27);
    assert_string_equal(asked->visibility, "federal");
    assert_string_equal(asked->mode, "upsert");
    assert_int_equal(json_array_size(results), 4);
    assert_int_equal(json_integer_value(json_array_get(results, 3)), 2);
    assert_int_equal(put_three(asked, NULL, results), E_OK);
    assert_string_equal(asked->visibility, "none"); /* the daemon's default */
    json_decref(results);
}

static void another_number_of_results_is_malformed(void **state)
{
    struct asked *asked = *state;
    json_t *results = json_array();
    static const size_t wrong[] = { 0, 2, 4 };
    for (size_t i = 0; i < 3; i++) {
        asked->results = wrong[i];
        assert_int_equal(put_three(asked, NULL, results), E_MALFORMED);
        assert_int_equal(json_array_size(results), 0);
    }
    json_decref(results);
}

static void what_the_daemon_refuses_is_refused(void **state)
{
    struct asked *asked = *state;
    json_t *results = json_array();
    asked->refuses = E_FULL;
    assert_int_equal(put_three(asked, NULL, results), E_FULL);
    assert_string_equal(err_message(), "not today");
    assert_int_equal(json_array_size(results), 0);
    json_decref(results);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_asked, drop_asked)

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(as_many_go_as_one_request_takes),  cmocka_unit_test(one_always_goes),
        FACT(the_results_come_behind_those_that_are_there), FACT(another_number_of_results_is_malformed),
        FACT(what_the_daemon_refuses_is_refused),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
