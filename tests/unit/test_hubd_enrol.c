#include "hubd/enrol.h"

#include "hub_door.h"

static struct job *enrol_job(const struct guest *guest, const struct key *with)
{
    struct job *job = job_new(JOB_ENROL);
    job->key = *with;
    buf_bytes(&job->frame, buf_view(&guest->inception));
    job->records = buf_view(&job->frame);
    return job;
}

static void clear_job(struct job **job)
{
    job_free(*job);
}

/* The guest comes with that key; what it is told. The job says what was changed. */
#define ENROL(variable, guest, key)                                                                          \
    AUTO(clear_job) struct job *variable = enrol_job(guest, key);                                            \
    assert_int_equal(enrol_check(variable), E_OK);                                                           \
    enrol_write(&writing, variable)

/* ---- in a verifier */

static void an_inception_is_checked_and_read(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    AUTO(clear_job) struct job *job = enrol_job(&dayton, &dayton.home.transport.public_key);
    assert_int_equal(enrol_check(job), E_OK);
    assert_true(hash_equal(&job->author, &dayton.home.author));
    assert_string_equal(job->inception->name, "us-oh-dayton");
}

static enum err check_bytes(struct bytes packed)
{
    AUTO(clear_job) struct job *job = job_new(JOB_ENROL);
    buf_bytes(&job->frame, packed);
    job->records = buf_view(&job->frame);
    return enrol_check(job);
}

static void anything_but_one_whole_inception_is_malformed(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(other, "us-oh-kettering");
    AUTO(buf_clear) struct buf packed = { 0 };
    struct bytes whole = buf_view(&dayton.inception);
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(check_bytes(bytes_of(whole.data, len)), E_MALFORMED);
    buf_bytes(&packed, whole);
    buf_u8(&packed, 0);
    assert_int_equal(check_bytes(buf_view(&packed)), E_MALFORMED);
    packed.len--;
    buf_bytes(&packed, buf_view(&other.inception)); /* two */
    assert_int_equal(check_bytes(buf_view(&packed)), E_MALFORMED);
}

static void a_record_further_on_is_no_inception(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    AUTO(buf_clear) struct buf packed = { 0 };
    uint8_t salt[SALT_BYTES] = { 1 };
    struct bytes rest = buf_view(&dayton.inception);
    struct record record;
    struct feed feed;
    size_t accepted;
    feed_init(&feed, &dayton.home.author);
    assert_int_equal(run_next(&rest, &record), E_OK);
    assert_int_equal(feed_take(&feed, &record, 1, &accepted), E_OK);
    assert_int_equal(feed_append(&feed, &dayton.home.record, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, 1, salt,
                                 bytes_text("x"), &packed),
                     E_OK);
    assert_int_equal(check_bytes(buf_view(&packed)), E_MALFORMED);
}

static void a_signature_that_does_not_hold_is_named(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    dayton.inception.data[HEADER_BYTES + 3] ^= 4;
    assert_int_equal(check_bytes(buf_view(&dayton.inception)), E_BAD_SIGNATURE);
}

/* The inception, signed by its record key, as the test likes it. */
static enum err check_said(const struct inception *said, const struct secret *record)
{
    AUTO(buf_clear) struct buf payload = { 0 }, packed = { 0 };
    uint8_t salt[SALT_BYTES] = { 1 };
    struct feed feed;
    inception_write(said, &payload);
    struct hash author = author_of(buf_view(&payload));
    feed_init(&feed, &author);
    TRY(feed_append(&feed, record, KIND_IDENTITY, 0, TYPE_INCEPTION, 1, salt, buf_view(&payload), &packed));
    return check_bytes(buf_view(&packed));
}

static void who_cannot_be_a_member_is_told_why(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct inception said = { .name = "us-oh-dayton", .level = 1, .nonce = { 1 } };
    said.record_key = dayton.home.record.public_key;
    said.next_commit = next_commit(&dayton.home.record.public_key);
    assert_int_equal(check_said(&said, &dayton.home.record), E_MALFORMED);
    assert_non_null(strstr(err_message(), "transport key"));
    said.transport_key = dayton.home.transport.public_key;
    assert_int_equal(check_said(&said, &dayton.home.record), E_OK);
    static const char *const names[] = { "", "Dayton", "us oh", "-x", "a/b", "us-oh-dayton\n" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(said.name, sizeof said.name, "%s", names[i]);
        assert_int_equal(check_said(&said, &dayton.home.record), E_MALFORMED);
        assert_non_null(strstr(err_message(), "name"));
    }
    AUTO(buf_clear) struct buf hubs = { 0 };
    struct home_new wanted = { .role = HOME_HUB, .title = "Office", .origin = "test.example/two" };
    struct home home;
    assert_int_equal(home_identity(&wanted, &home, &hubs), E_OK);
    assert_int_equal(check_bytes(buf_view(&hubs)), E_MALFORMED);
    home_clear(&home);
}

