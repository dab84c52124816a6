#include "hubd/view/projection.h"

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

static void a_lead_that_first_spoke_as_another_is_one_account(void **state)
{
    (void)state;
    uint8_t id[16];
    said_id(&dayton, 1, id);
    log_say(&record_log, &dayton, about(id, "by subject"));
    catch_up(1000);
    assert_string_equal(titles("flag:no-lead"), "\"by subject\"");
    log_say(&record_log, &dayton, oiso());
    log_say(&record_log, &dayton, about(id, "by subject again"));
    catch_up(1000);
    assert_string_equal(titles("-flag:no-lead"), "\"by subject again\"");
    assert_string_equal(column((struct view_query){ 0 }, "accounts"), "1");
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

/* ---- who speaks */

static void an_author_that_moves_is_indexed_anew(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, (struct said){ .nonce = 1, .title = "one" });
    catch_up(1000);
    log_say(&record_log, &dayton, (struct said){ .nonce = 2, .title = "two" });
    log_admit(&record_log, &dayton.feed.author, "us-fl-daytona", "1216525", 1);
    log_say(&record_log, &dayton, (struct said){ .nonce = 3, .title = "three" });
    catch_up(1000);
    assert_int_equal(total("state:OH"), 0);
    assert_int_equal(total("by:us-oh-dayton"), 0);
    assert_int_equal(total("state:FL geoid:1216525 by:us-fl-daytona"), 3);
}

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

/* ---- the cut into batches */

static void a_rebuilt_view_answers_alike_however_it_is_cut(void **state)
{
    (void)state;
    static const size_t batches[] = { 1, 7, 64, 1000 };
    say_everything(400);
    catch_up(1000);
    AUTO(free_ptr) char *first = digest();
    for (size_t i = 0; i < 4; i++) {
        drop_view();
        catch_up(batches[i]);
        AUTO(free_ptr) char *again = digest();
        assert_string_equal(again, first);
    }
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
        FACT(what_cannot_be_read_is_counted_and_named),
        FACT(a_statement_that_names_its_subject_and_no_more_stands_flagged),
        FACT(an_author_that_moves_is_indexed_anew),
        FACT(only_the_hub_admits),
        FACT(a_rebuilt_view_answers_alike_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
