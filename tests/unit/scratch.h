/* scratch: a folder for one test, and children that die in it. */
#pragma once

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch[128];

static inline int scratch_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline int scratch_make(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%.90s/chancery-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_drop(void **state)
{
    (void)state;
    return nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The status of a child that runs run(context) and ends with what it returns. */
static inline int scratch_child(int (*run)(void *context), void *context)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(context));
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* Lays a tmpfs of so many bytes over the scratch folder, in a mount namespace of this process. False: not
 * allowed. */
static inline int scratch_mount(size_t bytes, unsigned long flags)
{
    char size[64];
    snprintf(size, sizeof size, "size=%zu,mode=0700", bytes);
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
        return 0;
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0)
        return 0;
    return mount("tmpfs", scratch, "tmpfs", flags, size) == 0;
}

static inline void scratch_unmount(void)
{
    umount2(scratch, MNT_DETACH);
}
