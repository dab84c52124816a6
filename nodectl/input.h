/* input: statements in JSON out of a file. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* Appends the objects of a file ("-": standard input) to list: one object over several lines, or one a line.
 * E_USAGE with file, line and column; E_NOT_FOUND, E_TOO_BIG. */
enum err input_statements(const char *path, json_t *list);
