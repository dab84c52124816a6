#include "daemon/checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/refused.h"
#include "daemon/uplink.h"
#include "registry/check.h"
#include "registry/row.h"

static const struct check_limits limits = {
    .disk_warn_bytes = 1ULL << 30,
    .disk_crit_bytes = 64ULL << 20,
    .conf = "node.conf",
};

struct checking {
    struct node *node;
    struct store_view *view;
    json_t *out;
    struct face faces[PEERS_MAX]; /* of its hubs, at one moment */
    size_t n_faces;
};

static void look_at_faces(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    c->n_faces = node->n_uplinks;
    for (size_t i = 0; i < c->n_faces; i++)
        c->faces[i] = *uplink_face(node->uplinks[i]);
    pthread_mutex_unlock(&node->lock);
}

static void check_store(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    bool full = node->full, failed = node->failure != E_OK;
    AUTO(free_ptr) char *text = mem_text(node->failure_text);
    pthread_mutex_unlock(&node->lock);

    if (failed)
        check_say(c->out, "store", "crit",
                  "look at the storage of the home; this node ends, and is to be started anew",
                  "a write failed: %s", text);
    else if (full)
        check_say(c->out, "store", "crit",
                  "make room on the disk, or raise store_map in node.conf and restart",
                  "full: nothing is recorded");
    else
        check_say(c->out, "store", "ok", "", "%" PRIu64 " records", store_size(c->view));
}

static void check_feed(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    uint64_t next = node->feed.next;
    pthread_mutex_unlock(&node->lock);

    const struct face *ahead = NULL, *refuses = NULL;
    for (size_t i = 0; i < c->n_faces; i++) {
        const struct face *face = &c->faces[i];
        if (ahead == NULL && face->behind_itself)
            ahead = face;
        if (refuses == NULL && face->refused_text[0] != 0)
            refuses = face;
    }
    if (ahead != NULL)
        check_say(c->out, "feed", "crit",
                  "stop this node: its home is an old copy, and what it records now will fork its feed",
                  "%s holds more records of this node than its own store", ahead->name);
    else if (refuses != NULL)
        check_say(c->out, "feed", "crit", "see `nodectl peer show` and the hub's operator",
                  "record %" PRIu64 " is refused by %s: %s", refuses->refused_seq, refuses->name,
                  refuses->refused_text);
    else
        check_say(c->out, "feed", "ok", "", "%" PRIu64 " records", next);
}

static void check_outbox(struct checking *c)
{
    struct node *node = c->node;
    pthread_mutex_lock(&node->lock);
    uint64_t waiting = outbox_records(&node->outbox), first = outbox_acknowledged(&node->outbox);
    pthread_mutex_unlock(&node->lock);

    uint64_t age_ms = 0, now_ms = clock_wall_ms();
    struct row row;
    if (waiting > 0 && row_find(c->view, &node->home.author, first, &row) == E_OK &&
        row.record.header.time_ms < now_ms)
        age_ms = now_ms - row.record.header.time_ms;
    bool is_old = node->options.outbox_age_ms > 0 && age_ms > node->options.outbox_age_ms;
    check_say(c->out, "outbox", check_grade(false, is_old),
              "look at the peers: no hub has taken these records",
              "%" PRIu64 " records wait, the oldest for %" PRIu64 " s", waiting, age_ms / 1000);
}

static void check_peer(struct checking *c, const struct face *face)
{
    uint64_t now_ms = clock_wall_ms();
    uint64_t since_ms = now_ms > face->since_ms ? now_ms - face->since_ms : 0; /* the clock may be set back */
    if (face->state == FACE_REFUSED)
        check_say(c->out, "peer", "crit", "ask the hub's operator for a new invite and join again",
                  "%s refuses: %s", face->name, face->last_error);
    else if (face->closed)
        check_say(c->out, "peer", "crit",
                  "ask the hub's operator for a new invite, then run `nodectl join` with it", "%s: %s",
                  face->name, face->last_error);
    else if (face->state != FACE_CONNECTED && since_ms > c->node->options.steady_ms)
        check_say(c->out, "peer", "warn", "nothing is lost; check the network and the hub",
                  "%s is not reached since %" PRIu64 " s: %s", face->name, since_ms / 1000, face->last_error);
    else
        check_say(c->out, "peer", "ok", "", "%s is %s", face->name, face_state_word(face->state));

    if (face->last_contact_ms != 0 && (uint64_t)llabs(face->skew_ms) > c->node->options.clock_skew_ms)
        check_say(c->out, "clock", "warn",
                  "set the clock right, here or at the hub; records are accepted all the same",
                  "the clock of %s is %" PRId64 " s off ours", face->name, face->skew_ms / 1000);
}

static void check_peers(struct checking *c)
{
    for (size_t i = 0; i < c->n_faces; i++)
        check_peer(c, &c->faces[i]);
    if (c->n_faces == 0)
        check_say(c->out, "peer", "warn", "ask the hub for an invite, then `nodectl join`",
                  "this node has joined no hub");
}

static void check_quarantine(struct checking *c, const struct face *face)
{
    struct refused row;
    size_t unseen;
    enum err err = refused_look(c->view, &face->author, &row, &unseen);
    if (err != E_OK && err != E_NOT_FOUND)
        check_say(c->out, "quarantine", "crit", "look at the storage of the home",
                  "the store cannot be read: %s", err_message());
    else if (unseen > 0)
        check_say(c->out, "quarantine", "warn",
                  "tell the hub's operator: its feed does not continue what this node holds; then `nodectl "
                  "peer acknowledge`",
                  "%zu records of %s were refused, the first is %" PRIu64 ": %s", unseen, face->name, row.seq,
                  row.text);
}

json_t *checks_run(struct node *node, struct store_view *view)
{
    struct checking c = { .node = node, .view = view, .out = json_array() };
    look_at_faces(&c);
    check_usage(c.out, node->store, &limits);
    check_store(&c);
    check_clock(c.out);
    check_feed(&c);
    check_outbox(&c);
    check_peers(&c);
    for (size_t i = 0; i < c.n_faces; i++)
        check_quarantine(&c, &c.faces[i]);
    return c.out;
}
