#include "daemon/scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node_help.h"

#include "daemon/checks.h"

struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
};

static int bench_make(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    assert_int_equal(id_init(), E_OK);
    if (scratch_make(state) != 0)
        return -1;
    b->options = test_options();
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    return node_open(&b->options, &b->home, buf_view(&b->inception), &b->node) == E_OK ? 0 : -1;
}

static int bench_drop(void **state)
{
    struct bench *b = *state;
    node_close(&b->node);
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static bool syncs_fail;

/* For LMDB, in place of libc's. */
int fdatasync(int fd)
{
    if (!syncs_fail)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

/* What the store's check says: "ok", "warn" or "crit". */
static const char *state_of_store(struct bench *b)
{
    static char state[8];
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    json_t *checks = checks_run(b->node, view), *check;
    size_t i;
    json_array_foreach(checks, i, check)
    {
        if (strcmp(json_string_value(json_object_get(check, "name")), "store") == 0)
            snprintf(state, sizeof state, "%s", json_string_value(json_object_get(check, "state")));
    }
    json_decref(checks);
    return state;
}

static void reopen(struct bench *b)
{
    node_close(&b->node);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_OK);
}

/* The record at seq, copied out of the store: payload in *payload. */
static struct header stored(struct bench *b, uint64_t seq, struct buf *payload)
{
    AUTO(store_done) struct store_view *view = NULL;
    uint64_t position;
    struct bytes entry, salted;
    struct record record;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(store_locate(view, &b->home.author, seq, &position), E_OK);
    assert_int_equal(store_at(view, position, &entry, &salted), E_OK);
    assert_int_equal(record_parse(entry, &record), E_OK);
    assert_true(record_open(&record, salted));
    assert_true(record_verify(&record, &b->home.inception.record_key));
    payload->len = 0;
    buf_bytes(payload, record.payload);
    return record.header;
}

static enum err amend(struct node *node, const uint8_t engagement[static 16], struct bytes payload,
                      uint32_t change, struct author_result *result)
{
    struct author_request request = { .act = AUTHOR_AMEND, .payloads = &payload, .count = 1, .why = change };
    memcpy(request.engagement, engagement, 16);
    return scribe_write(node, &request, result);
}

static enum err retract(struct node *node, const uint8_t engagement[static 16], uint32_t reason,
                        const char *note, struct author_result *result)
{
    struct author_request request = { .act = AUTHOR_RETRACT, .why = reason, .note = note };
    memcpy(request.engagement, engagement, 16);
    return scribe_write(node, &request, result);
}

static void what_was_answered_is_there_after_a_restart(void **state)
{
    struct bench *b = *state;
    struct author_result result;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 1, "Osaka", &result), E_OK);
    assert_int_equal(result.seq, 1);
    assert_int_equal(result.outcome, AUTHOR_ADDED);
    reopen(b);
    assert_int_equal(b->node->feed.next, 2);
    assert_true(hash_equal(&b->node->feed.head, &result.id));
    AUTO(buf_clear) struct buf payload = { 0 }, expected = { 0 };
    struct header header = stored(b, 1, &payload);
    assert_int_equal(header.payload_type, TYPE_ENGAGEMENT);
    assert_true(bytes_equal(buf_view(&payload), engagement_payload(1, "Osaka", &expected)));
}

static void many_payloads_share_one_commit(void **state)
{
    struct bench *b = *state;
    struct buf payloads[5] = { { 0 } };
    struct bytes views[5];
    struct author_result results[5];
    for (uint8_t i = 0; i < 5; i++)
        views[i] = engagement_payload((uint8_t)(i + 1), "tie", &payloads[i]);
    struct author_request put = { .type = TYPE_ENGAGEMENT, .payloads = views, .count = 5 };
    assert_int_equal(scribe_write(b->node, &put, results), E_OK);
    assert_int_equal(b->node->counters.commits, 1);
    assert_int_equal(b->node->counters.written, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(results[i].seq, i + 1);
        buf_clear(&payloads[i]);
    }
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(stored(b, 5, &payload).seq, 5);
}

static void the_same_again_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct author_result first, again;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 1, "Osaka", &first), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 1, "Osaka", &again), E_OK);
    assert_int_equal(again.outcome, AUTHOR_UNCHANGED);
    assert_int_equal(again.seq, first.seq);
    assert_memory_equal(again.engagement, first.engagement, 16);
    assert_true(hash_equal(&again.id, &first.id));
    assert_int_equal(b->node->feed.next, 2);
    assert_int_equal(b->node->counters.commits, 1);
}