/* ---- in the writer's transaction */

static void an_invite_admits_whom_it_is_for_and_is_used_up_with_it(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct invite invite = invite_make(1, "us-oh-dayton", true, NOW_MS + 1);
    ENROL(job, &dayton, &invite.key);
    assert_int_equal(job->verdict, 0);
    assert_true(job->member_changed && job->invite_changed);
    struct member member = member_now(&dayton);
    assert_int_equal(member.state, MEMBER_ACTIVE);
    assert_string_equal(member.name, "us-oh-dayton");
    assert_string_equal(member.title, "A title");
    assert_string_equal(member.geoid, "3921000");
    assert_true(hash_equal(&member.invite, &invite.id));
    assert_int_equal(next_of(&dayton.home.author), 1);
    assert_int_equal(invite_now(&invite).state, INVITE_USED);
    struct invite used = invite_now(&invite);
    assert_true(hash_equal(&used.author, &dayton.home.author));

    store_abort(&writing.txn); /* the admission and the invite stand and fall together */
    assert_int_equal(own_load(&own, hub.store, NOW_MS, NOW_MS), E_OK);
    door_open();
    assert_int_equal(member_now(&dayton).state, 0);
    assert_int_equal(next_of(&dayton.home.author), 0);
}

static void the_same_again_gets_the_same_answer_and_logs_nothing(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct invite invite = invite_make(1, "us-oh-dayton", true, NOW_MS + 1);
    ENROL(first, &dayton, &invite.key);
    uint64_t size = store_size_in(writing.txn);
    writing.now_ms += 1000000; /* long expired */
    ENROL(again, &dayton, &invite.key);
    assert_int_equal(again->verdict, 0);
    ENROL(own_key, &dayton, &dayton.home.transport.public_key); /* it missed the answer */
    assert_int_equal(own_key->verdict, 0);
    assert_false(again->member_changed || again->invite_changed || own_key->member_changed);
    assert_int_equal(store_size_in(writing.txn), size);
}

static void another_inception_with_a_used_invite_is_refused(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(impostor, "us-oh-dayton");
    struct invite invite = invite_make(1, "us-oh-dayton", true, 0);
    ENROL(first, &dayton, &invite.key);
    ENROL(second, &impostor, &invite.key);
    assert_int_equal(second->verdict, SYNC_REJECT_INVITE);
    assert_string_equal(second->text, "the invite was used by another");
    assert_int_equal(member_now(&impostor).state, 0);
}

/* What the guest is told, and that it changes nothing. */
static void refused(const struct guest *guest, const struct key *key, enum sync_reject verdict,
                    const char *text)
{
    uint64_t size = store_size_in(writing.txn);
    ENROL(job, guest, key);
    assert_int_equal(job->verdict, verdict);
    assert_non_null(strstr(job->text, text));
    assert_false(job->member_changed || job->invite_changed);
    assert_int_equal(store_size_in(writing.txn), size);
    assert_int_equal(member_now(guest).state, 0);
}

