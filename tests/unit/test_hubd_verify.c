#include "hubd/verify.h"

#include "hub_bare.h"

#include "hubd/quarantine.h"

static void records_that_come_twice_are_acknowledged_twice(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "once");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 2);
    uint64_t size = log_size();
    node.has_last = false;
    send_batch(&node, 1, 1, buf_view(node.packed[1]));
    UNTIL(&node, node.has_last && node.last.type == SYNC_ACK);
    assert_int_equal(node.last.ack.next, 2);
    assert_int_equal(log_size(), size);
    assert_int_equal(counter("duplicate"), 1);
    node_clear(&node);
}

static void copies_of_records_on_their_way_to_the_disk_are_copies_too(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_connect(&node);
    for (int i = 0; i < 50; i++)
        node_say(&node, VISIBLE_PUBLIC, "twice");
    node.has_last = false;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        send_batch(&node, seq, 1, buf_view(node.packed[seq]));
        send_batch(&node, seq, 1, buf_view(node.packed[seq]));
    }
    UNTIL(&node, node.has_last && node.last.type == SYNC_ACK && node.last.ack.next == 51);
    UNTIL(&node, counter("accepted") == 50 && counter("duplicate") == 50);
    for (int code = E_OK + 1; code < E_COUNT; code++)
        assert_int_equal(atomic_load(&hub.counters.refused[code]), 0);
    node_clear(&node);
}

static void a_broken_record_is_refused_and_shown_to_the_operator(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "good");
    node_say(&node, VISIBLE_PUBLIC, "to be broken");
    node.packed[2]->data[60] ^= 1; /* in prev */
    node_connect(&node);
    UNTIL(&node, node.nacked != E_OK);
    assert_int_equal(node.nacked, E_BROKEN_CHAIN);
    assert_int_equal(node.nacked_seq, 2);
    assert_int_equal(node.acked_next, 2);
    ASK(asked);
    ask_with(&asked, "peer", "us-oh-dayton");
    assert_int_equal(ask(&asked, cmd_peer_show), E_OK);
    json_t *refused = json_object_get(asked.answer.body, "refused");
    assert_int_equal(json_integer_value(json_object_get(refused, "seq")), 2);
    assert_string_equal(json_string_value(json_object_get(refused, "code")), err_name(E_BROKEN_CHAIN));
    assert_int_equal(counter("strikes"), 1);
    node_clear(&node);
}

static void a_local_payload_is_not_kept(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_LOCAL, "leaked by a broken node");
    node_say(&node, VISIBLE_FEDERAL, "for the hub alone");
    node_connect(&node);
    UNTIL(&node, node.acked_next == 3);
    AUTO(store_done) struct store_view *view = NULL;
    struct record record;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    at_position(4, &record, view);
    assert_int_equal(record_visibility(&record), VISIBLE_LOCAL);
    assert_false(record.has_payload);
    at_position(5, &record, view);
    assert_true(record.has_payload);
    node_clear(&node);
}

/* ---- one job at a time, on a front without a thread */

static void refused(struct job *job, enum err code, uint64_t seq, bool final)
{
    uint64_t before = atomic_load(&hub.counters.refused[code]);
    job = verified(job);
    assert_true(job->refused);
    if (job->code != code)
        fail_msg("%s: %s", err_name(job->code), job->text);
    assert_int_equal(job->refused_seq, seq);
    assert_int_equal(job->final, final);
    assert_int_equal(job->n_accepted, 0);
    assert_int_equal(atomic_load(&hub.counters.refused[code]), before + 1);
    job_free(job);
}

static bool is_quarantined(const struct node *node, uint64_t seq)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct quarantined row;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    return quarantine_get(view, &node->home.author, &row) == E_OK && row.seq == seq;
}

static void a_feed_without_an_inception_is_unknown(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "from nobody");
    take_front();
    refused(node_job(&node, 1, 1), E_UNKNOWN_AUTHOR, 1, true);
    assert_false(is_quarantined(&node, 1));
    node_clear(&node);
}

