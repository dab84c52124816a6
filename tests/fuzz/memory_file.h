/* memory_file: bytes as a file that only this process sees, for parsers that take a path. */
#pragma once

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

struct memory_file {
    int fd;
    char path[32]; /* /proc/self/fd/N */
};

static inline struct memory_file memory_file_of(const void *data, size_t size)
{
    struct memory_file file = { .fd = memfd_create("fuzz", MFD_CLOEXEC) };
    MUST(file.fd >= 0);
    MUST(write(file.fd, data, size) == (ssize_t)size);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    return file;
}

static inline void memory_file_close(struct memory_file *file)
{
    close(file->fd);
}
