/* mutant: faults that are planted in a simulated process on purpose. Each must be caught by an invariant
 * within a few seeds (tests/sim/mutants); one that survives means that the simulator does not look there. */
#pragma once

enum mutant {
    MUTANT_NONE,
    MUTANT_ACK_BEFORE_COMMIT,   /* says that it holds what the disk has not synced yet */
    MUTANT_SEND_BEFORE_DURABLE, /* sends its own record as soon as it is signed */
    MUTANT_FORGET_FRONTIER,     /* does not find one of its feeds after a restart */
    MUTANT_RESEND_UNCHECKED,    /* sends a batch once more when it is acknowledged */
    MUTANT_TAKE_TWICE,          /* stores what comes without looking at what it holds */
    MUTANT_SKIP_VERIFY,         /* stores what comes without looking at the chain */
    MUTANT_LEAK_LOCAL,          /* sends payloads that must not leave */
    MUTANT_LEAK_FEDERAL,        /* sends to anybody what is for the hub */
    MUTANT_REENCODE,            /* changes a payload on its way to the disk */
    MUTANT_FULL_IS_FINE,        /* acknowledges although the commit failed */
    MUTANT_HALF_COMMIT,         /* a disk that keeps half of a transaction when it crashes */
    MUTANT_NO_REDIAL,           /* does not dial again after a refusal */
    MUTANT_KEEP_CREDIT,         /* does not give credit back */
    MUTANT_GREEDY,              /* packs more than it was asked for */
    MUTANT_NO_WAKE,             /* does not tell its links that a feed has grown */
    MUTANT_SAME_SESSION,        /* a listener that gives every session the same number */
    MUTANT_STEP_ACK,            /* acknowledges one record more than it holds */
    MUTANT_LOSE_REFUSAL,        /* never answers a batch that did not fit on the disk */
    MUTANT_COUNT
};

/* Its name on the command line; NULL past the last. */
const char *mutant_name(enum mutant mutant);
/* MUTANT_COUNT when there is none of that name. */
enum mutant mutant_find(const char *name);
