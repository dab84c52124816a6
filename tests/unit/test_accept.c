#include "daemon/accept.h"

#include "office.h"

struct bench {
    struct office office;
    struct store *store;
    struct feed feed; /* as the node holds it */
    struct accept_batch last;
};

static int make_bench(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct bench *b = mem_alloc(sizeof *b);
    *state = b;
    office_make(&b->office);
    feed_init(&b->feed, &b->office.home.author);
    char folder[200];
    snprintf(folder, sizeof folder, "%s/store", scratch);
    struct store_options options = { .folder = folder, .map_bytes = 16 << 20, .create = true };
    return store_open(&options, &b->store) == E_OK ? 0 : -1;
}

static int drop_bench(void **state)
{
    struct bench *b = *state;
    store_close(&b->store);
    office_clear(&b->office);
    free(b);
    return scratch_drop(state);
}

/* Offers packed records as one batch; what became of it is in b->last. */
static enum err offer(struct bench *b, struct bytes packed)
{
    struct accept_batch batch = { .author = b->office.home.author, .first_seq = b->feed.next };
    buf_bytes(&batch.records, packed);
    assert_int_equal(accept_batches(b->store, &b->feed, &batch, 1), E_OK);
    accept_batch_clear(&batch);
    b->last = batch;
    assert_int_equal(batch.next, b->feed.next);
    assert_true(hash_equal(&batch.head, &b->feed.head));
    assert_int_equal(held_records(b->store, &b->office.home.author), b->feed.next);
    return batch.code;
}

static enum err offer_records(struct bench *b, uint64_t from, uint64_t to)
{
    AUTO(buf_clear) struct buf packed = { 0 };
    office_pack(&b->office, from, to, &packed);
    return offer(b, buf_view(&packed));
}

static size_t quarantined(struct bench *b)
{
    return count_rows(b->store, STORE_QUARANTINE);
}

static void assert_refused(struct bench *b, enum err code, uint64_t seq, bool final)
{
    assert_int_equal(b->last.code, code);
    assert_int_equal(b->last.refused_seq, seq);
    assert_int_equal(b->last.final, final);
    assert_string_not_equal(b->last.text, "");
}

/* ---- what is taken */

static void the_feed_is_taken_however_it_is_cut(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 9; i++)
        office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    assert_int_equal(offer_records(b, 1, 4), E_OK);
    assert_int_equal(offer_records(b, 4, 10), E_OK);
    assert_int_equal(b->feed.next, 10);
    assert_true(hash_equal(&b->feed.head, &b->office.feed.head));
    assert_int_equal(quarantined(b), 0);
}

static void batches_of_one_commit_continue_each_other(void **state)
{
    struct bench *b = *state;
    struct accept_batch batches[3] = { 0 };
    for (int i = 0; i < 5; i++)
        office_ticks(&b->office);
    for (uint64_t i = 0; i < 3; i++) {
        batches[i].author = b->office.home.author;
        office_pack(&b->office, 2 * i, 2 * i + 2, &batches[i].records);
    }
    assert_int_equal(accept_batches(b->store, &b->feed, batches, 3), E_OK);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(batches[i].code, E_OK);
        assert_int_equal(batches[i].next, 2 * i + 2);
        accept_batch_clear(&batches[i]);
    }
    assert_int_equal(held_records(b->store, &b->office.home.author), 6);
}

static void what_is_held_already_is_no_news_and_no_harm(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 4; i++)
        office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 3), E_OK);
    assert_int_equal(offer_records(b, 0, 3), E_OK);
    assert_int_equal(b->feed.next, 3);
    assert_int_equal(offer_records(b, 1, 5), E_OK); /* two held, two new */
    assert_int_equal(b->feed.next, 5);
    assert_int_equal(quarantined(b), 0);
}

static void an_empty_batch_is_taken_and_changes_nothing(void **state)
{
    struct bench *b = *state;
    assert_int_equal(offer(b, (struct bytes){ NULL, 0 }), E_OK);
    assert_int_equal(b->feed.next, 0);
}

static void one_signature_vouches_for_the_record_before(void **state)
{
    struct bench *b = *state;
    office_ticks(&b->office);
    office_spoils_its_signature(&b->office);
    assert_int_equal(offer_records(b, 0, 2), E_BAD_SIGNATURE);
    assert_refused(b, E_BAD_SIGNATURE, 1, false);
    assert_int_equal(b->feed.next, 1);
    assert_int_equal(quarantined(b), 0);
    office_ticks(&b->office);
    assert_int_equal(offer_records(b, 1, 3), E_OK);
    assert_int_equal(b->feed.next, 3);
}

