/* What becomes of a refusal whose row could not be written. */
#include "hubd/quarantine.h"

#include "hub_bare.h"

/* A store with little room, and a node whose next record is poisoned. */
static void poisoned_node(struct node *node, uint64_t full_ms)
{
    struct options options = hub.options;
    options.store_map = 4 << 20;
    options.full_ms = full_ms;
    restart_hub(&options);
    node_join(node, "us-oh-dayton");
    node_say(node, VISIBLE_PUBLIC, "poison");
    node->packed[1]->data[60] ^= 1; /* in prev */
    take_front();
}

static bool is_quarantined(const struct node *node)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct quarantined row;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    return quarantine_get(view, &node->home.author, &row) == E_OK && row.seq == 1;
}

/* Pieces of 16 KiB, first .. last-1, are laid into the store, or taken out of it. */
struct pieces {
    uint32_t first, last;
    bool out;
};

static enum err move_pieces(void *context, struct write *write)
{
    static const uint8_t piece[16384];
    const struct pieces *pieces = context;
    for (uint32_t i = pieces->first; i < pieces->last; i++) {
        uint8_t key[10] = "piece";
        put_u32(key + 6, i);
        if (pieces->out)
            store_delete(write->txn, STORE_META, BYTES(key));
        else
            store_put(write->txn, STORE_META, BYTES(key), BYTES(piece));
    }
    return E_OK;
}

static enum err move(uint32_t first, uint32_t last, bool out)
{
    struct pieces pieces = { first, last, out };
    struct call call = { .run = move_pieces, .context = &pieces };
    return writer_call(hub.writer, &call);
}

static unsigned percent_used(void)
{
    struct db_usage usage;
    assert_int_equal(db_usage(store_db(hub.store), &usage), E_OK);
    return room_percent(&usage);
}

struct too_much {
    pthread_t thread;
    enum err err;
};

static void *lay_too_much(void *context)
{
    struct too_much *too_much = context;
    too_much->err = move(0, 256, false);
    return NULL;
}

static void refused_as_full(struct job *job)
{
    assert_true(job->refused);
    assert_int_equal(job->code, E_FULL);
    assert_false(job->final);
    job_free(job);
}

static void kept_the_next_time(struct node *node)
{
    struct job *job = verified(node_job(node, 1, 1));
    assert_int_equal(job->code, E_BROKEN_CHAIN);
    assert_true(job->final);
    job_free(job);
    assert_true(is_quarantined(node));
}

static void a_refusal_in_a_group_that_failed_is_kept_the_next_time(void **state)
{
    (void)state;
    struct node node;
    struct too_much too_much;
    poisoned_node(&node, 3600000);
    hold_writer();
    assert_true(verify_try(hub.verify, node_job(&node, 1, 1)));
    WAIT_FOR(writer_waiting(hub.writer) == 1);
    assert_int_equal(pthread_create(&too_much.thread, NULL, lay_too_much, &too_much), 0);
    WAIT_FOR(writer_waiting(hub.writer) == 2);
    release_writer();
    pthread_join(too_much.thread, NULL);
    assert_int_equal(too_much.err, E_FULL);
    refused_as_full(mail(JOB_RUN));
    assert_false(is_quarantined(&node));
    kept_the_next_time(&node);
    node_clear(&node);
}

static void a_refusal_that_was_turned_away_is_kept_the_next_time(void **state)
{
    (void)state;
    struct node node;
    uint32_t pieces = 0;
    poisoned_node(&node, 20);
    for (; percent_used() < 96; pieces++)
        assert_int_equal(move(pieces, pieces + 1, false), E_OK);
    WAIT_FOR(move(0, 0, false) == E_OK && writer_room(hub.writer) == ROOM_FULL);
    refused_as_full(verified(node_job(&node, 1, 1)));
    assert_int_equal(writer_generation(hub.writer), 1);
    assert_false(is_quarantined(&node));
    assert_int_equal(move(0, pieces, true), E_OK);
    WAIT_FOR(!writer_is_full(hub.writer));
    kept_the_next_time(&node);
    node_clear(&node);
}

#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(a_refusal_in_a_group_that_failed_is_kept_the_next_time),
        BARE(a_refusal_that_was_turned_away_is_kept_the_next_time),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
