#include "hubd/view/postings.h"

#include "core/id.h"
#include "scratch.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define TABLE 0

static struct db *db;

static int setup(void **state)
{
    static const char *const tables[] = { "postings", NULL };
    srand(7);
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    struct db_options options = {
        .folder = scratch, .tables = tables, .map_bytes = 1 << 28, .unsynced = true
    };
    return db_open(&options, &db) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    db_close(&db);
    return scratch_drop(state);
}

static struct db_txn *begin(void)
{
    struct db_txn *txn;
    assert_int_equal(db_write(db, &txn), E_OK);
    return txn;
}

static const struct ordinals nobody;

static struct bytes term(const char *text)
{
    return bytes_text(text);
}

static size_t count_of(struct db_txn *txn, const char *text, uint32_t number)
{
    struct piece *piece;
    assert_int_equal(postings_get(txn, TABLE, term(text), number, &piece), E_OK);
    size_t count = piece_count(piece);
    piece_free(&piece);
    return count;
}

/* ---- against a plain array of what each set must be */

#define MODEL (PIECE_ORDINALS)
static bool model[MODEL];
static uint16_t adds[MODEL], removes[MODEL];

static void expect_model(struct db_txn *txn)
{
    static uint16_t listed[MODEL];
    struct piece *piece;
    size_t n = 0;
    assert_int_equal(postings_get(txn, TABLE, term("word:a"), 3, &piece), E_OK);
    size_t count = piece_list(piece, listed);
    for (uint32_t i = 0; i < MODEL; i++)
        if (model[i])
            assert_true(n < count && listed[n++] == i);
    assert_int_equal(n, count);
    piece_free(&piece);
}

/* Changes each ordinal from first on, every step-th, with one chance in `of`. */
static void change_some(struct db_txn *txn, uint32_t first, uint32_t end, int of, bool add, bool remove)
{
    struct ordinals in = { adds, 0 }, out = { removes, 0 };
    for (uint32_t i = first; i < end; i++) {
        if (rand() % of != 0)
            continue;
        if (!model[i] && add)
            adds[in.count++] = (uint16_t)i;
        if (model[i] && remove)
            removes[out.count++] = (uint16_t)i;
    }
    for (size_t i = 0; i < in.count; i++)
        model[adds[i]] = true;
    for (size_t i = 0; i < out.count; i++)
        model[removes[i]] = false;
    assert_int_equal(postings_change(txn, TABLE, term("word:a"), 3, in, out), E_OK);
}

static void a_piece_holds_what_went_in_and_not_what_went_out(void **state)
{
    (void)state;
    struct db_txn *txn = begin();
    memset(model, 0, sizeof model);
    for (int round = 0; round < 60; round++) {
        int of = 1 << rand() % 10;
        uint32_t first = (uint32_t)rand() % MODEL;
        uint32_t end = first + (uint32_t)rand() % (MODEL - first) + 1;
        change_some(txn, first, end, of, rand() % 4 != 0, rand() % 2 != 0);
        expect_model(txn);
    }
    change_some(txn, 0, MODEL, 1, false, true);
    expect_model(txn);
    assert_int_equal(db_entries(txn, TABLE), 0);
    db_abort(&txn);
}

static void a_full_piece_costs_a_few_bytes(void **state)
{
    (void)state;
    struct db_txn *txn = begin();
    struct bytes value;
    for (uint32_t i = 0; i < PIECE_ORDINALS; i++)
        adds[i] = (uint16_t)i;
    assert_int_equal(
        postings_change(txn, TABLE, term("all"), 0, (struct ordinals){ adds, PIECE_ORDINALS }, nobody), E_OK);
    assert_int_equal(count_of(txn, "all", 0), PIECE_ORDINALS);
    assert_true(db_get(txn, TABLE, bytes_of("\0\0\0\0all", 7), &value));
    assert_true(value.len < 40);
    db_abort(&txn);
}

static void a_repeated_add_counts_once(void **state)
{
    (void)state;
    struct db_txn *txn = begin();
    uint16_t values[] = { 1, 5, 9 };
    struct ordinals three = { values, 3 };
    assert_int_equal(postings_change(txn, TABLE, term("t"), 0, three, nobody), E_OK);
    assert_int_equal(postings_change(txn, TABLE, term("t"), 0, three, nobody), E_OK);
    assert_int_equal(count_of(txn, "t", 0), 3);
    db_abort(&txn);
}

static void terms_that_begin_alike_do_not_mix(void **state)
{
    (void)state;
    struct db_txn *txn = begin();
    uint16_t values[] = { 1, 2, 3 };
    assert_int_equal(postings_change(txn, TABLE, term("word:sea"), 0, (struct ordinals){ values, 1 }, nobody),
                     E_OK);
    assert_int_equal(
        postings_change(txn, TABLE, term("word:seattle"), 0, (struct ordinals){ values, 3 }, nobody), E_OK);
    assert_int_equal(postings_change(txn, TABLE, term("word:sea"), 7, (struct ordinals){ values, 2 }, nobody),
                     E_OK);
    assert_int_equal(count_of(txn, "word:sea", 0), 1);
    assert_int_equal(count_of(txn, "word:sea", 7), 2);
    assert_int_equal(count_of(txn, "word:sea", 1), 0);
    assert_int_equal(count_of(txn, "word:seattle", 0), 3);
    db_abort(&txn);
}

/* ---- algebra */

static struct piece *multiples(uint32_t of)
{
    size_t n = 0;
    for (uint32_t i = 0; i < PIECE_ORDINALS; i += of)
        adds[n++] = (uint16_t)i;
    return piece_of(adds, n);
}

