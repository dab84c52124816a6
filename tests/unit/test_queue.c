#include "base/queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int items[8];

static void the_oldest_comes_out_first(void **state)
{
    (void)state;
    struct queue *q = queue_new(3, 100);
    for (int round = 0; round < 3; round++) {
        assert_true(queue_put(q, &items[0], 10));
        assert_true(queue_put(q, &items[1], 20));
        assert_int_equal(queue_items(q), 2);
        assert_int_equal(queue_bytes(q), 30);
        assert_ptr_equal(queue_take(q, 0), &items[0]);
        assert_ptr_equal(queue_take(q, -1), &items[1]);
        assert_null(queue_take(q, 0));
        assert_null(queue_take(q, 1));
    }
    queue_free(&q, NULL);
    assert_null(q);
    queue_free(&q, NULL);
}

static void a_full_queue_turns_away_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct queue *q = queue_new(2, 100);
    assert_true(queue_try_put(q, &items[0], 50));
    assert_false(queue_try_put(q, &items[1], 51));
    assert_true(queue_try_put(q, &items[2], 50));
    assert_false(queue_try_put(q, &items[3], 0));
    assert_int_equal(queue_items(q), 2);
    assert_ptr_equal(queue_take(q, 0), &items[0]);
    assert_ptr_equal(queue_take(q, 0), &items[2]);
    queue_free(&q, NULL);
}

static void one_item_may_be_larger_than_the_queue(void **state)
{
    (void)state;
    struct queue *q = queue_new(2, 100);
    assert_true(queue_try_put(q, &items[0], 1000));
    assert_false(queue_try_put(q, &items[1], 1));
    assert_ptr_equal(queue_take(q, 0), &items[0]);
    assert_true(queue_try_put(q, &items[1], 1));
    queue_free(&q, NULL);
}

static void a_closed_queue_is_drained_and_takes_no_more(void **state)
{
    (void)state;
    struct queue *q = queue_new(2, 100);
    assert_true(queue_put(q, &items[0], 1));
    assert_false(queue_is_closed(q));
    queue_close(q);
    assert_true(queue_is_closed(q));
    assert_false(queue_put(q, &items[1], 1));
    assert_ptr_equal(queue_take(q, -1), &items[0]);
    assert_null(queue_take(q, -1));
    queue_free(&q, NULL);
}

static int freed;

static void count_freed(void *item)
{
    (void)item;
    freed++;
}

static void what_is_left_is_freed_with_the_queue(void **state)
{
    (void)state;
    struct queue *q = queue_new(3, 100);
    queue_put(q, &items[0], 1);
    queue_put(q, &items[1], 1);
    queue_take(q, 0);
    queue_put(q, &items[2], 1);
    queue_put(q, &items[3], 1);
    freed = 0;
    queue_free(&q, count_freed);
    assert_int_equal(freed, 3);
}

#define MANY 20000
#define PRODUCERS 3

static void *produce(void *queue)
{
    for (uintptr_t i = 1; i <= MANY; i++)
        if (!queue_put(queue, (void *)i, 1)) /* the number itself is the item */
            return NULL;
    return queue;
}

static void producers_wait_and_nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct queue *q = queue_new(4, 3);
    pthread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, q), 0);

    uint64_t sum = 0;
    for (int i = 0; i < PRODUCERS * MANY; i++) {
        void *item = queue_take(q, -1);
        assert_non_null(item);
        sum += (uintptr_t)item;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, q);
    }
    assert_true(sum == (uint64_t)PRODUCERS * MANY * (MANY + 1) / 2);
    assert_int_equal(queue_bytes(q), 0);
    queue_free(&q, NULL);
}

static void *put_one(void *queue)
{
    return queue_put(queue, &items[1], 1) ? queue : NULL;
}

static void closing_wakes_whoever_waits(void **state)
{
    (void)state;
    pthread_t thread;
    void *result = &items[0];
    struct queue *q = queue_new(1, 100);
    assert_true(queue_put(q, &items[0], 1));
    assert_int_equal(pthread_create(&thread, NULL, put_one, q), 0);
    queue_close(q);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    queue_free(&q, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_comes_out_first),
        cmocka_unit_test(a_full_queue_turns_away_and_keeps_what_it_has),
        cmocka_unit_test(one_item_may_be_larger_than_the_queue),
        cmocka_unit_test(a_closed_queue_is_drained_and_takes_no_more),
        cmocka_unit_test(what_is_left_is_freed_with_the_queue),
        cmocka_unit_test(producers_wait_and_nothing_is_lost_between_threads),
        cmocka_unit_test(closing_wakes_whoever_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
