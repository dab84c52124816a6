/* log: one line an event, key=value, to standard error. Handlers in daemons log; libraries never do.
 *
 * Under systemd (JOURNAL_STREAM set) lines carry the <N> priority prefix and no time of their own. */
#pragma once

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_level_set(enum log_level level); /* default LOG_INFO */
bool log_level_parse(const char *word, enum log_level *level);

/* log_info("peer=%s seq=%" PRIu64 " msg=accepted", ...). Control characters are written as \xHH. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
