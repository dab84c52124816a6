#include "hubd/view/speakers.h"

#include "base/text.h"
#include "view_rows.h"

static struct speakers *speakers;

static int up(void **state)
{
    return rows_up(state) == 0 && speakers_load(txn, &speakers) == E_OK ? 0 : -1;
}

static int down(void **state)
{
    speakers_free(&speakers);
    return rows_down(state);
}

#define SPEAKERS_FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

static struct hash id_of(unsigned n)
{
    return hash_bytes(BYTES_OF(n));
}

static uint32_t speak(unsigned n)
{
    struct hash id = id_of(n);
    return speakers_of(speakers, txn, &id)->index;
}

/* Gives speaker number index another name, as an admission does. */
static void rename_to(uint32_t index, const char *name)
{
    struct speaker now = *speakers_at(speakers, index);
    char old[MAX_NAME_BYTES + 1];
    memcpy(old, now.name, sizeof old);
    snprintf(now.name, sizeof now.name, "%s", name);
    struct hash id = now.id;
    *speakers_of(speakers, txn, &id) = now;
    speakers_write(txn, &now, old);
}

static uint32_t lookup(const char *name)
{
    uint32_t index;
    return speaker_lookup(txn, name, &index) ? index : UINT32_MAX;
}

static void who_speaks_first_has_the_lower_number(void **state)
{
    (void)state;
    assert_int_equal(speakers_count(speakers), 0);
    for (unsigned i = 0; i < 1000; i++) /* more than the first table holds */
        assert_int_equal(speak(i * 7), i);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(speak(i * 7), i);
    assert_int_equal(speakers_count(speakers), 1000);
    struct hash id = id_of(7 * 999);
    assert_true(hash_equal(&speakers_at(speakers, 999)->id, &id));
}

static void what_was_stored_is_loaded_alike(void **state)
{
    (void)state;
    struct speaker out;
    for (unsigned i = 0; i < 300; i++)
        speak(i);
    struct speaker full = *speakers_at(speakers, 299);
    full.level = 0x01020304;
    full.suspended = full.confirmed = true;
    memset(full.name, 'n', MAX_NAME_BYTES);
    memset(full.geoid, '1', sizeof full.geoid - 1);
    memset(full.title, 't', MAX_TITLE_BYTES);
    speakers_write(txn, &full, "");
    rows_commit();
    speakers_free(&speakers);
    assert_int_equal(speakers_load(txn, &speakers), E_OK);
    assert_int_equal(speakers_count(speakers), 300);
    const struct speaker *back = speakers_at(speakers, 299);
    assert_int_equal(back->index, 299);
    assert_true(hash_equal(&back->id, &full.id));
    assert_int_equal(back->level, 0x01020304);
    assert_true(back->suspended && back->confirmed);
    assert_string_equal(back->name, full.name);
    assert_string_equal(back->geoid, full.geoid);
    assert_string_equal(back->title, full.title);
    assert_false(speakers_at(speakers, 298)->suspended || speakers_at(speakers, 298)->confirmed);
    assert_int_equal(speak(17), 17);
    assert_int_equal(speak(5000), 300);
    assert_true(speaker_read(txn, 300, &out));
    assert_false(speaker_read(txn, 301, &out));
}

static void who_was_new_in_an_aborted_batch_is_forgotten_with_it(void **state)
{
    (void)state;
    speak(1);
    rows_commit();
    speak(2);
    rows_abort();
    speakers_free(&speakers);
    assert_int_equal(speakers_load(txn, &speakers), E_OK);
    assert_int_equal(speakers_count(speakers), 1);
    assert_int_equal(speak(3), 1);
}

