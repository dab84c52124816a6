#include "store_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_store_is_made_once_and_keeps_its_id),
        FACT(a_missing_store_is_not_made_unless_asked_for),
        FACT(a_store_of_a_later_version_is_left_alone),
        FACT(a_store_that_lost_its_schema_or_id_is_corrupt),
        FACT(it_can_be_read_while_another_process_writes),
        FACT(a_programs_own_tables_keep_small_things),
        FACT(a_full_map_loses_only_its_transaction_and_a_larger_one_goes_on),
        FACT(a_killed_writer_loses_nothing_that_was_durable),
        FACT(a_process_that_never_closed_leaves_exactly_what_it_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
