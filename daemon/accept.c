#include "daemon/accept.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/statement.h"
#include "daemon/refused.h"

void accept_batch_clear(struct accept_batch *batch)
{
    buf_clear(&batch->records);
}

static void refuse(struct accept_batch *batch, enum err code, uint64_t seq, bool final)
{
    batch->code = code;
    batch->refused_seq = seq;
    batch->final = final;
    snprintf(batch->text, sizeof batch->text, "%s", err_message());
}

static void quarantine(struct store_txn *txn, const struct accept_batch *batch, const struct record *record)
{
    struct refused row = { .seq = batch->refused_seq, .code = batch->code };
    snprintf(row.text, sizeof row.text, "%s", batch->text);
    if (record != NULL)
        row.entry = bytes_of(record->entry, ENTRY_BYTES);
    refused_put(txn, &batch->author, &row);
}

/* Admissions of the feed that is followed give names to authors; a later one of the same name wins. */
static void keep_names(struct store_txn *txn, const struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct record *r = &records[i];
        struct admission admission;
        struct inception inception;
        if (r->header.kind == KIND_FEDERATION && r->header.payload_type == TYPE_ADMISSION &&
            admission_read(r->payload, &admission) == E_OK)
            store_put(txn, STORE_NAMES, bytes_text(admission.name), BYTES(admission.jurisdiction.b));
        if (r->header.kind == KIND_IDENTITY && r->header.payload_type == TYPE_INCEPTION &&
            inception_read(r->payload, &inception) == E_OK)
            store_put(txn, STORE_NAMES, bytes_text(inception.name), BYTES(r->header.author.b));
    }
}

/* The record differs from the one that is held at its seq: a fork, if its author vouches for it. */
static enum err judge_other(struct store_view *view, const struct record *records, size_t count)
{
    struct key key;
    uint64_t seq = records->header.seq;
    TRY(store_record_key(view, &records->header.author, seq, &key));
    if (records->header.kind != KIND_IDENTITY && !fork_is_vouched(records, count, &key))
        return fail(E_BAD_SIGNATURE,
                    "record %" PRIu64 " differs from the one held, and no valid signature vouches for it",
                    seq);
    return fail(E_FORK, "another record %" PRIu64 " of this feed is held", seq);
}

/* How many of the records are held already; E_FORK when one of them is another, E_BAD_SIGNATURE when it is
 * nobody's. Those that only this transaction holds were compared when it took them: a batch repeats what an
 * earlier one said, or the chain breaks behind it. */
static enum err skip_held(struct store_view *view, const struct feed *feed, const struct record *records,
                          size_t count, size_t *skipped)
{
    for (*skipped = 0; *skipped < count; (*skipped)++) {
        const struct record *r = &records[*skipped];
        uint64_t position;
        struct bytes entry, salted;
        if (r->header.seq >= feed->next || !hash_equal(&r->header.author, &feed->author))
            return E_OK;
        if (store_locate(view, &feed->author, r->header.seq, &position) != E_OK)
            continue;
        TRY(store_at(view, position, &entry, &salted));
        struct hash held = hash_leaf(entry);
        if (!hash_equal(&r->id, &held))
            return judge_other(view, r, count - *skipped);
    }
    return E_OK;
}

struct accepting {
    struct store_view *view;
    struct store_txn *txn;
    struct feed *feed;
    struct record records[MAX_RUN_RECORDS];
};

static void take_records(struct accepting *a, struct accept_batch *batch, size_t count)
{
    size_t skipped = 0, accepted = 0;
    enum err err = skip_held(a->view, a->feed, a->records, count, &skipped);
    bool compared = err == E_OK;
    if (compared && skipped < count)
        err = feed_take(a->feed, a->records + skipped, count - skipped, &accepted);
    if (accepted > 0) {
        refused_passed(a->txn, &a->feed->author, a->records[skipped].header.seq, accepted);
        store_append(a->txn, a->feed, a->records + skipped, accepted);
        keep_names(a->txn, a->records + skipped, accepted);
    }
    if (err == E_OK)
        return;

    size_t bad = skipped + accepted;
    const struct record *refused = bad < count ? &a->records[bad] : NULL;
    bool final = compared ? feed_is_final(err, count - bad, refused) : err == E_FORK;
    refuse(batch, err, refused != NULL ? refused->header.seq : a->feed->next, final);
    if (final)
        quarantine(a->txn, batch, refused);
}

static void take_batch(struct accepting *a, struct accept_batch *batch)
{
    struct bytes rest = buf_view(&batch->records);
    while (rest.len > 0 && batch->code == E_OK) {
        size_t count = 0;
        enum err err = run_parse(&rest, a->records, MAX_RUN_RECORDS, &count);
        if (count > 0)
            take_records(a, batch, count);
        if (err == E_OK || batch->code != E_OK)
            continue;
        refuse(batch, err, a->feed->next, true);
        quarantine(a->txn, batch, NULL);
    }
    batch->next = a->feed->next;
    batch->head = a->feed->head;
}

enum err accept_batches(struct store *store, struct feed *feed, struct accept_batch *batches, size_t count)
{
    AUTO(store_done) struct store_view *view = NULL;
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_read(store, &view));
    TRY(store_begin(store, &txn));

    struct feed after = *feed;
    AUTO(free_ptr) struct accepting *a = mem_alloc(sizeof *a);
    a->view = view;
    a->txn = txn;
    a->feed = &after;
    for (size_t i = 0; i < count; i++) {
        take_batch(a, &batches[i]);
        if (batches[i].code == E_IO || batches[i].code == E_CORRUPT) /* of our own store */
            return fail(batches[i].code, "%s", batches[i].text);
    }
    TRY(store_commit(&txn));
    *feed = after;
    return E_OK;
}

enum err accept_inception(struct store_txn *txn, const struct hash *author, struct bytes packed)
{
    struct record record;
    struct feed feed;
    size_t accepted = 0;
    TRY(run_next(&packed, &record));
    if (packed.len > 0 || record.header.seq != 0 || !hash_equal(&record.header.author, author))
        return fail(E_DENIED, "the hub showed the inception of somebody else");
    if (store_feed_in(txn, author, &feed))
        return E_OK;
    feed_init(&feed, author);
    TRY(feed_take(&feed, &record, 1, &accepted));
    store_append(txn, &feed, &record, 1);
    keep_names(txn, &record, 1);
    return store_error(txn);
}

bool accept_name(struct store_view *view, const char *name, struct hash *author)
{
    struct bytes value;
    if (!store_get(view, STORE_NAMES, bytes_text(name), &value) || value.len != HASH_BYTES)
        return false;
    memcpy(author->b, value.data, HASH_BYTES);
    return true;
}
