#include "daemon/uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/carry.h"
#include "daemon/enrol.h"
#include "daemon/frames.h"
#include "net/peer.h"
#include "net/wire.h"

#define DRAIN_MAX 1000 /* frames in one turn */
#define ROUNDS_MAX 64
#define STRIKES_MAX 16 /* then the link is over */
#define WATCHES 64     /* looks at a handshake in one heartbeat */
#define CLOSED_DOORS 3 /* dials in a row that an invite was not let in: then it is not worth trying often */
#define PIPE_FRAMES 16 /* what a DEALER's pipe holds (SNDHWM, lib/net/peer.c) */

struct uplink {
    struct node *node;
    struct peer_row row;
    struct face face;

    struct dealer *dealer; /* NULL between two dials */
    bool with_invite;      /* this dial enrols */
    bool invite_unanswered;
    bool was_writable;
    struct sync *sync;
    struct carry carry;
    struct frames out;
    uint32_t message_id;
    unsigned strikes;
    unsigned unanswered; /* frames since the hub was heard */
    unsigned denied;     /* dials in a row, with an invite held, that the hub did not let in */

    uint64_t dial_at_ms, dialed_ms, up_ms, heard_ms, stuck_ms;
    uint64_t wait_ms;  /* the last wait, for the next jitter */
    uint64_t asked_ms; /* what the hub wishes us to wait */
};

static void show_progress(struct uplink *u)
{
    struct sync_progress own = { 0 };
    sync_progress(u->sync, &u->node->home.author, &own);
    carry_count(&u->carry, u->sync);
    face_show_progress(u->node, &u->face, u->carry.acknowledged, u->carry.hub_feed.next, own.behind);
}

/* ---- sending */

static bool flush(struct uplink *u)
{
    size_t sent = frames_flush(&u->out, u->dealer);
    u->unanswered += (unsigned)sent;
    return sent > 0;
}

static void send_message(void *context, const struct sync_message *message)
{
    struct uplink *u = context;
    AUTO(buf_clear) struct buf frame = { 0 };
    wire_encode(message, ++u->message_id, &frame);
    frames_put(&u->out, &frame);
}

/* ---- dialing and hanging up */

static struct sync_options greeting(const struct uplink *u)
{
    const struct node *node = u->node;
    struct sync_options options = {
        .self = {
            .proto_min = SYNC_MAJOR,
            .proto_max = SYNC_MAJOR,
            .author = node->home.author,
            .incarnation = store_incarnation(node->store),
            .role = SYNC_NODE,
            .clock_ms = clock_wall_ms(),
            .max_batch_bytes = MAX_BATCH_BYTES,
            .heartbeat_ms = node->options.heartbeat_ms,
            .credit_bytes = node->options.credit_bytes - u->carry.kept_back,
        },
        .greeting_timeout_ms = node->options.greeting_timeout_ms,
        .missed_heartbeats = node->options.missed_heartbeats,
        .max_feeds = 8,
        .retry_min_ms = node->options.redial_min_ms,
        .retry_max_ms = node->options.redial_max_ms,
    };
    memcpy(options.self.store_id, store_id(node->store), sizeof options.self.store_id);
    snprintf(options.self.software, sizeof options.self.software, "noded/%s", CHANCERY_VERSION);
    return options;
}

static void drop_link(struct uplink *u)
{
    if (u->carry.up) {
        pthread_mutex_lock(&u->node->lock);
        outbox_lost(&u->node->outbox);
        pthread_mutex_unlock(&u->node->lock);
    }
    if (u->sync != NULL)
        carry_count(&u->carry, u->sync);
    sync_free(&u->sync);
    carry_clear(&u->carry);
    dealer_free(&u->dealer);
    frames_clear(&u->out);
}

static void hang_up(struct uplink *u, uint64_t now_ms, const char *why)
{
    const struct node_options *o = &u->node->options;
    if (u->carry.up && now_ms - u->up_ms >= o->steady_ms)
        u->wait_ms = 0;
    u->wait_ms =
        redial_wait_ms(u->wait_ms, o->redial_min_ms, o->redial_max_ms, u->asked_ms, random_below(UINT64_MAX));
    u->asked_ms = 0;
    u->dial_at_ms = now_ms + u->wait_ms;
    /* The same once more is no news. */
    bool is_news = u->carry.up || strcmp(u->face.last_error, why) != 0;
    log_line(is_news ? LOG_INFO : LOG_DEBUG, "node=%s hub=%s retry_ms=%" PRIu64 " msg=\"link is over: %s\"",
             u->node->home.inception.name, u->row.name, u->wait_ms, why);

    face_show_error(u->node, &u->face, why, u->dial_at_ms);
    drop_link(u);
    face_show_state(u->node, &u->face, u->row.state == PEER_JOINING ? FACE_JOINING : FACE_CONNECTING);
}

