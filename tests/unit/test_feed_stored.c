#include "vectors.h"

#include "core/feed.h"

static struct feed make_feed(uint8_t recovery_keys)
{
    struct feed feed;
    for (size_t i = 0; i < sizeof feed; i++)
        ((uint8_t *)&feed)[i] = 0;
    uint8_t fill = 1;
    struct key *keys[] = { &feed.record_key, &feed.transport_key, &feed.witness_key, &feed.mirror_key,
                           &feed.seal_key };
    for (size_t i = 0; i < 5; i++)
        memset(keys[i], fill++, KEY_BYTES);
    memset(&feed.author, fill++, HASH_BYTES);
    memset(&feed.head, fill++, HASH_BYTES);
    memset(&feed.next_commit, fill++, HASH_BYTES);
    feed.next = UINT64_MAX - 1;
    feed.epoch = UINT32_MAX - 1;
    feed.retired = recovery_keys % 2;
    feed.recovery.count = recovery_keys;
    feed.recovery.k = recovery_keys ? recovery_keys - 1 : 0;
    for (uint8_t i = 0; i < recovery_keys; i++)
        memset(&feed.recovery.keys[i], fill++, KEY_BYTES);
    return feed;
}

static void any_feed_comes_back_and_no_cut_of_it_does(void **state)
{
    (void)state;
    for (uint8_t n = 0; n <= RECOVERY_KEYS_MAX; n = n ? (uint8_t)(n + 1) : 2) {
        struct feed feed = make_feed(n), back;
        AUTO(buf_clear) struct buf stored = { 0 };
        feed_encode(&feed, &stored);
        assert_int_equal(feed_decode(buf_view(&stored), &back), E_OK);
        assert_memory_equal(&feed, &back, sizeof feed);
        for (size_t len = 0; len < stored.len; len++) {
            uint8_t *exact = mem_copy(stored.data, len + 1);
            assert_int_equal(feed_decode(bytes_of(exact, len), &back), E_CORRUPT);
            free(exact);
        }
        stored.data[0]++;
        assert_int_equal(feed_decode(buf_view(&stored), &back), E_VERSION);
    }
}

static void a_stored_form_with_impossible_numbers_is_corrupt(void **state)
{
    (void)state;
    struct feed feed = { .next = 3, .recovery = { .count = 2, .k = 1 } }, back;
    AUTO(buf_clear) struct buf stored = { 0 };
    feed_encode(&feed, &stored);
    assert_int_equal(feed_decode(buf_view(&stored), &back), E_OK);
    size_t retired = stored.len - 2 * KEY_BYTES - 3;
    for (size_t i = 0; i < 3; i++) {
        uint8_t was = stored.data[retired + i];
        stored.data[retired + i] = 200;
        assert_int_equal(feed_decode(buf_view(&stored), &back), E_CORRUPT);
        stored.data[retired + i] = was;
    }
    buf_u8(&stored, 0);
    assert_int_equal(feed_decode(buf_view(&stored), &back), E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_feed_comes_back_and_no_cut_of_it_does),
        cmocka_unit_test(a_stored_form_with_impossible_numbers_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
