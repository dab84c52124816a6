#include "registry/row.h"

#include "keeper.h"

static void a_record_is_found_by_its_number_and_by_its_place(void **state)
{
    (void)state;
    struct row found, placed;
    struct author_result result = put_new(1, "Osaka");
    AUTO(store_done) struct store_view *view = keeper_view();
    assert_int_equal(row_find(view, &keeper.home.author, 1, &found), E_OK);
    assert_int_equal(found.position, 1);
    assert_true(hash_equal(&found.record.id, &result.id));
    assert_true(found.record.has_payload);
    assert_int_equal(row_at(view, 1, &placed), E_OK);
    assert_true(hash_equal(&placed.record.id, &result.id));
    assert_int_equal(row_at(view, 2, &placed), E_NOT_FOUND);
    assert_int_equal(row_find(view, &keeper.home.author, 2, &placed), E_NOT_FOUND);
    assert_int_equal(row_find(view, &keeper.known, 0, &placed), E_NOT_FOUND);
}

static enum err resolve(const char *ref)
{
    AUTO(store_done) struct store_view *view = keeper_view();
    struct row row;
    return row_resolve(&keeper.registry, view, ref, &row);
}

static void a_reference_names_author_number_and_perhaps_id(void **state)
{
    (void)state;
    char ref[ROW_REF_BYTES];
    struct author_result result = put_new(1, "Osaka");
    row_ref("us-oh-dayton", 1, &result.id, ref);
    assert_int_equal(strncmp(ref, "us-oh-dayton/1@", 15), 0);
    assert_int_equal(strlen(ref), 15 + 8);
    const char *const good[] = { ref, "1", "us-oh-dayton/1", "0", "us-oh-dayton/0" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(resolve(good[i]), E_OK);
    ref[15] = ref[15] == '0' ? '1' : '0';
    assert_int_equal(resolve(ref), E_UNMET);
    assert_int_equal(resolve("2"), E_NOT_FOUND);
    assert_int_equal(resolve("us-ca-fresno/0"), E_NOT_FOUND); /* known, and nothing of it is held */
    assert_int_equal(resolve("us-tx-waco/0"), E_NOT_FOUND);
    const char *const bad[] = { "", "one", "/1", "us-oh-dayton/", "1@12", "1@", "-1", "01", "1/1/1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(resolve(bad[i]), E_USAGE);
}

static json_t *row_of(uint64_t seq)
{
    AUTO(store_done) struct store_view *view = keeper_view();
    struct row row;
    assert_int_equal(row_find(view, &keeper.home.author, seq, &row), E_OK);
    return row_json(&keeper.registry, view, &row);
}

static const char *text_at(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void a_row_says_what_the_statement_is_about(void **state)
{
    (void)state;
    struct author_result result = put_new(1, "Osaka");
    char id[ID16_TEXT_LEN + 1];
    id16_encode(result.engagement, id);
    keeper.is_away = true;
    json_t *row = row_of(1);
    assert_string_equal(text_at(row, "type"), "engagement");
    assert_string_equal(text_at(row, "kind"), "sister_relation");
    assert_string_equal(text_at(row, "title"), "Osaka");
    assert_string_equal(text_at(row, "engagement"), id);
    assert_string_equal(text_at(row, "visibility"), "public");
    assert_string_equal(text_at(row, "name"), "us-oh-dayton");
    assert_int_equal(json_integer_value(json_object_get(row, "position")), 1);
    assert_true(json_is_true(json_object_get(row, "away"))); /* what the host adds */
    json_decref(row);
    row = row_of(0);
    assert_string_equal(text_at(row, "type"), "inception");
    assert_string_equal(text_at(row, "title"), "City of Dayton");
    json_decref(row);
}

/* Keeps a record of our own feed, with its payload or without. Its seq. */
static uint64_t hold(uint8_t kind, uint32_t type, struct bytes payload, bool has_payload)
{
    AUTO(buf_clear) struct buf packed = { 0 };
    uint8_t salt[SALT_BYTES] = { 1 };
    struct record record;
    struct store_txn *txn;
    assert_int_equal(feed_append(&keeper.feed, &keeper.home.record, kind, 0, type, 0, salt, payload, &packed),
                     E_OK);
    struct bytes rest = buf_view(&packed);
    assert_int_equal(run_next(&rest, &record), E_OK);
    record.has_payload = has_payload;
    assert_int_equal(store_begin(keeper.store, &txn), E_OK);
    store_append(txn, &keeper.feed, &record, 1);
    assert_int_equal(store_commit(&txn), E_OK);
    return record.header.seq;
}

static void a_row_shows_what_it_can_of_what_it_does_not_know(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf payload = { 0 }, event = { 0 };
    struct admission admission = { .name = "us-ca-fresno" };
    struct bytes said = engagement_payload(1, "Osaka", &payload);
    admission_write(&admission, &event);

    json_t *row = row_of(hold(KIND_STATEMENT, TYPE_ENGAGEMENT, said, false));
    assert_string_equal(text_at(row, "title"), "");
    assert_string_equal(text_at(row, "engagement"), "");
    assert_int_equal(json_integer_value(json_object_get(row, "bytes")), said.len);
    assert_true(json_is_null(json_object_get(row, "time")));
    json_decref(row);
    row = row_of(hold(KIND_STATEMENT, 98, said, true));
    assert_string_equal(text_at(row, "type"), "98");
    assert_string_equal(text_at(row, "title"), "");
    json_decref(row);
    row = row_of(hold(KIND_STATEMENT, TYPE_ENGAGEMENT, bytes_text("\xff\xff"), true));
    assert_string_equal(text_at(row, "title"), "");
    json_decref(row);
    row = row_of(hold(KIND_FEDERATION, TYPE_ADMISSION, buf_view(&event), true));
    assert_string_equal(text_at(row, "title"), "us-ca-fresno");
    json_decref(row);
}

static void a_row_of_an_export_names_engagement_and_record(void **state)
{
    (void)state;
    struct author_result result = put_new(1, "Osaka");
    AUTO(store_done) struct store_view *view = keeper_view();
    struct row row;
    char id[ID16_TEXT_LEN + 1], ref[ROW_REF_BYTES];
    assert_int_equal(row_find(view, &keeper.home.author, 1, &row), E_OK);
    json_t *json = row_export_json(&keeper.registry, view, result.engagement, &row);
    id16_encode(result.engagement, id);
    row_ref("us-oh-dayton", 1, &result.id, ref);
    assert_string_equal(text_at(json, "engagement"), id);
    assert_string_equal(text_at(json, "ref"), ref);
    assert_string_equal(text_at(json, "state"), "current");
    assert_string_equal(text_at(json, "name"), "us-oh-dayton");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_record_is_found_by_its_number_and_by_its_place),
        FACT(a_reference_names_author_number_and_perhaps_id),
        FACT(a_row_says_what_the_statement_is_about),
        FACT(a_row_shows_what_it_can_of_what_it_does_not_know),
        FACT(a_row_of_an_export_names_engagement_and_record),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