/* With an invite the first word is ENROL. An invite that gave no answer may be used up already, by an
 * enrolment whose answer was lost: then one's own key is tried in turn. */
static enum err dial(struct uplink *u, uint64_t now_ms)
{
    struct node *node = u->node;
    u->with_invite = u->row.state == PEER_JOINING && !u->invite_unanswered;
    u->invite_unanswered = u->with_invite;
    AUTO(secret_clear) struct secret invite = { 0 };
    if (u->with_invite)
        secret_transport_from_seed(u->row.invite_secret, &invite);
    TRY(carry_init(&u->carry, node, &u->face, send_message, u));
    TRY(dealer_new(u->row.endpoint, &u->row.key, u->with_invite ? &invite : &node->home.transport,
                   node->options.watch, &u->dealer));
    u->dialed_ms = u->heard_ms = now_ms;
    u->stuck_ms = 0;
    u->was_writable = false;
    u->strikes = u->unanswered = 0;
    if (u->with_invite) {
        AUTO(buf_clear) struct buf frame = { 0 };
        TRY(enrol_ask(node, ++u->message_id, &frame));
        frames_put(&u->out, &frame);
        return E_OK;
    }
    struct sync_options options = greeting(u);
    struct sync_host host = carry_host(&u->carry);
    u->sync = sync_new(&options, &host);
    carry_follow(&u->carry, u->sync);
    sync_dial(u->sync, now_ms);
    return E_OK;
}

static void try_dial(struct uplink *u, uint64_t now_ms)
{
    pthread_mutex_lock(&u->node->lock);
    u->face.redial_ms = 0;
    u->node->counters.dials++;
    pthread_mutex_unlock(&u->node->lock);
    if (dial(u, now_ms) != E_OK)
        hang_up(u, now_ms, err_message());
}

/* ---- what comes in */

static void strike(struct uplink *u, enum err err, uint64_t now_ms)
{
    pthread_mutex_lock(&u->node->lock);
    u->node->counters.strikes++;
    pthread_mutex_unlock(&u->node->lock);
    log_warn("node=%s hub=%s code=\"%s\" msg=\"%s\"", u->node->home.inception.name, u->row.name,
             err_name(err), err_message());
    if (++u->strikes >= STRIKES_MAX)
        hang_up(u, now_ms, "the hub says what it must not say");
}

static void say_what_to_do(const struct uplink *u, const char *why)
{
    log_warn("node=%s hub=%s reason=\"%s\" msg=\"the invite is no good: ask the hub's operator for a new "
             "one, and run "
             "nodectl join with it\"",
             u->node->home.inception.name, u->row.name, why);
}

static void refuse_invite(struct uplink *u, uint64_t now_ms, const char *why)
{
    char reason[sizeof u->row.reason];
    snprintf(reason, sizeof reason, "%s", why);
    hang_up(u, now_ms, reason);
    if (enrol_refused(u->node, &u->row, reason) != E_OK)
        return;
    face_show_row(u->node, &u->face, &u->row);
    face_show_state(u->node, &u->face, FACE_REFUSED);
    say_what_to_do(u, reason);
}

static void finish_enrolment(struct uplink *u, struct bytes inception, uint64_t now_ms)
{
    enum err err = enrol_finish(u->node, &u->row, inception);
    if (err == E_DENIED) {
        refuse_invite(u, now_ms, err_message());
        return;
    }
    if (err != E_OK) {
        hang_up(u, now_ms, err_message());
        return;
    }
    log_info("node=%s hub=%s msg=\"admitted\"", u->node->home.inception.name, u->row.name);
    drop_link(u);
    face_show_row(u->node, &u->face, &u->row);
    u->wait_ms = 0;
    u->dial_at_ms = now_ms;
    face_show_state(u->node, &u->face, FACE_CONNECTING);
}

static void hear_enrolment(struct uplink *u, const struct sync_message *message, uint64_t now_ms)
{
    u->invite_unanswered = false;
    if (message->type == SYNC_ENROLLED) {
        finish_enrolment(u, message->enrol.inception, now_ms);
        return;
    }
    if (message->type != SYNC_REJECT) {
        fail(E_DENIED, "message type %d during the enrolment", (int)message->type);
        strike(u, E_DENIED, now_ms);
        return;
    }
    if (message->reject.code == SYNC_REJECT_INVITE) {
        refuse_invite(u, now_ms,
                      message->reject.text[0] != 0 ? message->reject.text : "the invite is refused");
        return;
    }
    u->asked_ms = message->reject.retry_after_ms;
    hang_up(u, now_ms, message->reject.text[0] != 0 ? message->reject.text : "the hub refuses the enrolment");
}

