/* fake_daemon: a control socket whose answers a test makes up, and a run of nodectl that talks to it. */
#pragma once

#include "scratch.h"

#include "base/text.h"
#include "nodectl/cmd.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

struct daemon {
    struct control_server *server;
    struct ctl ctl;
};

static inline void daemon_start(struct daemon *daemon, const struct control_command *commands, void *context)
{
    char path[200];
    snprintf(path, sizeof path, "%s/control.sock", scratch);
    *daemon = (struct daemon){ .ctl = { .exit = -1 } };
    out_init(&daemon->ctl.out, OUT_TSV, true);
    errors_hint("%s", "");
    assert_int_equal(control_serve(path, commands, context, &daemon->server), E_OK);
    assert_int_equal(control_connect(path, 20000, &daemon->ctl.client), E_OK);
}

static inline void daemon_stop(struct daemon *daemon)
{
    cmd_clear(&daemon->ctl);
    if (daemon->server != NULL)
        control_stop(&daemon->server);
}
