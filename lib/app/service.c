#include "app/service.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum err service_init(int *signal_fd)
{
    umask(077);
    raise_descriptors();
    signal(SIGPIPE, SIG_IGN);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return fail_errno(E_IO, "cannot block signals");
    *signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *signal_fd >= 0 ? E_OK : fail_errno(E_IO, "cannot make a signalfd");
}

const char *service_home(const char *given)
{
    if (given == NULL)
        given = getenv("CHANCERY_HOME");
    return given != NULL && given[0] != 0 ? given : SERVICE_HOME;
}

static void print_conf(const struct conf_option *conf)
{
    AUTO(buf_clear) struct buf text = { 0 };
    const char *const none[] = { NULL };
    conf_template(conf, none, &text);
    fwrite(text.data, 1, text.len, stdout);
}

int service_read_words(const struct service *service, int argc, char **argv, struct service_words *out)
{
    static const struct option words[] = {
        { "home", required_argument, NULL, 'H' }, { "check", no_argument, NULL, 'c' },
        { "print-conf", no_argument, NULL, 'P' }, { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },       { NULL, 0, NULL, 0 },
    };
    *out = (struct service_words){ .home = service_home(NULL) };
    optind = 0; /* from the start, whoever read words before */
    for (int word; (word = getopt_long(argc, argv, "hv", words, NULL)) != -1;) {
        switch (word) {
        case 'H':
            out->home = service_home(optarg);
            break;
        case 'c':
            out->check = true;
            break;
        case 'P':
            print_conf(service->conf);
            return 0;
        case 'v':
            printf("%s %s\n", service->program, CHANCERY_VERSION);
            return 0;
        case 'h':
            fputs(service->usage, stdout);
            return 0;
        default:
            fprintf(stderr, "hint: %s --help\n", service->program);
            return 2;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "%s: \"%s\" is not expected here\nhint: %s --help\n", service->program, argv[optind],
            service->program);
    return 2;
}

int service_complain(const char *program, enum err err, const char *init)
{
    fprintf(stderr, "%s: %s\n", program, err_message());
    if (err == E_NOT_FOUND)
        fprintf(stderr, "hint: make a home with `%s`\n", init);
    if (err == E_BUSY)
        fputs("hint: one daemon a home; stop the other one first\n", stderr);
    if (err == E_FULL)
        fputs("hint: make room on the disk\n", stderr);
    return err_exit(err);
}

void service_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void service_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}
