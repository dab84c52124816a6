/* control: nodectl and a daemon. One request, one answer, over a ROUTER at ipc://HOME/control.sock (or tcp
 * with CURVE).
 *
 * A request is a command, its parameters (text) and blobs (bytes); an answer is a code, a sentence, a hint,
 * one JSON document - the very one that --json prints - and blobs. Long lists are asked for page by page
 * (parameter "cursor", answer's "cursor"), so the server keeps nothing between requests. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

#define CONTROL_API 1

struct control_request {
    char command[64]; /* "status", "record.put", "peer.ls" ... */
    json_t *params;   /* object of texts */
    struct buf *blobs;
    size_t n_blobs;
};

struct control_answer {
    enum err code;
    char message[512];
    char hint[256];
    json_t *body; /* object, or NULL */
    struct buf *blobs;
    size_t n_blobs;
};

void control_request_clear(struct control_request *request);
void control_answer_clear(struct control_answer *answer);
void control_request_blob(struct control_request *request, struct bytes blob);
void control_answer_blob(struct control_answer *answer, struct bytes blob);
const char *control_param(const struct control_request *request, const char *name); /* NULL when absent */

/* The bytes of a frame. Decoding: E_MALFORMED, E_TOO_BIG, E_VERSION. */
void control_encode_request(const struct control_request *request, struct buf *out);
enum err control_decode_request(struct bytes frame, struct control_request *out);
void control_encode_answer(const struct control_answer *answer, struct buf *out);
enum err control_decode_answer(struct bytes frame, struct control_answer *out);

/* ---- the client (nodectl) */
struct control_client;
/* path: HOME/control.sock. E_UNREACHABLE when no daemon answers there, E_DENIED when it is somebody else's,
 * E_USAGE for a path that is too long for a socket, E_IO. */
enum err control_connect(const char *path, uint64_t timeout_ms, struct control_client **out);
void control_disconnect(struct control_client **client);
/* E_TOO_BIG (nothing was sent), E_UNREACHABLE, E_IO, E_TIMEOUT (the request may have been carried out),
 * E_MALFORMED. What the daemon answers,
 * refusals included, is in answer and gives E_OK. */
enum err control_call(struct control_client *client, const struct control_request *request,
                      struct control_answer *answer);

/* ---- the server: a thread of its own */
/* Requests are carried out one after another, `status` and `doctor` before others that wait; so
 * what takes long answers in pages, of some 50 ms each.
 * One row a command. handle() runs in the control thread; it fills answer->body, or returns a failure, whose
 * code, err_message() and answer->hint go back. */
struct control_command {
    const char *name;
    enum err (*handle)(void *context, const struct control_request *request, struct control_answer *answer);
};
struct control_server;
/* The table ends with a NULL name. Socket file 0600. E_IO. */
enum err control_serve(const char *path, const struct control_command *commands, void *context,
                       struct control_server **out);
uint64_t control_beats(const struct control_server *server); /* goes up while the thread is alive */
/* Waits for the thread, which ends behind the request at hand: those that wait are not carried out. */
void control_stop(struct control_server **server);
