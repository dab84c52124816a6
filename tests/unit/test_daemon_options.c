#include "daemon/options.h"

#include "scratch.h"

#include "base/file.h"

#include <cmocka.h>

#define DAY "86400000"

static struct node_options got;
static enum log_level level;

static enum err read_text(const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/node.conf", scratch);
    assert_int_equal(file_write(path, bytes_text(text), 0600), E_OK);
    return node_conf_read(path, &got, &level);
}

static enum err read_one(const char *name, const char *value)
{
    char text[200];
    snprintf(text, sizeof text, "# a comment\n%s = \"%s\"\n", name, value);
    return read_text(text);
}

static void assert_defaults(void)
{
    struct node_options expected = node_defaults();
    assert_int_equal(got.map_bytes, expected.map_bytes);
    assert_int_equal(got.heartbeat_ms, expected.heartbeat_ms);
    assert_int_equal(got.missed_heartbeats, expected.missed_heartbeats);
    assert_int_equal(got.redial_min_ms, expected.redial_min_ms);
    assert_int_equal(got.redial_max_ms, expected.redial_max_ms);
    assert_int_equal(got.steady_ms, expected.steady_ms);
    assert_int_equal(got.greeting_timeout_ms, expected.greeting_timeout_ms);
    assert_int_equal(got.mark_ms, expected.mark_ms);
    assert_int_equal(got.clock_skew_ms, expected.clock_skew_ms);
    assert_int_equal(got.outbox_age_ms, expected.outbox_age_ms);
    assert_int_equal(got.full_ms, expected.full_ms);
    assert_int_equal(got.credit_bytes, expected.credit_bytes);
    assert_int_equal(got.batch_bytes, expected.batch_bytes);
    assert_int_equal(got.run_records, expected.run_records);
    assert_int_equal(got.watch, expected.watch);
    assert_int_equal(got.follow, expected.follow);
    assert_int_equal(level, LOG_INFO);
}

static void without_a_file_everything_is_as_nobody_configured_it(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/no.conf", scratch);
    assert_int_equal(node_conf_read(path, &got, &level), E_OK);
    assert_defaults();
    assert_int_equal(read_text(""), E_OK);
    assert_defaults();
}

static void the_commented_file_that_is_printed_says_the_defaults(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf text = { 0 };
    const char *const none[] = { NULL };
    conf_template(node_conf, none, &text);
    assert_int_equal(read_text(buf_string(&text)), E_OK);
    assert_defaults();
    for (size_t i = 0; i < text.len; i++) /* and with every line uncommented, too */
        if (text.data[i] == '#' && text.data[i + 1] != ' ')
            text.data[i] = ' ';
    assert_int_equal(read_text(buf_string(&text)), E_OK);
    assert_defaults();
}

static void every_option_lands_where_it_belongs(void **state)
{
    (void)state;
    assert_int_equal(read_text("follow = \"own\"\nheartbeat = \"101ms\"\nmissed_heartbeats = \"7\"\n"
                               "redial_min = \"102ms\"\nredial_max = \"103ms\"\nsteady = \"104ms\"\n"
                               "greeting_timeout = \"105ms\"\nmark_interval = \"106ms\"\n"
                               "clock_skew = \"107ms\"\noutbox_age = \"108ms\"\nfull_retry = \"109ms\"\n"
                               "batch_bytes = \"5000\"\nrun_records = \"11\"\ncredit = \"70000\"\n"
                               "store_map = \"2MiB\"\nlog_level = \"debug\"\n"),
                     E_OK);
    assert_int_equal(got.follow, FOLLOW_OWN);
    assert_int_equal(got.heartbeat_ms, 101);
    assert_int_equal(got.missed_heartbeats, 7);
    assert_int_equal(got.redial_min_ms, 102);
    assert_int_equal(got.redial_max_ms, 103);
    assert_int_equal(got.steady_ms, 104);
    assert_int_equal(got.greeting_timeout_ms, 105);
    assert_int_equal(got.mark_ms, 106);
    assert_int_equal(got.clock_skew_ms, 107);
    assert_int_equal(got.outbox_age_ms, 108);
    assert_int_equal(got.full_ms, 109);
    assert_int_equal(got.batch_bytes, 5000);
    assert_int_equal(got.run_records, 11);
    assert_int_equal(got.credit_bytes, 70000);
    assert_int_equal(got.map_bytes, 2 << 20);
    assert_int_equal(level, LOG_DEBUG);
}

