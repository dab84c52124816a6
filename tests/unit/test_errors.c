#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nodectl/errors.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>
#undef fail

/* What errors_print writes. */
static char *printed(bool json, const char *doing, enum err code)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    errors_print(to, json, doing, code, (int)errors_exit(code));
    fclose(to);
    return text;
}

static void exit_codes_are_the_contract(void **state)
{
    (void)state;
    static const struct {
        enum err code;
        int exit;
    } rows[] = {
        { E_OK, 0 },           { E_IO, 1 },
        { E_FULL, 1 },         { E_TOO_BIG, 1 },
        { E_MALFORMED, 1 },    { E_USAGE, 2 },
        { E_NOT_FOUND, 3 },    { E_DENIED, 4 },
        { E_UNREACHABLE, 5 },  { E_EXISTS, 6 },
        { E_BUSY, 6 },         { E_PARTIAL, 7 },
        { E_UNMET, 8 },        { E_BAD_SIGNATURE, 9 },
        { E_BROKEN_CHAIN, 9 }, { E_CORRUPT, 9 },
        { E_FORK, 9 },         { E_TIMEOUT, 10 },
        { E_VERSION, 11 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(errors_exit(rows[i].code), rows[i].exit);
    assert_int_equal(errors_exit((enum err)999), 1);
    for (int code = 1; code < E_COUNT; code++)
        assert_int_not_equal(errors_exit((enum err)code), 0);
}

static void an_error_says_what_failed_on_what_why_and_what_next(void **state)
{
    (void)state;
    char *text;
    errors_fail(E_EXISTS, "compare with 'nodectl pending show us-oh-dayton'",
                "the fingerprint differs from %s", "the request");
    text = printed(false, "admit \"us-oh-dayton\"", E_EXISTS);
    assert_string_equal(text,
                        "nodectl: cannot admit \"us-oh-dayton\": the fingerprint differs from the request\n"
                        "hint: compare with 'nodectl pending show us-oh-dayton'\n");
    free(text);
}

static void with_json_an_error_is_one_object(void **state)
{
    (void)state;
    errors_fail(E_NOT_FOUND, "a \"hint\"", "nobody is called \"x\"");
    char *text = printed(true, "show \"x\"", E_NOT_FOUND);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *root = json_loads(text, 0, NULL);
    const json_t *error = json_object_get(root, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "not found");
    assert_string_equal(json_string_value(json_object_get(error, "message")),
                        "cannot show \"x\": nobody is called \"x\"");
    assert_string_equal(json_string_value(json_object_get(error, "hint")), "a \"hint\"");
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), 3);
    json_decref(root);
    free(text);
}

static void what_a_peer_wrote_cannot_draw_on_the_terminal(void **state)
{
    (void)state;
    errors_fail(E_DENIED, "", "the hub says \x1b[2J\nnodectl: ok");
    char *text = printed(false, "", E_DENIED);
    assert_null(strchr(text, 0x1b));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void a_sentence_that_says_cannot_is_not_said_twice(void **state)
{
    (void)state;
    errors_hint("%s", "");
    fail(E_DENIED, "cannot open it");
    char *text = printed(false, "open it", E_DENIED);
    assert_string_equal(text, "nodectl: cannot open it\n");
    free(text);
}

static void a_full_disk_has_a_hint_of_its_own(void **state)
{
    (void)state;
    errors_hint("%s", "");
    fail(E_FULL, "no space left");
    char *text = printed(false, "", E_FULL);
    assert_non_null(strstr(text, "hint: make room"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_are_the_contract),
        cmocka_unit_test(an_error_says_what_failed_on_what_why_and_what_next),
        cmocka_unit_test(with_json_an_error_is_one_object),
        cmocka_unit_test(what_a_peer_wrote_cannot_draw_on_the_terminal),
        cmocka_unit_test(a_sentence_that_says_cannot_is_not_said_twice),
        cmocka_unit_test(a_full_disk_has_a_hint_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
