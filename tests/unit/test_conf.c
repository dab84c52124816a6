#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/conf.h"
#include "base/file.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static const char *const follows[] = { "office", "own", NULL };
static const struct conf_option options[] = {
    { "endpoint", CONF_TEXT, "tcp://127.0.0.1:7443", 0, 0, NULL, "Where to listen." },
    { "heartbeat", CONF_DURATION, "15s", 1, 3600000, NULL, "How often to say that we are here." },
    { "map_size", CONF_SIZE, "64GiB", 65536, (uint64_t)1 << 44, NULL,
      "The most that the store may grow to." },
    { "verifiers", CONF_NUMBER, "1", 1, 64, NULL, "Threads that check signatures." },
    { "quiet", CONF_FLAG, "no", 0, 0, NULL, "Say less." },
    { "follow", CONF_TEXT, "office", 0, 0, follows, "Whose feeds to keep." },
    { "hubs", CONF_TEXTS, NULL, 0, 0, NULL, "Other hubs." },
    { 0 },
};

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/chancery-conf-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
    (void)state;
    return unlink(path);
}

static enum err read_text(const char *text, struct conf **conf)
{
    assert_int_equal(file_write(path, bytes_text(text), 0600), E_OK);
    return conf_read(path, options, conf);
}

static void refused(const char *text, const char *line, const char *expected)
{
    struct conf *conf;
    assert_int_equal(read_text(text, &conf), E_USAGE);
    assert_null(conf);
    char start[100];
    snprintf(start, sizeof start, "%s:%s: ", path, line);
    assert_memory_equal(err_message(), start, strlen(start));
    if (strstr(err_message(), expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err_message(), expected);
}

static void an_empty_file_gives_the_fallbacks(void **state)
{
    (void)state;
    struct conf *conf;
    assert_int_equal(read_text("# nothing\n", &conf), E_OK);
    assert_string_equal(conf_text(conf, "endpoint"), "tcp://127.0.0.1:7443");
    assert_int_equal(conf_number(conf, "heartbeat"), 15000);
    assert_int_equal(conf_number(conf, "map_size"), (uint64_t)64 << 30);
    assert_false(conf_flag(conf, "quiet"));
    const char *const *hubs;
    assert_int_equal(conf_texts(conf, "hubs", &hubs), 0);
    conf_free(&conf);
    assert_null(conf);
}

static void a_missing_file_gives_the_fallbacks(void **state)
{
    (void)state;
    struct conf *conf;
    assert_int_equal(conf_read("/nonexistent/node.conf", options, &conf), E_OK);
    assert_int_equal(conf_number(conf, "verifiers"), 1);
    conf_free(&conf);
}

static void values_are_read_in_their_units(void **state)
{
    (void)state;
    struct conf *conf;
    assert_int_equal(read_text("heartbeat = 250ms\nmap_size = \"16MiB\"\nquiet = yes\nfollow = own\n"
                               "hubs = {\"tcp://a:1\", \"tcp://b:2\"}\n",
                               &conf),
                     E_OK);
    assert_int_equal(conf_number(conf, "heartbeat"), 250);
    assert_int_equal(conf_number(conf, "map_size"), 16 << 20);
    assert_true(conf_flag(conf, "quiet"));
    assert_string_equal(conf_text(conf, "follow"), "own");
    const char *const *hubs;
    assert_int_equal(conf_texts(conf, "hubs", &hubs), 2);
    assert_string_equal(hubs[1], "tcp://b:2");
    conf_free(&conf);
}

static void what_is_wrong_is_named_with_file_line_and_expectation(void **state)
{
    (void)state;
    refused("\n\nhartbeat = 10s\n", "3", "did you mean heartbeat?");
    refused("zzzzzzzzzz = 1\n", "1", "unknown option \"zzzzzzzzzz\"");
    refused("heartbeat = soon\n", "1", "expected a duration like");
    refused("map_size = big\n", "1", "expected a size like");
    refused("\nverifiers = 65\n", "2", "from 1 to 64");
    refused("verifiers = -1\n", "1", "expected a whole number");
    refused("quiet = maybe\n", "1", "expected yes or no");
    refused("follow = everyone\n", "1", "expected one of office, own");
    refused("endpoint = \"tcp://a:1\n", "2", "");
    refused("endpoint\n", "2", "");
    refused("endpoint = \"\xff\xfe\"\n", "1", "expected UTF-8");
}

static void comments_do_not_shift_the_lines(void **state)
{
    (void)state;
    refused("# one\n#two = 2\n\n# three\nheartbeat = soon\n", "5", "expected a duration like");
    refused("quiet = no # one\nquiet = no // two\nheartbeat = soon\n", "3", "expected a duration like");
    refused("/* one\n two */\n// three\nheartbeat = soon\n", "4", "expected a duration like");
    refused("endpoint = \"tcp://a:1#b\" # it's \"quoted\nheartbeat = soon\n", "2",
            "expected a duration like");
    refused("endpoint = \"tcp://*:1\" /* a\n*/\nheartbeat = soon\n", "3", "expected a duration like");
    refused("# \"\nhubs = {\"a\", # one\n \"b\"}\nhartbeat = soon\n", "4", "did you mean heartbeat?");
}

static void what_stands_in_quotes_is_no_comment(void **state)
{
    (void)state;
    struct conf *conf;
    assert_int_equal(read_text("endpoint = \"a#b \\\" /*c*/ // d\"\n", &conf), E_OK);
    assert_string_equal(conf_text(conf, "endpoint"), "a#b \" /*c*/ // d");
    conf_free(&conf);
    assert_int_equal(read_text("endpoint = 'tcp://*:7443' # x\nquiet = yes", &conf), E_OK);
    assert_string_equal(conf_text(conf, "endpoint"), "tcp://*:7443");
    assert_true(conf_flag(conf, "quiet"));
    conf_free(&conf);
}

static void bytes_that_are_no_text_are_shown_escaped(void **state)
{
    (void)state;
    refused("\xff\x1b = 1\n", "1", "unknown option \"\\x");
}

static void a_nul_byte_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char text[] = "quiet = no\n\0quiet = yes\n";
    struct conf *conf;
    assert_int_equal(file_write(path, bytes_of(text, sizeof text - 1), 0600), E_OK);
    assert_int_equal(conf_read(path, options, &conf), E_USAGE);
    assert_non_null(strstr(err_message(), ":2: a NUL byte"));
}

