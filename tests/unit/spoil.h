/* spoil: damage to a store that is open, as a bad disk does it. */
#pragma once

#include "scratch.h"

#include <fcntl.h>

#include "base/buf.h"

#define SPOIL_PAGE 4096
#define SPOIL_FLAGS 10 /* of a page's header in LMDB: where it says what kind of page it is */

/* Makes every page unreadable that the bytes stand on; how many those are. For tables of one page: of larger
 * ones LMDB itself asserts that neighbours are of a kind. */
static inline size_t spoil_pages(const char *folder, struct bytes needle)
{
    char path[300];
    uint8_t page[SPOIL_PAGE];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    for (off_t at = 0; fd >= 0 && pread(fd, page, sizeof page, at) == sizeof page; at += SPOIL_PAGE) {
        if (memmem(page, sizeof page, needle.data, needle.len) == NULL)
            continue;
        count += pwrite(fd, "\0\0", 2, at + SPOIL_FLAGS) == 2;
    }
    if (fd >= 0)
        close(fd);
    return count;
}
