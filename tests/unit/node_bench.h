/* node_bench: a node and a hub made by hand, for every test of what happens between the two. */
#pragma once

#include "fake_hub.h"

#include "base/log.h"
#include "daemon/uplink.h"

struct bench {
    struct fake_hub hub;
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
};

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

/* Setup and teardown of a group of facts. */
static inline int net_begin(void **state)
{
    (void)state;
    log_level_set(getenv("NODE_LOG") != NULL ? LOG_DEBUG : LOG_ERROR);
    return id_init() == E_OK && net_init(256, 1) == E_OK ? 0 : -1;
}

static inline int net_end(void **state)
{
    (void)state;
    net_term();
    return 0;
}

static inline int bench_make(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    hub_make(&b->hub);
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    hub_expects(&b->hub, &b->home);
    return node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) == E_OK ? 0 : -1;
}

static inline int bench_drop(void **state)
{
    struct bench *b = *state;
    node_close(&b->node);
    hub_clear(&b->hub);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static inline void reopen(struct bench *b)
{
    node_close(&b->node);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_OK);
}

static inline void join(struct bench *b)
{
    struct token token = hub_token(&b->hub, "us-oh-dayton");
    struct peer_row row;
    assert_int_equal(node_join(b->node, &token, &row), E_OK);
}

/* Of the one link that the node has. */
static inline const struct face *face_of(struct bench *b)
{
    assert_int_equal(b->node->n_uplinks, 1);
    return uplink_face(b->node->uplinks[0]);
}

static inline enum face_state state_of(struct bench *b)
{
    return b->node->n_uplinks > 0 ? face_of(b)->state : FACE_JOINING;
}

static inline uint64_t waiting(struct bench *b)
{
    return outbox_records(&b->node->outbox);
}

static inline void be_up(struct bench *b)
{
    join(b);
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && waiting(b) == 0);
}

/* The one row of STORE_PEERS. */
static inline struct peer_row kept_row(struct bench *b)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(peers_load(view, rows, &count), E_OK);
    assert_int_equal(count, 1);
    return rows[0];
}

/* How many records of the hub's feed the node holds. */
static inline uint64_t held_of_hub(struct bench *b)
{
    return held_records(b->node->store, &b->hub.office.home.author);
}
