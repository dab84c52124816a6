#include "vectors.h"

#include "base/limits.h"
#include "core/record.h"

static json_t *vectors;

static int start(void **state)
{
    (void)state;
    vectors = vectors_load("record.json");
    return id_init() != E_OK;
}

static int stop(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static const json_t *feed_record(size_t seq)
{
    return json_array_get(json_object_get(vectors, "feed"), seq);
}

static struct secret secret_of(uint8_t byte)
{
    uint8_t seed[32];
    struct secret secret;
    memset(seed, byte, sizeof seed);
    secret_from_seed(seed, &secret);
    return secret;
}

/* The record key of each epoch in the vectors. */
static struct secret epoch_secret(uint64_t epoch)
{
    static const uint8_t seeds[] = { 0x11, 0x13, 0x17 };
    assert_true(epoch < 3);
    return secret_of(seeds[epoch]);
}

/* A header that is fine, to be spoiled. */
static struct header good_header(void)
{
    struct header h = {
        .version = 1, .kind = KIND_STATEMENT, .seq = 7, .time_ms = 1, .payload_len = 5, .payload_type = 1
    };
    memset(h.prev.b, 0xaa, HASH_BYTES);
    return h;
}

static struct header good_inception(void)
{
    return (struct header){ .version = 1, .kind = KIND_IDENTITY, .payload_len = 5, .payload_type = 100 };
}

static enum err parse_header(const struct header *h)
{
    uint8_t raw[HEADER_BYTES];
    struct header parsed;
    header_write(h, raw);
    return header_parse(BYTES(raw), &parsed);
}

static void check_vector(const json_t *v)
{
    AUTO(buf_clear) struct buf entry = { 0 };
    AUTO(buf_clear) struct buf salted = { 0 };
    struct record r;
    vector_entry(v, &entry);
    vector_salted(v, &salted);
    assert_int_equal(record_parse(buf_view(&entry), &r), E_OK);

    assert_int_equal(r.header.kind, vector_number(v, "kind"));
    assert_int_equal(r.header.flags, vector_number(v, "flags"));
    assert_int_equal(r.header.epoch, vector_number(v, "epoch"));
    assert_true(r.header.seq == vector_number(v, "seq"));
    assert_true(r.header.time_ms == vector_number(v, "time_ms"));
    assert_int_equal(r.header.payload_type, vector_number(v, "payload_type"));
    assert_hex(r.header.author.b, 32, vector_text(vectors, "author"));
    assert_hex(r.header.prev.b, 32, vector_text(v, "prev"));
    assert_hex(r.header.commit.b, 32, vector_text(v, "payload_commit"));
    assert_hex(r.id.b, 32, vector_text(v, "id"));

    assert_false(r.has_payload);
    assert_true(record_open(&r, buf_view(&salted)));
    assert_true(r.has_payload);
    assert_ptr_equal(r.salt, salted.data);
    assert_ptr_equal(r.payload.data, salted.data + SALT_BYTES);
    assert_int_equal(r.payload.len, salted.len - SALT_BYTES);
}

static void every_record_of_the_vectors_reads_as_it_says(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "feed"), i, v) check_vector(v);
    assert_int_equal(i, 6);
    check_vector(json_object_get(vectors, "fork_branch"));
}

static void signing_the_same_header_gives_the_same_entry(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "feed"), i, v)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        AUTO(buf_clear) struct buf salted = { 0 };
        struct record r;
        uint8_t again[ENTRY_BYTES];
        vector_entry(v, &entry);
        vector_salted(v, &salted);
        assert_int_equal(record_parse(buf_view(&entry), &r), E_OK);
        r.header.commit =
            payload_commit(salted.data, bytes_of(salted.data + SALT_BYTES, salted.len - SALT_BYTES));
        struct secret secret = epoch_secret(r.header.epoch);
        record_sign(&r.header, &secret, again);
        assert_memory_equal(again, entry.data, ENTRY_BYTES);
        assert_true(record_verify(&r, &secret.public_key));
        struct secret other = secret_of(0x77);
        assert_false(record_verify(&r, &other.public_key));
    }
}

static void any_other_length_is_malformed(void **state)
{
    (void)state;
    uint8_t longer[2 * ENTRY_BYTES] = { 0 };
    AUTO(buf_clear) struct buf entry = { 0 };
    vector_entry(feed_record(1), &entry);
    memcpy(longer, entry.data, ENTRY_BYTES);
    for (size_t len = 0; len <= sizeof longer; len++) {
        struct record r;
        struct header h;
        assert_int_equal(record_parse(bytes_of(longer, len), &r), len == ENTRY_BYTES ? E_OK : E_MALFORMED);
        assert_int_equal(header_parse(bytes_of(longer, len), &h), len == HEADER_BYTES ? E_OK : E_MALFORMED);
    }
}

