#include "daemon/loop.h"

#include "node_help.h"

#include <stdatomic.h>
#include <sys/signalfd.h>

#include "base/log.h"
#include "daemon/commands.h"
#include "net/peer.h"

/* A node that a thread turns until it is told to stop. */
struct bench {
    struct home home;
    struct buf inception;
    struct node_options options;
    struct node *node;
    struct control_server *control;
    struct loop loop;
    pthread_t thread;
    bool running;
    enum err ended;
};

static int signal_fd = -1;

static int net_begin(void **state)
{
    (void)state;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before any thread */
    signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    log_level_set(LOG_ERROR);
    return id_init() == E_OK && net_init(64, 1) == E_OK ? 0 : -1;
}

static int net_end(void **state)
{
    (void)state;
    net_term();
    return close(signal_fd);
}

static int make_bench(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    b->options = test_options();
    assert_int_equal(loop_init(&b->loop, signal_fd), E_OK);
    b->options.poke = loop_poke;
    b->options.poke_context = &b->loop;
    make_identity(HOME_NODE, "us-oh-dayton", &b->home, &b->inception);
    assert_int_equal(node_open(&b->options, &b->home, buf_view(&b->inception), &b->node), E_OK);
    char path[200];
    snprintf(path, sizeof path, "%s/control.sock", scratch);
    return control_serve(path, node_commands, b->node, &b->control) == E_OK ? 0 : -1;
}

static void *run(void *context)
{
    struct bench *b = context;
    b->ended = loop_run(&b->loop, b->node, b->control);
    return NULL;
}

static void start(struct bench *b)
{
    assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
    b->running = true;
}

static enum err wait_for_the_end(struct bench *b)
{
    pthread_join(b->thread, NULL);
    b->running = false;
    return b->ended;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    if (b->running) {
        kill(getpid(), SIGTERM);
        wait_for_the_end(b);
    }
    control_stop(&b->control);
    node_close(&b->node);
    loop_clear(&b->loop);
    loop_clear(&b->loop); /* twice does no harm */
    buf_clear(&b->inception);
    free(b);
    return scratch_drop(state);
}

static uint64_t dials(struct bench *b)
{
    pthread_mutex_lock(&b->node->lock);
    uint64_t dials = b->node->counters.dials;
    pthread_mutex_unlock(&b->node->lock);
    return dials;
}

/* A hub that is not there is dialed again and again: the thread turns the node. */
static void join_somebody(struct bench *b)
{
    struct token token = { .endpoint = "tcp://127.0.0.1:1", .hub_author = { { 1 } } };
    struct peer_row row;
    assert_int_equal(node_join(b->node, &token, &row), E_OK);
}

static void wait_for_dials(struct bench *b, uint64_t count)
{
    for (uint64_t until = clock_mono_ms() + 20000; dials(b) < count;) {
        assert_true(clock_mono_ms() < until);
        sched_yield();
    }
}

static void sigterm_and_sigint_end_it(void **state)
{
    struct bench *b = *state;
    static const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < 2; i++) {
        start(b);
        kill(getpid(), signals[i]);
        assert_int_equal(wait_for_the_end(b), E_OK);
    }
}

static void sighup_does_not(void **state)
{
    struct bench *b = *state;
    start(b);
    kill(getpid(), SIGHUP);
    join_somebody(b);
    wait_for_dials(b, 2);
    kill(getpid(), SIGTERM);
    assert_int_equal(wait_for_the_end(b), E_OK);
}

static void a_poke_has_the_node_turned_at_once(void **state)
{
    struct bench *b = *state;
    start(b); /* with nobody to talk to, it would look again in five seconds */
    join_somebody(b);
    wait_for_dials(b, 1);
}

static void pokes_never_block(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 100000; i++)
        loop_poke(&b->loop);
    start(b);
    join_somebody(b);
    wait_for_dials(b, 1);
}

static void a_store_that_failed_ends_it_with_the_reason(void **state)
{
    struct bench *b = *state;
    start(b);
    assert_int_equal(node_wrote(b->node, (fail)(E_IO, "cannot sync")), E_IO);
    assert_int_equal(wait_for_the_end(b), E_IO);
}

static void a_loop_that_was_never_made_is_cleared(void **state)
{
    (void)state;
    struct loop loop = { 0 };
    loop_clear(&loop);
    assert_int_equal(loop.poke_fd, -1);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(sigterm_and_sigint_end_it),
        FACT(sighup_does_not),
        FACT(a_poke_has_the_node_turned_at_once),
        FACT(pokes_never_block),
        FACT(a_store_that_failed_ends_it_with_the_reason),
        FACT(a_loop_that_was_never_made_is_cleared),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
