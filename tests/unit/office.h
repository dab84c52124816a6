/* office: the feed of a hub, made by hand, record by record, as it comes down to nodes. */
#pragma once

#include "node_help.h"

#define OFFICE_RECORDS 64

struct office {
    struct home home;
    struct feed feed;
    struct buf packed[OFFICE_RECORDS]; /* the feed, record by record */
};

static inline void office_make(struct office *office)
{
    *office = (struct office){ 0 };
    make_identity(HOME_HUB, "office", &office->home, &office->packed[0]);
    struct bytes rest = buf_view(&office->packed[0]);
    struct record record;
    size_t accepted;
    assert_int_equal(run_next(&rest, &record), E_OK);
    feed_init(&office->feed, &office->home.author);
    assert_int_equal(feed_take(&office->feed, &record, 1, &accepted), E_OK);
}

static inline void office_clear(struct office *office)
{
    for (size_t i = 0; i < OFFICE_RECORDS; i++)
        buf_clear(&office->packed[i]);
}

/* Records from .. to-1, packed. */
static inline void office_pack(const struct office *office, uint64_t from, uint64_t to, struct buf *out)
{
    for (; from < to; from++)
        buf_bytes(out, buf_view(&office->packed[from]));
}

static inline void office_event(struct office *office, uint32_t type, struct bytes payload)
{
    uint8_t salt[SALT_BYTES] = { 3 };
    assert_true(office->feed.next < OFFICE_RECORDS);
    assert_int_equal(feed_append(&office->feed, &office->home.record, KIND_FEDERATION, 0, type,
                                 clock_wall_ms(), salt, payload, &office->packed[office->feed.next]),
                     E_OK);
}

/* Says the time. */
static inline void office_ticks(struct office *office)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    tick_write(clock_wall_ms(), &payload);
    office_event(office, TYPE_TICK, buf_view(&payload));
}

static inline void office_admits(struct office *office, const char *name, const struct hash *author)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct admission admission = { .jurisdiction = *author };
    snprintf(admission.name, sizeof admission.name, "%s", name);
    admission_write(&admission, &payload);
    office_event(office, TYPE_ADMISSION, buf_view(&payload));
}

/* Breaks the signature of the latest record; the next one is chained to it as it stands, and vouches for it.
 */
static inline void office_spoils_its_signature(struct office *office)
{
    struct buf *packed = &office->packed[office->feed.next - 1];
    packed->data[HEADER_BYTES] ^= 1;
    office->feed.head = hash_leaf(bytes_of(packed->data, ENTRY_BYTES));
}

/* Another record at the seq where branch stands, signed by the office. */
static inline void office_says_otherwise(const struct office *office, struct feed *branch, struct buf *out)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    uint8_t salt[SALT_BYTES] = { 4 };
    tick_write(1, &payload);
    assert_int_equal(feed_append(branch, &office->home.record, KIND_FEDERATION, 0, TYPE_TICK, 1, salt,
                                 buf_view(&payload), out),
                     E_OK);
}
