#include "identity_help.h"

/* ---- inceptions */

static enum err read_with(const Chancery__Inception *m)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct inception out;
    encode_message(&m->base, &payload);
    return inception_read(buf_view(&payload), &out);
}

static Chancery__Inception plain_inception(void)
{
    static const uint8_t nonce[16] = { 7 };
    Chancery__Inception m = CHANCERY__INCEPTION__INIT;
    m.record_key = lend(inception.record_key.b, KEY_BYTES);
    m.next = lend(inception.next_commit.b, HASH_BYTES);
    m.nonce = lend(nonce, sizeof nonce);
    return m;
}

static void an_inception_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct inception full = inception, back;
    full.transport_key = keys[EXCHANGE].public_key;
    full.witness_key = keys[STRANGER].public_key;
    full.mirror_key = keys[NEXT_RECORD].public_key;
    full.seal_key = keys[EXCHANGE].public_key;
    full.log_key = keys[NEXT_ROTATION].public_key;
    full.window_days = 30;
    snprintf(full.geoid, sizeof full.geoid, "3921000");
    snprintf(full.title, sizeof full.title, "City of Dayton");
    snprintf(full.origin, sizeof full.origin, "chancery.example/log");
    AUTO(buf_clear) struct buf payload = { 0 };
    inception_write(&full, &payload);
    assert_int_equal(inception_read(buf_view(&payload), &back), E_OK);
    assert_memory_equal(&full, &back, sizeof full);
}

static void the_least_inception_has_a_record_key_a_next_and_a_nonce(void **state)
{
    (void)state;
    Chancery__Inception m = plain_inception();
    assert_int_equal(read_with(&m), E_OK);
    ProtobufCBinaryData *needed[] = { &m.record_key, &m.next, &m.nonce };
    for (size_t i = 0; i < 3; i++) {
        ProtobufCBinaryData whole = *needed[i];
        needed[i]->len = 0;
        assert_int_equal(read_with(&m), E_MALFORMED);
        needed[i]->len = whole.len - 1;
        assert_int_equal(read_with(&m), E_MALFORMED);
        *needed[i] = whole;
    }
}

static void weak_keys_are_malformed_wherever_they_stand(void **state)
{
    (void)state;
    /* of small order on both curves, or not canonical */
    static const uint8_t weak[][32] = {
        { 0 },
        { 1 },
        { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
        { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
        { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    };
    static const uint8_t low_exchange[32] = { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae,
                                              0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
                                              0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
                                              0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 };
    static const uint8_t high_bit[32] = { 9, [31] = 0x80 };
    Chancery__Charter charter = CHANCERY__CHARTER__INIT;
    Chancery__Inception m = plain_inception();
    m.charter = &charter;
    ProtobufCBinaryData *places[] = { &m.record_key,    &m.witness_key, &m.mirror_key,       &charter.log_key,
                                      &m.transport_key, &m.seal_key,    &charter.archive_key };
    for (size_t p = 0; p < 7; p++) {
        ProtobufCBinaryData good = *places[p];
        for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
            *places[p] = lend(weak[i], 32);
            assert_int_equal(read_with(&m), E_MALFORMED);
        }
        *places[p] = lend(high_bit, 31);
        assert_int_equal(read_with(&m), E_MALFORMED);
        if (p >= 4) {
            *places[p] = lend(low_exchange, 32);
            assert_int_equal(read_with(&m), E_MALFORMED);
            *places[p] = lend(high_bit, 32);
            assert_int_equal(read_with(&m), E_MALFORMED);
        }
        *places[p] = p < 4 ? lend(keys[STRANGER].public_key.b, 32) : lend(keys[EXCHANGE].public_key.b, 32);
        assert_int_equal(read_with(&m), E_OK);
        *places[p] = good;
    }
}

static void a_recovery_set_has_2_to_16_keys_and_needs_less_than_all(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        uint32_t k;
        enum err code;
    } sets[] = { { 0, 0, E_MALFORMED },   { 1, 0, E_MALFORMED }, { 1, 1, E_MALFORMED },
                 { 2, 0, E_MALFORMED },   { 2, 1, E_OK },        { 2, 2, E_MALFORMED },
                 { 3, 257, E_MALFORMED }, { 16, 1, E_OK },       { 16, 15, E_OK },
                 { 16, 16, E_MALFORMED }, { 17, 2, E_MALFORMED } };
    struct key many[17];
    ProtobufCBinaryData list[17];
    for (size_t i = 0; i < 17; i++) {
        uint8_t seed[32] = { 0x77, (uint8_t)i };
        struct secret secret;
        secret_from_seed(seed, &secret);
        many[i] = secret.public_key;
        list[i] = lend(many[i].b, KEY_BYTES);
    }
    Chancery__Inception m = plain_inception();
    Chancery__RecoveryPolicy policy = CHANCERY__RECOVERY_POLICY__INIT;
    m.recovery = &policy;
    policy.keys = list;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        policy.n_keys = sets[i].count;
        policy.k = sets[i].k;
        assert_int_equal(read_with(&m), sets[i].code);
    }
    policy.n_keys = 3;
    policy.k = 2;
    list[2] = list[0];
    assert_int_equal(read_with(&m), E_MALFORMED);
}

