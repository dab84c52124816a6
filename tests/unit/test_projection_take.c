/* What one record of the log does. */
#include "hubd/view/view_private.h"
#include "view_bench.h"

/* ---- whose account stands */

static void an_amendment_replaces_the_terms(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    struct said later = oiso();
    later.countries = "JP|KR";
    later.status = 5;
    later.title = "Dayton and Busan";
    later.end = 20010000;
    log_say(&record_log, &dayton, later);
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("status:active"), 0);
    assert_int_equal(total("status:ended"), 1);
    assert_int_equal(total("country:KR country:JP"), 1);
    assert_int_equal(total("word:busan"), 1);
    assert_int_equal(total("year:1999"), 1);
    assert_string_equal(titles(""), "\"Dayton and Busan\"");
    assert_string_equal(column((struct view_query){ 0 }, "seq"), "2");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
}

static void a_retraction_takes_it_out_and_a_new_account_brings_it_back(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    log_retract(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 0);
    assert_int_equal(total("word:oiso"), 0);
    assert_int_equal(stat_of("withdrawn"), 1);
    assert_int_equal(stat_of("engagements"), 0);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total("word:oiso"), 1);
    assert_int_equal(stat_of("withdrawn"), 0);
}

static void two_leads_never_share_an_engagement(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 2);
    log_retract(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("by:us-oh-dayton"), 1);
}

static void others_are_counted_but_the_lead_stands(void **state)
{
    (void)state;
    uint8_t id[16];
    log_say(&record_log, &dayton, oiso());
    said_id(&dayton, 1, id);
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(total("country:FR"), 0);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "2");
    log_retract(&record_log, &tampa, about(id, ""));
    catch_up(1000);
    assert_int_equal(total("word:oiso"), 1);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
}

static void an_engagement_stands_on_others_until_its_lead_speaks(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &austin, about(id, "What Austin says"));
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    assert_int_equal(total("flag:no-lead"), 1);
    assert_string_equal(titles(""), "\"What Tampa says\"");
    log_retract(&record_log, &tampa, about(id, ""));
    catch_up(1000);
    assert_string_equal(titles(""), "\"What Austin says\"");
    log_retract(&record_log, &austin, about(id, ""));
    catch_up(1000);
    assert_int_equal(total(""), 0);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_string_equal(titles(""), "\"Dayton and Oiso\"");
    assert_int_equal(total("flag:no-lead"), 0);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
    /* Gone with its lead, whatever others say. */
    log_say(&record_log, &tampa, about(id, "Tampa again"));
    log_retract(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 0);
}

static uint64_t accounts_kept(void)
{
    AUTO(db_abort) struct db_txn *txn = NULL;
    assert_int_equal(db_read(view->db, &txn), E_OK);
    return db_entries(txn, VIEW_ACCOUNTS);
}

static void a_lead_that_first_spoke_as_another_is_one_account(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &dayton, about(id, "by subject"));
    catch_up(1000);
    assert_string_equal(titles("flag:no-lead"), "\"by subject\"");
    assert_int_equal(accounts_kept(), 1);
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &dayton, about(id, "by subject again"));
    catch_up(1000);
    assert_string_equal(titles("-flag:no-lead"), "\"by subject again\"");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
    assert_int_equal(accounts_kept(), 0); /* the lead needs none */
}

static void a_retraction_of_nothing_does_nothing(void **state)
{
    (void)state;
    uint8_t id[16];
    log_say(&record_log, &dayton, oiso());
    said_id(&dayton, 1, id);
    log_retract(&record_log, &tampa, about(id, ""));
    log_retract(&record_log, &tampa, oiso());
    catch_up(1000);
    assert_int_equal(total(""), 1);
    assert_int_equal(stat_of("no_effect"), 2);
    assert_int_equal(stat_of("retractions"), 0);
}

/* What can be seen but for places in the log, which differ with its order. */
static char *what_stands(void)
{
    return mem_text(column((struct view_query){ .sort = "title" }, "title"));
}

static void the_order_of_two_voices_changes_nothing(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    /* Both have spoken before, so that their numbers are the same either way. */
    log_say(&record_log, &austin, (struct said){ .nonce = 7, .title = "of Austin" });
    log_say(&record_log, &tampa, (struct said){ .nonce = 8, .title = "of Tampa" });
    log_say(&record_log, &austin, about(id, "What Austin says"));
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    AUTO(free_ptr) char *first = what_stands();
    log_retract(&record_log, &tampa, about(id, ""));
    log_retract(&record_log, &austin, about(id, ""));
    log_say(&record_log, &tampa, about(id, "What Tampa says"));
    catch_up(1000);
    log_say(&record_log, &austin, about(id, "What Austin says"));
    catch_up(1000);
    AUTO(free_ptr) char *second = what_stands();
    assert_string_equal(second, first);
    assert_string_equal(column((struct view_query){ .text = "flag:no-lead" }, "accounts"), "2");
}

