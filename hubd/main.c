/* hubd: the daemon of the federal hub. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/service.h"
#include "base/clock.h"
#include "base/log.h"
#include "hubd/front.h"
#include "hubd/hub.h"
#include "hubd/projector.h"
#include "hubd/upkeep.h"
#include "hubd/writer.h"
#include "net/peer.h"

#define WATCH_MS 5000
#define WATCHED 4          /* threads that must move */
#define SPARE_SOCKETS 1024 /* beside those of the peers */

static const char usage[] = "Usage: hubd [--home DIR] [--check]\n"
                            "       hubd --print-conf\n"
                            "The hub: takes the records of its member nodes into one log and one view.\n"
                            "\n"
                            "  --home DIR   its home, made by `nodectl init hub` (default: $CHANCERY_HOME,\n"
                            "               else " SERVICE_HOME ")\n"
                            "  --check      say whether inception, keys, configuration and store can be\n"
                            "               opened, and exit\n"
                            "  --print-conf print the commented configuration file\n"
                            "  --version    print the version\n"
                            "  --help       print this\n"
                            "\n"
                            "SIGTERM and SIGINT stop it cleanly. `nodectl status` tells how it goes.\n";

static int complain(enum err err)
{
    return service_complain("hubd", err, "nodectl init hub --origin chancery.example/national --home DIR");
}

/* True: it is time to stop. */
static bool take_signal(int signal_fd)
{
    struct signalfd_siginfo info;
    if (read(signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    if (info.ssi_signo == SIGHUP) {
        log_info("msg=\"the configuration is read at the start only: restart to change it\"");
        return false;
    }
    log_info("signal=%s msg=\"stopping\"", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
    return true;
}

/* The watchdog is told that we live only when the threads that must move have moved. */
static void watch(const struct hub *hub, uint64_t seen[static WATCHED])
{
    uint64_t beats[WATCHED] = { front_beats(hub->front), writer_beats(hub->writer),
                                projector_beats(hub->projector), control_beats(hub->control) };
    bool all_moved = true;
    for (size_t i = 0; i < WATCHED; i++)
        all_moved = all_moved && beats[i] != seen[i];
    if (all_moved)
        service_alive();
    memcpy(seen, beats, sizeof beats);
}

static void keep_up(struct hub *hub, uint64_t *kept_ms)
{
    if (clock_mono_ms() - *kept_ms < UPKEEP_MS)
        return;
    upkeep_reap(hub);
    *kept_ms = clock_mono_ms();
}

static void serve(struct hub *hub, int signal_fd)
{
    uint64_t seen[WATCHED] = { 0 }; /* each is past it when it begins */
    uint64_t kept_ms = clock_mono_ms();
    struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN }, { .fd = hub->fail_fd, .events = POLLIN } };
    for (;;) {
        if (poll(fds, 2, WATCH_MS) < 0 && errno != EINTR)
            return;
        if (fds[1].revents != 0 || (fds[0].revents != 0 && take_signal(signal_fd)))
            return;
        watch(hub, seen);
        keep_up(hub, &kept_ms);
    }
}

/* Safe beside a hub that runs. */
static enum err check_store(const char *path)
{
    struct home home;
    TRY(home_probe(path, &home));
    AUTO(store_close) struct store *store = NULL;
    return store_open(&(struct store_options){ home.store, .log = true, .read_only = true }, &store);
}

static enum err run(const char *home, const struct options *options, int signal_fd)
{
    static struct hub hub;
    TRY(net_init(options->max_peers + SPARE_SOCKETS, options->io_threads));
    TRY(hub_open(home, options, &hub));
    log_info("name=%s endpoint=%s home=%s version=%s msg=\"the hub is up\"", hub.home.inception.name,
             front_endpoint(hub.front), hub.home.path, CHANCERY_VERSION);
    service_ready("running");
    serve(&hub, signal_fd);
    service_stopping();
    hub_close(&hub);
    net_term();
    enum err failure = (enum err)atomic_load(&hub.failure);
    log_info("msg=\"the hub is down\"");
    return failure == E_OK ? E_OK : fail(failure, "stopped because of a failure: %s", err_name(failure));
}

int main(int argc, char **argv)
{
    static const struct service hubd = { "hubd", usage, hub_options };
    struct service_words words;
    struct options options;
    int signal_fd;
    int code = service_read_words(&hubd, argc, argv, &words);
    if (code >= 0)
        return code;
    enum err err = id_init();
    if (err == E_OK)
        err = hub_check(words.home, &options);
    if (err == E_OK && words.check)
        err = check_store(words.home);
    if (err == E_OK && words.check) {
        printf("%s: ok\n", words.home);
        return 0;
    }
    if (err == E_OK)
        err = service_init(&signal_fd);
    if (err == E_OK) {
        log_level_set(options.log_level);
        err = run(words.home, &options, signal_fd);
    }
    return err == E_OK ? 0 : complain(err);
}
