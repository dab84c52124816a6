#include "daemon/outbox.h"

#include <stdlib.h>
#include <string.h>

#define MARK_BYTES (8 + HASH_BYTES + 8)
#define MARK_KEY_BYTES (16 + HASH_BYTES)

static const char total_key[] = "own-bytes"; /* in STORE_META: next u64, bytes u64 */

/* Adds up entry + salt + payload of the records from .. to-1. */
static enum err count_bytes(struct store_view *view, const struct hash *author, uint64_t from, uint64_t to,
                            uint64_t *bytes)
{
    for (uint64_t seq = from; seq < to; seq++) {
        uint64_t position;
        struct bytes entry, salted;
        TRY(store_locate(view, author, seq, &position));
        TRY(store_at(view, position, &entry, &salted));
        *bytes += entry.len + salted.len;
    }
    return E_OK;
}

static enum err load_total(struct store_view *view, struct outbox *out)
{
    struct feed feed;
    if (!store_feed(view, &out->author, &feed))
        return store_view_error(view);

    struct bytes value;
    if (store_get(view, STORE_META, bytes_text(total_key), &value) && value.len == 16 &&
        get_u64(value.data) <= feed.next) {
        out->next = get_u64(value.data);
        out->bytes = get_u64(value.data + 8);
    }
    TRY(count_bytes(view, &out->author, out->next, feed.next, &out->bytes));
    out->next = feed.next;
    return E_OK;
}

static bool load_mark(void *context, struct bytes key, struct bytes value)
{
    struct outbox *out = context;
    if (key.len != MARK_KEY_BYTES || value.len != MARK_BYTES || out->n_marks == OUTBOX_HUBS ||
        memcmp(key.data + 16, out->author.b, HASH_BYTES) != 0)
        return true;
    struct outbox_mark mark = { .next = get_u64(value.data), .bytes = get_u64(value.data + 8 + HASH_BYTES) };
    memcpy(mark.store_id, key.data, 16);
    memcpy(mark.head.b, value.data + 8, HASH_BYTES);
    if (mark.next <= out->next)
        out->marks[out->n_marks++] = mark;
    return true;
}

enum err outbox_load(struct store_view *view, const struct hash *author, struct outbox *out)
{
    *out = (struct outbox){ .author = *author };
    TRY(load_total(view, out));
    return store_each(view, STORE_MARKS, (struct bytes){ NULL, 0 }, load_mark, out);
}

void outbox_clear(struct outbox *outbox)
{
    free(outbox->sent);
    *outbox = (struct outbox){ 0 };
}

void outbox_keep_total(struct store_txn *txn, uint64_t next, uint64_t bytes)
{
    uint8_t value[16];
    put_u64(value, next);
    put_u64(value + 8, bytes);
    store_put(txn, STORE_META, bytes_text(total_key), BYTES(value));
}

void outbox_grown(struct outbox *outbox, uint64_t next, uint64_t bytes)
{
    outbox->next = next;
    outbox->bytes = bytes;
}

void outbox_lost(struct outbox *outbox)
{
    outbox->sent_first = 0;
    outbox->sent_count = 0;
}

static struct outbox_batch *sent_at(const struct outbox *outbox, size_t i)
{
    return &outbox->sent[(outbox->sent_first + i) % outbox->sent_cap];
}

static void grow_ring(struct outbox *outbox)
{
    size_t cap = outbox->sent_cap > 0 ? 2 * outbox->sent_cap : 8;
    struct outbox_batch *larger = mem_alloc(cap * sizeof *larger);
    for (size_t i = 0; i < outbox->sent_count; i++)
        larger[i] = *sent_at(outbox, i);
    free(outbox->sent);
    outbox->sent = larger;
    outbox->sent_first = 0;
    outbox->sent_cap = cap;
}

/* Bytes of 0 .. seq-1, when they are known without reading: of the last batch, or of a mark. */
static bool known_bytes(const struct outbox *outbox, uint64_t seq, uint64_t *bytes)
{
    if (outbox->sent_count > 0 && sent_at(outbox, outbox->sent_count - 1)->next == seq) {
        *bytes = sent_at(outbox, outbox->sent_count - 1)->bytes;
        return true;
    }
    for (size_t i = 0; i < outbox->n_marks; i++)
        if (outbox->marks[i].next == seq) {
            *bytes = outbox->marks[i].bytes;
            return true;
        }
    *bytes = 0;
    return seq == 0;
}

