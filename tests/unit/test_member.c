#include "hubd/member.h"

#include "scratch.h"

#include <cmocka.h>

static struct store *store;
static struct store_txn *txn;

static int up(void **state)
{
    struct store_options options = { scratch, 16 << 20, .create = true, .log = true };
    return scratch_make(state) == 0 && store_open(&options, &store) == E_OK &&
                   store_begin(store, &txn) == E_OK
               ? 0
               : -1;
}

static int down(void **state)
{
    store_abort(&txn);
    store_close(&store);
    return scratch_drop(state);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

static struct member a_member(uint8_t tell, const char *name, enum member_state state)
{
    struct member member = { .author = { { tell, 0xab } },
                             .transport = { { tell, 0xcd } },
                             .geoid = "3921000",
                             .level = 3,
                             .state = state,
                             .reason = 4,
                             .since_ms = 12345,
                             .invite = { { 9 } } };
    snprintf(member.name, sizeof member.name, "%s", name);
    snprintf(member.title, sizeof member.title, "City of %s", name);
    return member;
}

static struct invite an_invite(uint8_t tell, enum invite_state state)
{
    struct invite invite = { .key = { { tell, 0xef } },
                             .name = "us-oh-dayton",
                             .auto_admit = true,
                             .state = state,
                             .author = { { 3 } },
                             .created_ms = 7,
                             .expires_ms = 99 };
    invite.id = hash_bytes(BYTES(invite.key.b));
    return invite;
}

/* ---- the rows' bytes */

static void each_state_has_a_word(void **state)
{
    (void)state;
    assert_string_equal(member_state_word(MEMBER_PENDING), "pending");
    assert_string_equal(member_state_word(MEMBER_ACTIVE), "active");
    assert_string_equal(member_state_word(MEMBER_SUSPENDED), "suspended");
    assert_string_equal(member_state_word(MEMBER_REMOVED), "removed");
    assert_string_equal(member_state_word((enum member_state)0), "unknown");
    assert_string_equal(member_state_word((enum member_state)5), "unknown");
}

static void the_longest_texts_come_back_whole(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 };
    struct member member = a_member(1, "", MEMBER_ACTIVE), read;
    struct bytes inception;
    memset(member.name, 'n', MAX_NAME_BYTES);
    memset(member.title, 't', MAX_TITLE_BYTES);
    memset(member.geoid, '1', sizeof member.geoid - 1);
    member_encode(&member, bytes_text("packed"), &row);
    assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, &inception), E_OK);
    assert_memory_equal(&read, &member, sizeof member);
    assert_true(bytes_equal(inception, bytes_text("packed")));
    row.data[2 + KEY_BYTES]++; /* a name one byte longer than it may be */
    assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, NULL), E_CORRUPT);
}

static void a_row_in_no_state_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 }, other = { 0 };
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read;
    struct invite invite = an_invite(1, INVITE_OPEN), found;
    struct hash author;
    member_encode(&member, bytes_of(NULL, 0), &row);
    invite_encode(&invite, &other);
    for (unsigned s = 0; s < 256; s++) {
        row.data[1] = other.data[2] = (uint8_t)s;
        assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, NULL),
                         s >= 1 && s <= 4 ? E_OK : E_CORRUPT);
        assert_int_equal(invite_decode(BYTES(invite.key.b), buf_view(&other), &found, &author),
                         s >= 1 && s <= 3 ? E_OK : E_CORRUPT);
    }
}

static void versions_before_the_first_and_after_ours_are_told_apart(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 }, other = { 0 };
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read;
    struct invite invite = an_invite(1, INVITE_OPEN), found;
    struct hash author;
    member_encode(&member, bytes_of(NULL, 0), &row);
    invite_encode(&invite, &other);
    static const enum err expected[] = { E_CORRUPT, E_OK, E_VERSION };
    for (uint8_t version = 0; version < 3; version++) {
        row.data[0] = other.data[0] = version;
        assert_int_equal(member_decode(BYTES(member.author.b), buf_view(&row), &read, NULL),
                         expected[version]);
        assert_int_equal(invite_decode(BYTES(invite.key.b), buf_view(&other), &found, &author),
                         expected[version]);
    }
}

static void a_key_of_another_length_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf row = { 0 }, other = { 0 };
    static const uint8_t key[33];
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read;
    struct invite invite = an_invite(1, INVITE_OPEN), found;
    struct hash author;
    member_encode(&member, bytes_of(NULL, 0), &row);
    invite_encode(&invite, &other);
    for (size_t len = 0; len <= sizeof key; len++) {
        enum err code = len == 32 ? E_OK : E_CORRUPT;
        assert_int_equal(member_decode(bytes_of(key, len), buf_view(&row), &read, NULL), code);
        assert_int_equal(invite_decode(bytes_of(key, len), buf_view(&other), &found, &author), code);
    }
}

