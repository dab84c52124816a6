#include "hubd/projector.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "view_bench.h"

#define PATIENCE_MS 20000

/* Of a hub, what a projector looks at. */
static struct hub hub;
static struct projector *projector;

static int up(void **state)
{
    log_level_set(LOG_ERROR);
    if (view_up(state) != 0)
        return -1;
    hub = (struct hub){ .view = view, .options = { .project_records = 7, .full_ms = 10 } };
    hub.fail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return hub.fail_fd >= 0 ? 0 : -1;
}

static int down(void **state)
{
    projector_stop(&projector);
    close(hub.fail_fd);
    return view_down(state);
}

#define PROJECTOR_FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

static void start(void)
{
    hub.view = view;
    assert_int_equal(projector_new(&hub, &projector), E_OK);
}

#define WAIT_FOR(condition)                                                                                  \
    do {                                                                                                     \
        uint64_t until_ = clock_mono_ms() + PATIENCE_MS;                                                     \
        while (!(condition)) {                                                                               \
            if (clock_mono_ms() > until_)                                                                    \
                fail_msg("waited in vain for %s", #condition);                                               \
            nanosleep(&(struct timespec){ 0, 1000000 }, NULL);                                               \
        }                                                                                                    \
    } while (0)

static void what_the_log_has_is_taken_in_without_a_word(void **state)
{
    (void)state;
    say_many(50);
    log_commit(&record_log);
    start();
    WAIT_FOR(view_cursor(view) == record_log.size);
    assert_int_equal(projector_error(projector), E_OK);
    assert_int_equal(projector_lag_ms(projector), 0);
}

static void each_commit_is_followed(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 20; i++) {
        log_say(&record_log, &dayton, (struct said){ .nonce = i, .title = "one more" });
        log_commit(&record_log);
        projector_signal(projector, record_log.size);
        WAIT_FOR(view_cursor(view) == record_log.size);
        WAIT_FOR(projector_lag_ms(projector) == 0);
    }
    assert_int_equal(total(""), 20);
}

static void it_is_behind_until_it_has_what_it_heard_of(void **state)
{
    (void)state;
    log_commit(&record_log);
    start();
    WAIT_FOR(view_cursor(view) == record_log.size);
    projector_signal(projector, record_log.size + 1); /* of which the store shows nothing yet */
    WAIT_FOR(projector_lag_ms(projector) > 0);
    uint64_t lag = projector_lag_ms(projector);
    WAIT_FOR(projector_lag_ms(projector) > lag);
    log_say(&record_log, &dayton, oiso());
    log_commit(&record_log);
    WAIT_FOR(projector_lag_ms(projector) == 0); /* it looks again by itself */
    assert_int_equal(view_cursor(view), record_log.size);
}

static void old_news_are_none(void **state)
{
    (void)state;
    say_many(20);
    log_commit(&record_log);
    start();
    projector_signal(projector, record_log.size);
    WAIT_FOR(view_cursor(view) == record_log.size && projector_lag_ms(projector) == 0);
    projector_signal(projector, record_log.size);
    projector_signal(projector, record_log.size - 1);
    projector_signal(projector, 0);
    assert_int_equal(projector_lag_ms(projector), 0);
}

static void it_beats_while_there_is_nothing_to_do(void **state)
{
    (void)state;
    log_commit(&record_log);
    start();
    WAIT_FOR(view_cursor(view) == record_log.size);
    uint64_t beats = projector_beats(projector);
    WAIT_FOR(projector_beats(projector) > beats + 2);
}

static void a_full_view_stands_still_and_tries_again(void **state)
{
    (void)state;
    view_close(&view);
    assert_int_equal(view_open(folder, 40 * 4096, record_log.store, &view), E_OK);
    say_everything(600);
    start();
    projector_signal(projector, record_log.size);
    WAIT_FOR(projector_error(projector) == E_FULL);
    assert_int_equal(atomic_load(&hub.failure), E_OK); /* no reason to start anew */
    assert_true(view_cursor(view) < record_log.size);
    uint64_t beats = projector_beats(projector);
    WAIT_FOR(projector_beats(projector) > beats + 10);
    assert_true(projector_lag_ms(projector) > 0);
    projector_stop(&projector);
    open_view(); /* with room */
    start();
    WAIT_FOR(view_cursor(view) == record_log.size);
    assert_int_equal(projector_error(projector), E_OK);
}

static void a_damaged_view_ends_the_hub(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    damage_all();
    open_view();
    log_say(&record_log, &tampa, oiso());
    log_commit(&record_log);
    start();
    WAIT_FOR(atomic_load(&hub.failure) == E_CORRUPT);
    WAIT_FOR(projector_error(projector) == E_CORRUPT);
    projector_stop(&projector);
    open_view(); /* as the next start does */
    assert_int_equal(view_cursor(view), 0);
    start();
    WAIT_FOR(view_cursor(view) == record_log.size);
    assert_int_equal(total(""), 2);
}

static void it_stops_between_two_batches(void **state)
{
    (void)state;
    hub.options.project_records = 1;
    say_everything(400);
    start();
    projector_stop(&projector);
    assert_null(projector);
    projector_stop(&projector);
    uint64_t cursor = view_cursor(view);
    assert_true(cursor <= record_log.size);
    start(); /* and goes on from there */
    WAIT_FOR(view_cursor(view) == record_log.size);
    assert_true(view_cursor(view) >= cursor);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        PROJECTOR_FACT(what_the_log_has_is_taken_in_without_a_word),
        PROJECTOR_FACT(each_commit_is_followed),
        PROJECTOR_FACT(it_is_behind_until_it_has_what_it_heard_of),
        PROJECTOR_FACT(old_news_are_none),
        PROJECTOR_FACT(it_beats_while_there_is_nothing_to_do),
        PROJECTOR_FACT(a_full_view_stands_still_and_tries_again),
        PROJECTOR_FACT(a_damaged_view_ends_the_hub),
        PROJECTOR_FACT(it_stops_between_two_batches),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
