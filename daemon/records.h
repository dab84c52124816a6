/* records: the control commands about records (doc/CONTROL.md): put, amend, retract, ls, tail, show, verify,
 * export. */
#pragma once

#include "app/control.h"

/* All take the struct node as context. */
enum err records_put(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_amend(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_retract(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_ls(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_tail(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_show(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_verify(void *context, const struct control_request *request, struct control_answer *answer);
enum err records_export(void *context, const struct control_request *request, struct control_answer *answer);
