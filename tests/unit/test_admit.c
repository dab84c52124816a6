#include "hubd/admit.h"

#include "hub_door.h"

static void admit(struct guest *guest, const char *name)
{
    struct member member = member_of(guest, name);
    assert_int_equal(admit_member(&writing, &member, buf_view(&guest->inception)), E_OK);
    assert_int_equal(member.state, MEMBER_ACTIVE);
}

/* ---- admissions */

static void an_admission_comes_before_the_inception_and_says_who(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct member member = member_of(&dayton, "us-oh-dayton");
    memset(member.invite.b, 0x77, HASH_BYTES);
    uint64_t size = store_size_in(writing.txn);
    assert_int_equal(admit_member(&writing, &member, buf_view(&dayton.inception)), E_OK);
    assert_int_equal(member.since_ms, NOW_MS);
    door_commit();
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_int_equal(store_size(view), size + 3); /* a tick, the admission, the inception */
    struct record record = logged_at(view, size + 1);
    struct admission said;
    assert_true(hash_equal(&record.header.author, &hub.home.author));
    assert_int_equal(record.header.payload_type, TYPE_ADMISSION);
    assert_int_equal(admission_read(record.payload, &said), E_OK);
    assert_true(hash_equal(&said.jurisdiction, &dayton.home.author));
    assert_string_equal(said.name, "us-oh-dayton");
    assert_string_equal(said.geoid, "3921000");
    assert_int_equal(said.level, 1);
    assert_memory_equal(said.invite.b, member.invite.b, HASH_BYTES);
    record = logged_at(view, size + 2);
    assert_true(hash_equal(&record.header.author, &dayton.home.author));
    assert_int_equal(member_now(&dayton).state, MEMBER_ACTIVE);
}

static void a_name_and_a_key_are_one_members(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(other, "us-oh-dayton");
    admit(&dayton, "us-oh-dayton");
    uint64_t size = store_size_in(writing.txn);
    struct member twin = member_of(&other, "us-oh-dayton");
    assert_int_equal(admit_member(&writing, &twin, buf_view(&other.inception)), E_EXISTS);
    assert_non_null(strstr(err_message(), "name"));
    snprintf(twin.name, sizeof twin.name, "us-oh-kettering");
    twin.transport = dayton.home.transport.public_key;
    assert_int_equal(admit_member(&writing, &twin, buf_view(&other.inception)), E_EXISTS);
    assert_non_null(strstr(err_message(), "transport key"));
    struct invite invite = invite_make(1, "", false, 0);
    twin.transport = invite.key; /* nor is the key of an invite anybody's own */
    assert_int_equal(admit_member(&writing, &twin, buf_view(&other.inception)), E_EXISTS);
    memset(twin.transport.b, 0, KEY_BYTES);
    assert_int_equal(admit_member(&writing, &twin, buf_view(&other.inception)), E_MALFORMED);
    assert_int_equal(store_size_in(writing.txn), size); /* checks first */
    assert_int_equal(twin.state, MEMBER_PENDING);
    twin.transport = other.home.transport.public_key;
    assert_int_equal(admit_member(&writing, &twin, buf_view(&other.inception)), E_OK);
}

static void an_inception_that_does_not_hold_is_not_admitted(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(other, "us-oh-kettering");
    struct member member = member_of(&dayton, "us-oh-dayton");
    uint64_t size = store_size_in(writing.txn);
    struct bytes whole = buf_view(&dayton.inception);
    for (size_t len = 0; len < whole.len; len += 7)
        assert_int_not_equal(admit_member(&writing, &member, bytes_of(whole.data, len)), E_OK);
    assert_int_not_equal(admit_member(&writing, &member, buf_view(&other.inception)), E_OK);
    dayton.inception.data[HEADER_BYTES] ^= 1; /* the signature */
    assert_int_equal(admit_member(&writing, &member, buf_view(&dayton.inception)), E_BAD_SIGNATURE);
    assert_int_equal(store_size_in(writing.txn), size);
    assert_int_equal(store_error(writing.txn), E_OK);
}

