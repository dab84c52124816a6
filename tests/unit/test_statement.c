#include "vectors.h"

#include "base/limits.h"
#include "core/statement.h"
#include "statement.pb-c.h"

static const uint8_t nonce[16] = "aaaaaaaaaaaaaaa", subject[16] = "bbbbbbbbbbbbbbb";

static void pack(const Chancery__Engagement *m, struct buf *out)
{
    out->len = 0;
    encode_message(&m->base, out);
}

static Chancery__Engagement engagement(const char *title)
{
    Chancery__Engagement m = CHANCERY__ENGAGEMENT__INIT;
    m.nonce = (ProtobufCBinaryData){ sizeof nonce, (uint8_t *)nonce };
    m.title = (char *)title;
    return m;
}

/* ---- the head */

static void the_head_is_read_from_any_statement(void **state)
{
    (void)state;
    struct statement_head head;
    assert_int_equal(statement_head(bytes_of("", 0), &head), E_OK);
    assert_false(head.has_nonce || head.has_subject);
    assert_int_equal(head.amends, 0);

    AUTO(buf_clear) struct buf payload = { 0 };
    Chancery__Reply reply = CHANCERY__REPLY__INIT;
    reply.nonce = (ProtobufCBinaryData){ sizeof nonce, (uint8_t *)nonce };
    reply.subject = (ProtobufCBinaryData){ sizeof subject, (uint8_t *)subject };
    reply.body = "text";
    reply.amends = UINT64_MAX;
    encode_message(&reply.base, &payload);
    assert_int_equal(statement_head(buf_view(&payload), &head), E_OK);
    assert_true(head.has_nonce && head.has_subject);
    assert_memory_equal(head.nonce, nonce, 16);
    assert_memory_equal(head.subject, subject, 16);
    assert_int_equal(head.amends, UINT64_MAX);
}

static void the_last_of_several_counts_and_odd_lengths_do_not(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    struct statement_head head;
    buf_append(&payload, "\x70\x05\x0a\x10", 4);
    buf_append(&payload, subject, 16);
    buf_append(&payload, "\x0a\x10", 2);
    buf_append(&payload, nonce, 16);
    buf_append(&payload, "\x70\x09\x12\x03xyz", 7);
    assert_int_equal(statement_head(buf_view(&payload), &head), E_OK);
    assert_true(head.has_nonce && !head.has_subject);
    assert_memory_equal(head.nonce, nonce, 16);
    assert_int_equal(head.amends, 9);
    static const uint8_t none[16];
    buf_append(&payload, "\x0a\x03xyz", 5);
    assert_int_equal(statement_head(buf_view(&payload), &head), E_OK);
    assert_false(head.has_nonce);
    assert_memory_equal(head.nonce, none, 16);
    payload.len -= 5;
    buf_append(&payload, "\x0a\x00", 2);
    assert_int_equal(statement_head(buf_view(&payload), &head), E_OK);
    assert_false(head.has_nonce);
}

