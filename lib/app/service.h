/* service: what a daemon is to the system: signals, readiness, watchdog, limits. */
#pragma once

#include "base/err.h"

/* Blocks SIGTERM, SIGINT, SIGHUP for every thread to come, ignores SIGPIPE, raises RLIMIT_NOFILE to its
 * maximum, umask 077. Returns a signalfd for the three. First thing in main. */
enum err service_init(int *signal_fd);
/* sd_notify: READY=1, STATUS=..., STOPPING=1, WATCHDOG=1. Nothing without systemd. */
void service_ready(const char *status);
void service_status(const char *status);
void service_stopping(void);
void service_alive(void);
