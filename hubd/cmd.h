/* cmd: the handlers behind the table of commands.c; context is the struct hub. What each takes and answers
 * stands in doc/CONTROL.md. */
#pragma once

#include "app/control.h"

#define HUB_COMMAND(name)                                                                                    \
    enum err name(void *context, const struct control_request *request, struct control_answer *answer)

/* cmd_status.c */
HUB_COMMAND(cmd_status);
HUB_COMMAND(cmd_doctor);
/* cmd_records.c */
HUB_COMMAND(cmd_record_put);
HUB_COMMAND(cmd_record_amend);
HUB_COMMAND(cmd_record_retract);
HUB_COMMAND(cmd_record_ls);
HUB_COMMAND(cmd_record_tail);
HUB_COMMAND(cmd_record_show);
HUB_COMMAND(cmd_record_verify);
/* cmd_query.c */
HUB_COMMAND(cmd_query);
HUB_COMMAND(cmd_export);
/* cmd_peers.c */
HUB_COMMAND(cmd_peer_ls);
HUB_COMMAND(cmd_peer_show);
HUB_COMMAND(cmd_peer_rm);
HUB_COMMAND(cmd_peer_suspend);
HUB_COMMAND(cmd_peer_resume);
HUB_COMMAND(cmd_peer_admit);
HUB_COMMAND(cmd_peer_acknowledge);
/* cmd_invites.c */
HUB_COMMAND(cmd_invite_new);
HUB_COMMAND(cmd_invite_ls);
HUB_COMMAND(cmd_invite_revoke);
