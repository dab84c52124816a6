#include "daemon/face.h"

#include <stdio.h>

#include "base/clock.h"

const char *face_state_word(enum face_state state)
{
    static const char *const words[] = { "joining", "connecting", "connected", "refused" };
    return words[state];
}

void face_show_state(struct node *node, struct face *face, enum face_state state)
{
    pthread_mutex_lock(&node->lock);
    if (face->state != state || face->since_ms == 0)
        face->since_ms = clock_wall_ms();
    face->state = state;
    pthread_mutex_unlock(&node->lock);
}

void face_show_row(struct node *node, struct face *face, const struct peer_row *row)
{
    pthread_mutex_lock(&node->lock);
    face->author = row->author;
    face->key = row->key;
    snprintf(face->name, sizeof face->name, "%s", row->name);
    snprintf(face->endpoint, sizeof face->endpoint, "%s", row->endpoint);
    if (row->state == PEER_REFUSED)
        snprintf(face->last_error, sizeof face->last_error, "%s", row->reason);
    pthread_mutex_unlock(&node->lock);
}

void face_show_greeting(struct node *node, struct face *face, const struct sync_peer *peer)
{
    pthread_mutex_lock(&node->lock);
    face->skew_ms = (int64_t)(peer->clock_ms - clock_wall_ms());
    snprintf(face->software, sizeof face->software, "%s", peer->software);
    face->last_error[0] = 0;
    pthread_mutex_unlock(&node->lock);
}

void face_show_contact(struct node *node, struct face *face)
{
    pthread_mutex_lock(&node->lock);
    face->last_contact_ms = clock_wall_ms();
    pthread_mutex_unlock(&node->lock);
}

void face_show_closed(struct node *node, struct face *face, bool closed)
{
    pthread_mutex_lock(&node->lock);
    face->closed = closed;
    pthread_mutex_unlock(&node->lock);
}

void face_show_progress(struct node *node, struct face *face, uint64_t acknowledged, uint64_t held,
                        bool behind_itself)
{
    pthread_mutex_lock(&node->lock);
    face->acknowledged = acknowledged;
    face->held = held;
    face->behind_itself = behind_itself;
    pthread_mutex_unlock(&node->lock);
}

void face_show_refusal(struct node *node, struct face *face, uint64_t seq, const char *why)
{
    pthread_mutex_lock(&node->lock);
    face->refused_seq = seq;
    snprintf(face->refused_text, sizeof face->refused_text, "%s", why);
    pthread_mutex_unlock(&node->lock);
}

void face_show_taken(struct node *node, struct face *face, uint64_t next)
{
    pthread_mutex_lock(&node->lock);
    if (next > face->refused_seq)
        face->refused_text[0] = 0;
    pthread_mutex_unlock(&node->lock);
}

void face_show_error(struct node *node, struct face *face, const char *why, uint64_t redial_ms)
{
    pthread_mutex_lock(&node->lock);
    snprintf(face->last_error, sizeof face->last_error, "%s", why);
    face->redial_ms = redial_ms;
    pthread_mutex_unlock(&node->lock);
}
