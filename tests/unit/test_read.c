#include "store_bench.h"

#include "spoil.h"

enum { FEEDS = 12 };
static struct author authors[FEEDS];
static struct where {
    unsigned author;
    uint64_t seq;
} places[20000];
static uint64_t place_count;

static void note_places(unsigned i, uint64_t position, uint64_t from)
{
    assert_int_equal(position, place_count);
    for (uint64_t seq = from; seq < authors[i].feed.next; seq++)
        places[place_count++] = (struct where){ i, seq };
}

static void begin_authors(void)
{
    struct store_txn *txn = begin();
    place_count = 0;
    for (unsigned i = 0; i < FEEDS; i++) {
        author_begin(&authors[i], i);
        note_places(i, author_append(&authors[i], txn), 0);
    }
    assert_int_equal(store_commit(&txn), E_OK);
}

static void end_authors(void)
{
    for (unsigned i = 0; i < FEEDS; i++)
        author_end(&authors[i]);
}

/* Appends runs of random lengths of random authors, some with a rotation, in random transactions. */
static void fill_interleaved(unsigned transactions)
{
    for (unsigned t = 0; t < transactions; t++) {
        struct store_txn *txn = begin();
        for (int runs = rand() % 20; runs >= 0; runs--) {
            unsigned i = (unsigned)rand() % FEEDS;
            uint64_t from = authors[i].feed.next;
            write_many(&authors[i], rand() % 3 ? (size_t)(rand() % 4) : (size_t)(rand() % 60),
                       (size_t)(rand() % 300), rand() % 5 ? 0 : WITHHELD);
            if (rand() % 10 == 0)
                author_write(&authors[i], KIND_IDENTITY, 30, SIGNED);
            note_places(i, author_append(&authors[i], txn), from);
            assert_int_equal(store_size_in(txn), place_count);
        }
        assert_int_equal(store_commit(&txn), E_OK);
    }
}

static void check_place(struct store_view *view, uint64_t position)
{
    const struct where *place = &places[position];
    const struct author *author = &authors[place->author];
    struct bytes entry, salted;
    uint64_t found;
    struct key key;
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    assert_memory_equal(entry.data, entry_of(author, place->seq), ENTRY_BYTES);
    assert_int_equal(store_locate(view, &author->feed.author, place->seq, &found), E_OK);
    assert_int_equal(found, position);
    struct record record;
    assert_int_equal(record_parse(entry, &record), E_OK);
    assert_true(salted.len == 0 || record_open(&record, salted));
    struct author then = { .feed = author->feed };
    then.feed.epoch = record.header.epoch;
    author_key(&then);
    assert_int_equal(store_record_key(view, &author->feed.author, place->seq, &key), E_OK);
    assert_true(key_equal(&key, &then.secret.public_key));
}

static bool count_feed(void *context, const struct feed *feed)
{
    unsigned *count = context;
    bool known = false;
    for (unsigned i = 0; i < FEEDS; i++)
        known |= hash_equal(&feed->author, &authors[i].feed.author) && feed->next == authors[i].feed.next &&
                 hash_equal(&feed->head, &authors[i].feed.head);
    assert_true(known);
    return ++*count < FEEDS + 1;
}

static void check_everything(void)
{
    struct store_view *view = view_of();
    struct bytes entry, salted;
    uint64_t found;
    struct key key;
    assert_int_equal(store_size(view), place_count);
    for (uint64_t position = 0; position < place_count; position++)
        check_place(view, position);
    assert_int_equal(store_at(view, place_count, &entry, &salted), E_NOT_FOUND);
    for (unsigned i = 0; i < FEEDS; i++) {
        const struct feed *feed = &authors[i].feed;
        assert_int_equal(store_locate(view, &feed->author, feed->next, &found), E_NOT_FOUND);
        assert_int_equal(store_locate(view, &feed->author, UINT64_MAX, &found), E_NOT_FOUND);
        assert_int_equal(store_record_key(view, &feed->author, feed->next, &key), E_NOT_FOUND);
    }
    unsigned feeds = 0;
    assert_int_equal(store_each_feed(view, count_feed, &feeds), E_OK);
    assert_int_equal(feeds, FEEDS);
    assert_int_equal(store_view_error(view), E_OK);
    store_done(&view);
}