/* ---- what structure refuses */

static void a_gap_is_refused_for_now(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 3; i++)
        office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    offer_records(b, 2, 4);
    assert_refused(b, E_GAP, 2, false);
    assert_int_equal(b->feed.next, 1);
    assert_int_equal(quarantined(b), 0);
    assert_int_equal(offer_records(b, 1, 4), E_OK);
}

static void records_out_of_order_are_a_gap_behind_those_in_order(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf packed = { 0 };
    for (int i = 0; i < 3; i++)
        office_ticks(&b->office);
    office_pack(&b->office, 0, 2, &packed);
    office_pack(&b->office, 3, 4, &packed);
    office_pack(&b->office, 2, 3, &packed);
    offer(b, buf_view(&packed));
    assert_refused(b, E_GAP, 3, false);
    assert_int_equal(b->feed.next, 2);
}

static void a_broken_chain_is_final_and_kept_as_evidence(void **state)
{
    struct bench *b = *state;
    office_ticks(&b->office);
    office_ticks(&b->office);
    b->office.packed[2].data[60] ^= 1; /* prev */
    offer_records(b, 0, 3);
    assert_refused(b, E_BROKEN_CHAIN, 2, true);
    assert_int_equal(b->feed.next, 2);
    assert_int_equal(quarantined(b), 1);
}

static void a_forged_record_is_not_vouched_for(void **state)
{
    struct bench *b = *state;
    struct office other;
    AUTO(buf_clear) struct buf forged = { 0 };
    office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    make_identity(HOME_HUB, "forger", &other.home, &forged);
    forged.len = 0;
    struct feed feed = b->feed;
    feed.record_key = other.home.record.public_key; /* as the forger would have it */
    office_says_otherwise(&other, &feed, &forged);
    offer(b, buf_view(&forged));
    assert_refused(b, E_BAD_SIGNATURE, 1, false);
    assert_int_equal(b->feed.next, 1);
    assert_int_equal(quarantined(b), 0);
    assert_int_equal(offer_records(b, 1, 2), E_OK); /* the true one still comes in */
}

static void a_record_of_another_feed_is_not_taken(void **state)
{
    struct bench *b = *state;
    struct home other;
    AUTO(buf_clear) struct buf inception = { 0 };
    make_identity(HOME_HUB, "other", &other, &inception);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    assert_int_not_equal(offer(b, buf_view(&inception)), E_OK);
    assert_int_equal(b->feed.next, 1);
    assert_int_equal(held_records(b->store, &other.author), 0);
}

static void bytes_that_are_no_records_are_final_wherever_they_begin(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf packed = { 0 };
    office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    size_t whole = b->office.packed[1].len;
    for (size_t len = 1; len < whole; len++) {
        offer(b, bytes_of(b->office.packed[1].data, len));
        assert_refused(b, E_MALFORMED, 1, true);
    }
    office_pack(&b->office, 1, 2, &packed);
    buf_text(&packed, "garbage");
    offer(b, buf_view(&packed));
    assert_refused(b, E_MALFORMED, 2, true);
    assert_int_equal(b->feed.next, 2); /* what came before it is in */
}

static void an_event_without_its_payload_is_malformed(void **state)
{
    struct bench *b = *state;
    office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 1), E_OK);
    b->office.packed[1].data[ENTRY_BYTES] = 0;
    offer(b, bytes_of(b->office.packed[1].data, ENTRY_BYTES + 1));
    assert_refused(b, E_MALFORMED, 1, true);
    assert_int_equal(b->feed.next, 1);
}

static void what_a_bad_batch_does_is_not_the_others_business(void **state)
{
    struct bench *b = *state;
    struct accept_batch batches[3] = { 0 };
    for (int i = 0; i < 3; i++)
        office_ticks(&b->office);
    for (uint64_t i = 0; i < 3; i++)
        batches[i].author = b->office.home.author;
    office_pack(&b->office, 0, 2, &batches[0].records);
    buf_text(&batches[1].records, "garbage");
    office_pack(&b->office, 2, 4, &batches[2].records);
    assert_int_equal(accept_batches(b->store, &b->feed, batches, 3), E_OK);
    assert_int_equal(batches[0].code, E_OK);
    assert_int_equal(batches[1].code, E_MALFORMED);
    assert_int_equal(batches[1].next, 2);
    assert_int_equal(batches[2].code, E_OK);
    assert_int_equal(b->feed.next, 4);
    for (size_t i = 0; i < 3; i++)
        accept_batch_clear(&batches[i]);
}

