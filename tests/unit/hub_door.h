/* hub_door: all that decides who belongs to a hub, without a thread: its store and its own feed, one open
 * transaction, the members and keys in memory, and a front that only has a letter box. */
#pragma once

#include "scratch.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/run.h"
#include "hubd/admit.h"
#include "hubd/enrol.h"
#include "hubd/front_private.h"

#include <cmocka.h>

#define NOW_MS 1800000000000ULL

static struct hub hub;
static struct front front;
static struct own own;
static struct write writing;

/* ---- the hub */

static inline void door_open(void)
{
    own_begin(&own, writing.now_ms, writing.now_ms);
    assert_int_equal(store_begin(hub.store, &writing.txn), E_OK);
}

static inline void door_commit(void)
{
    assert_int_equal(store_commit(&writing.txn), E_OK);
    door_open();
}

static inline enum err door_keep(const struct hash *author, struct bytes packed)
{
    struct store_txn *txn;
    struct record record;
    struct feed feed;
    size_t accepted;
    feed_init(&feed, author);
    TRY(run_next(&packed, &record));
    TRY(feed_take(&feed, &record, 1, &accepted));
    TRY(store_begin(hub.store, &txn));
    store_append(txn, &feed, &record, 1);
    return store_commit(&txn);
}

static inline int door_up(void **state)
{
    AUTO(buf_clear) struct buf inception = { 0 };
    struct home_new wanted = { .role = HOME_HUB, .title = "Office", .origin = "test.example/log" };
    log_level_set(LOG_ERROR);
    hub = (struct hub){ .options.pending_ms = 4321 };
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct store_options options = { scratch, 64 << 20, .create = true, .log = true };
    if (home_identity(&wanted, &hub.home, &inception) != E_OK || store_open(&options, &hub.store) != E_OK ||
        door_keep(&hub.home.author, buf_view(&inception)) != E_OK || zap_new(&hub.zap) != E_OK)
        return -1;
    hub.members = members_new();
    front = (struct front){ .hub = &hub, .mail = queue_new(64, SIZE_MAX / 2) };
    hub.front = &front;
    own = (struct own){ .home = &hub.home, .tick_ms = 1ULL << 40 };
    if (own_load(&own, hub.store, NOW_MS, NOW_MS) != E_OK)
        return -1;
    writing = (struct write){ .hub = &hub, .own = &own, .now_ms = NOW_MS };
    door_open();
    return 0;
}

static inline int door_down(void **state)
{
    store_abort(&writing.txn);
    queue_free(&front.mail, job_drop);
    members_free(&hub.members);
    zap_free(&hub.zap);
    store_close(&hub.store);
    home_clear(&hub.home);
    return scratch_drop(state);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, door_up, door_down)

static inline int door_group_start(void **state)
{
    (void)state;
    return id_init() == E_OK && net_init(512, 1) == E_OK ? 0 : -1;
}

static inline int door_group_end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

/* Who may connect now. */
static inline bool is_let_in(const struct key *key)
{
    return zap_is_allowed(hub.zap, ZAP_PEERS, key);
}

/* ---- those who come */

struct guest {
    struct home home;
    struct buf inception; /* packed */
};

static inline void guest_make(struct guest *guest, const char *name)
{
    struct home_new wanted = {
        .role = HOME_NODE, .name = name, .geoid = "3921000", .level = "city", .title = "A title"
    };
    *guest = (struct guest){ 0 };
    assert_int_equal(home_identity(&wanted, &guest->home, &guest->inception), E_OK);
}

static inline void guest_clear(struct guest *guest)
{
    buf_clear(&guest->inception);
    home_clear(&guest->home);
}

#define GUEST(variable, name)                                                                                \
    AUTO(guest_clear) struct guest variable;                                                                 \
    guest_make(&variable, name)

static inline struct member member_of(const struct guest *guest, const char *name)
{
    struct member member = { .author = guest->home.author,
                             .transport = guest->home.transport.public_key,
                             .geoid = "3921000",
                             .level = 1,
                             .state = MEMBER_PENDING };
    snprintf(member.name, sizeof member.name, "%s", name);
    return member;
}

static inline struct invite invite_make(uint8_t tell, const char *name, bool auto_admit, uint64_t expires_ms)
{
    struct invite invite = { .key = { { tell, 0x17 } },
                             .auto_admit = auto_admit,
                             .state = INVITE_OPEN,
                             .created_ms = NOW_MS,
                             .expires_ms = expires_ms };
    snprintf(invite.name, sizeof invite.name, "%s", name);
    invite.id = hash_bytes(BYTES(invite.key.b));
    invite_put(writing.txn, &invite);
    return invite;
}

/* ---- what the open transaction sees */

static inline uint64_t next_of(const struct hash *author)
{
    struct feed feed;
    return store_feed_in(writing.txn, author, &feed) ? feed.next : 0;
}

static inline struct member member_now(const struct guest *guest)
{
    struct member member = { 0 };
    member_in(writing.txn, &guest->home.author, &member, NULL);
    return member;
}

static inline struct invite invite_now(const struct invite *invite)
{
    struct invite now = { 0 };
    struct hash owner;
    assert_int_equal(invite_in(writing.txn, &invite->key, &now, &owner), E_OK);
    return now;
}

/* The record at that position of the log, committed; its payload is borrowed from view. */
static inline struct record logged_at(struct store_view *view, uint64_t position)
{
    struct bytes entry, salted;
    struct record record;
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    assert_int_equal(record_parse(entry, &record), E_OK);
    assert_true(record_open(&record, salted));
    return record;
}
