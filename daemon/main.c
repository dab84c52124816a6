/* noded: one jurisdiction's node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/control.h"
#include "app/service.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/loop.h"
#include "daemon/options.h"
#include "net/peer.h"

#define MAX_SOCKETS 64
#define IO_THREADS 1

/* What the program is made of, in the order of its boot. */
struct program {
    struct service_words words;
    int signal_fd, lock_fd;
    struct home home;
    struct node_options options;
    struct loop loop;
    struct node *node;
    struct control_server *control;
};

static const char usage[] = "Usage: noded [--home DIR] [--check]\n"
                            "       noded --print-conf\n"
                            "The node of one jurisdiction: its signed records, and their way to the hub.\n"
                            "\n"
                            "  --home DIR   its home, made by `nodectl init node` (default: $CHANCERY_HOME,\n"
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
    return service_complain("noded", err, "nodectl init node --name us-oh-dayton --home DIR");
}

/* All that a start reads; safe beside a node that runs. */
static enum err check(const char *path)
{
    AUTO(home_clear) struct home home = { 0 };
    struct node_options options;
    enum log_level level;
    TRY(id_init());
    TRY(home_open(path, &home));
    if (home.role != HOME_NODE)
        return fail(E_USAGE, "%s is the home of a hub; run hubd there", home.path);
    TRY(node_conf_read(home.conf, &options, &level));
    AUTO(store_close) struct store *store = NULL;
    TRY(store_open(&(struct store_options){ home.store, .read_only = true }, &store));
    printf("%s: ok\n", path);
    return E_OK;
}

static enum err open_home(struct program *p)
{
    enum log_level level;
    TRY(home_open(p->words.home, &p->home));
    if (p->home.role != HOME_NODE)
        return fail(E_USAGE, "%s is the home of a hub; run hubd there", p->home.path);
    TRY(file_lock(p->home.lock, &p->lock_fd));
    TRY(node_conf_read(p->home.conf, &p->options, &level));
    log_level_set(level);
    return E_OK;
}

static enum err boot(struct program *p)
{
    TRY(service_init(&p->signal_fd));
    TRY(id_init());
    TRY(open_home(p));
    TRY(net_init(MAX_SOCKETS, IO_THREADS));
    TRY(loop_init(&p->loop, p->signal_fd));
    p->options.poke = loop_poke;
    p->options.poke_context = &p->loop;
    TRY(node_open(&p->options, &p->home, (struct bytes){ NULL, 0 }, &p->node));
    TRY(control_serve(p->home.control, node_commands, p->node, &p->control));
    service_ready("running");
    log_info("node=%s home=%s msg=running", p->home.inception.name, p->home.path);
    return loop_run(&p->loop, p->node, p->control);
}

static void shut_down(struct program *p)
{
    service_stopping();
    if (p->control != NULL)
        control_stop(&p->control);
    node_close(&p->node);
    loop_clear(&p->loop);
    home_clear(&p->home);
    net_term();
    if (p->lock_fd >= 0)
        close(p->lock_fd);
}

int main(int argc, char **argv)
{
    struct program program = { .signal_fd = -1, .lock_fd = -1 };
    static const struct service noded = { "noded", usage, node_conf };
    int asked = service_read_words(&noded, argc, argv, &program.words);
    if (asked >= 0)
        return asked;
    if (program.words.check) {
        enum err unsound = check(program.words.home);
        return unsound == E_OK ? EXIT_SUCCESS : complain(unsound);
    }
    enum err err = boot(&program);
    int code = err == E_OK ? EXIT_SUCCESS : complain(err);
    shut_down(&program);
    if (err == E_OK)
        log_info("msg=stopped");
    return code;
}