static void writing_and_parsing_a_header_changes_nothing(void **state)
{
    (void)state;
    struct header h = {
        1,         KIND_STATEMENT, 2,      0x01020304, { { 5 } }, 0x1112131415161718, 0x2122232425262728,
        { { 6 } }, { { 7 } },      0x3233, 0x41424344
    };
    uint8_t raw[HEADER_BYTES], again[HEADER_BYTES];
    struct header back;
    header_write(&h, raw);
    assert_memory_equal(raw, "\x01\x01\x00\x02\x01\x02\x03\x04\x05", 9);
    assert_memory_equal(raw + 40, "\x11\x12\x13\x14\x15\x16\x17\x18\x21\x22\x23\x24\x25\x26\x27\x28\x06", 17);
    assert_memory_equal(raw + 120, "\x00\x00\x32\x33\x41\x42\x43\x44", 8);
    assert_int_equal(header_parse(BYTES(raw), &back), E_OK);
    header_write(&back, again);
    assert_memory_equal(raw, again, HEADER_BYTES);
}

static void only_version_one_is_known(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 256; version++) {
        struct header h = good_header();
        h.version = (uint8_t)version;
        assert_int_equal(parse_header(&h), version == 1 ? E_OK : E_MALFORMED);
    }
}

static void only_kinds_one_to_four_are_known(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 256; kind++) {
        struct header h = good_header();
        h.kind = (uint8_t)kind;
        h.payload_type = 150;
        assert_int_equal(parse_header(&h), kind >= 1 && kind <= 4 ? E_OK : E_MALFORMED);
    }
}

static void flags_are_a_visibility_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 65536; flags++) {
        struct header h = good_header();
        h.flags = (uint16_t)flags;
        assert_int_equal(parse_header(&h), flags <= 2 ? E_OK : E_MALFORMED);
    }
    for (unsigned kind = KIND_IDENTITY; kind <= KIND_FEDERATION; kind++)
        for (unsigned flags = 0; flags < 3; flags++) {
            struct header h = good_header();
            h.kind = (uint8_t)kind;
            h.payload_type = 101;
            h.flags = (uint16_t)flags;
            assert_int_equal(parse_header(&h), flags == 0 ? E_OK : E_MALFORMED);
        }
}

static void assert_payload_limit(uint8_t kind, uint32_t type, uint32_t limit)
{
    struct header h = good_header();
    h.kind = kind;
    h.payload_type = type;
    h.payload_len = 0;
    assert_int_equal(parse_header(&h), E_OK);
    h.payload_len = limit;
    assert_int_equal(parse_header(&h), E_OK);
    h.payload_len = limit + 1;
    assert_int_equal(parse_header(&h), E_MALFORMED);
    h.payload_len = UINT32_MAX;
    assert_int_equal(parse_header(&h), E_MALFORMED);
}

static void each_kind_bounds_its_payload(void **state)
{
    (void)state;
    assert_payload_limit(KIND_STATEMENT, 1, 262144);
    assert_payload_limit(KIND_STATEMENT, UINT32_MAX, 262144);
    assert_payload_limit(KIND_IDENTITY, 101, 16384);
    assert_payload_limit(KIND_REDACT, 1, 16384);
    assert_payload_limit(KIND_FEDERATION, 200, 4096);
    assert_payload_limit(KIND_FEDERATION, 203, 4096);
    assert_payload_limit(KIND_FEDERATION, 204, 131072);
    assert_payload_limit(KIND_FEDERATION, 205, 131072);
    assert_payload_limit(KIND_FEDERATION, 206, 4096);
    assert_payload_limit(KIND_FEDERATION, 207, 131072);
    assert_payload_limit(KIND_FEDERATION, 208, 4096);
}

static void prev_is_zero_at_seq_0_and_nowhere_else(void **state)
{
    (void)state;
    struct header h = good_header();
    memset(h.prev.b, 0, HASH_BYTES);
    assert_int_equal(parse_header(&h), E_MALFORMED);
    h = good_inception();
    assert_int_equal(parse_header(&h), E_OK);
    h.prev.b[31] = 1;
    assert_int_equal(parse_header(&h), E_MALFORMED);
}

static void an_inception_stands_at_seq_0_and_nowhere_else(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 300; type++) {
        struct header h = good_inception();
        h.payload_type = type;
        assert_int_equal(parse_header(&h), type == 100 ? E_OK : E_MALFORMED);
        h = good_header();
        h.kind = KIND_IDENTITY;
        h.payload_type = type;
        assert_int_equal(parse_header(&h), type > 100 && type < 200 ? E_OK : E_MALFORMED);
    }
    for (uint8_t kind = KIND_STATEMENT; kind <= KIND_FEDERATION; kind++) {
        struct header h = good_inception();
        h.kind = kind;
        assert_int_equal(parse_header(&h), kind == KIND_IDENTITY ? E_OK : E_MALFORMED);
    }
    struct header h = good_inception();
    h.epoch = 1;
    assert_int_equal(parse_header(&h), E_MALFORMED);
}