static void something_else_about_the_same_amends_it(void **state)
{
    struct bench *b = *state;
    struct author_result first, again;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct statement_head head;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 1, "Osaka", &first), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 1, "Osaka City", &again), E_OK);
    assert_int_equal(again.outcome, AUTHOR_AMENDED);
    assert_int_equal(again.seq, 2);
    assert_memory_equal(again.engagement, first.engagement, 16);
    stored(b, 2, &payload);
    assert_int_equal(statement_head(buf_view(&payload), &head), E_OK);
    assert_int_equal(head.amends, 1);
    /* and the amendment is the current statement from then on */
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, true, 1, "Osaka City", &again), E_OK);
    assert_int_equal(again.outcome, AUTHOR_UNCHANGED);
    assert_int_equal(again.seq, 2);
}

static void one_call_may_speak_twice_about_the_same(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf one = { 0 }, two = { 0 };
    struct bytes views[3] = { engagement_payload(7, "Lyon", &one), engagement_payload(7, "Lyon, FR", &two) };
    struct author_result results[3];
    views[2] = views[1];
    struct author_request put = { .type = TYPE_ENGAGEMENT, .upsert = true, .payloads = views, .count = 3 };
    assert_int_equal(scribe_write(b->node, &put, results), E_OK);
    assert_int_equal(results[0].outcome, AUTHOR_ADDED);
    assert_int_equal(results[1].outcome, AUTHOR_AMENDED);
    assert_int_equal(results[2].outcome, AUTHOR_UNCHANGED);
    assert_int_equal(results[2].seq, 2);
    assert_int_equal(b->node->feed.next, 3);
}

static void adding_twice_is_a_conflict_and_writes_nothing(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf fresh = { 0 }, old = { 0 };
    put_ok(b->node, 1, "Osaka");
    struct bytes views[2] = { engagement_payload(2, "Kyoto", &fresh), engagement_payload(1, "Osaka", &old) };
    struct author_result results[2];
    struct author_request put = { .type = TYPE_ENGAGEMENT, .payloads = views, .count = 2 };
    assert_int_equal(scribe_write(b->node, &put, results), E_EXISTS);
    assert_int_equal(b->node->feed.next, 2);
    put_ok(b->node, 2, "Kyoto");
    reopen(b);
    assert_int_equal(b->node->feed.next, 3);
}

static void a_payload_without_a_subject_is_malformed(void **state)
{
    struct bench *b = *state;
    struct author_result result;
    struct bytes bad[] = { { (const uint8_t *)"\x18\x01", 2 }, { (const uint8_t *)"\xff\xff", 2 } };
    for (size_t i = 0; i < 2; i++) {
        struct author_request put = { .type = TYPE_ENGAGEMENT, .payloads = &bad[i], .count = 1 };
        assert_int_equal(scribe_write(b->node, &put, &result), E_MALFORMED);
    }
    assert_int_equal(b->node->feed.next, 1);
}

static void only_statements_can_be_added(void **state)
{
    struct bench *b = *state;
    struct author_result result;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes view = engagement_payload(1, "x", &payload);
    uint32_t types[] = { 0, TYPE_RETRACTION, TYPE_INCEPTION, TYPE_ADMISSION };
    for (size_t i = 0; i < 4; i++) {
        struct author_request put = { .type = types[i], .payloads = &view, .count = 1 };
        assert_int_equal(scribe_write(b->node, &put, &result), E_USAGE);
    }
}

static void an_amendment_keeps_subject_and_visibility(void **state)
{
    struct bench *b = *state;
    struct author_result first, result;
    AUTO(buf_clear) struct buf payload = { 0 }, wanted = { 0 };
    uint8_t subject[16];
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, false, 3, "Gwangju", &first), E_OK);
    engagement_payload(9, "Gwangju, KR", &wanted); /* its nonce is not taken */
    assert_int_equal(amend(b->node, first.engagement, buf_view(&wanted), 3, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_AMENDED);
    struct header header = stored(b, 2, &payload);
    assert_int_equal(header.flags, VISIBLE_FEDERAL);
    assert_int_equal(statement_subject(&b->home.author, buf_view(&payload), subject), E_OK);
    assert_memory_equal(subject, first.engagement, 16);

    uint8_t nobody[16] = { 1 };
    assert_int_equal(amend(b->node, nobody, buf_view(&wanted), 2, &result), E_NOT_FOUND);
}

