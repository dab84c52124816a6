/* The commands about records: put, amend, retract, ls, tail, show, verify, as registry/desk answers them. */
#include "hubd/cmd.h"
#include "hubd/office.h"
#include "registry/desk.h"

#define AT_DESK(name, command)                                                                               \
    HUB_COMMAND(name)                                                                                        \
    {                                                                                                        \
        struct registry registry = office_registry(context);                                                 \
        return command(&registry, request, answer);                                                          \
    }

AT_DESK(cmd_record_put, desk_put)
AT_DESK(cmd_record_amend, desk_amend)
AT_DESK(cmd_record_retract, desk_retract)
AT_DESK(cmd_record_ls, desk_ls)
AT_DESK(cmd_record_tail, desk_tail)
AT_DESK(cmd_record_show, desk_show)
AT_DESK(cmd_record_verify, desk_verify)
