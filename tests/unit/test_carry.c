#include "daemon/carry.h"

#include "carry_hand.h"

#include "daemon/accept.h"

/* ---- over a real link */

static void what_is_recorded_on_a_live_link_goes_at_once(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 2);
    assert_int_equal(b->hub.batches, 2);
    assert_int_equal(b->hub.hellos, 1);
}

/* A commit is on the disk a moment before its author has told of it. */
static void records_that_were_not_told_of_yet_wait(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "told");
    struct feed told = b->node->feed;
    uint64_t bytes = b->node->outbox.bytes;
    put_ok(b->node, 2, "not yet");
    struct feed both = b->node->feed;
    uint64_t both_bytes = b->node->outbox.bytes;
    b->node->feed = told;
    outbox_grown(&b->node->outbox, told.next, bytes);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 2);
    b->node->feed = both;
    outbox_grown(&b->node->outbox, both.next, both_bytes);
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(b->hub.received.next, 3);
}

static void what_is_not_acknowledged_waits(void **state)
{
    struct bench *b = *state;
    be_up(b);
    b->hub.withholds_acks = true;
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, b->hub.received.next == 2);
    assert_int_equal(waiting(b), 1);
    b->hub.withholds_acks = false;
    UNTIL(&b->hub, b->node, waiting(b) == 0);
}

static void a_restart_resends_nothing_that_was_acknowledged(void **state)
{
    struct bench *b = *state;
    be_up(b);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    unsigned records = b->hub.records;
    reopen(b);
    assert_int_equal(waiting(b), 0); /* by the mark, before any network */
    put_ok(b->node, 2, "Kyoto");
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && waiting(b) == 0);
    assert_int_equal(b->hub.records, records + 1);
}

/* ---- what leaves */

/* Payload presence of the record at seq among what arrived at the hub. */
static bool payload_arrived(struct bench *b, uint64_t seq)
{
    struct bytes rest = buf_view(&b->hub.arrived);
    struct record record;
    while (run_next(&rest, &record) == E_OK)
        if (record.header.seq == seq)
            return record.has_payload;
    assert_true(false);
    return false;
}

static bool arrived_anywhere(struct bench *b, const char *text)
{
    return memmem(b->hub.arrived.data, b->hub.arrived.len, text, strlen(text)) != NULL;
}

static void put_all_visibilities(struct bench *b)
{
    struct author_result result;
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 1, "said in public", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_FEDERAL, false, 2, "for the office", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_LOCAL, false, 3, "kept at home", &result), E_OK);
    assert_int_equal(put_one(b->node, VISIBLE_PUBLIC, false, 4, "said again", &result), E_OK);
}

static void local_payloads_never_leave(void **state)
{
    struct bench *b = *state;
    put_all_visibilities(b);
    be_up(b);
    assert_int_equal(b->hub.received.next, 5);
    assert_true(payload_arrived(b, 1));
    assert_true(payload_arrived(b, 2));
    assert_false(payload_arrived(b, 3));
    assert_true(payload_arrived(b, 4));
    assert_false(arrived_anywhere(b, "kept at home"));
    assert_true(arrived_anywhere(b, "for the office"));
    assert_true(arrived_anywhere(b, "said again"));
}

static void federal_payloads_go_to_hubs_only(void **state)
{
    struct bench *b = *state;
    b->hub.role = SYNC_RELAY;
    put_all_visibilities(b);
    be_up(b);
    assert_true(payload_arrived(b, 1));
    assert_false(payload_arrived(b, 2));
    assert_false(payload_arrived(b, 3));
    assert_false(arrived_anywhere(b, "for the office"));
    assert_false(arrived_anywhere(b, "kept at home"));
}

/* ---- what comes down */

static void the_offices_feed_comes_down(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 2);
    assert_int_equal(held_of_hub(b), 2);
    hub_says(&b->hub);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 3);
    assert_int_equal(held_of_hub(b), 3);
    reopen(b);
    unsigned acks = b->hub.acks;
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED && b->hub.acks > acks);
    assert_int_equal(b->hub.acked_next, 3);
    struct hash author;
    AUTO(store_done) struct store_view *view = NULL;
    assert_int_equal(store_read(b->node->store, &view), E_OK);
    assert_true(accept_name(view, "office", &author));
    assert_true(hash_equal(&author, &b->hub.office.home.author));
}

static void a_head_without_a_signature_waits_for_its_voucher(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    office_spoils_its_signature(&b->hub.office);
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.nacked != E_OK);
    assert_int_equal(b->hub.nacked, E_BAD_SIGNATURE);
    assert_int_equal(held_of_hub(b), 1);
    assert_int_equal(count_rows(b->node->store, STORE_QUARANTINE), 0);
    hub_says(&b->hub);
    UNTIL(&b->hub, b->node, b->hub.acked_next == 3);
}

