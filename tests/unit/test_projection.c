/* The log in batches: what a batch changes, and what it leaves behind when it does not come to its end. */
#include "hubd/view/projection.h"

#include "hubd/view/view_private.h"
#include "view_bench.h"

/* ---- what a batch changes */

static void an_author_that_moves_is_indexed_anew(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .title = "one" });
    catch_up(1000);
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .title = "two" });
    log_admit(&record_log, &dayton.feed.author, "us-fl-daytona", "1216525", 1);
    log_say(&record_log, &dayton, (struct said){ .nonce = 3, .title = "three" });
    catch_up(1000);
    assert_int_equal(total("state:OH"), 0);
    assert_int_equal(total("by:us-oh-dayton"), 0);
    assert_int_equal(total("state:FL geoid:1216525 by:us-fl-daytona"), 3);
}

static void a_rebuilt_view_answers_alike_however_it_is_cut(void **state)
{
    (void)state;
    static const size_t batches[] = { 1, 7, 64, 1000 };
    say_everything(400);
    catch_up(1000);
    AUTO(free_ptr) char *first = digest();
    for (size_t i = 0; i < 4; i++) {
        drop_view();
        catch_up(batches[i]);
        AUTO(free_ptr) char *again = digest();
        assert_string_equal(again, first);
    }
}

static void what_is_said_and_withdrawn_in_one_batch_leaves_no_term(void **state)
{
    (void)state;
    catch_up(1000);
    long long before = stat_of("terms");
    log_say(&record_log, &dayton, oiso());
    log_retract(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(stat_of("terms"), before);
    assert_int_equal(stat_of("withdrawn"), 1);
    assert_int_equal(total(""), 0);
}

/* ---- damage, and sudden ends */

/* Writes into a table of the closed view. */
static void overwrite(unsigned table, struct bytes key, struct bytes value)
{
    struct db_options options = { .folder = folder, .tables = view_tables, .map_bytes = MAP_BYTES };
    struct db *db;
    struct db_txn *txn;
    view_close(&view);
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_int_equal(db_write(db, &txn), E_OK);
    if (value.data != NULL)
        db_put(txn, table, key, value);
    else
        db_delete(txn, table, key);
    assert_int_equal(db_commit(&txn), E_OK);
    db_close(&db);
    open_view();
}

static void a_row_that_is_damaged_or_lost_is_not_made_a_second_time(void **state)
{
    (void)state;
    static const uint8_t ordinal[4];
    const struct bytes damages[] = { bytes_text("rotten"), { 0 } };
    for (size_t i = 0; i < 2; i++) {
        bool more;
        log_say(&record_log, &dayton, oiso());
        catch_up(1000);
        overwrite(VIEW_ENGAGEMENTS, BYTES(ordinal), damages[i]);
        log_say(&record_log, &dayton, oiso());
        log_commit(&record_log);
        assert_int_equal(view_advance(view, 1000, &more), E_CORRUPT);
        open_view(); /* and is made anew */
        assert_int_equal(view_cursor(view), 0);
        catch_up(1000);
        assert_int_equal(total(""), 1);
    }
}

static void a_damaged_speaker_stops_the_view(void **state)
{
    (void)state;
    static const uint8_t index[4];
    bool more;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    overwrite(VIEW_AUTHORS, BYTES(index), bytes_text("rotten"));
    log_say(&record_log, &dayton, oiso());
    log_commit(&record_log);
    assert_int_equal(view_advance(view, 1000, &more), E_CORRUPT);
    open_view();
    catch_up(1000);
    assert_int_equal(total(""), 1);
}

/* Takes in so many batches, and dies in the next. */
static int advance_and_die(void *context)
{
    const unsigned *batches = context;
    char path[200];
    bool more;
    snprintf(path, sizeof path, "%s/store", scratch);
    struct store_options options = { .folder = path, .map_bytes = 1ULL << 32, .log = true };
    struct store *store;
    struct store_view *log;
    struct db_txn *txn;
    if (store_open(&options, &store) != E_OK || view_open(folder, MAP_BYTES, store, &view) != E_OK)
        return 1;
    for (unsigned i = 0; i < *batches; i++)
        if (view_advance(view, 9, &more) != E_OK)
            return 2;
    struct meta meta;
    if (db_write(view->db, &txn) != E_OK || store_read(store, &log) != E_OK || meta_read(txn, &meta) != E_OK)
        return 3;
    struct speakers *speakers;
    struct names *names;
    size_t bytes;
    if (speakers_load(txn, &speakers) != E_OK || names_load(txn, &names) != E_OK)
        return 4;
    struct projection *projection = projection_new(txn, log, speakers, names, &meta);
    for (unsigned i = 0; i < 9; i++)
        if (projection_take(projection, &bytes) != E_OK)
            return 5;
    if (projection_finish(projection) != E_OK)
        return 6;
    meta_write(txn, &meta);
    return kill(getpid(), SIGKILL); /* written, and not committed */
}

static void a_view_that_was_killed_goes_on_behind_its_last_batch(void **state)
{
    (void)state;
    say_everything(200);
    catch_up(1000);
    AUTO(free_ptr) char *whole = digest();
    for (unsigned batches = 0; batches < 20; batches += 6) {
        drop_view();
        view_close(&view);
        store_close(&record_log.store);
        int status = scratch_child(advance_and_die, &batches);
        assert_true(WIFSIGNALED(status));
        char path[200];
        snprintf(path, sizeof path, "%s/store", scratch);
        struct store_options options = { .folder = path, .map_bytes = 1ULL << 32, .log = true };
        assert_int_equal(store_open(&options, &record_log.store), E_OK);
        open_view();
        assert_int_equal(view_cursor(view), batches * 9);
        catch_up(13);
        AUTO(free_ptr) char *again = digest();
        assert_string_equal(again, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(an_author_that_moves_is_indexed_anew),
        FACT(a_rebuilt_view_answers_alike_however_it_is_cut),
        FACT(what_is_said_and_withdrawn_in_one_batch_leaves_no_term),
        FACT(a_row_that_is_damaged_or_lost_is_not_made_a_second_time),
        FACT(a_damaged_speaker_stops_the_view),
        FACT(a_view_that_was_killed_goes_on_behind_its_last_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