static void a_key_is_free_for_its_owner(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct hash other = { { 9 } };
    struct key key = dayton.home.transport.public_key, none = { { 1 } };
    assert_true(admit_key_is_free(&writing, &key, &other));
    admit(&dayton, "us-oh-dayton");
    assert_true(admit_key_is_free(&writing, &key, &dayton.home.author));
    assert_false(admit_key_is_free(&writing, &key, &other));
    assert_true(admit_key_is_free(&writing, &none, &other));
    struct invite invite = invite_make(1, "", false, 0);
    assert_false(admit_key_is_free(&writing, &invite.key, &dayton.home.author));
}

/* ---- suspensions */

static struct suspension last_suspension(void)
{
    door_commit();
    AUTO(store_done) struct store_view *view = NULL;
    struct suspension said;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    struct record record = logged_at(view, store_size(view) - 1);
    assert_int_equal(record.header.payload_type, TYPE_SUSPENSION);
    assert_int_equal(suspension_read(record.payload, &said), E_OK);
    return said;
}

static void a_suspension_is_logged_and_lifted(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    admit(&dayton, "us-oh-dayton");
    struct member member = member_now(&dayton);
    writing.now_ms++;
    assert_int_equal(admit_suspend(&writing, &member, 3, MEMBER_SUSPENDED), E_OK);
    struct suspension said = last_suspension();
    assert_true(hash_equal(&said.jurisdiction, &dayton.home.author));
    assert_int_equal(said.reason, 3);
    assert_false(said.lifted);
    member = member_now(&dayton);
    assert_int_equal(member.state, MEMBER_SUSPENDED);
    assert_int_equal(member.reason, 3);
    assert_int_equal(member.since_ms, NOW_MS + 1);
    assert_int_equal(admit_resume(&writing, &member), E_OK);
    assert_true(last_suspension().lifted);
    assert_int_equal(member.reason, 0);
    member = member_now(&dayton);
    assert_int_equal(member.state, MEMBER_ACTIVE);
    assert_int_equal(member.reason, 0); /* in the row too, for the next start */
}

static void only_what_changes_something_is_logged(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct member member = member_of(&dayton, "us-oh-dayton");
    assert_int_equal(admit_suspend(&writing, &member, 3, MEMBER_SUSPENDED), E_UNMET); /* is pending */
    assert_int_equal(admit_resume(&writing, &member), E_UNMET);
    admit(&dayton, "us-oh-dayton");
    member = member_now(&dayton);
    uint64_t next = next_of(&hub.home.author);
    assert_int_equal(admit_resume(&writing, &member), E_UNMET);
    assert_int_equal(next_of(&hub.home.author), next);
    assert_int_equal(admit_suspend(&writing, &member, 3, MEMBER_SUSPENDED), E_OK);
    assert_int_equal(admit_suspend(&writing, &member, 4, MEMBER_SUSPENDED), E_UNMET);
    assert_int_equal(admit_suspend(&writing, &member, 5, MEMBER_REMOVED), E_OK); /* the harder one still */
    assert_int_equal(admit_suspend(&writing, &member, 4, MEMBER_SUSPENDED), E_UNMET);
    assert_int_equal(admit_suspend(&writing, &member, 4, MEMBER_REMOVED), E_UNMET);
    assert_int_equal(admit_resume(&writing, &member), E_OK);
    assert_int_equal(next_of(&hub.home.author), next + 3);
}

/* ---- one that nobody admits */