static void who_follows_its_own_feed_only_takes_nothing(void **state)
{
    struct bench *b = *state;
    b->options.follow = FOLLOW_OWN;
    reopen(b);
    hub_says(&b->hub);
    put_ok(b->node, 1, "Osaka");
    be_up(b);
    assert_int_equal(held_of_hub(b), 0);
}

static void a_bad_record_stops_its_feed_and_no_other(void **state)
{
    struct bench *b = *state;
    hub_says(&b->hub);
    hub_says(&b->hub);
    b->hub.office.packed[2].data[60] ^= 1; /* prev */
    be_up(b);
    UNTIL(&b->hub, b->node, b->hub.nacked != E_OK);
    assert_int_equal(b->hub.nacked, E_BROKEN_CHAIN);
    assert_int_equal(b->hub.nacked_seq, 2);
    assert_int_equal(held_of_hub(b), 2);
    assert_int_equal(count_rows(b->node->store, STORE_QUARANTINE), 1);
    put_ok(b->node, 1, "Osaka");
    UNTIL(&b->hub, b->node, waiting(b) == 0);
    assert_int_equal(state_of(b), FACE_CONNECTED);
}

static void a_hub_that_holds_more_than_we_do_raises_an_alarm(void **state)
{
    struct bench *b = *state;
    put_ok(b->node, 1, "Osaka");
    be_up(b);
    b->hub.received.next = 9; /* this home is an old copy */
    reopen(b);
    UNTIL(&b->hub, b->node, face_of(b)->behind_itself);
    unsigned batches = b->hub.batches;
    put_ok(b->node, 2, "Kyoto");
    UNTIL(&b->hub, b->node, state_of(b) == FACE_CONNECTED);
    assert_int_equal(b->hub.batches, batches);
}

/* ---- the machine and what it asks for, without any socket */

static void fill(struct bench *b, uint8_t count)
{
    for (uint8_t i = 1; i <= count; i++)
        put_ok(b->node, i, "a title of some length");
}

static void batches_continue_each_other_and_keep_to_the_number_of_records(void **state)
{
    struct bench *b = *state;
    struct hand h;
    b->options.run_records = 4;
    reopen(b);
    fill(b, 20);
    greet(b, &h, 1 << 20);
    assert_int_equal(ask_from(b, &h, 0), E_OK);
    uint64_t next = 0;
    for (size_t i = 0; i < h.said.n_batches; i++) {
        assert_int_equal(h.said.first_seq[i], next);
        assert_in_range(h.said.count[i], 1, 4);
        next += h.said.count[i];
    }
    assert_int_equal(next, 21);
    assert_int_equal(b->node->counters.batches, h.said.n_batches);
    assert_int_equal(b->node->counters.batch_records, 21);
    let_go(&h);
}

static void batches_keep_to_the_bytes_that_are_configured(void **state)
{
    struct bench *b = *state;
    struct hand h;
    b->options.batch_bytes = 4096;
    reopen(b);
    fill(b, 40);
    greet(b, &h, 1 << 20);
    assert_int_equal(ask_from(b, &h, 0), E_OK);
    assert_int_equal(sent_next(&h), 41);
    assert_true(h.said.n_batches >= 3);
    for (size_t i = 0; i < h.said.n_batches; i++)
        assert_in_range(h.said.bytes[i], 1, 4096);
    let_go(&h);
}

static void a_record_above_the_bound_goes_alone(void **state)
{
    struct bench *b = *state;
    struct hand h;
    static char title[100];
    memset(title, 'x', sizeof title - 1);
    b->options.batch_bytes = 300; /* below one such record */
    reopen(b);
    put_ok(b->node, 1, title);
    put_ok(b->node, 2, title);
    greet(b, &h, 1 << 20);
    assert_int_equal(ask_from(b, &h, 1), E_OK);
    assert_int_equal(h.said.n_batches, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(h.said.count[i], 1);
        assert_true(h.said.bytes[i] > 300);
    }
    let_go(&h);
}

static void sending_stops_with_the_credit_and_goes_on_with_more(void **state)
{
    struct bench *b = *state;
    struct hand h;
    b->options.run_records = 4;
    reopen(b);
    fill(b, 60);
    greet(b, &h, 4096);
    assert_int_equal(ask_from(b, &h, 1), E_OK);
    uint64_t first = sent_next(&h), bytes = 0;
    for (size_t i = 0; i < h.said.n_batches; i++)
        bytes += h.said.bytes[i];
    assert_in_range(first, 5, 59);
    assert_true(bytes <= 4096 + MAX_PAYLOAD_BYTES);
    assert_int_equal(acknowledge(b, &h, first, 0), E_OK); /* taken, and no room for more than one */
    uint64_t last = sent_next(&h);
    assert_in_range(last, first, first + 1);
    assert_int_equal(acknowledge(b, &h, last, 0), E_OK);
    assert_int_equal(sent_next(&h), last);
    assert_int_equal(h.carry.acknowledged, last);
    struct sync_message credit = { .type = SYNC_CREDIT };
    credit.credit.bytes = 1 << 20;
    assert_int_equal(hear(&h, credit), E_OK);
    assert_int_equal(sent_next(&h), 61);
    let_go(&h);
}