static void sets_meet_join_and_part(void **state)
{
    (void)state;
    struct piece *a = multiples(2), *b = multiples(3), *both = piece_copy(a);
    assert_int_equal(piece_count(a), 32768);
    assert_int_equal(piece_count_both(a, b), 10923);
    piece_and(&both, b);
    assert_int_equal(piece_count(both), 10923);
    piece_or(&a, b);
    assert_int_equal(piece_count(a), 32768 + 21846 - 10923);
    piece_minus(&a, b);
    assert_int_equal(piece_count(a), 32768 - 10923);
    piece_free(&a);
    piece_free(&b);
    piece_free(&both);
}

static void null_is_the_empty_set(void **state)
{
    (void)state;
    struct piece *a = multiples(5), *none = NULL;
    uint16_t out[1];
    assert_int_equal(piece_count(NULL), 0);
    assert_int_equal(piece_list(NULL, out), 0);
    assert_int_equal(piece_count_both(a, NULL), 0);
    piece_minus(&a, NULL);
    piece_or(&a, NULL);
    assert_int_equal(piece_count(a), 13108);
    piece_or(&none, a);
    assert_int_equal(piece_count(none), 13108);
    piece_minus(&none, a);
    assert_null(none);
    piece_and(&a, NULL);
    assert_null(a);
}

/* ---- what does not check */

static void expect_corrupt(struct db_txn *txn, const char *text, const uint8_t *value, size_t len)
{
    struct piece *piece;
    uint8_t key[64];
    size_t n = strlen(text);
    memset(key, 0, 4);
    memcpy(key + 4, text, n);
    db_put(txn, TABLE, bytes_of(key, n + 4), bytes_of(value, len));
    assert_int_equal(postings_get(txn, TABLE, term(text), 0, &piece), E_CORRUPT);
    assert_null(piece);
    uint16_t one = 1;
    assert_int_equal(postings_change(txn, TABLE, term(text), 0, (struct ordinals){ &one, 1 }, nobody),
                     E_CORRUPT);
}

static void every_flipped_bit_and_every_cut_is_refused(void **state, size_t count, size_t stride)
{
    (void)state;
    struct db_txn *txn = begin();
    struct bytes value;
    uint8_t copy[9000];
    for (uint32_t i = 0; i < count; i++)
        adds[i] = (uint16_t)(i * 3);
    assert_int_equal(postings_change(txn, TABLE, term("x"), 0, (struct ordinals){ adds, count }, nobody),
                     E_OK);
    assert_true(db_get(txn, TABLE, bytes_of("\0\0\0\0x", 5), &value));
    size_t len = value.len;
    memcpy(copy, value.data, len);
    for (size_t bit = 0; bit < 8 * len; bit += stride) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_corrupt(txn, "x", copy, len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut += stride)
        expect_corrupt(txn, "x", copy, cut);
    db_abort(&txn);
}

static void a_damaged_array_is_refused(void **state)
{
    every_flipped_bit_and_every_cut_is_refused(state, 40, 1);
}

static void a_damaged_bitmap_is_refused(void **state)
{
    every_flipped_bit_and_every_cut_is_refused(state, 300, 1);
    every_flipped_bit_and_every_cut_is_refused(state, 10000, 61);
}

/* ---- walking over terms */

struct heard {
    char text[256];
    size_t members, left;
};

static bool hear(void *context, struct bytes t, const struct piece *piece)
{
    struct heard *heard = context;
    size_t n = strlen(heard->text);
    snprintf(heard->text + n, sizeof heard->text - n, "%.*s ", (int)t.len, (const char *)t.data);
    heard->members += piece_count(piece);
    return heard->left-- > 1;
}

static void expect_heard(struct db_txn *txn, uint32_t number, const char *prefix, const char *first,
                         size_t left, const char *wanted)
{
    struct heard heard = { .left = left };
    assert_int_equal(postings_scan(txn, TABLE, number, term(prefix), term(first), hear, &heard), E_OK);
    assert_string_equal(heard.text, wanted);
}

static void a_walk_goes_over_the_terms_of_one_piece(void **state)
{
    (void)state;
    struct db_txn *txn = begin();
    uint16_t one = 1;
    const char *const terms[] = { "country:FR", "country:JP", "countryside",
                                  "from:1990",  "from:2001",  "word:x" };
    for (size_t i = 0; i < 6; i++)
        for (uint32_t number = 0; number < 300; number += 100)
            assert_int_equal(
                postings_change(txn, TABLE, term(terms[i]), number, (struct ordinals){ &one, 1 }, nobody),
                E_OK);
    expect_heard(txn, 100, "country:", "country:", 99, "country:FR country:JP ");
    expect_heard(txn, 0, "from:", "from:1991", 99, "from:2001 ");
    expect_heard(txn, 0, "from:", "from:1990", 1, "from:1990 ");
    expect_heard(txn, 200, "word:", "word:", 99, "word:x ");
    expect_heard(txn, 200, "x", "x", 99, "");
    expect_heard(txn, 7, "word:", "word:", 99, "");
    db_abort(&txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_holds_what_went_in_and_not_what_went_out),
        cmocka_unit_test(a_full_piece_costs_a_few_bytes),
        cmocka_unit_test(a_repeated_add_counts_once),
        cmocka_unit_test(terms_that_begin_alike_do_not_mix),
        cmocka_unit_test(sets_meet_join_and_part),
        cmocka_unit_test(null_is_the_empty_set),
        cmocka_unit_test(a_damaged_array_is_refused),
        cmocka_unit_test(a_damaged_bitmap_is_refused),
        cmocka_unit_test(a_walk_goes_over_the_terms_of_one_piece),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
