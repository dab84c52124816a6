#include "hubd/members.h"

#include "scratch.h"
#include "spoil.h"

#include "base/text.h"

#include <cmocka.h>

static struct member a_member(uint8_t tell, const char *name, enum member_state state)
{
    struct member member = { .author = { { tell, 0xab } },
                             .transport = { { tell, 0xcd } },
                             .geoid = "3921000",
                             .level = 3,
                             .state = state,
                             .since_ms = 12345 };
    snprintf(member.name, sizeof member.name, "%s", name);
    snprintf(member.title, sizeof member.title, "City of %s", name);
    return member;
}

static struct invite an_invite(uint8_t tell, const char *name)
{
    struct invite invite = {
        .key = { { tell, 0xef } }, .auto_admit = true, .state = INVITE_OPEN, .expires_ms = 99
    };
    snprintf(invite.name, sizeof invite.name, "%s", name);
    invite.id = hash_bytes(BYTES(invite.key.b));
    return invite;
}

/* ---- rows */

static void a_row_says_what_was_written(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 };
    struct member member = a_member(1, "us-oh-dayton", MEMBER_PENDING), read;
    struct bytes inception;
    member_encode(&member, bytes_text("packed"), &row);
    assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, &inception), E_OK);
    assert_memory_equal(&read, &member, sizeof member);
    assert_true(bytes_equal(inception, bytes_text("packed")));
}

static void a_row_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 };
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read;
    member_encode(&member, bytes_of(NULL, 0), &row);
    for (size_t len = 0; len < row.len; len++)
        assert_int_equal(member_decode(BYTES(member.author.b), bytes_of(row.data, len), &read, NULL),
                         E_CORRUPT);
    buf_u8(&row, 0);
    assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, NULL), E_CORRUPT);
    row.data[0] = 9;
    row.len--;
    assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, NULL), E_VERSION);
}

static void an_invites_row_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 };
    struct invite invite = an_invite(1, "us-oh-dayton"), read;
    struct hash author;
    invite_encode(&invite, &row);
    assert_int_equal(invite_decode(BYTES(invite.key.b), buf_view(&row), &read, &author), E_OK);
    assert_memory_equal(&read, &invite, sizeof invite);
    for (size_t len = 0; len < row.len; len++)
        assert_int_equal(invite_decode(BYTES(invite.key.b), bytes_of(row.data, len), &read, &author),
                         E_CORRUPT);
}

/* ---- in memory */

static void a_member_is_found_by_name_author_and_prefix(void **state)
{
    (void)state;
    struct members *members = members_new();
    struct member dayton = a_member(1, "us-oh-dayton", MEMBER_ACTIVE),
                  akron = a_member(2, "us-oh-akron", MEMBER_ACTIVE);
    struct member found;
    char hex[2 * HASH_BYTES + 1];
    members_set(members, &dayton);
    members_set(members, &akron);
    hex_encode(dayton.author.b, HASH_BYTES, hex);
    assert_int_equal(members_find(members, "us-oh-dayton", &found), E_OK);
    assert_int_equal(members_find(members, hex, &found), E_OK);
    assert_string_equal(found.name, "us-oh-dayton");
    assert_int_equal(members_find(members, "us-oh-a", &found), E_OK);
    assert_string_equal(found.name, "us-oh-akron");
    assert_int_equal(members_find(members, "us-oh", &found), E_USAGE);
    assert_int_equal(members_find(members, "us-", &found), E_NOT_FOUND);
    assert_int_equal(members_find(members, "us-tx-austin", &found), E_NOT_FOUND);
    members_free(&members);
}

static void a_key_is_a_members_an_invites_or_nobodys(void **state)
{
    (void)state;
    struct members *members = members_new();
    struct member dayton = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), found;
    struct invite invite = an_invite(7, ""), read;
    struct key second = { { 0x77 } }, stranger = { { 0x88 } };
    members_set(members, &dayton);
    members_set_invite(members, &invite);
    members_set_key(members, &second, &dayton.author);
    assert_int_equal(members_key(members, &dayton.transport, &found, NULL), KEY_MEMBER);
    assert_int_equal(members_key(members, &second, &found, NULL), KEY_MEMBER);
    assert_string_equal(found.name, "us-oh-dayton");
    assert_int_equal(members_key(members, &invite.key, NULL, &read), KEY_INVITE);
    assert_int_equal(members_key(members, &stranger, NULL, NULL), KEY_NOBODY);
    members_free(&members);
}