static void a_folder_is_no_configuration(void **state)
{
    (void)state;
    struct conf *conf;
    assert_int_equal(conf_read("/tmp", options, &conf), E_IO);
}

static void the_template_is_read_back_as_it_was_meant(void **state)
{
    (void)state;
    const char *const overrides[] = { "endpoint", "tcp://[::1]:7443", "follow", "own", NULL };
    AUTO(buf_clear) struct buf text = { 0 };
    conf_template(options, overrides, &text);
    struct conf *conf;
    assert_int_equal(read_text(buf_string(&text), &conf), E_OK);
    assert_string_equal(conf_text(conf, "endpoint"), "tcp://[::1]:7443");
    assert_string_equal(conf_text(conf, "follow"), "own");
    assert_int_equal(conf_number(conf, "heartbeat"), 15000);
    assert_non_null(strstr(buf_string(&text), "#heartbeat = \"15s\""));
    conf_free(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_gives_the_fallbacks),
        cmocka_unit_test(a_missing_file_gives_the_fallbacks),
        cmocka_unit_test(values_are_read_in_their_units),
        cmocka_unit_test(what_is_wrong_is_named_with_file_line_and_expectation),
        cmocka_unit_test(comments_do_not_shift_the_lines),
        cmocka_unit_test(what_stands_in_quotes_is_no_comment),
        cmocka_unit_test(bytes_that_are_no_text_are_shown_escaped),
        cmocka_unit_test(a_nul_byte_is_refused_with_its_line),
        cmocka_unit_test(a_folder_is_no_configuration),
        cmocka_unit_test(the_template_is_read_back_as_it_was_meant),
    };
    return cmocka_run_group_tests(tests, make_path, drop_path);
}
