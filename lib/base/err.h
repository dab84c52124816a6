/* err: the one enumeration of what can go wrong, and the sentence that goes with the last failure.
 *
 * A function that can fail returns enum err. The code says what a caller does about it; the sentence,
 * kept per thread, says it to a person. Nothing here allocates. */
#pragma once

#include <stdbool.h>

enum err {
    E_OK = 0,
    /* what structure rejects, in the order in which it is decided (doc/PROTOCOL.md) */
    E_MALFORMED,      /* bytes that no version of ours writes */
    E_UNKNOWN_AUTHOR, /* no inception of this author is held */
    E_GAP,            /* records are missing between the head and this one */
    E_BROKEN_CHAIN,   /* prev is not the id of the record before */
    E_EPOCH,          /* the record's epoch is not the open one */
    E_NOT_AUTHORISED, /* an identity event without the signatures it needs */
    E_BAD_SIGNATURE,  /* no valid signature vouches for the record */
    E_FORK,           /* another record is held at this author and seq */
    /* resources and state */
    E_NOT_FOUND,
    E_EXISTS,  /* conflict: it is there already, or another holds it */
    E_DENIED,  /* not allowed */
    E_BUSY,    /* later: a quota, a full queue, a lock that another process holds */
    E_FULL,    /* the disk or the map is full */
    E_TOO_BIG, /* past a limit of limits.h */
    E_VERSION, /* made by a version that this one does not know */
    E_IO,      /* the operating system failed; errno is in the sentence */
    E_CORRUPT, /* our own store does not hold what it must */
    E_USAGE,   /* the person's words are off */
    E_TIMEOUT,
    E_UNREACHABLE,
    E_PARTIAL, /* some of many failed */
    E_UNMET,   /* a condition that was asked about does not hold */
    E_COUNT
};

/* Keeps the sentence and returns code. printf format; at most 511 bytes are kept. */
enum err fail(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fail(), with ": " and strerror(errno) behind the sentence. ENOSPC and EDQUOT make E_IO an E_FULL. */
enum err fail_errno(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* it looks at one file at a time: so that it knows there, too, that a failure     \
                             fails */
#define fail(code, ...) (fail(code, __VA_ARGS__), (code))
#define fail_errno(code, ...) (fail_errno(code, __VA_ARGS__), (code))
#endif

/* The sentence of this thread's last failure; "" when there was none. Valid until the next failure here. */
const char *err_message(void);

/* The code's name in the field's words: "malformed", "broken chain"... Never NULL. */
const char *err_name(enum err code);

/* With what a program ends that failed so: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5
 * unreachable, 6 conflict, 7 some of many failed, 8 condition not met, 9 integrity failure, 10 timed out, 11
 * version. */
int err_exit(enum err code);

/* Passes a failure on. The only macro that returns. */
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        enum err err_ = (expr);                                                                              \
        if (err_ != E_OK)                                                                                    \
            return err_;                                                                                     \
    } while (0)
