#include "vectors.h"

#include "chain.h"

#define RECORDS 6

static json_t *vectors;
static struct hash author;

static int start(void **state)
{
    (void)state;
    vectors = vectors_load("record.json");
    hex_decode(vector_text(vectors, "author"), author.b, HASH_BYTES);
    return id_init() != E_OK;
}

static int stop(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

/* A record of the vectors, with the bytes it borrows. */
struct golden {
    struct buf entry, salted;
    struct record record;
    enum err parsed;
};

static void golden_clear(struct golden *golden)
{
    buf_clear(&golden->entry);
    buf_clear(&golden->salted);
}

static void golden_read(const json_t *object, struct golden *out)
{
    *out = (struct golden){ 0 };
    vector_entry(object, &out->entry);
    vector_salted(object, &out->salted);
    out->parsed = record_parse(buf_view(&out->entry), &out->record);
    if (out->parsed == E_OK)
        record_open(&out->record, buf_view(&out->salted));
}

static void read_feed(struct golden golden[static RECORDS], struct record records[static RECORDS])
{
    for (size_t i = 0; i < RECORDS; i++) {
        golden_read(json_array_get(json_object_get(vectors, "feed"), i), &golden[i]);
        assert_int_equal(golden[i].parsed, E_OK);
        assert_true(golden[i].record.has_payload);
        records[i] = golden[i].record;
    }
}

static void clear_feed(struct golden golden[static RECORDS])
{
    for (size_t i = 0; i < RECORDS; i++)
        golden_clear(&golden[i]);
}

static void the_golden_feed_is_taken_whole_and_by_every_cut(void **state)
{
    (void)state;
    struct golden golden[RECORDS];
    struct record records[RECORDS];
    read_feed(golden, records);
    for (unsigned cuts = 0; cuts < 1U << (RECORDS - 1); cuts++) {
        struct feed feed;
        feed_init(&feed, &author);
        for (size_t first = 0, i = 0; i < RECORDS; i++) {
            if (i + 1 < RECORDS && (cuts & 1U << i) == 0)
                continue;
            size_t accepted;
            assert_int_equal(feed_take(&feed, records + first, i + 1 - first, &accepted), E_OK);
            assert_int_equal(accepted, i + 1 - first);
            first = i + 1;
        }
        assert_int_equal(feed.next, RECORDS);
        assert_int_equal(feed.epoch, 2);
        assert_true(hash_equal(&feed.head, &records[5].id));
    }
    clear_feed(golden);
}

static const char *refuse_one(const json_t *object, const struct record *records)
{
    struct feed feed;
    size_t accepted, before = (size_t)(json_integer_value(json_object_get(object, "after")) + 1);
    struct golden golden;
    feed_init(&feed, &author);
    assert_int_equal(feed_take(&feed, records, before, &accepted), E_OK);
    golden_read(object, &golden);
    enum err err = golden.parsed;
    struct feed untouched = feed;
    if (err == E_OK)
        err = feed_take(&feed, &golden.record, 1, &accepted);
    golden_clear(&golden);
    assert_memory_equal(&feed, &untouched, sizeof feed);
    return err_name(err);
}

static void each_entry_of_refuse_is_refused_with_that_code(void **state)
{
    (void)state;
    struct golden golden[RECORDS];
    struct record records[RECORDS];
    read_feed(golden, records);
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(vectors, "refuse"), i, object)
    {
        const char *code = refuse_one(object, records);
        if (strcmp(code, vector_text(object, "expect")) != 0)
            fail_msg("%s: %s, expected %s (%s)", vector_text(object, "name"), code,
                     vector_text(object, "expect"), err_message());
    }
    assert_int_equal(i, 23);
    clear_feed(golden);
}

static void a_fork_is_detected_and_proved(void **state)
{
    (void)state;
    struct golden golden[RECORDS], fork;
    struct record records[RECORDS];
    read_feed(golden, records);
    golden_read(json_object_get(vectors, "fork_branch"), &fork);
    assert_int_equal(feed_compare(&records[2], &records[2].id), E_OK);
    assert_int_equal(feed_compare(&fork.record, &records[2].id), E_FORK);

    struct feed feed;
    size_t accepted;
    feed_init(&feed, &author);
    assert_int_equal(feed_take(&feed, records, 3, &accepted), E_OK);
    assert_int_equal(feed_take(&feed, &fork.record, 1, &accepted), E_EXISTS);

    AUTO(buf_clear) struct buf proof = { 0 }, expected = { 0 };
    fork_proof(bytes_of(records[2].entry, ENTRY_BYTES), bytes_of(fork.record.entry, ENTRY_BYTES), &proof);
    vector_bytes(vectors, "fork_proof", &expected);
    assert_true(bytes_equal(buf_view(&proof), buf_view(&expected)));
    assert_int_equal(fork_verify(buf_view(&proof), &author, &feed.record_key), E_OK);
    proof.data[100] ^= 1;
    assert_int_not_equal(fork_verify(buf_view(&proof), &author, &feed.record_key), E_OK);
    proof.data[100] ^= 1;
    for (size_t n = 0; n < proof.len; n++)
        assert_int_not_equal(fork_verify(bytes_of(proof.data, n), &author, &feed.record_key), E_OK);
    golden_clear(&fork);
    clear_feed(golden);
}

