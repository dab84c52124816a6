/* status: the control commands status and doctor (doc/CONTROL.md). */
#pragma once

#include "app/control.h"

/* Both take the struct node as context. */
enum err status_answer(void *context, const struct control_request *request, struct control_answer *answer);
enum err doctor_answer(void *context, const struct control_request *request, struct control_answer *answer);