static void a_pending_member_owns_neither_its_key_nor_its_name(void **state)
{
    (void)state;
    struct members *members = members_new();
    struct member pending = a_member(1, "us-oh-dayton", MEMBER_PENDING);
    struct member other = a_member(2, "us-oh-dayton", MEMBER_ACTIVE), found;
    members_set(members, &pending);
    assert_int_equal(members_key(members, &pending.transport, NULL, NULL), KEY_NOBODY);
    members_set(members, &other);
    assert_int_equal(members_find(members, "us-oh-dayton", &found), E_OK);
    assert_true(hash_equal(&found.author, &other.author));
    assert_int_equal(members_count(members, MEMBER_PENDING), 1);
    members_free(&members);
}

static void what_is_known_of_the_moment_survives_a_change_of_state(void **state)
{
    (void)state;
    struct members *members = members_new();
    struct member dayton = a_member(1, "us-oh-dayton", MEMBER_ACTIVE);
    struct member_live live;
    struct hash head = { { 5 } };
    members_set(members, &dayton);
    members_connected(members, &dayton.author, true, "noded/1", 4711);
    members_held(members, &dayton.author, 10, &head);
    members_offered(members, &dayton.author, 25);
    dayton.state = MEMBER_SUSPENDED;
    members_set(members, &dayton);
    assert_true(members_get(members, &dayton.author, NULL, &live));
    assert_true(live.connected);
    assert_int_equal(live.next, 10);
    assert_int_equal(live.offered, 25);
    assert_int_equal(live.last_contact_ms, 4711);
    assert_string_equal(live.software, "noded/1");
    members_free(&members);
}

/* ---- and from the store */

static void what_the_store_keeps_is_loaded(void **state)
{
    (void)state;
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    struct store *store;
    struct store_txn *txn;
    struct store_view *view;
    struct member dayton = a_member(1, "us-oh-dayton", MEMBER_ACTIVE),
                  pending = a_member(2, "x", MEMBER_PENDING), found;
    struct invite invite = an_invite(7, "us-oh-akron");
    struct key second = { { 0x77 } };
    struct hash author;
    assert_int_equal(store_open(&options, &store), E_OK);
    assert_int_equal(store_begin(store, &txn), E_OK);
    member_put(txn, &dayton, bytes_of(NULL, 0));
    member_put(txn, &pending, bytes_text("packed"));
    member_put_key(txn, &second, &dayton.author);
    invite_put(txn, &invite);
    assert_true(member_named_in(txn, "us-oh-dayton", &author));
    assert_false(member_named_in(txn, "x", &author));
    assert_int_equal(invite_in(txn, &dayton.transport, &invite, &author), E_EXISTS);
    assert_int_equal(invite_in(txn, &pending.transport, &invite, &author), E_NOT_FOUND);
    assert_int_equal(store_commit(&txn), E_OK);

    struct members *members = members_new();
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(members_load(members, view), E_OK);
    store_done(&view);
    assert_int_equal(members_key(members, &dayton.transport, &found, NULL), KEY_MEMBER);
    assert_int_equal(members_key(members, &second, &found, NULL), KEY_MEMBER);
    invite = an_invite(7, "us-oh-akron");
    assert_int_equal(members_key(members, &invite.key, NULL, &invite), KEY_INVITE);
    assert_int_equal(members_count(members, MEMBER_PENDING), 1);
    members_free(&members);
    store_close(&store);
}

/* A hub that read half of them would turn the other half away. */
static void members_that_cannot_be_read_are_not_passed_over(void **state)
{
    (void)state;
    static const uint8_t spoilt[4] = { 4, 0xab };
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    struct store *store;
    struct store_txn *txn;
    assert_int_equal(store_open(&options, &store), E_OK);
    assert_int_equal(store_begin(store, &txn), E_OK);
    for (uint8_t i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "city-%d", i);
        struct member member = a_member(i, name, MEMBER_ACTIVE);
        member_put(txn, &member, bytes_of(NULL, 0));
    }
    assert_int_equal(store_commit(&txn), E_OK);
    assert_true(spoil_pages(scratch, BYTES(spoilt)) > 0);

    struct members *members = members_new();
    struct store_view *view;
    assert_int_equal(store_read(store, &view), E_OK);
    assert_int_equal(members_load(members, view), E_CORRUPT);
    store_done(&view);
    members_free(&members);
    store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_says_what_was_written),
        cmocka_unit_test(a_row_cut_anywhere_is_corrupt),
        cmocka_unit_test(an_invites_row_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_member_is_found_by_name_author_and_prefix),
        cmocka_unit_test(a_key_is_a_members_an_invites_or_nobodys),
        cmocka_unit_test(a_pending_member_owns_neither_its_key_nor_its_name),
        cmocka_unit_test(what_is_known_of_the_moment_survives_a_change_of_state),
        cmocka_unit_test_setup_teardown(what_the_store_keeps_is_loaded, scratch_make, scratch_drop),
        cmocka_unit_test_setup_teardown(members_that_cannot_be_read_are_not_passed_over, scratch_make,
                                        scratch_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
