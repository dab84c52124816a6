#include "hubd/options.h"

#include "scratch.h"

#include <inttypes.h>

#include "base/file.h"

#include <cmocka.h>

static struct options options;

static const char *conf_path(void)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/hub.conf", scratch);
    return path;
}

static enum err read_text(const char *text)
{
    assert_int_equal(file_write(conf_path(), bytes_text(text), 0600), E_OK);
    return options_read(conf_path(), &options);
}

static void refused(const char *text, const char *says)
{
    assert_int_equal(read_text(text), E_USAGE);
    assert_memory_equal(err_message(), conf_path(), strlen(conf_path()));
    if (strstr(err_message(), says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err_message(), says);
}

static void without_a_file_the_fallbacks_hold(void **state)
{
    (void)state;
    assert_int_equal(options_read("/nowhere/hub.conf", &options), E_OK);
    assert_string_equal(options.endpoint, "tcp://*:7443");
    assert_string_equal(options.public_endpoint, "");
    assert_int_equal(options.log_level, LOG_INFO);
    assert_int_equal(options.store_map, 1ULL << 40);
    assert_int_equal(options.view_map, 256ULL << 30);
    assert_int_equal(options.max_peers, 19000);
    assert_int_equal(options.commit_records, 8192);
    assert_int_equal(options.commit_bytes, 8 << 20);
    assert_int_equal(options.credit_budget, 256 << 20);
    assert_int_equal(options.heartbeat_ms, 15000);
    assert_int_equal(options.tick_ms, 60000);
    assert_int_equal(options.invite_ms, 72 * 3600000);
}

/* Where each option lands: numbers, sizes and durations by their plain values. */
static const struct {
    const char *name;
    size_t at, size;
    uint64_t value;
} fields[] = {
#define FIELD(name, field, value)                                                                            \
    {                                                                                                        \
        name, offsetof(struct options, field), sizeof options.field, value                                   \
    }
    FIELD("store_map", store_map, 11 << 20),
    FIELD("view_map", view_map, 12 << 20),
    FIELD("verifiers", verifiers, 13),
    FIELD("io_threads", io_threads, 14),
    FIELD("max_peers", max_peers, 15),
    FIELD("credit_window", credit_window, 65536),
    FIELD("credit_floor", credit_floor, 17000),
    FIELD("credit_budget", credit_budget, 180000),
    FIELD("queue_bytes", queue_bytes, 190000),
    FIELD("commit_records", commit_records, 20),
    FIELD("commit_bytes", commit_bytes, 21000),
    FIELD("heartbeat", heartbeat_ms, 22),
    FIELD("missed_heartbeats", missed_heartbeats, 23),
    FIELD("greeting_timeout", greeting_ms, 24),
    FIELD("tick_interval", tick_ms, 25),
    FIELD("retry_after", retry_ms, 26),
    FIELD("pending_retry", pending_ms, 27),
    FIELD("full_retry", full_ms, 28),
    FIELD("herd_window", herd_ms, 29),
    FIELD("push_rate", push_rate, 30),
    FIELD("strikes", strikes, 31),
    FIELD("ban", ban_ms, 32),
    FIELD("ban_max", ban_max_ms, 33),
    FIELD("invite_expires", invite_ms, 34),
    FIELD("project_records", project_records, 35),
    FIELD("linger", linger_ms, 36),
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof *fields)

static uint64_t landed(size_t i)
{
    const uint8_t *at = (const uint8_t *)&options + fields[i].at;
    uint32_t small;
    uint64_t large;
    memcpy(&small, at, sizeof small);
    if (fields[i].size == sizeof small)
        return small;
    memcpy(&large, at, sizeof large);
    return large;
}

static void write_value(struct buf *out, const struct conf_option *option, uint64_t value)
{
    const char *quote = option->type == CONF_NUMBER ? "" : "\"";
    const char *unit = option->type == CONF_DURATION ? "ms" : "";
    buf_printf(out, "%s = %s%" PRIu64 "%s%s\n", option->name, quote, value, unit, quote);
}

static const struct conf_option *option_named(const char *name)
{
    for (const struct conf_option *option = hub_options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return option;
    fail_msg("no option %s", name);
    return NULL;
}

static void every_option_lands_in_its_field(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf text = { 0 };
    buf_text(&text, "endpoint = \"tcp://1.2.3.4:5\"\npublic_endpoint = \"tcp://hub.example:6\"\n"
                    "log_level = \"debug\"\n");
    size_t options_there = 0;
    for (size_t i = 0; i < FIELDS; i++)
        write_value(&text, option_named(fields[i].name), fields[i].value);
    assert_int_equal(read_text(buf_string(&text)), E_OK);
    assert_string_equal(options.endpoint, "tcp://1.2.3.4:5");
    assert_string_equal(options.public_endpoint, "tcp://hub.example:6");
    assert_int_equal(options.log_level, LOG_DEBUG);
    for (size_t i = 0; i < FIELDS; i++)
        if (landed(i) != fields[i].value)
            fail_msg("%s is %" PRIu64, fields[i].name, landed(i));
    while (hub_options[options_there].name != NULL)
        options_there++;
    assert_int_equal(options_there, FIELDS + 3); /* a new one has its fact here */
}

/* Options that are bounded by each other, too, have their companions at the far end. */
static void write_companions(struct buf *out, const char *name)
{
    if (strcmp(name, "credit_window") == 0)
        write_value(out, option_named("credit_floor"), 1024);
    if (strcmp(name, "credit_floor") == 0)
        write_value(out, option_named("credit_window"), 64 << 20);
}

static void at_its_bound(const struct conf_option *option, uint64_t value, enum err expected)
{
    AUTO(buf_clear) struct buf text = { 0 };
    write_value(&text, option, value);
    write_companions(&text, option->name);
    enum err err = read_text(buf_string(&text));
    if (err != expected)
        fail_msg("%s = %" PRIu64 " gives %s", option->name, value, err_name(err));
    if (expected == E_OK)
        return;
    char line[300];
    snprintf(line, sizeof line, "%s:1: %s", conf_path(), option->name);
    assert_memory_equal(err_message(), line, strlen(line));
}

static void every_number_has_two_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIELDS; i++) {
        const struct conf_option *option = option_named(fields[i].name);
        assert_true(option->max > option->min);
        at_its_bound(option, option->min, E_OK);
        at_its_bound(option, option->max, E_OK);
        at_its_bound(option, option->max + 1, E_USAGE);
        if (option->min > 0)
            at_its_bound(option, option->min - 1, E_USAGE);
    }
}

