#include "mutant.h"

#include <stddef.h>
#include <string.h>

static const char *const names[MUTANT_COUNT] = {
    [MUTANT_NONE] = "none",
    [MUTANT_ACK_BEFORE_COMMIT] = "ack-before-commit",
    [MUTANT_SEND_BEFORE_DURABLE] = "send-before-durable",
    [MUTANT_FORGET_FRONTIER] = "forget-frontier",
    [MUTANT_RESEND_UNCHECKED] = "resend-unchecked",
    [MUTANT_TAKE_TWICE] = "take-twice",
    [MUTANT_SKIP_VERIFY] = "skip-verify",
    [MUTANT_LEAK_LOCAL] = "leak-local",
    [MUTANT_LEAK_FEDERAL] = "leak-federal",
    [MUTANT_REENCODE] = "reencode",
    [MUTANT_FULL_IS_FINE] = "full-is-fine",
    [MUTANT_HALF_COMMIT] = "half-commit",
    [MUTANT_NO_REDIAL] = "no-redial",
    [MUTANT_KEEP_CREDIT] = "keep-credit",
    [MUTANT_GREEDY] = "greedy",
    [MUTANT_NO_WAKE] = "no-wake",
    [MUTANT_SAME_SESSION] = "same-session",
    [MUTANT_STEP_ACK] = "step-ack",
    [MUTANT_LOSE_REFUSAL] = "lose-refusal",
};

const char *mutant_name(enum mutant mutant)
{
    return mutant < MUTANT_COUNT ? names[mutant] : NULL;
}

enum mutant mutant_find(const char *name)
{
    enum mutant mutant = MUTANT_NONE;
    while (mutant < MUTANT_COUNT && strcmp(names[mutant], name) != 0)
        mutant++;
    return mutant;
}
