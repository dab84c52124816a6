#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum err read_all(int fd, const char *path, size_t max, struct buf *out)
{
    uint8_t chunk[16384];
    size_t total = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(E_IO, "%s", path);
        if (got == 0)
            return E_OK;
        total += (size_t)got;
        if (total > max)
            return fail(E_TOO_BIG, "%s: more than %zu bytes", path, max);
        buf_append(out, chunk, (size_t)got);
    }
}

enum err file_read(const char *path, size_t max, struct buf *out)
{
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : E_IO, "%s", path);
    size_t old = out->len;
    enum err err = read_all(fd, path, max, out);
    if (err != E_OK)
        out->len = old;
    return err;
}

static enum err write_all(int fd, const char *path, struct bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(E_IO, "%s", path);
        content.data += n;
        content.len -= (size_t)n;
    }
    return E_OK;
}

/* The folder that path lies in. Caller frees. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_text(".");
    if (slash == path)
        return mem_text("/");
    char *folder = mem_text(path);
    folder[slash - path] = 0;
    return folder;
}

/* A new name is durable when its folder is. */
static enum err sync_folder(const char *path)
{
    AUTO(free_ptr) char *folder = folder_of(path);
    AUTO(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail_errno(E_IO, "%s", folder);
    return E_OK;
}

static enum err fill_temporary(char *temporary, struct bytes content, unsigned mode)
{
    AUTO(close_fd) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail_errno(E_IO, "%s", temporary);
    enum err err = write_all(fd, temporary, content);
    if (err == E_OK && (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0))
        err = fail_errno(E_IO, "%s", temporary);
    if (err != E_OK)
        unlink(temporary);
    return err;
}

static enum err put_in_place(const char *temporary, const char *path, bool replace)
{
    if (replace) {
        if (rename(temporary, path) == 0)
            return E_OK;
        enum err err = fail_errno(E_IO, "%s", path);
        unlink(temporary);
        return err;
    }
    /* link() is the rename that does not replace. */
    enum err err = E_OK;
    if (link(temporary, path) != 0)
        err = errno == EEXIST ? fail(E_EXISTS, "%s is there already", path) : fail_errno(E_IO, "%s", path);
    unlink(temporary);
    return err;
}

static enum err write_file(const char *path, struct bytes content, unsigned mode, bool replace)
{
    AUTO(buf_clear) struct buf temporary = { 0 };
    buf_printf(&temporary, "%s.XXXXXX", path);
    char *name = (char *)temporary.data;
    TRY(fill_temporary(name, content, mode));
    TRY(put_in_place(name, path, replace));
    return sync_folder(path);
}

enum err file_write(const char *path, struct bytes content, unsigned mode)
{
    return write_file(path, content, mode, true);
}

enum err file_create(const char *path, struct bytes content, unsigned mode)
{
    if (file_exists(path))
        return fail(E_EXISTS, "%s is there already", path);
    return write_file(path, content, mode, false);
}

bool file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static enum err make_one(const char *path, unsigned mode)
{
    if (mkdir(path, (mode_t)mode) == 0)
        return sync_folder(path);
    int why = errno;
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? E_OK : fail(E_EXISTS, "%s is there and not a folder", path);
    errno = why;
    return fail_errno(E_IO, "%s", path);
}

enum err dir_make(const char *path, unsigned mode)
{
    AUTO(free_ptr) char *part = mem_text(path);
    for (char *p = part; *p != 0; p++) {
        if (*p != '/' || p == part)
            continue;
        *p = 0;
        TRY(make_one(part, mode));
        *p = '/';
    }
    return make_one(part, mode);
}

static enum err lock_taken(int fd, const char *path)
{
    char pid[16] = { 0 };
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = 0;
    pid[strcspn(pid, "\n")] = 0;
    return fail(E_BUSY, "%s is held by process %s", path, pid[0] != 0 ? pid : "unknown");
}

/* flock() and not fcntl(): it belongs to the descriptor, so two holders in one process exclude each other,
 * and closing some other descriptor of the file does not let go of it. */
enum err file_lock(const char *path, int *fd)
{
    AUTO(close_fd) int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0)
        return fail_errno(errno == EROFS || errno == EACCES ? E_DENIED : E_IO, "cannot write %s", path);
    if (flock(opened, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? lock_taken(opened, path) : fail_errno(E_IO, "%s", path);

    char pid[16];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Over what is there, so that it needs no room on the disk. */
    if (pwrite(opened, pid, (size_t)n, 0) != n || ftruncate(opened, n) != 0)
        return fail_errno(E_IO, "%s", path);
    *fd = opened;
    opened = -1; /* NOLINT: read when it goes out of scope */
    return E_OK;
}

char *path_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    struct buf out = { 0 };
    buf_text(&out, folder);
    if (len > 0 && folder[len - 1] != '/')
        buf_u8(&out, '/');
    buf_text(&out, name);
    buf_string(&out);
    return (char *)out.data;
}