static void a_run_has_as_many_records_as_it_says(void **state)
{
    (void)state;
    static const uint32_t lies[] = { 1, 3, 4, 65536, UINT32_MAX };
    struct node node;
    node_join(&node, "us-oh-dayton");
    char text[201] = { 0 };
    memset(text, 'x', sizeof text - 1); /* so that there is room for four in the bytes of two */
    node_say(&node, VISIBLE_PUBLIC, text);
    node_say(&node, VISIBLE_PUBLIC, text);
    take_front();
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct job *job = node_job(&node, 1, 2);
        job->count = lies[i];
        job = verified(job);
        assert_int_equal(job->code, E_MALFORMED);
        assert_true(job->final);
        /* what could be read is taken; a count that cannot be true is not even made room for */
        assert_int_equal(job->refused_seq, lies[i] == 1 ? 2 : lies[i] <= 4 ? 3 : 1);
        job_free(job);
    }
    assert_int_equal(stored(&node.home.author), 3);
    node_clear(&node);
}

static void a_run_cut_anywhere_is_malformed_from_there(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "one");
    take_front();
    struct bytes whole = buf_view(node.packed[1]);
    for (size_t len = 0; len < whole.len; len++)
        refused(run_job(&node.home.author, 1, 1, bytes_of(whole.data, len)), E_MALFORMED, 1, true);
    assert_int_equal(stored(&node.home.author), 1);
    struct job *job = verified(node_job(&node, 1, 1)); /* and none of it stands in the way of the whole */
    assert_false(job->refused);
    assert_int_equal(job->next, 2);
    job_free(job);
    node_clear(&node);
}

static void records_are_whose_and_where_the_run_says(void **state)
{
    (void)state;
    struct node node, other;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    node_say(&node, VISIBLE_PUBLIC, "one");
    node_say(&node, VISIBLE_PUBLIC, "two");
    take_front();
    refused(run_job(&other.home.author, 1, 1, buf_view(node.packed[1])), E_MALFORMED, 1, true);
    refused(run_job(&node.home.author, 7, 1, buf_view(node.packed[1])), E_MALFORMED, 7, true);
    AUTO(buf_clear) struct buf swapped = { 0 };
    buf_bytes(&swapped, buf_view(node.packed[2]));
    buf_bytes(&swapped, buf_view(node.packed[1]));
    refused(run_job(&node.home.author, 1, 2, buf_view(&swapped)), E_MALFORMED, 1, true);
    node_clear(&node);
    node_clear(&other);
}

static void a_gap_waits_for_what_is_missing(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "one");
    node_say(&node, VISIBLE_PUBLIC, "two");
    take_front();
    refused(node_job(&node, 2, 1), E_GAP, 1, false);
    assert_false(is_quarantined(&node, 1));
    job_free(verified(node_job(&node, 1, 2)));
    assert_int_equal(stored(&node.home.author), 3);
    node_clear(&node);
}

/* A record whose signature is spoiled, at the end of a run: it may be vouched for by the next. */
static void what_is_vouched_for_later_is_not_refused_for_good(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 3; i++)
        node_say(&node, VISIBLE_PUBLIC, "tie");
    node.packed[2]->data[ENTRY_BYTES - 1] ^= 1;
    take_front();
    struct job *job = verified(node_job(&node, 1, 2));
    assert_int_equal(job->code, E_BAD_SIGNATURE);
    assert_int_equal(job->refused_seq, 2);
    assert_false(job->final);
    assert_int_equal(job->n_accepted, 1); /* what stood before it is in */
    assert_int_equal(job->next, 2);
    job_free(job);
    assert_false(is_quarantined(&node, 2));
    node_clear(&node);
}

static void a_poisoned_feed_is_kept_once_and_stops_no_other(void **state)
{
    (void)state;
    struct node node, other;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    node_say(&node, VISIBLE_PUBLIC, "poison");
    node_say(&other, VISIBLE_PUBLIC, "sound");
    node.packed[1]->data[60] ^= 1; /* in prev */
    take_front();
    struct job *job = verified(node_job(&node, 1, 1));
    assert_int_equal(job->code, E_BROKEN_CHAIN);
    assert_true(job->keep_refusal);
    job_free(job);
    assert_true(is_quarantined(&node, 1));
    uint64_t commits = atomic_load(&hub.counters.commits);
    for (int i = 0; i < 5; i++) {
        job = verified(node_job(&node, 1, 1)); /* again: counted, but neither kept nor logged */
        assert_true(job->refused);
        assert_false(job->keep_refusal);
        job_free(job);
    }
    assert_int_equal(atomic_load(&hub.counters.refused[E_BROKEN_CHAIN]), 6);
    assert_int_equal(atomic_load(&hub.counters.commits), commits);

    job = verified(node_job(&other, 1, 1));
    assert_false(job->refused);
    assert_int_equal(job->next, 2);
    job_free(job);
    node_clear(&node);
    node_clear(&other);
}

