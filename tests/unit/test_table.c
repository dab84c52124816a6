#include "hubd/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int things[5000];

static void key_of(int i, uint8_t key[static TABLE_KEY_BYTES])
{
    memset(key, 0, TABLE_KEY_BYTES);
    memcpy(key + (i % 4) * 8, &i, sizeof i);
}

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct table table = { 0 };
    uint8_t key[TABLE_KEY_BYTES];
    for (int i = 0; i < 5000; i++) {
        key_of(i, key);
        assert_null(table_get(&table, key));
        assert_null(table_put(&table, key, &things[i]));
    }
    assert_int_equal(table.count, 5000);
    for (int i = 0; i < 5000; i++) {
        key_of(i, key);
        assert_ptr_equal(table_get(&table, key), &things[i]);
    }
    table_clear(&table);
}

static void putting_again_gives_what_was_there(void **state)
{
    (void)state;
    struct table table = { 0 };
    uint8_t key[TABLE_KEY_BYTES] = { 1 };
    table_put(&table, key, &things[0]);
    assert_ptr_equal(table_put(&table, key, &things[1]), &things[0]);
    assert_int_equal(table.count, 1);
    assert_ptr_equal(table_remove(&table, key), &things[1]);
    assert_null(table_remove(&table, key));
    table_clear(&table);
}

static void removing_some_leaves_the_others(void **state)
{
    (void)state;
    struct table table = { 0 };
    uint8_t key[TABLE_KEY_BYTES];
    for (int i = 0; i < 5000; i++) {
        key_of(i, key);
        table_put(&table, key, &things[i]);
    }
    for (int i = 0; i < 5000; i += 3) {
        key_of(i, key);
        assert_ptr_equal(table_remove(&table, key), &things[i]);
    }
    for (int i = 0; i < 5000; i++) {
        key_of(i, key);
        assert_ptr_equal(table_get(&table, key), i % 3 == 0 ? NULL : &things[i]);
    }
    size_t seen = 0;
    for (size_t at = 0; table_next(&table, &at) != NULL;)
        seen++;
    assert_int_equal(seen, table.count);
    table_clear(&table);
}

static void an_empty_table_answers(void **state)
{
    (void)state;
    struct table table = { 0 };
    uint8_t key[TABLE_KEY_BYTES] = { 0 };
    size_t at = 0;
    assert_null(table_get(&table, key));
    assert_null(table_remove(&table, key));
    assert_null(table_next(&table, &at));
    table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(putting_again_gives_what_was_there),
        cmocka_unit_test(removing_some_leaves_the_others),
        cmocka_unit_test(an_empty_table_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
