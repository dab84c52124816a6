#include <fcntl.h>

#include "authors.h"
#include "scratch.h"
#include "store/keys.h"

/* behind our headers: its fail() is a macro */
#include "vectors.h"

#define MAP_BYTES (1ULL << 30)

static struct store *store;

static enum err open_store(uint64_t map_bytes, bool create)
{
    store_close(&store);
    struct store_options options = {
        .folder = scratch, .map_bytes = map_bytes, .create = create, .log = true
    };
    return store_open(&options, &store);
}

static int setup(void **state)
{
    srand(11);
    return id_init() == E_OK && scratch_make(state) == 0 && open_store(MAP_BYTES, true) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(&store);
    return scratch_drop(state);
}

static struct store_txn *begin(void)
{
    struct store_txn *txn;
    assert_int_equal(store_begin(store, &txn), E_OK);
    return txn;
}

static struct store_view *view_of(void)
{
    struct store_view *view;
    assert_int_equal(store_read(store, &view), E_OK);
    return view;
}

static const uint8_t *entry_of(const struct author *author, uint64_t seq)
{
    return author->all.data + seq * ENTRY_BYTES;
}

static uint64_t rows(enum table table)
{
    struct db_txn *txn;
    assert_int_equal(db_read(store_db(store), &txn), E_OK);
    uint64_t count = db_entries(txn, table);
    db_abort(&txn);
    return count;
}

static void write_many(struct author *author, size_t count, size_t payload_len, int flags)
{
    for (size_t i = 0; i < count; i++)
        author_write(author, KIND_STATEMENT, payload_len, flags);
}

static void append_many(struct author *author, size_t count, size_t payload_len)
{
    struct store_txn *txn = begin();
    while (count > 0) {
        size_t run = count < 200 ? count : 200;
        write_many(author, run, payload_len, 0);
        author_append(author, txn);
        count -= run;
    }
    assert_int_equal(store_commit(&txn), E_OK);
}

/* ---- opening */

static void a_store_is_made_once_and_keeps_its_id(void **state)
{
    (void)state;
    static const uint8_t zero[16];
    uint8_t id[16];
    memcpy(id, store_id(store), 16);
    assert_memory_not_equal(id, zero, 16);
    assert_int_equal(store_incarnation(store), 1);
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    assert_memory_equal(store_id(store), id, 16);
    assert_int_equal(open_store(MAP_BYTES, true), E_OK);
    assert_memory_equal(store_id(store), id, 16);
}

static void a_missing_store_is_not_made_unless_asked_for(void **state)
{
    (void)state;
    char folder[160];
    struct store *other;
    snprintf(folder, sizeof folder, "%s/none", scratch);
    struct store_options options = { .folder = folder, .map_bytes = MAP_BYTES };
    assert_int_equal(store_open(&options, &other), E_NOT_FOUND);
    assert_null(other);
    options.create = true;
    options.read_only = true;
    assert_int_equal(store_open(&options, &other), E_NOT_FOUND);
    assert_int_equal(access(folder, F_OK), -1);
    options.read_only = false;
    assert_int_equal(store_open(&options, &other), E_OK);
    assert_memory_not_equal(store_id(other), store_id(store), 16);
    store_close(&other);
}

static void set_meta(const char *key, struct bytes value)
{
    static const char *const tables[] = { "meta", NULL };
    struct db *db;
    struct db_txn *txn;
    store_close(&store);
    struct db_options options = { .folder = scratch, .tables = tables, .map_bytes = MAP_BYTES };
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_int_equal(db_write(db, &txn), E_OK);
    if (value.len > 0)
        db_put(txn, 0, bytes_text(key), value);
    else
        db_delete(txn, 0, bytes_text(key));
    assert_int_equal(db_commit(&txn), E_OK);
    db_close(&db);
}

static void a_store_of_a_later_version_is_left_alone(void **state)
{
    (void)state;
    uint8_t schema[4];
    put_u32(schema, 2);
    set_meta("schema", BYTES(schema));
    assert_int_equal(open_store(MAP_BYTES, true), E_VERSION);
    assert_null(store);
    put_u32(schema, 1);
    set_meta("schema", BYTES(schema));
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
}

