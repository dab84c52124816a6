/* doctor: clock, limits, file system, reachability, versions: each with what to do. Works with the daemon
 * down. */
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "nodectl/cmd.h"

#define BUILT_AFTER_MS 1700000000000ULL /* no clock of a machine that runs this shows less */
#define HUB_FILES 20000
#define LITTLE_DISK_BYTES (512ULL << 20)

static const struct out_column columns[] = {
    { "state", "state", OUT_STATE, OUT_WHOLE },
    { "name", "check", OUT_TEXT, OUT_NAMES | OUT_WHOLE },
    { "detail", "detail", OUT_TEXT, OUT_WHOLE },
    { "advice", "what to do", OUT_TEXT, OUT_WHOLE },
    { NULL, NULL, OUT_TEXT, 0 },
};

static void add(json_t *checks, const char *state, const char *name, const char *advice, const char *format,
                ...) __attribute__((format(printf, 5, 6)));

static void add(json_t *checks, const char *state, const char *name, const char *advice, const char *format,
                ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "state", state, "detail",
                                            detail, "advice", advice));
}

static void check_clock(json_t *checks)
{
    bool good = clock_wall_ms() > BUILT_AFTER_MS;
    add(checks, good ? "ok" : "crit", "local clock",
        good ? "" : "set the clock, and keep it with timedatectl set-ntp true",
        good ? "shows a date that can be" : "shows a date long past");
}

static void check_files(struct ctl *ctl, json_t *checks)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    bool few = ctl->home.role == HOME_HUB && limit.rlim_max < HUB_FILES;
    add(checks, few ? "warn" : "ok", "open files",
        few ? "raise LimitNOFILE of the service, or ulimit -Hn" : "", "at most %llu",
        (unsigned long long)limit.rlim_max);
}

static void check_disk(struct ctl *ctl, json_t *checks)
{
    struct statvfs fs;
    if (statvfs(ctl->home.path, &fs) != 0)
        return;
    unsigned long long available = (unsigned long long)fs.f_bavail * fs.f_frsize;
    bool little = available < LITTLE_DISK_BYTES, fixed = (fs.f_flag & ST_RDONLY) != 0;
    add(checks,
        fixed    ? "crit"
        : little ? "warn"
                 : "ok",
        "disk",
        fixed    ? "mount it so that it can be written"
        : little ? "make room, or move the home to a larger disk"
                 : "",
        "%llu MiB free at %s%s", available >> 20, ctl->home.path, fixed ? ", read-only" : "");
}

static void check_modes(struct ctl *ctl, json_t *checks)
{
    AUTO(free_ptr) char *keys = path_join(ctl->home.path, "keys");
    struct stat st;
    if (stat(keys, &st) != 0) {
        add(checks, "crit", "keys", "act as the user that owns the home, or restore the keys", "no folder %s",
            keys);
        return;
    }
    bool open = (st.st_mode & 077) != 0;
    add(checks, open ? "crit" : "ok", "keys",
        open ? "chmod 700 that folder; think of the keys as known to others" : "", "%s is %s", keys,
        open ? "open to others" : "closed to others");
}

static void check_offline_keys(struct ctl *ctl, json_t *checks)
{
    static const char *const offline[] = { "keys/rotation.key", "keys/recovery-1.key", "keys/recovery-2.key",
                                           "keys/recovery-3.key" };
    size_t here = 0;
    for (size_t i = 0; i < sizeof offline / sizeof *offline; i++) {
        AUTO(free_ptr) char *path = path_join(ctl->home.path, offline[i]);
        here += file_exists(path);
    }
    add(checks, here > 0 ? "warn" : "ok", "offline keys",
        here > 0 ? "take the rotation and recovery keys off this machine, to people who keep them" : "",
        here > 0 ? "%zu of them lie in the home" : "%zu of them lie in the home, as it should be", here);
}

static void check_version(const json_t *status, json_t *checks)
{
    const char *version = json_string_value(json_object_get(status, "version"));
    bool same = version != NULL && strcmp(version, CHANCERY_VERSION) == 0;
    add(checks, same ? "ok" : "warn", "versions", same ? "" : "install nodectl and daemon of one version",
        "daemon %s, nodectl %s", version != NULL ? version : "unknown", CHANCERY_VERSION);
}

/* What the daemon itself found, or why it cannot be asked. */
static void check_daemon(struct ctl *ctl, json_t *checks)
{
    AUTO(control_request_clear) struct control_request status = cmd_request("status", NULL);
    AUTO(control_request_clear) struct control_request doctor = cmd_request("doctor", NULL);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    if (cmd_call(ctl, &status, &answer) != E_OK) {
        add(checks, "crit", "daemon", errors_hint_text(), "%s", err_message());
        return;
    }
    add(checks, "ok", "daemon", "", "answers");
    check_version(answer.body, checks);
    control_answer_clear(&answer);
    if (cmd_call(ctl, &doctor, &answer) == E_OK)
        json_array_extend(checks, json_object_get(answer.body, "checks"));
    else
        add(checks, "warn", "daemon's checks", errors_hint_text(), "%s", err_message());
}

static bool any_critical(const json_t *checks)
{
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const char *state = json_string_value(json_object_get(check, "state"));
        if (state != NULL && strcmp(state, "crit") == 0)
            return true;
    }
    return false;
}

enum err cmd_doctor(struct ctl *ctl)
{
    cmd_doing(ctl, "look after the home");
    TRY(cmd_home(ctl));
    json_t *checks = json_array();
    check_clock(checks);
    check_files(ctl, checks);
    check_disk(ctl, checks);
    check_modes(ctl, checks);
    check_offline_keys(ctl, checks);
    check_daemon(ctl, checks);

    json_t *body = json_pack("{s:O}", "checks", checks);
    out_list(&ctl->out, body, "checks", columns, "nothing to check");
    bool critical = any_critical(checks);
    json_decref(body);
    json_decref(checks);
    if (!critical)
        return E_OK;
    TRY(out_flush(&ctl->out)); /* the findings are the answer */
    return errors_fail(E_UNMET, "do what stands beside each CRIT line", "something is critically wrong");
}
