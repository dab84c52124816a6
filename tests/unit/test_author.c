#include "registry/author.h"

#include "keeper.h"

static struct record record_at(struct store_view *view, uint64_t seq)
{
    struct row row;
    assert_int_equal(row_find(view, &keeper.home.author, seq, &row), E_OK);
    assert_true(row.record.has_payload);
    return row.record;
}

static uint64_t amends_of(uint64_t seq)
{
    AUTO(store_done) struct store_view *view = keeper_view();
    struct record record = record_at(view, seq);
    struct statement_head head;
    assert_int_equal(statement_head(record.payload, &head), E_OK);
    return head.amends;
}

static enum err amend(const uint8_t engagement[static 16], struct bytes payload, uint32_t change,
                      struct author_result *result)
{
    struct author_request request = { .act = AUTHOR_AMEND, .payloads = &payload, .count = 1, .why = change };
    memcpy(request.engagement, engagement, 16);
    return keeper_write(NULL, &request, result);
}

static enum err retract(const uint8_t engagement[static 16], struct author_result *result)
{
    struct author_request request = { .act = AUTHOR_RETRACT, .why = 1, .note = "" };
    memcpy(request.engagement, engagement, 16);
    return keeper_write(NULL, &request, result);
}

/* ---- put */

static void payloads_of_one_request_follow_one_another(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf one = { 0 }, two = { 0 };
    struct bytes views[4] = { engagement_payload(1, "Osaka", &one),
                              engagement_payload(1, "Osaka City", &two) };
    struct author_result results[4];
    views[2] = views[1];
    views[3] = views[0];
    struct author_request put = put_of(views, 4, true);
    assert_int_equal(keeper_write(NULL, &put, results), E_OK);
    assert_int_equal(results[0].outcome, AUTHOR_ADDED);
    assert_int_equal(results[1].outcome, AUTHOR_AMENDED);
    assert_int_equal(results[2].outcome, AUTHOR_UNCHANGED);
    assert_int_equal(results[3].outcome, AUTHOR_AMENDED);
    assert_int_equal(results[2].seq, 2);
    assert_true(hash_equal(&results[2].id, &results[1].id));
    assert_int_equal(keeper.appended, 3);
    assert_int_equal(amends_of(2), 1);
    assert_int_equal(amends_of(3), 2);
}

static void what_fails_in_the_middle_has_appended_nothing(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf one = { 0 }, again = { 0 };
    struct bytes views[2] = { engagement_payload(2, "Kyoto", &one), engagement_payload(1, "Osaka", &again) };
    struct author_result results[2];
    put_new(1, "Osaka");
    keeper.appended = 0;
    struct author_request put = put_of(views, 2, false);
    assert_int_equal(keeper_write(NULL, &put, results), E_EXISTS);
    views[1] = bytes_text("\xff\xff");
    assert_int_equal(keeper_write(NULL, &put, results), E_MALFORMED);
    views[1] = bytes_text("\x18\x01");
    assert_int_equal(keeper_write(NULL, &put, results), E_MALFORMED); /* neither nonce nor subject */
    assert_int_equal(keeper.appended, 0);
}

static void only_statements_can_be_put_and_not_too_many(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes one = engagement_payload(1, "x", &payload);
    struct author_result result;
    struct author_request put = put_of(&one, 1, false);
    const uint32_t types[] = { 0, TYPE_RETRACTION, TYPE_INCEPTION, TYPE_ADMISSION };
    for (size_t i = 0; i < 4; i++) {
        put.type = types[i];
        assert_int_equal(keeper_write(NULL, &put, &result), E_USAGE);
    }
    put = put_of(&one, AUTHOR_MAX_PAYLOADS + 1, false);
    assert_int_equal(keeper_write(NULL, &put, &result), E_TOO_BIG);
}

