#include "store/keys.h"

#include "vectors.h"

static const uint64_t numbers[] = { 0, 1, 255, 256, 65535, UINT32_MAX, 1ULL << 32, UINT64_MAX };
#define N_NUMBERS (sizeof numbers / sizeof *numbers)

static void keys_sort_by_number(void **state)
{
    (void)state;
    for (size_t i = 1; i < N_NUMBERS; i++) {
        struct key_position low = key_of_position(numbers[i - 1]), high = key_of_position(numbers[i]);
        assert_true(bytes_compare(BYTES_OF(low), BYTES_OF(high)) < 0);
        struct key_seq before = key_of_seq(7, numbers[i - 1]), behind = key_of_seq(7, numbers[i]);
        assert_true(bytes_compare(BYTES_OF(before), BYTES_OF(behind)) < 0);
        struct key_node left = key_of_node(8, numbers[i - 1]), right = key_of_node(8, numbers[i]);
        assert_true(bytes_compare(BYTES_OF(left), BYTES_OF(right)) < 0);
    }
    struct key_index low = key_of_index(255), high = key_of_index(256);
    assert_true(bytes_compare(BYTES_OF(low), BYTES_OF(high)) < 0);
}

static void one_feeds_runs_lie_together_and_one_levels_nodes(void **state)
{
    (void)state;
    struct key_seq last = key_of_seq(1, UINT64_MAX), first = key_of_seq(2, 0);
    assert_true(bytes_compare(BYTES_OF(last), BYTES_OF(first)) < 0);
    struct key_node low = key_of_node(8, UINT64_MAX), high = key_of_node(16, 0);
    assert_true(bytes_compare(BYTES_OF(low), BYTES_OF(high)) < 0);
    struct key_node top = key_of_node(63, UINT64_MAX);
    assert_true(bytes_compare(BYTES_OF(top), key_of_frontier()) < 0);
}

static void the_bytes_of_keys_are_what_a_store_on_disk_has(void **state)
{
    (void)state;
    struct key_seq seq = key_of_seq(0x01020304, 0x05060708090a0b0c);
    static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    assert_true(bytes_equal(BYTES_OF(seq), BYTES(want)));
    struct key_node node = key_of_node(8, 0x0102);
    static const uint8_t tree[] = { 8, 0, 0, 0, 0, 0, 0, 1, 2 };
    assert_true(bytes_equal(BYTES_OF(node), BYTES(tree)));
    assert_true(bytes_equal(key_of_frontier(), bytes_text("\xff")));
}

static void a_run_comes_back_as_it_was_written(void **state)
{
    (void)state;
    uint8_t value[RUN_VALUE_BYTES];
    struct run_row row = { .index = 3, .first = 1ULL << 40, .position = 1ULL << 33, .count = 77 }, out;
    struct key_seq key = key_of_seq(row.index, row.first);
    run_row_value(&row, value);
    assert_true(run_row_read(BYTES_OF(key), BYTES(value), &out));
    assert_int_equal(out.index, 3);
    assert_int_equal(out.first, 1ULL << 40);
    assert_int_equal(out.position, 1ULL << 33);
    assert_int_equal(out.count, 77);
}

static void a_run_of_another_length_is_none(void **state)
{
    (void)state;
    uint8_t key[13] = { 0 }, value[RUN_VALUE_BYTES + 1] = { 0 };
    struct run_row out;
    for (size_t k = 0; k <= sizeof key; k++)
        for (size_t v = 0; v <= sizeof value; v++)
            assert_int_equal(run_row_read(bytes_of(key, k), bytes_of(value, v), &out),
                             k == 12 && v == RUN_VALUE_BYTES);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(keys_sort_by_number),
        cmocka_unit_test(one_feeds_runs_lie_together_and_one_levels_nodes),
        cmocka_unit_test(the_bytes_of_keys_are_what_a_store_on_disk_has),
        cmocka_unit_test(a_run_comes_back_as_it_was_written),
        cmocka_unit_test(a_run_of_another_length_is_none),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
