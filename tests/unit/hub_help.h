/* hub_help: a real hub in a home of its own, and its commands, called as the control thread calls them. */
#pragma once

#include "scratch.h"

#include <zmq.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/run.h"
#include "core/token.h"
#include "hubd/cmd.h"
#include "hubd/front.h"
#include "hubd/hub.h"
#include "hubd/writer.h"
#include "net/peer.h"
#include "net/wire.h"

#include <cmocka.h>

#define PATIENCE_MS 20000 /* for what must happen; a machine that crawls under a sanitizer needs some */

static inline int hub_group_start(void **state)
{
    (void)state;
    log_level_set(getenv("HUB_TEST_LOG") != NULL ? LOG_DEBUG : LOG_ERROR);
    return id_init() == E_OK && net_init(512, 1) == E_OK ? 0 : -1;
}

static inline int hub_group_end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

/* ---- the hub */

static struct hub hub;
static char hub_path[200];

static inline struct options quick_options(void)
{
    struct options o;
    char nowhere[256];
    snprintf(nowhere, sizeof nowhere, "%s/none.conf", scratch);
    assert_int_equal(options_read(nowhere, &o), E_OK);
    snprintf(o.endpoint, sizeof o.endpoint, "tcp://127.0.0.1:*");
    o.store_map = o.view_map = 64 << 20;
    o.heartbeat_ms = 2000;
    o.full_ms = 50;
    o.linger_ms = 100;
    o.ban_ms = 300;
    o.herd_ms = 777;
    return o;
}

static inline void make_hub_home(void)
{
    AUTO(buf_clear) struct buf inception = { 0 };
    snprintf(hub_path, sizeof hub_path, "%s/hub", scratch);
    struct home_new wanted = {
        .role = HOME_HUB, .path = hub_path, .title = "Office", .origin = "test.example/log"
    };
    assert_int_equal(home_make(&wanted, &inception), E_OK);

    struct home home;
    struct store *store;
    struct store_txn *txn;
    struct feed feed;
    struct record record;
    size_t accepted;
    struct bytes rest = buf_view(&inception);
    assert_int_equal(home_open(hub_path, &home), E_OK);
    struct store_options options = { home.store, 64 << 20, .create = true, .log = true };
    assert_int_equal(store_open(&options, &store), E_OK);
    assert_int_equal(run_next(&rest, &record), E_OK);
    feed_init(&feed, &home.author);
    assert_int_equal(feed_take(&feed, &record, 1, &accepted), E_OK);
    assert_int_equal(store_begin(store, &txn), E_OK);
    store_append(txn, &feed, &record, 1);
    assert_int_equal(store_commit(&txn), E_OK);
    store_close(&store);
    home_clear(&home);
}

static inline int hub_up(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    make_hub_home();
    struct options options = quick_options();
    enum err err = hub_open(hub_path, &options, &hub);
    if (err != E_OK)
        fprintf(stderr, "%s\n", err_message());
    return err == E_OK ? 0 : -1;
}

/* Dealers that a fact which failed has left open: they would keep libzmq from ending. */
static struct dealer *open_dealers[64];

static inline void dealer_note(struct dealer *from, struct dealer *to)
{
    for (size_t i = 0; i < sizeof open_dealers / sizeof(struct dealer *); i++)
        if (open_dealers[i] == from) {
            open_dealers[i] = to;
            return;
        }
}

static inline void hub_clear_up(void)
{
    for (size_t i = 0; i < sizeof open_dealers / sizeof(struct dealer *); i++)
        dealer_free(&open_dealers[i]);
    hub_close(&hub);
}

static inline int hub_down(void **state)
{
    hub_clear_up();
    return scratch_drop(state);
}

static inline void restart_hub(const struct options *options)
{
    hub_close(&hub);
    assert_int_equal(hub_open(hub_path, options, &hub), E_OK);
}

/* ---- its commands, called as the control thread calls them */

struct asked {
    struct control_request request;
    struct control_answer answer;
};

static inline void asked_clear(struct asked *asked)
{
    control_request_clear(&asked->request);
    control_answer_clear(&asked->answer);
}

#define ASK(name) AUTO(asked_clear) struct asked name = { .request.params = json_object() }

static inline void ask_with(struct asked *asked, const char *name, const char *value)
{
    json_object_set_new(asked->request.params, name, json_string(value));
}

static inline enum err ask(struct asked *asked, HUB_COMMAND((*command)))
{
    control_answer_clear(&asked->answer);
    return command(&hub, &asked->request, &asked->answer);
}

static inline json_int_t answered_number(const struct asked *asked, const char *a, const char *b)
{
    json_t *at = json_object_get(asked->answer.body, a);
    return json_integer_value(b != NULL ? json_object_get(at, b) : at);
}

static inline json_int_t counter(const char *name)
{
    ASK(status);
    assert_int_equal(ask(&status, cmd_status), E_OK);
    return json_integer_value(json_object_get(json_object_get(status.answer.body, "counters"), name));
}

static inline uint64_t log_size(void)
{
    ASK(status);
    assert_int_equal(ask(&status, cmd_status), E_OK);
    return (uint64_t)answered_number(&status, "log", "size");
}

static inline struct token invite_for(const char *name, bool auto_admit)
{
    ASK(asked);
    struct token token;
    ask_with(&asked, "for", name);
    ask_with(&asked, "auto_admit", auto_admit ? "1" : "0");
    assert_int_equal(ask(&asked, cmd_invite_new), E_OK);
    json_t *first = json_array_get(json_object_get(asked.answer.body, "invites"), 0);
    assert_int_equal(token_decode(json_string_value(json_object_get(first, "token")), &token), E_OK);
    return token;
}
