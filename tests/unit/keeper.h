/* keeper: one who keeps records and is neither node nor hub: a store, an identity, and the plainest way of
 * doing what registry/registry.h wants to be given. */
#pragma once

#include "scratch.h"

#include "app/home.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/run.h"
#include "core/statement.h"
#include "registry/author.h"
#include "registry/registry.h"
#include "registry/row.h"

#include <cmocka.h>

struct keeper {
    struct home home;
    struct store *store;
    struct feed feed; /* as it is on disk */
    struct registry registry;
    struct hash known;  /* the author called "us-ca-fresno" */
    enum err appending; /* what appending gives instead */
    unsigned appended;
    bool is_away;     /* rows are completed so */
    uint64_t slow_ms; /* which takes so long */
};

static struct keeper keeper;

/* ---- writing */

struct writing {
    struct store_txn *txn;
    struct feed feed;
};

static enum err keeper_append(void *context, uint32_t type, enum visibility visibility, struct bytes payload,
                              uint64_t *seq, struct hash *id)
{
    struct writing *writing = context;
    uint8_t salt[SALT_BYTES] = { 7 };
    AUTO(buf_clear) struct buf packed = { 0 };
    struct record record;
    if (keeper.appending != E_OK)
        return (fail)(keeper.appending, "told to");
    TRY(feed_append(&writing->feed, &keeper.home.record, KIND_STATEMENT, (uint16_t)visibility, type, 1, salt,
                    payload, &packed));
    struct bytes rest = buf_view(&packed);
    TRY(run_next(&rest, &record));
    store_append(writing->txn, &writing->feed, &record, 1);
    keeper.appended++;
    *seq = record.header.seq;
    *id = record.id;
    return store_error(writing->txn);
}

/* One request after the other in one transaction; the first failure is the end of it. */
static inline enum err keeper_write_all(const struct author_request *requests, size_t count,
                                        struct author_result *results)
{
    AUTO(store_done) struct store_view *view = NULL;
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_read(keeper.store, &view));
    TRY(store_begin(keeper.store, &txn));
    struct writing writing = { txn, keeper.feed };
    for (size_t i = 0; i < count; i++) {
        struct author_pen pen = {
            &keeper.home.author, view, txn, writing.feed.next, keeper_append, &writing
        };
        TRY(author_write(&pen, &requests[i], results));
        results += requests[i].act == AUTHOR_PUT ? requests[i].count : 1;
    }
    TRY(store_commit(&txn));
    keeper.feed = writing.feed;
    return E_OK;
}

static inline enum err keeper_write(void *context, const struct author_request *request,
                                    struct author_result *results)
{
    (void)context;
    return keeper_write_all(request, 1, results);
}

/* ---- who is who */

static inline bool keeper_name(void *context, struct store_view *view, const struct hash *author,
                               char out[static MAX_NAME_BYTES + 1])
{
    (void)context, (void)view;
    snprintf(out, MAX_NAME_BYTES + 1, "us-ca-fresno");
    return hash_equal(author, &keeper.known);
}

static inline enum err keeper_author(void *context, struct store_view *view, const char *name,
                                     struct hash *author)
{
    (void)context, (void)view;
    *author = keeper.known;
    return strcmp(name, "us-ca-fresno") == 0 ? E_OK : (fail)(E_NOT_FOUND, "nobody is called so");
}

static inline void keeper_complete(void *context, const struct record *record, json_t *row)
{
    (void)context, (void)record;
    for (uint64_t began_ms = clock_mono_ms(); clock_mono_ms() - began_ms < keeper.slow_ms;)
        continue;
    json_object_set_new(row, "away", json_boolean(keeper.is_away));
}

/* ---- */

/* Keeps packed records of any feed, as they are. */
static inline void keeper_holds(const struct feed *feed, struct bytes packed)
{
    struct store_txn *txn;
    struct record record;
    assert_int_equal(store_begin(keeper.store, &txn), E_OK);
    while (packed.len > 0) {
        assert_int_equal(run_next(&packed, &record), E_OK);
        store_append(txn, feed, &record, 1);
    }
    assert_int_equal(store_commit(&txn), E_OK);
}

static inline int keeper_up(void **state)
{
    static const struct registry_host host = { keeper_name, keeper_author, keeper_write, keeper_complete };
    AUTO(buf_clear) struct buf inception = { 0 };
    struct home_new wanted = {
        .role = HOME_NODE, .name = "us-oh-dayton", .geoid = "", .level = "city", .title = "City of Dayton"
    };
    keeper = (struct keeper){ .known = { { 5 } } };
    if (id_init() != E_OK || scratch_make(state) != 0 ||
        home_identity(&wanted, &keeper.home, &inception) != E_OK)
        return -1;
    struct store_options options = { scratch, 64 << 20, .create = true, .log = true };
    if (store_open(&options, &keeper.store) != E_OK)
        return -1;
    struct bytes rest = buf_view(&inception);
    struct record record;
    size_t accepted;
    feed_init(&keeper.feed, &keeper.home.author);
    if (run_next(&rest, &record) != E_OK || feed_take(&keeper.feed, &record, 1, &accepted) != E_OK)
        return -1;
    keeper_holds(&keeper.feed, buf_view(&inception));
    keeper.registry = (struct registry){ keeper.store, &keeper.home, true, &host, &keeper };
    return 0;
}

static inline int keeper_down(void **state)
{
    store_close(&keeper.store);
    home_clear(&keeper.home);
    return scratch_drop(state);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, keeper_up, keeper_down)

/* An Engagement: nonce (field 1) of 16 equal bytes, kind (field 3) 1, title (field 4). */
static inline struct bytes engagement_payload(uint8_t nonce, const char *title, struct buf *out)
{
    out->len = 0;
    buf_u16(out, 0x0a10);
    for (int i = 0; i < 16; i++)
        buf_u8(out, nonce);
    buf_u16(out, 0x1801);
    buf_u8(out, 0x22);
    buf_u8(out, (uint8_t)strlen(title));
    buf_text(out, title);
    return buf_view(out);
}

static inline struct author_request put_of(const struct bytes *payloads, size_t count, bool upsert)
{
    return (struct author_request){
        .act = AUTHOR_PUT, .type = TYPE_ENGAGEMENT, .upsert = upsert, .payloads = payloads, .count = count
    };
}

/* Puts one, which is added. */
static inline struct author_result put_new(uint8_t nonce, const char *title)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct author_result result;
    struct bytes one = engagement_payload(nonce, title, &payload);
    struct author_request put = put_of(&one, 1, false);
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_ADDED);
    return result;
}

static inline struct store_view *keeper_view(void)
{
    struct store_view *view;
    assert_int_equal(store_read(keeper.store, &view), E_OK);
    return view;
}