static void what_the_header_alone_condemns_is_condemned_at_once(void **state)
{
    (void)state;
    static const char *const by_header[] = { "version 2",
                                             "kind 5",
                                             "visibility 3",
                                             "reserved flag",
                                             "payload_len 262145",
                                             "federal identity event",
                                             "unknown kind 2 type 300",
                                             "identity payload of 16385 bytes",
                                             "a second inception at seq 1" };
    size_t condemned = 0, i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "refuse"), i, v)
    {
        AUTO(buf_clear) struct buf entry = { 0 };
        struct record r;
        bool expected = false;
        for (size_t j = 0; j < sizeof by_header / sizeof *by_header; j++)
            expected = expected || strcmp(vector_text(v, "name"), by_header[j]) == 0;
        vector_entry(v, &entry);
        assert_int_equal(record_parse(buf_view(&entry), &r), expected ? E_MALFORMED : E_OK);
        condemned += expected;
    }
    assert_int_equal(condemned, sizeof by_header / sizeof *by_header);
}

static void a_payload_of_another_length_or_content_stays_absent(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf entry = { 0 };
    AUTO(buf_clear) struct buf salted = { 0 };
    struct record r;
    vector_entry(feed_record(2), &entry);
    vector_salted(feed_record(2), &salted);
    buf_u8(&salted, 0);
    assert_int_equal(record_parse(buf_view(&entry), &r), E_OK);
    for (size_t len = 0; len <= salted.len; len++) {
        if (len == salted.len - 1)
            continue;
        assert_false(record_open(&r, bytes_of(salted.data, len)));
        assert_false(r.has_payload);
    }
    struct bytes whole = bytes_of(salted.data, salted.len - 1);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        salted.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(record_open(&r, whole));
        salted.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(r.has_payload);
    assert_true(record_open(&r, whole));
}

static void an_empty_payload_is_a_payload(void **state)
{
    (void)state;
    uint8_t salt[SALT_BYTES] = { 9 }, entry[ENTRY_BYTES];
    struct secret secret = secret_of(0x11);
    struct header h = good_header();
    struct record r;
    h.payload_len = 0;
    h.commit = payload_commit(salt, bytes_of(NULL, 0));
    record_sign(&h, &secret, entry);
    assert_int_equal(record_parse(BYTES(entry), &r), E_OK);
    assert_false(record_open(&r, bytes_of(NULL, 0)));
    assert_true(record_open(&r, BYTES(salt)));
    assert_int_equal(r.payload.len, 0);
    assert_int_equal(record_visibility(&r), VISIBLE_PUBLIC);
}

static void any_flipped_bit_is_malformed_or_not_signed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf entry = { 0 };
    struct record r, whole;
    struct secret secret = epoch_secret(0);
    vector_entry(feed_record(1), &entry);
    assert_int_equal(record_parse(buf_view(&entry), &whole), E_OK);
    for (size_t bit = 0; bit < entry.len * 8; bit++) {
        entry.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum err err = record_parse(buf_view(&entry), &r);
        assert_true(err == E_OK || err == E_MALFORMED);
        if (err == E_OK) {
            assert_false(record_verify(&r, &secret.public_key));
            assert_false(hash_equal(&r.id, &whole.id));
        }
        entry.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_of_the_vectors_reads_as_it_says),
        cmocka_unit_test(signing_the_same_header_gives_the_same_entry),
        cmocka_unit_test(any_other_length_is_malformed),
        cmocka_unit_test(writing_and_parsing_a_header_changes_nothing),
        cmocka_unit_test(only_version_one_is_known),
        cmocka_unit_test(only_kinds_one_to_four_are_known),
        cmocka_unit_test(flags_are_a_visibility_and_nothing_else),
        cmocka_unit_test(each_kind_bounds_its_payload),
        cmocka_unit_test(prev_is_zero_at_seq_0_and_nowhere_else),
        cmocka_unit_test(an_inception_stands_at_seq_0_and_nowhere_else),
        cmocka_unit_test(what_the_header_alone_condemns_is_condemned_at_once),
        cmocka_unit_test(a_payload_of_another_length_or_content_stays_absent),
        cmocka_unit_test(an_empty_payload_is_a_payload),
        cmocka_unit_test(any_flipped_bit_is_malformed_or_not_signed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
