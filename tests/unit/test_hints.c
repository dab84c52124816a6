#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nodectl/hints.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>
#undef fail

static void expect(const char *command, enum err code, const char *words)
{
    assert_non_null(strstr(hints_of(command, code), words));
}

static void refusals_have_a_next_step(void **state)
{
    (void)state;
    expect("record.show", E_NOT_FOUND, "record ls");
    expect("record.show", E_UNMET, "leave out @");
    expect("record.verify", E_NOT_FOUND, "record ls");
    expect("record.amend", E_UNMET, "record add");
    expect("record.amend", E_DENIED, "own node");
    expect("record.retract", E_EXISTS, "record add");
    expect("record.retract", E_DENIED, "own node");
    expect("invite.new", E_EXISTS, "peer show");
    expect("query", E_USAGE, "help query");
    expect("peer.show", E_NOT_FOUND, "peer ls");
}

static void the_special_goes_before_the_general(void **state)
{
    (void)state;
    assert_string_equal(hints_of("record.amend", E_NOT_FOUND), hints_of("record.show", E_NOT_FOUND));
    assert_string_not_equal(hints_of("record.amend", E_UNMET), hints_of("record.show", E_UNMET));
}

static void what_nobody_knows_has_none(void **state)
{
    (void)state;
    assert_string_equal(hints_of("status", E_NOT_FOUND), "");
    assert_string_equal(hints_of("querying", E_USAGE), "");
    assert_string_equal(hints_of("", E_USAGE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_have_a_next_step),
        cmocka_unit_test(the_special_goes_before_the_general),
        cmocka_unit_test(what_nobody_knows_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
