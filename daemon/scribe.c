#include "daemon/scribe.h"

#include "base/clock.h"

/* Records being written, until they are durable. */
struct draft {
    struct node *node;
    struct store_view *view; /* as it was before */
    struct store_txn *txn;
    struct feed feed; /* with the records so far */
    uint64_t first;   /* seq of the first of them */
    uint64_t bytes;   /* of the whole feed, with them */
    struct buf packed;
};

static enum err draft_open(struct node *node, struct draft *out)
{
    pthread_mutex_lock(&node->writing);
    pthread_mutex_lock(&node->lock);
    *out = (struct draft){ .node = node, .feed = node->feed, .bytes = node->outbox.bytes };
    pthread_mutex_unlock(&node->lock);
    out->first = out->feed.next;
    TRY(node_may_record(node));
    TRY(store_read(node->store, &out->view));
    return store_begin(node->store, &out->txn);
}

static void draft_clear(struct draft *draft)
{
    store_abort(&draft->txn);
    store_done(&draft->view);
    buf_clear(&draft->packed);
    if (draft->node != NULL)
        pthread_mutex_unlock(&draft->node->writing);
    draft->node = NULL;
}

static enum err append(void *context, uint32_t type, enum visibility visibility, struct bytes payload,
                       uint64_t *seq, struct hash *id)
{
    struct draft *draft = context;
    uint8_t salt[SALT_BYTES];
    random_bytes(salt, sizeof salt);
    *seq = draft->feed.next;
    TRY(feed_append(&draft->feed, &draft->node->home.record, KIND_STATEMENT, (uint16_t)visibility, type,
                    clock_wall_ms(), salt, payload, &draft->packed));
    draft->bytes += ENTRY_BYTES + SALT_BYTES + payload.len;
    *id = draft->feed.head;
    return E_OK;
}

static enum err put_records(struct draft *draft)
{
    size_t count = (size_t)(draft->feed.next - draft->first);
    AUTO(free_ptr) struct record *records = mem_alloc(count * sizeof *records);
    struct bytes rest = buf_view(&draft->packed);
    for (size_t i = 0; i < count; i++)
        TRY(run_next(&rest, &records[i]));
    store_append(draft->txn, &draft->feed, records, count);
    outbox_keep_total(draft->txn, draft->feed.next, draft->bytes);
    return store_commit(&draft->txn);
}

/* Durable first; only then does anybody see the records. */
static enum err draft_commit(struct draft *draft)
{
    if (draft->feed.next == draft->first)
        return E_OK;
    TRY(node_wrote(draft->node, put_records(draft)));
    node_recorded(draft->node, draft->packed.len);

    struct node *node = draft->node;
    pthread_mutex_lock(&node->lock);
    node->feed = draft->feed;
    outbox_grown(&node->outbox, draft->feed.next, draft->bytes);
    node->counters.written += draft->feed.next - draft->first;
    node->counters.commits++;
    pthread_mutex_unlock(&node->lock);
    node_poke(node);
    return E_OK;
}

enum err scribe_write(struct node *node, const struct author_request *request, struct author_result *results)
{
    AUTO(draft_clear) struct draft draft = { 0 };
    TRY(draft_open(node, &draft));
    struct author_pen pen = { &node->home.author, draft.view, draft.txn, draft.feed.next, append, &draft };
    TRY(author_write(&pen, request, results));
    return draft_commit(&draft);
}