static void who_is_refused_is_told_why_and_the_invite_stays(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(kettering, "us-oh-kettering");
    GUEST(twin, "us-oh-kettering");
    struct key nobodys = { { 9 } };
    struct invite late = invite_make(1, "us-oh-dayton", true, NOW_MS);
    struct invite other = invite_make(2, "us-oh-kettering", true, 0);
    struct invite gone = invite_make(3, "us-oh-dayton", true, 0);
    gone.state = INVITE_REVOKED;
    invite_put(writing.txn, &gone);
    refused(&dayton, &nobodys, SYNC_REJECT_UNKNOWN, "no invite");
    refused(&dayton, &dayton.home.transport.public_key, SYNC_REJECT_UNKNOWN, "no invite");
    refused(&dayton, &late.key, SYNC_REJECT_INVITE, "expired");
    refused(&dayton, &other.key, SYNC_REJECT_INVITE, "another name");
    refused(&dayton, &gone.key, SYNC_REJECT_INVITE, "revoked");
    assert_int_equal(invite_now(&other).state, INVITE_OPEN);
    ENROL(job, &kettering, &other.key);
    assert_int_equal(job->verdict, 0);
    refused(&dayton, &kettering.home.transport.public_key, SYNC_REJECT_UNKNOWN,
            "no invite"); /* another's key */
    struct invite second = invite_make(4, "us-oh-kettering", true, 0);
    refused(&twin, &second.key, SYNC_REJECT_INVITE, "belongs to another member");
    assert_int_equal(invite_now(&second).state, INVITE_OPEN);
}

static void an_invite_is_good_to_its_last_millisecond(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct invite invite = invite_make(1, "us-oh-dayton", true, NOW_MS + 5);
    writing.now_ms = NOW_MS + 5;
    refused(&dayton, &invite.key, SYNC_REJECT_INVITE, "expired");
    writing.now_ms = NOW_MS + 4;
    ENROL(job, &dayton, &invite.key);
    assert_int_equal(job->verdict, 0);
}

static void who_needs_an_operator_waits_and_is_told_when_to_ask(void **state)
{
    (void)state;
    struct invite invites[] = { invite_make(1, "", true, 0), invite_make(2, "us-oh-dayton", false, 0) };
    for (size_t i = 0; i < 2; i++) {
        GUEST(dayton, "us-oh-dayton");
        uint64_t size = store_size_in(writing.txn);
        ENROL(job, &dayton, &invites[i].key);
        assert_int_equal(job->verdict, SYNC_REJECT_PENDING);
        assert_int_equal(job->retry_ms, 4321);
        assert_int_equal(store_size_in(writing.txn), size);
        assert_int_equal(invite_now(&invites[i]).state, INVITE_USED);
        struct member member;
        struct bytes inception;
        struct hash owner;
        assert_true(member_in(writing.txn, &dayton.home.author, &member, &inception));
        assert_int_equal(member.state, MEMBER_PENDING);
        assert_true(bytes_equal(inception, buf_view(&dayton.inception)));
        assert_false(member_named_in(writing.txn, "us-oh-dayton", &owner)); /* the name is nobody's yet */
        ENROL(again, &dayton, &invites[i].key);
        assert_int_equal(again->verdict, SYNC_REJECT_PENDING);
        assert_false(again->member_changed || again->invite_changed);
    }
}

static void who_waits_may_come_with_a_better_invite(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct invite anyones = invite_make(1, "", false, 0), its = invite_make(2, "us-oh-dayton", true, 0);
    ENROL(first, &dayton, &anyones.key);
    assert_int_equal(first->verdict, SYNC_REJECT_PENDING);
    ENROL(second, &dayton, &its.key);
    assert_int_equal(second->verdict, 0);
    assert_int_equal(member_now(&dayton).state, MEMBER_ACTIVE);
    ENROL(third, &dayton, &anyones.key); /* and the first knows how it went */
    assert_int_equal(third->verdict, 0);
}

static void no_invite_brings_back_who_is_suspended(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    struct invite first = invite_make(1, "us-oh-dayton", true, 0),
                  next = invite_make(2, "us-oh-dayton", true, 0);
    ENROL(job, &dayton, &first.key);
    struct member member = member_now(&dayton);
    assert_int_equal(admit_suspend(&writing, &member, 3, MEMBER_REMOVED), E_OK);
    const struct key *keys[] = { &first.key, &next.key, &dayton.home.transport.public_key };
    for (size_t i = 0; i < 3; i++) {
        ENROL(again, &dayton, keys[i]);
        assert_int_equal(again->verdict, SYNC_REJECT_REVOKED);
        assert_false(again->member_changed || again->invite_changed);
    }
    assert_int_equal(member_now(&dayton).state, MEMBER_REMOVED);
    assert_int_equal(invite_now(&next).state, INVITE_OPEN);
}

/* ---- keys */

