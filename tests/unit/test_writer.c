#include "hubd/writer.h"

#include "hub_bare.h"

static bool has_disk;

static int disk_up(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    has_disk = scratch_mount(48 << 20, 0);
    if (!has_disk)
        return 0;
    make_hub_home();
    struct options options = quick_options();
    return hub_open(hub_path, &options, &hub) == E_OK ? 0 : -1;
}

static int disk_down(void **state)
{
    if (!has_disk)
        return scratch_drop(state);
    hub_clear_up();
    scratch_unmount();
    return scratch_drop(state);
}

static void time_in_the_log_goes_on_after_the_interval(void **state)
{
    (void)state;
    struct options options = hub.options;
    options.tick_ms = 1;
    restart_hub(&options);
    ASK(one);
    assert_int_equal(office_put(1, "one", "add", &one), E_OK);
    assert_int_equal(log_size(), 3);
    uint64_t until = clock_mono_ms() + 2;
    while (clock_mono_ms() < until)
        continue;
    ASK(two);
    assert_int_equal(office_put(2, "two", "add", &two), E_OK);
    assert_int_equal(log_size(), 5);
    options.tick_ms = 60000;
    restart_hub(&options); /* the last tick is remembered */
    ASK(three);
    assert_int_equal(office_put(3, "three", "add", &three), E_OK);
    assert_int_equal(log_size(), 6);
}

static void a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    struct node node;
    struct options options = hub.options;
    char text[250];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    node_join(&node, "us-oh-dayton");
    options.store_map = 1 << 20;
    restart_hub(&options);
    while (node.feed.next < 4000)
        node_say(&node, VISIBLE_PUBLIC, text);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_int_equal(node.retry_after_ms, options.full_ms);
    uint64_t acked = node.acked_next;
    assert_true(acked < 4000);

    options.store_map = 64 << 20;
    restart_hub(&options);
    AUTO(store_done) struct store_view *view = NULL;
    struct feed feed;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_true(store_feed(view, &node.home.author, &feed));
    assert_true(feed.next >= acked); /* what was acknowledged is there */
    store_done(&view);
    node_connect(&node);
    UNTIL(&node, node.acked_next == 4000);
    node_clear(&node);
}

/* The disk itself, and while the hub runs. */
static void a_full_disk_is_waited_out(void **state)
{
    (void)state;
    if (!has_disk)
        skip();
    struct node node;
    node_join(&node, "us-oh-dayton");
    char junk[200], text[250];
    snprintf(junk, sizeof junk, "%s/junk", scratch);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    while (node.feed.next < 3000)
        node_say(&node, VISIBLE_PUBLIC, text);

    FILE *file = fopen(junk, "w");
    while (fwrite(text, 1, sizeof text, file) == sizeof text && fflush(file) == 0)
        continue;
    fclose(file);
    node_connect(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    node_dial(&node);
    UNTIL(&node, node.down);
    assert_int_equal(node.down_code, E_FULL);
    assert_true(writer_is_full(hub.writer));

    assert_int_equal(unlink(junk), 0);
    UNTIL(&node, !writer_is_full(hub.writer));
    UNTIL(&node, node.sync == NULL || node.down ? (node_dial(&node), false) : node.acked_next == 3000);
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(time_in_the_log_goes_on_after_the_interval),
        FACT(a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room),
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_out, disk_up, disk_down),
    };
    cmocka_set_test_filter(getenv("ONLY")); /* one fact, by its name */
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