static void a_speaker_is_found_by_name_and_by_id(void **state)
{
    (void)state;
    char hex[2 * HASH_BYTES + 1];
    struct hash id = id_of(2), none = id_of(99);
    speak(1);
    speak(2);
    assert_int_equal(lookup("us-oh-dayton"), UINT32_MAX);
    rename_to(1, "us-oh-dayton");
    assert_int_equal(lookup("us-oh-dayton"), 1);
    assert_int_equal(lookup("us-oh-dayto"), UINT32_MAX);
    hex_encode(id.b, HASH_BYTES, hex);
    assert_int_equal(lookup(hex), 1);
    hex[63] = '\0';
    assert_int_equal(lookup(hex), UINT32_MAX);
    hex_encode(none.b, HASH_BYTES, hex);
    assert_int_equal(lookup(hex), UINT32_MAX);
    char endless[1000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(lookup(endless), UINT32_MAX);
    assert_int_equal(db_error(txn), E_OK);
}

static void a_name_that_was_given_up_leads_nowhere_unless_another_has_it(void **state)
{
    (void)state;
    speak(1);
    speak(2);
    rename_to(0, "us-oh-dayton");
    rename_to(0, "us-oh-daytona");
    assert_int_equal(lookup("us-oh-dayton"), UINT32_MAX);
    assert_int_equal(lookup("us-oh-daytona"), 0);
    rename_to(1, "us-oh-daytona"); /* the later admission has it */
    assert_int_equal(lookup("us-oh-daytona"), 1);
    rename_to(0, "us-oh-kettering");
    assert_int_equal(lookup("us-oh-daytona"), 1);
    assert_int_equal(lookup("us-oh-kettering"), 0);
    rename_to(0, "");
    assert_int_equal(lookup("us-oh-kettering"), UINT32_MAX);
    assert_int_equal(lookup(""), UINT32_MAX);
    assert_int_equal(db_error(txn), E_OK);
}

static void what_people_see_is_the_name_else_the_id(void **state)
{
    (void)state;
    char label[2 * HASH_BYTES + 1];
    struct speaker speaker = { .id = { { 0xab, 0xcd } }, .name = "us-oh-dayton" };
    speaker_label(&speaker, label);
    assert_string_equal(label, "us-oh-dayton");
    speaker.name[0] = '\0';
    speaker_label(&speaker, label);
    assert_int_equal(strlen(label), 64);
    assert_memory_equal(label, "abcd00", 6);
}

static void the_state_is_the_geoids_else_the_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *geoid, *state;
    } cases[] = {
        { "us-oh-dayton", "1216525", "US-FL" },
        { "us-oh-dayton", "", "US-OH" },
        { "us-oh-dayton", "99", "US-OH" },
        { "dayton", "3921000", "US-OH" },
        { "dayton", "", "" },
        { "", "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct speaker speaker = { .index = 4, .level = 3 };
        snprintf(speaker.name, sizeof speaker.name, "%s", cases[i].name);
        snprintf(speaker.geoid, sizeof speaker.geoid, "%s", cases[i].geoid);
        struct terms_author terms = speaker_terms(&speaker);
        assert_int_equal(terms.index, 4);
        assert_int_equal(terms.level, 3);
        assert_string_equal(terms.geoid, cases[i].geoid);
        assert_string_equal(terms.state, cases[i].state);
    }
}

/* ---- damage */

static void a_row_cut_anywhere_is_no_speaker(void **state)
{
    (void)state;
    static const uint8_t key[4];
    struct speaker out;
    struct bytes value;
    AUTO(buf_clear) struct buf whole = { 0 };
    speak(1);
    rename_to(0, "us-oh-dayton");
    assert_true(db_get(txn, VIEW_AUTHORS, BYTES(key), &value));
    buf_bytes(&whole, value);
    for (size_t len = 0; len <= whole.len + 1; len++) {
        struct speakers *loaded = NULL;
        buf_u8(&whole, 0);
        whole.len--;
        db_put(txn, VIEW_AUTHORS, BYTES(key), bytes_of(whole.data, len));
        bool is_whole = len == whole.len;
        assert_int_equal(speaker_read(txn, 0, &out), is_whole);
        assert_int_equal(speakers_load(txn, &loaded), is_whole ? E_OK : E_CORRUPT);
        assert_int_equal(loaded != NULL, is_whole);
        speakers_free(&loaded);
    }
}

static void a_text_longer_than_it_may_be_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf value = { 0 };
    struct speakers *loaded = NULL;
    static const uint8_t key[4];
    for (int i = 0; i < 37; i++)
        buf_u8(&value, 0);
    buf_u8(&value, MAX_NAME_BYTES + 1);
    for (unsigned i = 0; i < MAX_NAME_BYTES + 1 + 2; i++)
        buf_u8(&value, 0);
    db_put(txn, VIEW_AUTHORS, BYTES(key), buf_view(&value));
    assert_int_equal(speakers_load(txn, &loaded), E_CORRUPT);
}

static void a_number_that_is_missing_is_corrupt(void **state)
{
    (void)state;
    struct speakers *loaded = NULL;
    static const uint8_t second[4] = { 0, 0, 0, 1 };
    speak(1);
    speak(2);
    speak(3);
    db_delete(txn, VIEW_AUTHORS, BYTES(second));
    assert_int_equal(speakers_load(txn, &loaded), E_CORRUPT);
    assert_null(loaded);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        SPEAKERS_FACT(who_speaks_first_has_the_lower_number),
        SPEAKERS_FACT(what_was_stored_is_loaded_alike),
        SPEAKERS_FACT(who_was_new_in_an_aborted_batch_is_forgotten_with_it),
        SPEAKERS_FACT(a_speaker_is_found_by_name_and_by_id),
        SPEAKERS_FACT(a_name_that_was_given_up_leads_nowhere_unless_another_has_it),
        SPEAKERS_FACT(what_people_see_is_the_name_else_the_id),
        SPEAKERS_FACT(the_state_is_the_geoids_else_the_names),
        SPEAKERS_FACT(a_row_cut_anywhere_is_no_speaker),
        SPEAKERS_FACT(a_text_longer_than_it_may_be_is_corrupt),
        SPEAKERS_FACT(a_number_that_is_missing_is_corrupt),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