static void a_feed_that_names_a_new_key_has_both(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(stranger, "us-oh-kettering");
    struct invite invite = invite_make(1, "us-oh-dayton", true, 0);
    ENROL(enrolled, &dayton, &invite.key);
    AUTO(clear_job) struct job *job = job_new(JOB_RUN);
    job->author = dayton.home.author;
    job->feed.transport_key = stranger.home.transport.public_key;
    enrol_new_key(&writing, job);
    assert_true(job->member_changed);
    struct invite row;
    struct hash owner;
    assert_int_equal(invite_in(writing.txn, &stranger.home.transport.public_key, &row, &owner), E_EXISTS);
    assert_true(hash_equal(&owner, &dayton.home.author));
    assert_int_equal(invite_in(writing.txn, &dayton.home.transport.public_key, &row, &owner), E_EXISTS);
    struct member member = member_now(&dayton);
    assert_true(key_equal(&member.transport, &stranger.home.transport.public_key));
}

static void a_key_that_is_anothers_stays_anothers(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(kettering, "us-oh-kettering");
    struct invite one = invite_make(1, "us-oh-dayton", true, 0),
                  two = invite_make(2, "us-oh-kettering", true, 0);
    struct invite open = invite_make(3, "", false, 0);
    ENROL(first, &dayton, &one.key);
    ENROL(second, &kettering, &two.key);
    const struct key *keys[] = { &kettering.home.transport.public_key, &open.key };
    for (size_t i = 0; i < 2; i++) {
        AUTO(clear_job) struct job *job = job_new(JOB_RUN);
        job->author = dayton.home.author;
        job->feed.transport_key = *keys[i];
        enrol_new_key(&writing, job);
        assert_false(job->member_changed);
    }
    struct member member = member_now(&dayton);
    assert_true(key_equal(&member.transport, &dayton.home.transport.public_key));
    AUTO(clear_job) struct job *nobodys = job_new(JOB_RUN); /* of one that is no member */
    nobodys->feed.transport_key = (struct key){ { 8 } };
    enrol_new_key(&writing, nobodys);
    assert_false(nobodys->member_changed);
}

/* ---- after the commit */

static void what_was_decided_is_true_in_memory_after_the_commit(void **state)
{
    (void)state;
    GUEST(dayton, "us-oh-dayton");
    GUEST(waits, "us-oh-kettering");
    struct invite its = invite_make(1, "us-oh-dayton", true, 0), anyones = invite_make(2, "", false, 0);
    struct member member;
    ENROL(first, &dayton, &its.key);
    ENROL(second, &waits, &anyones.key);
    assert_false(members_get(hub.members, &dayton.home.author, NULL, NULL));
    door_commit();
    enrol_committed(&hub, first);
    enrol_committed(&hub, second);
    assert_int_equal(atomic_load(&hub.counters.enrolled), 1);
    assert_true(members_get(hub.members, &dayton.home.author, &member, NULL));
    assert_int_equal(member.state, MEMBER_ACTIVE);
    assert_true(is_let_in(&dayton.home.transport.public_key));
    assert_true(is_let_in(&its.key)); /* to ask how it went */
    assert_true(members_get(hub.members, &waits.home.author, &member, NULL));
    assert_int_equal(member.state, MEMBER_PENDING);
    assert_false(is_let_in(&waits.home.transport.public_key));
    assert_true(is_let_in(&anyones.key));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(an_inception_is_checked_and_read),
        FACT(anything_but_one_whole_inception_is_malformed),
        FACT(a_record_further_on_is_no_inception),
        FACT(a_signature_that_does_not_hold_is_named),
        FACT(who_cannot_be_a_member_is_told_why),
        FACT(an_invite_admits_whom_it_is_for_and_is_used_up_with_it),
        FACT(the_same_again_gets_the_same_answer_and_logs_nothing),
        FACT(another_inception_with_a_used_invite_is_refused),
        FACT(who_is_refused_is_told_why_and_the_invite_stays),
        FACT(an_invite_is_good_to_its_last_millisecond),
        FACT(who_needs_an_operator_waits_and_is_told_when_to_ask),
        FACT(who_waits_may_come_with_a_better_invite),
        FACT(no_invite_brings_back_who_is_suspended),
        FACT(a_feed_that_names_a_new_key_has_both),
        FACT(a_key_that_is_anothers_stays_anothers),
        FACT(what_was_decided_is_true_in_memory_after_the_commit),
    };
    return cmocka_run_group_tests(facts, door_group_start, door_group_end);
}
