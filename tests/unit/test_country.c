#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "nodectl/country.h"
#include "nodectl/errors.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

/* Of the package iso-codes; without it there is less to say. */
static bool has_list(void)
{
    return file_exists("/usr/share/iso-codes/json/iso_3166-1.json");
}

static void assert_refused(const char *typed, const char *hint)
{
    assert_int_equal(country_check(typed), E_USAGE);
    assert_non_null(strstr(err_message(), typed));
    assert_string_equal(errors_hint_text(), hint);
}

static void codes_are_taken(void **state)
{
    (void)state;
    static const char *const codes[] = { "JP", "MX", "GB", "KR", "TW", "XK", "US" };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(country_check(codes[i]), E_OK);
}

#define USUAL "two capital letters of ISO 3166-1: JP for Japan, MX for Mexico"

static void what_is_no_code_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "J", "j2", "12", "J P", "\xff\xff" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(wrong[i], USUAL);
}

static void what_people_say_otherwise_is_known_without_any_list(void **state)
{
    (void)state;
    assert_refused("England", "did you mean GB?");
    assert_refused("south korea", "did you mean KR?");
    assert_refused("Kosovo", "did you mean XK?");
}

static void two_letters_that_nobody_has_are_refused_where_there_is_a_list(void **state)
{
    (void)state;
    if (!has_list()) {
        assert_int_equal(country_check("ZZ"), E_OK);
        return;
    }
    assert_int_equal(country_check("ZZ"), E_USAGE);
    assert_refused("UK", "did you mean GB?");
}

static void a_name_or_another_spelling_is_answered_with_the_code(void **state)
{
    (void)state;
    if (!has_list())
        skip();
    assert_refused("jp", "did you mean JP (Japan)?");
    assert_refused("JPN", "did you mean JP (Japan)?");
    assert_refused("Japan", "did you mean JP (Japan)?");
    assert_refused("japan", "did you mean JP (Japan)?");
    assert_refused("Jappan", "did you mean JP (Japan)?");
    assert_refused("Mexiko", "did you mean MX (Mexico)?");
    assert_refused("Utopia and its colonies", USUAL);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(codes_are_taken),
        cmocka_unit_test(what_is_no_code_is_refused),
        cmocka_unit_test(what_people_say_otherwise_is_known_without_any_list),
        cmocka_unit_test(two_letters_that_nobody_has_are_refused_where_there_is_a_list),
        cmocka_unit_test(a_name_or_another_spelling_is_answered_with_the_code),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