static void no_name_is_a_reason_to_refuse_an_identity(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = 0;
    memcpy(name + 63, "\xc3\xb1", 2); /* what does not fit is the second half of a letter */
    Chancery__Inception m = plain_inception();
    m.name = m.title = m.geoid = m.ocd_id = name;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct inception out;
    encode_message(&m.base, &payload);
    assert_int_equal(inception_read(buf_view(&payload), &out), E_OK);
    assert_int_equal(strlen(out.name), 63);
    assert_int_equal(strlen(out.title), MAX_TITLE_BYTES);
    assert_int_equal(strlen(out.geoid), 15);
    assert_int_equal(strlen(out.ocd_id), 159);
}

static void an_inception_of_a_later_version_is_taken(void **state)
{
    (void)state;
    static const uint8_t salt[SALT_BYTES] = { 3 };
    AUTO(buf_clear) struct buf payload = { 0 }, out = { 0 };
    inception_write(&inception, &payload);
    buf_append(&payload, "\xb8\x06\x01", 3); /* field 103 */
    struct hash author = author_of(buf_view(&payload));
    struct feed feed;
    feed_init(&feed, &author);
    assert_int_equal(feed_append(&feed, &keys[RECORD], KIND_IDENTITY, 0, TYPE_INCEPTION, 1, salt,
                                 buf_view(&payload), &out),
                     E_OK);
    assert_true(key_equal(&feed.record_key, &keys[RECORD].public_key));
}

static void an_inception_that_is_not_whole_is_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct inception out;
    inception_write(&inception, &payload);
    for (size_t len = 0; len < payload.len; len++) {
        uint8_t *exact = mem_copy(payload.data, len + 1);
        assert_int_equal(inception_read(bytes_of(exact, len), &out), E_MALFORMED);
        free(exact);
    }
    payload.data[2] = 0xff; /* in the name */
    assert_int_equal(inception_read(buf_view(&payload), &out), E_MALFORMED);
}

/* ---- rotation */

