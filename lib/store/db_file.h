/* db_file: whether a file is one that LMDB can be let near.
 *
 * LMDB trusts what it reads: a broken header makes it divide by zero, abort, or read beyond the end of the
 * file, which kills the process. So its two header pages are checked first (format of LMDB 0.9). */
#pragma once

#include "base/err.h"

/* E_OK also when there is no file, or an empty one. E_CORRUPT, E_VERSION, E_DENIED, E_IO. A file that ends
 * within its last pages, which no commit had to write, is made longer. sole: no writer can be at it. */
enum err db_file_check(const char *path, bool sole);