static void others_may_speak_before_the_lead_or_behind_it(void **state)
{
    (void)state;
    uint8_t one[16], two[16];
    said_id(&dayton, 1, one);
    said_id(&dayton, 2, two);
    log_say(&record_log, &tampa, about(one, "before"));
    log_say(&record_log, &dayton, oiso());
    struct said other = oiso();
    other.nonce = 2;
    log_say(&record_log, &dayton, other);
    log_say(&record_log, &tampa, about(two, "behind"));
    catch_up(1);
    assert_string_equal(titles(""), "\"Dayton and Oiso\" \"Dayton and Oiso\"");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "2 2");
    assert_string_equal(column((struct view_query){ 0 }, "flags"), "[] []");
}

static void withdrawing_twice_is_withdrawing(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &tampa, about(id, "too"));
    for (int i = 0; i < 3; i++) {
        log_retract(&record_log, &tampa, about(id, ""));
        log_retract(&record_log, &dayton, oiso());
    }
    catch_up(1000);
    assert_int_equal(total(""), 0);
    assert_int_equal(stat_of("retractions"), 6);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
    log_say(&record_log, &tampa, about(id, "too"));
    catch_up(2);
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "2");
}

/* ---- what cannot be read */

static void what_cannot_be_read_is_counted_and_named(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct said said = oiso();
    said_write(&said, &payload);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), true);
    log_put(&record_log, &dayton, KIND_STATEMENT, 77, buf_view(&payload), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, 3, buf_view(&payload), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, bytes_text("\xff\xff\xff"), false);
    log_put(&record_log, &dayton, KIND_FEDERATION, TYPE_ADMISSION, bytes_text(""), false);
    log_put(&record_log, &dayton, KIND_FEDERATION, 299, bytes_text(""), false);
    catch_up(1000);
    assert_int_equal(stat_of("withheld"), 1);
    assert_int_equal(stat_of("unknown_types"), 2);
    assert_int_equal(stat_of("no_effect"), 2);
    assert_int_equal(stat_of("undecodable"), 1);
    assert_int_equal(total(""), 0);
}

static void a_statement_that_names_its_subject_and_no_more_stands_flagged(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    said_write(&(struct said){ .nonce = 5 }, &payload);
    buf_append(&payload, "\x22\x02\xff\xfe", 4); /* a title that is no UTF-8 */
    log_say(&record_log, &dayton, (struct said){ .nonce = 5, .title = "before", .kind = 1 });
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), false);
    catch_up(1000);
    assert_int_equal(total("flag:unreadable by:us-oh-dayton kind:none"), 1);
    assert_int_equal(total("word:before"), 0);
    assert_string_equal(titles(""), "null");
    assert_string_equal(column((struct view_query){ 0 }, "flags"), "[\"unreadable\"]");
}

static void an_amendment_that_is_withheld_leaves_what_stood(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct said later = oiso();
    later.title = "never seen";
    said_write(&later, &payload);
    log_say(&record_log, &dayton, oiso());
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), true);
    catch_up(1000);
    assert_string_equal(titles(""), "\"Dayton and Oiso\"");
    assert_string_equal(column((struct view_query){ 0 }, "seq"), "1");
    assert_int_equal(stat_of("withheld"), 1);
}

static void a_statement_of_nothing_or_of_two_things_is_undecodable(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf both = { 0 }, retraction = { 0 };
    struct said said = oiso();
    said_write(&said, &both);
    buf_append(&both, "\x12\x10", 2); /* and a subject */
    buf_append(&both, "sixteen bytes...", 16);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&both), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, bytes_text(""), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_RETRACTION, bytes_text(""), false);
    log_put(&record_log, &dayton, KIND_STATEMENT, TYPE_ENGAGEMENT, bytes_text("\x0a\x0fshort of sixteen"),
            false);
    catch_up(1000);
    assert_int_equal(stat_of("undecodable"), 4);
    assert_int_equal(stat_of("statements"), 0);
    assert_int_equal(stat_of("records"), 12);
}