static void a_rotation_opens_an_epoch_with_new_keys(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf body = { 0 };
    struct wrapping w = { .signers = { ROTATION }, .count = 1, .epoch = 1 };
    struct feed feed;
    rotation_body(&body);
    assert_int_equal(take_wrapped(TYPE_ROTATION, NEXT_RECORD, &w, buf_view(&body), &feed), E_OK);
    struct hash next = next_commit(&keys[NEXT_ROTATION].public_key);
    assert_int_equal(feed.epoch, 1);
    assert_int_equal(feed.next, 2);
    assert_true(key_equal(&feed.record_key, &keys[NEXT_RECORD].public_key));
    assert_true(hash_equal(&feed.next_commit, &next));
    assert_true(key_equal(&feed.seal_key, &keys[EXCHANGE].public_key));
    assert_true(key_is_zero(&feed.transport_key));
    assert_memory_equal(&feed.recovery, &begun.recovery, sizeof feed.recovery);

    AUTO(buf_clear) struct buf out = { 0 };
    static const uint8_t salt[SALT_BYTES] = { 4 };
    assert_int_equal(
        feed_append(&feed, &keys[RECORD], KIND_STATEMENT, 0, 999, 3, salt, bytes_text("x"), &out),
        E_BAD_SIGNATURE);
    assert_int_equal(
        feed_append(&feed, &keys[NEXT_RECORD], KIND_STATEMENT, 0, 999, 3, salt, bytes_text("x"), &out), E_OK);
}

static void a_rotation_is_authorised_by_the_key_that_was_committed_to(void **state)
{
    (void)state;
    static const struct wrapping wrong[] = {
        { .count = 0, .epoch = 1 },
        { .signers = { STRANGER }, .count = 1, .epoch = 1 },
        { .signers = { RECORD }, .count = 1, .epoch = 1 },
        { .signers = { RECOVERY, RECOVERY + 1 }, .indexes = { 0, 1 }, .count = 2, .epoch = 1 },
        { .signers = { ROTATION }, .indexes = { 1 }, .count = 1, .epoch = 1 },
        { .signers = { ROTATION }, .count = 1, .epoch = 0 },
        { .signers = { ROTATION }, .count = 1, .epoch = 2 },
        { .signers = { ROTATION }, .count = 1, .epoch = 1, .signature_len = 63 },
    };
    AUTO(buf_clear) struct buf body = { 0 };
    rotation_body(&body);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct feed feed;
        assert_int_equal(take_wrapped(TYPE_ROTATION, NEXT_RECORD, &wrong[i], buf_view(&body), &feed),
                         E_NOT_AUTHORISED);
        assert_memory_equal(&feed, &begun, sizeof feed);
    }

    /* a rotation key that nobody committed to, signing for itself */
    struct feed other = begun;
    struct wrapping right = { .signers = { ROTATION }, .count = 1, .epoch = 1 };
    AUTO(buf_clear) struct buf payload = { 0 };
    wrap(&right, buf_view(&body), &payload);
    other.next_commit = next_commit(&keys[STRANGER].public_key);
    assert_int_equal(append(&other, NEXT_RECORD, TYPE_ROTATION, buf_view(&payload)), E_NOT_AUTHORISED);
}

static void a_rotation_is_signed_by_the_key_that_it_names(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf body = { 0 };
    struct wrapping w = { .signers = { ROTATION }, .count = 1, .epoch = 1 };
    struct feed feed;
    rotation_body(&body);
    assert_int_equal(take_wrapped(TYPE_ROTATION, RECORD, &w, buf_view(&body), &feed), E_BAD_SIGNATURE);
    assert_memory_equal(&feed, &begun, sizeof feed);
}