/* Offers the chain as a sender would: from the head, `step` at a time, more when nothing was taken. */
static uint64_t take_in_steps(const struct chain *chain, size_t count, size_t step, enum err *last)
{
    struct feed feed;
    feed_init(&feed, &chain->author);
    for (size_t offer = step; feed.next < count;) {
        size_t n = feed.next + offer < count ? offer : count - feed.next, accepted;
        *last = feed_take(&feed, chain->records + feed.next, n, &accepted);
        if (*last != E_OK && feed_is_final(*last, n - accepted, chain->records + feed.next))
            break;
        if (accepted == 0 && n < offer)
            break;
        offer = accepted == 0 ? offer + step : step;
    }
    return feed.next;
}

static void what_is_accepted_does_not_depend_on_the_cuts(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { false };
    for (size_t i = 5; i < 400; i++)
        bad[i] = i % 7 != 0 && i % 11 != 3;
    bad[399] = bad[398] = true;
    make_chain(bad, 400, &chain);
    size_t last_good = 399;
    while (bad[last_good])
        last_good--;
    static const size_t steps[] = { 1, 2, 3, 17, 100, 255, 256, 400 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum err last;
        assert_int_equal(take_in_steps(&chain, 400, steps[i], &last), last_good + 1);
        assert_int_equal(last, E_BAD_SIGNATURE);
    }
    buf_clear(&chain.packed);
}

static void the_256th_record_still_vouches_and_the_257th_does_not(void **state)
{
    (void)state;
    for (size_t voucher = 256; voucher <= 257; voucher++) {
        static struct chain chain;
        bool bad[LONG] = { false };
        for (size_t i = 1; i < voucher; i++)
            bad[i] = true;
        make_chain(bad, 300, &chain);
        static const size_t steps[] = { 1, 64, 256, 300 };
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            enum err last;
            uint64_t next = take_in_steps(&chain, 300, steps[i], &last);
            assert_int_equal(next, voucher == 256 ? 300 : 1);
            assert_int_equal(last, voucher == 256 ? E_OK : E_BAD_SIGNATURE);
        }
        buf_clear(&chain.packed);
    }
}

static void a_head_is_taken_only_with_a_valid_signature_of_its_own(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { [3] = true };
    make_chain(bad, 5, &chain);
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &chain.author);
    assert_int_equal(feed_take(&feed, chain.records, 4, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 3);
    assert_int_equal(feed.next, 3);
    assert_false(feed_is_final(E_BAD_SIGNATURE, 1, chain.records + 3));
    assert_int_equal(feed_take(&feed, chain.records + 3, 2, &accepted), E_OK);
    assert_int_equal(feed.next, 5);
    buf_clear(&chain.packed);
}

static void one_verification_serves_a_run(void **state)
{
    (void)state;
    /* Every signature but the last is bad, so a check of any other would be seen as a shorter prefix. */
    static struct chain chain;
    bool bad[LONG] = { false };
    for (size_t i = 1; i < 200; i++)
        bad[i] = true;
    make_chain(bad, 201, &chain);
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &chain.author);
    assert_int_equal(feed_take(&feed, chain.records, 201, &accepted), E_OK);
    assert_int_equal(accepted, 201);
    buf_clear(&chain.packed);
}

static void a_statement_without_its_payload_is_taken_and_an_inception_is_not(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { false };
    make_chain(bad, 2, &chain);
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &chain.author);
    struct record bare = chain.records[0];
    bare.has_payload = false;
    assert_int_equal(feed_take(&feed, &bare, 1, &accepted), E_MALFORMED);
    assert_int_equal(feed_take(&feed, chain.records, 1, &accepted), E_OK);
    bare = chain.records[1];
    bare.has_payload = false;
    assert_int_equal(feed_take(&feed, &bare, 1, &accepted), E_OK);
    buf_clear(&chain.packed);
}

/* ---- what is accepted, told from the definition alone, against every way of asking */

/* Whether record i may follow: vouched by itself, or by one of the next 255 with no kind-2 record from i to
 * there. */