static void what_was_refused_is_gone_when_the_feed_goes_on(void **state)
{
    struct bench *b = *state;
    office_ticks(&b->office);
    office_ticks(&b->office);
    b->office.packed[1].data[60] ^= 1; /* prev */
    offer_records(b, 0, 2);
    assert_refused(b, E_BROKEN_CHAIN, 1, true);
    assert_int_equal(quarantined(b), 1);
    b->office.packed[1].data[60] ^= 1;
    assert_int_equal(offer_records(b, 1, 3), E_OK);
    assert_int_equal(quarantined(b), 0);
}

/* ---- forks */

static void only_a_vouched_record_is_a_fork(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf other = { 0 }, vouched = { 0 };
    office_ticks(&b->office);
    struct feed branch = b->office.feed;
    office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 3), E_OK);

    b->office.packed[2].data[HEADER_BYTES] ^= 1; /* its signature */
    offer_records(b, 2, 3);
    assert_refused(b, E_BAD_SIGNATURE, 2, false);
    assert_int_equal(quarantined(b), 0);

    office_says_otherwise(&b->office, &branch, &other);
    offer(b, buf_view(&other));
    assert_refused(b, E_FORK, 2, true);
    assert_int_equal(quarantined(b), 1);

    other.data[HEADER_BYTES] ^= 1;
    assert_int_equal(offer(b, buf_view(&other)), E_BAD_SIGNATURE);
    branch.head = hash_leaf(bytes_of(other.data, ENTRY_BYTES));
    buf_bytes(&vouched, buf_view(&other));
    office_says_otherwise(&b->office, &branch, &vouched);
    assert_int_equal(offer(b, buf_view(&vouched)), E_FORK);
    assert_int_equal(b->feed.next, 3);
}

static void a_fork_below_the_head_is_found_and_nothing_behind_it_is_taken(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf other = { 0 };
    struct feed branch = b->office.feed;
    for (int i = 0; i < 4; i++)
        office_ticks(&b->office);
    assert_int_equal(offer_records(b, 0, 3), E_OK);
    for (int i = 0; i < 6; i++)
        office_says_otherwise(&b->office, &branch, &other);
    offer(b, buf_view(&other));
    assert_refused(b, E_FORK, 1, true);
    assert_int_equal(b->feed.next, 3);
    assert_int_equal(offer_records(b, 3, 5), E_OK); /* the kept branch goes on */
}

/* ---- quarantine */

static bool read_one(void *context, struct bytes key, struct bytes value)
{
    struct buf *out = context;
    buf_bytes(out, key);
    buf_bytes(out, value);
    return true;
}

static void quarantine_says_who_where_why_and_what(void **state)
{
    struct bench *b = *state;
    AUTO(buf_clear) struct buf row = { 0 };
    office_ticks(&b->office);
    b->office.packed[1].data[60] ^= 1;
    offer_records(b, 0, 2);
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->store, &view), E_OK);
    store_each(view, STORE_QUARANTINE, (struct bytes){ NULL, 0 }, read_one, &row);
    struct reader reader = reader_of(buf_view(&row));
    struct hash author;
    read_into(&reader, author.b, HASH_BYTES);
    assert_true(hash_equal(&author, &b->office.home.author));
    assert_int_equal(read_u64(&reader), 1);
    assert_int_equal(read_u32(&reader), E_BROKEN_CHAIN);
    uint8_t len = read_u8(&reader);
    assert_int_equal(len, strlen(b->last.text));
    assert_memory_equal(read_bytes(&reader, len).data, b->last.text, len);
    assert_int_equal(reader.left, ENTRY_BYTES);
    assert_memory_equal(reader.at, b->office.packed[1].data, ENTRY_BYTES);
}

/* ---- names, and the inception alone */

static bool knows(struct bench *b, const char *name, struct hash *author)
{
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->store, &view), E_OK);
    return accept_name(view, name, author);
}