static void a_payload_cut_anywhere_stops_nothing(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct said said = oiso();
    said_write(&said, &payload);
    for (size_t len = 0; len < payload.len; len++)
        log_put_unsigned(&record_log, &dayton, TYPE_ENGAGEMENT, bytes_of(payload.data, len));
    uint64_t size = record_log.size;
    catch_up(10);
    assert_int_equal(view_cursor(view), size);
    long long sum = stat_of("statements") + stat_of("undecodable");
    assert_int_equal(sum, payload.len); /* none is lost, none counts twice */
    assert_int_equal(stat_of("engagements"), 1);
}

/* ---- who speaks */

static void only_the_hub_admits(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct admission admission = { .jurisdiction = dayton.feed.author, .name = "us-ca-impostor" };
    admission_write(&admission, &payload);
    log_put(&record_log, &dayton, KIND_FEDERATION, TYPE_ADMISSION, buf_view(&payload), false);
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    assert_int_equal(total("by:us-ca-impostor"), 0);
    assert_int_equal(total("by:us-oh-dayton"), 1);
}

static void an_admission_may_come_before_what_it_admits(void **state)
{
    (void)state;
    struct voice xenia;
    voice_begin(&xenia, "us-oh-xenia", 77);
    /* Its id is known to the office, its feed is not in the log yet. */
    struct inception inception = { .level = 1, .record_key = xenia.secret.public_key };
    snprintf(inception.name, sizeof inception.name, "%s", xenia.name);
    snprintf(inception.title, sizeof inception.title, "The office of %s", xenia.name);
    inception.next_commit = next_commit(&xenia.secret.public_key);
    memcpy(inception.nonce, xenia.secret.seed, sizeof inception.nonce);
    AUTO(buf_clear) struct buf payload = { 0 };
    inception_write(&inception, &payload);
    struct hash author = author_of(buf_view(&payload));
    log_admit(&record_log, &author, "us-oh-xenia", "3988084", 1);
    catch_up(1000);
    log_incept(&record_log, &xenia, "", 1);
    assert_true(hash_equal(&xenia.feed.author, &author));
    log_say(&record_log, &xenia, oiso());
    catch_up(1000);
    assert_int_equal(total("by:us-oh-xenia state:OH"), 1);
    assert_string_equal(column((struct view_query){ 0 }, "reporting_name"), "\"The office of us-oh-xenia\"");
}

static void a_suspension_withdraws_nothing(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct suspension suspension = { .jurisdiction = dayton.feed.author, .reason = 1 };
    log_say(&record_log, &dayton, oiso());
    suspension_write(&suspension, &payload);
    log_put(&record_log, &record_log.hub, KIND_FEDERATION, TYPE_SUSPENSION, buf_view(&payload), false);
    catch_up(1000);
    assert_int_equal(total("by:us-oh-dayton"), 1);
}

static void time_goes_forward_only_and_only_the_hub_tells_it(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf early = { 0 }, late = { 0 };
    tick_write(1, &early);
    tick_write(record_log.time_ms + 10 * 86400000ULL, &late);
    log_put(&record_log, &record_log.hub, KIND_FEDERATION, TYPE_TICK, buf_view(&early), false);
    log_put(&record_log, &dayton, KIND_FEDERATION, TYPE_TICK, buf_view(&late), false);
    log_put(&record_log, &record_log.hub, KIND_FEDERATION, TYPE_TICK, bytes_text("\xff"), false);
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .kind = 1, .title = "now" });
    record_log.time_ms += 2 * 86400000U;
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .kind = 1, .title = "ahead" });
    catch_up(1000);
    assert_string_equal(titles("flag:clock"), "\"ahead\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(an_amendment_replaces_the_terms),
        FACT(a_retraction_takes_it_out_and_a_new_account_brings_it_back),
        FACT(two_leads_never_share_an_engagement),
        FACT(others_are_counted_but_the_lead_stands),
        FACT(an_engagement_stands_on_others_until_its_lead_speaks),
        FACT(a_lead_that_first_spoke_as_another_is_one_account),
        FACT(a_retraction_of_nothing_does_nothing),
        FACT(the_order_of_two_voices_changes_nothing),
        FACT(others_may_speak_before_the_lead_or_behind_it),
        FACT(withdrawing_twice_is_withdrawing),
        FACT(what_cannot_be_read_is_counted_and_named),
        FACT(a_statement_that_names_its_subject_and_no_more_stands_flagged),
        FACT(an_amendment_that_is_withheld_leaves_what_stood),
        FACT(a_statement_of_nothing_or_of_two_things_is_undecodable),
        FACT(a_payload_cut_anywhere_stops_nothing),
        FACT(only_the_hub_admits),
        FACT(an_admission_may_come_before_what_it_admits),
        FACT(a_suspension_withdraws_nothing),
        FACT(time_goes_forward_only_and_only_the_hub_tells_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
