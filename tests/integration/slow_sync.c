/* A disk that takes its time, for daemons started with it in LD_PRELOAD: what is done before a commit is
 * durable but should be done after it has a window of milliseconds to be caught in. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const struct timespec pause = { .tv_nsec = 4000000 };
    nanosleep(&pause, NULL);
    return (int)syscall(SYS_fdatasync, fd);
}