/* The least and the most of each, and what lies one beyond. */
static const struct {
    const char *name, *below, *least, *most, *above;
} bounds[] = {
    { "heartbeat", "9ms", "10ms", DAY, "86400001" },
    { "missed_heartbeats", "1", "2", "100", "101" },
    { "redial_min", "0", "1ms", "300000", "86400001" }, /* not above redial_max */
    { "redial_max", "999ms", "1000ms", DAY, "86400001" },
    { "steady", "0", "1ms", DAY, "86400001" },
    { "greeting_timeout", "9ms", "10ms", DAY, "86400001" },
    { "mark_interval", "-1", "0", DAY, "86400001" },
    { "clock_skew", "0", "1ms", "365d", "31536000001" },
    { "outbox_age", "-1", "0", "36500d", NULL },
    { "full_retry", "0", "1ms", DAY, "86400001" },
    { "batch_bytes", "4095", "4096", "262144", "262145" },
    { "run_records", "0", "1", "256", "257" },
    { "credit", "65535", "65536", "64MiB", "67108865" },
    { "store_map", "1048575", "1MiB", "16TiB", "17592186044417" },
};

static void every_option_has_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        assert_int_equal(read_one(bounds[i].name, bounds[i].least), E_OK);
        assert_int_equal(read_one(bounds[i].name, bounds[i].most), E_OK);
        assert_int_equal(read_one(bounds[i].name, bounds[i].below), E_USAGE);
        assert_non_null(strstr(err_message(), bounds[i].name));
        if (bounds[i].above != NULL)
            assert_int_equal(read_one(bounds[i].name, bounds[i].above), E_USAGE);
    }
}

static void no_option_is_without_its_bounds_or_its_words(void **state)
{
    (void)state;
    size_t options = 0, texts = 0;
    for (; node_conf[options].name != NULL; options++) {
        assert_string_not_equal(node_conf[options].help, "");
        if (node_conf[options].type != CONF_TEXT)
            continue;
        texts++;
        assert_non_null(node_conf[options].words);
    }
    assert_int_equal(options, sizeof bounds / sizeof *bounds + texts);
    assert_int_equal(texts, 2);
}

static void what_is_no_number_is_refused_with_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        static const char *const wrong[] = { "", "soon", "-1", "1.5s", "10 s", "99999999999999999999" };
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            assert_int_equal(read_one(bounds[i].name, wrong[j]), E_USAGE);
            assert_non_null(strstr(err_message(), "node.conf:2: "));
            assert_non_null(strstr(err_message(), "expected"));
        }
    }
}

static void only_the_words_of_a_list_are_taken(void **state)
{
    (void)state;
    assert_int_equal(read_one("follow", "office"), E_OK);
    assert_int_equal(got.follow, FOLLOW_OFFICE);
    assert_int_equal(read_one("follow", "everyone"), E_USAGE);
    assert_non_null(strstr(err_message(), "expected one of office, own"));
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    static const enum log_level values[] = { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_one("log_level", levels[i]), E_OK);
        assert_int_equal(level, values[i]);
    }
    assert_int_equal(read_one("log_level", "loud"), E_USAGE);
}

static void a_name_that_is_none_is_refused_with_the_one_that_was_meant(void **state)
{
    (void)state;
    assert_int_equal(read_one("heartbaet", "10s"), E_USAGE);
    assert_non_null(strstr(err_message(), "did you mean heartbeat?"));
    assert_int_equal(read_text("endpoint"), E_USAGE);
}

static void the_longest_wait_is_not_shorter_than_the_shortest(void **state)
{
    (void)state;
    assert_int_equal(read_text("redial_min = \"2s\"\nredial_max = \"2s\"\n"), E_OK);
    assert_int_equal(read_text("redial_min = \"2s\"\nredial_max = \"1999ms\"\n"), E_USAGE);
    assert_non_null(strstr(err_message(), "redial_max is shorter than redial_min"));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(without_a_file_everything_is_as_nobody_configured_it),
        cmocka_unit_test(the_commented_file_that_is_printed_says_the_defaults),
        cmocka_unit_test(every_option_lands_where_it_belongs),
        cmocka_unit_test(every_option_has_its_bounds),
        cmocka_unit_test(no_option_is_without_its_bounds_or_its_words),
        cmocka_unit_test(what_is_no_number_is_refused_with_what_was_expected),
        cmocka_unit_test(only_the_words_of_a_list_are_taken),
        cmocka_unit_test(a_name_that_is_none_is_refused_with_the_one_that_was_meant),
        cmocka_unit_test(the_longest_wait_is_not_shorter_than_the_shortest),
    };
    return cmocka_run_group_tests(facts, scratch_make, scratch_drop);
}