static void what_is_not_a_value_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("\nverifiers = many\n", ":2: ");
    refused("heartbeat = \"15 parsecs\"\n", ":1: ");
    refused("store_map = \"-1\"\n", ":1: ");
    refused("log_level = \"loud\"\n", "error, warn, info");
    refused("heartbeet = \"15s\"\n", "heartbeat");
    refused("heartbeat\n", ":");
}

static void an_endpoint_is_never_cut_short(void **state)
{
    (void)state;
    char endpoint[MAX_ENDPOINT_BYTES + 2], text[600];
    memset(endpoint, 'e', sizeof endpoint - 1);
    endpoint[sizeof endpoint - 1] = 0;
    snprintf(text, sizeof text, "endpoint = \"%s\"\n", endpoint);
    refused(text, "endpoint: expected at most 255 bytes");
    snprintf(text, sizeof text, "public_endpoint = \"%s\"\n", endpoint);
    refused(text, "public_endpoint: expected at most 255 bytes");
    snprintf(text, sizeof text, "endpoint = \"%s\"\n", endpoint + 1);
    assert_int_equal(read_text(text), E_OK);
    assert_string_equal(options.endpoint, endpoint + 1);
}

static void options_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    refused("credit_window = \"16KiB\"\ncredit_floor = \"17KiB\"\n", "credit_floor");
    assert_int_equal(read_text("credit_window = \"17KiB\"\ncredit_floor = \"17KiB\"\n"), E_OK);
}

/* What `hubd --print-conf` gives is a configuration, and says nothing new. */
static void the_template_reads_as_the_fallbacks(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf text = { 0 };
    const char *const none[] = { NULL };
    struct options fallbacks;
    assert_int_equal(options_read("/nowhere/hub.conf", &fallbacks), E_OK);
    conf_template(hub_options, none, &text);
    assert_int_equal(read_text(buf_string(&text)), E_OK);
    for (size_t i = 0; i < FIELDS; i++) {
        uint64_t read = landed(i);
        struct options kept = options;
        options = fallbacks;
        assert_int_equal(read, landed(i));
        options = kept;
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(without_a_file_the_fallbacks_hold),   FACT(every_option_lands_in_its_field),
        FACT(every_number_has_two_bounds),         FACT(what_is_not_a_value_is_refused_with_its_line),
        FACT(an_endpoint_is_never_cut_short),      FACT(options_that_contradict_each_other_are_refused),
        FACT(the_template_reads_as_the_fallbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