static bool is_vouched(const bool *bad, const bool *identity, size_t i, size_t count)
{
    if (!bad[i])
        return true;
    for (size_t j = i; j < count && j < i + MAX_RUN_RECORDS; j++) {
        if (identity[j])
            return false;
        if (!bad[j])
            return true;
    }
    return false;
}

static void random_cuts_and_bad_signatures_never_change_what_is_accepted(void **state)
{
    (void)state;
    static struct chain chain;
    srand(7);
    for (int round = 0; round < 20; round++) {
        bool bad[LONG] = { false }, identity[LONG] = { true };
        size_t count = 20 + (size_t)rand() % (LONG - 20), expected = 1;
        unsigned bad_of_100 = (unsigned)(rand() % 3 == 0 ? 99 : rand() % 100);
        for (size_t i = 1; i < count; i++) {
            bad[i] = (unsigned)(rand() % 100) < bad_of_100;
            identity[i] = rand() % 150 == 0;
        }
        make_events(bad, identity, count, &chain);
        while (expected < count && is_vouched(bad, identity, expected, count))
            expected++;
        for (int cut = 0; cut < 8; cut++) {
            enum err last;
            uint64_t next = take_in_steps(&chain, count, cut == 0 ? count : 1 + (size_t)rand() % 300, &last);
            assert_int_equal(next, expected);
            assert_int_equal(last, expected == count ? E_OK : E_BAD_SIGNATURE);
        }
        buf_clear(&chain.packed);
    }
}

