#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/scribe.h"
#include "fleet.h"

#define RECORDS_A_COMMIT 1000

/* ---- one payload: an Engagement as protobuf, written by hand (proto/statement.proto) */

static const char *const countries[] = { "JP", "MX", "CN", "DE", "FR", "IT", "KR", "GB",
                                         "TW", "IL", "CA", "IN", "PL", "UA", "GH", "BR" };
static const char *const words[] = { "harbor",     "school",  "orchestra", "semiconductor",
                                     "delegation", "climate", "garden",    "trade",
                                     "rescue",     "library", "marathon",  "theatre" };
#define PICK(array, n) ((array)[(n) % (sizeof(array) / sizeof *(array))])

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

static void put_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_u8(out, (uint8_t)(value | 0x80));
    buf_u8(out, (uint8_t)value);
}

static void put_number(struct buf *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3);
    put_varint(out, value);
}

static void put_field(struct buf *out, unsigned field, struct bytes value)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, value.len);
    buf_bytes(out, value);
}

static void make_payload(const struct home *home, uint64_t seq, size_t size, struct buf *out)
{
    uint64_t n = mix(get_u64(home->author.b) ^ seq * 0x2545f4914f6cdd1dULL);
    uint8_t nonce[16];
    char title[96];
    AUTO(buf_clear) struct buf party = { 0 };
    put_u64(nonce, mix(n));
    put_u64(nonce + 8, mix(n + 1));
    snprintf(title, sizeof title, "%s %s %04x", PICK(words, n >> 8), PICK(words, n >> 16),
             (unsigned)(n & 0xffff));
    put_field(&party, 1, bytes_text(PICK(words, n >> 24)));
    put_field(&party, 2, bytes_text(PICK(countries, n >> 32)));

    out->len = 0;
    put_field(out, 1, BYTES(nonce));
    put_number(out, 3, 1 + (n >> 40) % 11);
    put_field(out, 4, bytes_text(title));
    put_field(out, 5, buf_view(&party));
    put_number(out, 7, 19600000 + 10000 * ((n >> 44) % 66) + 100 * (1 + (n >> 52) % 12));
    put_number(out, 9, 1 + (n >> 56) % 6);
    put_number(out, 10, 1 + (n >> 60) % 16);

    AUTO(buf_clear) struct buf summary = { 0 };
    while (out->len + summary.len + 3 < size)
        buf_printf(&summary, "%s ", PICK(words, n = mix(n)));
    if (summary.len > 0) {
        size_t room = size > out->len + 3 ? size - out->len - 3 : 0;
        put_field(out, 13, bytes_of(summary.data, room < summary.len ? room : summary.len));
    }
}

/* ---- writing them */

static enum err write_some(struct fleet *fleet, struct fleet_node *one, size_t count)
{
    AUTO(free_ptr) struct buf *payloads = mem_alloc(count * sizeof *payloads);
    AUTO(free_ptr) struct bytes *views = mem_alloc(count * sizeof *views);
    AUTO(free_ptr) struct author_result *results = mem_alloc(count * sizeof *results);
    for (size_t i = 0; i < count; i++) {
        make_payload(&one->home, one->node->feed.next + i, fleet->options.payload, &payloads[i]);
        views[i] = buf_view(&payloads[i]);
    }
    struct author_request put = { .type = TYPE_ENGAGEMENT, .payloads = views, .count = count };
    enum err err = scribe_write(one->node, &put, results);
    for (size_t i = 0; i < count; i++)
        buf_clear(&payloads[i]);
    return err;
}

enum err fleet_write(struct fleet *fleet, size_t i)
{
    TRY(write_some(fleet, &fleet->nodes[i], 1));
    fleet->written++;
    return E_OK;
}

struct loading {
    struct fleet *fleet;
    atomic_size_t next;
    atomic_int err;
    char message[256];
};

static enum err load_node(struct fleet *fleet, struct fleet_node *one)
{
    for (uint64_t left = fleet->options.records; left > 0;) {
        size_t count = left < RECORDS_A_COMMIT ? (size_t)left : RECORDS_A_COMMIT;
        TRY(write_some(fleet, one, count));
        left -= count;
    }
    return E_OK;
}

static void *load_nodes(void *context)
{
    struct loading *l = context;
    for (;;) {
        size_t i = atomic_fetch_add(&l->next, 1);
        if (i >= l->fleet->count || atomic_load(&l->err) != E_OK)
            return NULL;
        enum err err = load_node(l->fleet, &l->fleet->nodes[i]);
        int none = E_OK;
        if (err != E_OK && atomic_compare_exchange_strong(&l->err, &none, (int)err))
            snprintf(l->message, sizeof l->message, "%s", err_message());
    }
}

enum err fleet_load(struct fleet *fleet)
{
    struct loading loading = { .fleet = fleet };
    pthread_t threads[64];
    unsigned jobs = fleet->options.jobs < 64 ? fleet->options.jobs : 64;
    for (unsigned i = 0; i < jobs; i++)
        if (pthread_create(&threads[i], NULL, load_nodes, &loading) != 0)
            return fail(E_IO, "cannot start a thread");
    for (unsigned i = 0; i < jobs; i++)
        pthread_join(threads[i], NULL);
    if (atomic_load(&loading.err) != E_OK)
        return fail((enum err)atomic_load(&loading.err), "%s", loading.message);
    fleet->written += fleet->options.records * fleet->count;
    return E_OK;
}