static void who_waits_is_turned_away_without_a_word_in_the_log(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(akron, "us-oh-akron");
    struct invite used[3] = { invite_make(1, "", false, UINT64_MAX), invite_make(2, "", false, UINT64_MAX),
                              invite_make(3, "", false, UINT64_MAX) };
    struct member member = member_of(&dayton, "us-oh-dayton"), stays = member_of(&akron, "us-oh-akron");
    member_put(writing.txn, &member, buf_view(&dayton.inception));
    member_put(writing.txn, &stays, buf_view(&akron.inception));
    admit_apply(&hub, &member);
    admit_apply(&hub, &stays);
    for (size_t i = 0; i < 3; i++) { /* two are Dayton's */
        used[i].state = INVITE_USED;
        used[i].author = i < 2 ? dayton.home.author : akron.home.author;
        invite_put(writing.txn, &used[i]);
        admit_apply_invite(&hub, &used[i]);
        assert_true(is_let_in(&used[i].key));
    }
    uint64_t size = store_size_in(writing.txn);
    assert_int_equal(admit_forget(&writing, &member), E_OK);
    assert_int_equal(store_size_in(writing.txn), size);
    assert_int_equal(member.state, MEMBER_REMOVED);
    assert_false(member_in(writing.txn, &dayton.home.author, &member, NULL));
    admit_apply_forgotten(&hub, &(struct member){ .author = dayton.home.author });
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(invite_now(&used[i]).state, i < 2 ? INVITE_REVOKED : INVITE_USED);
        assert_int_equal(is_let_in(&used[i].key), i == 2);
    }
    assert_false(members_get(hub.members, &dayton.home.author, NULL, NULL));
    assert_int_equal(members_count(hub.members, MEMBER_PENDING), 1);
    assert_int_equal(member_now(&akron).state, MEMBER_PENDING);
}

static void only_who_waits_can_be_turned_away(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    admit(&dayton, "us-oh-dayton");
    struct member member = member_now(&dayton);
    assert_int_equal(admit_forget(&writing, &member), E_UNMET);
    assert_int_equal(member_now(&dayton).state, MEMBER_ACTIVE);
    admit_apply(&hub, &member);
    admit_apply_forgotten(&hub, &member); /* nor from memory */
    assert_true(members_get(hub.members, &member.author, NULL, NULL));
}

/* ---- what follows the commit */

static void who_is_admitted_is_let_in_and_held(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct key key = dayton.home.transport.public_key;
    struct member_live live;
    admit(&dayton, "us-oh-dayton");
    struct member member = member_now(&dayton);
    door_commit();
    assert_false(is_let_in(&key));
    admit_apply(&hub, &member);
    admit_apply_first(&hub, &member);
    assert_true(is_let_in(&key));
    assert_true(members_get(hub.members, &member.author, NULL, &live));
    assert_int_equal(live.next, 1);
    assert_int_equal(atomic_load(&hub.counters.enrolled), 1);
    assert_int_equal(queue_items(front.mail), 0);
}

static void who_waits_is_known_and_not_let_in(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct member member = member_of(&dayton, "us-oh-dayton");
    admit_apply(&hub, &member);
    assert_true(members_get(hub.members, &member.author, NULL, NULL));
    assert_false(is_let_in(&member.transport));
    assert_int_equal(queue_items(front.mail), 0);
}

static void who_is_suspended_is_cut_off_with_all_its_keys_until_it_is_lifted(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(other, "us-oh-kettering");
    struct member member = member_of(&dayton, "us-oh-dayton"), neighbour = member_of(&other, "x");
    struct key second = { { 5, 5 } };
    member.state = neighbour.state = MEMBER_ACTIVE;
    admit_apply(&hub, &neighbour);
    admit_apply(&hub, &member);
    member.transport = second;
    admit_apply(&hub, &member); /* another key; the first stays good */
    assert_true(is_let_in(&second) && is_let_in(&dayton.home.transport.public_key));
    enum member_state states[] = { MEMBER_SUSPENDED, MEMBER_REMOVED };
    for (size_t i = 0; i < 2; i++) {
        member.state = states[i];
        admit_apply(&hub, &member);
        assert_false(is_let_in(&second) || is_let_in(&dayton.home.transport.public_key));
        assert_true(is_let_in(&neighbour.transport));
        struct job *job = queue_take(front.mail, 0);
        assert_non_null(job);
        assert_int_equal(job->notice, NOTICE_CUT);
        assert_true(hash_equal(&job->author, &member.author));
        job_free(job);
        member.state = MEMBER_ACTIVE;
        admit_apply(&hub, &member);
        assert_true(is_let_in(&second) && is_let_in(&dayton.home.transport.public_key));
    }
}

