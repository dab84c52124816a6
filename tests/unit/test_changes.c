#include "hubd/view/changes.h"

#include "view_rows.h"

static struct changes *changes;

static int up(void **state)
{
    changes = changes_new();
    return rows_up(state);
}

static int down(void **state)
{
    changes_free(&changes);
    return rows_down(state);
}

#define CHANGES_FACT(name) cmocka_unit_test_setup_teardown(name, up, down)

static void write_them(void)
{
    assert_int_equal(changes_write(changes, txn, VIEW_POSTINGS), E_OK);
    changes_free(&changes);
    changes = changes_new();
}

/* One ordinal's terms, in words with spaces between. */
static void tell(void (*each)(struct changes *changes, struct bytes term), const char *terms)
{
    for (size_t len; *terms != '\0'; terms += len + (terms[len] == ' ')) {
        len = strcspn(terms, " ");
        each(changes, bytes_of(terms, len));
    }
}

static void change(uint32_t ordinal, const char *had, const char *has)
{
    changes_begin(changes, ordinal);
    tell(changes_had, had);
    tell(changes_has, has);
    changes_end(changes);
}

/* The low halves of a term's ordinals in a piece. */
static const char *ordinals_of(const char *term, uint32_t number)
{
    static char text[256];
    static uint16_t list[PIECE_ORDINALS];
    struct piece *piece;
    size_t n = 0;
    assert_int_equal(postings_get(txn, VIEW_POSTINGS, bytes_text(term), number, &piece), E_OK);
    size_t count = piece_list(piece, list);
    piece_free(&piece);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u", i > 0 ? " " : "", list[i]);
    return text;
}

static void what_comes_is_in_and_what_goes_is_out(void **state)
{
    (void)state;
    change(0, "", "a b");
    change(1, "", "b");
    change(7, "", "a b c");
    write_them();
    assert_string_equal(ordinals_of("a", 0), "0 7");
    assert_string_equal(ordinals_of("b", 0), "0 1 7");
    change(1, "b", "a");
    change(7, "a b c", "");
    write_them();
    assert_string_equal(ordinals_of("a", 0), "0 1");
    assert_string_equal(ordinals_of("b", 0), "0");
    assert_string_equal(ordinals_of("c", 0), "");
}

static void what_stays_is_not_written(void **state)
{
    (void)state;
    change(3, "same old", "same new same");
    write_them();
    assert_string_equal(ordinals_of("same", 0), ""); /* nobody had put it there */
    assert_string_equal(ordinals_of("new", 0), "3");
    assert_string_equal(ordinals_of("old", 0), "");
    assert_int_equal(db_entries(txn, VIEW_POSTINGS), 1);
}

static void repeats_count_once(void **state)
{
    (void)state;
    change(2, "", "x x x");
    change(3, "", "x");
    write_them();
    assert_string_equal(ordinals_of("x", 0), "2 3");
    change(2, "x x", "y x y");
    change(3, "x x", "y y");
    write_them();
    assert_string_equal(ordinals_of("x", 0), "2");
    assert_string_equal(ordinals_of("y", 0), "2 3");
}

static void a_term_that_one_ordinal_saw_is_new_to_the_next(void **state)
{
    (void)state;
    change(0, "t", "");
    change(1, "", "t");
    change(2, "t", "t");
    change(3, "", "t");
    write_them();
    assert_string_equal(ordinals_of("t", 0), "1 3");
}

static void each_piece_is_its_own(void **state)
{
    (void)state;
    change(5, "", "t");
    change(65535, "", "t");
    change(65536, "", "t u");
    change(131072 + 9, "", "t");
    write_them();
    assert_string_equal(ordinals_of("t", 0), "5 65535");
    assert_string_equal(ordinals_of("t", 1), "0");
    assert_string_equal(ordinals_of("t", 2), "9");
    assert_string_equal(ordinals_of("u", 0), "");
    assert_string_equal(ordinals_of("u", 1), "0");
    change(65535, "t", "");
    change(65536, "t", "");
    write_them();
    assert_string_equal(ordinals_of("t", 0), "5");
    assert_string_equal(ordinals_of("t", 1), "");
}