void outbox_sent(struct outbox *outbox, uint64_t from, uint64_t next, uint64_t bytes)
{
    while (outbox->sent_count > 0 && sent_at(outbox, outbox->sent_count - 1)->next > from)
        outbox->sent_count--; /* sent again */
    uint64_t before;
    if (!known_bytes(outbox, from, &before))
        return; /* counted by reading, when it is acknowledged */
    if (outbox->sent_count == outbox->sent_cap)
        grow_ring(outbox);
    outbox->sent_count++;
    *sent_at(outbox, outbox->sent_count - 1) = (struct outbox_batch){ next, before + bytes };
}

size_t outbox_under_way(const struct outbox *outbox)
{
    return outbox->sent_count;
}

static struct outbox_mark *find_mark(struct outbox *outbox, const uint8_t store_id[static 16])
{
    for (size_t i = 0; i < outbox->n_marks; i++)
        if (memcmp(outbox->marks[i].store_id, store_id, 16) == 0)
            return &outbox->marks[i];
    /* One hub more than there is room for takes the place of the one that holds least. */
    struct outbox_mark *mark = &outbox->marks[0];
    if (outbox->n_marks < OUTBOX_HUBS)
        mark = &outbox->marks[outbox->n_marks++];
    else
        for (size_t i = 1; i < OUTBOX_HUBS; i++)
            if (outbox->marks[i].next < mark->next)
                mark = &outbox->marks[i];
    *mark = (struct outbox_mark){ 0 };
    memcpy(mark->store_id, store_id, 16);
    return mark;
}

/* Takes the acknowledged batches off the ring; true when next is where one of them ends. */
static bool take_sent(struct outbox *outbox, uint64_t next, uint64_t *bytes)
{
    bool exact = false;
    while (outbox->sent_count > 0 && sent_at(outbox, 0)->next <= next) {
        exact = sent_at(outbox, 0)->next == next;
        *bytes = sent_at(outbox, 0)->bytes;
        outbox->sent_first = (outbox->sent_first + 1) % outbox->sent_cap;
        outbox->sent_count--;
    }
    return exact;
}

enum err outbox_acked(struct outbox *outbox, struct store_view *view, const uint8_t store_id[static 16],
                      uint64_t next, const struct hash *head)
{
    if (next > outbox->next)
        return fail(E_NOT_FOUND, "the hub holds %llu records of ours, we have %llu", (unsigned long long)next,
                    (unsigned long long)outbox->next);

    struct outbox_mark *mark = find_mark(outbox, store_id);
    uint64_t bytes = 0;
    if (!take_sent(outbox, next, &bytes)) {
        bool ahead = next >= mark->next;
        bytes = ahead ? mark->bytes : 0;
        TRY(count_bytes(view, &outbox->author, ahead ? mark->next : 0, next, &bytes));
    }
    mark->dirty = mark->dirty || mark->next != next || !hash_equal(&mark->head, head);
    mark->next = next;
    mark->bytes = bytes;
    mark->head = *head;
    return E_OK;
}

bool outbox_is_dirty(const struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->n_marks; i++)
        if (outbox->marks[i].dirty)
            return true;
    return false;
}

void outbox_keep(const struct outbox *outbox, struct store_txn *txn)
{
    for (size_t i = 0; i < outbox->n_marks; i++) {
        const struct outbox_mark *mark = &outbox->marks[i];
        if (!mark->dirty)
            continue;
        uint8_t key[MARK_KEY_BYTES], value[MARK_BYTES];
        memcpy(key, mark->store_id, 16);
        memcpy(key + 16, outbox->author.b, HASH_BYTES);
        put_u64(value, mark->next);
        memcpy(value + 8, mark->head.b, HASH_BYTES);
        put_u64(value + 8 + HASH_BYTES, mark->bytes);
        store_put(txn, STORE_MARKS, BYTES(key), BYTES(value));
    }
}

void outbox_kept(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->n_marks; i++)
        outbox->marks[i].dirty = false;
}

static const struct outbox_mark *furthest(const struct outbox *outbox)
{
    const struct outbox_mark *best = NULL;
    for (size_t i = 0; i < outbox->n_marks; i++)
        if (best == NULL || outbox->marks[i].next > best->next)
            best = &outbox->marks[i];
    return best;
}

uint64_t outbox_acknowledged(const struct outbox *outbox)
{
    const struct outbox_mark *best = furthest(outbox);
    return best != NULL ? best->next : 0;
}

uint64_t outbox_records(const struct outbox *outbox)
{
    return outbox->next - outbox_acknowledged(outbox);
}

uint64_t outbox_bytes(const struct outbox *outbox)
{
    const struct outbox_mark *best = furthest(outbox);
    return outbox->bytes - (best != NULL ? best->bytes : 0);
}
