/* errors: how a failure is told: what failed, on what, why, what next; and the exit code that goes with it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_UNREACHABLE = 5,
    EXIT_CONFLICT = 6,
    EXIT_SOME_FAILED = 7,
    EXIT_NOT_MET = 8,
    EXIT_INTEGRITY = 9,
    EXIT_TIMED_OUT = 10,
    EXIT_OLD_VERSION = 11,
    EXIT_INTERRUPTED = 130,
};

enum exit_code errors_exit(enum err code);

/* Keeps the hint that goes with this thread's next failure; "" forgets it. */
void errors_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *errors_hint_text(void);
/* Keeps a hint and fails: return errors_fail(E_USAGE, "what helps", "what is wrong with %s", x); */
enum err errors_fail(enum err code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "nodectl: cannot DOING: MESSAGE" and "hint: ..." on a terminal's terms, or one JSON object. doing may be
 * "". */
void errors_print(FILE *to, bool json, const char *doing, enum err code, int exit);