/* A record that stands elsewhere, signed by nobody, is not the author's fork. */
static void a_fork_that_nobody_vouches_for_is_a_bad_signature(void **state)
{
    (void)state;
    struct node node;
    uint8_t salt[SALT_BYTES] = { 9 };
    node_join(&node, "us-oh-dayton");
    struct feed before = node.feed;
    node_say(&node, VISIBLE_PUBLIC, "this");
    take_front();
    job_free(verified(node_job(&node, 1, 1)));
    AUTO(buf_clear) struct buf twin = { 0 };
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(feed_append(&before, &node.home.record, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, 1, salt,
                                 engagement_payload(1, "that", &payload), &twin),
                     E_OK);
    twin.data[ENTRY_BYTES - 1] ^= 1;
    refused(run_job(&node.home.author, 1, 1, buf_view(&twin)), E_BAD_SIGNATURE, 1, false);
    twin.data[ENTRY_BYTES - 1] ^= 1;
    struct job *job = verified(run_job(&node.home.author, 1, 1, buf_view(&twin)));
    assert_int_equal(job->code, E_FORK);
    assert_true(job->final);
    job_free(job);
    assert_int_equal(stored(&node.home.author), 2);
    node_clear(&node);
}

static void copies_are_acknowledged_behind_what_they_copy(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "one");
    take_front();
    hold_writer();
    assert_true(verify_try(hub.verify, node_job(&node, 1, 1)));
    assert_true(verify_try(hub.verify, node_job(&node, 1, 1)));
    WAIT_FOR(writer_waiting(hub.writer) == 2); /* the copy waits for the commit, too */
    assert_int_equal(queue_items(bare.mail), 0);
    release_writer();
    for (int i = 0; i < 2; i++) {
        struct job *job = mail(JOB_RUN);
        assert_false(job->refused);
        assert_int_equal(job->next, 2);
        assert_int_equal(job->n_accepted, i == 0 ? 1 : 0);
        job_free(job);
    }
    assert_int_equal(atomic_load(&hub.counters.duplicate), 1);
    job_free(verified(node_job(&node, 1, 1))); /* of what is durable: at once */
    node_clear(&node);
}

/* ---- fetching */

static struct job *fetch_job(const struct hash *author, uint64_t from, uint32_t max_bytes, bool whole)
{
    struct job *job = job_new(JOB_FETCH);
    job->author = *author;
    job->seq = from;
    job->max_bytes = max_bytes;
    job->whole = whole;
    return verified(job);
}

static void payloads_go_to_their_author_whole_and_to_others_if_public(void **state)
{
    (void)state;
    static const bool is_public[] = { true, true, false, true };
    struct node node;
    struct record record;
    node_join(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "for all");
    node_say(&node, VISIBLE_FEDERAL, "for the hub");
    node_say(&node, VISIBLE_PUBLIC, "for all");
    take_front();
    job_free(verified(node_job(&node, 1, 3)));
    for (int whole = 0; whole < 2; whole++) {
        /* the inception stands alone; records go on behind it */
        struct job *job = fetch_job(&node.home.author, 1, MAX_BATCH_BYTES, whole);
        assert_int_equal(job->count, 3);
        struct bytes rest = buf_view(&job->out);
        for (int i = 1; i <= 3; i++) {
            assert_int_equal(run_next(&rest, &record), E_OK);
            assert_int_equal(record.header.seq, i);
            assert_int_equal(record.has_payload, whole || is_public[i]);
        }
        assert_int_equal(rest.len, 0);
        job_free(job);
    }
    node_clear(&node);
}

static void a_fetch_is_bounded_and_gives_at_least_one(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 3; i++)
        node_say(&node, VISIBLE_PUBLIC, "tie");
    take_front();
    job_free(verified(node_job(&node, 1, 3)));
    uint32_t one = (uint32_t)node.packed[1]->len;
    struct hash nobody = { { 7 } };
    const struct {
        const struct hash *author;
        uint64_t from;
        uint32_t max_bytes, count;
    } cases[] = {
        { &node.home.author, 1, 1, 1 },
        { &node.home.author, 1, 2 * one - 1, 1 },
        { &node.home.author, 1, 2 * one, 2 },
        { &node.home.author, 3, 9 * one, 1 },
        { &node.home.author, 4, one, 0 },
        { &node.home.author, UINT64_MAX, one, 0 },
        { &nobody, 0, one, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct job *job = fetch_job(cases[i].author, cases[i].from, cases[i].max_bytes, true);
        assert_int_equal(job->count, cases[i].count);
        assert_int_equal(job->out.len, cases[i].count * one);
        job_free(job);
    }
    node_clear(&node);
}

