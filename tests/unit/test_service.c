#include "app/service.h"

#include "scratch.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/file.h"

#include <cmocka.h>

static void the_home_is_the_one_that_was_named_last(void **state)
{
    (void)state;
    unsetenv("CHANCERY_HOME");
    assert_string_equal(service_home(NULL), SERVICE_HOME);
    assert_string_equal(service_home("/h"), "/h");
    setenv("CHANCERY_HOME", "/e", 1);
    assert_string_equal(service_home(NULL), "/e");
    assert_string_equal(service_home("/h"), "/h");
    setenv("CHANCERY_HOME", "", 1);
    assert_string_equal(service_home(NULL), SERVICE_HOME);
    assert_string_equal(service_home(""), SERVICE_HOME);
    unsetenv("CHANCERY_HOME");
}

/* ---- words */

struct call {
    const char *word, *value;
    int code;
    const char *said; /* what the output begins with, on either stream */
};

static int call_words(void *context)
{
    static const struct conf_option conf[] = {
        { "follow", CONF_TEXT, "office", 0, 0, NULL, "Whose records." }, { NULL }
    };
    static const struct service service = { "noded", "Usage: noded\n", conf };
    const struct call *call = context;
    char *argv[] = { mem_text("noded"), mem_text(call->word), NULL, NULL };
    char path[200];
    struct service_words words;
    if (call->value != NULL)
        argv[2] = mem_text(call->value);
    snprintf(path, sizeof path, "%s/said", scratch);
    if (freopen(path, "w", stdout) == NULL || dup2(fileno(stdout), 2) < 0)
        return 99;
    int code = service_read_words(&service, call->value != NULL ? 3 : 2, argv, &words);
    fflush(stdout);
    for (size_t i = 0; i < 3; i++)
        free(argv[i]);
    return code;
}

static void words_that_ask_for_no_run_are_answered(void **state)
{
    (void)state;
    static struct call calls[] = {
        { "--help", NULL, 0, "Usage: noded\n" },
        { "-v", NULL, 0, "noded " CHANCERY_VERSION "\n" },
        { "--print-conf", NULL, 0, "# Whose records.\n#follow = \"office\"\n\n" },
        { "--home", NULL, 2, "noded: option '--home' requires an argument\nhint: noded --help\n" },
        { "--wat", NULL, 2, "noded: unrecognized option '--wat'\nhint: noded --help\n" },
        { "--check", "x", 2, "noded: \"x\" is not expected here\nhint: noded --help\n" },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        AUTO(buf_clear) struct buf said = { 0 };
        char path[200];
        int status = scratch_child(call_words, &calls[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), calls[i].code);
        snprintf(path, sizeof path, "%s/said", scratch);
        assert_int_equal(file_read(path, 4096, &said), E_OK);
        assert_string_equal(buf_string(&said), calls[i].said);
    }
}

static void words_for_a_run_name_its_home(void **state)
{
    (void)state;
    static const struct service service = { "hubd", "", NULL };
    struct service_words words;
    char program[] = "hubd", home[] = "--home", where[] = "/h", check[] = "--check";
    char *both[] = { program, home, where, check, NULL }, *none[] = { program, NULL };
    setenv("CHANCERY_HOME", "/e", 1);
    assert_int_equal(service_read_words(&service, 4, both, &words), -1);
    assert_string_equal(words.home, "/h");
    assert_true(words.check);
    assert_int_equal(service_read_words(&service, 1, none, &words), -1);
    assert_string_equal(words.home, "/e");
    assert_false(words.check);
    unsetenv("CHANCERY_HOME");
}

/* ---- complaints */

struct complaint {
    enum err err;
    int exit;
    const char *hint; /* NULL: none */
};

/* Ends with what service_complain gave; its stderr is in the file. */
static int complain(void *context)
{
    const struct complaint *c = context;
    char path[200];
    snprintf(path, sizeof path, "%s/stderr", scratch);
    if (freopen(path, "w", stderr) == NULL)
        return 99;
    (fail)(c->err, "it went wrong");
    int code = service_complain("noded", c->err, "nodectl init node");
    fflush(stderr);
    return code;
}

static void a_failure_is_told_with_what_helps_and_ends_with_its_code(void **state)
{
    (void)state;
    static struct complaint complaints[] = {
        { E_NOT_FOUND, 3, "hint: make a home with `nodectl init node`\n" },
        { E_BUSY, 6, "hint: one daemon a home; stop the other one first\n" },
        { E_FULL, 1, "hint: make room on the disk\n" },
        { E_CORRUPT, 9, NULL },
        { E_USAGE, 2, NULL },
        { E_IO, 1, NULL },
    };
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
        AUTO(buf_clear) struct buf text = { 0 };
        char path[200], expected[200];
        int status = scratch_child(complain, &complaints[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), complaints[i].exit);
        snprintf(path, sizeof path, "%s/stderr", scratch);
        assert_int_equal(file_read(path, 4096, &text), E_OK);
        snprintf(expected, sizeof expected, "noded: it went wrong\n%s",
                 complaints[i].hint != NULL ? complaints[i].hint : "");
        assert_string_equal(buf_string(&text), expected);
    }
}

/* ---- signals and limits */

static int look_at_signals(void *context)
{
    (void)context;
    int fd = -1;
    struct rlimit limit = { 0 };
    struct signalfd_siginfo info;
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max / 2;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (service_init(&fd) != E_OK)
        return 1;
    if (read(fd, &info, sizeof info) >= 0 || errno != EAGAIN)
        return 2; /* it must not block */
    for (size_t i = 0; i < 3; i++) {
        kill(getpid(), signals[i]);
        if (read(fd, &info, sizeof info) != sizeof info || info.ssi_signo != (uint32_t)signals[i])
            return 3;
    }
    kill(getpid(), SIGPIPE); /* ignored: else this is the end */
    if (umask(0) != 077)
        return 4;
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == limit.rlim_max ? 0 : 5;
}

static void signals_come_by_a_descriptor_and_files_are_for_oneself(void **state)
{
    (void)state;
    int status = scratch_child(look_at_signals, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- what the system is told */

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void assert_told(int fd, const char *expected)
{
    char text[200];
    ssize_t got = recv(fd, text, sizeof text - 1, 0);
    assert_true(got > 0);
    text[got] = 0;
    assert_string_equal(text, expected);
}

static void systemd_is_told_how_it_goes(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/notify", scratch);
    int fd = listen_at(path);
    setenv("NOTIFY_SOCKET", path, 1);
    service_ready("100% of it");
    assert_told(fd, "READY=1\nSTATUS=100% of it");
    service_alive();
    assert_told(fd, "WATCHDOG=1");
    service_stopping();
    assert_told(fd, "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    service_ready("running"); /* to nobody */
    char text[8];
    assert_int_equal(recv(fd, text, sizeof text, 0), -1);
    close(fd);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(the_home_is_the_one_that_was_named_last),
        FACT(words_that_ask_for_no_run_are_answered),
        FACT(words_for_a_run_name_its_home),
        FACT(a_failure_is_told_with_what_helps_and_ends_with_its_code),
        FACT(signals_come_by_a_descriptor_and_files_are_for_oneself),
        FACT(systemd_is_told_how_it_goes),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
