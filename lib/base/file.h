/* file: whole files, written so that a crash leaves the old or the new one, and the lock of a home. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Appends to out; nothing on failure. E_NOT_FOUND, E_TOO_BIG past max bytes, E_IO (a folder too). */
enum err file_read(const char *path, size_t max, struct buf *out);
/* Temporary file beside it, fsync, rename, fsync of the folder. mode such as 0600. E_FULL, E_IO. */
enum err file_write(const char *path, struct bytes content, unsigned mode);
/* As file_write, but E_EXISTS when path is there already. */
enum err file_create(const char *path, struct bytes content, unsigned mode);
bool file_exists(const char *path);
enum err dir_make(const char *path, unsigned mode); /* parents too; fine when it is there. E_EXISTS
                                                     * when it is no folder, E_FULL, E_IO */

/* Takes the lock file `path` (made when missing) for this process, and writes its pid into it.
 * E_BUSY with the holder's pid in the sentence, E_DENIED on read-only storage. *fd stays open as long as the
 * lock is wanted. */
enum err file_lock(const char *path, int *fd);

char *path_join(const char *folder, const char *name); /* caller frees */
