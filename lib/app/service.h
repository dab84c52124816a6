/* service: what a daemon is to the system: signals, readiness, watchdog, limits. */
#pragma once

#include "base/err.h"

/* Where a home is looked for when nobody names one. */
#define SERVICE_HOME "/var/lib/chancery"

/* Blocks SIGTERM, SIGINT, SIGHUP for every thread to come, ignores SIGPIPE, raises RLIMIT_NOFILE to its
 * maximum, umask 077. Returns a signalfd for the three. First thing in main. */
enum err service_init(int *signal_fd);
/* The home that is meant: the given one, else $CHANCERY_HOME, else SERVICE_HOME. given may be NULL. */
const char *service_home(const char *given);
/* The last failure on stderr, for a person: the sentence, and what to do about it when there is something to
 * be done. init: how a home is made. Returns the exit code. */
int service_complain(const char *program, enum err err, const char *init);
/* sd_notify: READY=1, STATUS=..., STOPPING=1, WATCHDOG=1. Nothing without systemd. */
void service_ready(const char *status);
void service_status(const char *status);
void service_stopping(void);
void service_alive(void);