static void a_head_that_is_cut_short_is_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    Chancery__Engagement m = engagement("Oiso");
    struct statement_head head;
    m.amends = 300;
    pack(&m, &payload);
    size_t whole = 0;
    for (size_t len = 0; len <= payload.len; len++) {
        uint8_t *exact = mem_copy(payload.data, len + 1 > payload.len ? payload.len : len + 1);
        enum err err = statement_head(bytes_of(exact, len), &head);
        assert_true(err == E_OK || err == E_MALFORMED);
        whole += err == E_OK;
        free(exact);
    }
    assert_int_equal(whole, 4); /* nothing, and behind each of the three fields */
    assert_int_equal(statement_head(bytes_text("\x0b"), &head), E_MALFORMED);
    assert_int_equal(statement_head(bytes_of("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), &head),
                     E_MALFORMED);
}

static void a_statement_is_about_what_its_nonce_or_subject_says(void **state)
{
    (void)state;
    struct hash author = { { 5 } };
    AUTO(buf_clear) struct buf payload = { 0 };
    Chancery__Engagement m = engagement("Oiso");
    uint8_t id[16], expected[16];
    engagement_id(&author, nonce, expected);
    pack(&m, &payload);
    assert_int_equal(statement_subject(&author, buf_view(&payload), id), E_OK);
    assert_memory_equal(id, expected, 16);

    m.subject = (ProtobufCBinaryData){ sizeof subject, (uint8_t *)subject };
    pack(&m, &payload);
    assert_int_equal(statement_subject(&author, buf_view(&payload), id), E_NOT_FOUND);
    m.nonce.len = 0;
    pack(&m, &payload);
    assert_int_equal(statement_subject(&author, buf_view(&payload), id), E_OK);
    assert_memory_equal(id, subject, 16);
    m.subject.len = 0;
    pack(&m, &payload);
    assert_int_equal(statement_subject(&author, buf_view(&payload), id), E_NOT_FOUND);
    assert_int_equal(statement_subject(&author, bytes_text("\x0a"), id), E_MALFORMED);
}

/* ---- amendments */

static void an_amendment_keeps_its_subject_and_what_is_unknown(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf old = { 0 }, desired = { 0 }, out = { 0 }, expected = { 0 };
    Chancery__Engagement m = engagement("Dayton and Oiso");
    m.summary = "gone in the next";
    pack(&m, &old);
    buf_append(&old, "\xc0\x3e\x05\xc8\x3e\x06", 6); /* fields 1000 and 1001 of a later version */

    Chancery__Engagement next = CHANCERY__ENGAGEMENT__INIT;
    next.title = "Oiso and Dayton";
    next.subject = (ProtobufCBinaryData){ sizeof subject, (uint8_t *)subject };
    next.amends = 99;
    pack(&next, &desired);
    buf_append(&desired, "\xc8\x3e\x07", 3);
    assert_int_equal(statement_amend(buf_view(&old), buf_view(&desired), 42, 2, &out), E_OK);

    m.title = "Oiso and Dayton";
    m.summary = "";
    m.amends = 42;
    m.change = CHANCERY__CHANGE__CHANGE_UPDATE;
    pack(&m, &expected);
    buf_append(&expected, "\xc8\x3e\x07\xc0\x3e\x05", 6);
    assert_true(bytes_equal(buf_view(&out), buf_view(&expected)));
}

static void an_amendment_of_what_is_no_statement_is_malformed(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf good = { 0 }, out = { 0 };
    Chancery__Engagement m = engagement("x");
    pack(&m, &good);
    assert_int_equal(statement_amend(bytes_text("\x22\x05x"), buf_view(&good), 1, 2, &out), E_MALFORMED);
    assert_int_equal(statement_amend(buf_view(&good), bytes_text("\x22\x01\xff"), 1, 2, &out), E_MALFORMED);
    assert_int_equal(out.len, 0);
}

static void statements_are_the_same_but_for_amends_and_change(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf a = { 0 }, b = { 0 };
    Chancery__Engagement m = engagement("Oiso");
    pack(&m, &a);
    m.amends = 4;
    m.change = CHANCERY__CHANGE__CHANGE_SOURCE;
    pack(&m, &b);
    assert_true(statement_same(TYPE_ENGAGEMENT, buf_view(&a), buf_view(&b)));
    assert_false(statement_same(TYPE_RETRACTION, buf_view(&a), buf_view(&b)));
    assert_true(statement_same(TYPE_RETRACTION, buf_view(&a), buf_view(&a)));
    m.start = 19680000;
    pack(&m, &b);
    assert_false(statement_same(TYPE_ENGAGEMENT, buf_view(&a), buf_view(&b)));
    assert_false(statement_same(TYPE_ENGAGEMENT, buf_view(&a), bytes_text("\x22")));
}

static void a_retraction_is_about_the_same(void **state)
{
    (void)state;
    struct hash author = { { 5 } };
    AUTO(buf_clear) struct buf old = { 0 }, out = { 0 };
    Chancery__Engagement m = engagement("Oiso");
    uint8_t before[16], after[16];
    pack(&m, &old);
    assert_int_equal(retraction_write(buf_view(&old), 2, "twice", &out), E_OK);
    assert_int_equal(statement_subject(&author, buf_view(&old), before), E_OK);
    assert_int_equal(statement_subject(&author, buf_view(&out), after), E_OK);
    assert_memory_equal(before, after, 16);

    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    ProtobufCMessage *message;
    assert_int_equal(decode_message(statement_type(TYPE_RETRACTION), buf_view(&out), arena, &message), E_OK);
    const Chancery__Retraction *retraction = (const Chancery__Retraction *)message;
    assert_int_equal(retraction->reason, 2);
    assert_string_equal(retraction->note, "twice");

    out.len = 0;
    assert_int_equal(retraction_write(bytes_of("", 0), 2, NULL, &out), E_NOT_FOUND);
    assert_int_equal(retraction_write(bytes_text("\x0a"), 2, NULL, &out), E_MALFORMED);
    assert_int_equal(out.len, 0);
}

/* ---- the plain view */

static void pack_full_engagement(struct buf *payload)
{
    Chancery__Engagement m = engagement("Sister cities");
    Chancery__Party partner = CHANCERY__PARTY__INIT, us = CHANCERY__PARTY__INIT;
    Chancery__Source source = CHANCERY__SOURCE__INIT;
    Chancery__Membership membership = CHANCERY__MEMBERSHIP__INIT;
    Chancery__Disclosure disclosure = CHANCERY__DISCLOSURE__INIT;
    Chancery__ForeignMission mission = CHANCERY__FOREIGN_MISSION__INIT;
    Chancery__Party *partners[] = { &partner }, *sides[] = { &us };
    Chancery__Source *sources[] = { &source };
    Chancery__Theme themes[] = { CHANCERY__THEME__THEME_WATER, (Chancery__Theme)900, (Chancery__Theme)-1 };
    Chancery__Source__Claimant listed[] = { 1, 2, 900, (Chancery__Source__Claimant)-5 };
    partner.name = "Oiso";
    partner.country = "JP";
    us.geoid = "3921000";
    us.role = CHANCERY__ROLE__ROLE_LEAD;
    source.dataset = "d";
    source.key = "k";
    source.listed = listed;
    source.n_listed = 4;
    source.as_of = 20250000;
    membership.network = "climate-mayors";
    disclosure.year = 2021;
    mission.form_given = "consulate general";
    m.kind = CHANCERY__KIND__KIND_SISTER_RELATION;
    m.status = (Chancery__Status)77;
    m.start = 19680400;
    m.partners = partners;
    m.us = sides;
    m.sources = sources;
    m.themes = themes;
    m.n_partners = m.n_us = m.n_sources = 1;
    m.n_themes = 3;
    m.membership = &membership;
    m.disclosure = &disclosure;
    m.mission = &mission;
    m.duplicate_hint = "sc-1";
    pack(&m, payload);
}

static void an_engagement_is_seen_as_it_was_written(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    pack_full_engagement(&payload);
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    struct engagement e;
    assert_int_equal(engagement_read(buf_view(&payload), arena, &e), E_OK);
    memset(payload.data, 'z', payload.len); /* nothing borrows the bytes */
    assert_int_equal(e.kind, 1);
    assert_int_equal(e.status, 77);
    assert_string_equal(e.title, "Sister cities");
    assert_int_equal(e.start, 19680400);
    assert_int_equal(e.n_partners, 1);
    assert_string_equal(e.partners[0].name, "Oiso");
    assert_string_equal(e.partners[0].country, "JP");
    assert_string_equal(e.partners[0].geoid, "");
    assert_string_equal(e.us[0].geoid, "3921000");
    assert_int_equal(e.us[0].role, 1);
    assert_int_equal(e.n_themes, 3);
    assert_int_equal(e.themes[0], 9);
    assert_int_equal(e.themes[1], 900);
    assert_int_equal(e.themes[2], -1);
    assert_string_equal(e.sources[0].key, "k");
    assert_int_equal(e.sources[0].listed, 6);
    assert_int_equal(e.sources[0].not_listed, 0);
    assert_string_equal(e.network, "climate-mayors");
    assert_int_equal(e.year, 2021);
    assert_string_equal(e.form_given, "consulate general");
    assert_string_equal(e.duplicate_hint, "sc-1");
}

static void an_empty_engagement_has_texts_too(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MAX_DECODE_BYTES);
    struct engagement e;
    assert_int_equal(engagement_read(bytes_of("", 0), arena, &e), E_OK);
    const char *texts[] = { e.title, e.summary, e.url, e.network, e.form_given, e.duplicate_hint };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(texts[i], "");
    assert_int_equal(e.n_partners + e.n_us + e.n_themes + e.n_sources, 0);
    assert_int_equal(e.kind, 0);
}

