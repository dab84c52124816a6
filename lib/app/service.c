#include "app/service.h"

#include <signal.h>
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

void service_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

void service_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void service_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}