static void a_link_resumes_at_exactly_what_the_hub_holds(void **state)
{
    struct bench *b = *state;
    fill(b, 10);
    for (uint64_t next = 0; next <= 11; next++) {
        struct hand h;
        greet(b, &h, 1 << 20);
        assert_int_equal(ask_from(b, &h, next), E_OK);
        assert_int_equal(h.said.n_batches > 0 ? h.said.first_seq[0] : 11, next);
        assert_int_equal(h.said.n_batches > 0 ? sent_next(&h) : 11, 11);
        assert_int_equal(outbox_acknowledged(&b->node->outbox), next);
        let_go(&h);
    }
}

static void another_head_of_ours_at_the_hub_stops_the_feed_on_that_link(void **state)
{
    struct bench *b = *state;
    struct hand h;
    fill(b, 10);
    greet(b, &h, 1 << 20);
    struct hash other = { { 9 } };
    assert_int_equal(stand_at(b, &h, 5, &other), E_OK);
    assert_true(h.carry.own_stopped);
    assert_int_equal(h.said.n_batches, 0);
    assert_non_null(strstr(h.face.refused_text, "the hub holds another record 4"));
    assert_int_equal(outbox_acknowledged(&b->node->outbox), 0);
    put_ok(b->node, 11, "one more");
    carry_push(&h.carry, h.sync, h.now_ms);
    assert_false(carry_serve(&h.carry, h.sync, h.now_ms));
    assert_int_equal(h.said.n_batches, 0);
    let_go(&h);
}

static struct sync_message refusal_of(struct bench *b, uint64_t seq)
{
    struct sync_message nack = { .type = SYNC_NACK };
    nack.nack.author = b->home.author;
    nack.nack.seq = seq;
    nack.nack.code = E_BUSY;
    snprintf(nack.nack.text, sizeof nack.nack.text, "over quota");
    return nack;
}

static void a_hub_that_refuses_a_record_of_ours_is_quoted_until_it_takes_it(void **state)
{
    struct bench *b = *state;
    struct hand h;
    fill(b, 10);
    greet(b, &h, 1 << 20);
    assert_int_equal(ask_from(b, &h, 0), E_OK);
    assert_int_equal(hear(&h, refusal_of(b, 4)), E_OK);
    assert_string_equal(h.face.refused_text, "busy: over quota");
    assert_int_equal(h.face.refused_seq, 4);
    assert_int_equal(acknowledge(b, &h, 4, 0), E_OK);
    assert_string_equal(h.face.refused_text, "busy: over quota");
    assert_int_equal(acknowledge(b, &h, 5, 0), E_OK);
    assert_string_equal(h.face.refused_text, "");
    let_go(&h);
}

static void what_one_hub_refuses_another_does_not_take_back(void **state)
{
    struct bench *b = *state;
    struct hand refuses, takes;
    fill(b, 10);
    greet(b, &refuses, 1 << 20);
    greet(b, &takes, 1 << 20);
    assert_int_equal(ask_from(b, &refuses, 0), E_OK);
    assert_int_equal(ask_from(b, &takes, 0), E_OK);
    assert_int_equal(hear(&refuses, refusal_of(b, 4)), E_OK);
    assert_int_equal(acknowledge(b, &takes, 11, 0), E_OK);
    assert_string_equal(refuses.face.refused_text, "busy: over quota");
    assert_int_equal(refuses.face.refused_seq, 4);
    assert_string_equal(takes.face.refused_text, "");
    let_go(&refuses);
    let_go(&takes);
}

static void only_ones_own_feed_is_ever_sent(void **state)
{
    struct bench *b = *state;
    struct hand h;
    fill(b, 3);
    be_up(b);
    assert_int_equal(held_of_hub(b), 1);
    greet(b, &h, 1 << 20);
    struct sync_mark mark = { .author = b->hub.office.home.author, .wants = true };
    struct sync_message frontier = { .type = SYNC_FRONTIER, .frontier = { &mark, 1 } };
    assert_int_equal(hear(&h, frontier), E_OK);
    mark.author.b[0] ^= 1;
    assert_int_equal(hear(&h, frontier), E_OK);
    assert_int_equal(h.said.n_batches, 0);
    let_go(&h);
}

/* ---- what the hub sends */