static void admissions_give_names_and_the_latest_wins(void **state)
{
    struct bench *b = *state;
    struct hash first = { { 1 } }, second = { { 2 } }, found;
    office_admits(&b->office, "us-oh-dayton", &first);
    assert_int_equal(offer_records(b, 0, 2), E_OK);
    assert_true(knows(b, "office", &found));
    assert_true(hash_equal(&found, &b->office.home.author));
    assert_true(knows(b, "us-oh-dayton", &found));
    assert_true(hash_equal(&found, &first));
    assert_false(knows(b, "us-oh", &found));
    office_admits(&b->office, "us-oh-dayton", &second);
    assert_int_equal(offer_records(b, 2, 3), E_OK);
    assert_true(knows(b, "us-oh-dayton", &found));
    assert_true(hash_equal(&found, &second));
}

static void a_refused_admission_names_nobody(void **state)
{
    struct bench *b = *state;
    struct hash author = { { 1 } };
    office_admits(&b->office, "us-oh-dayton", &author);
    b->office.packed[1].data[60] ^= 1;
    assert_int_equal(offer_records(b, 0, 2), E_BROKEN_CHAIN);
    assert_false(knows(b, "us-oh-dayton", &author));
}

static enum err open_with(struct bench *b, const struct hash *author, struct bytes packed)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    assert_int_equal(store_begin(b->store, &txn), E_OK);
    TRY(accept_inception(txn, author, packed));
    return store_commit(&txn);
}

static void a_feed_opens_with_the_inception_of_its_author_only(void **state)
{
    struct bench *b = *state;
    struct home other;
    AUTO(buf_clear) struct buf stranger = { 0 }, two = { 0 };
    struct bytes own = buf_view(&b->office.packed[0]);
    const struct hash *author = &b->office.home.author;
    make_identity(HOME_HUB, "stranger", &other, &stranger);
    office_ticks(&b->office);
    office_pack(&b->office, 0, 2, &two);
    assert_int_equal(open_with(b, author, buf_view(&stranger)), E_DENIED);
    assert_int_equal(open_with(b, author, buf_view(&two)), E_DENIED);
    assert_int_equal(open_with(b, author, buf_view(&b->office.packed[1])), E_DENIED);
    assert_int_equal(open_with(b, author, bytes_of(own.data, own.len - 1)), E_MALFORMED);
    assert_int_equal(open_with(b, author, (struct bytes){ NULL, 0 }), E_NOT_FOUND);
    assert_int_equal(held_records(b->store, author), 0);
    assert_int_equal(open_with(b, author, own), E_OK);
    assert_int_equal(open_with(b, author, own), E_OK); /* held already */
    assert_int_equal(held_records(b->store, author), 1);
}

static void an_inception_with_a_bad_signature_opens_nothing(void **state)
{
    struct bench *b = *state;
    b->office.packed[0].data[HEADER_BYTES + 3] ^= 1;
    assert_int_equal(open_with(b, &b->office.home.author, buf_view(&b->office.packed[0])), E_BAD_SIGNATURE);
    assert_int_equal(held_records(b->store, &b->office.home.author), 0);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(the_feed_is_taken_however_it_is_cut),
        FACT(batches_of_one_commit_continue_each_other),
        FACT(what_is_held_already_is_no_news_and_no_harm),
        FACT(an_empty_batch_is_taken_and_changes_nothing),
        FACT(one_signature_vouches_for_the_record_before),
        FACT(a_gap_is_refused_for_now),
        FACT(records_out_of_order_are_a_gap_behind_those_in_order),
        FACT(a_broken_chain_is_final_and_kept_as_evidence),
        FACT(a_forged_record_is_not_vouched_for),
        FACT(a_record_of_another_feed_is_not_taken),
        FACT(bytes_that_are_no_records_are_final_wherever_they_begin),
        FACT(an_event_without_its_payload_is_malformed),
        FACT(what_a_bad_batch_does_is_not_the_others_business),
        FACT(what_was_refused_is_gone_when_the_feed_goes_on),
        FACT(only_a_vouched_record_is_a_fork),
        FACT(a_fork_below_the_head_is_found_and_nothing_behind_it_is_taken),
        FACT(quarantine_says_who_where_why_and_what),
        FACT(admissions_give_names_and_the_latest_wins),
        FACT(a_refused_admission_names_nobody),
        FACT(a_feed_opens_with_the_inception_of_its_author_only),
        FACT(an_inception_with_a_bad_signature_opens_nothing),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