static void a_retraction_ends_what_can_be_said(void **state)
{
    struct bench *b = *state;
    struct author_result first, result;
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, false, 3, "Gwangju", &first), E_OK);
    assert_int_equal(retract(b->node, first.engagement, 2, "twice", &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_RETRACTED);
    struct header header = stored(b, 2, &payload);
    assert_int_equal(header.payload_type, TYPE_RETRACTION);
    assert_int_equal(header.flags, VISIBLE_FEDERAL);
    assert_int_equal(retract(b->node, first.engagement, 2, "", &result), E_EXISTS);
    assert_int_equal(amend(b->node, first.engagement, buf_view(&payload), 2, &result), E_UNMET);
    assert_int_equal(b->node->feed.next, 3);
}

static void reading_a_source_again_brings_back_nothing_retracted(void **state)
{
    struct bench *b = *state;
    struct author_result first, retraction, again;
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, true, 3, "Gwangju", &first), E_OK);
    assert_int_equal(retract(b->node, first.engagement, 1, "", &retraction), E_OK);
    const char *const titles[] = { "Gwangju", "Gwangju, KR" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, true, 3, titles[i], &again), E_OK);
        assert_int_equal(again.outcome, AUTHOR_RETRACTED);
        assert_int_equal(again.seq, retraction.seq);
        assert_true(hash_equal(&again.id, &retraction.id));
        assert_memory_equal(again.engagement, first.engagement, 16);
    }
    assert_int_equal(b->node->feed.next, 3);
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, false, 3, "Gwangju", &again), E_EXISTS);
}

static void an_engagement_is_found_by_its_prefix(void **state)
{
    struct bench *b = *state;
    struct author_result first;
    uint8_t low[16], high[16], found[16];
    char id[ID16_TEXT_LEN + 1];
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 3, "Gwangju", &first), E_OK);
    put_ok(b->node, 4, "Bilbao");
    id16_encode(first.engagement, id);
    id[8] = 0;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_int_equal(id16_range(id, low, high), E_OK);
    assert_int_equal(author_find(view, low, high, found), E_OK);
    assert_memory_equal(found, first.engagement, 16);
    memset(low, 0, 16);
    memset(high, 0xff, 16);
    assert_int_equal(author_find(view, low, high, found), E_UNMET);
    memset(high, 0, 16);
    assert_int_equal(author_find(view, low, high, found), E_NOT_FOUND);
}

static enum err fill(struct node *node)
{
    enum err err = E_OK;
    char title[200];
    memset(title, 'x', sizeof title);
    title[120] = 0;
    for (unsigned i = 0; i < 100000 && err == E_OK; i++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        struct author_result result;
        engagement_payload(0, title, &payload);
        put_u32(payload.data + 2, i);
        struct bytes view = buf_view(&payload);
        struct author_request put = { .type = TYPE_ENGAGEMENT, .payloads = &view, .count = 1 };
        err = scribe_write(node, &put, &result);
    }
    return err;
}

static void a_full_map_is_named_and_loses_nothing(void **state)
{
    struct bench *b = *state;
    b->options.map_bytes = 1 << 20;
    reopen(b);
    assert_int_equal(fill(b->node), E_FULL);
    uint64_t held = b->node->feed.next;
    struct hash head = b->node->feed.head;
    assert_true(held > 100);
    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(stored(b, held - 1, &payload).seq, held - 1);

    b->options.map_bytes = 16 << 20;
    reopen(b);
    assert_int_equal(b->node->feed.next, held);
    assert_true(hash_equal(&b->node->feed.head, &head));
    put_ok(b->node, 0xee, "room again");
    assert_int_equal(b->node->feed.next, held + 1);
}

/* A node of its own on a small disk, laid over the scratch folder. False: not allowed to mount. */
static bool move_to_disk(struct bench *b, size_t bytes)
{
    node_close(&b->node);
    if (!scratch_mount(bytes, 0))
        return false;
    b->options.map_bytes = 1 << 30;
    assert_int_equal(dir_make(b->home.path, 0700), E_OK);
    assert_int_equal(node_open(&b->options, &b->home, buf_view(&b->inception), &b->node), E_OK);
    return true;
}

