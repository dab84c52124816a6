#include "hubd/commands.h"

#include "hubd/cmd.h"

const struct control_command hub_commands[] = {
    { "status", cmd_status },
    { "doctor", cmd_doctor },
    { "record.put", cmd_record_put },
    { "record.amend", cmd_record_amend },
    { "record.retract", cmd_record_retract },
    { "record.ls", cmd_record_ls },
    { "record.tail", cmd_record_tail },
    { "record.show", cmd_record_show },
    { "record.verify", cmd_record_verify },
    { "query", cmd_query },
    { "export", cmd_export },
    { "peer.ls", cmd_peer_ls },
    { "peer.show", cmd_peer_show },
    { "peer.rm", cmd_peer_rm },
    { "peer.suspend", cmd_peer_suspend },
    { "peer.resume", cmd_peer_resume },
    { "peer.admit", cmd_peer_admit },
    { "peer.acknowledge", cmd_peer_acknowledge },
    { "invite.new", cmd_invite_new },
    { "invite.ls", cmd_invite_ls },
    { "invite.revoke", cmd_invite_revoke },
    { NULL, NULL },
};