static void hear_frame(struct uplink *u, struct bytes frame, uint64_t now_ms)
{
    AUTO(wire_clear) struct wire_message in = { 0 };
    enum err err = wire_decode(frame, &in);
    if (err == E_NOT_FOUND)
        return; /* a type of a later version */
    if (err == E_OK && u->with_invite) {
        hear_enrolment(u, &in.message, now_ms);
        return;
    }
    if (err == E_OK)
        err = sync_receive(u->sync, &in.message, now_ms);
    if (err != E_OK)
        strike(u, err, now_ms);
}

/* True when anything came. A link that ends meanwhile leaves no dealer. */
static bool drain(struct uplink *u, uint64_t now_ms)
{
    size_t heard = 0;
    AUTO(buf_clear) struct buf frame = { 0 };
    while (u->dealer != NULL && heard < DRAIN_MAX) {
        frame.len = 0;
        enum err err = dealer_receive(u->dealer, &frame);
        if (err == E_NOT_FOUND)
            break;
        heard++;
        u->heard_ms = now_ms;
        u->unanswered = 0;
        if (err != E_OK)
            strike(u, err, now_ms);
        else
            hear_frame(u, buf_view(&frame), now_ms);
    }
    if (heard > 0) {
        u->denied = 0;
        face_show_contact(u->node, &u->face);
        face_show_closed(u->node, &u->face, false);
    }
    return heard > 0;
}

/* ---- a turn */

/* The moment of the greeting's end: the machine says up from within, the rest is done here. */
static void note_up(struct uplink *u, uint64_t now_ms)
{
    if (!u->carry.up || u->face.state == FACE_CONNECTED)
        return;
    if (!hash_equal(&u->carry.peer.author, &u->row.author)) {
        hang_up(u, now_ms, "another hub answers there");
        return;
    }
    if (u->row.state == PEER_JOINING && enrol_known(u->node, &u->row) == E_OK)
        face_show_row(u->node, &u->face, &u->row);
    u->up_ms = now_ms;
    face_show_greeting(u->node, &u->face, &u->carry.peer);
    face_show_state(u->node, &u->face, FACE_CONNECTED);
    log_info("node=%s hub=%s session=%u msg=\"link is up\"", u->node->home.inception.name, u->row.name,
             sync_session(u->sync));
}

/* A DEALER says nothing when its connection is lost; it only has no pipe to write to any more. Full of
 * unacknowledged batches it looks the same: then silence decides. */
static bool is_lost(struct uplink *u, uint64_t now_ms, bool writable)
{
    if (writable) {
        u->was_writable = true;
        u->stuck_ms = 0;
        return false;
    }
    if (!u->was_writable)
        return false;
    pthread_mutex_lock(&u->node->lock);
    size_t under_way = outbox_under_way(&u->node->outbox);
    pthread_mutex_unlock(&u->node->lock);
    if (under_way + u->unanswered < PIPE_FRAMES)
        return true;
    if (u->stuck_ms == 0)
        u->stuck_ms = now_ms;
    uint64_t silent_since = u->heard_ms > u->stuck_ms ? u->heard_ms : u->stuck_ms;
    return now_ms - silent_since >= u->node->options.heartbeat_ms;
}

/* A key that is not let in hears no reason. Of an invite that is one which was revoked, or which this hub
 * never made: it is tried on, for the hub may be restored yet, but as seldom as anything. */
static void meet_closed_door(struct uplink *u, uint64_t now_ms)
{
    static const char why[] = "the hub does not let the invite in: it was revoked, or is of another hub";
    uint64_t longest = u->node->options.redial_max_ms;
    if (u->row.state != PEER_JOINING || ++u->denied < CLOSED_DOORS) {
        hang_up(u, now_ms, err_message());
        return;
    }
    hang_up(u, now_ms, why);
    u->wait_ms = longest;
    u->dial_at_ms = now_ms + longest / 2 + random_below(longest / 2 + 1);
    face_show_error(u->node, &u->face, why, u->dial_at_ms);
    face_show_closed(u->node, &u->face, true);
    if (u->denied == CLOSED_DOORS)
        say_what_to_do(u, why);
}