static void a_full_disk_refuses_records_and_nothing_else(void **state)
{
    struct bench *b = *state;
    if (!move_to_disk(b, 4 << 20))
        skip();
    char path[160];
    snprintf(path, sizeof path, "%s/other", scratch);
    int other = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(posix_fallocate(other, 0, 2 << 20), 0);
    assert_int_equal(fill(b->node), E_FULL);
    uint64_t held = b->node->feed.next;
    assert_true(held > 100);

    AUTO(buf_clear) struct buf payload = { 0 };
    assert_int_equal(stored(b, held - 1, &payload).seq, held - 1);
    b->node->options.full_ms = 0;
    node_turn(b->node, clock_mono_ms());
    assert_string_equal(state_of_store(b), "crit");
    assert_int_equal(node_failure(b->node), E_OK);

    assert_int_equal(ftruncate(other, 0), 0);
    node_turn(b->node, clock_mono_ms());
    assert_string_equal(state_of_store(b), "ok");
    put_ok(b->node, 0xee, "room again");
    reopen(b);
    assert_int_equal(b->node->feed.next, held + 1);
    close(other);
    node_close(&b->node);
    scratch_unmount();
}

static void a_failed_sync_is_the_end_of_a_node(void **state)
{
    struct bench *b = *state;
    struct author_result result;
    put_ok(b->node, 1, "Osaka");
    assert_string_equal(state_of_store(b), "ok");
    syncs_fail = true;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 2, "Kyoto", &result), E_IO);
    syncs_fail = false;
    assert_int_equal(b->node->feed.next, 2);
    assert_int_equal(node_failure(b->node), E_IO);
    assert_non_null(strstr(err_message(), "cannot commit"));
    assert_string_equal(state_of_store(b), "crit");
    /* It stays the first reason, whatever fails behind it. */
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 2, "Kyoto", &result), E_IO);
    assert_int_equal(node_failure(b->node), E_IO);
    assert_non_null(strstr(err_message(), "cannot commit"));

    reopen(b);
    assert_int_equal(node_failure(b->node), E_OK);
    put_ok(b->node, 3, "Lyon");
}

static void a_home_that_cannot_be_written_does_not_open(void **state)
{
    struct bench *b = *state;
    if (!move_to_disk(b, 4 << 20))
        skip();
    node_close(&b->node);
    assert_int_equal(mount("none", scratch, "none", MS_REMOUNT | MS_RDONLY, ""), 0);
    assert_int_equal(node_open(&b->options, &b->home, (struct bytes){ NULL, 0 }, &b->node), E_DENIED);
    assert_null(b->node);
    scratch_unmount();
}

/* ---- two threads write at once */

struct writer {
    struct node *node;
    uint8_t first;
};

static void *write_many(void *context)
{
    struct writer *w = context;
    struct author_result result;
    for (uint8_t i = 0; i < 50; i++)
        if (put_one(w->node, VISIBLE_PUBLIC, false, (uint8_t)(w->first + i), "tie", &result) != E_OK)
            return w;
    return NULL;
}

static void two_writers_make_one_chain(void **state)
{
    struct bench *b = *state;
    struct writer a = { b->node, 1 }, c = { b->node, 101 };
    pthread_t one, two;
    void *failed_one, *failed_two;
    assert_int_equal(pthread_create(&one, NULL, write_many, &a), 0);
    assert_int_equal(pthread_create(&two, NULL, write_many, &c), 0);
    pthread_join(one, &failed_one);
    pthread_join(two, &failed_two);
    assert_null(failed_one);
    assert_null(failed_two);
    assert_int_equal(b->node->feed.next, 101);
    reopen(b);
    assert_int_equal(b->node->feed.next, 101);
    AUTO(buf_clear) struct buf payload = { 0 };
    for (uint64_t seq = 1; seq < 101; seq++)
        assert_int_equal(stored(b, seq, &payload).seq, seq);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_was_answered_is_there_after_a_restart),
        FACT(many_payloads_share_one_commit),
        FACT(the_same_again_changes_nothing),
        FACT(something_else_about_the_same_amends_it),
        FACT(one_call_may_speak_twice_about_the_same),
        FACT(adding_twice_is_a_conflict_and_writes_nothing),
        FACT(a_payload_without_a_subject_is_malformed),
        FACT(only_statements_can_be_added),
        FACT(an_amendment_keeps_subject_and_visibility),
        FACT(a_retraction_ends_what_can_be_said),
        FACT(reading_a_source_again_brings_back_nothing_retracted),
        FACT(an_engagement_is_found_by_its_prefix),
        FACT(a_full_map_is_named_and_loses_nothing),
        FACT(a_full_disk_refuses_records_and_nothing_else),
        FACT(a_failed_sync_is_the_end_of_a_node),
        FACT(a_home_that_cannot_be_written_does_not_open),
        FACT(two_writers_make_one_chain),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