/* ---- inceptions, and the queues */

static void an_inception_that_is_none_goes_no_further(void **state)
{
    (void)state;
    struct node node;
    node_make(&node, "us-oh-dayton");
    node_say(&node, VISIBLE_PUBLIC, "one");
    take_front();
    uint64_t commits = atomic_load(&hub.counters.commits);
    for (int i = 0; i < 3; i++) {
        struct job *job = job_new(JOB_ENROL);
        struct bytes inception = buf_view(node.packed[i == 1 ? 1 : 0]);
        buf_bytes(&job->frame, i == 2 ? bytes_of(inception.data, inception.len - 1) : inception);
        if (i == 0)
            job->frame.data[ENTRY_BYTES - 1] ^= 1; /* of its signature */
        job->records = buf_view(&job->frame);
        job = verified(job);
        assert_int_equal(job->verdict, SYNC_REJECT_PROTOCOL);
        assert_string_not_equal(job->text, "");
        job_free(job);
    }
    assert_int_equal(atomic_load(&hub.counters.commits), commits);
    node_clear(&node);
}

static void a_full_queue_leaves_the_job_to_its_owner(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    options.verifiers = 1;
    options.queue_bytes = 1;
    restart_hub(&options);
    node_join(&node, "us-oh-dayton");
    take_front();
    fill_up(&node);
    node_say(&node, VISIBLE_PUBLIC, "one too many");
    struct job *job = node_job(&node, 4, 1);
    assert_false(verify_try(hub.verify, job));
    assert_int_equal(verify_waiting(hub.verify), 1);
    release_writer();
    for (uint64_t next = 2; next <= 4; next++) {
        struct job *answered = mail(JOB_RUN);
        assert_int_equal(answered->next, next);
        job_free(answered);
    }
    job = verified(job);
    assert_int_equal(job->next, 5);
    job_free(job);
    node_clear(&node);
}

static void what_is_under_way_when_verifying_stops_is_finished(void **state)
{
    (void)state;
    struct node node;
    node_join(&node, "us-oh-dayton");
    for (int i = 0; i < 100; i++)
        node_say(&node, VISIBLE_PUBLIC, "tie");
    take_front();
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_true(verify_try(hub.verify, node_job(&node, seq, 1)));
    verify_stop(hub.verify);
    for (uint64_t next = 2; next <= 101; next++) {
        struct job *job = mail(JOB_RUN);
        assert_int_equal(job->next, next);
        job_free(job);
    }
    verify_free(&hub.verify);
    assert_int_equal(stored(&node.home.author), 101);
    assert_int_equal(verify_new(&hub, &hub.verify), E_OK); /* for hub_close */
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, hub_up, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_that_come_twice_are_acknowledged_twice),
        FACT(copies_of_records_on_their_way_to_the_disk_are_copies_too),
        FACT(a_broken_record_is_refused_and_shown_to_the_operator),
        FACT(a_local_payload_is_not_kept),
        BARE(a_feed_without_an_inception_is_unknown),
        BARE(a_run_has_as_many_records_as_it_says),
        BARE(a_run_cut_anywhere_is_malformed_from_there),
        BARE(records_are_whose_and_where_the_run_says),
        BARE(a_gap_waits_for_what_is_missing),
        BARE(what_is_vouched_for_later_is_not_refused_for_good),
        BARE(a_poisoned_feed_is_kept_once_and_stops_no_other),
        BARE(a_fork_that_nobody_vouches_for_is_a_bad_signature),
        BARE(copies_are_acknowledged_behind_what_they_copy),
        BARE(payloads_go_to_their_author_whole_and_to_others_if_public),
        BARE(a_fetch_is_bounded_and_gives_at_least_one),
        BARE(an_inception_that_is_none_goes_no_further),
        BARE(a_full_queue_leaves_the_job_to_its_owner),
        BARE(what_is_under_way_when_verifying_stops_is_finished),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
