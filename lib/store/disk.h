/* disk: the file system under a folder: whether a map may lie on it, and what room it has left. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* The name of a file system whose locks or maps cannot be trusted (NFS, CIFS, 9p, FUSE ...), by statfs's
 * f_type; NULL for any other. */
const char *disk_refused_type(uint32_t type);

/* E_DENIED when folder lies on one of them; E_NOT_FOUND, E_IO. */
enum err disk_check(const char *folder);

/* Bytes that this process may still write there; 0 when unknown. */
uint64_t disk_free_bytes(const char *folder);

/* Tries to write and sync a little: true when the disk or a quota has no room for it. */
bool disk_is_full(const char *folder);

/* Makes the names in a folder durable. E_IO, E_FULL. */
enum err disk_sync_folder(const char *folder);