static void a_payload_past_the_limit_is_too_big_even_as_an_amendment(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    AUTO(buf_clear) struct buf small = { 0 };
    AUTO(free_ptr) char *text = mem_alloc(MAX_PAYLOAD_BYTES);
    struct author_result result, results[2];
    /* nonce, and a summary (field 13) with which it is exactly the limit */
    uint32_t len = MAX_PAYLOAD_BYTES - 18 - 4;
    memset(text, 'x', len);
    engagement_payload(1, "", &payload);
    payload.len = 18;
    buf_u8(&payload, 0x6a);
    buf_u8(&payload, (uint8_t)(len | 0x80));
    buf_u8(&payload, (uint8_t)(len >> 7 | 0x80));
    buf_u8(&payload, (uint8_t)(len >> 14));
    buf_append(&payload, text, len);
    assert_int_equal(payload.len, MAX_PAYLOAD_BYTES);

    struct author_result first = put_new(1, "short");
    struct bytes one = buf_view(&payload), both[2] = { engagement_payload(3, "before it", &small), one };
    struct author_request put = put_of(&one, 1, true), two = put_of(both, 2, true);
    keeper.appended = 0; /* amends and change do not fit any more; found before anything is appended */
    assert_int_equal(keeper_write(NULL, &two, results), E_TOO_BIG);
    assert_int_equal(keeper.appended, 0);
    assert_int_equal(amend(first.engagement, one, 2, &result), E_TOO_BIG);
    memset(payload.data + 2, 2, 16); /* of another engagement */
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    buf_u16(&payload, 0x1801);
    one = buf_view(&payload);
    assert_int_equal(keeper_write(NULL, &put, &result), E_TOO_BIG);
    assert_int_equal(amend(first.engagement, one, 2, &result), E_TOO_BIG);
    assert_int_equal(keeper.feed.next, 3);
}

static void subjects_that_look_alike_are_told_apart(void **state)
{
    (void)state;
    enum { MANY = AUTHOR_MAX_PAYLOADS };
    AUTO(free_ptr) uint8_t *bytes = mem_alloc(MANY * 20);
    AUTO(free_ptr) struct bytes *views = mem_alloc(MANY * sizeof *views);
    AUTO(free_ptr) struct author_result *results = mem_alloc(MANY * sizeof *results);
    for (unsigned i = 0; i < MANY; i++) { /* subject (field 2) of 16 bytes, the first eight all the same */
        uint8_t *p = bytes + 20 * i;
        put_u16(p, 0x1210);
        put_u32(p + 14, i / 2);
        put_u16(p + 18, 0x1801);
        views[i] = bytes_of(p, 20);
    }
    struct author_request put = put_of(views, MANY, true);
    assert_int_equal(keeper_write(NULL, &put, results), E_OK);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(results[i].outcome, i % 2 == 0 ? AUTHOR_ADDED : AUTHOR_UNCHANGED);
        assert_int_equal(results[i].seq, 1 + i / 2);
        assert_true(hash_equal(&results[i].id, &results[i & ~1U].id));
    }
    assert_int_equal(keeper.appended, MANY / 2);
}

static void an_upsert_in_another_visibility_is_an_amendment(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes one = engagement_payload(1, "Osaka", &payload);
    struct author_result result;
    put_new(1, "Osaka");
    struct author_request put = put_of(&one, 1, true);
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_UNCHANGED);
    put.visibility = VISIBLE_FEDERAL;
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_AMENDED);
    AUTO(store_done) struct store_view *view = keeper_view();
    struct record record = record_at(view, 2);
    assert_int_equal(record_visibility(&record), VISIBLE_FEDERAL);
}

static void an_upsert_shows_no_more_than_what_stands_unless_it_is_told_to(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf first = { 0 }, second = { 0 };
    struct bytes views[2] = { engagement_payload(1, "Osaka", &first),
                              engagement_payload(1, "Osaka City", &second) };
    struct author_result result;
    struct author_request put = put_of(&views[0], 1, true);
    put.visibility = VISIBLE_LOCAL;
    put.keep_visibility = true; /* of what is new it is said */
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    put.visibility = VISIBLE_PUBLIC;
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_UNCHANGED);
    put.payloads = &views[1];
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_AMENDED);
    AUTO(store_done) struct store_view *view = keeper_view();
    struct record added = record_at(view, 1), amended = record_at(view, 2);
    assert_int_equal(record_visibility(&added), VISIBLE_LOCAL);
    assert_int_equal(record_visibility(&amended), VISIBLE_LOCAL);
}

