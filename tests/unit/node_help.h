/* node_help: identities, payloads and nodes for the tests of noded's parts. */
#pragma once

#include "scratch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "core/run.h"
#include "daemon/node.h"
#include "daemon/scribe.h"

#include <cmocka.h>

static inline struct node_options test_options(void)
{
    struct node_options options = node_defaults();
    options.map_bytes = 16 << 20;
    options.heartbeat_ms = 200;
    options.redial_min_ms = 5;
    options.redial_max_ms = 40;
    options.steady_ms = 1000;
    options.greeting_timeout_ms = 500;
    options.mark_ms = 0;
    return options;
}

static inline void make_identity(enum home_role role, const char *name, struct home *home,
                                 struct buf *inception)
{
    struct home_new wanted = {
        .role = role,
        .name = name,
        .geoid = "",
        .title = name,
        .origin = role == HOME_HUB ? "test.example/log" : "",
        .level = role == HOME_HUB ? "federal_agency" : "city",
    };
    assert_int_equal(home_identity(&wanted, home, inception), E_OK);
    snprintf(home->path, sizeof home->path, "%s/%s", scratch, name);
    snprintf(home->store, sizeof home->store, "%s/%s/store", scratch, name);
    assert_int_equal(dir_make(home->path, 0700), E_OK);
}

/* An Engagement: nonce (field 1) of 16 equal bytes, kind (field 3) 1, title (field 4). */
static inline struct bytes engagement_payload(uint8_t nonce, const char *title, struct buf *out)
{
    out->len = 0;
    buf_u8(out, 0x0a);
    buf_u8(out, 16);
    for (int i = 0; i < 16; i++)
        buf_u8(out, nonce);
    buf_u16(out, 0x1801);
    buf_u8(out, 0x22);
    buf_u8(out, (uint8_t)strlen(title));
    buf_text(out, title);
    return buf_view(out);
}

static inline enum err put_one(struct node *node, enum visibility visibility, bool upsert, uint8_t nonce,
                               const char *title, struct author_result *result)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes one = engagement_payload(nonce, title, &payload);
    struct author_request put = {
        .type = TYPE_ENGAGEMENT,
        .visibility = visibility,
        .upsert = upsert,
        .payloads = &one,
        .count = 1,
    };
    return scribe_write(node, &put, result);
}

static inline void put_ok(struct node *node, uint8_t nonce, const char *title)
{
    struct author_result result;
    assert_int_equal(put_one(node, VISIBLE_PUBLIC, false, nonce, title, &result), E_OK);
}

/* ---- looking into a store */

static inline uint64_t held_records(struct store *store, const struct hash *author)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(store, &view), E_OK);
    return store_feed(view, author, &feed) ? feed.next : 0;
}

static inline bool count_one(void *context, struct bytes key, struct bytes value)
{
    (void)key, (void)value;
    ++*(size_t *)context;
    return true;
}

static inline size_t count_rows(struct store *store, enum store_table table)
{
    AUTO(store_done) struct store_view *view = NULL;
    size_t count = 0;
    assert_int_equal(store_read(store, &view), E_OK);
    store_each(view, table, (struct bytes){ NULL, 0 }, count_one, &count);
    return count;
}