/* Whatever is not the one way to write it. */
static void bodies_and_wrappings_are_canonical(void **state)
{
    (void)state;
    struct wrapping w = { .signers = { ROTATION }, .count = 1, .epoch = 1 };
    static const char *const tails[] = {
        "\x48\x01",             /* reason a second time */
        "\xb8\x06\x01",         /* an unknown field */
        "\x52\x04\xb8\x06\x01", /* cut short */
        "\x52\x03\xb8\x06\x01", /* an unknown field within `fork` */
        "\x52\x03\x10\x81",     /* cut short within a varint */
    };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        AUTO(buf_clear) struct buf body = { 0 };
        struct feed feed;
        rotation_body(&body);
        buf_text(&body, tails[i]);
        assert_int_equal(take_wrapped(TYPE_ROTATION, NEXT_RECORD, &w, buf_view(&body), &feed), E_MALFORMED);
    }

    AUTO(buf_clear) struct buf body = { 0 }, payload = { 0 };
    struct feed feed = begun;
    rotation_body(&body);
    body.data[body.len - 1] = 0x81; /* reason, in two bytes instead of one */
    buf_u8(&body, 0x00);
    assert_int_equal(take_wrapped(TYPE_ROTATION, NEXT_RECORD, &w, buf_view(&body), &feed), E_MALFORMED);
    body.len = 0;
    rotation_body(&body);
    body.data[body.len - 1] = 0; /* a default, written */
    assert_int_equal(take_wrapped(TYPE_ROTATION, NEXT_RECORD, &w, buf_view(&body), &feed), E_MALFORMED);
    body.len = 0;
    rotation_body(&body);
    wrap(&w, buf_view(&body), &payload);
    buf_append(&payload, "\x98\x06\x01", 3);
    feed = begun;
    assert_int_equal(append(&feed, NEXT_RECORD, TYPE_ROTATION, buf_view(&payload)), E_MALFORMED);
}

static void malformed_comes_before_the_chain_and_the_chain_before_the_epoch(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf body = { 0 }, payload = { 0 }, salted = { 0 };
    struct wrapping none = { .count = 0 };
    rotation_body(&body);
    wrap(&none, buf_view(&body), &payload);
    size_t good = payload.len;
    buf_append(&payload, "\x98\x06\x01", 3);

    for (int step = 0; step < 5; step++) {
        struct header header = { .version = 1, .kind = KIND_IDENTITY, .author = begun.author };
        static const uint8_t salt[SALT_BYTES] = { 5 };
        uint8_t entry[ENTRY_BYTES];
        struct record record;
        struct bytes said = bytes_of(payload.data, step == 0 ? payload.len : good);
        header.payload_type = TYPE_ROTATION;
        header.payload_len = (uint32_t)said.len;
        header.commit = payload_commit(salt, said);
        header.seq = step <= 1 ? 2 : 1;
        header.prev = step <= 2 ? (struct hash){ { 9 } } : begun.head;
        header.epoch = step <= 3 ? 5 : 1;
        record_sign(&header, &keys[STRANGER], entry);
        assert_int_equal(record_parse(BYTES(entry), &record), E_OK);
        salted.len = 0;
        buf_append(&salted, salt, sizeof salt);
        buf_bytes(&salted, said);
        assert_true(record_open(&record, buf_view(&salted)));

        static const enum err expected[] = { E_MALFORMED, E_GAP, E_BROKEN_CHAIN, E_EPOCH, E_NOT_AUTHORISED };
        struct feed feed = begun;
        size_t accepted;
        assert_int_equal(feed_take(&feed, &record, 1, &accepted), expected[step]);
        assert_int_equal(accepted, 0);
        struct feed empty;
        feed_init(&empty, &begun.author);
        assert_int_equal(feed_take(&empty, &record, 1, &accepted),
                         step == 0 ? E_MALFORMED : E_UNKNOWN_AUTHOR);
    }
}

/* ---- recovery */