static void a_store_that_lost_its_schema_or_id_is_corrupt(void **state)
{
    (void)state;
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 0, 0);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    uint8_t schema[4];
    set_meta("schema", (struct bytes){ 0 });
    assert_int_equal(open_store(MAP_BYTES, false), E_NOT_FOUND);
    assert_int_equal(open_store(MAP_BYTES, true), E_CORRUPT);
    put_u32(schema, 1);
    set_meta("schema", BYTES(schema));
    set_meta("store_id", (struct bytes){ 0 });
    assert_int_equal(open_store(MAP_BYTES, true), E_CORRUPT);
    author_end(&a);
}

static int read_beside(void *context)
{
    struct store_options options = { .folder = scratch, .read_only = true, .log = true };
    struct store *other;
    struct store_view *view;
    if (store_open(&options, &other) != E_OK || store_read(other, &view) != E_OK)
        return 1;
    struct store_txn *txn;
    bool right = store_size(view) == *(uint64_t *)context && store_begin(other, &txn) == E_DENIED;
    store_done(&view);
    store_close(&other);
    return right ? 0 : 2;
}

static void it_can_be_read_while_another_process_writes(void **state)
{
    (void)state;
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 10, 100);
    /* a transaction under way does not keep readers out */
    struct store_txn *txn = begin();
    write_many(&a, 1, 100, SIGNED);
    author_append(&a, txn);
    uint64_t size = 11;
    assert_int_equal(scratch_child(read_beside, &size), 0);
    store_abort(&txn);
    author_end(&a);
}

/* ---- entries and feeds */

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
    store_each_feed(view, count_feed, &feeds);
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

static void a_backlog_in_one_piece_makes_one_run(void **state)
{
    (void)state;
    struct author a, b;
    author_begin(&a, 1);
    author_begin(&b, 2);
    for (int i = 0; i < 5; i++)
        append_many(&a, 500, 10); /* five transactions */
    assert_int_equal(rows(TABLE_RUNS), 1);
    append_many(&b, 3, 10);
    append_many(&a, 3, 10);
    append_many(&a, 3, 10);
    assert_int_equal(rows(TABLE_RUNS), 3);
    assert_int_equal(rows(TABLE_EPOCHS), 2);
    author_end(&a);
    author_end(&b);
}

static void a_transaction_sees_its_own_records_and_an_aborted_one_leaves_none(void **state)
{
    (void)state;
    struct author a;
    struct feed feed;
    author_begin(&a, 1);
    struct store_txn *txn = begin();
    assert_false(store_feed_in(txn, &a.feed.author, &feed));
    assert_int_equal(author_append(&a, txn), 0);
    write_many(&a, 5, 10, 0);
    assert_int_equal(author_append(&a, txn), 1);
    assert_int_equal(store_size_in(txn), 6);
    assert_true(store_feed_in(txn, &a.feed.author, &feed));
    assert_int_equal(feed.next, 6);
    store_abort(&txn);
    struct store_view *view = view_of();
    assert_int_equal(store_size(view), 0);
    assert_false(store_feed(view, &a.feed.author, &feed));
    store_done(&view);
    author_end(&a);
}

static void a_record_that_does_not_continue_its_feed_fails_the_transaction(void **state)
{
    (void)state;
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 3, 10);
    write_many(&a, 1, 10, 0);
    a.packed.len = 0; /* lost */
    write_many(&a, 1, 10, 0);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    assert_int_equal(store_error(txn), E_GAP);
    store_put(txn, STORE_META, bytes_text("x"), bytes_text("y"));
    assert_int_equal(store_commit(&txn), E_GAP);
    struct store_view *view = view_of();
    struct bytes value;
    assert_int_equal(store_size(view), 4);
    assert_false(store_get(view, STORE_META, bytes_text("x"), &value));
    store_done(&view);
    author_end(&a);
}

static void records_out_of_order_or_of_another_author_fail_the_transaction(void **state)
{
    (void)state;
    struct author a, b;
    struct record records[3], swap;
    size_t count;
    author_begin(&a, 1);
    author_begin(&b, 2);
    append_many(&a, 1, 10);
    write_many(&a, 3, 10, 0);
    struct bytes rest = buf_view(&a.packed);
    assert_int_equal(run_parse(&rest, records, 3, &count), E_OK);
    swap = records[1];
    records[1] = records[2];
    records[2] = swap;
    struct store_txn *txn = begin();
    store_append(txn, &a.feed, records, 3);
    assert_int_equal(store_commit(&txn), E_GAP);
    b.feed.next = 2;
    records[0].header.seq = 0;
    records[1].header.seq = 1;
    txn = begin();
    store_append(txn, &b.feed, records, 2);
    assert_int_equal(store_commit(&txn), E_GAP);
    author_end(&a);
    author_end(&b);
}

