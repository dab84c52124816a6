/* A disk that fails once, for daemons started with it in LD_PRELOAD: the next sync after the file that
 * FAIL_SYNC names was made. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *order = getenv("FAIL_SYNC");
    if (order == NULL || unlink(order) != 0)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}