static void a_kind_2_record_ends_what_can_be_vouched_for(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { [2] = true }, identity[LONG] = { [0] = true, [3] = true };
    struct feed feed;
    size_t accepted;
    make_events(bad, identity, 5, &chain);
    feed_init(&feed, &chain.author);
    assert_int_equal(feed_take(&feed, chain.records, 3, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 2);
    assert_false(feed_is_final(E_BAD_SIGNATURE, 1, chain.records + 2));
    assert_int_equal(feed_take(&feed, chain.records + 2, 3, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 0);
    assert_true(feed_is_final(E_BAD_SIGNATURE, 3, chain.records + 2));
    buf_clear(&chain.packed);

    /* nor is one ever vouched for by what follows */
    bad[2] = false;
    bad[3] = true;
    make_events(bad, identity, 5, &chain);
    feed_init(&feed, &chain.author);
    assert_int_equal(feed_take(&feed, chain.records, 5, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 3);
    assert_true(feed_is_final(E_BAD_SIGNATURE, 2, chain.records + 3));
    buf_clear(&chain.packed);
}

static void record_257_after_the_last_valid_signature_is_refused_for_good(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG], identity[LONG] = { true };
    memset(bad, true, sizeof bad);
    bad[0] = false;
    make_events(bad, identity, 258, &chain);
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &chain.author);
    assert_int_equal(feed_take(&feed, chain.records, 256, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 1);
    assert_false(feed_is_final(E_BAD_SIGNATURE, 255, chain.records + 1));
    assert_int_equal(feed_take(&feed, chain.records + 1, 256, &accepted), E_BAD_SIGNATURE);
    assert_int_equal(accepted, 0);
    assert_true(feed_is_final(E_BAD_SIGNATURE, 256, chain.records + 1));
    buf_clear(&chain.packed);
}

static void a_run_that_breaks_off_is_taken_as_far_as_it_is_good(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { false }, identity[LONG] = { true };
    make_events(bad, identity, 6, &chain);
    static const struct {
        size_t order[6];
        size_t count, accepted;
        enum err code;
    } runs[] = {
        { { 0, 1, 2, 4 }, 4, 3, E_GAP }, { { 0, 1, 2, 2 }, 4, 3, E_EXISTS },
        { { 0, 1, 0 }, 3, 2, E_EXISTS }, { { 1, 2 }, 2, 0, E_UNKNOWN_AUTHOR },
        { { 0, 5 }, 2, 1, E_GAP },       { { 0 }, 0, 0, E_OK },
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct record records[6];
        struct feed feed;
        size_t accepted = 99;
        for (size_t j = 0; j < runs[i].count; j++)
            records[j] = chain.records[runs[i].order[j]];
        feed_init(&feed, &chain.author);
        assert_int_equal(feed_take(&feed, records, runs[i].count, &accepted), runs[i].code);
        assert_int_equal(accepted, runs[i].accepted);
        assert_int_equal(feed.next, runs[i].accepted);
    }
    buf_clear(&chain.packed);
}

static void a_record_of_another_author_is_malformed(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { false }, identity[LONG] = { true };
    make_events(bad, identity, 2, &chain);
    struct feed feed;
    struct hash other = { { 5 } };
    size_t accepted;
    feed_init(&feed, &other);
    assert_int_equal(feed_take(&feed, chain.records, 2, &accepted), E_MALFORMED);
    assert_int_equal(accepted, 0);
    assert_true(feed_is_final(E_MALFORMED, 2, chain.records));
    buf_clear(&chain.packed);
}

static void gaps_and_missing_inceptions_may_still_be_filled(void **state)
{
    (void)state;
    static const enum err waits[] = { E_OK, E_GAP, E_UNKNOWN_AUTHOR, E_BUSY, E_FULL, E_IO };
    static const enum err ends[] = { E_MALFORMED, E_BROKEN_CHAIN, E_EPOCH, E_NOT_AUTHORISED, E_FORK };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        assert_false(feed_is_final(waits[i], 0, NULL));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        assert_true(feed_is_final(ends[i], 0, NULL));
}

static void a_feed_comes_back_from_its_stored_form_and_no_cut_of_it_does(void **state)
{
    (void)state;
    struct golden golden[RECORDS];
    struct record records[RECORDS];
    read_feed(golden, records);
    struct feed feed, back;
    size_t accepted;
    feed_init(&feed, &author);
    assert_int_equal(feed_take(&feed, records, RECORDS, &accepted), E_OK);
    AUTO(buf_clear) struct buf stored = { 0 };
    feed_encode(&feed, &stored);
    assert_int_equal(feed_decode(buf_view(&stored), &back), E_OK);
    assert_memory_equal(&feed, &back, sizeof feed);
    for (size_t n = 0; n < stored.len; n++)
        assert_int_equal(feed_decode(bytes_of(stored.data, n), &back), E_CORRUPT);
    stored.data[0] = 9;
    assert_int_equal(feed_decode(buf_view(&stored), &back), E_VERSION);
    clear_feed(golden);
}

static void what_one_appends_oneself_is_what_others_take(void **state)
{
    (void)state;
    static struct chain chain;
    bool bad[LONG] = { false };
    make_chain(bad, 1, &chain);
    struct feed mine, theirs;
    size_t accepted;
    struct secret secret;
    uint8_t seed[32], salt[32] = { 7 };
    memset(seed, 0x41, sizeof seed);
    secret_from_seed(seed, &secret);
    feed_init(&mine, &chain.author);
    feed_init(&theirs, &chain.author);
    assert_int_equal(feed_take(&mine, chain.records, 1, &accepted), E_OK);
    assert_int_equal(feed_take(&theirs, chain.records, 1, &accepted), E_OK);

    AUTO(buf_clear) struct buf out = { 0 };
    assert_int_equal(
        feed_append(&mine, &secret, KIND_STATEMENT, VISIBLE_FEDERAL, 999, 5, salt, bytes_text("hello"), &out),
        E_OK);
    assert_int_equal(feed_append(&mine, &secret, KIND_STATEMENT, 3, 999, 5, salt, bytes_text("hello"), &out),
                     E_MALFORMED);
    struct record record;
    struct bytes rest = buf_view(&out);
    assert_int_equal(run_next(&rest, &record), E_OK);
    assert_int_equal(rest.len, 0);
    assert_int_equal(feed_take(&theirs, &record, 1, &accepted), E_OK);
    assert_memory_equal(&mine, &theirs, sizeof mine);
    buf_clear(&chain.packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_feed_is_taken_whole_and_by_every_cut),
        cmocka_unit_test(each_entry_of_refuse_is_refused_with_that_code),
        cmocka_unit_test(a_fork_is_detected_and_proved),
        cmocka_unit_test(what_is_accepted_does_not_depend_on_the_cuts),
        cmocka_unit_test(the_256th_record_still_vouches_and_the_257th_does_not),
        cmocka_unit_test(a_head_is_taken_only_with_a_valid_signature_of_its_own),
        cmocka_unit_test(one_verification_serves_a_run),
        cmocka_unit_test(a_statement_without_its_payload_is_taken_and_an_inception_is_not),
        cmocka_unit_test(random_cuts_and_bad_signatures_never_change_what_is_accepted),
        cmocka_unit_test(a_kind_2_record_ends_what_can_be_vouched_for),
        cmocka_unit_test(record_257_after_the_last_valid_signature_is_refused_for_good),
        cmocka_unit_test(a_run_that_breaks_off_is_taken_as_far_as_it_is_good),
        cmocka_unit_test(a_record_of_another_author_is_malformed),
        cmocka_unit_test(gaps_and_missing_inceptions_may_still_be_filled),
        cmocka_unit_test(a_feed_comes_back_from_its_stored_form_and_no_cut_of_it_does),
        cmocka_unit_test(what_one_appends_oneself_is_what_others_take),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