static void what_stands_is_left_when_only_what_is_missing_is_put(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf old = { 0 }, other = { 0 };
    struct bytes views[2] = { engagement_payload(1, "as it was", &old),
                              engagement_payload(2, "missing", &other) };
    struct author_result newer = put_new(1, "as it is"), results[2];
    struct author_request put = put_of(views, 2, true);
    put.leave_standing = true;
    put.visibility = VISIBLE_FEDERAL;
    keeper.appended = 0;
    assert_int_equal(keeper_write(NULL, &put, results), E_OK);
    assert_int_equal(results[0].outcome, AUTHOR_UNCHANGED);
    assert_true(hash_equal(&results[0].id, &newer.id));
    assert_int_equal(results[1].outcome, AUTHOR_ADDED);
    assert_int_equal(keeper.appended, 1);

    assert_int_equal(retract(newer.engagement, &results[0]), E_OK);
    assert_int_equal(keeper_write(NULL, &put, results), E_OK);
    assert_int_equal(results[0].outcome, AUTHOR_RETRACTED);
    assert_int_equal(results[1].outcome, AUTHOR_UNCHANGED);
    assert_int_equal(keeper.appended, 2);
}

static void a_source_that_does_not_know_our_newer_fields_changes_nothing(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf rich = { 0 }, plain = { 0 };
    struct author_result result;
    engagement_payload(1, "Osaka", &rich);
    buf_u16(&rich, 0xf83f); /* field 1023, which nobody here knows */
    buf_u8(&rich, 1);
    struct bytes one = buf_view(&rich);
    struct author_request put = put_of(&one, 1, true);
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    one = engagement_payload(1, "Osaka", &plain);
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_UNCHANGED);
    assert_int_equal(keeper.feed.next, 2);
}

/* ---- amend and retract */

static void an_amendment_that_says_nothing_new_is_unchanged(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct author_result first = put_new(1, "Osaka"), result;
    for (uint8_t nonce = 1; nonce <= 2; nonce++) { /* its nonce is not taken, whatever it is */
        engagement_payload(nonce, "Osaka", &payload);
        assert_int_equal(amend(first.engagement, buf_view(&payload), 3, &result), E_OK);
        assert_int_equal(result.outcome, AUTHOR_UNCHANGED);
        assert_int_equal(result.seq, first.seq);
        assert_true(hash_equal(&result.id, &first.id));
        assert_memory_equal(result.engagement, first.engagement, 16);
    }
    assert_int_equal(keeper.appended, 1);
    assert_int_equal(keeper.feed.next, 2);

    engagement_payload(1, "Osaka City", &payload);
    assert_int_equal(amend(first.engagement, buf_view(&payload), 3, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_AMENDED);
    assert_int_equal(amend(first.engagement, buf_view(&payload), 3, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_UNCHANGED);
    assert_int_equal(result.seq, 2);
    assert_int_equal(amends_of(2), 1);
}

static void what_was_retracted_is_neither_amended_nor_retracted_again(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct author_result first = put_new(1, "Osaka"), retraction, result;
    struct bytes one = engagement_payload(1, "Osaka City", &payload);
    uint8_t nobody[16] = { 1 };
    assert_int_equal(retract(nobody, &result), E_NOT_FOUND);
    assert_int_equal(amend(nobody, one, 2, &result), E_NOT_FOUND);
    assert_int_equal(retract(first.engagement, &retraction), E_OK);
    assert_int_equal(retraction.outcome, AUTHOR_RETRACTED);
    assert_int_equal(retract(first.engagement, &result), E_EXISTS);
    assert_int_equal(amend(first.engagement, one, 2, &result), E_UNMET);
    struct author_request put = put_of(&one, 1, true);
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_RETRACTED);
    assert_int_equal(result.seq, retraction.seq);
    assert_int_equal(keeper.feed.next, 3);
}

static void a_payload_that_is_gone_can_be_neither_amended_nor_retracted(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf packed = { 0 }, payload = { 0 };
    struct author_result result;
    uint8_t salt[SALT_BYTES] = { 1 }, subject[16], seq[8];
    struct bytes said = engagement_payload(1, "Osaka", &payload);
    assert_int_equal(feed_append(&keeper.feed, &keeper.home.record, KIND_STATEMENT, 0, TYPE_ENGAGEMENT, 1,
                                 salt, said, &packed),
                     E_OK);
    struct record record;
    struct bytes rest = buf_view(&packed);
    struct store_txn *txn;
    assert_int_equal(run_next(&rest, &record), E_OK);
    record.has_payload = false;
    assert_int_equal(statement_subject(&keeper.home.author, said, subject), E_OK);
    put_u64(seq, 1);
    assert_int_equal(store_begin(keeper.store, &txn), E_OK);
    store_append(txn, &keeper.feed, &record, 1);
    store_put(txn, STORE_SUBJECTS, BYTES(subject), BYTES(seq));
    assert_int_equal(store_commit(&txn), E_OK);

    assert_int_equal(retract(subject, &result), E_NOT_FOUND);
    assert_int_equal(amend(subject, said, 2, &result), E_NOT_FOUND);
    struct author_request put = put_of(&said, 1, true); /* a source says it anew */
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_ADDED);
}