/* Ends the link if it is over. *more: the socket has something that this turn has not seen. */
static void check_end(struct uplink *u, uint64_t now_ms, bool *more)
{
    int events = 0;
    size_t size = sizeof events;
    if (u->dealer == NULL)
        return;
    if (u->carry.ended) {
        u->asked_ms = u->carry.retry_after_ms;
        hang_up(u, now_ms, u->carry.end_text);
        return;
    }
    if (u->with_invite && now_ms - u->dialed_ms >= u->node->options.greeting_timeout_ms) {
        hang_up(u, now_ms, "the hub does not answer the invite");
        return;
    }
    enum err state = dealer_state(u->dealer);
    if (state == E_DENIED && u->with_invite && u->row.expires_ms != 0 &&
        u->row.expires_ms < clock_wall_ms()) {
        refuse_invite(u, now_ms, "the invite has expired");
        return;
    }
    if (state == E_DENIED) {
        meet_closed_door(u, now_ms);
        return;
    }
    if (state != E_OK) {
        hang_up(u, now_ms, err_message());
        return;
    }
    if (zmq_getsockopt(dealer_socket(u->dealer), ZMQ_EVENTS, &events, &size) != 0)
        return;
    bool writable = (events & ZMQ_POLLOUT) != 0;
    *more = (events & ZMQ_POLLIN) != 0 || (writable && u->out.count > 0);
    if (!*more && is_lost(u, now_ms, writable))
        hang_up(u, now_ms, "the connection is lost");
}

/* Does what can be done now; false when nothing moved. */
static bool move(struct uplink *u, uint64_t now_ms)
{
    bool moved = flush(u);
    size_t blocked = u->out.count;
    moved = drain(u, now_ms) || moved;
    if (u->dealer != NULL && u->sync != NULL)
        note_up(u, now_ms);
    if (u->dealer == NULL || u->sync == NULL)
        return moved;
    carry_push(&u->carry, u->sync, now_ms);
    moved = carry_serve(&u->carry, u->sync, now_ms) || moved;
    return moved || u->out.count > blocked;
}

static uint64_t next_turn(struct uplink *u, uint64_t now_ms, uint64_t wanted_ms)
{
    const struct node_options *o = &u->node->options;
    uint64_t next = now_ms + o->heartbeat_ms; /* a lost connection is seen within one */
    if (o->watch && !u->was_writable)
        next = now_ms + o->heartbeat_ms / WATCHES; /* nothing wakes us when the handshake fails */
    if (u->with_invite && u->dialed_ms + o->greeting_timeout_ms < next)
        next = u->dialed_ms + o->greeting_timeout_ms;
    return wanted_ms < next ? wanted_ms : next;
}

uint64_t uplink_turn(struct uplink *u, uint64_t now_ms)
{
    if (u->row.state == PEER_REFUSED)
        return UINT64_MAX;
    if (u->dealer == NULL && now_ms < u->dial_at_ms)
        return u->dial_at_ms;
    if (u->dealer == NULL)
        try_dial(u, now_ms);

    uint64_t wanted = UINT64_MAX;
    if (u->sync != NULL)
        wanted = sync_tick(u->sync, now_ms, (uint32_t)random_below(UINT32_MAX));
    int rounds = 0;
    while (u->dealer != NULL && !u->carry.ended && rounds < ROUNDS_MAX && move(u, now_ms))
        rounds++;

    bool more = rounds == ROUNDS_MAX;
    if (u->dealer != NULL && u->carry.up)
        show_progress(u);
    check_end(u, now_ms, &more);
    if (u->row.state == PEER_REFUSED)
        return UINT64_MAX;
    if (u->dealer == NULL)
        return u->dial_at_ms;
    return more ? now_ms : next_turn(u, now_ms, wanted);
}

/* ---- life */

struct uplink *uplink_new(struct node *node, const struct peer_row *row)
{
    struct uplink *u = mem_alloc(sizeof *u);
    u->node = node;
    uplink_update(u, row);
    return u;
}

void uplink_update(struct uplink *u, const struct peer_row *row)
{
    static const enum face_state shown[] = {
        [PEER_JOINING] = FACE_JOINING,
        [PEER_MEMBER] = FACE_CONNECTING,
        [PEER_REFUSED] = FACE_REFUSED,
    };
    drop_link(u);
    u->row = *row;
    u->dial_at_ms = u->wait_ms = 0;
    u->denied = 0;
    u->invite_unanswered = false;
    face_show_closed(u->node, &u->face, false);
    face_show_error(u->node, &u->face, "", 0);
    face_show_row(u->node, &u->face, &u->row);
    face_show_state(u->node, &u->face, shown[row->state]);
}

void uplink_free(struct uplink **uplink)
{
    struct uplink *u = *uplink;
    if (u == NULL)
        return;
    if (u->sync != NULL && u->carry.up && !u->carry.ended) {
        sync_bye(u->sync, 0, clock_mono_ms());
        flush(u);
    }
    drop_link(u);
    memset(u->row.invite_secret, 0, sizeof u->row.invite_secret);
    free(u);
    *uplink = NULL;
}

const struct peer_row *uplink_row(const struct uplink *u)
{
    return &u->row;
}

int uplink_fd(struct uplink *u)
{
    return u->dealer != NULL ? dealer_fd(u->dealer) : -1;
}

const struct face *uplink_face(const struct uplink *u)
{
    return &u->face;
}