static void one_transaction_may_touch_more_feeds_than_it_remembers(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static struct author many[MANY];
    struct store_txn *txn = begin();
    for (unsigned i = 0; i < MANY; i++) {
        author_begin(&many[i], 1000 + i);
        author_append(&many[i], txn);
    }
    for (unsigned i = 0; i < MANY; i += 7) {
        write_many(&many[i], 1, 5, 0);
        author_append(&many[i], txn);
    }
    assert_int_equal(store_commit(&txn), E_OK);
    struct store_view *view = view_of();
    struct feed feed;
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(store_feed(view, &many[i].feed.author, &feed));
        assert_int_equal(feed.next, i % 7 ? 1 : 2);
        author_end(&many[i]);
    }
    store_done(&view);
}

static void several_epochs_may_open_in_one_append(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json");
    const json_t *list = json_object_get(vectors, "feed");
    AUTO(buf_clear) struct buf packed = { 0 };
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        AUTO(buf_clear) struct buf salted = { 0 };
        vector_entry(item, &entry);
        vector_salted(item, &salted);
        run_append_parts(&packed, entry.data, buf_view(&salted));
    }
    static struct record records[MAX_RUN_RECORDS];
    struct bytes rest = buf_view(&packed);
    size_t count, accepted;
    assert_int_equal(run_parse(&rest, records, MAX_RUN_RECORDS, &count), E_OK);
    struct feed feed;
    feed_init(&feed, &records[0].header.author);
    assert_int_equal(feed_take(&feed, records, count, &accepted), E_OK);
    assert_true(feed.epoch >= 2);
    struct store_txn *txn = begin();
    store_append(txn, &feed, records, count);
    assert_int_equal(store_commit(&txn), E_OK);
    struct store_view *view = view_of();
    for (i = 0; i < count; i++) {
        struct key key;
        assert_int_equal(store_record_key(view, &feed.author, i, &key), E_OK);
        assert_true(record_verify(&records[i], &key));
    }
    store_done(&view);
    json_decref(vectors);
}

/* ---- packing */

static size_t pack(struct author *author, uint64_t from, size_t max_bytes, size_t max_count, struct buf *out)
{
    size_t count;
    struct store_view *view = view_of();
    out->len = 0;
    assert_int_equal(store_pack(view, &author->feed.author, from, max_bytes, max_count, out, &count), E_OK);
    store_done(&view);
    struct bytes rest = buf_view(out);
    struct record record;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(run_next(&rest, &record), E_OK);
        assert_memory_equal(record.entry, entry_of(author, from + i), ENTRY_BYTES);
    }
    assert_int_equal(rest.len, 0);
    return count;
}

static void a_pack_keeps_its_limits_and_ends_with_the_feed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    append_many(&a, 0, 0);
    struct store_txn *txn = begin();
    write_many(&a, 100, 75, SIGNED); /* 300 bytes each, packed */
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 1, 3000, 1000, &out), 10);
    assert_int_equal(out.len, 3000);
    assert_int_equal(pack(&a, 1, 2999, 1000, &out), 9);
    assert_int_equal(pack(&a, 1, 1, 1000, &out), 1); /* at least one record */
    assert_int_equal(pack(&a, 1, 100000, 7, &out), 7);
    assert_int_equal(pack(&a, 95, 100000, 1000, &out), 6);
    assert_int_equal(pack(&a, 100, 100000, 1000, &out), 1);
    assert_int_equal(pack(&a, 101, 100000, 1000, &out), 0);
    assert_int_equal(pack(&a, 0, 100000, 1000, &out), 1); /* the inception stands alone */
    struct author stranger = { .feed.author = a.feed.head };
    assert_int_equal(pack(&stranger, 0, 100000, 1000, &out), 0);
    author_end(&a);
}

