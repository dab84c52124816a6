/* registry: where the records of a chancery are kept, as a node and a hub have it alike.
 *
 * A program that keeps records says here which store, whose records are its own, and how it does what only it
 * can do; naming, showing, verifying (row.h, verdict.h), making them (author.h) and the commands about them
 * (desk.h) are the same everywhere. */
#pragma once

#include <jansson.h>

#include "app/home.h"
#include "store/store.h"

struct author_request;
struct author_result;

/* What each program does in its own way. */
struct registry_host {
    /* What another author is called here; false when nobody knows. */
    bool (*name)(void *context, struct store_view *view, const struct hash *author,
                 char out[static MAX_NAME_BYTES + 1]);
    /* Whose name that is. E_NOT_FOUND. */
    enum err (*author)(void *context, struct store_view *view, const char *name, struct hash *author);
    /* Makes records of one's own: author_write in a transaction that is durable when this is E_OK. */
    enum err (*write)(void *context, const struct author_request *request, struct author_result *results);
    /* Adds to a ROW what only this program knows. NULL: nothing. */
    void (*complete)(void *context, const struct record *record, json_t *row);
};

struct registry {
    struct store *store;
    const struct home *home; /* whose records are our own */
    bool has_log;            /* the store keeps the Merkle tree */
    const struct registry_host *host;
    void *context; /* of its functions */
};

bool registry_is_own(const struct registry *registry, const struct hash *author);
/* Our own name, the one that the host knows, or hex. */
void registry_name(const struct registry *registry, struct store_view *view, const struct hash *author,
                   char out[static MAX_NAME_BYTES + 1]);
/* A name or 64 hex digits; "" is ourselves. E_NOT_FOUND. */
enum err registry_author(const struct registry *registry, struct store_view *view, const char *word,
                         struct hash *author);