/* ---- in the store */

static void who_waits_has_neither_its_name_nor_its_key(void **state)
{
    (void)state;
    struct member member = a_member(1, "us-oh-dayton", MEMBER_PENDING), read;
    struct bytes inception;
    struct invite invite;
    struct hash owner;
    assert_false(member_in(txn, &member.author, &read, NULL));
    member_put(txn, &member, bytes_text("packed"));
    assert_true(member_in(txn, &member.author, &read, &inception));
    assert_true(bytes_equal(inception, bytes_text("packed")));
    assert_false(member_named_in(txn, "us-oh-dayton", &owner));
    assert_int_equal(invite_in(txn, &member.transport, &invite, &owner), E_NOT_FOUND);
    member.state = MEMBER_ACTIVE;
    member_put(txn, &member, bytes_of(NULL, 0));
    assert_true(member_in(txn, &member.author, &read, &inception));
    assert_int_equal(inception.len, 0);
    assert_true(member_named_in(txn, "us-oh-dayton", &owner));
    assert_true(hash_equal(&owner, &member.author));
    assert_false(member_named_in(txn, "us-oh-dayto", &owner));
    memset(&owner, 0, sizeof owner);
    assert_int_equal(invite_in(txn, &member.transport, &invite, &owner), E_EXISTS);
    assert_true(hash_equal(&owner, &member.author));
}

static void a_member_may_have_many_keys(void **state)
{
    (void)state;
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE);
    struct key second = { { 7, 7 } };
    struct invite invite;
    struct hash owner;
    member_put(txn, &member, bytes_of(NULL, 0));
    member_put_key(txn, &second, &member.author);
    assert_int_equal(invite_in(txn, &second, &invite, &owner), E_EXISTS);
    assert_true(hash_equal(&owner, &member.author));
    assert_int_equal(invite_in(txn, &member.transport, &invite, &owner), E_EXISTS);
}

static void an_invite_is_found_by_its_key_and_named_by_its_hash(void **state)
{
    (void)state;
    for (unsigned s = INVITE_OPEN; s <= INVITE_REVOKED; s++) {
        struct invite invite = an_invite((uint8_t)s, (enum invite_state)s), read;
        struct hash owner;
        invite_put(txn, &invite);
        assert_int_equal(invite_in(txn, &invite.key, &read, &owner), E_OK);
        assert_memory_equal(&read, &invite, sizeof invite);
    }
}

static void the_question_may_lie_in_the_answer(void **state)
{
    (void)state;
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read = { .author = member.author };
    struct invite invite = an_invite(2, INVITE_OPEN), found = { .key = invite.key };
    struct hash owner;
    member_put(txn, &member, bytes_of(NULL, 0));
    invite_put(txn, &invite);
    assert_true(member_in(txn, &read.author, &read, NULL));
    assert_memory_equal(&read, &member, sizeof member);
    assert_int_equal(invite_in(txn, &found.key, &found, &owner), E_OK);
    assert_memory_equal(&found, &invite, sizeof invite);
}

static void damaged_rows_are_nobodys(void **state)
{
    (void)state;
    struct member member = a_member(1, "us-oh-dayton", MEMBER_ACTIVE), read;
    struct invite invite;
    struct hash owner;
    member_put(txn, &member, bytes_of(NULL, 0));
    store_put(txn, STORE_PEERS, BYTES(member.author.b), bytes_text("rotten"));
    store_put(txn, STORE_NAMES, bytes_text("us-oh-dayton"), bytes_text("rotten"));
    store_put(txn, STORE_KEYS, BYTES(member.transport.b), bytes_text("\1\7rotten"));
    assert_false(member_in(txn, &member.author, &read, NULL));
    assert_false(member_named_in(txn, "us-oh-dayton", &owner));
    assert_int_equal(invite_in(txn, &member.transport, &invite, &owner), E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(each_state_has_a_word),
        cmocka_unit_test(the_longest_texts_come_back_whole),
        cmocka_unit_test(a_row_in_no_state_is_corrupt),
        cmocka_unit_test(versions_before_the_first_and_after_ours_are_told_apart),
        cmocka_unit_test(a_key_of_another_length_is_corrupt),
        FACT(who_waits_has_neither_its_name_nor_its_key),
        FACT(a_member_may_have_many_keys),
        FACT(an_invite_is_found_by_its_key_and_named_by_its_hash),
        FACT(the_question_may_lie_in_the_answer),
        FACT(damaged_rows_are_nobodys),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