static void a_pack_crosses_runs_and_carries_what_is_there(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a, b;
    author_begin(&a, 1);
    author_begin(&b, 2);
    for (int i = 0; i < 40; i++) {
        struct store_txn *txn = begin();
        write_many(&a, (size_t)(1 + i % 3), 50, i % 2 ? SIGNED : SIGNED | WITHHELD);
        author_append(&a, txn);
        write_many(&b, (size_t)(i % 2), 50, 0);
        author_append(&b, txn);
        assert_int_equal(store_commit(&txn), E_OK);
    }
    assert_int_equal(pack(&a, 1, 1 << 20, 1000, &out), a.feed.next - 1);
    struct bytes rest = buf_view(&out);
    struct record record;
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 1 + i % 3; j++) {
            assert_int_equal(run_next(&rest, &record), E_OK);
            assert_int_equal(record.has_payload, i % 2);
        }
    author_end(&a);
    author_end(&b);
}

static void a_pack_that_must_cut_cuts_behind_a_good_signature(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    struct store_txn *txn = begin();
    for (int i = 1; i <= 200; i++)
        author_write(&a, KIND_STATEMENT, 10, i % 10 == 0 ? SIGNED : 0);
    author_append(&a, txn);
    for (int i = 201; i <= 400; i++)
        author_write(&a, KIND_STATEMENT, 10, 0);
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 1, 1 << 20, 95, &out), 90);
    assert_int_equal(pack(&a, 1, 1 << 20, 90, &out), 90);
    assert_int_equal(pack(&a, 1, 1 << 20, 9, &out), 9); /* none verifies: all that fit */
    assert_int_equal(pack(&a, 191, 1 << 20, 150, &out), 10);
    assert_int_equal(pack(&a, 145, 1 << 20, 250, &out), 56); /* the last of them 200 back */
    assert_int_equal(pack(&a, 1, 1 << 20, 390, &out), 200);
    assert_int_equal(pack(&a, 195, 1 << 20, 1000, &out), 206); /* the end of the feed is no cut */
    author_end(&a);
}

static void an_identity_event_is_packed_alone(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct author a;
    author_begin(&a, 1);
    write_many(&a, 4, 10, SIGNED);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    author_write(&a, KIND_IDENTITY, 30, SIGNED);
    write_many(&a, 4, 10, SIGNED);
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_OK);
    assert_int_equal(pack(&a, 0, 1 << 20, 100, &out), 1);
    assert_int_equal(pack(&a, 1, 1 << 20, 100, &out), 4);
    assert_int_equal(pack(&a, 5, 1 << 20, 100, &out), 1);
    assert_int_equal(pack(&a, 6, 1 << 20, 100, &out), 4);
    author_end(&a);
}

/* ---- the tree */

static void check_inclusion(struct store_view *view, const struct author *a, uint64_t index, uint64_t size,
                            const struct hash *root)
{
    struct merkle_path path;
    struct hash leaf = hash_leaf(bytes_of(entry_of(a, index), ENTRY_BYTES));
    assert_int_equal(store_inclusion(view, index, size, &path), E_OK);
    assert_true(merkle_verify_inclusion(index, size, &leaf, &path, root));
}

static void roots_and_proofs_hold_at_every_size(void **state)
{
    (void)state;
    enum { LEAVES = 600 };
    static struct hash roots[LEAVES + 1];
    struct author a;
    struct merkle tree = { 0 };
    struct merkle_path path;
    struct hash root;
    author_begin(&a, 1);
    append_many(&a, 122, 0);
    append_many(&a, 133, 0); /* up to 256 */
    append_many(&a, 1, 0);
    append_many(&a, LEAVES - 257, 0);
    struct store_view *view = view_of();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct hash leaf = hash_leaf(bytes_of(entry_of(&a, size - 1), ENTRY_BYTES));
        merkle_append(&tree, &leaf, NULL, NULL);
        roots[size] = merkle_root(&tree);
        assert_int_equal(store_root_at(view, size, &root), E_OK);
        assert_memory_equal(root.b, roots[size].b, HASH_BYTES);
        uint64_t step = size <= 40 || size == 257 || size == LEAVES ? 1 : size % 256 < 3 ? 5 : 61;
        for (uint64_t i = size % step; i < size; i += step) {
            check_inclusion(view, &a, i, size, &roots[size]);
            assert_int_equal(store_consistency(view, i + 1, size, &path), E_OK);
            assert_true(merkle_verify_consistency(i + 1, size, &roots[i + 1], &roots[size], &path));
        }
    }
    root = store_root(view);
    assert_memory_equal(root.b, roots[LEAVES].b, HASH_BYTES);
    assert_int_equal(store_root_at(view, LEAVES + 1, &root), E_NOT_FOUND);
    assert_int_equal(store_inclusion(view, LEAVES, LEAVES, &path), E_USAGE);
    assert_int_equal(store_inclusion(view, 0, LEAVES + 1, &path), E_NOT_FOUND);
    assert_int_equal(store_consistency(view, 3, 2, &path), E_USAGE);
    store_done(&view);
    author_end(&a);
}

