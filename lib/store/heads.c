#include <assert.h>
#include <stdlib.h>

#include "store/inside.h"

#define HEADS_MAX 4096U /* then they are written, and forgotten */
#define BUCKETS 8192U

/* Authors are hashes: any bytes of theirs spread evenly. */
static uint16_t *bucket_of(struct heads *heads, const struct hash *author)
{
    uint32_t at = get_u32(author->b) % BUCKETS;
    while (heads->buckets[at] != 0 && !hash_equal(&heads->list[heads->buckets[at] - 1].feed.author, author))
        at = (at + 1) % BUCKETS;
    return &heads->buckets[at];
}

static struct head *lookup(struct heads *heads, const struct hash *author)
{
    if (!heads->buckets)
        return NULL;
    uint16_t place = *bucket_of(heads, author);
    assert(place <= heads->count && heads->list);
    return place ? &heads->list[place - 1] : NULL;
}

static struct head *add(struct store_txn *txn, uint32_t index, const struct feed *feed)
{
    struct heads *heads = &txn->heads;
    if (heads->count == HEADS_MAX) {
        heads_write(txn);
        heads_clear(heads);
    }
    if (!heads->buckets)
        heads->buckets = mem_alloc(BUCKETS * sizeof(heads->buckets[0]));
    if (heads->count == heads->cap) {
        heads->cap = heads->cap ? heads->cap * 2 : 4;
        heads->list = mem_resize(heads->list, heads->cap * sizeof(heads->list[0]));
    }
    uint16_t *bucket = bucket_of(heads, &feed->author);
    struct head *head = &heads->list[heads->count++];
    *bucket = (uint16_t)heads->count;
    *head = (struct head){ .index = index, .feed = *feed };
    return head;
}

struct head *heads_find(struct store_txn *txn, const struct hash *author)
{
    struct head *head = lookup(&txn->heads, author);
    if (head)
        return head;
    uint32_t index;
    struct feed feed;
    if (!find_index(txn->db, author, &index) || !find_feed(txn->db, index, &feed))
        return NULL;
    if (!hash_equal(&feed.author, author))
        return corrupt(txn->db, "a head of another author"), NULL;
    return add(txn, index, &feed);
}

struct head *heads_make(struct store_txn *txn, const struct hash *author)
{
    struct head *head = heads_find(txn, author);
    if (head || db_error(txn->db) != E_OK)
        return head;
    uint32_t index = (uint32_t)db_entries(txn->db, TABLE_FEEDS);
    struct key_index value = key_of_index(index);
    db_put(txn->db, TABLE_FEEDS, BYTES_OF(*author), BYTES_OF(value));
    struct feed feed;
    feed_init(&feed, author);
    return add(txn, index, &feed);
}

void heads_write(struct store_txn *txn)
{
    for (size_t i = 0; i < txn->heads.count; i++) {
        struct head *head = &txn->heads.list[i];
        if (!head->dirty)
            continue;
        txn->scratch.len = 0;
        feed_encode(&head->feed, &txn->scratch);
        struct key_index key = key_of_index(head->index);
        db_put(txn->db, TABLE_HEADS, BYTES_OF(key), buf_view(&txn->scratch));
        head->dirty = false;
    }
}

void heads_clear(struct heads *heads)
{
    free(heads->list);
    free(heads->buckets);
    *heads = (struct heads){ 0 };
}
