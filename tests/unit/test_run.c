#include "vectors.h"

#include "base/limits.h"
#include "core/run.h"

/* The six records of the vectors, packed. */
static struct buf packed;
static size_t ends[6]; /* where each ends */

static void pack_vectors(void)
{
    json_t *vectors = vectors_load("record.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "feed"), i, v)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        AUTO(buf_clear) struct buf salted = { 0 };
        vector_entry(v, &entry);
        vector_salted(v, &salted);
        run_append_parts(&packed, entry.data, buf_view(&salted));
        ends[i] = packed.len;
    }
    json_decref(vectors);
}

static int start(void **state)
{
    (void)state;
    pack_vectors();
    return id_init() != E_OK;
}

static int stop(void **state)
{
    (void)state;
    buf_clear(&packed);
    return 0;
}

static void what_is_packed_comes_out_again(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf again = { 0 };
    struct bytes rest = buf_view(&packed);
    struct record r;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(run_next(&rest, &r), E_OK);
        assert_true(r.has_payload);
        assert_true(r.header.seq == i);
        assert_ptr_equal(rest.data, packed.data + ends[i]);
        size_t before = again.len;
        run_append(&again, &r);
        assert_int_equal(again.len - before, run_record_bytes(&r));
    }
    assert_int_equal(run_next(&rest, &r), E_NOT_FOUND);
    assert_true(bytes_equal(buf_view(&again), buf_view(&packed)));
}

static void a_record_may_travel_without_its_payload(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf bare = { 0 };
    struct record r;
    run_append_parts(&bare, packed.data, (struct bytes){ 0 });
    assert_int_equal(bare.len, ENTRY_BYTES + 1);
    struct bytes rest = buf_view(&bare);
    assert_int_equal(run_next(&rest, &r), E_OK);
    assert_false(r.has_payload);
    assert_int_equal(rest.len, 0);
    assert_int_equal(run_record_bytes(&r), ENTRY_BYTES + 1);
    AUTO(buf_clear) struct buf again = { 0 };
    run_append(&again, &r);
    assert_true(bytes_equal(buf_view(&again), buf_view(&bare)));
}

static void every_truncation_is_malformed_and_moves_nothing(void **state)
{
    (void)state;
    for (size_t len = 1; len < ends[0]; len++) {
        /* A copy of its own, so that a read past it is seen. */
        AUTO(free_ptr) uint8_t *copy = mem_copy(packed.data, len);
        struct bytes rest = bytes_of(copy, len);
        struct record r;
        assert_int_equal(run_next(&rest, &r), E_MALFORMED);
        assert_ptr_equal(rest.data, copy);
        assert_int_equal(rest.len, len);
    }
}

static void presence_is_nought_or_one(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf spoiled = { 0 };
    buf_bytes(&spoiled, buf_view(&packed));
    for (unsigned present = 2; present < 256; present++) {
        struct bytes rest = buf_view(&spoiled);
        struct record r;
        spoiled.data[ENTRY_BYTES] = (uint8_t)present;
        assert_int_equal(run_next(&rest, &r), E_MALFORMED);
    }
}

static void a_payload_that_does_not_match_counts_as_absent(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf spoiled = { 0 };
    struct record r;
    buf_bytes(&spoiled, buf_view(&packed));
    spoiled.data[ends[1] - 1] ^= 1;
    struct bytes rest = buf_view(&spoiled);
    assert_int_equal(run_next(&rest, &r), E_OK);
    assert_true(r.has_payload);
    assert_int_equal(run_next(&rest, &r), E_OK);
    assert_false(r.has_payload);
    assert_int_equal(run_next(&rest, &r), E_OK);
    assert_true(r.has_payload);
}

static void parsing_stops_at_the_bad_one_and_says_how_many_were_good(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf spoiled = { 0 };
    struct record records[8];
    size_t count = 99;
    buf_bytes(&spoiled, buf_view(&packed));
    spoiled.data[ends[2]] = 9; /* the version of the fourth */
    struct bytes rest = buf_view(&spoiled);
    assert_int_equal(run_parse(&rest, records, 8, &count), E_MALFORMED);
    assert_int_equal(count, 3);
    assert_ptr_equal(rest.data, spoiled.data + ends[2]);
    assert_true(records[2].header.seq == 2);
}

static void parsing_takes_no_more_than_is_asked_for(void **state)
{
    (void)state;
    struct record records[8];
    size_t count = 99;
    struct bytes rest = buf_view(&packed);
    assert_int_equal(run_parse(&rest, records, 4, &count), E_OK);
    assert_int_equal(count, 4);
    assert_int_equal(run_parse(&rest, records, 8, &count), E_OK);
    assert_int_equal(count, 2);
    assert_int_equal(run_parse(&rest, records, 8, &count), E_OK);
    assert_int_equal(count, 0);
}

static void a_run_has_at_most_256_records(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf many = { 0 };
    AUTO(free_ptr) struct record *records = mem_alloc(300 * sizeof *records);
    for (int i = 0; i < 300; i++)
        run_append_parts(&many, packed.data, (struct bytes){ 0 });
    struct bytes rest = buf_view(&many);
    size_t count = 0;
    assert_int_equal(run_parse(&rest, records, 300, &count), E_OK);
    assert_int_equal(count, MAX_RUN_RECORDS);
    assert_int_equal(run_parse(&rest, records, 300, &count), E_OK);
    assert_int_equal(count, 300 - MAX_RUN_RECORDS);
}

static void the_largest_payload_travels(void **state)
{
    (void)state;
    uint8_t seed[32] = { 1 }, entry[ENTRY_BYTES];
    struct secret secret;
    secret_from_seed(seed, &secret);
    AUTO(free_ptr) uint8_t *salted = mem_alloc(SALT_BYTES + MAX_PAYLOAD_BYTES);
    struct header h = {
        .version = 1, .kind = KIND_STATEMENT, .seq = 1, .prev = { { 1 } }, .payload_len = MAX_PAYLOAD_BYTES
    };
    h.commit = payload_commit(salted, bytes_of(salted + SALT_BYTES, MAX_PAYLOAD_BYTES));
    record_sign(&h, &secret, entry);
    AUTO(buf_clear) struct buf run = { 0 };
    run_append_parts(&run, entry, bytes_of(salted, SALT_BYTES + MAX_PAYLOAD_BYTES));
    struct bytes rest = buf_view(&run);
    struct record r;
    assert_int_equal(run_next(&rest, &r), E_OK);
    assert_true(r.has_payload);
    assert_int_equal(r.payload.len, MAX_PAYLOAD_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(a_record_may_travel_without_its_payload),
        cmocka_unit_test(every_truncation_is_malformed_and_moves_nothing),
        cmocka_unit_test(presence_is_nought_or_one),
        cmocka_unit_test(a_payload_that_does_not_match_counts_as_absent),
        cmocka_unit_test(parsing_stops_at_the_bad_one_and_says_how_many_were_good),
        cmocka_unit_test(parsing_takes_no_more_than_is_asked_for),
        cmocka_unit_test(a_run_has_at_most_256_records),
        cmocka_unit_test(the_largest_payload_travels),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
