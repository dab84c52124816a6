/* service: what a daemon is to the system: signals, readiness, watchdog, limits. */
#pragma once

#include "app/conf.h"

/* What a daemon says about itself. */
struct service {
    const char *program;            /* "noded" */
    const char *usage;              /* what --help prints */
    const struct conf_option *conf; /* for --print-conf */
};

struct service_words {
    const char *home;
    bool check; /* say whether home and configuration are sound, and exit */
};

/* Where a home is looked for when nobody names one. */
#define SERVICE_HOME "/var/lib/chancery"

/* Blocks SIGTERM, SIGINT, SIGHUP for every thread to come, ignores SIGPIPE, raises RLIMIT_NOFILE to its
 * maximum, umask 077. Returns a signalfd for the three. First thing in main. */
enum err service_init(int *signal_fd);
/* The home that is meant: the given one, else $CHANCERY_HOME, else SERVICE_HOME. given may be NULL. */
const char *service_home(const char *given);
/* The words of a daemon: --home DIR, --check. -1: go on; otherwise the exit code of what was asked for
 * instead
 * (--help, --version, --print-conf: 0) or was wrong (2), which has been said. */
int service_read_words(const struct service *service, int argc, char **argv, struct service_words *out);
/* The last failure on stderr, for a person: the sentence, and what to do about it when there is something to
 * be done. init: how a home is made. Returns the exit code. */
int service_complain(const char *program, enum err err, const char *init);
/* sd_notify: READY=1, STATUS=..., STOPPING=1, WATCHDOG=1. Nothing without systemd. */
void service_ready(const char *status);
void service_stopping(void);
void service_alive(void);