/* ---- invites, and the start */

static void an_invite_lets_in_until_it_expires_or_is_revoked(void **state)
{
    (void)state;
    uint64_t now_ms = clock_wall_ms();
    struct invite open = invite_make(1, "", false, 0), late = invite_make(2, "", false, now_ms - 1);
    admit_apply_invite(&hub, &open);
    admit_apply_invite(&hub, &late);
    assert_true(is_let_in(&open.key));
    assert_false(is_let_in(&late.key));
    open.state = INVITE_USED; /* stays good for asking how it went */
    admit_apply_invite(&hub, &open);
    assert_true(is_let_in(&open.key));
    open.state = INVITE_REVOKED;
    admit_apply_invite(&hub, &open);
    assert_false(is_let_in(&open.key));
}

static void who_waits_for_an_operator_has_an_invite_that_does_not_run_out(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct member member = member_of(&dayton, "us-oh-dayton");
    struct invite invite = invite_make(1, "", false, clock_wall_ms() - 1);
    admit_apply(&hub, &member);
    invite.state = INVITE_USED;
    invite.author = member.author;
    admit_apply_invite(&hub, &invite);
    assert_true(is_let_in(&invite.key));
    member.state = MEMBER_ACTIVE;
    admit_apply(&hub, &member);
    admit_apply_invite(&hub, &invite);
    assert_false(is_let_in(&invite.key));
}

static void a_start_lets_in_the_same_ones(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(tampa, "us-fl-tampa");
    struct key second = { { 5, 5 } };
    admit(&dayton, "us-oh-dayton");
    admit(&tampa, "us-fl-tampa");
    member_put_key(writing.txn, &second, &dayton.home.author);
    struct member member = member_now(&tampa);
    assert_int_equal(admit_suspend(&writing, &member, 3, MEMBER_SUSPENDED), E_OK);
    struct invite open = invite_make(1, "us-oh-xenia", true, 0), gone = invite_make(2, "", false, 0);
    gone.state = INVITE_REVOKED;
    invite_put(writing.txn, &gone);
    door_commit();
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(hub.store, &view), E_OK);
    assert_int_equal(members_load(hub.members, view), E_OK);
    admit_allow_all(&hub);
    assert_true(is_let_in(&dayton.home.transport.public_key));
    assert_true(is_let_in(&second));
    assert_true(is_let_in(&open.key));
    assert_false(is_let_in(&tampa.home.transport.public_key));
    assert_false(is_let_in(&gone.key));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(an_admission_comes_before_the_inception_and_says_who),
        FACT(a_name_and_a_key_are_one_members),
        FACT(an_inception_that_does_not_hold_is_not_admitted),
        FACT(a_key_is_free_for_its_owner),
        FACT(a_suspension_is_logged_and_lifted),
        FACT(only_what_changes_something_is_logged),
        FACT(who_waits_is_turned_away_without_a_word_in_the_log),
        FACT(only_who_waits_can_be_turned_away),
        FACT(who_is_admitted_is_let_in_and_held),
        FACT(who_waits_is_known_and_not_let_in),
        FACT(who_is_suspended_is_cut_off_with_all_its_keys_until_it_is_lifted),
        FACT(an_invite_lets_in_until_it_expires_or_is_revoked),
        FACT(who_waits_for_an_operator_has_an_invite_that_does_not_run_out),
        FACT(a_start_lets_in_the_same_ones),
    };
    return cmocka_run_group_tests(facts, door_group_start, door_group_end);
}
