#include "hubd/view/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_country_is_two_capitals_of_the_list(void **state)
{
    (void)state;
    char code[3] = "";
    unsigned count = 0;
    for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
        for (code[1] = 'A'; code[1] <= 'Z'; code[1]++)
            count += code_is_country(code);
    assert_int_equal(count, 250); /* the 249 of ISO 3166-1, and XK */
    static const char *const yes[] = { "AD", "ZW", "XK", "JP", "TW", "GB", "SS", "CW", "BQ" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(code_is_country(yes[i]));
    static const char *const no[] = {
        "", "J", "jp", "Jp", "JPN", "DA", "UK", "EU", "YU", "SU", "ZZ", "J\x01"
    };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(code_is_country(no[i]));
}

static void each_state_has_one_number_and_one_code(void **state)
{
    (void)state;
    unsigned count = 0;
    for (unsigned number = 0; number < 100; number++) {
        char geoid[8], out[STATE_BYTES], again[STATE_BYTES], name[16];
        snprintf(geoid, sizeof geoid, "%02u123", number);
        if (!code_state_of_geoid(geoid, out))
            continue;
        count++;
        assert_int_equal(strlen(out), 5);
        assert_true(code_state(out, again)); /* the list read the other way round */
        assert_string_equal(again, out);
        snprintf(name, sizeof name, "us-%c%c-x", out[3] + 32, out[4] + 32);
        assert_true(code_state_of_name(name, again));
        assert_string_equal(again, out);
    }
    assert_int_equal(count, 57); /* 50 states, DC, five territories and the minor islands */
}

static void a_geoid_needs_its_two_digits(void **state)
{
    (void)state;
    char out[STATE_BYTES] = "kept";
    assert_true(code_state_of_geoid("39", out));
    assert_string_equal(out, "US-OH");
    assert_true(code_state_of_geoid("7802", out));
    assert_string_equal(out, "US-VI");
    static const char *const no[] = { "", "3", "00", "03", "07", "14", "43", "52", "57", "99", "OH", "-1" };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        strcpy(out, "kept");
        assert_false(code_state_of_geoid(no[i], out));
        assert_string_equal(out, "kept");
    }
}

static void a_state_is_understood_in_any_case_with_or_without_us(void **state)
{
    (void)state;
    static const char *const yes[] = { "US-OH", "us-oh", "Us-oH", "OH", "oh", "oH" };
    char out[STATE_BYTES];
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(code_state(yes[i], out));
        assert_string_equal(out, "US-OH");
    }
    static const char *const no[] = { "",     "O",     "US-", "US-O",     "US-OHI",
                                      "Ohio", "US-XX", "XX",  "US-US-OH", "39" };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(code_state(no[i], out));
}

static void a_name_tells_its_state_when_it_is_made_that_way(void **state)
{
    (void)state;
    char out[STATE_BYTES];
    assert_true(code_state_of_name("us-oh-dayton", out));
    assert_string_equal(out, "US-OH");
    assert_true(code_state_of_name("us-oh", out));
    static const char *const no[] = {
        "",       "us",        "us-",          "us-o",         "us-ohio",     "us-hub",
        "dayton", "oh-dayton", "US-OH-dayton", "us-xx-dayton", "us-oh_dayton"
    };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(code_state_of_name(no[i], out));
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(a_country_is_two_capitals_of_the_list),
        cmocka_unit_test(each_state_has_one_number_and_one_code),
        cmocka_unit_test(a_geoid_needs_its_two_digits),
        cmocka_unit_test(a_state_is_understood_in_any_case_with_or_without_us),
        cmocka_unit_test(a_name_tells_its_state_when_it_is_made_that_way),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