/* ---- the transaction */

static void two_requests_about_the_same_do_not_share_a_transaction(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 }, other = { 0 };
    struct bytes one = engagement_payload(1, "Osaka", &payload), two = engagement_payload(2, "Kyoto", &other);
    struct author_result results[3];
    struct author_request requests[3] = { put_of(&one, 1, true), put_of(&two, 1, true),
                                          put_of(&one, 1, true) };
    assert_int_equal(keeper_write_all(requests, 2, results), E_OK);
    assert_int_equal(results[1].seq, 2);
    two = engagement_payload(3, "Lyon", &other);
    requests[2] = requests[0] = requests[1];
    assert_int_equal(keeper_write_all(requests, 3, results), E_BUSY);
    assert_int_equal(keeper.feed.next, 3);
}

static void an_index_that_names_no_record_is_corrupt(void **state)
{
    (void)state;
    struct store_txn *txn;
    struct author_result first = put_new(1, "Osaka"), result;
    uint8_t seq[8];
    struct hash stranger = { { 3 } }; /* has no record here at all */
    put_u64(seq, 0);
    assert_int_equal(store_begin(keeper.store, &txn), E_OK);
    store_put(txn, STORE_SUBJECTS, BYTES(first.engagement), BYTES(seq));
    assert_int_equal(store_commit(&txn), E_OK);
    keeper.home.author = stranger;
    assert_int_equal(retract(first.engagement, &result), E_CORRUPT);
}

static void what_appending_gives_is_passed_on(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct bytes one = engagement_payload(1, "Osaka", &payload);
    struct author_result result;
    struct author_request put = put_of(&one, 1, false);
    keeper.appending = E_FULL;
    assert_int_equal(keeper_write(NULL, &put, &result), E_FULL);
    keeper.appending = E_OK;
    assert_int_equal(keeper_write(NULL, &put, &result), E_OK);
    assert_int_equal(result.outcome, AUTHOR_ADDED);
}

static void an_engagement_is_found_by_the_range_of_its_prefix(void **state)
{
    (void)state;
    struct author_result first = put_new(1, "Osaka");
    uint8_t low[16], high[16], found[16];
    char id[ID16_TEXT_LEN + 1];
    put_new(2, "Kyoto");
    id16_encode(first.engagement, id);
    id[8] = 0;
    AUTO(store_done) struct store_view *view = keeper_view();
    assert_int_equal(id16_range(id, low, high), E_OK);
    assert_int_equal(author_find(view, low, high, found), E_OK);
    assert_memory_equal(found, first.engagement, 16);
    assert_int_equal(author_find(view, first.engagement, first.engagement, found), E_OK);
    memset(low, 0, 16);
    memset(high, 0xff, 16);
    assert_int_equal(author_find(view, low, high, found), E_UNMET);
    memset(high, 0, 16);
    assert_int_equal(author_find(view, low, high, found), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(payloads_of_one_request_follow_one_another),
        FACT(what_fails_in_the_middle_has_appended_nothing),
        FACT(only_statements_can_be_put_and_not_too_many),
        FACT(a_payload_past_the_limit_is_too_big_even_as_an_amendment),
        FACT(subjects_that_look_alike_are_told_apart),
        FACT(an_upsert_in_another_visibility_is_an_amendment),
        FACT(an_upsert_shows_no_more_than_what_stands_unless_it_is_told_to),
        FACT(what_stands_is_left_when_only_what_is_missing_is_put),
        FACT(a_source_that_does_not_know_our_newer_fields_changes_nothing),
        FACT(an_amendment_that_says_nothing_new_is_unchanged),
        FACT(what_was_retracted_is_neither_amended_nor_retracted_again),
        FACT(a_payload_that_is_gone_can_be_neither_amended_nor_retracted),
        FACT(two_requests_about_the_same_do_not_share_a_transaction),
        FACT(an_index_that_names_no_record_is_corrupt),
        FACT(what_appending_gives_is_passed_on),
        FACT(an_engagement_is_found_by_the_range_of_its_prefix),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
