/* boot: whether the machine has stayed up since a folder was last in use.
 *
 * What a process wrote without syncing survives its own end, and is lost with the machine. A marker file with
 * the kernel's boot id lies in the folder while such a writer is at work; found with another id, the folder's
 * content cannot be trusted. */
#pragma once

#include "base/err.h"

/* E_CORRUPT when a writer was at work there and the machine went down before it had finished. For a writer
 * (works) the folder is then marked, durably: *marked; it stays false, and the writer must sync, when the
 * kernel tells no boot id or the disk has no room. E_IO. */
enum err boot_enter(const char *folder, bool works, bool *marked);
/* All is synced: takes the mark away. */
void boot_leave(const char *folder);