static void nothing_told_is_nothing_written(void **state)
{
    (void)state;
    write_them();
    change(0, "", "");
    change(1, "a", "a");
    write_them();
    assert_int_equal(db_entries(txn, VIEW_POSTINGS), 0);
    changes_free(&changes);
    changes_free(&changes);
}

static void terms_are_told_apart_by_all_their_bytes(void **state)
{
    (void)state;
    change(0, "", "word:abcdefgh");
    change(1, "", "word:abcdefghi");
    change(2, "", "word:abcdefgi");
    change(3, "", "word:abcdefg");
    write_them();
    assert_string_equal(ordinals_of("word:abcdefgh", 0), "0");
    assert_string_equal(ordinals_of("word:abcdefghi", 0), "1");
    assert_string_equal(ordinals_of("word:abcdefgi", 0), "2");
    assert_string_equal(ordinals_of("word:abcdefg", 0), "3");
}

static void a_damaged_piece_stops_the_writing(void **state)
{
    (void)state;
    change(0, "", "t");
    write_them();
    db_put(txn, VIEW_POSTINGS, bytes_of("\0\0\0\0t", 5), bytes_text("rotten"));
    change(1, "", "t");
    assert_int_equal(changes_write(changes, txn, VIEW_POSTINGS), E_CORRUPT);
}

/* ---- against plain sets */

enum { ORDINALS = 900, TERMS = 1500, ROUNDS = 6 };
static bool model[ORDINALS][TERMS];

static void tell_number(void (*each)(struct changes *changes, struct bytes term), unsigned term)
{
    char text[32];
    snprintf(text, sizeof text, "word:number-%u", term);
    each(changes, bytes_text(text));
}

static void change_at_random(unsigned ordinal)
{
    changes_begin(changes, ordinal * 100); /* over two pieces */
    for (unsigned t = 0; t < TERMS; t++)
        if (model[ordinal][t])
            tell_number(changes_had, t);
    for (int i = rand() % 12; i > 0; i--)
        model[ordinal][rand() % TERMS] ^= true;
    for (unsigned t = 0; t < TERMS; t++)
        if (model[ordinal][t])
            tell_number(changes_has, t);
    changes_end(changes);
}

static void expect_model(void)
{
    static uint16_t list[PIECE_ORDINALS];
    for (unsigned t = 0; t < TERMS; t++) {
        unsigned ordinal = 0;
        for (uint32_t number = 0; number < 2; number++) {
            char text[32];
            struct piece *piece;
            snprintf(text, sizeof text, "word:number-%u", t);
            assert_int_equal(postings_get(txn, VIEW_POSTINGS, bytes_text(text), number, &piece), E_OK);
            size_t count = piece_list(piece, list);
            piece_free(&piece);
            for (size_t i = 0; i < count; i++, ordinal++) {
                while (ordinal < ORDINALS && !model[ordinal][t])
                    ordinal++;
                assert_int_equal(number << 16 | list[i], ordinal * 100);
            }
        }
        for (; ordinal < ORDINALS; ordinal++)
            assert_false(model[ordinal][t]);
    }
}

static void many_batches_leave_what_was_told_last(void **state)
{
    (void)state;
    memset(model, 0, sizeof model);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned ordinal = 0; ordinal < ORDINALS; ordinal++)
            if (rand() % 3 != 0)
                change_at_random(ordinal);
        write_them();
        expect_model();
    }
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        CHANGES_FACT(what_comes_is_in_and_what_goes_is_out),
        CHANGES_FACT(what_stays_is_not_written),
        CHANGES_FACT(repeats_count_once),
        CHANGES_FACT(a_term_that_one_ordinal_saw_is_new_to_the_next),
        CHANGES_FACT(each_piece_is_its_own),
        CHANGES_FACT(nothing_told_is_nothing_written),
        CHANGES_FACT(terms_are_told_apart_by_all_their_bytes),
        CHANGES_FACT(a_damaged_piece_stops_the_writing),
        CHANGES_FACT(many_batches_leave_what_was_told_last),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