static void k_custodians_recover(void **state)
{
    (void)state;
    static const struct {
        struct wrapping w;
        enum err code;
    } tries[] = {
        { { { RECOVERY, RECOVERY + 1 }, { 0, 1 }, 2, 1, 0 }, E_OK },
        { { { RECOVERY + 2, RECOVERY }, { 2, 0 }, 2, 1, 0 }, E_OK },
        { { { RECOVERY, RECOVERY + 1, RECOVERY + 2 }, { 0, 1, 2 }, 3, 1, 0 }, E_OK },
        { { { RECOVERY }, { 0 }, 1, 1, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, RECOVERY }, { 0, 0 }, 2, 1, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, RECOVERY }, { 0, 1 }, 2, 1, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, STRANGER }, { 0, 1 }, 2, 1, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, STRANGER }, { 0, 3 }, 2, 1, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, RECOVERY + 1 }, { 0, 1 }, 2, 0, 0 }, E_NOT_AUTHORISED },
        { { { RECOVERY, RECOVERY + 1 }, { 0, 1 }, 2, 1, 63 }, E_NOT_AUTHORISED },
        { { { ROTATION }, { 0 }, 1, 1, 0 }, E_NOT_AUTHORISED },
        { { { 0 }, { 0 }, 0, 1, 0 }, E_NOT_AUTHORISED },
    };
    AUTO(buf_clear) struct buf body = { 0 };
    recovery_body(NULL, &body);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct feed feed;
        assert_int_equal(take_wrapped(TYPE_RECOVERY, NEXT_RECORD, &tries[i].w, buf_view(&body), &feed),
                         tries[i].code);
        assert_int_equal(feed.epoch, tries[i].code == E_OK);
    }
}

static void a_recovery_states_the_new_set_and_none_is_none(void **state)
{
    (void)state;
    struct wrapping w = { { RECOVERY, RECOVERY + 1 }, { 0, 1 }, 2, 1, 0 };
    ProtobufCBinaryData list[] = { lend(keys[STRANGER].public_key.b, KEY_BYTES),
                                   lend(keys[RECORD].public_key.b, KEY_BYTES) };
    Chancery__RecoveryPolicy policy = CHANCERY__RECOVERY_POLICY__INIT;
    policy.keys = list;
    policy.n_keys = 2;
    policy.k = 1;
    AUTO(buf_clear) struct buf body = { 0 }, none = { 0 }, payload = { 0 };
    struct feed feed;
    recovery_body(&policy, &body);
    assert_int_equal(take_wrapped(TYPE_RECOVERY, NEXT_RECORD, &w, buf_view(&body), &feed), E_OK);
    assert_int_equal(feed.recovery.count, 2);
    assert_int_equal(feed.recovery.k, 1);
    assert_true(key_equal(&feed.recovery.keys[0], &keys[STRANGER].public_key));

    recovery_body(NULL, &none);
    assert_int_equal(take_wrapped(TYPE_RECOVERY, NEXT_RECORD, &w, buf_view(&none), &feed), E_OK);
    assert_int_equal(feed.recovery.count, 0);
    w.epoch = 2;
    wrap(&w, buf_view(&none), &payload);
    assert_int_equal(append(&feed, NEXT_RECORD, TYPE_RECOVERY, buf_view(&payload)), E_NOT_AUTHORISED);
}

/* ---- retirement, keys, and what comes later */

static void a_retirement_keeps_the_epoch_and_the_keys(void **state)
{
    (void)state;
    Chancery__RetirementBody m = CHANCERY__RETIREMENT_BODY__INIT;
    ProtobufCBinaryData successor = lend(begun.head.b, HASH_BYTES);
    m.rotation_key = lend(keys[ROTATION].public_key.b, KEY_BYTES);
    m.successors = &successor;
    m.n_successors = 1;
    AUTO(buf_clear) struct buf body = { 0 };
    encode_message(&m.base, &body);

    struct wrapping w = { .signers = { ROTATION }, .count = 1, .epoch = 0 };
    struct feed feed;
    assert_int_equal(take_wrapped(TYPE_RETIREMENT, NEXT_RECORD, &w, buf_view(&body), &feed), E_BAD_SIGNATURE);
    assert_int_equal(take_wrapped(TYPE_RETIREMENT, RECORD, &w, buf_view(&body), &feed), E_OK);
    assert_true(feed.retired);
    assert_int_equal(feed.epoch, 0);
    assert_true(key_equal(&feed.record_key, &begun.record_key));
    assert_true(hash_equal(&feed.next_commit, &begun.next_commit));
    w.signers[0] = RECORD;
    assert_int_equal(take_wrapped(TYPE_RETIREMENT, RECORD, &w, buf_view(&body), &feed), E_NOT_AUTHORISED);
    assert_false(feed.retired);
}

