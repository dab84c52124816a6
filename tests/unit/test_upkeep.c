#include "hubd/upkeep.h"

#include "hub_node.h"

static int read_and_die(void *context)
{
    (void)context;
    struct store *store;
    struct store_view *view;
    struct store_options options = { hub.home.store, 64 << 20, .log = true, .read_only = true };
    return store_open(&options, &store) == E_OK && store_read(store, &view) == E_OK ? 0 : 1;
}

static void slots_of_readers_that_died_are_dropped(void **state)
{
    (void)state;
    struct db_usage usage;
    assert_int_equal(scratch_child(read_and_die, NULL), 0);
    assert_int_equal(upkeep_reap(&hub), 1);
    assert_int_equal(upkeep_reap(&hub), 0);
    assert_int_equal(db_usage(store_db(hub.store), &usage), E_OK);
    assert_int_equal(usage.readers, 0);
}

static uint64_t last_contact(const struct hash *author)
{
    struct member_live live = { 0 };
    assert_true(members_get(hub.members, author, NULL, &live));
    return live.last_contact_ms;
}

static void a_restart_remembers_when_a_member_was_last_heard(void **state)
{
    (void)state;
    struct node node, other;
    struct options options = hub.options;
    node_join(&node, "us-oh-dayton");
    node_join(&other, "us-oh-akron");
    node_connect(&node);
    uint64_t before = last_contact(&node.home.author);
    assert_true(before > 0);
    restart_hub(&options);
    assert_true(last_contact(&node.home.author) >= before);
    assert_true(last_contact(&node.home.author) <= clock_wall_ms());
    assert_int_equal(last_contact(&other.home.author), 0); /* it only ever showed its invite */
    node_clear(&node);
    node_clear(&other);
}

static enum err keep(void *context, struct write *write)
{
    *(bool *)context = upkeep_contacts(write);
    return E_OK;
}

static uint64_t kept(const struct hash *author)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct bytes value;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    if (!store_get(view, STORE_MARKS, BYTES(author->b), &value))
        return 0;
    assert_int_equal(value.len, 8);
    return get_u64(value.data);
}

static void a_contact_is_written_with_others_and_once(void **state)
{
    (void)state;
    struct node node;
    bool more = true;
    struct call call = { .run = keep, .context = &more };
    node_join(&node, "us-oh-dayton");
    members_heard(hub.members, &node.home.author, 4711);
    assert_int_equal(kept(&node.home.author), 0);
    assert_int_equal(writer_call(hub.writer, &call), E_OK);
    assert_false(more);
    assert_int_equal(kept(&node.home.author), 4711);

    struct member_contact contact;
    assert_int_equal(members_unkept(hub.members, &contact, 1), 0);
    members_heard(hub.members, &node.home.author, 4712);
    assert_int_equal(members_unkept(hub.members, &contact, 1), 1);
    assert_int_equal(contact.time_ms, 4712);
    assert_true(hash_equal(&contact.author, &node.home.author));
    node_clear(&node);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, hub_up, hub_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(slots_of_readers_that_died_are_dropped),
        FACT(a_restart_remembers_when_a_member_was_last_heard),
        FACT(a_contact_is_written_with_others_and_once),
    };
    return cmocka_run_group_tests(tests, hub_group_start, hub_group_end);
}