static enum err hub_sends_records(struct bench *b, struct hand *h, uint64_t from, uint64_t to)
{
    AUTO(buf_clear) struct buf packed = { 0 };
    office_pack(&b->hub.office, from, to, &packed);
    struct sync_message batch = { .type = SYNC_BATCH };
    batch.batch.author = b->hub.office.home.author;
    batch.batch.first_seq = from;
    batch.batch.count = (uint32_t)(to - from);
    batch.batch.records = buf_view(&packed);
    return hear(h, batch);
}

static void what_comes_is_acknowledged_when_it_is_on_the_disk(void **state)
{
    struct bench *b = *state;
    struct hand h;
    for (int i = 0; i < 3; i++)
        hub_says(&b->hub);
    greet(b, &h, 1 << 20);
    assert_int_equal(hub_sends_records(b, &h, 0, 4), E_OK);
    assert_int_equal(held_of_hub(b), 4);
    assert_int_equal(h.said.times[SYNC_ACK], 1);
    assert_int_equal(h.said.last.ack.next, 4);
    assert_true(h.said.last.ack.credit_bytes > 0);
    assert_int_equal(b->node->counters.received, 4);
    assert_int_equal(b->node->counters.refused, 0);
    let_go(&h);
}

static void what_is_refused_is_named_and_what_came_before_it_acknowledged(void **state)
{
    struct bench *b = *state;
    struct hand h;
    for (int i = 0; i < 3; i++)
        hub_says(&b->hub);
    b->hub.office.packed[2].data[60] ^= 1; /* prev */
    greet(b, &h, 1 << 20);
    assert_int_equal(hub_sends_records(b, &h, 0, 4), E_OK);
    assert_int_equal(held_of_hub(b), 2);
    assert_int_equal(h.said.times[SYNC_ACK], 1);
    assert_int_equal(h.said.times[SYNC_NACK], 1);
    assert_int_equal(h.said.last.nack.code, E_BROKEN_CHAIN);
    assert_int_equal(h.said.last.nack.seq, 2);
    assert_true(h.said.last.nack.final);
    assert_int_equal(b->node->counters.received, 2);
    assert_int_equal(b->node->counters.refused, 1);
    let_go(&h);
}

static void who_follows_nobody_is_sent_nothing(void **state)
{
    struct bench *b = *state;
    struct hand h;
    b->options.follow = FOLLOW_OWN;
    reopen(b);
    greet(b, &h, 1 << 20);
    assert_int_equal(hub_sends_records(b, &h, 0, 1), E_DENIED);
    assert_int_equal(held_of_hub(b), 0);
    let_go(&h);
}

static void the_end_is_told_with_its_reason(void **state)
{
    struct bench *b = *state;
    struct hand h;
    greet(b, &h, 1 << 20);
    struct sync_message bye = { .type = SYNC_BYE };
    bye.reject.retry_after_ms = 7000;
    assert_int_equal(hear(&h, bye), E_OK);
    assert_true(h.carry.ended);
    assert_int_equal(h.carry.end_code, E_UNREACHABLE);
    assert_int_equal(h.carry.retry_after_ms, 7000);
    assert_string_not_equal(h.carry.end_text, "");
    let_go(&h);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(what_is_recorded_on_a_live_link_goes_at_once),
        FACT(records_that_were_not_told_of_yet_wait),
        FACT(what_is_not_acknowledged_waits),
        FACT(a_restart_resends_nothing_that_was_acknowledged),
        FACT(local_payloads_never_leave),
        FACT(federal_payloads_go_to_hubs_only),
        FACT(the_offices_feed_comes_down),
        FACT(a_head_without_a_signature_waits_for_its_voucher),
        FACT(who_follows_its_own_feed_only_takes_nothing),
        FACT(a_bad_record_stops_its_feed_and_no_other),
        FACT(a_hub_that_holds_more_than_we_do_raises_an_alarm),
        FACT(batches_continue_each_other_and_keep_to_the_number_of_records),
        FACT(batches_keep_to_the_bytes_that_are_configured),
        FACT(a_record_above_the_bound_goes_alone),
        FACT(sending_stops_with_the_credit_and_goes_on_with_more),
        FACT(a_link_resumes_at_exactly_what_the_hub_holds),
        FACT(another_head_of_ours_at_the_hub_stops_the_feed_on_that_link),
        FACT(a_hub_that_refuses_a_record_of_ours_is_quoted_until_it_takes_it),
        FACT(what_one_hub_refuses_another_does_not_take_back),
        FACT(only_ones_own_feed_is_ever_sent),
        FACT(what_comes_is_acknowledged_when_it_is_on_the_disk),
        FACT(what_is_refused_is_named_and_what_came_before_it_acknowledged),
        FACT(who_follows_nobody_is_sent_nothing),
        FACT(the_end_is_told_with_its_reason),
    };
    return cmocka_run_group_tests(facts, net_begin, net_end);
}
