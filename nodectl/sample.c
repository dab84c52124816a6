#include "nodectl/sample.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limits.h"

/* fd: where it writes what it prints (from STDOUT_FILENO), or what it complains of (from STDERR_FILENO). */
static enum err spawn(const char *path, char *const argv[], int from, int fd, pid_t *pid)
{
    int other = from == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, from);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, other, "/dev/null", O_WRONLY, 0);
    int result = path != NULL ? posix_spawn(pid, path, &actions, NULL, argv, environ)
                              : posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return result == 0 ? E_OK : fail(E_NOT_FOUND, "%s does not start: %s", argv[0], strerror(result));
}

/* Its exit code, and what it said; -1 when it did not run to its end. */
static int run(const char *path, char *const argv[], int from, struct buf *out)
{
    int ends[2], status = -1;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    enum err err = spawn(path, argv, from, ends[1], &pid);
    close(ends[1]);
    ssize_t n = 0;
    char chunk[4096];
    while (err == E_OK && out->len < MAX_CONFIG_BYTES && (n = read(ends[0], chunk, sizeof chunk)) > 0)
        buf_append(out, chunk, (size_t)n);
    close(ends[0]);
    if (err != E_OK || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* True when the program printed something and went well. */
static bool print_conf(const char *program, const char *path, struct buf *out)
{
    char *argv[] = { (char *)program, (char *)"--print-conf", NULL };
    if (run(path, argv, STDOUT_FILENO, out) != 0)
        out->len = 0;
    return out->len > 0;
}

/* The program in the folder of this one: the two belong together. */
static bool beside_this(const char *program, char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0)
        return false;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + strlen(program) + 2 > size)
        return false;
    memcpy(slash + 1, program, strlen(program) + 1);
    return access(path, X_OK) == 0;
}

void sample_conf(const char *program, struct buf *out)
{
    char path[4096];
    if (beside_this(program, path, sizeof path) && print_conf(program, path, out))
        return;
    if (print_conf(program, NULL, out))
        return;
    buf_printf(out, "# What can be set here: %s --print-conf\n", program);
}

enum err sample_check(const char *program, const char *home)
{
    char path[4096];
    AUTO(buf_clear) struct buf said = { 0 };
    char *argv[] = { (char *)program, (char *)"--home", (char *)home, (char *)"--check", NULL };
    int code = run(beside_this(program, path, sizeof path) ? path : NULL, argv, STDERR_FILENO, &said);
    if (code != 2) /* anything else is no matter of what was set */
        return E_OK;
    char *text = (char *)buf_string(&said);
    text[strcspn(text, "\n")] = 0;
    return fail(E_USAGE, "%s", text);
}

void sample_setting(const char *setting, struct buf *out)
{
    size_t name = strcspn(setting, "=");
    const char *value = setting[name] == '=' ? setting + name + 1 : "";
    bool list = value[0] == '{';
    buf_printf(out, "%.*s = %s", (int)name, setting, list ? "" : "\"");
    for (const char *c = value; *c != 0; c++) {
        if (!list && strchr("\"\\$", *c) != NULL)
            buf_text(out, "\\");
        buf_append(out, c, 1);
    }
    buf_text(out, list ? "\n" : "\"\n");
}