static void keys_change_what_they_name_and_nothing_else(void **state)
{
    (void)state;
    Chancery__Keys m = CHANCERY__KEYS__INIT;
    AUTO(buf_clear) struct buf payload = { 0 };
    m.transport_key = lend(keys[EXCHANGE].public_key.b, KEY_BYTES);
    m.witness_key = lend(keys[STRANGER].public_key.b, KEY_BYTES);
    encode_message(&m.base, &payload);
    struct feed feed = begun;
    assert_int_equal(append(&feed, STRANGER, TYPE_KEYS, buf_view(&payload)), E_BAD_SIGNATURE);
    assert_int_equal(append(&feed, RECORD, TYPE_KEYS, buf_view(&payload)), E_OK);
    assert_true(key_equal(&feed.transport_key, &keys[EXCHANGE].public_key));
    assert_true(key_equal(&feed.witness_key, &keys[STRANGER].public_key));
    assert_true(key_is_zero(&feed.mirror_key));
    assert_true(key_equal(&feed.record_key, &begun.record_key));
    assert_int_equal(feed.epoch, 0);

    /* nothing at all is canonical; a key twice is not */
    assert_int_equal(append(&feed, RECORD, TYPE_KEYS, bytes_of("", 0)), E_OK);
    assert_true(key_equal(&feed.transport_key, &keys[EXCHANGE].public_key));
    struct bytes once = buf_view(&payload);
    AUTO(buf_clear) struct buf twice = { 0 };
    buf_bytes(&twice, once);
    buf_bytes(&twice, once);
    assert_int_equal(append(&feed, RECORD, TYPE_KEYS, buf_view(&twice)), E_MALFORMED);
}

static void later_identity_events_are_carried_unread(void **state)
{
    (void)state;
    for (uint32_t type = TYPE_KEYS + 1; type <= 199; type += 47) {
        struct feed feed = begun, before = begun;
        assert_int_equal(append(&feed, STRANGER, type, bytes_text("\xff\xff")), E_BAD_SIGNATURE);
        assert_int_equal(append(&feed, RECORD, type, bytes_text("\xff\xff")), E_OK);
        assert_int_equal(feed.next, 2);
        before.next = feed.next;
        before.head = feed.head;
        assert_memory_equal(&feed, &before, sizeof feed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inception_comes_back_as_it_was_written),
        cmocka_unit_test(the_least_inception_has_a_record_key_a_next_and_a_nonce),
        cmocka_unit_test(weak_keys_are_malformed_wherever_they_stand),
        cmocka_unit_test(a_recovery_set_has_2_to_16_keys_and_needs_less_than_all),
        cmocka_unit_test(no_name_is_a_reason_to_refuse_an_identity),
        cmocka_unit_test(an_inception_of_a_later_version_is_taken),
        cmocka_unit_test(an_inception_that_is_not_whole_is_malformed),
        cmocka_unit_test(a_rotation_opens_an_epoch_with_new_keys),
        cmocka_unit_test(a_rotation_is_authorised_by_the_key_that_was_committed_to),
        cmocka_unit_test(a_rotation_is_signed_by_the_key_that_it_names),
        cmocka_unit_test(bodies_and_wrappings_are_canonical),
        cmocka_unit_test(malformed_comes_before_the_chain_and_the_chain_before_the_epoch),
        cmocka_unit_test(k_custodians_recover),
        cmocka_unit_test(a_recovery_states_the_new_set_and_none_is_none),
        cmocka_unit_test(a_retirement_keeps_the_epoch_and_the_keys),
        cmocka_unit_test(keys_change_what_they_name_and_nothing_else),
        cmocka_unit_test(later_identity_events_are_carried_unread),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
