#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROBE_BYTES 65536

static const struct {
    uint32_t type;
    const char *name;
} refused[] = {
    { 0x6969, "NFS" },      { 0x517B, "SMB" },      { 0xFF534D42, "CIFS" },   { 0xFE534D42, "SMB2" },
    { 0x01021997, "9p" },   { 0x65735546, "FUSE" }, { 0x00C36400, "Ceph" },   { 0x5346414F, "AFS" },
    { 0x73757245, "Coda" }, { 0x47504653, "GPFS" }, { 0x0BD00BD0, "Lustre" },
};

const char *disk_refused_type(uint32_t type)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i].type == type)
            return refused[i].name;
    }
    return NULL;
}

enum err disk_check(const char *folder)
{
    struct statfs fs;
    if (statfs(folder, &fs) != 0)
        return fail_errno(errno == ENOENT ? E_NOT_FOUND : E_IO, "%s", folder);
    const char *name = disk_refused_type((uint32_t)fs.f_type);
    if (name)
        return fail(E_DENIED, "%s lies on %s, where locks and maps cannot be trusted: use a local disk",
                    folder, name);
    return E_OK;
}

uint64_t disk_free_bytes(const char *folder)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return 0;
    return (uint64_t)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
}

bool disk_is_full(const char *folder)
{
    static const uint8_t zeros[PROBE_BYTES];
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT;
    ssize_t written = write(fd, zeros, sizeof(zeros));
    bool full = written >= 0 ? (size_t)written < sizeof(zeros) : errno == ENOSPC || errno == EDQUOT;
    if (!full && fdatasync(fd) != 0)
        full = errno == ENOSPC || errno == EDQUOT;
    close(fd);
    return full;
}

enum err disk_sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(E_IO, "%s", folder);
    enum err code = fsync(fd) == 0 ? E_OK : fail_errno(E_IO, "%s", folder);
    close(fd);
    return code;
}