static void a_view_stays_within_its_budget(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 };
    for (size_t i = 0; i < 100; i++)
        buf_u16(&payload, 0x2a00);
    bool fitted = false;
    for (size_t budget = 0; !fitted; budget += 500) {
        AUTO(arena_free) struct arena *arena = arena_new(budget);
        struct engagement e;
        enum err err = engagement_read(buf_view(&payload), arena, &e);
        assert_true(err == E_OK || err == E_TOO_BIG);
        fitted = err == E_OK;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_read_from_any_statement),
        cmocka_unit_test(the_last_of_several_counts_and_odd_lengths_do_not),
        cmocka_unit_test(a_head_that_is_cut_short_is_malformed),
        cmocka_unit_test(a_statement_is_about_what_its_nonce_or_subject_says),
        cmocka_unit_test(an_amendment_keeps_its_subject_and_what_is_unknown),
        cmocka_unit_test(an_amendment_of_what_is_no_statement_is_malformed),
        cmocka_unit_test(statements_are_the_same_but_for_amends_and_change),
        cmocka_unit_test(a_retraction_is_about_the_same),
        cmocka_unit_test(an_engagement_is_seen_as_it_was_written),
        cmocka_unit_test(an_empty_engagement_has_texts_too),
        cmocka_unit_test(a_view_stays_within_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
