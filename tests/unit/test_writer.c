#include "hubd/writer.h"

#include "hub_bare.h"

static bool has_disk;

static int disk_up(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    has_disk = scratch_mount(48 << 20, 0);
    if (!has_disk)
        return 0;
    make_hub_home();
    struct options options = quick_options();
    return hub_open(hub_path, &options, &hub) == E_OK ? 0 : -1;
}

static int disk_down(void **state)
{
    if (!has_disk)
        return scratch_drop(state);
    hub_clear_up();
    scratch_unmount();
    return scratch_drop(state);
}

static void a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    char text[250];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    node_join(&node, "us-oh-dayton");
    options.store_map = 1 << 20;
    restart_hub(&options);
    while (node.feed.next < 4000)
        node_say(&node, VISIBLE_PUBLIC, text);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_int_equal(node.retry_after_ms, options.full_ms);
    uint64_t acked = node.acked_next;
    assert_true(acked < 4000);

    options.store_map = 64 << 20;
    restart_hub(&options);
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_true(store_feed(view, &node.home.author, &feed));
    assert_true(feed.next >= acked); /* what was acknowledged is there */
    store_done(&view);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 4000);
    node_clear(&node);
}

/* The disk itself, and while the hub runs. */
static void a_full_disk_is_waited_out(void **state)
{
    (void)state;
    if (!has_disk)
        skip();
    struct node node;
    node_join(&node, "us-oh-dayton");
    char junk[200], text[250];
    snprintf(junk, sizeof junk, "%s/junk", scratch);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    while (node.feed.next < 3000)
        node_say(&node, VISIBLE_PUBLIC, text);

    FILE *file = fopen(junk, "w");
    while (fwrite(text, 1, sizeof text, file) == sizeof text && fflush(file) == 0)
        continue;
    fclose(file);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    node_dial(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_true(writer_is_full(hub.writer));

    assert_int_equal(unlink(junk), 0);
    UNTIL(&node, !writer_is_full(hub.writer));
    UNTIL(&node, node.sync == NULL || node.down ? (node_dial(&node), false) : node.acked_next == 3000);
    node_clear(&node);
}

/* ---- groups, on a front without a thread */

static uint64_t commits(void)
{
    return atomic_load(&hub.counters.commits);
}

static void a_node_with(struct node *node, uint32_t records)
{
    node_join(node, "us-oh-dayton");
    for (uint32_t i = 0; i < records; i++)
        node_say(node, VISIBLE_PUBLIC, "tie");
    take_front();
}

/* The writer has waiting jobs, one record each, when it is let go. */
static void give_one_by_one(struct node *node, uint32_t records)
{
    hold_writer();
    for (uint32_t seq = 1; seq <= records; seq++)
        assert_true(verify_try(hub.verify, node_job(node, seq, 1)));
    WAIT_FOR(writer_waiting(hub.writer) == records);
}

static void jobs_that_wait_share_one_commit(void **state)
{
    (void)state;
    struct node node;
    a_node_with(&node, 50);
    give_one_by_one(&node, 50);
    uint64_t before = commits(), accepted = atomic_load(&hub.counters.accepted);
    assert_int_equal(stored(&node.home.author), 1);
    assert_int_equal(queue_items(bare.mail), 0); /* nothing is acknowledged that is not on the disk */
    release_writer();
    for (uint64_t next = 2; next <= 51; next++) {
        struct job *job = mail(JOB_RUN);
        assert_int_equal(job->next, next);
        assert_int_equal(stored(&node.home.author), 51); /* from the first answer on */
        job_free(job);
    }
    assert_int_equal(commits(), before + 1);
    assert_int_equal(atomic_load(&hub.counters.accepted), accepted + 50);
    struct member_live live;
    assert_true(members_get(hub.members, &node.home.author, NULL, &live));
    assert_int_equal(live.next, 51);
    assert_true(hash_equal(&live.head, &node.feed.head));
    node_clear(&node);
}

static void a_group_is_bounded_by_records(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    options.commit_records = 10;
    restart_hub(&options);
    a_node_with(&node, 35);
    give_one_by_one(&node, 35);
    uint64_t before = commits();
    release_writer();
    for (int i = 0; i < 35; i++)
        job_free(mail(JOB_RUN));
    assert_int_equal(commits(), before + 4);
    node_clear(&node);
}

static void a_group_is_bounded_by_bytes(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    options.commit_bytes = 3 * (ENTRY_BYTES + SALT_BYTES); /* reached by the third record */
    restart_hub(&options);
    a_node_with(&node, 9);
    give_one_by_one(&node, 9);
    uint64_t before = commits();
    release_writer();
    for (int i = 0; i < 9; i++)
        job_free(mail(JOB_RUN));
    assert_int_equal(commits(), before + 3);
    node_clear(&node);
}

/* ---- calls */

struct asking {
    enum err answer;
    bool is_committed, was_readable;
};

static enum err put_a_word(void *context, struct write *write)
{
    const struct asking *asking = context;
    if (asking->answer != E_OK)
        return (fail)(asking->answer, "it will not do");
    store_put(write->txn, STORE_META, bytes_text("test/word"), bytes_text("said"));
    return E_OK;
}

static void look_whether_it_is_there(void *context, struct hub *at)
{
    struct asking *asking = context;
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes value;
    asking->is_committed = true;
    asking->was_readable =
        store_read(at->store, &view) == E_OK && store_get(view, STORE_META, bytes_text("test/word"), &value);
}

static void a_call_is_durable_when_it_returns(void **state)
{
    (void)state;
    struct asking asking = { 0 };
    struct call call = { put_a_word, look_whether_it_is_there, &asking };
    assert_int_equal(writer_call(hub.writer, &call), E_OK);
    assert_true(asking.is_committed);
    assert_true(asking.was_readable);
}

static void a_call_that_refuses_says_so_and_spoils_nothing(void **state)
{
    (void)state;
    struct node node;
    a_node_with(&node, 1);
    struct asking asking = { .answer = E_EXISTS };
    struct call call = { put_a_word, look_whether_it_is_there, &asking };
    assert_int_equal(writer_call(hub.writer, &call), E_EXISTS);
    assert_string_equal(err_message(), "it will not do");
    assert_false(asking.is_committed);
    assert_int_equal(writer_generation(hub.writer), 0);
    struct job *job = verified(node_job(&node, 1, 1));
    assert_false(job->refused);
    job_free(job);
    node_clear(&node);
}

static enum err say_something(void *context, struct write *write)
{
    (void)context;
    return own_append(write->own, write->txn, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, bytes_text(""), NULL, NULL);
}

static void the_front_hears_of_the_offices_records_alone(void **state)
{
    (void)state;
    struct node node;
    a_node_with(&node, 1);
    job_free(verified(node_job(&node, 1, 1)));
    struct asking asking = { 0 };
    struct call quiet = { put_a_word, NULL, &asking }, speaks = { say_something, NULL, NULL };
    assert_int_equal(writer_call(hub.writer, &quiet), E_OK);
    assert_int_equal(writer_call(hub.writer, &speaks), E_OK);
    struct job *job = mail(JOB_NOTICE);
    assert_int_equal(job->notice, NOTICE_GROWN);
    assert_int_equal(job->next, stored(&hub.home.author));
    assert_true(job->next > bare.own.next);
    job_free(job);
    assert_int_equal(writer_call(hub.writer, &quiet), E_OK);
    assert_int_equal(queue_items(bare.mail), 0);
    node_clear(&node);
}

/* ---- a commit that fails */

static enum err put_too_much(void *context, struct write *write)
{
    (void)context;
    AUTO(buf_clear) struct buf large = { 0 };
    buf_reserve(&large, 8 << 20);
    memset(large.data, 'x', 8 << 20);
    store_put(write->txn, STORE_META, bytes_text("test/large"), bytes_of(large.data, 8 << 20));
    return E_OK;
}

static enum err put_nonsense(void *context, struct write *write)
{
    (void)context;
    store_put(write->txn, STORE_META, bytes_of(NULL, 0), bytes_text("under no key"));
    return E_OK;
}

struct other_call {
    struct call call;
    pthread_t thread;
    enum err err;
};

static void *make_call(void *context)
{
    struct other_call *other = context;
    other->err = writer_call(hub.writer, &other->call);
    return NULL;
}

static void small_map(uint64_t full_ms)
{
    struct options options = hub.options;
    options.store_map = 4 << 20;
    options.full_ms = full_ms;
    restart_hub(&options);
}

/* Records, an inception and a call in one group with what does not fit. */
static void a_group_without_room_fails_as_one_and_each_may_come_again(void **state)
{
    (void)state;
    struct node node, newcomer;
    small_map(3600000);
    node_make(&newcomer, "us-oh-akron");
    struct token token = invite_for("us-oh-akron", true);
    a_node_with(&node, 2);
    give_one_by_one(&node, 1);
    struct job *enrol = job_new(JOB_ENROL);
    enrol->key = invite_secret(&token).public_key;
    buf_bytes(&enrol->frame, buf_view(newcomer.packed[0]));
    enrol->records = buf_view(&enrol->frame);
    assert_true(verify_try(hub.verify, enrol));
    WAIT_FOR(writer_waiting(hub.writer) == 2);
    struct other_call large = { .call.run = put_too_much };
    pthread_create(&large.thread, NULL, make_call, &large);
    WAIT_FOR(writer_waiting(hub.writer) == 3);
    uint64_t before = commits();
    release_writer();
    pthread_join(large.thread, NULL);
    assert_int_equal(large.err, E_FULL);
    assert_int_equal(held.err, E_FULL); /* it was in that group, too */

    struct job *job = queue_take(bare.mail, PATIENCE_MS); /* before any answer, so that nobody asks in vain */
    assert_int_equal(job->kind, JOB_NOTICE);
    assert_int_equal(job->notice, NOTICE_FULL);
    job_free(job);
    job = mail(JOB_RUN);
    assert_true(job->refused);
    assert_int_equal(job->code, E_FULL);
    assert_int_equal(job->refused_seq, 1);
    assert_false(job->final);
    assert_int_equal(job->n_accepted, 0);
    job_free(job);
    job = mail(JOB_ENROL);
    assert_int_equal(job->verdict, SYNC_REJECT_FULL);
    assert_int_equal(job->retry_ms, 3600000);
    assert_false(job->member_changed || job->invite_changed);
    job_free(job);
    assert_true(writer_is_full(hub.writer));
    assert_int_equal(writer_generation(hub.writer), 1);
    assert_int_equal(commits(), before);
    assert_int_equal(stored(&node.home.author), 1);
    assert_int_equal(atomic_load(&hub.failure), E_OK);
    node_clear(&node);
    node_clear(&newcomer);
}

static void after_a_failed_commit_feeds_are_read_anew(void **state)
{
    (void)state;
    struct node node;
    small_map(3600000);
    a_node_with(&node, 2);
    give_one_by_one(&node, 1);
    struct other_call large = { .call.run = put_too_much };
    pthread_create(&large.thread, NULL, make_call, &large);
    WAIT_FOR(writer_waiting(hub.writer) == 2);
    release_writer();
    pthread_join(large.thread, NULL);
    job_free(mail(JOB_RUN));
    struct job *job = verified(node_job(&node, 2, 1)); /* goes on from what was lost */
    assert_int_equal(job->code, E_GAP);
    assert_false(job->final);
    job_free(job);
    job = verified(node_job(&node, 1, 2));
    assert_false(job->refused);
    assert_int_equal(job->next, 3);
    job_free(job);
    job = mail(JOB_NOTICE); /* a commit that succeeds is as good as a probe */
    assert_int_equal(job->notice, NOTICE_BACK);
    job_free(job);
    assert_false(writer_is_full(hub.writer));
    assert_int_equal(atomic_load(&hub.failure), E_OK); /* the verifier saw the gap, not the store */
    node_clear(&node);
}

static void what_was_verified_before_a_failed_commit_comes_again(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    options.commit_records = 1; /* the second is in a group of its own */
    options.store_map = 4 << 20;
    restart_hub(&options);
    a_node_with(&node, 2);
    hold_writer();
    struct other_call large = { .call.run = put_too_much };
    pthread_create(&large.thread, NULL, make_call, &large);
    WAIT_FOR(writer_waiting(hub.writer) == 1);
    for (uint64_t seq = 1; seq <= 2; seq++)
        assert_true(verify_try(hub.verify, node_job(&node, seq, 1)));
    WAIT_FOR(writer_waiting(hub.writer) == 3);
    release_writer();
    pthread_join(large.thread, NULL);
    struct job *first = mail(JOB_RUN), *second = mail(JOB_RUN);
    assert_int_equal(first->code, E_FULL);
    assert_int_equal(second->code, E_BUSY);
    assert_int_equal(second->refused_seq, 2);
    assert_false(second->final);
    job_free(first);
    job_free(second);
    assert_int_equal(stored(&node.home.author), 1);
    node_clear(&node);
}

/* The map has room, but for that one call: the next try succeeds, and the front is told. */
static void a_full_store_is_tried_again_by_itself(void **state)
{
    (void)state;
    small_map(20);
    take_front();
    struct call large = { .run = put_too_much };
    assert_int_equal(writer_call(hub.writer, &large), E_FULL);
    struct job *job = mail(JOB_NOTICE);
    assert_int_equal(job->notice, NOTICE_FULL);
    job_free(job);
    job = mail(JOB_NOTICE);
    assert_int_equal(job->notice, NOTICE_BACK);
    job_free(job);
    assert_false(writer_is_full(hub.writer));
}

static void a_store_that_fails_otherwise_ends_the_hub(void **state)
{
    (void)state;
    struct node node;
    a_node_with(&node, 1);
    give_one_by_one(&node, 1);
    struct other_call nonsense = { .call.run = put_nonsense };
    pthread_create(&nonsense.thread, NULL, make_call, &nonsense);
    WAIT_FOR(writer_waiting(hub.writer) == 2);
    release_writer();
    pthread_join(nonsense.thread, NULL);
    assert_int_equal(nonsense.err, E_TOO_BIG);
    struct job *job = mail(JOB_RUN);
    assert_int_equal(job->code, E_TOO_BIG);
    assert_false(job->final);
    job_free(job);
    assert_int_equal(atomic_load(&hub.failure), E_TOO_BIG);
    uint64_t count;
    assert_int_equal(read(hub.fail_fd, &count, sizeof count), sizeof count);
    assert_false(writer_is_full(hub.writer));
    assert_int_equal(stored(&node.home.author), 1);
    node_clear(&node);
}

static void a_writer_that_stops_commits_what_waits(void **state)
{
    (void)state;
    struct node node;
    a_node_with(&node, 30);
    for (uint64_t seq = 1; seq <= 30; seq++)
        assert_true(verify_try(hub.verify, node_job(&node, seq, 1)));
    verify_stop(hub.verify);
    writer_stop(&hub.writer);
    assert_null(hub.writer);
    verify_free(&hub.verify);
    assert_int_equal(writer_new(&hub, &hub.writer), E_OK); /* for hub_close */
    assert_int_equal(verify_new(&hub, &hub.verify), E_OK);
    assert_int_equal(stored(&node.home.author), 31);
    assert_int_equal(queue_items(bare.mail), 30);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room),
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_out, disk_up, disk_down),
        BARE(jobs_that_wait_share_one_commit),
        BARE(a_group_is_bounded_by_records),
        BARE(a_group_is_bounded_by_bytes),
        FACT(a_call_is_durable_when_it_returns),
        BARE(a_call_that_refuses_says_so_and_spoils_nothing),
        BARE(the_front_hears_of_the_offices_records_alone),
        BARE(a_group_without_room_fails_as_one_and_each_may_come_again),
        BARE(after_a_failed_commit_feeds_are_read_anew),
        BARE(what_was_verified_before_a_failed_commit_comes_again),
        BARE(a_full_store_is_tried_again_by_itself),
        BARE(a_store_that_fails_otherwise_ends_the_hub),
        BARE(a_writer_that_stops_commits_what_waits),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
