/* hints: what helps when a daemon refuses and says nothing more. */
#pragma once

#include "base/err.h"

/* command as in doc/CONTROL.md; "" when there is nothing to say. */
const char *hints_of(const char *command, enum err code);
