#include "registry/registry.h"

#include "keeper.h"

static void we_go_by_our_own_name_and_others_by_what_they_are_known_as(void **state)
{
    (void)state;
    AUTO(store_done) struct store_view *view = keeper_view();
    char name[MAX_NAME_BYTES + 1], hex[2 * HASH_BYTES + 1];
    registry_name(&keeper.registry, view, &keeper.home.author, name);
    assert_string_equal(name, "us-oh-dayton");
    registry_name(&keeper.registry, view, &keeper.known, name);
    assert_string_equal(name, "us-ca-fresno");
    struct hash nobody = { { 9 } };
    registry_name(&keeper.registry, view, &nobody, name);
    hex_encode(nobody.b, HASH_BYTES, hex);
    assert_string_equal(name, hex);
}

static void an_author_is_meant_by_name_or_by_hex(void **state)
{
    (void)state;
    AUTO(store_done) struct store_view *view = keeper_view();
    struct hash author, nobody = { { 9 } };
    char hex[2 * HASH_BYTES + 1];
    const char *const ours[] = { "", "us-oh-dayton" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(registry_author(&keeper.registry, view, ours[i], &author), E_OK);
        assert_true(registry_is_own(&keeper.registry, &author));
    }
    assert_int_equal(registry_author(&keeper.registry, view, "us-ca-fresno", &author), E_OK);
    assert_true(hash_equal(&author, &keeper.known));
    assert_false(registry_is_own(&keeper.registry, &author));
    hex_encode(nobody.b, HASH_BYTES, hex);
    assert_int_equal(registry_author(&keeper.registry, view, hex, &author), E_OK);
    assert_true(hash_equal(&author, &nobody));
    hex[0] = 'x';
    assert_int_equal(registry_author(&keeper.registry, view, hex, &author), E_NOT_FOUND);
    assert_int_equal(registry_author(&keeper.registry, view, "us-ca", &author), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(we_go_by_our_own_name_and_others_by_what_they_are_known_as),
        FACT(an_author_is_meant_by_name_or_by_hex),
    };
    return cmocka_run_group_tests(facts, NULL, NULL);
}
