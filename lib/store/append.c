#include <inttypes.h>
#include <string.h>

#include "store/inside.h"

/* The run at the very end: the next records may continue it. */
static void load_tail(struct store_txn *txn)
{
    struct bytes entry;
    struct header last;
    uint32_t index;
    if (!find_entry(txn->db, txn->size - 1, &entry) ||
        header_parse(bytes_of(entry.data, HEADER_BYTES), &last) != E_OK ||
        !find_index(txn->db, &last.author, &index) || !find_run(txn->db, index, last.seq, &txn->tail) ||
        txn->tail.position + txn->tail.count != txn->size)
        corrupt(txn->db, "the last entry, at %" PRIu64 ", is in no run", txn->size - 1);
}

void append_start(struct store_txn *txn)
{
    if (txn->started)
        return;
    txn->started = true;
    txn->size = db_entries(txn->db, TABLE_ENTRIES);
    if (txn->size > 0)
        load_tail(txn);
    if (txn->store->log)
        ledger_start(txn);
}

static void write_tail(struct store_txn *txn)
{
    if (!txn->tail_dirty)
        return;
    struct key_seq key = key_of_seq(txn->tail.index, txn->tail.first);
    uint8_t value[RUN_VALUE_BYTES];
    run_row_value(&txn->tail, value);
    db_put(txn->db, TABLE_RUNS, BYTES_OF(key), BYTES(value));
    txn->tail_dirty = false;
}

static void extend_run(struct store_txn *txn, uint32_t index, uint64_t seq, uint32_t count)
{
    struct run_row *tail = &txn->tail;
    bool goes_on = tail->count > 0 && tail->index == index && tail->count <= UINT32_MAX - count;
    if (goes_on) {
        tail->count += count;
    } else {
        write_tail(txn);
        *tail = (struct run_row){ .index = index, .first = seq, .position = txn->size, .count = count };
    }
    txn->tail_dirty = true;
}

static void write_epoch(struct store_txn *txn, uint32_t index, uint64_t seq, const struct key *key)
{
    struct key_seq row = key_of_seq(index, seq);
    db_put(txn->db, TABLE_EPOCHS, BYTES_OF(row), BYTES_OF(*key));
}

/* Writes down which key opens with each new epoch. The feed tells the last one's; those between are found by
 * taking the records once more. */
static void note_epochs(struct store_txn *txn, const struct head *head, const struct feed *after,
                        const struct record *records, size_t count)
{
    struct feed feed = head->feed;
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        const struct header *header = &records[i].header;
        uint32_t before = i > 0 ? records[i - 1].header.epoch : feed.epoch;
        if (header->seq > 0 && header->epoch == before)
            continue;
        if (header->epoch == after->epoch) {
            write_epoch(txn, head->index, header->seq, &after->record_key);
            return;
        }
        size_t accepted;
        enum err code = feed_take(&feed, records + taken, i + 1 - taken, &accepted);
        if (code != E_OK) {
            db_fail(txn->db, code);
            return;
        }
        taken = i + 1;
        write_epoch(txn, head->index, header->seq, &feed.record_key);
    }
}

static bool is_continued(struct store_txn *txn, const struct head *head, const struct feed *after,
                         const struct record *records, size_t count)
{
    uint64_t next = head->feed.next;
    for (size_t i = 0; i < count; i++) {
        const struct header *header = &records[i].header;
        if (header->seq == next + i && hash_equal(&header->author, &after->author))
            continue;
        db_fail(txn->db, fail(E_GAP, "record %" PRIu64 " of a run does not continue the feed at %" PRIu64,
                              header->seq, next + i));
        return false;
    }
    if (after->next == next + count && count <= UINT32_MAX)
        return true;
    db_fail(txn->db, fail(E_GAP, "the feed is at %" PRIu64 " and its records end at %" PRIu64, after->next,
                          next + count));
    return false;
}

static void append_record(struct store_txn *txn, const struct record *record)
{
    struct key_position key = key_of_position(txn->size++);
    db_append(txn->db, TABLE_ENTRIES, BYTES_OF(key), bytes_of(record->entry, ENTRY_BYTES));
    if (record->has_payload) {
        uint8_t *room =
            db_append_room(txn->db, TABLE_PAYLOADS, BYTES_OF(key), SALT_BYTES + record->payload.len);
        if (!room)
            return;
        memcpy(room, record->salt, SALT_BYTES);
        if (record->payload.len > 0)
            memcpy(room + SALT_BYTES, record->payload.data, record->payload.len);
    }
    if (txn->store->log)
        ledger_append(txn, &record->id);
}

uint64_t store_append(struct store_txn *txn, const struct feed *feed, const struct record *records,
                      size_t count)
{
    append_start(txn);
    uint64_t position = txn->size;
    if (count == 0 || db_error(txn->db) != E_OK)
        return position;
    struct head *head = heads_make(txn, &feed->author);
    if (!head || !is_continued(txn, head, feed, records, count))
        return position;
    note_epochs(txn, head, feed, records, count);
    extend_run(txn, head->index, records[0].header.seq, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        append_record(txn, &records[i]);
    head->feed = *feed;
    head->dirty = true;
    return position;
}

void append_finish(struct store_txn *txn)
{
    if (!txn->started)
        return;
    write_tail(txn);
    heads_write(txn);
    if (txn->store->log)
        ledger_finish(txn);
}

uint64_t store_size_in(struct store_txn *txn)
{
    append_start(txn);
    return txn->size;
}

bool store_feed_in(struct store_txn *txn, const struct hash *author, struct feed *out)
{
    const struct head *head = heads_find(txn, author);
    if (head)
        *out = head->feed;
    return head != NULL;
}