static void records_of_interleaved_feeds_are_found_by_place_and_by_seq(void **state)
{
    (void)state;
    begin_authors();
    fill_interleaved(60);
    check_everything();
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    check_everything();
    end_authors();
}

static void an_entry_of_a_wrong_size_is_named_corrupt(void **state)
{
    (void)state;
    struct author a;
    struct bytes entry, salted;
    struct db_txn *txn;
    author_begin(&a, 1);
    append_many(&a, 10, 10);
    struct key_position key = key_of_position(4);
    assert_int_equal(db_write(store_db(store), &txn), E_OK);
    db_put(txn, TABLE_ENTRIES, BYTES_OF(key), bytes_text("short"));
    assert_int_equal(db_commit(&txn), E_OK);
    struct store_view *view = view_of();
    assert_int_equal(store_at(view, 4, &entry, &salted), E_CORRUPT);
    assert_int_equal(store_view_error(view), E_CORRUPT);
    store_done(&view);
    author_end(&a);
}

static bool look_at_row(void *context, struct bytes key, struct bytes value)
{
    (void)key, (void)value;
    ++*(size_t *)context;
    return true;
}

static bool look_at_feed(void *context, const struct feed *feed)
{
    (void)feed;
    ++*(size_t *)context;
    return true;
}

static void a_walk_over_rows_that_cannot_be_read_says_so(void **state)
{
    (void)state;
    size_t rows = 0;
    char key[16];
    struct store_txn *txn = begin();
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "key-%04d", i);
        store_put(txn, STORE_NAMES, bytes_text(key), bytes_text("value"));
    }
    assert_int_equal(store_commit(&txn), E_OK);
    struct store_view *view = view_of();
    assert_int_equal(store_each(view, STORE_NAMES, bytes_of(NULL, 0), look_at_row, &rows), E_OK);
    assert_int_equal(rows, 5);
    store_done(&view);

    rows = 0;
    assert_true(spoil_pages(scratch, bytes_text("key-0003")) > 0);
    view = view_of();
    assert_int_equal(store_each(view, STORE_NAMES, bytes_of(NULL, 0), look_at_row, &rows), E_CORRUPT);
    assert_int_equal(rows, 0);
    store_done(&view);
    view = view_of();
    assert_int_equal(store_each(view, STORE_NAMES, bytes_text("key-0003"), look_at_row, &rows), E_CORRUPT);
    store_done(&view);
}

static void a_walk_over_feeds_that_cannot_be_read_says_so(void **state)
{
    (void)state;
    struct author a;
    struct db_txn *txn;
    struct db_cursor *cursor;
    struct bytes key, value;
    size_t feeds = 0;
    author_begin(&a, 1);
    append_many(&a, 10, 10);
    AUTO(buf_clear) struct buf first = { 0 };
    assert_int_equal(db_write(store_db(store), &txn), E_OK);
    cursor = db_cursor(txn, TABLE_HEADS);
    assert_true(db_next(cursor, &key, &value));
    buf_bytes(&first, key);
    db_cursor_free(&cursor);
    db_put(txn, TABLE_HEADS, buf_view(&first), bytes_text("\1orn"));
    assert_int_equal(db_commit(&txn), E_OK);
    struct store_view *view = view_of();
    assert_int_equal(store_each_feed(view, look_at_feed, &feeds), E_CORRUPT);
    assert_int_equal(feeds, 0);
    store_done(&view);
    author_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_of_interleaved_feeds_are_found_by_place_and_by_seq),
        FACT(an_entry_of_a_wrong_size_is_named_corrupt),
        FACT(a_walk_over_rows_that_cannot_be_read_says_so),
        FACT(a_walk_over_feeds_that_cannot_be_read_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