static void proofs_hold_where_higher_levels_are_kept(void **state)
{
    (void)state;
    enum { LEAVES = 66000 }; /* past one node of level 16 */
    struct author a;
    struct merkle tree = { 0 };
    struct merkle_path path;
    struct hash old = { 0 }, root;
    author_begin(&a, 1);
    append_many(&a, LEAVES - 1, 0);
    struct store_view *view = view_of();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct hash leaf = hash_leaf(bytes_of(entry_of(&a, size - 1), ENTRY_BYTES));
        merkle_append(&tree, &leaf, NULL, NULL);
        if (size == 40001)
            old = merkle_root(&tree);
    }
    root = store_root(view);
    struct hash want = merkle_root(&tree);
    assert_memory_equal(root.b, want.b, HASH_BYTES);
    assert_int_equal(store_root_at(view, LEAVES, &root), E_OK);
    assert_memory_equal(root.b, want.b, HASH_BYTES);
    for (uint64_t i = 0; i < LEAVES; i += 4999)
        check_inclusion(view, &a, i, LEAVES, &root);
    check_inclusion(view, &a, LEAVES - 1, LEAVES, &root);
    assert_int_equal(store_consistency(view, 40001, LEAVES, &path), E_OK);
    assert_true(merkle_verify_consistency(40001, LEAVES, &old, &root, &path));
    assert_int_equal(rows(TABLE_TREE), LEAVES / 256 + 1 + 1); /* and the frontier */
    store_done(&view);
    author_end(&a);
}

static void a_store_without_a_tree_proves_nothing_and_cannot_become_a_log(void **state)
{
    (void)state;
    struct author a;
    struct merkle_path path;
    store_close(&store);
    struct store_options options = { .folder = scratch, .map_bytes = MAP_BYTES };
    assert_int_equal(store_open(&options, &store), E_OK);
    author_begin(&a, 1);
    append_many(&a, 10, 10);
    assert_int_equal(rows(TABLE_TREE), 0);
    struct store_view *view = view_of();
    assert_int_equal(store_inclusion(view, 0, 1, &path), E_USAGE);
    store_done(&view);
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    write_many(&a, 1, 10, 0);
    struct store_txn *txn = begin();
    author_append(&a, txn);
    assert_int_equal(store_commit(&txn), E_CORRUPT);
    author_end(&a);
}

/* ---- tables */

static bool note_key(void *context, struct bytes key, struct bytes value)
{
    struct buf *out = context;
    buf_bytes(out, key);
    buf_u8(out, '=');
    buf_bytes(out, value);
    buf_u8(out, ' ');
    return !bytes_equal(value, bytes_text("stop"));
}

static const char *each(enum store_table table, const char *prefix, struct buf *out)
{
    struct store_view *view = view_of();
    out->len = 0;
    store_each(view, table, bytes_text(prefix), note_key, out);
    store_done(&view);
    return buf_string(out);
}

