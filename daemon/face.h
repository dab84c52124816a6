/* face: what a person may know of a link. The turning thread writes it, anybody reads it, under the node's
 * lock. */
#pragma once

#include "core/sync.h"
#include "daemon/node.h"

enum face_state { FACE_JOINING, FACE_CONNECTING, FACE_CONNECTED, FACE_REFUSED };

struct face {
    struct hash author;
    char name[MAX_NAME_BYTES + 1];
    char endpoint[MAX_ENDPOINT_BYTES + 1];
    struct key key;
    enum face_state state;
    uint64_t since_ms;        /* in this state, wall clock */
    uint64_t last_contact_ms; /* wall clock; 0 never */
    uint64_t redial_ms;       /* monotonic; 0: not waiting */
    uint64_t acknowledged;    /* own records that this hub holds */
    uint64_t held;            /* records of the hub's feed that we hold */
    int64_t skew_ms;          /* the hub's clock minus ours, at the last greeting */
    char software[64];
    char last_error[256];   /* "" */
    bool closed;            /* the hub does not let the invite in */
    bool behind_itself;     /* the hub holds more of our feed than we do */
    uint64_t refused_seq;   /* of ours, that the hub will not take ... */
    char refused_text[256]; /* ... and why; "" when there is none */
};

const char *face_state_word(enum face_state state);

/* These take the lock. */
void face_show_state(struct node *node, struct face *face, enum face_state state);
void face_show_row(struct node *node, struct face *face, const struct peer_row *row);
void face_show_greeting(struct node *node, struct face *face, const struct sync_peer *peer);
void face_show_closed(struct node *node, struct face *face, bool closed);
void face_show_contact(struct node *node, struct face *face);
/* How far the two feeds have come with this hub. */
void face_show_progress(struct node *node, struct face *face, uint64_t acknowledged, uint64_t held,
                        bool behind_itself);
/* Stays, whatever becomes of the link, until the hub has taken that record. */
void face_show_refusal(struct node *node, struct face *face, uint64_t seq, const char *why);
void face_show_taken(struct node *node, struct face *face, uint64_t next);
void face_show_error(struct node *node, struct face *face, const char *why, uint64_t redial_ms);