static void a_programs_own_tables_keep_small_things(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf out = { 0 };
    struct bytes value;
    struct store_txn *txn = begin();
    static const char *const keys[] = { "a", "ab", "abc", "b", "ba" };
    for (size_t i = 0; i < 5; i++)
        store_put(txn, STORE_NAMES, bytes_text(keys[i]), bytes_text(i == 2 ? "stop" : "x"));
    store_put(txn, STORE_MARKS, bytes_text("zz"), bytes_text("1"));
    assert_true(store_get_in(txn, STORE_NAMES, bytes_text("ab"), &value));
    assert_int_equal(store_commit(&txn), E_OK);
    assert_string_equal(each(STORE_NAMES, "ab", &out), "ab=x abc=stop ");
    assert_string_equal(each(STORE_NAMES, "b", &out), "b=x ba=x ");
    assert_string_equal(each(STORE_NAMES, "c", &out), "");
    assert_string_equal(each(STORE_NAMES, "", &out), "a=x ab=x abc=stop ");
    assert_string_equal(each(STORE_MARKS, "", &out), "zz=1 ");
    assert_string_equal(each(STORE_QUARANTINE, "", &out), "");
    txn = begin();
    store_delete(txn, STORE_NAMES, bytes_text("abc"));
    store_delete(txn, STORE_NAMES, bytes_text("none"));
    assert_int_equal(store_commit(&txn), E_OK);
    assert_string_equal(each(STORE_NAMES, "", &out), "a=x ab=x b=x ba=x ");
}

/* ---- what goes wrong */

static void a_full_map_loses_only_its_transaction_and_a_larger_one_goes_on(void **state)
{
    (void)state;
    assert_int_equal(open_store(1 << 20, false), E_OK);
    struct author a;
    author_begin(&a, 1);
    uint64_t kept = 0;
    enum err code = E_OK;
    struct feed before = a.feed;
    while (code == E_OK) {
        before = a.feed;
        struct store_txn *txn = begin();
        write_many(&a, 20, 500, 0);
        author_append(&a, txn);
        code = store_commit(&txn);
        if (code == E_OK)
            kept = a.feed.next;
    }
    assert_int_equal(code, E_FULL);
    assert_true(kept > 200);
    a.feed = before;
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    struct store_view *view = view_of();
    struct feed feed;
    assert_int_equal(store_size(view), kept);
    assert_true(store_feed(view, &a.feed.author, &feed));
    assert_int_equal(feed.next, kept);
    assert_memory_equal(feed.head.b, a.feed.head.b, HASH_BYTES);
    store_done(&view);
    append_many(&a, 20, 500);
    assert_int_equal(rows(TABLE_RUNS), 1);
    author_end(&a);
}

/* Appends for ever and tells how far it got, each time a transaction is durable. */
static int append_for_ever(void *context)
{
    int pipe_end = *(int *)context;
    struct author a;
    struct store_txn *txn;
    struct store_options options = { .folder = scratch, .map_bytes = MAP_BYTES, .log = true };
    if (store_open(&options, &store) != E_OK)
        return 1;
    author_begin(&a, (uint64_t)getpid());
    for (;;) {
        write_many(&a, (size_t)(rand() % 50), 200, 0);
        if (store_begin(store, &txn) != E_OK)
            return 1;
        author_append(&a, txn);
        if (store_commit(&txn) != E_OK || write(pipe_end, &a.feed.next, 8) != 8)
            return 1;
        a.all.len = 0;
    }
}

/* The chain of one feed, from its entries. */
static uint64_t check_chain(struct store_view *view, const struct feed *feed)
{
    struct hash head = { 0 };
    for (uint64_t seq = 0; seq < feed->next; seq++) {
        uint64_t position;
        struct bytes entry, salted;
        struct record record;
        assert_int_equal(store_locate(view, &feed->author, seq, &position), E_OK);
        assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
        assert_int_equal(record_parse(entry, &record), E_OK);
        assert_true(record_open(&record, salted));
        assert_int_equal(record.header.seq, seq);
        assert_memory_equal(record.header.prev.b, head.b, HASH_BYTES);
        head = record.id;
    }
    assert_memory_equal(feed->head.b, head.b, HASH_BYTES);
    return feed->next;
}

static bool keep_feed(void *context, const struct feed *feed)
{
    struct buf *feeds = context;
    buf_append(feeds, feed, sizeof(*feed));
    return true;
}

static void check_after_crash(uint64_t acknowledged, pid_t writer)
{
    AUTO(buf_clear) struct buf feeds = { 0 };
    uint64_t number = (uint64_t)writer, total = 0, of_writer = 0;
    struct hash author = hash_bytes(BYTES_OF(number));
    struct hash at, root;
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    struct store_view *view = view_of();
    store_each_feed(view, keep_feed, &feeds);
    for (size_t i = 0; i < feeds.len; i += sizeof(struct feed)) {
        struct feed feed;
        memcpy(&feed, feeds.data + i, sizeof(feed));
        total += check_chain(view, &feed);
        if (hash_equal(&feed.author, &author))
            of_writer = feed.next;
    }
    assert_int_equal(total, store_size(view));
    assert_true(of_writer >= acknowledged);
    assert_true(of_writer <= acknowledged + 50);
    root = store_root(view);
    assert_int_equal(store_root_at(view, total, &at), E_OK);
    assert_memory_equal(at.b, root.b, HASH_BYTES);
    store_done(&view);
}

static void a_killed_writer_loses_nothing_that_was_durable(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        int ends[2];
        uint64_t acknowledged = 0, next;
        store_close(&store);
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            srand((unsigned)round);
            _exit(append_for_ever(&ends[1]));
        }
        close(ends[1]);
        /* killed behind some commit, at whatever it does then */
        for (int commits = 1 + round * 3; commits > 0; commits--) {
            assert_int_equal(read(ends[0], &next, 8), 8);
            acknowledged = next;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(ends[0], &next, 8) == 8)
            acknowledged = next;
        close(ends[0]);
        check_after_crash(acknowledged, pid);
    }
}

static int exit_without_commit(void *context)
{
    struct author *a = context;
    struct store_txn *txn;
    if (store_begin(store, &txn) != E_OK)
        return 1;
    write_many(a, 30, 100, 0);
    author_append(a, txn);
    return 0;
}

static int exit_with_commit(void *context)
{
    struct author *a = context;
    struct store_options options = { .folder = scratch, .map_bytes = MAP_BYTES, .log = true };
    struct store_txn *txn;
    if (store_open(&options, &store) != E_OK || store_begin(store, &txn) != E_OK)
        return 1;
    author_append(a, txn);
    if (store_commit(&txn) != E_OK)
        return 2;
    return exit_without_commit(a); /* and the next one is never committed */
}

static void a_process_that_never_closed_leaves_exactly_what_it_committed(void **state)
{
    (void)state;
    struct author a;
    store_close(&store);
    author_begin(&a, 1);
    write_many(&a, 20, 100, 0);
    assert_int_equal(scratch_child(exit_with_commit, &a), 0);
    assert_int_equal(open_store(MAP_BYTES, false), E_OK);
    struct store_view *view = view_of();
    struct feed feed;
    assert_int_equal(store_size(view), 21);
    assert_true(store_feed(view, &a.feed.author, &feed));
    assert_int_equal(check_chain(view, &feed), 21);
    store_done(&view);
    author_end(&a);
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

#define FACT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_store_is_made_once_and_keeps_its_id),
        FACT(a_missing_store_is_not_made_unless_asked_for),
        FACT(a_store_of_a_later_version_is_left_alone),
        FACT(a_store_that_lost_its_schema_or_id_is_corrupt),
        FACT(it_can_be_read_while_another_process_writes),
        FACT(records_of_interleaved_feeds_are_found_by_place_and_by_seq),
        FACT(a_backlog_in_one_piece_makes_one_run),
        FACT(a_transaction_sees_its_own_records_and_an_aborted_one_leaves_none),
        FACT(a_record_that_does_not_continue_its_feed_fails_the_transaction),
        FACT(records_out_of_order_or_of_another_author_fail_the_transaction),
        FACT(one_transaction_may_touch_more_feeds_than_it_remembers),
        FACT(several_epochs_may_open_in_one_append),
        FACT(a_pack_keeps_its_limits_and_ends_with_the_feed),
        FACT(a_pack_crosses_runs_and_carries_what_is_there),
        FACT(a_pack_that_must_cut_cuts_behind_a_good_signature),
        FACT(an_identity_event_is_packed_alone),
        FACT(roots_and_proofs_hold_at_every_size),
        FACT(proofs_hold_where_higher_levels_are_kept),
        FACT(a_store_without_a_tree_proves_nothing_and_cannot_become_a_log),
        FACT(a_programs_own_tables_keep_small_things),
        FACT(a_full_map_loses_only_its_transaction_and_a_larger_one_goes_on),
        FACT(a_killed_writer_loses_nothing_that_was_durable),
        FACT(a_process_that_never_closed_leaves_exactly_what_it_committed),
        FACT(an_entry_of_a_wrong_size_is_named_corrupt),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
